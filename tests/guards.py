"""A test fails that leaves a thread behind, logs what nobody expected, or calls beyond this machine."""

import gc
import ipaddress
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

THREADS_THAT_MAY_STAY = {
    "Dummy-": "Python's name for a thread of Qt or ZeroMQ that called into Python; it cannot be joined",
    "pytest_timeout": "belongs to the test runner",
}
_DEFAULT = structlog.get_config()["processors"]
_GRACE_S = 2.0
_GRAVE = frozenset({"warning", "warn", "error", "critical", "fatal", "exception"})


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker of this plugin, and logs tracebacks as the programs do.

    Where rich is installed, structlog would draw them with all their values, which takes a second for each.
    """
    structlog.configure(
        processors=[
            *_DEFAULT[:-1],
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )
    config.addinivalue_line(
        "markers", "allow_log(*patterns): warnings and errors that match may be logged in this test"
    )


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: nobody goes through it again to find what to free."""
    gc.collect()
    gc.freeze()


class LogGuard:
    """Collects grave log lines; `allow` names those that the test provokes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    def allow(self, pattern: str) -> None:
        """From now on, and also for lines already logged, what matches is expected."""
        self._allowed.append(re.compile(pattern))

    @property
    def unexpected(self) -> list[str]:
        """The lines that no pattern covers."""
        return [line for line in self.lines if not any(pattern.search(line) for pattern in self._allowed)]


class _Collector(logging.Handler):
    def __init__(self, guard: LogGuard) -> None:
        super().__init__(logging.WARNING)
        self._guard = guard

    def emit(self, record: logging.LogRecord) -> None:
        self._guard.lines.append(f"{record.levelname.lower()} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def log_guard(request: pytest.FixtureRequest) -> Iterator[LogGuard]:
    """Fails the test on every warning or error, of logging or structlog, that it did not allow."""
    guard = LogGuard()
    for marker in request.node.iter_markers("allow_log"):
        for pattern in marker.args:
            guard.allow(pattern)

    def collect(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if level in _GRAVE:
            guard.lines.append(f"{level} {dict(event)}")
        return event

    # In place, since loggers that were used before keep the list itself.
    before = structlog.get_config()
    processors = before["processors"]
    processors.insert(0, collect)
    collector = _Collector(guard)
    logging.getLogger().addHandler(collector)
    yield guard
    logging.getLogger().removeHandler(collector)
    processors.remove(collect)
    # A test that runs a whole program has set logging up for it, on a stream that is gone by now.
    structlog.configure(**before)
    if guard.unexpected:
        pytest.fail("Unexpected log lines:\n" + "\n".join(guard.unexpected), pytrace=False)


@pytest.fixture(autouse=True)
def thread_guard() -> Iterator[None]:
    """Fails the test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + _GRACE_S
    while (left := _left_since(before)) and time.monotonic() < deadline:
        time.sleep(0.01)
    if left:
        pytest.fail(f"Threads left behind: {', '.join(thread.name for thread in left)}", pytrace=False)


def _left_since(before: set[threading.Thread]) -> list[threading.Thread]:
    stay = tuple(THREADS_THAT_MAY_STAY)
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before and not thread.name.startswith(stay)
    ]


@pytest.fixture(autouse=True)
def socket_guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails the test that connects to anything but this machine.

    The connection itself is refused, and the test fails also where the program takes that in its stride.
    """
    outside: list[str] = []
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse_outside(which: socket.socket, address: Any) -> None:
        if not _is_local(which, address):
            outside.append(str(address))
            message = f"tests stay on this machine, and this one called {address}"
            raise ConnectionRefusedError(message)

    def guarded_connect(which: socket.socket, address: Any) -> None:
        refuse_outside(which, address)
        connect(which, address)

    def guarded_connect_ex(which: socket.socket, address: Any) -> int:
        refuse_outside(which, address)
        return connect_ex(which, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    yield
    if outside:
        pytest.fail(f"Called beyond this machine: {', '.join(outside)}", pytrace=False)


def _is_local(which: socket.socket, address: Any) -> bool:
    if which.family not in {socket.AF_INET, socket.AF_INET6}:
        return True
    host = address[0]
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
