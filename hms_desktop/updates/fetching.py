"""Fetches an update in small parts, as slowly as the server asks, and goes on after every interruption."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Protocol, TypeVar

import structlog

from hms_desktop.connection.faults import FaultError
from hms_desktop.updates.store import UpdateStore
from hms_desktop.updates.trusted import UpdateRefused, tr
from hms_server.contract.envelope import Request
from hms_server.contract.updates import Manifest, ReadUpdatePart

log = structlog.get_logger()

A = TypeVar("A")

RETRY_S = 5.0
LONGEST_WAIT_S = 30.0
TRIES = 24
"""So often in a row nothing comes before it is given up; the next try goes on where this one stopped."""
PASSING = ("link.", "server.", "request.too_many")
"""Beginnings of the codes of faults that end by themselves."""


class Asking(Protocol):
    """As much as is needed of a connection."""

    def ask(self, request: Request[A]) -> A: ...


class Stopped(Exception):  # noqa: N818 - an order, not an error
    """The program ends; what has come is kept."""


class Fetcher:
    """Waits for the network, so never on the thread of the windows."""

    def __init__(
        self,
        line: Asking,
        store: UpdateStore,
        *,
        stop: Event,
        progress: Callable[[int, int], None],
        retry_s: float = RETRY_S,
    ) -> None:
        """`progress` is told the bytes that are here and the bytes that there will be."""
        self._line = line
        self._store = store
        self._stop = stop
        self._progress = progress
        self._retry_s = retry_s

    def fetch(self, manifest: Manifest) -> Path:
        """The whole file, proved. Raises `UpdateRefused`, `Stopped`, or `FaultError` when nothing comes."""
        here = self._store.begin(manifest)
        while here < manifest.size_bytes:
            self._progress(here, manifest.size_bytes)
            data = self._next_part(manifest, here)
            if len(data) > manifest.size_bytes - here:
                raise UpdateRefused(
                    tr("The server sends more than was signed as the update. It is not used.")
                )
            here = self._store.append(manifest, here, data)
        self._progress(here, manifest.size_bytes)
        return self._store.finish(manifest)

    def _next_part(self, manifest: Manifest, offset: int) -> bytes:
        failed = 0
        while True:
            if self._stop.is_set():
                raise Stopped
            try:
                part = self._line.ask(ReadUpdatePart(sha256=manifest.sha256, offset=offset))
            except FaultError as error:
                failed += 1
                self._bear(error, failed)
                continue
            if part.data:
                return part.data
            if part.wait_ms <= 0:
                raise UpdateRefused(
                    tr("The server sends less than was signed as the update. It is not used.")
                )
            self._pause(part.wait_ms / 1000)

    def _bear(self, error: FaultError, failed: int) -> None:
        if not error.fault.code.startswith(PASSING) or failed >= TRIES:
            raise error
        log.info("part of the update did not come", reason=error.fault.message)
        self._pause(self._retry_s)

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(min(seconds, LONGEST_WAIT_S)):
            raise Stopped


def is_passing(error: FaultError) -> bool:
    """Whether it ends by itself, so that nobody need be told."""
    return error.fault.code.startswith(PASSING)
