"""Patients: who they are, how to reach them, and whether they live."""

import re
from datetime import date, timedelta

from hms_server.contract.values import BirthPrecision
from hms_server.fhir.moments import read_birth_date, read_when
from hms_server.fhir.records import Address, ContactPoint, HumanName, Identifier, PatientRecord, When
from hms_server.fhir.report import ResourceRejected
from hms_server.fhir.shapes import AddressShape, HumanNameShape, PatientShape

MAX_NAME_CHARACTERS = 100
EARLIEST_BIRTH = date(1850, 1, 1)
_NAMES_BY_PREFERENCE = ("official", "usual", "", "temp", "nickname", "anonymous", "maiden", "old")
_SYNTHEA = "https://github.com/synthetichealth/synthea"
_DIGITS_AT_END = re.compile(r"(?<=\D)\d+$")


def read_patient(source_id: str, shape: PatientShape, *, today: date) -> PatientRecord:
    name, *other_names = _names(shape.name)
    birth_date, birth_precision = _birth(shape.birth_date, today)
    deceased_at = _death(shape.deceased_date_time, birth_date, today)
    return PatientRecord(
        source_id=source_id,
        identifiers=tuple(
            Identifier(each.system, each.value, each.type.coding[0].code if each.type.coding else "")
            for each in shape.identifier
            if each.value
        ),
        name=_without_digits(name) if _is_synthetic(shape) else name,
        other_names=tuple(other_names),
        birth_date=birth_date,
        birth_precision=birth_precision,
        sex=shape.gender,
        telecom=tuple(
            ContactPoint(each.system, each.value, each.use) for each in shape.telecom if each.value
        ),
        addresses=tuple(_address(each) for each in shape.address),
        deceased=shape.deceased_boolean or deceased_at is not None,
        deceased_at=deceased_at,
        active=shape.active,
    )


def _names(shapes: tuple[HumanNameShape, ...]) -> list[HumanName]:
    """All names, the one to call the patient by first."""
    usable = sorted(
        (each for each in shapes if each.family.strip() or _present(each.given) or each.text.strip()),
        key=lambda each: (each.period.end is not None, _preference(each.use)),
    )
    if not usable:
        raise ResourceRejected("name", "The patient has no name.")
    names = [_name(each) for each in usable]
    if any(len(part) > MAX_NAME_CHARACTERS for name in names for part in (name.family, " ".join(name.given))):
        raise ResourceRejected("name", f"A name is longer than {MAX_NAME_CHARACTERS} characters.")
    return names


def _preference(use: str) -> int:
    return _NAMES_BY_PREFERENCE.index(use) if use in _NAMES_BY_PREFERENCE else len(_NAMES_BY_PREFERENCE)


def _name(shape: HumanNameShape) -> HumanName:
    given = _present(shape.given)
    # Which part of a full name is the family's differs from people to people, so nobody guesses here.
    family = shape.family.strip()
    if not family:
        family, given = " ".join(given) or shape.text.strip(), ()
    return HumanName(family, given, _present(shape.prefix), _present(shape.suffix), shape.use)


def _present(parts: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for part in parts if part and part.strip())


def _is_synthetic(shape: PatientShape) -> bool:
    return any(each.system == _SYNTHEA for each in shape.identifier)


def _without_digits(name: HumanName) -> HumanName:
    given = tuple(_DIGITS_AT_END.sub("", each) for each in name.given)
    return HumanName(_DIGITS_AT_END.sub("", name.family), given, name.prefix, name.suffix, name.use)


def _birth(text: str | None, today: date) -> tuple[date | None, BirthPrecision | None]:
    if text is None:
        return None, None
    birth_date, precision = read_birth_date(text)
    if birth_date > today:
        raise ResourceRejected("birthDate", "The birth date is in the future.")
    if birth_date < EARLIEST_BIRTH:
        raise ResourceRejected("birthDate", f"The birth date is before {EARLIEST_BIRTH.year}.")
    return birth_date, precision


def _death(text: str | None, birth_date: date | None, today: date) -> When | None:
    deceased_at = read_when(text, "deceasedDateTime")
    if deceased_at is None:
        return None
    # East of Greenwich today may have begun a day ahead of the server's.
    if deceased_at.at.date() > today + timedelta(days=1):
        raise ResourceRejected("deceasedDateTime", "The death is in the future.")
    # Compared as far as the source knew the day of death: "2021" is not before a birth in May 2021.
    day_of_death = deceased_at.given[: len("2021-05-20")]
    if birth_date and day_of_death < birth_date.isoformat()[: len(day_of_death)]:
        raise ResourceRejected("deceasedDateTime", "The death is before the birth.")
    return deceased_at


def _address(shape: AddressShape) -> Address:
    return Address(
        lines=_present(shape.line),
        city=shape.city,
        district=shape.district,
        state=shape.state,
        postal_code=shape.postal_code,
        country=shape.country,
        text=shape.text,
    )
