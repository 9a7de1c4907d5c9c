"""The demo's own folder and database, which are made anew each day and never taken from a real clinic."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from hms_server import database, filelock
from hms_server.accounts.setup import is_set_up
from hms_server.config import default_data_dir, prepare_data_dir
from hms_server.contract.demo import DemoPerson
from hms_server.contract.private_files import replace_private
from hms_server.demo.seed import CLINIC, seed_clinic
from hms_server.postgres import EmbeddedPostgres

Say = Callable[[str], None]

FOLDER_NAME = "hms-demo"
SIGN_IN = "sign-in.json"
DESKTOP = "desktop"
_MARK = "demo.json"


class DemoUnfit(Exception):  # noqa: N818 - named as its sister DatabaseUnfit
    """The demo cannot run here; the message is one sentence for whoever starts it."""


class _Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in a demo's folder: the day it was made for, None while that is under way."""

    day: date | None
    people: list[DemoPerson]


def demo_folder() -> Path:
    """Where the demo lives, unless another folder is named."""
    return default_data_dir().with_name(FOLDER_NAME)


@contextmanager
def open_home(folder: Path, *, say: Say) -> Iterator[str]:
    """Holds the folder for one demo and gives the DSN of its PostgreSQL, which is stopped at the end."""
    prepare_data_dir(folder)
    with ExitStack() as stack:
        try:
            stack.enter_context(filelock.hold(folder / "demo.lock", patience_s=0.2))
        except TimeoutError as error:
            raise DemoUnfit("A demo is running already: look for its window, or stop it first.") from error
        postgres = EmbeddedPostgres(folder, progress=say)
        stack.callback(postgres.stop)
        yield postgres.ensure_running()


def furnish(folder: Path, dsn: str, *, now: datetime, fresh: bool) -> list[DemoPerson]:
    """Today's demo as it was left, or a new one; gives who may sign in."""
    today = now.astimezone(ZoneInfo(CLINIC.time_zone)).date()
    mark = _read_mark(folder)
    if mark is None and _holds_clinic(dsn):
        raise DemoUnfit(f"{folder} holds a clinic that is no demo. Name another folder with --data-dir.")
    if mark is not None and mark.day == today and not fresh:
        database.migrate(dsn, database.migrations_folder())
        return mark.people
    _write_mark(folder, _Mark(day=None, people=[]))
    # Drafts belong to patients of the old one, whose numbers the new one gives to others.
    shutil.rmtree(folder / DESKTOP, ignore_errors=True)
    (folder / SIGN_IN).unlink(missing_ok=True)
    _empty(dsn)
    database.migrate(dsn, database.migrations_folder())
    people = seed_clinic(dsn, now=now)
    _write_mark(folder, _Mark(day=today, people=people))
    return people


def _read_mark(folder: Path) -> _Mark | None:
    path = folder / _MARK
    return msgspec.json.decode(path.read_bytes(), type=_Mark) if path.exists() else None


def _write_mark(folder: Path, mark: _Mark) -> None:
    # The passwords of the made-up staff are in it.
    replace_private(folder / _MARK, msgspec.json.format(msgspec.json.encode(mark)))


def _holds_clinic(dsn: str) -> bool:
    with database.connect(dsn, application_name="hms-server demo", autocommit=True) as connection:
        row = connection.execute("select to_regclass('public.clinic') is not null").fetchone()
        return bool(row and row[0]) and is_set_up(connection)


def _empty(dsn: str) -> None:
    with database.connect(dsn, application_name="hms-server demo", autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
