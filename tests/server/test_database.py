"""Connections keep their promises, and migrations happen once, in order, or not at all with a sentence."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hms_server.database import (
    EXTENSIONS,
    DatabaseTooNew,
    DatabaseUnfit,
    connect,
    migrate,
    migrations_folder,
    refuse_old_server,
)

AddMigration = Callable[[str, str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of migrations with the project's own environment and no migration yet."""
    (tmp_path / "versions").mkdir()
    environment = (migrations_folder() / "env.py").read_text(encoding="utf-8")
    (tmp_path / "env.py").write_text(environment, encoding="utf-8")
    return tmp_path


@pytest.fixture
def add(folder: Path) -> AddMigration:
    """Adds the migration `revision`, which comes after the number below it."""

    def write(revision: str, statements: str) -> None:
        number = int(revision)
        down = f"{number - 1:04}" if number > 1 else None
        (folder / "versions" / f"{revision}.py").write_text(
            f"from alembic import op\n\nrevision = {revision!r}\ndown_revision = {down!r}\n\n\n"
            f"def upgrade():\n    op.execute({statements!r})\n",
            encoding="utf-8",
        )

    return write


def fetch(dsn: str, query: str) -> list[tuple[object, ...]]:
    with connect(dsn, application_name="test") as connection:
        return connection.execute(query).fetchall()


def test_connection_never_waits_for_ever_and_speaks_utc(empty_database: str) -> None:
    """Statements and locks have limits, commits are durable, and times come back aware in UTC."""
    (row,) = fetch(
        empty_database,
        "select current_setting('statement_timeout'), current_setting('lock_timeout'),"
        " current_setting('synchronous_commit'), current_setting('application_name'), current_setting('jit'),"
        " timestamptz '2026-03-01 12:00+01'",
    )

    assert row == ("30s", "10s", "on", "test", "off", datetime(2026, 3, 1, 11, tzinfo=UTC))


def test_options_of_the_dsn_go_first(empty_database: str) -> None:
    """Whoever names a server may also set its limits."""
    dsn = make_conninfo(empty_database, options="-c statement_timeout=5s")

    (row,) = fetch(dsn, "select current_setting('statement_timeout'), current_setting('lock_timeout')")

    assert row == ("5s", "10s")


def test_second_execution_is_prepared(empty_database: str) -> None:
    """A statement that comes again is prepared, one that comes once is not."""
    with connect(empty_database, application_name="test") as connection:
        connection.execute("select %s::int + 1", [1])
        connection.execute("select %s::int + 2", [1])
        connection.execute("select %s::int + 2", [2])
        prepared = connection.execute("select statement from pg_prepared_statements").fetchall()

    assert prepared == [("select $1::int + 2",)]


def test_real_migrations_reach_the_head(database: str) -> None:
    """The project's own migrations run on a fresh database and bring the extensions that search needs."""
    installed = {name for (name,) in fetch(database, "select extname from pg_extension")}

    assert set(EXTENSIONS) <= installed


def test_migrating_again_changes_nothing(empty_database: str, folder: Path, add: AddMigration) -> None:
    """The second start applies only what is new."""
    add("0001", "create table one (id int); insert into one values (1)")
    migrate(empty_database, folder)
    add("0002", "insert into one values (2)")

    migrate(empty_database, folder)
    migrate(empty_database, folder)

    assert fetch(empty_database, "select id from one order by id") == [(1,), (2,)]


def test_statements_may_hold_percent_signs(empty_database: str, folder: Path, add: AddMigration) -> None:
    """What a migration says reaches PostgreSQL as it is written."""
    add("0001", "create table one (name text check (name not like '%x%')); comment on table one is '100 %'")

    migrate(empty_database, folder)

    assert fetch(empty_database, "select obj_description('one'::regclass)") == [("100 %",)]


def test_failed_migration_keeps_those_before_it(empty_database: str, folder: Path, add: AddMigration) -> None:
    """Each migration is one transaction: the broken one leaves nothing, the one before it stays."""
    add("0001", "create table one (id int)")
    add("0002", "create table two (id int); select 1 / 0")

    with pytest.raises(Exception, match="division by zero"):
        migrate(empty_database, folder)

    tables = fetch(empty_database, "select tablename from pg_tables where schemaname = 'public' order by 1")
    assert tables == [("alembic_version",), ("one",)]


def test_two_processes_at_once_migrate_once(empty_database: str, folder: Path, add: AddMigration) -> None:
    """One does the work while the others wait, and each returns to a migrated database."""
    add("0001", "select pg_sleep(0.3); create table one (id int); insert into one values (1)")
    gate = threading.Barrier(4)

    def start() -> int:
        gate.wait()
        migrate(empty_database, folder)
        return len(fetch(empty_database, "select id from one"))

    with ThreadPoolExecutor(4) as pool:
        seen = [done.result() for done in [pool.submit(start) for _ in range(4)]]

    assert seen == [1, 1, 1, 1]


def test_waiting_migrator_outlasts_the_lock_timeout(
    empty_database: str, folder: Path, add: AddMigration
) -> None:
    """A server that starts during a long migration of another waits as long as that takes."""
    dsn = make_conninfo(empty_database, options="-c lock_timeout=50ms -c statement_timeout=100ms")
    add("0001", "select pg_sleep(0.5); create table one (id int)")

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(migrate, dsn, folder) for _ in range(2)]:
            done.result()

    assert fetch(empty_database, "select count(*) from one") == [(0,)]


def test_newer_database_is_refused(empty_database: str, folder: Path, add: AddMigration) -> None:
    """An old program says in a sentence that a newer one was here, and touches nothing."""
    add("0001", "create table one (id int)")
    add("0002", "create table two (id int)")
    migrate(empty_database, folder)
    (folder / "versions" / "0002.py").unlink()

    with pytest.raises(DatabaseTooNew, match=r"newer version .*at 0002, this program knows 0001"):
        migrate(empty_database, folder)

    assert fetch(empty_database, "select version_num from alembic_version") == [("0002",)]


def test_missing_right_to_create_extensions_is_a_sentence(
    empty_database: str, folder: Path, add: AddMigration
) -> None:
    """The administrator of another server is told what to run there; nothing was changed."""
    if fetch(empty_database, "select rolsuper from pg_roles where rolname = current_user") == [(True,)]:
        pytest.skip("a superuser may create every extension")
    add("0001", "create table one (id int)")
    with connect(empty_database, application_name="test") as connection:
        connection.execute("create extension pg_trgm")
        name = conninfo_to_dict(empty_database)["dbname"]
        connection.execute(f'revoke create on database "{name}" from current_user')

    with pytest.raises(DatabaseUnfit, match=r"“create extension fuzzystrmatch; create extension unaccent"):
        migrate(empty_database, folder)

    assert fetch(empty_database, "select from pg_tables where schemaname = 'public'") == []


def test_old_postgresql_is_refused() -> None:
    """Versions below 15 are named in the sentence; 15.0 is good."""
    refuse_old_server(150_000)

    with pytest.raises(DatabaseUnfit, match="PostgreSQL 14 is too old"):
        refuse_old_server(140_019)


def test_lock_is_free_after_a_failure(empty_database: str, folder: Path, add: AddMigration) -> None:
    """A migration that fails does not keep the next start waiting."""
    add("0001", "select 1 / 0")
    with pytest.raises(Exception, match="division by zero"):
        migrate(empty_database, folder)
    add("0001", "create table one (id int)")

    migrate(empty_database, folder)

    assert fetch(empty_database, "select count(*) from pg_locks where locktype = 'advisory'") == [(0,)]


def test_each_test_has_a_database_of_its_own(database: str, empty_database: str) -> None:
    """Clones differ, and what one test writes no other sees."""
    assert database != empty_database
    assert fetch(empty_database, "select from pg_tables where schemaname = 'public'") == []
    with pytest.raises(psycopg.errors.UndefinedTable):
        fetch(empty_database, "select from alembic_version")
