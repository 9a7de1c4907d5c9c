"""The chart: allergies, problems, notes in versions, diagnoses, and signing."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from hms_server.contract.envelope import Event, Request
from hms_server.contract.prescribing import MedicationRequestRow, NewMedicationRequest
from hms_server.contract.values import (
    AllergyId,
    BirthPrecision,
    ConditionId,
    EncounterId,
    PatientId,
    Person,
    Sex,
    TicketId,
)
from hms_server.contract.visits import TicketRow


class AllergyStatus(StrEnum):
    """Nobody asked is not the same as none."""

    NOT_ASKED = "not_asked"
    NONE_KNOWN = "none_known"
    RECORDED = "recorded"


class Criticality(StrEnum):
    """FHIR AllergyIntolerance.criticality."""

    LOW = "low"
    HIGH = "high"
    UNABLE_TO_ASSESS = "unable-to-assess"


class AllergyRow(msgspec.Struct, frozen=True, kw_only=True):
    """`allergen` is the slug of an ingredient or class of the reference data, None for free text."""

    id: AllergyId
    substance: str
    allergen: str | None
    criticality: Criticality
    reaction: str
    recorded_at: datetime


class ConditionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A problem or diagnosis; `code` is ICD-10 where one was chosen."""

    id: ConditionId
    code: str | None
    display: str
    encounter_id: EncounterId | None
    onset: date | None
    recorded_at: datetime
    active: bool


class NoteText(msgspec.Struct, frozen=True, kw_only=True):
    subjective: str = ""
    objective: str = ""
    assessment: str = ""
    plan: str = ""


class NoteVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Signed text is never changed: a correction is the next version, with its reason."""

    version: int
    text: NoteText
    signed_at: datetime
    signed_by: Person
    reason: str


class PastEncounter(msgspec.Struct, frozen=True, kw_only=True):
    id: EncounterId
    started_at: datetime
    kind: str
    reason: str
    diagnoses: list[str]
    practitioner: Person | None


class Banner(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above every chart. Of a `deceased` patient the day may be unknown (`deceased_at` None)."""

    patient_id: PatientId
    number: str
    name: str
    sex: Sex
    birth_date: date | None
    birth_precision: BirthPrecision
    phone: str
    deceased_at: datetime | None
    allergy_status: AllergyStatus
    allergies: list[AllergyRow]
    problems: list[ConditionRow]
    deceased: bool = False


class GetBanner(Request[Banner], frozen=True, kw_only=True):
    """Allergies and problems for anybody who treats, dispenses or registers."""

    patient_id: PatientId


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One encounter with what the doctor needs beside it; the newest note version comes last."""

    banner: Banner
    encounter_id: EncounterId
    started_at: datetime
    reason: str
    finished: bool
    notes: list[NoteVersion]
    diagnoses: list[ConditionRow]
    prescriptions: list[MedicationRequestRow]
    earlier_prescriptions: list[MedicationRequestRow]
    history: list[PastEncounter]
    history_total: int


class GetChart(Request[Chart], frozen=True, kw_only=True):
    """`history_limit` pages the past encounters, newest first."""

    encounter_id: EncounterId
    history_limit: int = 20


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    display: str


class Diagnoses(msgspec.Struct, frozen=True):
    found: list[Diagnosis]


class SearchDiagnoses(Request[Diagnoses], frozen=True, kw_only=True):
    """ICD-10 by code or by words of the name in any order; at most 20."""

    text: str


class Allergen(msgspec.Struct, frozen=True, kw_only=True):
    slug: str
    name: str
    is_class: bool


class Allergens(msgspec.Struct, frozen=True):
    found: list[Allergen]


class SearchAllergens(Request[Allergens], frozen=True, kw_only=True):
    """Ingredients, classes and foods of the reference data."""

    text: str


class RecordAllergy(Request[Banner], frozen=True, kw_only=True):
    """An unknown substance is kept as text; the safety check then says that it cannot check it."""

    patient_id: PatientId
    substance: str
    allergen: str | None = None
    criticality: Criticality = Criticality.UNABLE_TO_ASSESS
    reaction: str = ""


class RecordNoAllergies(Request[Banner], frozen=True, kw_only=True):
    """The patient was asked and knows of none."""

    patient_id: PatientId


class RemoveAllergy(Request[Banner], frozen=True, kw_only=True):
    """Entered in error: it stays stored, with the reason, and is not shown any more."""

    patient_id: PatientId
    allergy_id: AllergyId
    reason: str


class ResolveProblem(Request[Banner], frozen=True, kw_only=True):
    patient_id: PatientId
    condition_id: ConditionId


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """`ticket` is where the patient goes next: pharmacy with a prescription, else billing."""

    note: NoteVersion
    prescriptions: list[MedicationRequestRow]
    ticket: TicketRow | None


class SignEncounter(Request[Signed], frozen=True, kw_only=True):
    """Note, diagnoses and prescription become final together; afterwards the encounter is read-only.

    Refused with `prescribing.unsafe` where a finding that needs one has no override; data then holds, for
    each, "prescription.<line>.overrides.<finding key>" → its title. Warnings need no override.
    """

    encounter_id: EncounterId
    ticket_id: TicketId | None
    text: NoteText
    diagnoses: list[Diagnosis]
    prescription: list[NewMedicationRequest]


class CorrectNote(Request[NoteVersion], frozen=True, kw_only=True):
    """The next version of a signed note; `version` is the one that the doctor saw."""

    encounter_id: EncounterId
    version: int
    text: NoteText
    reason: str


class EncounterSigned(Event, frozen=True, kw_only=True):
    encounter_id: EncounterId
    patient_id: PatientId


class ChartChanged(Event, frozen=True, kw_only=True):
    """Allergies, problems or a corrected note."""

    patient_id: PatientId
