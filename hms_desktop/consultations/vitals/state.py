"""The vital signs of the open patient, fetched again when a nurse has measured."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.triage import GetVitals, VitalsHistory, VitalSignsRecorded
from hms_server.contract.values import PatientId

GATHER_MS = 80


class VitalsState(QObject):
    """Bound to one patient at a time."""

    changed = Signal(object)
    """A `VitalsHistory`."""
    failed = Signal(object)
    """A `Fault`."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._patient_id: PatientId | None = None
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def open_patient(self, patient_id: PatientId) -> None:
        """Fetches this patient's values."""
        self._patient_id = patient_id
        self.reload()

    def reload(self) -> None:
        """Fetches them again."""
        self._gather.stop()
        patient_id = self._patient_id
        if patient_id is None:
            return
        self._session.ask(
            GetVitals(patient_id=patient_id),
            done=lambda answer: self._on_vitals(patient_id, answer),
            failed=lambda fault: self._on_failed(patient_id, fault),
            owner=self,
        )

    def _on_vitals(self, patient_id: PatientId, answer: VitalsHistory) -> None:
        if patient_id == self._patient_id:
            self.changed.emit(answer)

    def _on_failed(self, patient_id: PatientId, fault: Fault) -> None:
        if patient_id == self._patient_id:
            self.failed.emit(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, VitalSignsRecorded) and event.patient_id == self._patient_id:
            self._gather.start()
