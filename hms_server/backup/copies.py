"""Writes one backup to every place at once; a place that fails does not stop the others."""

import errno
import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import IO

from hms_server.backup.places import refuse_full, try_place
from hms_server.backup.rotation import kept
from hms_server.backup.sealing import Backup
from hms_server.backup.trouble import BackupFailed

ENDING = ".hmsbackup"
DRAFT_ENDING = ".hmsbackup-part"
PATTERN = "clinic-????-??-??-????*"
_FORGOTTEN_AFTER = timedelta(minutes=50)
"""A draft that nobody has written to for so long belongs to a backup that was killed."""


class Copy:
    """The backup on its way to one place, under a draft's name until every byte was read back."""

    def __init__(self, place: Path, name: str) -> None:
        self.place = place
        self._name = name
        self._draft = place / f".{name}-{os.getpid()}{DRAFT_ENDING}"
        self._digests: list[tuple[int, bytes]] = []
        self._file: IO[bytes] = os.fdopen(
            os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600),
            "w+b",
        )

    def write(self, chunk: bytes) -> None:
        """Writes a chunk and remembers its hash."""
        self._file.write(chunk)
        self._digests.append((len(chunk), hashlib.sha256(chunk).digest()))

    def keep(self, check: Callable[[], None]) -> Path:
        """Makes the copy durable, compares every chunk on the disk, and only then gives it its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        _forget_cached(self._file)
        self._compare(check)
        self._file.close()
        target = _free_name(self.place, self._name)
        self._draft.replace(target)
        sync_folder(self.place)
        return target

    def drop(self) -> None:
        """Leaves nothing behind, whatever happened."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._draft.unlink(missing_ok=True)

    def _compare(self, check: Callable[[], None]) -> None:
        self._file.seek(0)
        for length, digest in self._digests:
            check()
            place = self._file.tell()
            if hashlib.sha256(self._file.read(length)).digest() != digest:
                raise OSError(errno.EIO, f"what was written at byte {place} reads back differently")


class Copies:
    """The copies that are still good, and a sentence for each place that is not."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[Copy] = []
        self.troubles: list[str] = []
        self.size = 0

    def open(self, place: Path, *, needed_bytes: int, now: datetime) -> None:
        """Adds a place, or the reason why it takes no backup."""
        try:
            free_bytes = try_place(place)
            _clear_forgotten(place, now)
            refuse_full(place, free_bytes=free_bytes, needed_bytes=needed_bytes)
            self._open.append(Copy(place, self._name))
        except BackupFailed as bad:
            self.troubles.append(str(bad))
        except OSError as error:
            self.troubles.append(_sentence(place, error))

    def refuse_none(self) -> None:
        """`BackupFailed` with all reasons where no place is left to write to."""
        if not self._open:
            raise BackupFailed(" ".join(self.troubles))

    def write(self, chunk: bytes) -> None:
        """Writes to every place that still takes it."""
        self.size += len(chunk)
        for copy in list(self._open):
            try:
                copy.write(chunk)
            except OSError as error:
                self._give_up(copy, error)
        self.refuse_none()

    def keep(self, check: Callable[[], None]) -> list[Path]:
        """The files that are stored and were read back; `check` is called now and then, and may raise."""
        stored = []
        for copy in list(self._open):
            try:
                stored.append(copy.keep(check))
            except OSError as error:
                self._give_up(copy, error)
        self.refuse_none()
        return stored

    def drop(self) -> None:
        """Removes every draft."""
        for copy in self._open:
            copy.drop()

    def _give_up(self, copy: Copy, error: OSError) -> None:
        copy.drop()
        self._open.remove(copy)
        self.troubles.append(_sentence(copy.place, error))


def rotate(place: Path, *, server: str, zone: tzinfo, newest: Path | None = None) -> list[Path]:
    """Deletes the backups of this server that need not be kept any more, and gives their names.

    Files of another clinic in the same folder, and all that cannot be read as a backup, stay. So does
    `newest`, which was just made, whatever a clock that is behind says of its age. OSError where the folder
    refuses.
    """
    made: dict[Path, datetime] = {}
    for path in sorted(place.glob(PATTERN + ENDING)):
        with suppress(BackupFailed):
            header = Backup(path).header
            if header.server == server:
                made[path] = header.made_at.astimezone(zone)
    keep = kept(made.values())
    dropped = [path for path, moment in made.items() if moment not in keep and path != newest]
    for path in dropped:
        path.unlink(missing_ok=True)
    return dropped


def sync_folder(folder: Path) -> None:
    """Makes a new name in it durable; Windows cannot open a folder, and NTFS journals names by itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Folders on some network and FAT file systems cannot be flushed; their files were.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _free_name(place: Path, name: str) -> Path:
    target, number = place / f"{name}{ENDING}", 2
    while target.exists():
        target, number = place / f"{name}-{number}{ENDING}", number + 1
    return target


def _forget_cached(file: IO[bytes]) -> None:
    """Asks the system to read what follows from the disk, where it can be asked."""
    if sys.platform == "linux":
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _clear_forgotten(place: Path, now: datetime) -> None:
    oldest = (now - _FORGOTTEN_AFTER).timestamp()
    for draft in place.glob(f".{PATTERN}{DRAFT_ENDING}"):
        if draft.stat().st_mtime < oldest:
            draft.unlink(missing_ok=True)


def _sentence(place: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return (
            f"The backup folder {place} became full while the backup was written: delete what is not needed "
            "there, or choose another folder."
        )
    return (
        f"The backup could not be written to {place}: {error.strerror or error}. Look after that disk, or "
        "choose another folder."
    )
