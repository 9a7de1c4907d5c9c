"""A data folder remembers which PostgreSQL its clinic is in."""

from pathlib import Path

import pytest

from hms_server.__main__ import main
from hms_server.chosen_database import ChoiceUnreadable, choose_database, chosen_database
from hms_server.contract.private_files import is_private

DSN = "postgresql://clinic:secret@db.example/clinic"


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


def test_every_command_uses_the_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with one sentence where that database does not answer."""
    choose_database(tmp_path, "host=127.0.0.1 port=1 connect_timeout=2")

    code = main(["--data-dir", str(tmp_path), "verify"])

    assert code == 1
    assert "The database does not answer" in capsys.readouterr().err
