"""The entry of one patient: fetched when it is opened, corrected against the version that was seen."""

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.patients import (
    Demographics,
    EditPatient,
    GetPatient,
    PatientChanged,
    PatientDetails,
    PatientEdited,
)
from hms_server.contract.values import PatientId


class PatientEntry(QObject):
    """An answer about somebody who is not open any more is ignored."""

    came = Signal(object)
    """The `PatientDetails` of whoever is open."""
    failed = Signal(object)
    """A `Fault`: the entry could not be fetched."""
    edited = Signal(object)
    """The `PatientHeader` after a correction of this screen."""
    refused = Signal(object)
    """A `Fault`: the correction is not stored."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._patient_id: PatientId | None = None
        self.details: PatientDetails | None = None
        self.saving = False
        session.event_arrived.connect(self._on_event)

    def open(self, patient_id: PatientId | None) -> None:
        """Fetches this entry, or forgets the one before."""
        self._patient_id = patient_id
        self.details = None
        self.fetch()

    def fetch(self) -> None:
        """Fetches the entry again."""
        patient_id = self._patient_id
        if patient_id is not None:
            self._session.ask(
                GetPatient(patient_id=patient_id),
                done=self._on_details,
                failed=lambda fault: self._on_failed(patient_id, fault),
                owner=self,
            )

    def save(self, demographics: Demographics) -> None:
        """Stores the correction, unless somebody else has corrected the same entry meanwhile."""
        details = self.details
        if details is None or self.saving:
            return
        self.saving = True
        patient_id = details.header.id
        request = EditPatient(patient_id=patient_id, version=details.version, demographics=demographics)
        self._session.save(request, done=self._on_edited, failed=self._on_refused)

    def _on_details(self, details: PatientDetails) -> None:
        if details.header.id == self._patient_id:
            self.details = details
            self.came.emit(details)

    def _on_failed(self, patient_id: PatientId, fault: Fault) -> None:
        if patient_id == self._patient_id:
            self.failed.emit(fault)

    def _on_edited(self, answer: PatientEdited) -> None:
        self.saving = False
        if answer.patient.id == self._patient_id:
            self.edited.emit(answer.patient)

    def _on_refused(self, fault: Fault) -> None:
        self.saving = False
        self.refused.emit(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, PatientChanged) and event.patient_id == self._patient_id and not self.saving:
            self.fetch()
