"""What the patient who is open has agreed to, and writing a decision down."""

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.patients import (
    ConsentChanged,
    ConsentDecision,
    ConsentHow,
    Consents,
    ConsentScope,
    GetConsents,
    RecordConsent,
)
from hms_server.contract.values import PatientId


class ConsentsState(QObject):
    """An answer about somebody who is not open any more is ignored."""

    came = Signal(object)
    """The `Consents` of whoever is open."""
    failed = Signal(object)
    """A `Fault`: what was agreed to is not known."""
    refused = Signal(object)
    """A `Fault`: the decision is not stored."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._patient_id: PatientId | None = None
        self.saving = False
        session.event_arrived.connect(self._on_event)

    def open(self, patient_id: PatientId | None) -> None:
        """Fetches what this patient has said."""
        self._patient_id = patient_id
        self.saving = False
        self.fetch()

    def fetch(self) -> None:
        """Fetches it again."""
        patient_id = self._patient_id
        if patient_id is not None:
            self._session.ask(
                GetConsents(patient_id=patient_id),
                done=self._on_consents,
                failed=lambda fault: self._on_failed(patient_id, fault),
                owner=self,
            )

    def record(self, scope: ConsentScope, decision: ConsentDecision, how: ConsentHow) -> None:
        """Writes down what the patient has just said."""
        patient_id = self._patient_id
        if patient_id is None or self.saving:
            return
        self.saving = True
        self._session.save(
            RecordConsent(patient_id=patient_id, scope=scope, decision=decision, how=how),
            done=self._on_consents,
            failed=lambda fault: self._on_refused(patient_id, fault),
            owner=self,
        )

    def _on_consents(self, consents: Consents) -> None:
        if consents.patient_id == self._patient_id:
            self.saving = False
            self.came.emit(consents)

    def _on_failed(self, patient_id: PatientId, fault: Fault) -> None:
        if patient_id == self._patient_id:
            self.failed.emit(fault)

    def _on_refused(self, patient_id: PatientId, fault: Fault) -> None:
        if patient_id == self._patient_id:
            self.saving = False
            self.refused.emit(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ConsentChanged) and event.patient_id == self._patient_id and not self.saving:
            self.fetch()
