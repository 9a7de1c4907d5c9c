"""Registering and correcting patients, each with its search entry in the same transaction."""

from dataclasses import asdict
from typing import Any

from msgspec import structs

from hms_server.contract.envelope import Fault
from hms_server.contract.patients import (
    Demographics,
    EditPatient,
    PatientAdded,
    PatientChanged,
    PatientEdited,
    PatientRegistered,
    RegisterPatient,
)
from hms_server.contract.values import PatientHeader, PatientId
from hms_server.faults import Refused
from hms_server.patients.models import search_entry
from hms_server.patients.queries import clinic_today, unknown_patient
from hms_server.patients.rules import clean_demographics, require_birth
from hms_server.permissions import Permission
from hms_server.work import Work

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "patient_family_name": Fault(
        code="patients.name_missing", message="A family name has 1 to 100 characters.", field="family_name"
    ),
    "patient_given_names": Fault(
        code="patients.too_long", message="Given names have at most 100 characters.", field="given_names"
    ),
    "patient_birth_date": Fault(
        code="patients.birth_too_early", message="A date of birth is in 1850 or later.", field="birth_date"
    ),
    "patient_phone": Fault(
        code="patients.phone_twice", message="Somebody without a phone has no phone number.", field="phone"
    ),
    "patient_email": Fault(
        code="patients.email", message="An e-mail address has at most 254 characters.", field="email"
    ),
    "patient_consent_patient": Fault(
        code="patients.unknown", message="There is no such patient.", field="patient_id"
    ),
    "patient_deceased_on": Fault(
        code="patients.deceased_on", message="Nobody dies before the date of birth.", field="deceased_on"
    ),
}


def register_patient(work: Work, request: RegisterPatient) -> PatientRegistered:
    """Stores a person whom the desk knows to be new."""
    require_birth(request.demographics)
    return PatientRegistered(add_patient(work, request.demographics))


def add_patient(work: Work, given: Demographics) -> PatientHeader:
    """Stores a new patient, also one whose age is not known, and tells the others."""
    cleaned = clean_demographics(given, today=clinic_today(work))
    header = work.one(PatientHeader, REGISTER, _params(work, cleaned))
    assert header is not None
    work.concerns(header.id)
    work.emit(PatientAdded(patient_id=header.id), audience=Permission.PATIENT_READ)
    return header


def edit_patient(work: Work, request: EditPatient) -> PatientEdited:
    """Replaces the entry that the editor saw and keeps the old one; whoever was faster is named."""
    cleaned = clean_demographics(request.demographics, today=clinic_today(work))
    params = _params(work, cleaned) | {"id": request.patient_id, "version": request.version}
    header = work.one(PatientHeader, EDIT, params)
    if header is None:
        raise _edited_meanwhile(work, request.patient_id)
    work.concerns(header.id)
    version = request.version + 1
    work.emit(PatientChanged(patient_id=header.id, version=version), audience=Permission.PATIENT_READ)
    return PatientEdited(patient=header, version=version)


def mark_seen(work: Work, patient_id: PatientId) -> None:
    """Notes that the patient is here now: searches show first who was here last."""
    work.send(MARK_SEEN, {"id": patient_id, "now": work.now})


def _params(work: Work, cleaned: Demographics) -> dict[str, Any]:
    return (
        structs.asdict(cleaned) | asdict(search_entry(cleaned)) | {"now": work.now, "by": work.actor.staff_id}
    )


def _edited_meanwhile(work: Work, patient_id: PatientId) -> Refused:
    row = work.connection.execute(WHO_WAS_FASTER, {"id": patient_id}).fetchone()
    if row is None:
        return unknown_patient()
    version, changed_at, clock_time, who = row
    return Refused(
        "patients.edited_meanwhile",
        f"{who} changed this patient at {clock_time}. "
        "Your changes are not stored: look at the new entry first.",
        data={"by": who, "at": changed_at.isoformat(), "version": str(version)},
    )


COUNTED_EVERY = 16
"""Every 16th patient counts for 16 bearers of a name, so that few who register wait for each other."""

_FIELDS = """family_name, given_names, sex, birth_date, birth_precision, phone, no_phone, national_id,
    address, next_of_kin_name, next_of_kin_phone, email, language, deceased, deceased_on"""
_VALUES = """%(family_name)s, %(given_names)s, %(sex)s, %(birth_date)s::date, %(birth_precision)s, %(phone)s,
    %(no_phone)s, %(national_id)s, %(address)s, %(next_of_kin_name)s, %(next_of_kin_phone)s, %(email)s,
    %(language)s, %(deceased)s, %(deceased_on)s::date"""
_HEADER = "id, number, name, sex, birth_date, birth_precision, deceased"

_VOCABULARY = """
known as (
    insert into name_word (word, bearers) select word, 1 from unnest(%(words)s::text[]) as new (word)
    on conflict do nothing
), sounding as (
    insert into name_sound (word, sound)
    select word, sound from unnest(%(sounding_words)s::text[], %(sounds)s::text[]) as keys (word, sound)
    order by sound, word
    on conflict do nothing
)
"""

REGISTER = f"""
with stored as (
    insert into patient ({_FIELDS}, registered_at, registered_by, changed_at, changed_by)
    values ({_VALUES}, %(now)s, %(by)s, %(now)s, %(by)s)
    returning {_HEADER}
), searched as (
    insert into patient_search (patient_id, words, phone_digits, national_id)
    select id, %(words)s, %(phone_digits)s, %(search_national_id)s from stored
), listed as (
    insert into patient_word (word, patient_id) select unnest(%(words)s::text[]), id from stored
), {_VOCABULARY}, counted as (
    update name_word set bearers = bearers + {COUNTED_EVERY}
    from stored where word = any(%(words)s::text[]) and id %% {COUNTED_EVERY} = 0
)
select * from stored
"""

EDIT = f"""
with before as (
    select * from patient where id = %(id)s and version = %(version)s for no key update
), kept as (
    insert into patient_version (patient_id, version, stored, replaced_at, replaced_by)
    select id, version, to_jsonb(before), %(now)s, %(by)s from before
), stored as (
    update patient set ({_FIELDS}, version, changed_at, changed_by)
        = row({_VALUES}, before.version + 1, %(now)s, %(by)s)
    from before where patient.id = before.id
    returning patient.id, patient.number, patient.name, patient.sex, patient.birth_date,
        patient.birth_precision, patient.deceased
), searched as (
    update patient_search set (words, phone_digits, national_id)
        = row(%(words)s::text[], %(phone_digits)s, %(search_national_id)s)
    from stored where patient_search.patient_id = stored.id
), seen as (
    update patient_seen set words = %(words)s::text[] from stored where patient_seen.patient_id = stored.id
), forgotten as (
    delete from patient_word using stored
    where patient_id = stored.id and not word = any(%(words)s::text[])
), listed as (
    insert into patient_word (word, patient_id) select unnest(%(words)s::text[]), id from stored
    on conflict do nothing
), {_VOCABULARY}
select * from stored
"""

WHO_WAS_FASTER = """
select patient.version, patient.changed_at,
    to_char(patient.changed_at at time zone clinic.time_zone, 'HH24:MI'), coalesce(staff.name, 'An import')
from patient cross join clinic left join staff on staff.id = patient.changed_by
where patient.id = %(id)s
"""

MARK_SEEN = """
insert into patient_seen (patient_id, seen_at, words)
select patient_id, %(now)s, words from patient_search where patient_id = %(id)s
on conflict (patient_id) do update set seen_at = excluded.seen_at
"""
