"""The parts of the FHIR R4 resources that are taken, in the resources' own field names."""

from decimal import Decimal
from typing import Any

import msgspec

from hms_server.contract.consultations import Criticality
from hms_server.contract.values import Sex
from hms_server.fhir.records import (
    AllergyCategory,
    AllergyKind,
    EncounterStatus,
    MedicationStatus,
    ObservationStatus,
    ReactionSeverity,
)


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Tolerant of other fields: whether those are FHIR was checked before."""


class CodingShape(Shape, frozen=True):
    system: str = ""
    code: str = ""
    display: str = ""


class ConceptShape(Shape, frozen=True):
    coding: tuple[CodingShape, ...] = ()
    text: str = ""


class ReferenceShape(Shape, frozen=True):
    reference: str = ""
    display: str = ""


class PeriodShape(Shape, frozen=True):
    start: str | None = None
    end: str | None = None


class QuantityShape(Shape, frozen=True):
    value: Decimal | None = None
    comparator: str = ""
    unit: str = ""
    system: str = ""
    code: str = ""


class RangeShape(Shape, frozen=True):
    low: QuantityShape | None = None
    high: QuantityShape | None = None


class RatioShape(Shape, frozen=True):
    numerator: QuantityShape | None = None
    denominator: QuantityShape | None = None


class NoteShape(Shape, frozen=True):
    text: str = ""


class IdentifierShape(Shape, frozen=True):
    system: str = ""
    value: str = ""
    type: ConceptShape = ConceptShape()


class HumanNameShape(Shape, frozen=True):
    use: str = ""
    text: str = ""
    family: str = ""
    given: tuple[str | None, ...] = ()
    prefix: tuple[str | None, ...] = ()
    suffix: tuple[str | None, ...] = ()
    period: PeriodShape = PeriodShape()


class ContactPointShape(Shape, frozen=True):
    system: str = ""
    value: str = ""
    use: str = ""


class AddressShape(Shape, frozen=True):
    text: str = ""
    line: tuple[str | None, ...] = ()
    city: str = ""
    district: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""


class PatientShape(Shape, frozen=True):
    identifier: tuple[IdentifierShape, ...] = ()
    active: bool = True
    name: tuple[HumanNameShape, ...] = ()
    telecom: tuple[ContactPointShape, ...] = ()
    gender: Sex = Sex.UNKNOWN
    birth_date: str | None = None
    deceased_boolean: bool = False
    deceased_date_time: str | None = None
    address: tuple[AddressShape, ...] = ()


class ReactionShape(Shape, frozen=True):
    substance: ConceptShape | None = None
    manifestation: tuple[ConceptShape, ...] = ()
    description: str = ""
    severity: ReactionSeverity | None = None


class AllergyIntoleranceShape(Shape, frozen=True):
    patient: ReferenceShape
    clinical_status: ConceptShape | None = None
    verification_status: ConceptShape | None = None
    type: AllergyKind | None = None
    category: tuple[AllergyCategory, ...] = ()
    criticality: Criticality | None = None
    code: ConceptShape | None = None
    encounter: ReferenceShape | None = None
    onset_date_time: str | None = None
    recorded_date: str | None = None
    reaction: tuple[ReactionShape, ...] = ()
    note: tuple[NoteShape, ...] = ()


class ConditionShape(Shape, frozen=True):
    subject: ReferenceShape
    clinical_status: ConceptShape | None = None
    verification_status: ConceptShape | None = None
    severity: ConceptShape | None = None
    code: ConceptShape | None = None
    encounter: ReferenceShape | None = None
    onset_date_time: str | None = None
    onset_age: QuantityShape | None = None
    onset_period: PeriodShape | None = None
    onset_range: RangeShape | None = None
    onset_string: str = ""
    abatement_date_time: str | None = None
    abatement_age: QuantityShape | None = None
    abatement_period: PeriodShape | None = None
    abatement_range: RangeShape | None = None
    abatement_string: str = ""
    recorded_date: str | None = None
    note: tuple[NoteShape, ...] = ()


class MedicationShape(Shape, frozen=True):
    code: ConceptShape | None = None


class MedicationRequestShape(Shape, frozen=True):
    status: MedicationStatus
    intent: str
    subject: ReferenceShape
    do_not_perform: bool = False
    medication_codeable_concept: ConceptShape | None = None
    medication_reference: ReferenceShape | None = None
    encounter: ReferenceShape | None = None
    authored_on: str | None = None
    reason_code: tuple[ConceptShape, ...] = ()
    dosage_instruction: tuple[dict[str, object], ...] = ()
    contained: tuple[dict[str, Any], ...] = ()
    note: tuple[NoteShape, ...] = ()


class ReferenceRangeShape(Shape, frozen=True):
    low: QuantityShape | None = None
    high: QuantityShape | None = None
    text: str = ""


class ValueShape(Shape, frozen=True):
    """The ways in which an observation, and a component of one, may give its value."""

    value_quantity: QuantityShape | None = None
    value_codeable_concept: ConceptShape | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_range: RangeShape | None = None
    value_ratio: RatioShape | None = None
    value_sampled_data: dict[str, object] | None = None
    value_time: str | None = None
    value_date_time: str | None = None
    value_period: PeriodShape | None = None
    data_absent_reason: ConceptShape | None = None
    interpretation: tuple[ConceptShape, ...] = ()
    reference_range: tuple[ReferenceRangeShape, ...] = ()


class ComponentShape(ValueShape, frozen=True, kw_only=True):
    code: ConceptShape


class ObservationShape(ValueShape, frozen=True, kw_only=True):
    status: ObservationStatus
    code: ConceptShape
    category: tuple[ConceptShape, ...] = ()
    subject: ReferenceShape | None = None
    encounter: ReferenceShape | None = None
    effective_date_time: str | None = None
    effective_period: PeriodShape | None = None
    effective_instant: str | None = None
    component: tuple[ComponentShape, ...] = ()
    note: tuple[NoteShape, ...] = ()


class EncounterShape(Shape, frozen=True):
    status: EncounterStatus
    encounter_class: CodingShape = msgspec.field(name="class")
    type: tuple[ConceptShape, ...] = ()
    subject: ReferenceShape | None = None
    period: PeriodShape = PeriodShape()
    reason_code: tuple[ConceptShape, ...] = ()
    reason_reference: tuple[ReferenceShape, ...] = ()
