"""A lock between processes that the operating system takes back when its holder dies."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_RETRY_S = 0.05


@contextmanager
def hold(path: Path, *, patience_s: float) -> Iterator[None]:
    """Lets one holder at a time pass, threads included; TimeoutError after `patience_s`.

    The file stays where it is: removing it would let a second holder lock a new one of the same name.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + patience_s
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                message = f"{path} has been locked by another program for {patience_s:.0f} seconds"
                raise TimeoutError(message)
            time.sleep(_RETRY_S)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
