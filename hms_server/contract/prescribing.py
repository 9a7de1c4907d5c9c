"""The formulary, prescriptions, and the safety check that is the same wherever a medicine is chosen."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from hms_server.contract.envelope import Event, Request
from hms_server.contract.values import (
    EncounterId,
    MedicationRequestId,
    PatientId,
    Person,
    ProductId,
)


class MedicationRequestStatus(StrEnum):
    """FHIR MedicationRequest.status, as far as a clinic day needs it."""

    ACTIVE = "active"
    COMPLETED = "completed"
    STOPPED = "stopped"
    ENTERED_IN_ERROR = "entered-in-error"


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """One product of the formulary with what can be dispensed of it today (expired batches do not count).

    `units_per_dose` None: the prescriber has to say (by weight). `dispensed_whole`: a bottle, tube or
    inhaler, of which a course needs one. A dose is given in `dose_unit`: the dispensing unit, or mL, drops,
    puffs of what is dispensed whole.
    """

    id: ProductId
    code: str
    name: str
    form: str
    strength: str
    route: str
    dispensing_unit: str
    usual_dose: str
    units_per_dose: Decimal | None
    dispensed_whole: bool
    usual_frequency: str
    usual_days: int
    in_stock: int
    controlled: bool
    dose_unit: str = ""


class Products(msgspec.Struct, frozen=True):
    products: list[ProductRow]


class SearchProducts(Request[Products], frozen=True, kw_only=True):
    """By words of name, ingredient, synonym or strength in any order; at most 20."""

    text: str


class Severity(StrEnum):
    """`not_checked` is as loud as a finding: the check could not run."""

    CONTRAINDICATED = "contraindicated"
    WARNING = "warning"
    NOT_CHECKED = "not_checked"


class InteractionGrade(StrEnum):
    """How grave two medicines together are, as the reference data says; only the first needs a reason."""

    CONTRAINDICATED = "contraindicated"
    MAJOR = "major"
    MODERATE = "moderate"
    MINOR = "minor"


class SafetyFinding(msgspec.Struct, frozen=True, kw_only=True):
    """`key` names the finding, so that an override belongs to this one and no other.

    A `quiet` one only informs, whatever its severity. `grade` is there for two medicines that interact,
    `source` names who says so.
    """

    key: str
    severity: Severity
    title: str
    detail: str
    quiet: bool = False
    grade: InteractionGrade | None = None
    source: str = ""


class NewMedicationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One line; `dose` in the product's dose units per intake, `overrides` finding key → reason."""

    product_id: ProductId
    dose: Decimal
    frequency: str
    days: int
    quantity: int
    instructions: str = ""
    overrides: dict[str, str] = {}


class MedicationRequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """`directions` is the whole sentence for label and screen; `overrides` is title of a finding → reason.

    Of an imported prescription `dose`, `days` and `quantity` are 0 and `frequency` is empty where its source
    did not say; only such a one may belong to no encounter.
    """

    id: MedicationRequestId
    encounter_id: EncounterId | None
    product: str
    dose: Decimal
    frequency: str
    days: int
    quantity: int
    dispensed: int
    dispensing_unit: str
    directions: str
    status: MedicationRequestStatus
    prescriber: Person | None
    authored_at: datetime
    overrides: dict[str, str]


class Frequency(msgspec.Struct, frozen=True, kw_only=True):
    """`once` (STAT): the number of days does not count."""

    code: str
    text: str
    times_per_day: Decimal
    once: bool
    as_needed: bool


class Frequencies(msgspec.Struct, frozen=True):
    frequencies: list[Frequency]


class ListFrequencies(Request[Frequencies], frozen=True, kw_only=True):
    pass


class LineChecked(msgspec.Struct, frozen=True, kw_only=True):
    """`quantity` is what dose, frequency and days come to, in dispensing units."""

    findings: list[SafetyFinding]
    quantity: int
    in_stock: int


class CheckLine(Request[LineChecked], frozen=True, kw_only=True):
    """What signing will check, asked while the doctor still chooses.

    `beside` are the products of the lines above: a line is checked against those, so that two medicines which
    do not go together are found once, at the later one.
    """

    patient_id: PatientId
    product_id: ProductId
    dose: Decimal
    frequency: str
    days: int
    beside: list[ProductId] = []


class NamedMedicine(msgspec.Struct, frozen=True, kw_only=True):
    """What a name or a product was understood as; without ingredients it was not checked at all."""

    text: str
    ingredients: list[str]


class MedicinesChecked(msgspec.Struct, frozen=True, kw_only=True):
    """`not_checked` names everything that is unknown or without data; empty means that all was compared."""

    medicines: list[NamedMedicine]
    findings: list[SafetyFinding]
    not_checked: list[str]


class CheckMedicines(Request[MedicinesChecked], frozen=True, kw_only=True):
    """Medicines by name or product against each other, also those outside the formulary; 1 to 20 of them.

    With a patient, also against allergies and what the patient takes. Minor interactions are told too.
    """

    medicines: list[str | ProductId]
    patient_id: PatientId | None = None


class StopMedication(Request[MedicationRequestRow], frozen=True, kw_only=True):
    medication_request_id: MedicationRequestId
    reason: str


class MedicationPrescribed(Event, frozen=True, kw_only=True):
    encounter_id: EncounterId
    patient_id: PatientId
