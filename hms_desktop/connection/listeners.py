"""Who wants to be told what by the connection, and the promise that one failing listener harms no other."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from hms_desktop.connection.identity import PinnedServer
from hms_server.contract.envelope import Event, Fault

log = structlog.get_logger()


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the connection, for the sign in the corner of the window."""

    connected: bool
    server: str
    round_trip_ms: float | None = None
    problem: Fault | None = None


class Listeners:
    """Callbacks in the order in which they were added; all of them run on the connection's thread."""

    def __init__(self) -> None:
        self.event: list[Callable[[Event], None]] = []
        self.gap: list[Callable[[], None]] = []
        self.lapsed: list[Callable[[Fault], None]] = []
        self.link: list[Callable[[Link], None]] = []
        self.moved: list[Callable[[PinnedServer], None]] = []


def tell(callbacks: Iterable[Callable[..., None]], *news: Any) -> None:
    """A callback that fails is a bug of its owner; the connection goes on for everybody else."""
    for callback in tuple(callbacks):
        try:
            callback(*news)
        except Exception:
            log.exception("callback failed", callback=repr(callback))
