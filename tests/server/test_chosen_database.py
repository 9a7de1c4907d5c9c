"""A data folder remembers which PostgreSQL its clinic is in."""

from io import StringIO
from pathlib import Path

import pytest

from hms_server.__main__ import main
from hms_server.chosen_database import ChoiceUnreadable, choose_database, chosen_database
from hms_server.contract.private_files import is_private
from hms_server.keys import load_or_create

DSN = "postgresql://clinic:secret@db.example/clinic"
JOIN = ("join", "127.0.0.1", "--code", "1234 5678", "--database", "-")


def test_nothing_chosen_means_the_embedded_one(tmp_path: Path) -> None:
    assert chosen_database(tmp_path) is None


def test_a_choice_holds_until_the_next(tmp_path: Path) -> None:
    """The DSN may hold a password: nobody else may read the file."""
    choose_database(tmp_path, DSN)
    first = (chosen_database(tmp_path), is_private(tmp_path / "database.json"))
    choose_database(tmp_path, None)

    assert first == (DSN, True)
    assert chosen_database(tmp_path) is None


def test_a_damaged_choice_is_not_taken_for_none(tmp_path: Path) -> None:
    """The embedded database would be an empty clinic."""
    (tmp_path / "database.json").write_text("{")

    with pytest.raises(ChoiceUnreadable, match="Restore it from a backup"):
        chosen_database(tmp_path)


def test_an_address_need_not_stand_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everybody on the machine may read those, and sudo writes them into a log."""
    monkeypatch.setattr("sys.stdin", StringIO("host=127.0.0.1 port=1 connect_timeout=2\n"))

    code = main(["--data-dir", str(tmp_path), *JOIN])

    assert code == 1
    assert "port 1 failed" in capsys.readouterr().err


def test_a_move_asks_for_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("no address\n"))

    code = main(["--data-dir", str(tmp_path), "move", "--to", "-"])

    assert code == 1
    assert "That is no address of a database" in capsys.readouterr().err


def test_an_address_that_nobody_types_is_not_the_embedded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))

    code = main(["--data-dir", str(tmp_path / "data"), *JOIN])

    assert code == 1
    assert "No address" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_every_command_uses_the_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with one sentence where that database does not answer."""
    choose_database(tmp_path, "host=127.0.0.1 port=1 connect_timeout=2")
    load_or_create(tmp_path / "keys.json")

    code = main(["--data-dir", str(tmp_path), "verify"])

    assert code == 1
    assert "The database does not answer" in capsys.readouterr().err
