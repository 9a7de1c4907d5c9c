"""What staff do with tickets, and how the last of it is taken back."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.values import RoomId, StaffId, TicketId
from hms_server.contract.visits import (
    Called,
    CallNext,
    CallTicket,
    CheckedIn,
    MarkLeft,
    MarkNoShow,
    MoveTicket,
    Recall,
    TicketRow,
    UndoTicket,
)

A = TypeVar("A")


class TicketActs(QObject):
    """Asks the server, one act at a time: a key that is pressed twice does nothing twice."""

    called = Signal(object)
    """The `TicketRow` that was called by this screen."""
    recalled = Signal(object)
    """The `TicketRow` that was announced once more."""
    nobody_waiting = Signal()
    gone = Signal(object)
    """The `TicketRow` that did not show up or has left."""
    moved = Signal(object, object)
    """The `TicketRow` as it was, and the new one."""
    undone = Signal(object)
    """The `TicketRow` as it stands again."""
    refused = Signal(object)
    """A `Fault`."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._busy = False
        self._undoable: list[TicketId] = []

    @property
    def may_undo(self) -> bool:
        """Whether this screen has done something that can be taken back."""
        return bool(self._undoable)

    def call_next(self, service: str, room_id: RoomId) -> None:
        """Calls whoever is next."""
        self._do(CallNext(service=service, room_id=room_id), self._on_called)

    def call(self, ticket: TicketRow, room_id: RoomId) -> None:
        """Calls this patient out of turn."""
        self._do(CallTicket(ticket_id=ticket.id, room_id=room_id), self._on_called)

    def recall(self, ticket: TicketRow) -> None:
        """Announces the ticket once more."""
        self._do(Recall(ticket_id=ticket.id), self._on_recalled)

    def mark_no_show(self, ticket: TicketRow) -> None:
        """The patient does not answer the call."""
        self._do(MarkNoShow(ticket_id=ticket.id), lambda answer: self._on_gone(ticket, answer))

    def mark_left(self, ticket: TicketRow, reason: str) -> None:
        """The patient went home before the end."""
        request = MarkLeft(ticket_id=ticket.id, reason=reason)
        self._do(request, lambda answer: self._on_gone(ticket, answer))

    def move(self, ticket: TicketRow, service: str, *, practitioner_id: StaffId | None = None) -> None:
        """Sends the patient to another queue."""
        request = MoveTicket(ticket_id=ticket.id, service=service, practitioner_id=practitioner_id)
        self._do(request, lambda answer: self._on_moved(ticket, answer))

    def undo(self) -> None:
        """Takes back the last thing that this screen did."""
        if self._undoable:
            self._do(UndoTicket(ticket_id=self._undoable[-1]), self._on_undone)

    def _do(self, request: Request[A], done: Callable[[A], None]) -> None:
        if self._busy:
            return
        link = self._session.link
        if link is not None and not link.connected:
            # A call that waits for the link would announce a patient when nobody expects it any more.
            self.refused.emit(Fault(code="link.down", message=self._offline_sentence()))
            return
        self._busy = True
        self._session.save(
            request, done=lambda answer: self._finish(done, answer), failed=self._fail, owner=self
        )

    def _offline_sentence(self) -> str:
        return self.tr("There is no connection to the server. Call by name, and write it down later.")

    def _finish(self, done: Callable[[A], None], answer: A) -> None:
        self._busy = False
        done(answer)

    def _fail(self, fault: Fault) -> None:
        self._busy = False
        self.refused.emit(fault)

    def _on_called(self, answer: Called) -> None:
        if answer.ticket is None:
            self.nobody_waiting.emit()
            return
        self._undoable.append(answer.ticket.id)
        self.called.emit(answer.ticket)

    def _on_recalled(self, answer: Called) -> None:
        if answer.ticket is not None:
            self.recalled.emit(answer.ticket)

    def _on_gone(self, ticket: TicketRow, _answer: Nothing) -> None:
        self._undoable.append(ticket.id)
        self.gone.emit(ticket)

    def _on_moved(self, ticket: TicketRow, answer: CheckedIn) -> None:
        self._undoable.append(ticket.id)
        self.moved.emit(ticket, answer.ticket)

    def _on_undone(self, answer: CheckedIn) -> None:
        self._undoable.pop()
        self.undone.emit(answer.ticket)
