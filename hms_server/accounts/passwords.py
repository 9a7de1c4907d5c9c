"""Password hashing in a process of its own with low priority, so that signing in slows nobody down."""

import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from threading import Lock
from typing import TypeVar

import psutil
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

MIN_LENGTH = 8
NICENESS = 5
"""Of the helper: it gives way to whoever serves a desk, and still gets its turn beside a nightly backup.

On two cores with too much to do, a check took 1.5 s at 0, 3.5 s at 5, 8 s at 10, and at 15 longer
than the 10 s for which a workstation waits.
"""
_hasher = PasswordHasher(time_cost=2, memory_cost=64 * 1024, parallelism=1)
"""argon2id, 64 MiB; above the minimum of the OWASP Password Storage Cheat Sheet (19 MiB, two passes)."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def hash_password(password: str) -> str:
    """The argon2id hash with its parameters and salt."""
    return _hasher.hash(password)


def check_password(password_hash: str, password: str) -> bool:
    """Whether the password belongs to the hash."""
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


DECOY_HASH = (
    "$argon2id$v=19$m=65536,t=2,p=1$/IjtGyJrFnjcOMXMU0MIxQ$I48FzQ0iWvoNzp59oc76s21qR6vhq45jQczfPnH8ZyM"
)
"""Checked for a user name that does not exist, so that the answer takes as long as for one that does."""


def generate_password() -> str:
    """Twelve signs in three groups, none that looks like another; about 59 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


def _lower_priority() -> None:
    process = psutil.Process()
    if sys.platform == "win32":
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        process.nice(NICENESS)


def _start_helper() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"), initializer=_lower_priority)


class PasswordDesk:
    """Checks passwords one at a time in a helper process; the calling thread waits.

    A helper that was killed, as a system short of memory does, is replaced: else nobody could sign in any
    more until somebody starts the server anew.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._pool = _start_helper()

    def check(self, password_hash: str, password: str) -> bool:
        """Whether the password belongs to the hash."""
        return self._ask(check_password, password_hash, password)

    def hash(self, password: str) -> str:
        """The argon2id hash of a new password."""
        return self._ask(hash_password, password)

    def close(self) -> None:
        """Ends the helper process."""
        with self._lock:
            self._pool.shutdown()

    def _ask(self, task: Callable[..., T], *given: str) -> T:
        pool = self._pool
        try:
            return pool.submit(task, *given).result()
        except BrokenProcessPool:
            return self._replace(pool).submit(task, *given).result()

    def _replace(self, broken: ProcessPoolExecutor) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is broken:
                broken.shutdown()
                self._pool = _start_helper()
            return self._pool
