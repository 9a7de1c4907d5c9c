"""Moving: the same rows there, the old place untouched, and the choice made only when that is proven."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import pytest
from psycopg import OperationalError
from psycopg.conninfo import make_conninfo

from hms_server.backup.arrival import TargetRefused, arrive, clear, is_empty
from hms_server.backup.dumping import dump
from hms_server.backup.trouble import BackupFailed
from hms_server.chosen_database import chosen_database
from hms_server.database import DatabaseUnfit, connect, migrate, migrations_folder
from hms_server.demo.seed import seed_clinic
from hms_server.events import current_position
from hms_server.gate import is_forgotten
from hms_server.moving.move import Move, move_home, move_out
from hms_server.moving.proof import as_table, compare, take_prints
from hms_server.postgres import EmbeddedPostgres
from hms_server.postgres_programs import Owner, find_owner
from tests.server.desk import Desk

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
OLDER = Path("/usr/lib/postgresql/15/bin")
"""Debian's own, the oldest that a clinic may have."""


def quiet(_: str) -> None:
    """Nobody watches."""


def prints(dsn: str) -> dict[str, object]:
    with connect(dsn, application_name="tests") as connection:
        return dict(take_prints(connection, quiet))


@pytest.fixture
def clinic(database: str) -> str:
    """Six weeks of a clinic, with rows in nearly every table."""
    seed_clinic(database, now=NOW)
    return database


@pytest.fixture
def older_server() -> Iterator[str]:
    """Another version of PostgreSQL with other defaults: it sorts text differently, and by another clock."""
    if not (OLDER / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed here")
    home = Path(os.environ["HMS_TEST_FOLDER"]) / "older"
    home.mkdir()
    owner = find_owner(home / "none")
    _give(home, owner)
    choices = ("-U", "hms", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
    _run(owner, OLDER / "initdb", "-D", home / "data", *choices)
    options = f"-c listen_addresses= -c unix_socket_directories={home} -c timezone=Asia/Kolkata -c fsync=off"
    _run(owner, OLDER / "pg_ctl", "start", "-w", "-D", home / "data", "-l", home / "log", "-o", options)
    try:
        _run(owner, OLDER / "createdb", "-h", home, "-U", "hms", "hms")
        yield make_conninfo(host=str(home), user="hms", dbname="hms")
    finally:
        _run(owner, OLDER / "pg_ctl", "stop", "-m", "immediate", "-D", home / "data")
        shutil.rmtree(home)


def _give(folder: Path, owner: Owner | None) -> None:
    if owner is not None:
        os.chown(folder, owner.uid, owner.gid)


def _run(owner: Owner | None, *command: str | Path) -> None:
    uid, gid = (owner.uid, owner.gid) if owner else (None, None)
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", user=uid, group=gid)
    assert done.returncode == 0, done.stderr


def test_a_moved_clinic_is_the_same_and_its_choice_is_kept(
    clinic: str, empty_database: str, tmp_path: Path
) -> None:
    """Every table but the events, in keys, sequences and rules; the source is as it was."""
    before = prints(clinic)
    with connect(clinic, application_name="tests") as connection:
        position = current_position(connection)

    moved = move_out(Move(source=clinic, data_dir=tmp_path, now=NOW), empty_database, quiet)

    assert prints(clinic) == before == prints(empty_database)
    assert chosen_database(tmp_path) == empty_database
    assert moved.kept.read_text() == moved.proof
    assert moved.proof.count("equal") == len(before)
    assert "patient " in moved.proof
    with connect(empty_database, application_name="tests", autocommit=True) as connection:
        assert is_forgotten(connection, position)
        migrate(empty_database, migrations_folder())


@pytest.mark.skipif(sys.platform == "win32", reason="Debian's PostgreSQL")
def test_an_older_server_with_other_defaults_and_home_again(
    clinic: str, older_server: str, data_dir: Path
) -> None:
    """Out to PostgreSQL 15, back into the embedded one: the same to the last byte."""
    before = prints(clinic)
    move_out(Move(source=clinic, data_dir=data_dir, now=NOW), older_server, quiet)
    assert prints(older_server) == before

    moved = move_home(Move(source=older_server, data_dir=data_dir, now=NOW.replace(hour=10)), quiet)

    assert chosen_database(data_dir) is None
    assert moved.aside is None
    assert prints(EmbeddedPostgres(data_dir).ensure_running()) == before


def test_an_embedded_database_that_was_moved_out_is_kept_when_the_clinic_comes_home(
    desk: Desk, database: str, data_dir: Path
) -> None:
    EmbeddedPostgres(data_dir).ensure_running()
    EmbeddedPostgres(data_dir).stop()
    move = Move(source=database, data_dir=data_dir, now=NOW)
    with pytest.raises(TargetRefused, match=r"has an embedded database already.*Say --replace"):
        move_home(move, quiet)

    moved = move_home(move, quiet, replacing=True)

    assert moved.aside is not None
    assert moved.aside.name.startswith("before-move-2026-11-21-")
    assert (moved.aside / "postgres" / "cluster").is_dir()
    assert prints(EmbeddedPostgres(data_dir).ensure_running()) == prints(database)


def test_a_target_that_holds_anything_is_refused(
    desk: Desk, database: str, empty_database: str, tmp_path: Path
) -> None:
    with connect(empty_database, application_name="tests", autocommit=True) as connection:
        connection.execute("create table somebodys (id int)")

    with pytest.raises(TargetRefused, match="is not empty; nothing was changed"):
        move_out(Move(source=database, data_dir=tmp_path, now=NOW), empty_database, quiet)
    with pytest.raises(TargetRefused, match="is not empty"):
        move_out(Move(source=database, data_dir=tmp_path, now=NOW), database, quiet)

    assert chosen_database(tmp_path) is None


@pytest.mark.parametrize("side", ["source", "target"])
def test_no_move_while_a_server_works_on_either_side(
    desk: Desk, database: str, empty_database: str, tmp_path: Path, side: str
) -> None:
    served = database if side == "source" else empty_database
    with (
        connect(served, application_name="hms-server"),
        pytest.raises(TargetRefused, match="stop it first"),
    ):
        move_out(Move(source=database, data_dir=tmp_path, now=NOW), empty_database, quiet)

    assert is_empty(empty_database)


def test_a_server_that_is_started_in_the_midst_ends_the_move(
    desk: Desk, database: str, empty_database: str, tmp_path: Path
) -> None:
    """What it stores after the comparison would stay behind: the clinic stays where that server finds it."""
    with ExitStack() as served:

        def start(said: str) -> None:
            if said.startswith("Comparing"):
                served.enter_context(connect(database, application_name="hms-server"))

        with pytest.raises(TargetRefused, match="stop it first"):
            move_out(Move(source=database, data_dir=tmp_path, now=NOW), empty_database, start)

    assert is_empty(empty_database)
    assert chosen_database(tmp_path) is None


def test_one_different_value_anywhere_is_found(clinic: str, empty_database: str, tmp_path: Path) -> None:
    """In a row, a sequence, or a rule of the schema; the line names it."""
    move_out(Move(source=clinic, data_dir=tmp_path, now=NOW), empty_database, quiet)
    with connect(clinic, application_name="tests") as connection:
        here = take_prints(connection, quiet)
    changes: dict[str, LiteralString] = {
        "patient": "update patient set family_name = 'Obi ' where id = (select max(id) from patient)",
        "sequences": "select nextval('patient_id_seq')",
        "rules of the schema": "drop trigger payment_append_only on payment",
    }
    for name, change in changes.items():
        with connect(empty_database, application_name="tests", autocommit=True) as connection:
            connection.execute(change)
        with connect(empty_database, application_name="tests") as connection:
            lines = compare(here, take_prints(connection, quiet))

        assert name in [line.name for line in lines if not line.equal]
        told = [line for line in as_table(lines).splitlines() if "DIFFERS" in line]
        assert any(line.startswith(f"{name} ") for line in told)


def test_what_arrived_can_be_cleared_again(desk: Desk, database: str, empty_database: str) -> None:
    """As after a copy that is not equal."""
    with connect(database, application_name="tests") as connection:
        row = connection.execute("select pg_export_snapshot()").fetchone()
        assert row is not None
        arrive(dump(database, snapshot=row[0]), empty_database, rows={"clinic": 1}, now=NOW)
    assert not is_empty(empty_database)

    clear(empty_database)

    assert is_empty(empty_database)
    migrate(empty_database, migrations_folder())


def test_a_database_that_is_not_there_changes_nothing(desk: Desk, database: str, tmp_path: Path) -> None:
    nowhere = make_conninfo(database, dbname="nobody_made_this")
    with pytest.raises((BackupFailed, DatabaseUnfit, OperationalError)):
        move_out(Move(source=database, data_dir=tmp_path, now=NOW), nowhere, quiet)

    assert chosen_database(tmp_path) is None
    assert not (tmp_path / "moves").exists()
