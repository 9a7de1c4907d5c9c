"""Who is known by name in a conversation: the patients spoken of with all that names them, and the staff."""

from collections.abc import Sequence
from dataclasses import dataclass

from hms_server.assistant.naming import Identity
from hms_server.assistant.patterns import TITLES, Hidden
from hms_server.contract.patients import ConsentDecision, ConsentScope
from hms_server.contract.values import PatientId, StaffId
from hms_server.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patient:
    id: PatientId
    number: str
    name: str
    earlier_names: list[str]
    phone: str | None
    national_id: str | None
    address: str | None
    email: str | None
    next_of_kin_name: str | None
    next_of_kin_phone: str | None
    consents: bool

    def identities(self) -> list[Identity]:
        numbers = tuple(filter(None, (self.number, self.phone, self.national_id)))
        own = Identity(
            key=key_of(self.id),
            kind=Hidden.PATIENT,
            names=(self.name, *self.earlier_names),
            numbers=numbers,
            places=tuple(filter(None, (self.address,))),
            emails=tuple(filter(None, (self.email,))),
        )
        if not self.next_of_kin_name and not self.next_of_kin_phone:
            return [own]
        kin = Identity(
            key=f"kin:{self.id}",
            kind=Hidden.PERSON,
            names=tuple(filter(None, (self.next_of_kin_name,))),
            numbers=tuple(filter(None, (self.next_of_kin_phone,))),
        )
        return [own, kin]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staff:
    id: StaffId
    name: str


@dataclass(frozen=True, kw_only=True)
class Known:
    """The patients in question: `identities` of those who have agreed, `refused` the others."""

    identities: list[Identity]
    refused: frozenset[PatientId]


def key_of(patient_id: PatientId) -> str:
    return f"patient:{patient_id}"


def patient_of(key: str | None) -> PatientId | None:
    """The patient behind an identity's key."""
    kind, _, number = (key or "").partition(":")
    return PatientId(int(number)) if kind == "patient" else None


def known_patients(work: Work, patient_ids: Sequence[PatientId]) -> Known:
    """Everybody's names, numbers and next of kin, with their consent as it is now."""
    params = {"ids": list(patient_ids), "scope": ConsentScope.ASSISTANT, "given": ConsentDecision.GIVEN}
    rows = work.rows(_Patient, PATIENTS, params)
    return Known(
        identities=[one for row in rows if row.consents for one in row.identities()],
        refused=frozenset(patient_ids) - {row.id for row in rows if row.consents},
    )


def known_staff(work: Work) -> list[Identity]:
    """All who ever worked here."""
    return [
        Identity(key=f"staff:{one.id}", kind=Hidden.STAFF, names=(_without_title(one.name),))
        for one in work.rows(_Staff, STAFF)
    ]


def _without_title(name: str) -> str:
    """The title stays readable in front of the pseudonym."""
    words = name.split()
    while len(words) > 1 and words[0].strip(".").lower() in TITLES:
        words.pop(0)
    return " ".join(words)


PATIENTS = """
select id, number, name, phone, national_id, address, email, next_of_kin_name, next_of_kin_phone,
    coalesce((
        select array_agg(distinct concat_ws(' ', stored ->> 'given_names', stored ->> 'family_name'))
        from patient_version where patient_id = patient.id), '{}') as earlier_names,
    coalesce((
        select decision = %(given)s from patient_consent
        where patient_id = patient.id and scope = %(scope)s order by id desc limit 1), false) as consents
from patient where id = any(%(ids)s) order by id
"""
STAFF = """
select id, name from staff where not roles <@ '{display,kiosk}' order by id
"""
