"""Tells the service manager how the server is: systemd's sd_notify protocol, without its library."""

import os
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Self

SOCKET_VARIABLE = "NOTIFY_SOCKET"
WATCHDOG_VARIABLE = "WATCHDOG_USEC"
WATCHDOG_PID_VARIABLE = "WATCHDOG_PID"

EXTEND_EVERY_S = 10.0
EXTEND_BY_S = 60
LONGEST_START_S = 4 * 3600
"""A big database needs hours for a migration or a recovery; one that takes longer hangs."""


class Notifier:
    """Every message is lost in silence where no service manager listens (sd_notify(3))."""

    def __init__(self, address: str = "", *, watchdog_s: float | None = None) -> None:
        # An abstract name is written with "@" and begins with a zero byte.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Who listens, and how often they want to hear that this process is alive."""
        address = environment.get(SOCKET_VARIABLE, "")
        return cls(address, watchdog_s=_watchdog_s(environment) if address else None)

    @property
    def is_heard(self) -> bool:
        """Whether a service manager has started this process and listens."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """The start is over."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """One line for 'systemctl status'."""
        self._send(f"STATUS={status}")

    def alive(self) -> None:
        """Without it for longer than `watchdog_s`, the service manager starts this process anew."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """What is under way is being finished."""
        self._send("STOPPING=1\nSTATUS=stopping")

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Asks for more time as long as the block lasts: migrations and recovery take what they take.

        The watchdog is kept quiet too: it is awake already where the server first waited for its clinic.
        """
        if not self.is_heard:
            yield
            return
        over = threading.Event()
        asking = threading.Thread(target=self._ask_for_time, args=(over,), name="hms-notify", daemon=True)
        asking.start()
        try:
            yield
        finally:
            over.set()
            asking.join()

    def _ask_for_time(self, over: threading.Event) -> None:
        for _ in range(int(LONGEST_START_S / EXTEND_EVERY_S)):
            self._send(f"EXTEND_TIMEOUT_USEC={EXTEND_BY_S * 1_000_000}\nWATCHDOG=1")
            if over.wait(EXTEND_EVERY_S):
                return

    def _send(self, text: str) -> None:
        if not self._address or sys.platform == "win32":
            return
        # A service manager that has gone is no reason to stop serving.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as message:
            message.setblocking(False)
            message.sendto(text.encode(), self._address)


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    if environment.get(WATCHDOG_PID_VARIABLE, str(os.getpid())) != str(os.getpid()):
        return None
    text = environment.get(WATCHDOG_VARIABLE, "")
    return int(text) / 1_000_000 if text.isascii() and text.isdigit() and int(text) else None
