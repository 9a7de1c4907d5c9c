"""Makes a backup while the clinic works: dumped, sealed and checked as a stream."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from hms_server import filelock
from hms_server.backup.content import Manifest, Packer, count_rows
from hms_server.backup.copies import Copies, rotate
from hms_server.backup.dumping import dump, major_of_tools
from hms_server.backup.proving import load_and_count, passed_on, scratch
from hms_server.backup.sealing import About, Sealer
from hms_server.backup.settings import FILE as SETTINGS_FILE
from hms_server.backup.settings import BackupSettings, load_settings
from hms_server.backup.state import BackupState, read_state, write_state
from hms_server.backup.trouble import BackupFailed, BackupStopped
from hms_server.contract.pairing import fingerprint
from hms_server.database import connect
from hms_server.keys import KeyFileError, ServerKeys, load, load_or_create
from hms_server.postgres_programs import PostgresFailed

_ROOM_BYTES = 32 << 20
_GROWTH = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is backed up: the database of a data folder, and the files beside it."""

    dsn: str
    data_dir: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """`troubles` are sentences on the places that got no backup; `proved`: it was loaded and counted."""

    files: tuple[Path, ...]
    size: int
    troubles: tuple[str, ...]
    rows: dict[str, int]
    proved: bool = False


def back_up(
    source: Source,
    *,
    now: datetime,
    places: tuple[Path, ...] = (),
    stopping: Callable[[], bool] = bool,
    proving: bool = False,
) -> Made:
    """Makes one backup in all places, those of the settings where none are named; keeps the state.

    `proving`: its dump is loaded into a PostgreSQL of its own meanwhile, and every table counted there.
    `BackupFailed` where not a single place got one. A place that failed while another did not is a trouble
    in the state as well.
    """
    settings = load_settings(source.data_dir)
    try:
        with _alone(source.data_dir):
            made = make(
                source,
                settings,
                places=places or settings.places,
                now=now,
                stopping=stopping,
                rotating=not places,
                proving=proving,
            )
    except BackupStopped:
        raise
    except (BackupFailed, PostgresFailed, OSError, psycopg.Error) as failure:
        # A full disk may be the reason; the reason counts more than the note of it.
        with suppress(OSError):
            _note(source.data_dir, last_tried_at=now, last_trouble=_as_sentence(failure))
        raise
    _note_good(source.data_dir, made, now)
    return made


def _note_good(data_dir: Path, made: Made, now: datetime) -> None:
    try:
        _note(
            data_dir,
            last_good_at=now,
            last_good_file=str(made.files[0]),
            last_good_bytes=made.size,
            last_tried_at=now,
            last_trouble=" ".join(made.troubles),
            **({"last_proved_at": now} if made.proved else {}),
        )
    except OSError as error:
        raise BackupFailed(
            f"The backup {made.files[0]} was made, and the data folder {data_dir} could not store that: "
            f"{error.strerror or error}. Look after the disk of the data folder."
        ) from error


def make(
    source: Source,
    settings: BackupSettings,
    *,
    places: tuple[Path, ...],
    now: datetime,
    stopping: Callable[[], bool] = bool,
    rotating: bool = False,
    proving: bool = False,
) -> Made:
    """One backup, without touching the state."""
    if settings.recovery_public is None:
        raise BackupFailed(
            "There is no recovery key yet, and without one nobody could open a backup: make one with "
            "'hms-server recovery-key'."
        )
    if not places:
        raise BackupFailed(
            "No place for backups is named yet: name one with 'hms-server backup-places FOLDER', such as a "
            "disk of its own or a folder on another machine."
        )
    with _snapshot(source.dsn) as view:
        copies = Copies(f"clinic-{now.astimezone(view.zone):%Y-%m-%d-%H%M}")
        try:
            needed = _needed_bytes(view, read_state(source.data_dir))
            for place in places:
                copies.open(place, needed_bytes=needed, now=now)
            copies.refuse_none()
            keys = _keys(source.data_dir, view.server_key)
            about = view.about(now=now, server=fingerprint(keys.public_key))
            manifest = Manifest(
                made_at=now,
                keys=msgspec.json.encode(keys),
                settings=_settings_file(source.data_dir),
                rows=count_rows(view.connection),
                size=view.size,
            )
            check = partial(_refuse_stopping, stopping)
            sealing = _Sealing(copies, Sealer(about, settings.recovery_public), Packer(manifest))
            dumped = _dumped(source, view, check)
            proof = _proven(source, manifest, dumped, sealing) if proving else _taken(dumped, sealing)
            sealing.end()
            files = copies.keep(check)
        finally:
            copies.drop()
    old = _rotated(files, about.server, view.zone) if rotating else []
    return Made(
        files=tuple(files),
        size=copies.size,
        troubles=(*copies.troubles, *proof.troubles, *old),
        rows=manifest.rows,
        proved=proof.done,
    )


@dataclass(frozen=True, slots=True)
class _Proof:
    """Whether the dump was loaded and counted, and why it could not be tried."""

    done: bool
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sealing:
    """Where the dump goes: sealed, into every place."""

    copies: Copies
    sealer: Sealer
    packer: Packer

    def __post_init__(self) -> None:
        self.copies.write(self.sealer.start)

    def take(self, block: bytes) -> None:
        for piece in self.packer.add(block):
            self.copies.write(self.sealer.chunk(piece, last=False))

    def end(self) -> None:
        self.copies.write(self.sealer.chunk(self.packer.last(), last=True))


def _taken(dumped: Iterator[bytes], sealing: _Sealing) -> _Proof:
    for block in dumped:
        sealing.take(block)
    return _Proof(done=False)


def _proven(source: Source, manifest: Manifest, dumped: Iterator[bytes], sealing: _Sealing) -> _Proof:
    """Seals what it loads: the very bytes of the backup have come back once."""
    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(scratch(source.data_dir, size=manifest.size))
        except PostgresFailed as failed:
            _taken(dumped, sealing)
            return _Proof(False, (f"The backup was made, and could not be tried: {failed}",))
        if dsn is None:
            return _taken(dumped, sealing)
        load_and_count(passed_on(dumped, sealing.take), dsn, manifest.rows)
    return _Proof(done=True)


def _rotated(files: Sequence[Path], server: str, zone: tzinfo) -> list[str]:
    """Sentences on the folders that keep more than they should."""
    troubles = []
    for file in files:
        try:
            rotate(file.parent, server=server, zone=zone, newest=file)
        except OSError as error:
            troubles.append(
                f"Old backups in {file.parent} could not be deleted ({error.strerror or error}): look after "
                "that folder before it is full."
            )
    return troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The database as it was at one moment, however long the dump takes."""

    connection: psycopg.Connection[Any]
    snapshot: str
    clinic: str
    server_key: str | None
    zone: tzinfo
    revision: str
    size: int

    def about(self, *, now: datetime, server: str) -> About:
        return About(
            made_at=now,
            clinic=self.clinic,
            server=server,
            program=version("hms"),
            revision=self.revision,
            postgres=self.connection.info.server_version // 10_000,
        )


@contextmanager
def _snapshot(dsn: str) -> Iterator[View]:
    with connect(dsn, application_name="hms-server backup") as connection:
        refuse_newer_database(connection)
        connection.execute("set transaction isolation level repeatable read read only")
        # The dump may take longer than any request, and reads as of this transaction to its end.
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute("select set_config(%s, '0', true)", (limit,))
        if connection.execute("select to_regclass('public.clinic')").fetchone() == (None,):
            raise BackupFailed("There is no clinic in the database yet: nothing to back up.")
        clinic = connection.execute(CLINIC).fetchone()
        name, zone, server_key = clinic or ("", "UTC", None)
        yield View(
            connection=connection,
            snapshot=_value(connection, "select pg_export_snapshot()"),
            clinic=name,
            server_key=server_key,
            zone=ZoneInfo(zone),
            revision=_value(connection, "select version_num from alembic_version"),
            size=_value(connection, "select pg_database_size(current_database())"),
        )


def refuse_newer_database(connection: psycopg.Connection[Any]) -> None:
    """`BackupFailed` where the server is newer than the programs that would dump it."""
    theirs, ours = connection.info.server_version // 10_000, major_of_tools()
    if theirs > ours:
        raise BackupFailed(
            f"The database is PostgreSQL {theirs} and this program brings the tools of PostgreSQL {ours}, "
            "which cannot read it: update this program, or back the database up with its own tools."
        )


def _dumped(source: Source, view: View, check: Callable[[], None]) -> Iterator[bytes]:
    for block in dump(source.dsn, snapshot=view.snapshot):
        check()
        yield block


def _refuse_stopping(stopping: Callable[[], bool]) -> None:
    if stopping():
        raise BackupStopped("The server is being stopped; the backup is made at its next start.")


def _needed_bytes(view: View, state: BackupState) -> int:
    """A dump is smaller than its database; the last backup says how much."""
    expected = int(state.last_good_bytes * _GROWTH) if state.last_good_bytes else view.size
    return min(expected, view.size) + _ROOM_BYTES


def _keys(data_dir: Path, expected: str | None) -> ServerKeys:
    """The clinic's own; where a server has served it already, others would open nothing that is sealed."""
    path = data_dir / "keys.json"
    try:
        keys = load_or_create(path) if expected is None else load(path)
    except (KeyFileError, OSError) as error:
        raise BackupFailed(f"{error} Without the server's keys a backup would be of no use.") from error
    if expected not in (None, keys.public_key):
        raise BackupFailed(
            f"The keys in {path} are not those of the clinic in this database, and a backup with them would "
            "be of no use: put the keys.json of a backup in their place, or name the right --data-dir."
        )
    return keys


def _settings_file(data_dir: Path) -> bytes:
    path = data_dir / SETTINGS_FILE
    return path.read_bytes() if path.exists() else b""


def _value(connection: psycopg.Connection[Any], query: Any) -> Any:
    row = connection.execute(query).fetchone()
    if row is None:
        raise LookupError("the database gave no answer")
    return row[0]


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    try:
        with filelock.hold(data_dir / "backup.lock", patience_s=0):
            yield
    except TimeoutError as error:
        raise BackupFailed("Another backup is being made at this moment: wait until it is done.") from error


def _note(data_dir: Path, **news: Any) -> None:
    write_state(data_dir, replace(read_state(data_dir), **news))


def _as_sentence(failure: Exception) -> str:
    if isinstance(failure, psycopg.Error):
        return f"The database does not answer: {failure}"
    return str(failure)


# The database may still be one of before the column.
CLINIC = "select name, time_zone, to_jsonb(clinic) ->> 'server_key' from clinic"
