"""The system's keyring, which may be missing, locked or hanging without any of that hanging the program."""

import os
import sys
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")

SERVICE = "hms-desktop"
PATIENCE_S = 20.0
"""Long enough for a person to unlock the keyring, short enough for a person to believe that it hangs."""


class KeychainError(Exception):
    """The keyring cannot be used now; the text is for the log."""


class Backend(Protocol):
    """What is needed of a `keyring` backend."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class Keychain:
    """Keeps one secret for each server. Every call returns within `patience_s`, or raises `KeychainError`."""

    def __init__(self, backend: Backend, *, patience_s: float = PATIENCE_S) -> None:
        self._backend = backend
        self._patience_s = patience_s

    def keep(self, name: str, secret: str) -> None:
        """Stores the secret and makes sure that it can be read again."""
        self._patiently(lambda: self._backend.set_password(SERVICE, name, secret))
        if self.find(name) != secret:
            raise KeychainError("the keyring does not give back what it was given")

    def find(self, name: str) -> str | None:
        """The secret, or None when the keyring works and does not have it."""
        return self._patiently(lambda: self._backend.get_password(SERVICE, name))

    def forget(self, name: str) -> None:
        self._patiently(lambda: self._backend.delete_password(SERVICE, name))

    def _patiently(self, action: Callable[[], T]) -> T:
        """Backends speak to other programs, and wait for them without an end."""
        outcomes: SimpleQueue[tuple[T] | Exception] = SimpleQueue()

        def run() -> None:
            try:
                outcomes.put((action(),))
            except Exception as error:  # noqa: BLE001 - a thread's top; backends raise errors of many libraries
                outcomes.put(error)

        threading.Thread(target=run, name="hms-keyring", daemon=True).start()
        try:
            outcome = outcomes.get(timeout=self._patience_s)
        except Empty:
            raise KeychainError(f"the keyring did not answer within {self._patience_s:g} seconds") from None
        if isinstance(outcome, Exception):
            raise KeychainError(f"{type(outcome).__name__}: {outcome}") from outcome
        return outcome[0]


def system_keychain() -> Keychain | None:
    """The keyring of whoever is logged in, or None where there is none that deserves the name."""
    if not _has_desktop_session():
        return None
    try:
        import keyring  # noqa: PLC0415 - scripts may use the connection without the desktop's packages
        from keyring.errors import KeyringError  # noqa: PLC0415 - as above
    except ImportError:
        return None
    try:
        backend = keyring.get_keyring()
        worth = backend.priority
    except (KeyringError, RuntimeError, OSError) as error:
        log.info("no keyring", reason=str(error))
        return None
    return Keychain(backend) if worth >= 1 else None


def _has_desktop_session() -> bool:
    # Without a session D-Bus tries to start one, and waits; a service or an ssh login has none.
    return not sys.platform.startswith("linux") or bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS"))
