"""The folders that backups go to: whether they are there, can be written, and have room."""

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from hms_server.amounts import size_text
from hms_server.backup.trouble import BackupFailed

if sys.platform != "win32":
    import pwd


class BadPlace(BackupFailed):
    """The folder cannot take a backup; the sentence says why."""


def try_place(path: Path) -> int:
    """Free bytes of a folder, after a file was really written to it; `BadPlace` where that fails."""
    if not path.is_absolute():
        raise BadPlace(f"Write the whole path of the backup folder: {path} does not say where it begins.")
    if not path.is_dir():
        # Its disk may not be plugged in: a folder that we made would lie on the wrong one.
        raise BadPlace(f"The backup folder {path} is not there. Plug its disk in, or create the folder.")
    try:
        with tempfile.NamedTemporaryFile(dir=path, prefix=".hms-try-") as file:
            file.write(b"can this be written?")
            file.flush()
            os.fsync(file.fileno())
        return shutil.disk_usage(path).free
    except OSError as error:
        raise BadPlace(
            f"The backup folder {path} cannot be written: {error.strerror or error}. "
            f"Let {_server_user()} write to it, or choose another folder."
        ) from error


def _server_user() -> str:
    if sys.platform != "win32":
        with suppress(KeyError):
            return f"the server's user ({pwd.getpwuid(os.geteuid()).pw_name})"
    return "the server's user"


def refuse_full(path: Path, *, free_bytes: int, needed_bytes: int) -> None:
    """`BadPlace` where a backup would not fit."""
    if free_bytes < needed_bytes:
        raise BadPlace(
            f"The backup folder {path} has {size_text(free_bytes)} free and a backup needs about "
            f"{size_text(needed_bytes)}: delete what is not needed there, or choose another folder."
        )


def same_disk_warning(path: Path, data_dir: Path) -> str:
    """A sentence where the place would be lost together with the records, else empty."""
    try:
        if path.stat().st_dev != data_dir.stat().st_dev:
            return ""
    except OSError:
        # Whether a place is there at all, others say.
        return ""
    return f"{path} lies on the same disk as the clinic's records: when that disk breaks, both are lost."
