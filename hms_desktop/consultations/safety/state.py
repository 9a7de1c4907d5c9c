"""Allergies and problems of the open patient: looked up, recorded, taken back."""

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_server.contract.consultations import (
    Allergens,
    Banner,
    Criticality,
    RecordAllergy,
    RecordNoAllergies,
    RemoveAllergy,
    ResolveProblem,
    SearchAllergens,
)
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.values import AllergyId, ConditionId, PatientId


class SafetyState(QObject):
    """Every act goes to the patient who was open when the key was pressed."""

    stored = Signal(object)
    """The `Banner` of the open patient after an act."""
    refused = Signal(object)
    """A `Fault`."""
    allergens_found = Signal(str, object)
    allergens_failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.patient_id: PatientId | None = None

    def search(self, text: str) -> None:
        """Looks for substances."""
        self._session.ask(
            SearchAllergens(text=text),
            done=lambda answer: self._on_allergens(text, answer),
            failed=self.allergens_failed.emit,
            owner=self,
        )

    def record(
        self, substance: str, allergen: str | None, *, criticality: Criticality, reaction: str
    ) -> None:
        """Adds an allergy."""
        if self.patient_id is not None:
            self._save(
                RecordAllergy(
                    patient_id=self.patient_id,
                    substance=substance,
                    allergen=allergen,
                    criticality=criticality,
                    reaction=reaction,
                )
            )

    def record_none(self) -> None:
        """The patient was asked and knows of none."""
        if self.patient_id is not None:
            self._save(RecordNoAllergies(patient_id=self.patient_id))

    def remove(self, allergy_id: AllergyId, reason: str) -> None:
        """An allergy was entered in error."""
        if self.patient_id is not None:
            self._save(RemoveAllergy(patient_id=self.patient_id, allergy_id=allergy_id, reason=reason))

    def resolve(self, condition_id: ConditionId) -> None:
        """A problem is over."""
        if self.patient_id is not None:
            self._save(ResolveProblem(patient_id=self.patient_id, condition_id=condition_id))

    def _save(self, request: Request[Banner]) -> None:
        patient_id = self.patient_id
        self._session.save(
            request,
            done=self._on_stored,
            failed=lambda fault: self._on_refused(patient_id, fault),
            owner=self,
        )

    def _on_stored(self, banner: Banner) -> None:
        if banner.patient_id == self.patient_id:
            self.stored.emit(banner)

    def _on_refused(self, patient_id: PatientId | None, fault: Fault) -> None:
        if patient_id == self.patient_id:
            self.refused.emit(fault)

    def _on_allergens(self, text: str, answer: Allergens) -> None:
        self.allergens_found.emit(text, answer.found)
