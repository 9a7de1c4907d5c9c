"""Brings a clinic back from a backup: first all is checked, then loaded beside the old, then exchanged."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec

from hms_server import audit
from hms_server.amounts import size_text
from hms_server.backup import draft
from hms_server.backup.arrival import ASIDE, TargetRefused, arrive, is_empty, refuse_used
from hms_server.backup.content import Manifest, check_whole, unpacked
from hms_server.backup.dumping import major_of_tools
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.sealing import Backup, BadBackup, Header
from hms_server.backup.settings import FILE as SETTINGS_FILE
from hms_server.contract.private_files import create_private
from hms_server.database import connect, migrate, migrations_folder
from hms_server.keys import ServerKeys, load_or_create
from hms_server.postgres import EmbeddedPostgres

Say = Callable[[str], object]

DRILL = "drill"
_ROOM_BYTES = 256 << 20
_REVISION = re.compile(r"^revision = \"(\w+)\"$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to restore. `replacing`: what is there goes aside under a dated name, nothing is deleted."""

    backup: Backup
    key: RecoveryKey
    data_dir: Path
    replacing: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`aside` says where the old clinic is, if there was one."""

    header: Header
    rows: dict[str, int]
    audit: audit.Verdict
    aside: str | None


def restore_embedded(order: Order, say: Say) -> Restored:
    """Into the embedded PostgreSQL of the data folder. `BackupFailed` leaves everything as it was."""
    with draft.alone(order.data_dir):
        old = EmbeddedPostgres(order.data_dir)
        if _holds_clinic(order.data_dir, old):
            _refuse_occupied(order, f"The data folder {order.data_dir}")
        if old.is_running():
            refuse_used(old.ensure_running())
        manifest = _checked(order, say)
        loaded = _load_draft(order, manifest, say)
        _refuse_started_meanwhile(order, old)
        old.stop()
        aside = draft.put_in_place(order.data_dir, order.now)
    return Restored(
        header=order.backup.header, rows=manifest.rows, audit=loaded, aside=str(aside) if aside else None
    )


def drill(order: Order, say: Say) -> Restored:
    """Restores for the sake of trying, beside a clinic at work: everything is loaded, checked, taken away."""
    home = order.data_dir / DRILL
    order.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft.open_way(order.data_dir)
    try:
        with draft.alone(home):
            manifest = _checked(order, say)
            verdict = _load_draft(replace(order, data_dir=home), manifest, say)
            draft.drop(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return Restored(header=order.backup.header, rows=manifest.rows, audit=verdict, aside=None)


def restore_external(order: Order, dsn: str, say: Say) -> Restored:
    """Into a PostgreSQL of the clinic's own. `BackupFailed` leaves everything as it was."""
    with draft.alone(order.data_dir):
        refuse_used(dsn)
        empty = is_empty(dsn)
        if not empty:
            _refuse_occupied(order, "The database")
        manifest = _checked(order, say)
        keyless = not (order.data_dir / draft.KEYS_FILE).exists()
        _refuse_other_keys(order, manifest)
        aside = "" if empty else f"{ASIDE}{order.now.astimezone():%Y_%m_%d_%H%M%S}"
        say("Loading the database.")
        if keyless:
            # First of all: a server on that database without these keys would make others for itself.
            _exchange_files(order, manifest)
        try:
            content = unpacked(order.backup, order.key)
            since = manifest.made_at
            arrive(content.dump, dsn, rows=manifest.rows, now=order.now, lost_since=since, aside=aside)
        except BaseException:
            _take_back_files(order, keyless=keyless)
            raise
        if not keyless:
            _exchange_files(order, manifest)
        verdict = _finish_database(dsn, manifest)
    return Restored(
        header=order.backup.header,
        rows=manifest.rows,
        audit=verdict,
        aside=f"schema {aside}" if aside else None,
    )


def refuse_newer(header: Header, known: frozenset[str]) -> None:
    """`BadBackup` where this program is older than the one that made the backup."""
    tools = major_of_tools()
    if header.revision not in known or header.postgres > tools:
        raise BadBackup(
            f"The backup was made by version {header.program} of the program, with a newer database than "
            "this version knows: install that version, or a later one, and restore with it."
        )


def known_revisions(folder: Path) -> frozenset[str]:
    """The migrations that this program brings."""
    texts = (path.read_text(encoding="utf-8") for path in (folder / "versions").glob("*.py"))
    return frozenset(match[1] for match in map(_REVISION.search, texts) if match)


def _refuse_occupied(order: Order, where: str) -> None:
    if not order.replacing:
        raise TargetRefused(
            f"{where} holds a clinic already; nothing was changed. To put the backup in its place, say "
            "--replace: what is there now is kept aside under a dated name."
        )


def _refuse_started_meanwhile(order: Order, old: EmbeddedPostgres) -> None:
    """Before there is a draft nothing keeps a server from its start; its work would go aside unseen."""
    try:
        if old.is_running():
            refuse_used(old.ensure_running())
    except TargetRefused:
        draft.drop(order.data_dir)
        raise


def _holds_clinic(data_dir: Path, old: EmbeddedPostgres) -> bool:
    """Whether there is something that a restore would replace; a database without a clinic is nothing."""
    if (data_dir / draft.KEYS_FILE).exists():
        return True
    if not (data_dir / draft.POSTGRES).exists():
        return False
    ran = old.is_running()
    try:
        with connect(old.ensure_running(), application_name="hms-server restore") as connection:
            if connection.execute("select to_regclass('public.clinic')").fetchone() == (None,):
                return False
            return connection.execute("select from clinic").fetchone() is not None
    finally:
        if not ran:
            old.stop()


def _refuse_other_keys(order: Order, manifest: Manifest) -> None:
    path = order.data_dir / draft.KEYS_FILE
    if path.exists() and load_or_create(path) != msgspec.json.decode(manifest.keys, type=ServerKeys):
        _refuse_occupied(order, f"The data folder {order.data_dir}")


def _checked(order: Order, say: Say) -> Manifest:
    """Reads the whole backup before anything is touched."""
    header = order.backup.header
    refuse_newer(header, known_revisions(migrations_folder()))
    say(f"Checking the backup of {header.clinic}, made {header.made_at.astimezone():%Y-%m-%d %H:%M}.")
    return check_whole(order.backup, order.key)


def _load_draft(order: Order, manifest: Manifest, say: Say) -> audit.Verdict:
    _refuse_full(order.data_dir, manifest)
    folder = draft.begin(order.data_dir)
    postgres = EmbeddedPostgres(folder)
    try:
        dsn = postgres.ensure_running()
        say("Loading the database.")
        content = unpacked(order.backup, order.key)
        arrive(content.dump, dsn, rows=manifest.rows, now=order.now, lost_since=manifest.made_at)
        verdict = _finish_database(dsn, manifest)
        postgres.stop()
        _write_files(folder, manifest)
    except OSError as error:
        draft.drop(order.data_dir)
        raise TargetRefused(
            f"The data folder {order.data_dir} could not take the clinic: {error.strerror or error}. Nothing "
            "was changed; look after its disk."
        ) from error
    except BaseException:
        draft.drop(order.data_dir)
        raise
    return verdict


def _finish_database(dsn: str, manifest: Manifest) -> audit.Verdict:
    """Brings an older backup up to this program, and walks its audit chain."""
    migrate(dsn, migrations_folder())
    keys = msgspec.json.decode(manifest.keys, type=ServerKeys)
    with connect(dsn, application_name="hms-server restore", autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        # Those are the servers that were lost; whoever serves from now on tells of itself within a minute.
        connection.execute("delete from server_state")
        return audit.verify(connection, keys.audit_key)


def _write_files(folder: Path, manifest: Manifest) -> None:
    create_private(folder / draft.KEYS_FILE, msgspec.json.format(manifest.keys))
    if manifest.settings:
        create_private(folder / SETTINGS_FILE, manifest.settings)


def _exchange_files(order: Order, manifest: Manifest) -> None:
    """The database is elsewhere; only keys and settings change in the data folder."""
    folder = draft.begin(order.data_dir)
    _write_files(folder, manifest)
    draft.put_in_place(order.data_dir, order.now, parts=draft.FILES)


def _take_back_files(order: Order, *, keyless: bool) -> None:
    if keyless:
        for name in draft.FILES:
            (order.data_dir / name).unlink(missing_ok=True)


def _refuse_full(data_dir: Path, manifest: Manifest) -> None:
    free, needed = shutil.disk_usage(data_dir).free, manifest.size + _ROOM_BYTES
    if free < needed:
        raise TargetRefused(
            f"The data folder {data_dir} has {size_text(free)} free and the clinic needs about "
            f"{size_text(needed)}: make room, or restore into a folder on another disk with --data-dir."
        )
