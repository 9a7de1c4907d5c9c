"""Encounters, allergies, conditions and medicines."""

from hms_server.fhir.concepts import (
    note_words,
    quantity_words,
    range_words,
    read_concept,
    read_concepts,
    read_optional_concept,
    read_status,
)
from hms_server.fhir.dosage import dosage_words
from hms_server.fhir.links import Links
from hms_server.fhir.moments import read_start, read_when
from hms_server.fhir.records import (
    AllergyClinicalStatus,
    AllergyRecord,
    AllergyVerification,
    Concept,
    ConditionClinicalStatus,
    ConditionRecord,
    ConditionVerification,
    EncounterRecord,
    MedicationRecord,
    Reaction,
)
from hms_server.fhir.report import ResourceNotKept, ResourceRejected
from hms_server.fhir.shapes import (
    AllergyIntoleranceShape,
    ConditionShape,
    EncounterShape,
    MedicationRequestShape,
    MedicationShape,
    QuantityShape,
    RangeShape,
    ReactionShape,
    ReferenceShape,
)
from hms_server.fhir.validation import checked


def read_encounter(source_id: str, shape: EncounterShape, links: Links) -> EncounterRecord:
    start = read_when(shape.period.start, "period.start")
    end = read_when(shape.period.end, "period.end")
    if start and end and end.at < start.at:
        raise ResourceRejected("period", "It ends before it begins.")
    named = (Concept(each.display) for each in shape.reason_reference if each.display)
    return EncounterRecord(
        source_id=source_id,
        patient_source_id=links.patient(shape.subject, "subject"),
        status=shape.status,
        class_code=shape.encounter_class.code,
        types=read_concepts(shape.type),
        start=start,
        end=end,
        reasons=(*read_concepts(shape.reason_code), *named),
    )


def read_allergy(source_id: str, shape: AllergyIntoleranceShape, links: Links) -> AllergyRecord:
    return AllergyRecord(
        source_id=source_id,
        patient_source_id=links.patient(shape.patient, "patient"),
        encounter_source_id=links.encounter(shape.encounter),
        code=_allergy_code(shape),
        clinical_status=read_status(shape.clinical_status, AllergyClinicalStatus, "clinicalStatus"),
        verification=read_status(shape.verification_status, AllergyVerification, "verificationStatus"),
        kind=shape.type,
        categories=shape.category,
        criticality=shape.criticality,
        reactions=tuple(_reaction(each) for each in shape.reaction),
        onset=read_when(shape.onset_date_time, "onsetDateTime"),
        recorded=read_when(shape.recorded_date, "recordedDate"),
        note=note_words(shape.note),
    )


def _allergy_code(shape: AllergyIntoleranceShape) -> Concept:
    """What the patient is allergic to; some sources name it only as the substance of a reaction."""
    substances = (read_optional_concept(each.substance) for each in shape.reaction)
    named = (read_optional_concept(shape.code), *substances)
    return next((each for each in named if each), None) or read_concept(shape.code, "code")


def _reaction(shape: ReactionShape) -> Reaction:
    return Reaction(
        manifestations=read_concepts(shape.manifestation),
        severity=shape.severity,
        substance=read_optional_concept(shape.substance),
        description=shape.description,
    )


def read_condition(source_id: str, shape: ConditionShape, links: Links) -> ConditionRecord:
    onset = read_when(shape.onset_date_time, "onsetDateTime") or read_start(shape.onset_period, "onsetPeriod")
    abatement_time = read_when(shape.abatement_date_time, "abatementDateTime")
    return ConditionRecord(
        source_id=source_id,
        patient_source_id=links.patient(shape.subject, "subject"),
        encounter_source_id=links.encounter(shape.encounter),
        code=read_concept(shape.code, "code"),
        clinical_status=read_status(shape.clinical_status, ConditionClinicalStatus, "clinicalStatus"),
        verification=read_status(shape.verification_status, ConditionVerification, "verificationStatus"),
        severity=read_optional_concept(shape.severity),
        onset=onset,
        onset_text=shape.onset_string or _age_words(shape.onset_age, shape.onset_range, "onset"),
        abatement=abatement_time or read_start(shape.abatement_period, "abatementPeriod"),
        abatement_text=shape.abatement_string
        or _age_words(shape.abatement_age, shape.abatement_range, "abatement"),
        recorded=read_when(shape.recorded_date, "recordedDate"),
        note=note_words(shape.note),
    )


def _age_words(age: QuantityShape | None, ages: RangeShape | None, field: str) -> str:
    words = quantity_words(age, f"{field}Age") or (range_words(ages, f"{field}Range") if ages else "")
    return f"at the age of {words}" if words else ""


def read_medication(source_id: str, shape: MedicationRequestShape, links: Links) -> MedicationRecord:
    if shape.do_not_perform:
        # Stored as a medicine it would say the opposite.
        raise ResourceNotKept("that a medicine must not be given")
    return MedicationRecord(
        source_id=source_id,
        patient_source_id=links.patient(shape.subject, "subject"),
        encounter_source_id=links.encounter(shape.encounter),
        code=_medicine(shape, links),
        status=shape.status,
        intent=shape.intent,
        authored=read_when(shape.authored_on, "authoredOn"),
        dosage_text=dosage_words(shape.dosage_instruction),
        reason="; ".join(reason.text for reason in read_concepts(shape.reason_code)),
        note=note_words(shape.note),
    )


def _medicine(shape: MedicationRequestShape, links: Links) -> Concept:
    reference = shape.medication_reference
    if reference is None:
        return read_concept(shape.medication_codeable_concept, "medicationCodeableConcept")
    concept = _referred_medicine(shape, reference, links)
    if concept is None:
        raise ResourceRejected("medicationReference", "The medicine that it refers to is not in the file.")
    return concept


def _referred_medicine(
    shape: MedicationRequestShape, reference: ReferenceShape, links: Links
) -> Concept | None:
    raw = next((each for each in shape.contained if f"#{each.get('id')}" == reference.reference), None)
    raw = raw or links.medication(reference)
    medicine = checked("Medication", raw, MedicationShape) if raw else MedicationShape()
    return read_optional_concept(medicine.code) or (Concept(reference.display) if reference.display else None)
