"""Unpacks a proved bundle beside the version that runs."""

import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import structlog

from hms_desktop.updates.launcher import PROGRAM, fresh_folder, make_current
from hms_desktop.updates.store import SPARED_BYTES, free_bytes_of
from hms_desktop.updates.trusted import UpdateRefused, tr

log = structlog.get_logger()

MAX_UNPACKED_BYTES = 4 << 30


def place(
    archive: Path, home: Path, version: str, *, free_bytes: Callable[[Path], int] = free_bytes_of
) -> None:
    """Makes the version in the archive current. `UpdateRefused`: the version before is as it was."""
    try:
        fresh = fresh_folder(home, version)
        with tarfile.open(archive, "r:gz") as packed:
            _check_room(packed, home, free_bytes)
            packed.extractall(fresh, filter="data")
        inside = fresh / PROGRAM
        if not (inside / PROGRAM).is_file():
            raise UpdateRefused(tr("The update holds no program. It is not used."))
        (inside / PROGRAM).chmod(0o755)
        make_current(home, inside, version)
    except (tarfile.TarError, zlib.error) as error:
        log.info("update not unpacked", reason=str(error))
        raise UpdateRefused(tr("The update cannot be unpacked. It is not used.")) from error
    except (OSError, EOFError) as error:
        log.info("update not placed", reason=str(error))
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UpdateRefused(
            tr("The update cannot be unpacked here: {reason}.").format(reason=reason)
        ) from error


def _check_room(packed: tarfile.TarFile, home: Path, free_bytes: Callable[[Path], int]) -> None:
    unpacked = sum(member.size for member in packed.getmembers())
    if unpacked > MAX_UNPACKED_BYTES:
        raise UpdateRefused(tr("The update is larger than any program of ours. It is not used."))
    lacking = unpacked + SPARED_BYTES - free_bytes(home)
    if lacking > 0:
        sentence = tr("The disk is too full for the update: {needed} MB more are needed. Make room first.")
        raise UpdateRefused(sentence.format(needed=1 + (lacking >> 20)))
