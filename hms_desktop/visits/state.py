"""One queue as the server has it: fetched, marked stale by events, fetched again while somebody looks."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.visits import ListQueue, Queue, QueueChanged, TicketRow, TicketState

GATHER_MS = 70
"""Events come in runs (a move closes one ticket and issues another); one fetch answers a run."""
TICK_MS = 20_000
"""So often the waiting times on the screen grow."""


class QueueState(QObject):
    """`service` None is every queue of the clinic."""

    changed = Signal()
    """`tickets` are new, or time has passed."""
    failed = Signal(object)
    """A `Fault`: the list could not be fetched."""

    def __init__(
        self,
        session: Session,
        *,
        service: str | None,
        mine: bool,
        clock: Callable[[], datetime],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._request = ListQueue(service=service, mine=mine)
        self._clock = clock
        self._watched = False
        self._stale = True
        self._asked = 0
        self._known = False
        self.tickets: list[TicketRow] = []
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.mark_stale)

    @property
    def service(self) -> str | None:
        """The queue that is shown."""
        return self._request.service

    @property
    def waiting(self) -> list[TicketRow]:
        """Those who have not been called, in the order of their calls."""
        return [ticket for ticket in self.tickets if ticket.state is TicketState.WAITING]

    @property
    def now(self) -> datetime:
        """The time by which waiting times are counted."""
        return self._clock()

    def watch(self) -> None:
        """Somebody looks: fetches what has become stale."""
        self._watched = True
        self._tick.start()
        if self._known:
            self.changed.emit()
        if self._stale:
            self.reload()

    def look_away(self) -> None:
        """Nobody looks: changes only mark the list stale."""
        self._watched = False
        self._tick.stop()
        self._gather.stop()

    def mark_stale(self) -> None:
        """The list may be old; it is fetched soon where somebody looks."""
        self._stale = True
        if self._watched:
            self._gather.start()

    def reload(self) -> None:
        """Fetches the list now."""
        self._stale = False
        self._asked += 1
        number = self._asked
        self._session.ask(
            self._request,
            done=lambda answer: self._on_queue(number, answer),
            failed=self._on_failed,
            owner=self,
        )

    def _on_queue(self, number: int, answer: Queue) -> None:
        if number == self._asked:
            self.tickets = answer.tickets
            self._known = True
            self.changed.emit()

    def _on_failed(self, fault: Fault) -> None:
        self._stale = True
        self._known = False
        self.failed.emit(fault)

    def _on_tick(self) -> None:
        if self._known:
            self.changed.emit()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, QueueChanged) and self.service in (None, event.service):
            self.mark_stale()
