"""What the nurse's station asks and tells the server about the patient who is open."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.consultations import Banner, ChartChanged, GetBanner
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import (
    GetVitals,
    RecordVitals,
    VitalsHistory,
    VitalSigns,
    VitalSignsRecorded,
    VitalsRecorded,
)
from hms_server.contract.values import EncounterId, PatientId, StaffId
from hms_server.contract.visits import (
    DOCTOR,
    CheckedIn,
    ListPractitioners,
    MoveTicket,
    Practitioners,
    TicketRow,
)

GATHER_MS = 70
"""A run of events is answered by one fetch."""


class TriageState(QObject):
    """Answers about a patient left meanwhile are ignored, except whether something was stored."""

    banner_came = Signal(object)
    """A `Banner` of the open patient."""
    history_came = Signal(object)
    """A `VitalsHistory` of the open patient."""
    practitioners_came = Signal(object)
    """A list of `Person`."""
    banner_failed = Signal(object)
    """A `Fault`: nobody knows which allergies the open patient has."""
    history_failed = Signal(object)
    """A `Fault`: nobody knows what was measured before."""
    stored = Signal(object, object)
    """The `TicketRow` for which it was asked, and the `VitalsRecorded`."""
    sent = Signal(object, object)
    """The `TicketRow` that was, and the one under which the patient waits now."""
    refused = Signal(object, object)
    """The `TicketRow` for which it was asked, and the `Fault`."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.ticket: TicketRow | None = None
        self._saving: set[EncounterId] = set()
        self._watched = False
        self._stale = False
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.mark_stale)

    def open(self, ticket: TicketRow) -> None:
        """From now on this patient is treated here."""
        self.ticket = ticket
        self._session.ask(ListPractitioners(), done=self._on_practitioners)
        self.reload()

    def see_rank(self, ticket: TicketRow) -> None:
        """The open patient's ticket as the server has ranked it now."""
        if self.ticket is not None and self.ticket.id == ticket.id:
            self.ticket = ticket

    def close(self) -> None:
        """Nobody is treated here."""
        self.ticket = None
        self._gather.stop()

    def is_saving(self, ticket: TicketRow) -> bool:
        """Whether something for this patient is on its way to the server."""
        return ticket.encounter_id in self._saving

    def watch(self) -> None:
        """Somebody looks: fetches what has become stale."""
        self._watched = True
        if self._stale:
            self.reload()

    def look_away(self) -> None:
        """Nobody looks: changes only mark the chart stale."""
        self._watched = False
        self._gather.stop()

    def mark_stale(self) -> None:
        """What stands beside the form may be old; it is fetched soon where somebody looks."""
        self._stale = True
        if self._watched:
            self._gather.start()

    def reload(self) -> None:
        """Fetches banner and history of the open patient now."""
        self._stale = False
        if self.ticket is None:
            return
        patient_id = self.ticket.patient.id
        self._session.ask(
            GetBanner(patient_id=patient_id),
            done=lambda banner: self._on_banner(patient_id, banner),
            failed=lambda fault: self._on_banner_failed(patient_id, fault),
            owner=self,
        )
        self._session.ask(
            GetVitals(patient_id=patient_id),
            done=lambda history: self._on_history(patient_id, history),
            failed=lambda fault: self._on_history_failed(patient_id, fault),
            owner=self,
        )

    def record(
        self, signs: VitalSigns, *, confirmed: Sequence[str], urgency: QueuePriority | None = None
    ) -> None:
        """Stores a set of the open patient, who stays here."""
        ticket = self._begin()
        request = RecordVitals(
            encounter_id=ticket.encounter_id,
            ticket_id=ticket.id,
            signs=signs,
            confirmed=list(confirmed),
            urgency=urgency,
        )
        self._record(ticket, request)

    def record_and_send(
        self,
        signs: VitalSigns,
        *,
        confirmed: Sequence[str],
        practitioner_id: StaffId | None,
        urgency: QueuePriority | None = None,
    ) -> None:
        """Stores a set of the open patient, who waits for the doctor from then on."""
        ticket = self._begin()
        request = RecordVitals(
            encounter_id=ticket.encounter_id,
            ticket_id=ticket.id,
            signs=signs,
            confirmed=list(confirmed),
            send_to=DOCTOR,
            practitioner_id=practitioner_id,
            urgency=urgency,
        )
        self._record(ticket, request)

    def send(self, *, practitioner_id: StaffId | None) -> None:
        """Sends the open patient, whose vital signs are stored already, to the doctor."""
        ticket = self._begin()
        self._session.save(
            MoveTicket(ticket_id=ticket.id, service=DOCTOR, practitioner_id=practitioner_id),
            done=lambda answer: self._on_sent(ticket, answer),
            failed=lambda fault: self._on_refused(ticket, fault),
            owner=self,
        )

    def _begin(self) -> TicketRow:
        assert self.ticket is not None
        self._saving.add(self.ticket.encounter_id)
        return self.ticket

    def _record(self, ticket: TicketRow, request: RecordVitals) -> None:
        self._session.save(
            request,
            done=lambda answer: self._on_stored(ticket, answer),
            failed=lambda fault: self._on_refused(ticket, fault),
            owner=self,
        )

    def _on_stored(self, ticket: TicketRow, answer: VitalsRecorded) -> None:
        self._saving.discard(ticket.encounter_id)
        self.stored.emit(ticket, answer)

    def _on_sent(self, ticket: TicketRow, answer: CheckedIn) -> None:
        self._saving.discard(ticket.encounter_id)
        self.sent.emit(ticket, answer.ticket)

    def _on_refused(self, ticket: TicketRow, fault: Fault) -> None:
        self._saving.discard(ticket.encounter_id)
        self.refused.emit(ticket, fault)

    def _is_open(self, patient_id: PatientId) -> bool:
        return self.ticket is not None and self.ticket.patient.id == patient_id

    def _on_banner(self, patient_id: PatientId, banner: Banner) -> None:
        if self._is_open(patient_id):
            self.banner_came.emit(banner)

    def _on_history(self, patient_id: PatientId, history: VitalsHistory) -> None:
        if self._is_open(patient_id):
            self.history_came.emit(history)

    def _on_banner_failed(self, patient_id: PatientId, fault: Fault) -> None:
        if self._is_open(patient_id):
            self._stale = True
            self.banner_failed.emit(fault)

    def _on_history_failed(self, patient_id: PatientId, fault: Fault) -> None:
        if self._is_open(patient_id):
            self._stale = True
            self.history_failed.emit(fault)

    def _on_practitioners(self, answer: Practitioners) -> None:
        self.practitioners_came.emit(answer.practitioners)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, VitalSignsRecorded | ChartChanged) and self._is_open(event.patient_id):
            self.mark_stale()
