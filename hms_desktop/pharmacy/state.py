"""One prescription as the server has it, what is still owed elsewhere, and stock that needs attention."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.consultations import Banner, GetBanner
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.pharmacy import (
    AttentionRow,
    Dispense,
    Dispensed,
    GetPrescription,
    ListStockAttention,
    ListToDispense,
    MedicationDispensed,
    PickedLine,
    Prescription,
    StockAttention,
    StockChanged,
    ToDispense,
    ToDispenseRow,
)
from hms_server.contract.values import EncounterId, PatientId, TicketId
from hms_server.contract.visits import TicketRow

GATHER_MS = 90


class DispensaryState(QObject):
    """Follows one prescription; what the pharmacist has picked is the panel's."""

    prescription_changed = Signal()
    """`prescription` is new, or None."""
    banner_changed = Signal(object)
    """The `Banner` of the patient whose prescription is open."""
    lists_changed = Signal()
    """`owing` or `attention` is new."""
    dispensed = Signal(object)
    """A `Dispensed`: it is stored and may be handed over."""
    refused = Signal(object)
    """A `Fault`: nothing was dispensed."""
    failed = Signal(object)
    """A `Fault`: the prescription could not be fetched."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._encounter_id: EncounterId | None = None
        self._ticket_id: TicketId | None = None
        self.dispensing = False
        self.prescription: Prescription | None = None
        self.owing: list[ToDispenseRow] = []
        self.attention: list[AttentionRow] = []
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def open(self, encounter_id: EncounterId, patient_id: PatientId, ticket: TicketRow | None) -> None:
        """Shows the prescription of that visit, with the patient's allergies."""
        self._encounter_id = encounter_id
        self._ticket_id = ticket.id if ticket is not None else None
        self.prescription = None
        self.prescription_changed.emit()
        self._session.ask(
            GetBanner(patient_id=patient_id),
            done=lambda banner: self._on_banner(encounter_id, banner),
            failed=lambda fault: self._on_failed(encounter_id, fault),
            owner=self,
        )
        self._fetch(encounter_id)

    def reload(self) -> None:
        """Fetches everything that is shown."""
        if self._encounter_id is not None:
            self._fetch(self._encounter_id)
        self._session.ask(ListToDispense(), done=self._on_owing, failed=self._on_quiet_failure)
        self._session.ask(ListStockAttention(), done=self._on_attention, failed=self._on_quiet_failure)

    def dispense(self, lines: list[PickedLine]) -> None:
        """Takes the picked quantities out of stock and sends the patient on."""
        if self._encounter_id is None or self.dispensing:
            return
        self.dispensing = True
        request = Dispense(encounter_id=self._encounter_id, ticket_id=self._ticket_id, lines=lines)
        self._session.save(request, done=self._on_dispensed, failed=self._on_refused)

    def _fetch(self, encounter_id: EncounterId) -> None:
        self._session.ask(
            GetPrescription(encounter_id=encounter_id),
            done=self._on_prescription,
            failed=lambda fault: self._on_failed(encounter_id, fault),
            owner=self,
        )

    def _on_prescription(self, prescription: Prescription) -> None:
        if prescription.encounter_id == self._encounter_id:
            self.prescription = prescription
            self.prescription_changed.emit()

    def _on_banner(self, encounter_id: EncounterId, banner: Banner) -> None:
        if encounter_id == self._encounter_id:
            self.banner_changed.emit(banner)

    def _on_failed(self, encounter_id: EncounterId, fault: Fault) -> None:
        if encounter_id == self._encounter_id:
            self.failed.emit(fault)

    def _on_owing(self, answer: ToDispense) -> None:
        self.owing = [row for row in answer.rows if row.ticket is None]
        self.lists_changed.emit()

    def _on_attention(self, answer: StockAttention) -> None:
        self.attention = answer.rows
        self.lists_changed.emit()

    def _on_quiet_failure(self, _fault: Fault) -> None:
        # The lists at the side stay as they were; the status bar says that the server is away.
        return

    def _on_dispensed(self, answer: Dispensed) -> None:
        self.dispensing = False
        self.dispensed.emit(answer)
        self._gather.start()

    def _on_refused(self, fault: Fault) -> None:
        self.dispensing = False
        self.refused.emit(fault)
        # Another terminal may have been faster: stock and what is owing are fetched again.
        self.reload()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StockChanged | MedicationDispensed):
            self._gather.start()
