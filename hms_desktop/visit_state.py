"""What desks share that show one paper of one visit at a time, such as a bill or a prescription."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault, Request
from hms_server.contract.values import EncounterId, TicketId
from hms_server.contract.visits import TicketRow

A = TypeVar("A")


class VisitState(QObject):
    """Fetches again what changed, drops answers about a visit that was left, stores one thing at a time.

    A slice says what is fetched, in `fetch_visit` and `fetch_lists`.
    """

    refused = Signal(object)
    """A `Fault`: nothing was stored."""
    failed = Signal(object)
    """A `Fault`: what the visit is about could not be fetched."""

    def __init__(
        self,
        session: Session,
        *,
        changes: tuple[type[Event], ...],
        gather_ms: int,
        parent: QObject | None = None,
    ) -> None:
        """`changes` are the events after which everything shown is fetched again, once for many of them."""
        super().__init__(parent)
        self._session = session
        self._changes = changes
        self.encounter_id: EncounterId | None = None
        """The visit that is open."""
        self.ticket_id: TicketId | None = None
        """The ticket with which the visit was called, None for what was left open another day."""
        self.saving = False
        """Something is under way to the server; until it is answered, nothing else is stored."""
        self._gather = QTimer(self, singleShot=True, interval=gather_ms)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def reload(self) -> None:
        """Fetches everything that is shown."""
        if self.encounter_id is not None:
            self.fetch_visit(self.encounter_id)
        self.fetch_lists()

    def fetch_visit(self, encounter_id: EncounterId) -> None:
        """Asks for what the open visit is about."""
        raise NotImplementedError

    def fetch_lists(self) -> None:
        """Asks for what stands beside it."""
        raise NotImplementedError

    def begin(self, encounter_id: EncounterId, ticket: TicketRow | None) -> None:
        """From now on this visit is open."""
        self.encounter_id = encounter_id
        self.ticket_id = ticket.id if ticket is not None else None

    def ask_about(self, encounter_id: EncounterId, request: Request[A], *, done: Callable[[A], None]) -> None:
        """Asks about a visit; an answer that comes after it was left is dropped."""

        def on_answer(answer: A) -> None:
            if encounter_id == self.encounter_id:
                done(answer)

        def on_fault(fault: Fault) -> None:
            if encounter_id == self.encounter_id:
                self.failed.emit(fault)

        self._session.ask(request, done=on_answer, failed=on_fault, owner=self)

    def ask_aside(self, request: Request[A], *, done: Callable[[A], None]) -> None:
        """Asks for a list at the side, which stays as it was where the server is away: that is said below."""
        self._session.ask(request, done=done, failed=lambda _fault: None, owner=self)

    def store(
        self, request: Request[A], *, done: Callable[[A], None], refused: SignalInstance | None = None
    ) -> None:
        """Stores something once, however often it is pressed; afterwards all is fetched again."""
        if self.saving:
            return
        self.saving = True

        def on_stored(answer: A) -> None:
            self.saving = False
            done(answer)
            self._gather.start()

        def on_refused(fault: Fault) -> None:
            self.saving = False
            (refused or self.refused).emit(fault)
            # Somebody else may have been faster: what is shown may be old.
            self.reload()

        self._session.save(request, done=on_stored, failed=on_refused, owner=self)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, self._changes):
            self._gather.start()
