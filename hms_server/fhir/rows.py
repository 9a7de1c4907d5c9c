"""What each record becomes in this clinic's tables: pure, and never more certain than its source was."""

import re
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hms_server.contract.consultations import Criticality
from hms_server.contract.prescribing import MedicationRequestStatus
from hms_server.fhir.records import (
    ICD_10,
    LOINC,
    AllergyClinicalStatus,
    AllergyRecord,
    AllergyVerification,
    Concept,
    ConditionClinicalStatus,
    ConditionRecord,
    ConditionVerification,
    EncounterRecord,
    EncounterStatus,
    MedicationRecord,
    MedicationStatus,
    ObservationRecord,
    ObservationStatus,
    ObservationValue,
    Reaction,
    When,
    WhenPrecision,
)
from hms_server.reference import find_allergen

Row = dict[str, Any]

MAX_REASON = 500
MAX_SUBSTANCE = 200
ERROR = "entered-in-error"
_SEMANTIC_TAG = re.compile(r" \((substance|product|finding|disorder|situation|organism)\)$")
_DATED = {WhenPrecision.DAY, WhenPrecision.SECOND}
_DAY_CHARACTERS = len("2021-05-20")

_NOT_A_VISIT = {EncounterStatus.PLANNED, EncounterStatus.CANCELLED, EncounterStatus.ENTERED_IN_ERROR}
_REFUTED = {ConditionVerification.REFUTED, ConditionVerification.ENTERED_IN_ERROR}
_OVER = {
    ConditionClinicalStatus.INACTIVE,
    ConditionClinicalStatus.REMISSION,
    ConditionClinicalStatus.RESOLVED,
}
_NOT_MEASURED = {ObservationStatus.CANCELLED, ObservationStatus.ENTERED_IN_ERROR}
_MEDICATION_STATUS = {
    MedicationStatus.ACTIVE: MedicationRequestStatus.ACTIVE,
    MedicationStatus.COMPLETED: MedicationRequestStatus.COMPLETED,
    MedicationStatus.ENTERED_IN_ERROR: MedicationRequestStatus.ENTERED_IN_ERROR,
    MedicationStatus.DRAFT: MedicationRequestStatus.ENTERED_IN_ERROR,
}


def moment(when: When, zone: ZoneInfo) -> datetime:
    """The instant; a mere day begins at midnight in the clinic, so that it is that day on every screen."""
    if when.precision is WhenPrecision.SECOND:
        return when.at
    return datetime.combine(when.at.date(), time(), tzinfo=zone)


def day_of(when: When | None) -> date | None:
    """The day as the source's own calendar had it, or None where it knew only a month or a year."""
    if when is None or when.precision not in _DATED:
        return None
    return date.fromisoformat(when.given[:_DAY_CHARACTERS])


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning with a sign that something follows."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def encounter_row(record: EncounterRecord, zone: ZoneInfo) -> Row | None:
    """None where nobody knows when it was. What is open elsewhere is no open visit of this clinic."""
    began = record.start or record.end
    if began is None:
        return None
    unreal = record.status in _NOT_A_VISIT
    started_at = moment(began, zone)
    return {
        "status": ERROR if unreal else "finished",
        "class": record.class_code,
        "type": record.types[0].text if record.types else "",
        "reason": shortened("; ".join(each.text for each in record.reasons), MAX_REASON),
        "started_at": started_at,
        # A visit of one day ends on that day, also where only its beginning had a time.
        "ended_at": max(started_at, moment(record.end, zone)) if record.end else None,
        "end_reason": "" if record.status is EncounterStatus.FINISHED else f"{record.status} at its source",
    }


def allergy_row(record: AllergyRecord, zone: ZoneInfo, *, fallback: datetime, words: dict[str, str]) -> Row:
    """The substance with the slug that the safety check knows it by, if it knows it."""
    refuted = record.verification in {AllergyVerification.REFUTED, AllergyVerification.ENTERED_IN_ERROR}
    over = record.clinical_status in {AllergyClinicalStatus.INACTIVE, AllergyClinicalStatus.RESOLVED}
    recorded = record.recorded or record.onset
    return {
        "substance": shortened(record.code.text, MAX_SUBSTANCE),
        "allergen": _allergen(record.code, words),
        "criticality": record.criticality or Criticality.UNABLE_TO_ASSESS,
        "reaction": shortened(_reaction_words(record), MAX_REASON),
        "recorded_at": moment(recorded, zone) if recorded else fallback,
        "status": ERROR if refuted else "resolved" if over else "active",
        "reason": f"{record.verification} at its source" if refuted else "",
    }


def _allergen(code: Concept, words: dict[str, str]) -> str | None:
    names = (code.text, *(each.display for each in code.codings))
    found = (find_allergen(_SEMANTIC_TAG.sub("", name), words) for name in names)
    return next((slug for slug in found if slug), None)


def _reaction_words(record: AllergyRecord) -> str:
    said = [_one_reaction(each) for each in record.reactions]
    if record.verification is AllergyVerification.UNCONFIRMED:
        said.append("unconfirmed")
    return "; ".join(each for each in (*said, record.note) if each)


def _one_reaction(reaction: Reaction) -> str:
    words = ", ".join(each.text for each in reaction.manifestations) or reaction.description
    return f"{words} ({reaction.severity})" if words and reaction.severity else words


def condition_row(record: ConditionRecord, zone: ZoneInfo, *, fallback: datetime) -> Row:
    """What the source was not sure of says so in the name that every screen shows."""
    recorded = record.recorded or record.onset
    over = record.clinical_status in _OVER or (
        record.clinical_status is None and bool(record.abatement or record.abatement_text)
    )
    return {
        "code": record.code.code_in(ICD_10),
        "display": shortened(_condition_words(record), MAX_REASON),
        "clinical_status": "resolved" if over else "active",
        "onset": day_of(record.onset),
        "abated": day_of(record.abatement),
        "recorded_at": moment(recorded, zone) if recorded else fallback,
        "status": ERROR if record.verification in _REFUTED else "confirmed",
    }


def _condition_words(record: ConditionRecord) -> str:
    doubts = [] if record.verification in {None, ConditionVerification.CONFIRMED} else [record.verification]
    since = record.onset_text
    if record.onset and record.onset.precision not in _DATED:
        since = f"since {record.onset.given}"
    beside = ", ".join(str(each) for each in (*doubts, since) if each)
    return f"{record.code.text} ({beside})" if beside else record.code.text


def medication_row(record: MedicationRecord, zone: ZoneInfo, *, fallback: datetime) -> Row:
    """A medicine in its source's words; only what is surely taken now is active here."""
    status = _MEDICATION_STATUS.get(record.status, MedicationRequestStatus.STOPPED)
    stopped = status is MedicationRequestStatus.STOPPED
    undated = "" if record.authored else "Its date is not known. "
    return {
        "product_text": record.code.text,
        "instructions": shortened(undated + record.note, MAX_REASON).strip(),
        "directions": record.dosage_text,
        "status": status,
        "authored_at": moment(record.authored, zone) if record.authored else fallback,
        "stopped_reason": f"{record.status} at its source" if stopped else "",
    }


def observation_row(record: ObservationRecord, zone: ZoneInfo, *, fallback: datetime | None) -> Row | None:
    """None where nobody knows when it was. Only a number without a sign before it is a number."""
    at = moment(record.effective, zone) if record.effective else fallback
    if at is None:
        return None
    quantity = record.value.quantity
    return {
        "code": _code_of(record.code),
        "display": record.code.text,
        "value": quantity.value if quantity and not record.value.comparator else None,
        "value_text": _value_words(record.value),
        "unit": quantity.unit if quantity else "",
        "effective_at": at,
        "status": ERROR if record.status in _NOT_MEASURED else record.status,
    }


def _code_of(code: Concept) -> str:
    """LOINC as it is, any other code with its system: the trends of this clinic go by LOINC."""
    if loinc := code.code_in(LOINC):
        return loinc
    first = next((each for each in code.codings if each.code), None)
    return f"{first.system}|{first.code}" if first else code.text


def _value_words(value: ObservationValue) -> str | None:
    if value.quantity is None:
        return value.text or value.absent_reason
    return f"{value.comparator}{value.quantity.value:f}" if value.comparator else None
