"""Imported patients in the words of the front desk, under the front desk's own rules."""

from dataclasses import dataclass
from datetime import date

import msgspec
from msgspec import structs
from psycopg.rows import class_row

from hms_server.contract.patients import Demographics, EditPatient
from hms_server.contract.values import BirthPrecision, PatientId, StaffId
from hms_server.faults import Refused
from hms_server.fhir.records import Address, PatientRecord
from hms_server.fhir.report import ResourceProblem
from hms_server.fhir.rows import day_of
from hms_server.fhir.statements import REMEMBER_IDENTIFIER, STORED_PATIENT
from hms_server.patients.commands import add_patient, edit_patient
from hms_server.patients.queries import clinic_today
from hms_server.patients.rules import clean_demographics
from hms_server.work import Work

_NATIONAL_IDS = ("NI", "NNNGA", "NNGHA", "SS")
"""HL7 v2 table 0203: national unique individual identifiers, and the social security number."""
_MAY_BE_MISSING = {"phone", "national_id", "address", "deceased_on"}
"""What the desk's rules refuse of these is left out; the patient is not."""


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    family_name: str
    given_names: str
    sex: str
    birth_date: date | None
    birth_precision: str
    phone: str | None
    no_phone: bool
    national_id: str | None
    address: str | None
    next_of_kin_name: str | None
    next_of_kin_phone: str | None
    deceased: bool
    deceased_on: date | None
    version: int
    changed_by: StaffId | None


@dataclass(frozen=True, slots=True)
class Taken:
    """Where the patient is now, and what of the record was left out."""

    patient_id: PatientId
    problems: tuple[ResourceProblem, ...]


def add(work: Work, record: PatientRecord) -> Taken:
    """Registers the patient; Refused where not even the name can be used."""
    demographics, problems = _acceptable(work, record, demographics_of(record))
    patient_id = add_patient(work, demographics).id
    _keep_identifiers(work, patient_id, record)
    return Taken(patient_id, problems)


def renew(work: Work, patient_id: PatientId, record: PatientRecord) -> Taken:
    """Takes over what the source changed, beside what only this clinic knows; the old entry is kept."""
    with work.connection.cursor(row_factory=class_row(_Stored)) as cursor:
        stored = cursor.execute(STORED_PATIENT, (patient_id,)).fetchone()
    assert stored is not None
    given, problems = _acceptable(work, record, _merged(stored, demographics_of(record)))
    edit_patient(work, EditPatient(patient_id=patient_id, version=stored.version, demographics=given))
    _keep_identifiers(work, patient_id, record)
    return Taken(patient_id, problems)


def demographics_of(record: PatientRecord) -> Demographics:
    """The record as the desk would write it; of an unknown birth date nothing is claimed to be exact."""
    return Demographics(
        family_name=record.name.family,
        given_names=" ".join(record.name.given),
        sex=record.sex,
        birth_date=record.birth_date,
        birth_precision=record.birth_precision or BirthPrecision.ESTIMATED,
        phone=record.phone or None,
        national_id=next(
            (each.value for each in record.identifiers if each.type_code in _NATIONAL_IDS), None
        ),
        address=address_words(record.addresses[0]) if record.addresses else None,
        deceased=record.deceased,
        deceased_on=day_of(record.deceased_at),
    )


def _national_id(record: PatientRecord) -> str | None:
    return next((each.value for each in record.identifiers if each.type_code in _NATIONAL_IDS), None)


def address_words(address: Address) -> str:
    if address.text:
        return address.text
    parts = (*address.lines, address.city, address.district, address.state, address.postal_code)
    return ", ".join(part for part in (*parts, address.country) if part)


def _merged(stored: _Stored, given: Demographics) -> Demographics:
    # A death that somebody wrote down here does not end because the source has not heard of it.
    known_here = stored.deceased and stored.changed_by is not None
    kept = msgspec.convert(stored, Demographics, from_attributes=True)
    return structs.replace(
        given,
        phone=given.phone or kept.phone,
        no_phone=kept.no_phone and not given.phone,
        national_id=given.national_id or kept.national_id,
        address=given.address or kept.address,
        next_of_kin_name=kept.next_of_kin_name,
        next_of_kin_phone=kept.next_of_kin_phone,
        deceased=given.deceased or known_here,
        deceased_on=given.deceased_on or (kept.deceased_on if known_here else None),
    )


def _acceptable(
    work: Work, record: PatientRecord, given: Demographics
) -> tuple[Demographics, tuple[ResourceProblem, ...]]:
    """The same without what the desk's rules refuse, and what that was."""
    problems: list[ResourceProblem] = []
    while True:
        refused = _refusal_of(work, given)
        if refused is None:
            return given, tuple(problems)
        field = refused.fault.field or ""
        if field not in _MAY_BE_MISSING or getattr(given, field) is None:
            raise refused
        message = f"{refused.fault.message} It was left out."
        problems.append(ResourceProblem("Patient", record.source_id, field, message))
        given = structs.replace(given, **{field: None})


def _refusal_of(work: Work, given: Demographics) -> Refused | None:
    try:
        clean_demographics(given, today=clinic_today(work))
    except Refused as refused:
        return refused
    return None


def _keep_identifiers(work: Work, patient_id: PatientId, record: PatientRecord) -> None:
    rows = [(patient_id, each.system, each.value, each.type_code) for each in record.identifiers]
    work.connection.cursor().executemany(REMEMBER_IDENTIFIER, rows)
