"""Recording allergies, closing problems, and correcting signed notes by a next version."""

from datetime import datetime

import msgspec

from hms_server.consultations.allergens import is_allergen, match_allergen
from hms_server.consultations.queries import banner_of
from hms_server.consultations.rules import (
    MAX_SUBSTANCE_CHARACTERS,
    checked_note,
    is_blank,
    limited_words,
    required_words,
)
from hms_server.contract.consultations import (
    Banner,
    ChartChanged,
    CorrectNote,
    NoteText,
    NoteVersion,
    RecordAllergy,
    RecordNoAllergies,
    RemoveAllergy,
    ResolveProblem,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.values import PatientId
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.work import Work

_UNKNOWN_PATIENT = Fault(code="patients.unknown", message="There is no such patient.", field="patient_id")

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "allergy_patient": _UNKNOWN_PATIENT,
    "allergy_status_patient": _UNKNOWN_PATIENT,
    "allergy_recorded_once": Fault(
        code="consultations.allergy_recorded",
        message="This allergy is on the patient's list already. To change it, remove that entry first.",
        field="substance",
    ),
    "encounter_signed": Fault(
        code="consultations.signed",
        message="This visit is signed: it can only be corrected by a new version of the note.",
        field="encounter_id",
    ),
    "note_version_once": Fault(
        code="consultations.note_changed",
        message="Somebody else signed a version of this note a moment ago. Open the chart again.",
        field="version",
    ),
}


class _SignedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a note, and whose note it is."""

    patient_id: PatientId
    version: int
    name: str
    clock_time: str


def record_allergy(work: Work, request: RecordAllergy) -> Banner:
    """Adds to the list; what the reference data knows by another name is linked to it."""
    substance = required_words(
        request.substance, field="substance", what="The substance", at_most=MAX_SUBSTANCE_CHARACTERS
    )
    reaction = limited_words(request.reaction, field="reaction", what="The reaction")
    params = {
        "patient_id": request.patient_id,
        "substance": substance,
        "allergen": _allergen(work, request.allergen, substance),
        "criticality": request.criticality,
        "reaction": reaction,
        "now": work.now,
        "by": work.actor.staff_id,
    }
    work.send(RECORD_ALLERGY, params)
    return _changed(work, request.patient_id)


def record_no_allergies(work: Work, request: RecordNoAllergies) -> Banner:
    """Notes that somebody asked; refused while an allergy stands on the list."""
    params = {"patient_id": request.patient_id, "now": work.now, "by": work.actor.staff_id}
    if work.value(RECORD_NONE, params) is None:
        names = work.value(ACTIVE_SUBSTANCES, params)
        raise Refused(
            "consultations.allergies_recorded",
            f"Recorded: {names}. Remove what was entered in error before you record that there are none.",
            field="patient_id",
        )
    return _changed(work, request.patient_id)


def remove_allergy(work: Work, request: RemoveAllergy) -> Banner:
    """Keeps the entry as one made in error, with the reason, and shows it no more."""
    params = {
        "id": request.allergy_id,
        "patient_id": request.patient_id,
        "reason": required_words(request.reason, field="reason", what="The reason"),
        "now": work.now,
        "by": work.actor.staff_id,
    }
    if work.value(REMOVE_ALLERGY, params) is None:
        raise Refused(
            "consultations.allergy_gone",
            "This allergy is not on the patient's list any more. Somebody may have been faster: look again.",
            field="allergy_id",
        )
    return _changed(work, request.patient_id)


def resolve_problem(work: Work, request: ResolveProblem) -> Banner:
    """Closes the problem, also where several visits named the same one."""
    params = {
        "id": request.condition_id,
        "patient_id": request.patient_id,
        "now": work.now,
        "by": work.actor.staff_id,
    }
    if not work.value(RESOLVE_PROBLEM, params):
        raise Refused(
            "consultations.problem_gone",
            "This is no open problem of the patient any more. Somebody may have been faster: look again.",
            field="condition_id",
        )
    return _changed(work, request.patient_id)


def correct_note(work: Work, request: CorrectNote) -> NoteVersion:
    """Signs the next version; refused if the doctor has not seen the newest one."""
    text = checked_note(request.text)
    if is_blank(text):
        raise Refused("consultations.note_blank", "A note cannot be corrected to nothing.", field="text")
    reason = required_words(request.reason, field="reason", what="The reason for the correction")
    params = note_params(text, now=work.now) | {
        "encounter_id": request.encounter_id,
        "version": request.version,
        "reason": reason,
        "by": work.actor.person.id,
    }
    patient_id: PatientId | None = work.value(CORRECT_NOTE, params)
    if patient_id is None:
        raise _not_the_newest(work, request)
    work.concerns(patient_id)
    work.emit(ChartChanged(patient_id=patient_id), audience=Permission.PATIENT_READ)
    return NoteVersion(
        version=request.version + 1,
        text=text,
        signed_at=work.now,
        signed_by=work.actor.person,
        reason=reason,
    )


def note_params(text: NoteText, *, now: datetime) -> dict[str, object]:
    """The sections of a note and the moment of signing, by column."""
    return {**msgspec.structs.asdict(text), "now": now}


def _allergen(work: Work, given: str | None, substance: str) -> str | None:
    if given is None:
        return match_allergen(work, substance)
    if not is_allergen(work, given):
        raise Refused(
            "consultations.allergen_unknown",
            "This substance is not in the reference data. Choose it from the list, or keep it as text.",
            field="allergen",
        )
    return given


def _changed(work: Work, patient_id: PatientId) -> Banner:
    work.emit(ChartChanged(patient_id=patient_id), audience=Permission.PATIENT_READ)
    return banner_of(work, patient_id)


def _not_the_newest(work: Work, request: CorrectNote) -> Refused:
    newest = work.one(_SignedVersion, NEWEST_VERSION, {"encounter_id": request.encounter_id})
    if newest is None:
        return Refused(
            "consultations.not_signed",
            "This visit has no signed note yet: write it in the chart and sign it there.",
            field="encounter_id",
        )
    return Refused(
        "consultations.note_changed",
        f"{newest.name} signed version {newest.version} at {newest.clock_time}; you saw version "
        f"{request.version}. Your text is not stored: open the chart again.",
        field="version",
        data={"by": newest.name, "version": str(newest.version)},
    )


RECORD_ALLERGY = """
insert into allergy_intolerance
    (patient_id, substance, allergen, criticality, reaction, recorded_at, recorded_by)
values (%(patient_id)s, %(substance)s, %(allergen)s, %(criticality)s, %(reaction)s, %(now)s, %(by)s)
"""

RECORD_NONE = """
insert into patient_allergy_status (patient_id, status, at, by)
values (%(patient_id)s, 'none_known', %(now)s, %(by)s)
on conflict (patient_id) do update set status = 'none_known', at = excluded.at, by = excluded.by
    where patient_allergy_status.status <> 'recorded'
returning patient_id
"""

ACTIVE_SUBSTANCES = """
select string_agg(substance, ', ' order by substance) from allergy_intolerance
where patient_id = %(patient_id)s and status = 'active'
"""

REMOVE_ALLERGY = """
update allergy_intolerance
set status = 'entered-in-error', reason = %(reason)s, ended_at = %(now)s, ended_by = %(by)s
where id = %(id)s and patient_id = %(patient_id)s and status = 'active'
returning id
"""

RESOLVE_PROBLEM = """
with closed as (
    update condition
    set clinical_status = 'resolved', resolved_by = %(by)s,
        abated = (select (%(now)s at time zone time_zone)::date from clinic)
    where patient_id = %(patient_id)s and clinical_status = 'active' and status = 'confirmed'
        and coalesce(code, lower(display)) = (
            select coalesce(code, lower(display)) from condition
            where id = %(id)s and patient_id = %(patient_id)s)
    returning id
)
select count(*) from closed
"""

CORRECT_NOTE = """
with newest as (
    select encounter.id, patient_id, max(note.version) as version
    from encounter join note on encounter_id = encounter.id
    where encounter.id = %(encounter_id)s group by encounter.id
), stored as (
    insert into note
        (encounter_id, version, subjective, objective, assessment, plan, signed_at, signed_by, reason)
    select id, version + 1, %(subjective)s, %(objective)s, %(assessment)s, %(plan)s, %(now)s, %(by)s,
        %(reason)s
    from newest where version = %(version)s
    returning encounter_id
)
select patient_id from newest join stored on encounter_id = id
"""

NEWEST_VERSION = """
select patient_id, note.version, staff.name,
    to_char(signed_at at time zone time_zone, 'HH24:MI') as clock_time
from note join encounter on encounter.id = encounter_id join staff on staff.id = signed_by cross join clinic
where encounter_id = %(encounter_id)s order by note.version desc limit 1
"""
