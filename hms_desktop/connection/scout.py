"""Looks in the network for servers that say they are this clinic's, on a thread of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hms_server.contract.pairing import fingerprint

if TYPE_CHECKING:
    from hms_desktop.connection.discovery import Found

FIRST_LOOK_S = 15.0
LONGEST_LOOK_S = 60.0
"""A look begins anew after that time, for the workstation's own network may have changed meanwhile."""


class Scout:
    """`hint` gets the addresses at which somebody announces the fingerprint of this key, on some thread.

    A fingerprint is public: whoever is found has still to prove the key. Nothing happens before `look`.
    """

    def __init__(
        self,
        public_key: str,
        hint: Callable[[Sequence[str]], None],
        *,
        interfaces: Sequence[str] | None,
    ) -> None:
        self._fingerprint = fingerprint(public_key)
        self._hint = hint
        self._interfaces = interfaces
        self._state = threading.Condition()
        self._wanted = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        """Begins to look, and goes on until `rest`; returns at once."""
        if self._wanted:
            return
        self._set(wanted=True)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hms-scout", daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """Looks no longer; returns at once."""
        if self._wanted:
            self._set(wanted=False)

    def close(self) -> None:
        """Returns when the thread is gone."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _set(self, *, wanted: bool) -> None:
        with self._state:
            self._wanted = wanted
            self._state.notify_all()

    def _run(self) -> None:
        # Whoever never loses a server does not need the library.
        from hms_desktop.connection.discovery import Browser  # noqa: PLC0415 - see above

        look_s = FIRST_LOOK_S
        while self._wait_for(wanted=True, timeout_s=None):
            with Browser(self._on_found, interfaces=self._interfaces):
                ended = self._wait_for(wanted=False, timeout_s=look_s)
            look_s = FIRST_LOOK_S if ended else min(LONGEST_LOOK_S, look_s * 2)

    def _wait_for(self, *, wanted: bool, timeout_s: float | None) -> bool:
        """Whether it is so by then; never true once this is closed and something is still wanted."""
        with self._state:
            self._state.wait_for(lambda: self._closed or self._wanted is wanted, timeout_s)
            return self._wanted is wanted and not self._closed

    def _on_found(self, found: Sequence["Found"]) -> None:
        for server in found:
            if server.fingerprint == self._fingerprint:
                self._hint(server.servers)
