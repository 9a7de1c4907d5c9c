"""`backup`, `restore`, `snapshot`, and what they need: `recovery-key` and `backup-places`."""

import argparse
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hms_server.amounts import counted, size_text
from hms_server.backup import snapshot
from hms_server.backup.draft import finish_interrupted
from hms_server.backup.make import Source, back_up
from hms_server.backup.places import same_disk_warning, try_place
from hms_server.backup.recovery import RecoveryKey, RecoveryKeyWrong, mark_of, sheet
from hms_server.backup.restore import Order, Restored, drill, restore_embedded, restore_external
from hms_server.backup.sealing import Backup
from hms_server.backup.settings import BackupSettings, load_settings, save_settings
from hms_server.backup.state import read_state
from hms_server.backup.trouble import BackupFailed
from hms_server.chosen_database import choose_database
from hms_server.clock import system_clock
from hms_server.console.ground import Commands, connect, embedded, is_used_by_a_server

_WRITTEN_KEY = re.compile(r"\b(?:[0-9A-Za-z]{5}-){5}[0-9A-Za-z]{5}\b")


def add(commands: Commands) -> None:
    """Adds the commands around backups."""
    backup = commands.add_parser("backup", help="make a backup now, while the clinic works")
    backup.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="there (default: all places)")
    backup.add_argument("--prove", action="store_true", help="load it into a database of its own meanwhile")
    backup.set_defaults(run=make_backup)

    restore = commands.add_parser("restore", help="bring the clinic back from a backup")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--key-file", type=Path, metavar="FILE", help="recovery key (default: ask for it)")
    restore.add_argument(
        "--replace",
        action="store_true",
        help="also where a clinic is; that one is kept under a dated name",
    )
    restore.add_argument(
        "--drill", action="store_true", help="only try it: load and check everything, then take it away again"
    )
    restore.set_defaults(run=restore_backup)

    taking = commands.add_parser("snapshot", help="a private copy inside the data folder, before an upgrade")
    taking.add_argument("--put-back", action="store_true", help="bring the clinic back from it")
    taking.set_defaults(run=take_snapshot)

    key = commands.add_parser("recovery-key", help="make the key that opens the backups, to be kept on paper")
    key.add_argument("--check", action="store_true", help="type the key to see whether it is the right one")
    key.add_argument("--replace", action="store_true", help="make another one for the backups from now on")
    key.set_defaults(run=recovery_key)

    places = commands.add_parser("backup-places", help="where the nightly backups go (no folder: show it)")
    places.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    places.add_argument("--hour", type=int, choices=range(24), metavar="HOUR", help="0 to 23, clinic's clock")
    places.set_defaults(run=name_places)


def make_backup(options: argparse.Namespace) -> int:
    """Prints the file; code 1 where a place got none."""
    places = (options.folder.resolve(),) if options.folder else ()
    with database_as_it_is(options) as source:
        made = back_up(source, now=system_clock(), places=places, proving=options.prove)
    for file in made.files:
        print(file)
    if options.prove:
        print(PROVED if made.proved else NOT_PROVED)
    for trouble in made.troubles:
        print(trouble, file=sys.stderr)
    return 1 if made.troubles else 0


def restore_backup(options: argparse.Namespace) -> int:
    """Prints what was restored and what to do next; code 2 where the audit chain is broken."""
    began_s = time.monotonic()
    order = Order(
        backup=Backup(options.file),
        key=_read_key(options.key_file) if options.key_file else _ask_key(),
        data_dir=options.data_dir,
        replacing=options.replace,
        now=system_clock(),
    )
    if options.drill:
        restored = drill(order, print)
    elif options.database:
        restored = restore_external(order, options.database, print)
        # The next start would serve an embedded database without the clinic.
        choose_database(options.data_dir, options.database)
    else:
        restored = restore_embedded(order, print)
    code = _tell(restored)
    print(f"Done in {time.monotonic() - began_s:.0f} s.")
    if not options.drill:
        print(NEXT)
    return code


def take_snapshot(options: argparse.Namespace) -> int:
    """Takes the snapshot, or puts it back."""
    if options.put_back:
        back = snapshot.put_back(options.data_dir, dsn=options.database, now=system_clock(), say=print)
        code = _tell(back)
        print(PUT_BACK)
        return code
    with database_as_it_is(options) as source:
        print(snapshot.take(source, now=system_clock()))
    return 0


def recovery_key(options: argparse.Namespace) -> int:
    """Shows a new key once, or checks one that is typed."""
    settings = load_settings(options.data_dir)
    if options.check:
        return _check_key(options.data_dir, settings)
    if settings.recovery_public is not None and not options.replace:
        raise BackupFailed(
            f"There is a recovery key already, with the mark {mark_of(settings.recovery_public)}. If it is "
            "lost, say --replace: backups from now on are for a new key, those made so far stay with the old."
        )
    key = RecoveryKey.new()
    print(sheet(key, clinic=_clinic_name(options), at=system_clock().astimezone()))
    confirmed = sys.stdin.isatty() and _typed_back(key)
    save_settings(options.data_dir, replace(settings, recovery_public=key.public, confirmed=confirmed))
    if not confirmed:
        print("Copy it now: it is shown this once. Check the copy with 'hms-server recovery-key --check'.")
    return 0


def name_places(options: argparse.Namespace) -> int:
    """Stores the places after each was tried, or shows them."""
    settings = load_settings(options.data_dir)
    if options.folders or options.hour is not None:
        places = tuple(folder.resolve() for folder in options.folders) or settings.places
        for place in places:
            try_place(place)
        hour = settings.hour if options.hour is None else options.hour
        settings = replace(settings, places=places, hour=hour)
        save_settings(options.data_dir, settings)
    return _show(options.data_dir, settings)


@contextmanager
def database_as_it_is(options: argparse.Namespace) -> Iterator[Source]:
    """The database without a migration: a backup before an upgrade must be one of before the upgrade."""
    finish_interrupted(options.data_dir)
    if not options.database and not (options.data_dir / "postgres").exists():
        raise BackupFailed(f"There is no clinic in {options.data_dir}: nothing to back up.")
    dsn = options.database or embedded(options).ensure_running()
    try:
        yield Source(dsn=dsn, data_dir=options.data_dir)
    finally:
        if not options.database and not is_used_by_a_server(dsn):
            embedded(options).stop()


def _tell(restored: Restored) -> int:
    header, verdict = restored.header, restored.audit
    print(f"{header.clinic}, as of {header.made_at.astimezone():%Y-%m-%d %H:%M}: ", end="")
    rows, tables = counted(sum(restored.rows.values()), "row"), counted(len(restored.rows), "table")
    print(f"{rows} in {tables}, each counted.")
    if restored.aside:
        print(f"What was there before is kept in {restored.aside}.")
    checked = counted(verdict.checked, "row")
    if verdict.fault is not None:
        print(f"The audit trail is broken after {checked}: {verdict.fault}", file=sys.stderr)
        return 2
    print(f"The audit trail holds: {checked} checked, {verdict.unsealed} not sealed yet.")
    return 0


def _read_key(path: Path) -> RecoveryKey:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RecoveryKeyWrong(f"The key file {path} cannot be read: {error.strerror or error}.") from error
    found = _WRITTEN_KEY.search(text)
    return RecoveryKey.typed(found[0] if found else text)


def _ask_key() -> RecoveryKey:
    if not sys.stdin.isatty():
        raise RecoveryKeyWrong("The recovery key is needed: type it at a terminal, or name a --key-file.")
    while True:
        try:
            return RecoveryKey.typed(input("Recovery key: "))
        except RecoveryKeyWrong as wrong:
            print(wrong)


def _typed_back(key: RecoveryKey) -> bool:
    print("Type it back from the paper, to be sure of the copy.")
    while _ask_key() != key:
        print("That is a whole recovery key, but another one.")
    print("The copy is right.")
    return True


def _check_key(data_dir: Path, settings: BackupSettings) -> int:
    if settings.recovery_public is None:
        raise BackupFailed("There is no recovery key yet: make one with 'hms-server recovery-key'.")
    if _ask_key().public != settings.recovery_public:
        mark = mark_of(settings.recovery_public)
        raise BackupFailed(f"This is not the key of the backups made now: theirs has the mark {mark}.")
    save_settings(data_dir, replace(settings, confirmed=True))
    print("This key opens the backups that are made now.")
    return 0


def _clinic_name(options: argparse.Namespace) -> str:
    with database_as_it_is(options) as source, connect(source.dsn) as connection:
        row = connection.execute("select name from clinic").fetchone()
    return str(row[0]) if row else ""


def _show(data_dir: Path, settings: BackupSettings) -> int:
    for place in settings.places:
        try:
            print(f"{place}: {size_text(try_place(place))} free")
            if warning := same_disk_warning(place, data_dir):
                print(warning, file=sys.stderr)
        except BackupFailed as bad:
            print(bad, file=sys.stderr)
    if not settings.places:
        print("No place for backups is named yet: name one with 'hms-server backup-places FOLDER'.")
    if settings.recovery_public is None:
        print("There is no recovery key yet: make one with 'hms-server recovery-key'.")
    state = read_state(data_dir)
    last = f"{state.last_good_at.astimezone():%Y-%m-%d %H:%M}" if state.last_good_at else "none yet"
    print(f"Every night at {settings.hour}:00. The last good backup: {last}.")
    if state.last_trouble:
        tried = f"{state.last_tried_at.astimezone():%Y-%m-%d %H:%M}" if state.last_tried_at else "last"
        print(f"What was tried {tried} ended so: {state.last_trouble}", file=sys.stderr)
    return 0


PROVED = "It was loaded into a database of its own, and every table counted there."
NOT_PROVED = "It was read back, and not loaded: the data folder has no room for a second copy."
NEXT = """\
Start the server: workstations find it again by its key and need no new pairing. Everybody signs in anew.
Work that was stored after the backup is gone: enter it again from paper, and look under Outside for what may
have been sent already. What was paid through Paystack comes from there by itself: do not ask for it again.
Whoever was locked after the backup, a person or a workstation, can get in again: lock them anew. Where the
clinic was lost with another machine, never start that server again: workstations would trust both."""
PUT_BACK = """\
What was stored after that moment is not in the clinic any more, only in what is kept. Everybody signs in
anew."""
