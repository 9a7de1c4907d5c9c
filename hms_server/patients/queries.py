"""What the screens ask about one patient: the entry, and who else it may be."""

from dataclasses import dataclass
from datetime import date

from hms_server.contract.patients import (
    Demographics,
    FindLookAlikes,
    GetPatient,
    LookAlike,
    LookAlikes,
    PatientDetails,
)
from hms_server.contract.values import BirthPrecision, PatientHeader, PatientId, Sex
from hms_server.faults import Refused
from hms_server.patients.likeness import SHOWN_FROM, Traits, compare, traits_of
from hms_server.patients.models import PatientRow
from hms_server.patients.names import words_of
from hms_server.patients.rules import MAX_NAME_CHARACTERS, resolve_birth
from hms_server.patients.vocabulary import find_meant_words
from hms_server.work import Work

MAX_LOOK_ALIKES = 8
MAX_WORDS = 6
"""Of a family name, and of given names; more are looked at when the found entries are compared."""
_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """Somebody who may be the same person."""

    id: PatientId
    number: str
    name: str
    family_name: str
    given_names: str
    sex: str
    birth_date: date | None
    birth_precision: str
    deceased: bool
    phone: str | None
    national_id: str | None
    last_visit: date | None

    def traits(self) -> Traits:
        return traits_of(
            names=(self.family_name, self.given_names),
            sex=Sex(self.sex),
            birth_date=self.birth_date,
            birth_precision=BirthPrecision(self.birth_precision),
            phone=self.phone,
            national_id=self.national_id,
        )

    def header(self) -> PatientHeader:
        return PatientHeader(
            id=self.id,
            number=self.number,
            name=self.name,
            sex=Sex(self.sex),
            birth_date=self.birth_date,
            birth_precision=BirthPrecision(self.birth_precision),
            deceased=self.deceased,
        )


def get_patient(work: Work, request: GetPatient) -> PatientDetails:
    """The whole entry, with the version that an edit has to name."""
    row = work.one(PatientRow, PATIENT, {"id": request.patient_id})
    if row is None:
        raise unknown_patient()
    work.concerns(row.id)
    return row.details()


def find_look_alikes(work: Work, request: FindLookAlikes) -> LookAlikes:
    """Who may already be registered as the person that is being typed; the likeliest first."""
    wanted = _traits_of_request(work, request)
    found = work.rows(_Candidate, LOOK_ALIKES, _candidate_params(work, request, wanted))
    alike = [(candidate, compare(wanted, candidate.traits())) for candidate in found]
    best = sorted(
        ((candidate, likeness) for candidate, likeness in alike if likeness.score >= SHOWN_FROM),
        key=lambda pair: (-pair[1].score, -pair[0].id),
    )[:MAX_LOOK_ALIKES]
    work.concerns(*(candidate.id for candidate, _ in best))
    return LookAlikes(
        [
            LookAlike(
                patient=candidate.header(),
                score=likeness.score,
                phone=candidate.phone,
                why=likeness.why,
                last_visit=candidate.last_visit,
            )
            for candidate, likeness in best
        ]
    )


def clinic_today(work: Work) -> date:
    """The day it is in the clinic."""
    today: date = work.value("select (%s at time zone time_zone)::date from clinic", (work.now,))
    return today


def unknown_patient() -> Refused:
    return Refused("patients.unknown", "There is no such patient.", field="patient_id")


def _traits_of_request(work: Work, request: FindLookAlikes) -> Traits:
    birth_date, precision = _typed_birth(work, request)
    return traits_of(
        names=(request.family_name[:MAX_NAME_CHARACTERS], request.given_names[:MAX_NAME_CHARACTERS]),
        sex=request.sex,
        birth_date=birth_date,
        birth_precision=precision,
        phone=request.phone,
        national_id=request.national_id,
    )


def _typed_birth(work: Work, request: FindLookAlikes) -> tuple[date | None, BirthPrecision]:
    """The birth date so far; what is not yet believable is still being typed."""
    typed = Demographics(
        family_name="",
        sex=request.sex,
        birth_date=request.birth_date,
        birth_precision=request.birth_precision,
        age_years=request.age_years,
        age_months=request.age_months,
    )
    try:
        return resolve_birth(typed, today=clinic_today(work))
    except Refused:
        return None, BirthPrecision.DAY


def _candidate_params(work: Work, request: FindLookAlikes, wanted: Traits) -> dict[str, object]:
    family = words_of(request.family_name[:MAX_NAME_CHARACTERS])[:MAX_WORDS]
    given = words_of(request.given_names[:MAX_NAME_CHARACTERS])[:MAX_WORDS]
    sounding = {token.text: token.sounding for token in find_meant_words(work, sorted({*family, *given}))}
    return {
        "family": sorted({word for typed in family for word in sounding[typed]}),
        "given": sorted({word for typed in given for word in sounding[typed]}),
        "birth": wanted.birth_date,
        "births": _possible_births(wanted),
        "phone": wanted.phone or None,
        "national_id": wanted.national_id or None,
        "except_id": request.except_id,
    }


def _possible_births(wanted: Traits) -> list[date]:
    birth = wanted.birth_date
    if birth is None or wanted.birth_precision is not BirthPrecision.DAY:
        return []
    if birth.day > _MONTHS:
        return [birth]
    return [birth, birth.replace(month=birth.day, day=birth.month)]


PATIENT = """
select patient.*, registrar.name as registered_by_name, changer.name as changed_by_name,
    (seen_at at time zone time_zone)::date as last_visit
from patient cross join clinic
left join staff as registrar on registrar.id = registered_by
left join staff as changer on changer.id = changed_by
left join patient_seen on patient_id = patient.id
where patient.id = %(id)s
"""

# Each branch is bounded: of a very common name those are compared whose birth date is nearest.
LOOK_ALIKES = """
with bearer as (
    select patient_id from patient_search
    where words && %(family)s::text[] and words && %(given)s::text[]
    limit 3000
), likely as (
    (select id from bearer join patient on id = patient_id
     order by abs(birth_date - %(birth)s::date) limit 100)
    union
    (select patient_id from patient_search where phone_digits = %(phone)s limit 50)
    union
    (select patient_id from patient_search where national_id = %(national_id)s limit 20)
    union
    (select id from (select id from patient where birth_date = any(%(births)s::date[]) limit 3000) as born
     join patient_search on patient_id = id
     where words && (%(family)s::text[] || %(given)s::text[]) limit 100)
)
select patient.id, number, patient.name, family_name, given_names, sex, birth_date, birth_precision, deceased,
    phone, national_id, (seen_at at time zone time_zone)::date as last_visit
from likely join patient using (id) cross join clinic left join patient_seen on patient_id = patient.id
where patient.id is distinct from %(except_id)s
"""
