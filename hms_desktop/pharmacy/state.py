"""One prescription as the server has it, what is still owed elsewhere, and stock that needs attention."""

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_desktop.visit_state import VisitState
from hms_server.contract.consultations import GetBanner
from hms_server.contract.pharmacy import (
    AttentionRow,
    Dispense,
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
from hms_server.contract.values import EncounterId, PatientId
from hms_server.contract.visits import TicketRow

GATHER_MS = 90


class DispensaryState(VisitState):
    """Follows one prescription; what the pharmacist has picked is the panel's."""

    prescription_changed = Signal()
    """`prescription` is new, or None."""
    banner_changed = Signal(object)
    """The `Banner` of the patient whose prescription is open."""
    lists_changed = Signal()
    """`owing` or `attention` is new."""
    dispensed = Signal(object)
    """A `Dispensed`: it is stored and may be handed over."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(
            session, changes=(StockChanged, MedicationDispensed), gather_ms=GATHER_MS, parent=parent
        )
        self.prescription: Prescription | None = None
        self.owing: list[ToDispenseRow] = []
        self.attention: list[AttentionRow] = []

    def open(self, encounter_id: EncounterId, patient_id: PatientId, ticket: TicketRow | None) -> None:
        """Shows the prescription of that visit, with the patient's allergies."""
        self.begin(encounter_id, ticket)
        self.prescription = None
        self.prescription_changed.emit()
        self.ask_about(encounter_id, GetBanner(patient_id=patient_id), done=self.banner_changed.emit)
        self.fetch_visit(encounter_id)

    def fetch_visit(self, encounter_id: EncounterId) -> None:
        self.ask_about(encounter_id, GetPrescription(encounter_id=encounter_id), done=self._on_prescription)

    def fetch_lists(self) -> None:
        self.ask_aside(ListToDispense(), done=self._on_owing)
        self.ask_aside(ListStockAttention(), done=self._on_attention)

    def dispense(self, lines: list[PickedLine]) -> None:
        """Takes the picked quantities out of stock and sends the patient on."""
        if self.encounter_id is not None:
            request = Dispense(encounter_id=self.encounter_id, ticket_id=self.ticket_id, lines=lines)
            self.store(request, done=self.dispensed.emit)

    def _on_prescription(self, prescription: Prescription) -> None:
        self.prescription = prescription
        self.prescription_changed.emit()

    def _on_owing(self, answer: ToDispense) -> None:
        self.owing = [row for row in answer.rows if row.ticket is None]
        self.lists_changed.emit()

    def _on_attention(self, answer: StockAttention) -> None:
        self.attention = answer.rows
        self.lists_changed.emit()
