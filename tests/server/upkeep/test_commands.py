"""`status`, `doctor`, `support` and `clock` as somebody types them, beside a server that runs or does not."""

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from hms_server.__main__ import main
from hms_server.clock import system_clock
from hms_server.database import connect, migrate, migrations_folder
from hms_server.postgres import EmbeddedPostgres
from hms_server.upkeep.doctor import CHECKS
from hms_server.upkeep.status import read_status, status_lines
from hms_server.upkeep.time_watch import read_trust
from tests.server.desk import Desk
from tests.server.upkeep.grounds import ground


def run(*arguments: str | Path) -> int:
    return main([str(each) for each in arguments])


@pytest.fixture
def clinic(data_dir: Path, postgres: EmbeddedPostgres) -> str:
    """A clinic in the embedded database, which runs."""
    dsn = postgres.ensure_running()
    migrate(dsn, migrations_folder())
    with connect(dsn, application_name="tests", autocommit=True) as connection:
        connection.execute(
            "insert into clinic (name, time_zone, currency, created_at)"
            " values ('Sunrise', 'Africa/Lagos', 'NGN', now())"
        )
    return dsn


def test_status_says_that_nothing_runs(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data_dir / "postgres" / "cluster").mkdir(parents=True)

    code = run("--data-dir", data_dir, "status", "--port", "1")

    told = capsys.readouterr().out
    assert code == 1
    assert "does NOT run" in told
    assert "sudo systemctl start hms-server" in told
    # What cannot be looked at is not told as nothing.
    assert "Signed in" not in told
    assert "0 bytes" not in told
    assert "Nothing has to be done" not in told


def test_a_server_that_has_just_started_runs(tmp_path: Path) -> None:
    """It tells of itself a little later; nobody is to take that for a trouble."""
    status = structs.replace(read_status(ground(tmp_path)), running=True, is_set_up=True, conditions=[])

    assert status_lines(status)[0] == "The server runs."
    assert status_lines(status)[-1] == "Nothing has to be done."


def test_before_the_set_up_status_and_doctor_ask_for_it(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Starting the service again would not help somebody who has just installed it."""
    run("--data-dir", data_dir, "status", "--port", "1")
    run("--data-dir", data_dir, "doctor", "--port", "1")

    told = capsys.readouterr().out
    assert told.count("There is no clinic here yet.") == 2
    assert told.count("“sudo hms-server setup”") == 2
    assert "Nothing has to be done" not in told


def test_after_a_training_status_asks_for_the_set_up(
    data_dir: Path, clinic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not for a start: the service would only wait for that same set-up."""
    with connect(clinic, application_name="tests", autocommit=True) as connection:
        connection.execute("delete from clinic")
        connection.execute(
            "insert into clinic (name, time_zone, currency, created_at, training)"
            " values ('Sunrise', 'Africa/Lagos', 'NGN', now(), true)"
        )

    ended = run("--data-dir", data_dir, "setup", "--end-training", "Sunrise")
    run("--data-dir", data_dir, "status", "--port", "1")

    told = capsys.readouterr().out
    assert ended == 0
    assert "There is no clinic here yet." in told
    assert "sudo hms-server setup" in told
    assert "systemctl start" not in told
    assert list((data_dir / "postgres").glob("cluster*")) == []


def test_status_looks_at_a_database_that_runs(
    data_dir: Path, clinic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run("--data-dir", data_dir, "status", "--port", "1", "--json")

    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert told["running"] is False
    assert told["embedded"] is True
    assert told["database"].startswith("PostgreSQL 18")
    assert "backup_no_place" in [each["code"] for each in told["conditions"]]


def test_the_doctor_makes_every_check_and_changes_nothing(
    data_dir: Path, clinic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(data_dir.iterdir())

    code = run("--data-dir", data_dir, "doctor", "--port", "1", "--json")

    found = {each["code"]: each for each in json.loads(capsys.readouterr().out)}
    assert code == 1
    assert list(found) == [check.code for check in CHECKS]
    assert found["database_down"]["verdict"] == "good"
    assert found["backup"]["verdict"] == "wrong"
    assert found["backup"]["remedy"]
    assert sorted(data_dir.iterdir()) == before


def test_the_doctor_tells_people_what_to_do(
    data_dir: Path, clinic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--data-dir", data_dir, "doctor", "--port", "1")

    told = capsys.readouterr().out
    assert "!!    No backup folder is set" in told
    assert "→ Plug a disk into the server" in told
    assert f"of {len(CHECKS)} checks found nothing to do." in told


def test_a_support_file_is_written_where_it_was_asked_for(
    data_dir: Path, clinic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run("--data-dir", data_dir, "support", "--port", "1", tmp_path / "help.zip")

    assert code == 0
    assert capsys.readouterr().out.startswith(str(tmp_path / "help.zip"))
    with zipfile.ZipFile(tmp_path / "help.zip") as packed:
        assert "ready to accept connections" in packed.read("logs/postgresql-0.txt").decode()


def test_a_support_file_that_cannot_be_written_is_a_sentence(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run("--data-dir", data_dir, "support", "--port", "1", data_dir / "absent" / "help.zip")

    assert code == 1
    assert "cannot be written" in capsys.readouterr().err


def test_somebody_says_that_the_clock_is_right(
    desk: Desk, database: str, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = system_clock() + timedelta(days=4000)
    desk.sql("insert into event (name, audience, at, body) values ('X', 'x', %s, '')", (wrong,))

    shown = run("--data-dir", data_dir, "--database", database, "clock")
    before = read_trust(data_dir)
    said = run("--data-dir", data_dir, "--database", database, "clock", "--is-right")

    assert (shown, said, before) == (0, 0, None)
    assert read_trust(data_dir) == wrong
    assert f"Newest record: {wrong:%Y-%m-%d}" in capsys.readouterr().out


def test_without_a_database_the_clock_cannot_be_compared(data_dir: Path) -> None:
    assert run("--data-dir", data_dir, "clock") == 2
