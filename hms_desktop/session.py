"""The bridge between the connection's thread and Qt: asks on the GUI thread, answers on the GUI thread."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from hms_server.contract.envelope import Event, Fault, Request

A = TypeVar("A")

SESSION_FAULT_PREFIX = "session."
"""Faults whose code begins so mean that nobody is signed in here any more."""


class Link(Protocol):
    """How the server is reached at the moment."""

    @property
    def connected(self) -> bool: ...
    @property
    def round_trip_ms(self) -> float | None: ...
    @property
    def server(self) -> str: ...


class Connection(Protocol):
    """What the session needs of the client. Callbacks may come on any thread."""

    def submit(self, request: Request[A], on_answer: Callable[[A | Fault], None]) -> object: ...
    def on_event(self, callback: Callable[[Event], None]) -> None: ...
    def on_link(self, callback: Callable[[Link], None]) -> None: ...
    def on_gap(self, callback: Callable[[], None]) -> None: ...
    def on_lapsed(self, callback: Callable[[Fault], None]) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What has been handed to the server: under way, waiting for a link, and when the last one was stored."""

    saving: int = 0
    waiting: int = 0
    stored_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Pending:
    done: Callable[[Any], None]
    failed: Callable[[Fault], None] | None
    owner: QObject | None
    saves: bool


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Session(QObject):
    """Used on the GUI thread only; every callback and signal arrives there, never before `ask` returned."""

    link_changed = Signal(object)
    """A `Link`."""
    event_arrived = Signal(object)
    """An `Event`, decoded, in the order in which the server committed."""
    events_missed = Signal()
    """Events are gone for good: every screen fetches its snapshot again."""
    ended = Signal(object)
    """A `Fault`: the person is not signed in any more, and why."""
    refused = Signal(object)
    """A `Fault` that no caller wanted to show itself."""
    stored_changed = Signal(object)
    """A `Stored`."""

    _answered = Signal(int, object)
    _link_arrived = Signal(object)

    def __init__(
        self,
        connection: Connection,
        parent: QObject | None = None,
        *,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__(parent)
        self._connection = connection
        self._clock = clock
        self._numbers = count(1)
        self._pending: dict[int, _Pending] = {}
        self._connected = True
        self._closed = False
        self.stored = Stored()
        self.link: Link | None = None
        self._answered.connect(self._on_answered, Qt.ConnectionType.QueuedConnection)
        self._listen()

    def ask(
        self,
        request: Request[A],
        *,
        done: Callable[[A], None],
        failed: Callable[[Fault], None] | None = None,
        owner: QObject | None = None,
    ) -> None:
        """Asks a question and returns at once.

        `owner` is by default the object whose method `done` is; once it is destroyed, the answer is
        dropped. Without `failed`, a fault goes to `refused`.
        """
        self._submit(request, _Pending(done, failed, owner or _owner_of(done), saves=False))

    def save(
        self,
        request: Request[A],
        *,
        done: Callable[[A], None],
        failed: Callable[[Fault], None] | None = None,
        owner: QObject | None = None,
    ) -> None:
        """Like `ask`, for a request that stores something: it counts as saving until it is answered."""
        self._submit(request, _Pending(done, failed, owner or _owner_of(done), saves=True))

    def close(self) -> None:
        """Drops what is still unanswered and closes the connection."""
        self._closed = True
        self._pending.clear()
        self._connection.close()

    def _listen(self) -> None:
        self._connection.on_event(lambda event: self._forward(self.event_arrived, event))
        self._connection.on_link(lambda link: self._forward(self._link_arrived, link))
        self._connection.on_gap(lambda: self._forward(self.events_missed))
        self._connection.on_lapsed(lambda fault: self._forward(self.ended, fault))
        self._link_arrived.connect(self._on_link, Qt.ConnectionType.QueuedConnection)

    def _forward(self, signal: Any, *values: object) -> None:
        """Called on the connection's thread, which may outlive the window for a moment."""
        if not self._closed and isValid(self):
            signal.emit(*values)

    def _submit(self, request: Request[A], pending: _Pending) -> None:
        if self._closed:
            # A list that wants to reload after the window is gone has nobody to show it to.
            return
        number = next(self._numbers)
        self._pending[number] = pending
        if pending.saves:
            self._recount()
        self._connection.submit(request, lambda answer: self._forward(self._answered, number, answer))

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        pending = self._pending.pop(number, None)
        if pending is None:
            return
        if pending.saves:
            self._recount(stored_at=None if isinstance(answer, Fault) else self._clock())
        if pending.owner is not None and not isValid(pending.owner):
            return
        if isinstance(answer, Fault):
            self._fail(pending, answer)
        else:
            pending.done(answer)

    def _fail(self, pending: _Pending, fault: Fault) -> None:
        if fault.code.startswith(SESSION_FAULT_PREFIX):
            self.ended.emit(fault)
        elif pending.failed is not None:
            pending.failed(fault)
        else:
            self.refused.emit(fault)

    @Slot(object)
    def _on_link(self, link: Link) -> None:
        self.link = link
        if link.connected != self._connected:
            self._connected = link.connected
            self._recount()
        self.link_changed.emit(link)

    def _recount(self, *, stored_at: datetime | None = None) -> None:
        unanswered = sum(pending.saves for pending in self._pending.values())
        self.stored = Stored(
            saving=unanswered if self._connected else 0,
            waiting=0 if self._connected else unanswered,
            stored_at=stored_at or self.stored.stored_at,
        )
        self.stored_changed.emit(self.stored)


def _owner_of(callback: Callable[..., None]) -> QObject | None:
    owner = getattr(callback, "__self__", None)
    return owner if isinstance(owner, QObject) else None
