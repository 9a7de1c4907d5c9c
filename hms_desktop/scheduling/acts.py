"""What a desk does with appointments, and how the last of it is taken back."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, SignalInstance

from hms_desktop.session import Session
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.scheduling import (
    AppointmentRow,
    AppointmentStored,
    BookAppointment,
    CancelAppointment,
    MarkAppointmentMissed,
    MoveAppointment,
    ReopenAppointment,
    Slot,
)
from hms_server.contract.values import PatientHeader
from hms_server.contract.visits import CheckedIn, CheckIn

A = TypeVar("A")


class AppointmentActs(QObject):
    """Asks the server, one act at a time: a key that is pressed twice does nothing twice."""

    booked = Signal(object)
    """The new `AppointmentRow`."""
    moved = Signal(object, object)
    """The `AppointmentRow` as it was, and as it is."""
    cancelled = Signal(object)
    missed = Signal(object)
    """The `AppointmentRow` whose patient did not come."""
    undone = Signal(object)
    """The `AppointmentRow` as it stands again."""
    checked_in = Signal(object)
    """The `TicketRow` that was issued."""
    refused = Signal(object)
    """A `Fault`."""
    busy_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.busy = False
        self._undo: Request[AppointmentStored] | None = None

    @property
    def may_undo(self) -> bool:
        """Whether the last act of this screen can be taken back."""
        return self._undo is not None

    def book(self, patient: PatientHeader, slot: Slot, *, reason: str) -> None:
        """Takes a free slot for a patient."""
        request = BookAppointment(
            patient_id=patient.id,
            practitioner_id=slot.practitioner.id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            room_id=slot.room_id,
            speciality=slot.speciality,
            reason=reason,
        )
        self._do(request, self._on_booked)

    def move(self, row: AppointmentRow, slot: Slot) -> None:
        """Takes another slot for it."""
        request = MoveAppointment(
            appointment_id=row.id,
            version=row.version,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            practitioner_id=slot.practitioner.id,
            room_id=slot.room_id,
        )
        self._do(request, lambda answer: self._on_moved(row, answer))

    def cancel(self, row: AppointmentRow, reason: str) -> None:
        request = CancelAppointment(appointment_id=row.id, version=row.version, reason=reason)
        self._do(request, lambda answer: self._on_given_up(self.cancelled, answer))

    def mark_missed(self, row: AppointmentRow) -> None:
        """The patient did not come."""
        request = MarkAppointmentMissed(appointment_id=row.id, version=row.version)
        self._do(request, lambda answer: self._on_given_up(self.missed, answer))

    def check_in(self, row: AppointmentRow) -> None:
        """The patient is here: a ticket of the queue that the appointment names."""
        self._do(CheckIn(patient_id=row.patient.id, appointment_id=row.id), self._on_checked_in)

    def undo(self) -> None:
        """Takes back the last thing that this screen did."""
        if self._undo is not None:
            self._do(self._undo, self._on_undone)

    def _do(self, request: Request[A], done: Callable[[A], None]) -> None:
        if self.busy:
            return
        link = self._session.link
        if link is not None and not link.connected:
            # A booking that waits for the link would promise a time that somebody else may take.
            self.refused.emit(Fault(code="link.down", message=self._offline_sentence()))
            return
        self._set_busy(busy=True)
        self._session.save(
            request, done=lambda answer: self._finish(done, answer), failed=self._fail, owner=self
        )

    def _offline_sentence(self) -> str:
        return self.tr("There is no connection to the server. Note it on paper, and enter it later.")

    def _finish(self, done: Callable[[A], None], answer: A) -> None:
        self._set_busy(busy=False)
        done(answer)

    def _fail(self, fault: Fault) -> None:
        self._set_busy(busy=False)
        self.refused.emit(fault)

    def _set_busy(self, *, busy: bool) -> None:
        self.busy = busy
        self.busy_changed.emit()

    def _on_booked(self, answer: AppointmentStored) -> None:
        row = answer.appointment
        reason = self.tr("Booked by mistake")
        self._undo = CancelAppointment(appointment_id=row.id, version=row.version, reason=reason)
        self.booked.emit(row)

    def _on_moved(self, before: AppointmentRow, answer: AppointmentStored) -> None:
        # The time it had was agreed upon, whether it lay in the hours or not.
        self._undo = MoveAppointment(
            appointment_id=before.id,
            version=answer.appointment.version,
            starts_at=before.starts_at,
            ends_at=before.ends_at,
            practitioner_id=before.practitioner.id,
            room_id=before.room_id,
            confirmed=True,
        )
        self.moved.emit(before, answer.appointment)

    def _on_given_up(self, signal: SignalInstance, answer: AppointmentStored) -> None:
        row = answer.appointment
        self._undo = ReopenAppointment(appointment_id=row.id, version=row.version)
        signal.emit(row)

    def _on_undone(self, answer: AppointmentStored) -> None:
        self._undo = None
        self.undone.emit(answer.appointment)

    def _on_checked_in(self, answer: CheckedIn) -> None:
        self._undo = None
        self.checked_in.emit(answer.ticket)
