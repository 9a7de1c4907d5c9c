"""The doctor looks at the database; clusters are really stopped, killed and locked."""

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg

from hms_server import filelock
from hms_server.database import connect, migrations_folder
from hms_server.postgres import EmbeddedPostgres
from hms_server.postmaster import find_postmaster
from hms_server.upkeep import database_checks as checks
from hms_server.upkeep.approach import come_near, find_way
from hms_server.upkeep.checking import Verdict
from tests.server.clusters import cluster_of, running_pid
from tests.server.desk import Desk
from tests.server.upkeep.grounds import ground, says, server_row


def test_a_database_that_answers_is_good(tmp_path: Path, database: str) -> None:
    with connect(database, application_name="tests", autocommit=True) as connection:
        near = ground(tmp_path, connection=connection)
        assert says(checks.check_database(near)) is Verdict.GOOD
        assert says(checks.check_database_old(near)) is Verdict.GOOD
        assert says(checks.check_database_new(near)) is Verdict.GOOD


def test_a_database_that_does_not_run_is_found_and_not_started(
    data_dir: Path, postgres: EmbeddedPostgres
) -> None:
    postgres.ensure_running()
    postgres.stop()

    with come_near(data_dir, None, port=1, pairing_port=2) as near:
        answer = checks.check_database(near)
        others = [checks.check_database_old(near), checks.check_database_new(near)]

    assert says(answer) is Verdict.WRONG
    assert [says(each) for each in others] == [Verdict.UNKNOWN] * 2
    assert not postgres.is_running()


def test_an_external_database_that_is_away_is_found(tmp_path: Path) -> None:
    dsn = "host=127.0.0.1 port=1 user=hms password=secret dbname=hms connect_timeout=2"

    with come_near(tmp_path, dsn, port=1, pairing_port=2) as near:
        answer = checks.check_database(near)

    assert says(answer) is Verdict.WRONG
    assert "--database" in answer.remedy
    assert "secret" not in answer.sentence


def test_a_database_of_a_newer_program_is_found(tmp_path: Path, desk: Desk) -> None:
    desk.sql("update alembic_version set version_num = '9999'")

    with desk.connect() as connection:
        answer = checks.check_database_new(ground(tmp_path, connection=connection))

    assert says(answer) is Verdict.WRONG
    assert "9999" in answer.sentence


def test_an_empty_database_is_no_trouble(tmp_path: Path, empty_database: str) -> None:
    with connect(empty_database, application_name="tests", autocommit=True) as connection:
        assert says(checks.check_database_new(ground(tmp_path, connection=connection))) is Verdict.NOTE


def test_the_newest_migration_is_known() -> None:
    newest = max(path.name[:4] for path in migrations_folder().glob("versions/0*.py"))

    assert newest in checks.known_revisions()


def test_a_postgresql_that_is_too_old_is_found(tmp_path: Path) -> None:
    """None is at hand that old; only what it would say of itself is needed."""
    old: Any = SimpleNamespace(info=SimpleNamespace(server_version=140_012))

    answer = checks.check_database_old(ground(tmp_path, connection=old))

    assert says(answer) is Verdict.WRONG
    assert "PostgreSQL 14" in answer.sentence


def test_a_cluster_that_runs_or_was_stopped_is_good(data_dir: Path, postgres: EmbeddedPostgres) -> None:
    none = checks.check_stale_lock(ground(data_dir))
    postgres.ensure_running()
    running = checks.check_stale_lock(ground(data_dir))
    postgres.stop()
    stopped = checks.check_stale_lock(ground(data_dir))

    assert [says(each) for each in (none, running, stopped)] == [Verdict.GOOD] * 3


def test_a_cluster_that_was_killed_is_told_and_left_as_it_is(
    data_dir: Path, postgres: EmbeddedPostgres
) -> None:
    postgres.ensure_running()
    os.kill(running_pid(data_dir), signal.SIGKILL)
    give_up_at_s = time.monotonic() + 60
    while find_postmaster(cluster_of(data_dir)) is not None and time.monotonic() < give_up_at_s:
        time.sleep(0.05)

    answer = checks.check_stale_lock(ground(data_dir))

    assert says(answer) is Verdict.NOTE
    assert (cluster_of(data_dir) / "postmaster.pid").exists()
    assert find_way(data_dir, None).dsn is None


def test_another_command_at_work_is_told(data_dir: Path, postgres: EmbeddedPostgres) -> None:
    postgres.ensure_running()

    with filelock.hold(data_dir / "postgres" / "lock", patience_s=5):
        answer = checks.check_stale_lock(ground(data_dir))

    assert says(answer) is Verdict.NOTE
    assert "Another command" in answer.sentence


def test_a_socket_that_was_swept_away_is_found(data_dir: Path, postgres: EmbeddedPostgres) -> None:
    postgres.ensure_running()
    postmaster = find_postmaster(cluster_of(data_dir))
    assert postmaster is not None
    for remains in Path(postmaster.socket_dir).iterdir():
        remains.unlink()

    assert says(checks.check_stale_lock(ground(data_dir))) is Verdict.WRONG
    assert find_way(data_dir, None).dsn is None


def test_old_desktops_are_named(tmp_path: Path) -> None:
    nobody = checks.check_desktops(ground(tmp_path))
    none = checks.check_desktops(ground(tmp_path, server=server_row()))
    some = checks.check_desktops(ground(tmp_path, server=server_row(old_desktops=["Front desk (0.0.9)"])))

    assert [says(each) for each in (nobody, none, some)] == [Verdict.UNKNOWN, Verdict.GOOD, Verdict.NOTE]
    assert "Front desk (0.0.9)" in some.sentence


def test_a_connection_that_breaks_in_the_middle_is_no_crash(tmp_path: Path, database: str) -> None:
    from hms_server.upkeep.doctor import CHECKS, examine

    connection = psycopg.connect(database, autocommit=True)
    connection.close()

    results = examine(ground(tmp_path, connection=connection))

    assert len(results) == len(CHECKS)
