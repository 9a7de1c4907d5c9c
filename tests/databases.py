"""Gives tests real databases: one PostgreSQL for the whole run, a migrated copy of its own for each test."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hms_server import filelock
from hms_server.database import connect, migrate, migrations_folder
from hms_server.postgres import EmbeddedPostgres

_OTHER_SERVER = "HMS_TEST_DSN"
_FOLDER = "HMS_TEST_FOLDER"
# A test's data need not survive a power cut; what the program asks of a commit stays as it is in a clinic.
# Autovacuum would hold a database that is to be dropped, and only a superuser may send it away.
# A database that is dropped is looked for in every buffer, so a large machine's share would cost each test.
_QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "autovacuum": "off",
    "shared_buffers": "128MB",
}
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a name of its own is made in it
_ROOM = 4 << 30
"""Bytes: the databases of all workers, and the log that PostgreSQL keeps before it writes them."""
_numbers = count(1)
_used: list[str] = []
"""Databases of tests that are over; what is left at the end goes with its server."""
_IN_USE = "in-use"
_held = ExitStack()
"""The lock of this run's folder, until the process ends."""


def pytest_configure(config: pytest.Config) -> None:
    """The process that was started first names the folder of the run; pytest's workers inherit the name."""
    if os.environ.get(_OTHER_SERVER):
        settings.register_profile("other-server", max_examples=5)
        settings.load_profile("other-server")
    if _is_worker(config):
        return
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"hms-test-{os.getpid()}-", dir=_places()[0]))
    # PostgreSQL's own user has to pass where the tests run as root.
    folder.chmod(0o711)
    _held.enter_context(filelock.hold(folder / _IN_USE, patience_s=0))
    os.environ[_FOLDER] = str(folder)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another PostgreSQL only what is stored is tried again, of each test one case.

    The statements are the same in all cases of a test; whether they are right, the first run has shown.
    """
    if os.environ.get(_OTHER_SERVER) is None:
        return
    stored = [item for item in items if "database_server" in getattr(item, "fixturenames", ())]
    kept = list({(item.path, getattr(item, "originalname", item.name)): item for item in stored}.values())
    chosen = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = kept


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that was started first ends after all others, and takes everything away again."""
    if _is_worker(config):
        return
    if other := os.environ.get(_OTHER_SERVER):
        _drop_all_of_run(other)
    _remove(_folder())
    _held.close()


@pytest.fixture(scope="session")
def database_server() -> str:
    """The DSN of a server that is shared by all tests: never write to its own database."""
    return os.environ.get(_OTHER_SERVER) or EmbeddedPostgres(_folder(), settings=_QUICK).ensure_running()


@pytest.fixture(scope="session")
def database_steward(database_server: str) -> Iterator[psycopg.Connection[Any]]:
    """Creates and drops databases."""
    with connect(database_server, application_name="tests", autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def database_template(database_server: str, database_steward: psycopg.Connection[Any]) -> str:
    """The name of a migrated database that nobody is connected to."""
    folder = migrations_folder()
    name = f"{_prefix()}_template_{_hash(folder)}"
    with filelock.hold(_folder() / "template.lock", patience_s=120):
        done = database_steward.execute("select from pg_database where datname = %s", [name]).fetchone()
        if done is None:
            draft = f"{name}_draft"
            _create(database_steward, draft)
            migrate(make_conninfo(database_server, dbname=draft), folder)
            names = (sql.Identifier(draft), sql.Identifier(name))
            database_steward.execute(sql.SQL("alter database {} rename to {}").format(*names))
    return name


@pytest.fixture
def database(
    database_server: str, database_template: str, database_steward: psycopg.Connection[Any]
) -> Iterator[str]:
    """The DSN of a migrated database that belongs to this test alone."""
    yield from _lend(database_server, database_steward, template=database_template)


@pytest.fixture
def empty_database(database_server: str, database_steward: psycopg.Connection[Any]) -> Iterator[str]:
    """The DSN of a database without any table, for this test alone."""
    yield from _lend(database_server, database_steward, template="template1")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder for a server of one's own: PostgreSQL's user cannot enter pytest's `tmp_path` where root runs.

    A PostgreSQL that the test left running in it is stopped.
    """
    folder = Path(tempfile.mkdtemp(dir=_folder()))
    yield folder
    EmbeddedPostgres(folder).stop()
    shutil.rmtree(folder)


@pytest.fixture
def postgres(data_dir: Path) -> EmbeddedPostgres:
    """Not running yet; fsync stays on, since these tests are about what a crash leaves."""
    return EmbeddedPostgres(data_dir)


def _lend(server: str, steward: psycopg.Connection[Any], *, template: str) -> Iterator[str]:
    # Not right after its test: PostgreSQL would wait for connections that have only just been closed.
    while _used:
        _drop(steward, _used.pop())
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"{_prefix()}_{worker}_{next(_numbers)}"
    _create(steward, name, template=template)
    yield make_conninfo(server, dbname=name)
    _used.append(name)


def _create(steward: psycopg.Connection[Any], name: str, *, template: str = "template1") -> None:
    names = (sql.Identifier(name), sql.Identifier(template))
    # Copying files is a third faster here than logging every page, which is PostgreSQL's own choice.
    steward.execute(sql.SQL("create database {} template {} strategy file_copy").format(*names))


def _drop(steward: psycopg.Connection[Any], name: str) -> None:
    steward.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _drop_all_of_run(server: str) -> None:
    with connect(server, application_name="tests", autocommit=True) as steward:
        query = "select datname from pg_database where starts_with(datname, %s)"
        for (name,) in steward.execute(query, [f"{_prefix()}_"]).fetchall():
            _drop(steward, name)


def _sweep() -> None:
    """Ends what runs left behind that were killed."""
    for folder in (one for place in _places() for one in place.glob("hms-test-*-*")):
        owner = folder.name.split("-")[2]
        if owner.isdigit() and not psutil.pid_exists(int(owner)) and os.access(folder, os.W_OK):
            # In a container of its own a run does not see the processes of the others, but their locks.
            with suppress(TimeoutError), filelock.hold(folder / _IN_USE, patience_s=0):
                _remove(folder)


def _places() -> list[Path]:
    """Where a run may put its databases: in memory where there is room, since each test copies one."""
    disk = Path(tempfile.gettempdir())
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        return [_MEMORY, disk]
    return [disk]


def _remove(folder: Path) -> None:
    for data in (folder, *folder.iterdir()):
        if (data / "postgres").is_dir():
            EmbeddedPostgres(data).stop()
    shutil.rmtree(folder, ignore_errors=True)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _folder() -> Path:
    return Path(os.environ[_FOLDER])


def _prefix() -> str:
    return _folder().name.replace("-", "_")


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
