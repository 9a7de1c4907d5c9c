"""What a bundle gave: records in the words of FHIR R4, each with the id that its source knows it by."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from hms_server.contract.consultations import Criticality
from hms_server.contract.values import BirthPrecision, Quantity, Sex

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD_10 = "http://hl7.org/fhir/sid/icd-10"
UCUM = "http://unitsofmeasure.org"


_NO_KNOWN_ALLERGY = {"716186003", "160244002", "409137002", "428607008", "429625007"}


class WhenPrecision(StrEnum):
    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    SECOND = "second"


class When(msgspec.Struct, frozen=True):
    """The first instant that a FHIR date or time may mean, in UTC, and the words of the source.

    Anything coarser than a second is a date without a zone: show it as it was given, never moved to a zone.
    """

    at: datetime
    precision: WhenPrecision
    given: str


class Coding(msgspec.Struct, frozen=True):
    system: str
    code: str
    display: str


class Concept(msgspec.Struct, frozen=True):
    """A thing in words, which are never empty, and in the codes that the source gave for it."""

    text: str
    codings: tuple[Coding, ...] = ()

    def code_in(self, system: str) -> str | None:
        """The first code of that system."""
        return next((coding.code for coding in self.codings if coding.system == system), None)


class Identifier(msgspec.Struct, frozen=True):
    system: str
    value: str
    type_code: str


class HumanName(msgspec.Struct, frozen=True):
    """A name in its parts; one that came as a single text, or without a family name, is all family name."""

    family: str
    given: tuple[str, ...]
    prefix: tuple[str, ...]
    suffix: tuple[str, ...]
    use: str


class ContactPoint(msgspec.Struct, frozen=True):
    system: str
    value: str
    use: str


class Address(msgspec.Struct, frozen=True):
    lines: tuple[str, ...]
    city: str
    district: str
    state: str
    postal_code: str
    country: str
    text: str


class PatientRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Digits that Synthea hangs on its invented names are taken off `name`; `other_names` are as given."""

    source_id: str
    identifiers: tuple[Identifier, ...]
    name: HumanName
    other_names: tuple[HumanName, ...]
    birth_date: date | None
    birth_precision: BirthPrecision | None
    sex: Sex
    telecom: tuple[ContactPoint, ...]
    addresses: tuple[Address, ...]
    deceased: bool
    deceased_at: When | None
    active: bool

    @property
    def phone(self) -> str:
        """The first telephone number, or nothing."""
        return next((point.value for point in self.telecom if point.system == "phone"), "")


class AllergyClinicalStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    RESOLVED = "resolved"


class AllergyVerification(StrEnum):
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    ENTERED_IN_ERROR = "entered-in-error"


class AllergyCategory(StrEnum):
    FOOD = "food"
    MEDICATION = "medication"
    ENVIRONMENT = "environment"
    BIOLOGIC = "biologic"


class AllergyKind(StrEnum):
    ALLERGY = "allergy"
    INTOLERANCE = "intolerance"


class ReactionSeverity(StrEnum):
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Reaction(msgspec.Struct, frozen=True):
    manifestations: tuple[Concept, ...]
    severity: ReactionSeverity | None
    substance: Concept | None
    description: str


class AllergyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Also what was refuted or entered in error: a later import may have to take back an earlier one."""

    source_id: str
    patient_source_id: str
    encounter_source_id: str | None
    code: Concept
    clinical_status: AllergyClinicalStatus | None
    verification: AllergyVerification | None
    kind: AllergyKind | None
    categories: tuple[AllergyCategory, ...]
    criticality: Criticality | None
    reactions: tuple[Reaction, ...]
    onset: When | None
    recorded: When | None
    note: str

    @property
    def denies(self) -> bool:
        """It says that there is no allergy, or none of some kind; shown as an allergy it would mislead."""
        return any(each.system == SNOMED and each.code in _NO_KNOWN_ALLERGY for each in self.code.codings)


class ConditionClinicalStatus(StrEnum):
    ACTIVE = "active"
    RECURRENCE = "recurrence"
    RELAPSE = "relapse"
    INACTIVE = "inactive"
    REMISSION = "remission"
    RESOLVED = "resolved"


class ConditionVerification(StrEnum):
    UNCONFIRMED = "unconfirmed"
    PROVISIONAL = "provisional"
    DIFFERENTIAL = "differential"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    ENTERED_IN_ERROR = "entered-in-error"


class ConditionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Onset and abatement have a time, or words ("at the age of 7 a") where the source knew no time."""

    source_id: str
    patient_source_id: str
    encounter_source_id: str | None
    code: Concept
    clinical_status: ConditionClinicalStatus | None
    verification: ConditionVerification | None
    severity: Concept | None
    onset: When | None
    onset_text: str
    abatement: When | None
    abatement_text: str
    recorded: When | None
    note: str


class MedicationStatus(StrEnum):
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    ENTERED_IN_ERROR = "entered-in-error"
    STOPPED = "stopped"
    DRAFT = "draft"
    UNKNOWN = "unknown"


class MedicationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A MedicationRequest; `dosage_text` is empty unless every part of the dosage was understood."""

    source_id: str
    patient_source_id: str
    encounter_source_id: str | None
    code: Concept
    status: MedicationStatus
    intent: str
    authored: When | None
    dosage_text: str
    reason: str
    note: str


class ObservationStatus(StrEnum):
    REGISTERED = "registered"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"
    UNKNOWN = "unknown"


class ObservationValue(msgspec.Struct, frozen=True, kw_only=True):
    """A number as given, with the sign before it ("<" 5 is not 5), or a text, or why there is neither."""

    quantity: Quantity | None = None
    comparator: str = ""
    text: str = ""
    concept: Concept | None = None
    absent_reason: str = ""


class ObservationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One value; a component is an observation of its own whose source id ends in "#" and its code."""

    source_id: str
    patient_source_id: str
    encounter_source_id: str | None
    category: str
    code: Concept
    status: ObservationStatus
    effective: When | None
    value: ObservationValue
    interpretation: str
    reference_low: Decimal | None
    reference_high: Decimal | None
    reference_text: str
    note: str


class EncounterStatus(StrEnum):
    PLANNED = "planned"
    ARRIVED = "arrived"
    TRIAGED = "triaged"
    IN_PROGRESS = "in-progress"
    ON_LEAVE = "onleave"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"
    UNKNOWN = "unknown"


class EncounterRecord(msgspec.Struct, frozen=True, kw_only=True):
    source_id: str
    patient_source_id: str
    status: EncounterStatus
    class_code: str
    types: tuple[Concept, ...]
    start: When | None
    end: When | None
    reasons: tuple[Concept, ...]
