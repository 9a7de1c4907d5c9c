"""Password hashing in a process of its own with low priority, so that signing in slows nobody down."""

import secrets
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import psutil
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

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


class PasswordDesk:
    """Checks passwords one at a time in a helper process; the calling thread waits."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(
            max_workers=1, mp_context=get_context("spawn"), initializer=_lower_priority
        )

    def check(self, password_hash: str, password: str) -> bool:
        """Whether the password belongs to the hash."""
        return self._pool.submit(check_password, password_hash, password).result()

    def hash(self, password: str) -> str:
        """The argon2id hash of a new password."""
        return self._pool.submit(hash_password, password).result()

    def close(self) -> None:
        """Ends the helper process."""
        self._pool.shutdown()
