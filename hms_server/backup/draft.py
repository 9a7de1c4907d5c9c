"""A restored data folder in the making, and the step that puts it in the place of the old one.

The step is a row of renames inside one folder. What is to be done is written down first, so that a command
that was killed between two of them is finished by the next one, and the clinic is never half old, half new.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from hms_server import filelock
from hms_server.backup.copies import sync_folder
from hms_server.backup.settings import FILE as SETTINGS_FILE
from hms_server.backup.state import FILE as STATE_FILE
from hms_server.backup.trouble import BackupFailed
from hms_server.contract.private_files import replace_private
from hms_server.postgres import EmbeddedPostgres

KEYS_FILE = "keys.json"
POSTGRES = "postgres"
DRAFT = "restoring"
_DONE = ".restored"
_JOURNAL = "complete.json"
_LOCK = "restore.lock"
FILES = (KEYS_FILE, SETTINGS_FILE, STATE_FILE)
ALL_PARTS = (POSTGRES, *FILES)
"""What a restore replaces; all else in a data folder belongs to the machine."""


class _Journal(msgspec.Struct, frozen=True, kw_only=True):
    """Written once the draft is complete: which parts are exchanged, which of them come from the draft."""

    aside: str
    parts: tuple[str, ...]
    fresh: tuple[str, ...]


class RestoreBusy(BackupFailed):
    """A restore is under way on this data folder."""


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """One restore at a time; what an earlier one left is finished or cleared away first."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.hold(data_dir / _LOCK, patience_s=1):
            _tidy(data_dir)
            yield
    except PermissionError as error:
        raise BackupFailed(
            f"The data folder {data_dir} belongs to another user: start this command as the server's user."
        ) from error
    except TimeoutError as error:
        raise RestoreBusy("A restore is under way on this data folder: wait until it is done.") from error


def finish_interrupted(data_dir: Path) -> None:
    """Called before a data folder is used; `RestoreBusy` while a restore is under way."""
    if (data_dir / DRAFT).exists():
        with alone(data_dir):
            pass


def begin(data_dir: Path) -> Path:
    """An empty draft inside the data folder, into which PostgreSQL's own user gets through."""
    draft = data_dir / DRAFT
    draft.mkdir(mode=0o700)
    open_way(data_dir)
    return draft


def open_way(folder: Path) -> None:
    """Lets PostgreSQL's own user pass, not list, where we are root; it does not run as root."""
    if sys.platform != "win32" and os.geteuid() == 0:
        folder.chmod(folder.stat().st_mode | 0o001)


def put_in_place(
    data_dir: Path, now: datetime, *, parts: tuple[str, ...] = ALL_PARTS, before: str = "restore"
) -> Path | None:
    """Replaces the old parts by the draft's; gives the folder where the old ones are, if there were any."""
    draft, aside = data_dir / DRAFT, _free_name(data_dir, now, before)
    old = any((data_dir / part).exists() for part in parts)
    fresh = tuple(part for part in parts if (draft / part).exists())
    journal = _Journal(aside=aside.name, parts=parts, fresh=fresh)
    replace_private(draft / _JOURNAL, msgspec.json.encode(journal))
    _finish(data_dir)
    return aside if old else None


def _free_name(folder: Path, now: datetime, before: str) -> Path:
    """A dated folder that does not exist yet."""
    base = folder / f"before-{before}-{now.astimezone():%Y-%m-%d-%H%M%S}"
    target, number = base, 2
    while target.exists():
        target, number = base.with_name(f"{base.name}-{number}"), number + 1
    return target


def _tidy(data_dir: Path) -> None:
    draft = data_dir / DRAFT
    if (data_dir / _DONE).exists():
        shutil.rmtree(data_dir / _DONE)
    if (draft / _JOURNAL).exists():
        _finish(data_dir)
    elif draft.exists():
        drop(data_dir)


def drop(data_dir: Path) -> None:
    """Removes a draft with all that is in it."""
    draft = data_dir / DRAFT
    EmbeddedPostgres(draft).stop()
    shutil.rmtree(draft)


def _finish(data_dir: Path) -> None:
    """May be begun again after every single step."""
    draft = data_dir / DRAFT
    journal = msgspec.json.decode((draft / _JOURNAL).read_bytes(), type=_Journal)
    aside = data_dir / journal.aside
    for part in journal.parts:
        comes = part in journal.fresh
        if comes and not (draft / part).exists():
            # It was exchanged before the interruption: what lies outside is the new one.
            continue
        if (data_dir / part).exists():
            aside.mkdir(mode=0o700, exist_ok=True)
            (data_dir / part).replace(aside / part)
        if comes:
            (draft / part).replace(data_dir / part)
    sync_folder(data_dir)
    # The journal goes last, together with the rest of the draft.
    draft.replace(data_dir / _DONE)
    shutil.rmtree(data_dir / _DONE)
