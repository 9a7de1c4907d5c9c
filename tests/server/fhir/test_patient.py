"""Who a patient is, as the source knew it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from hms_server.contract.values import BirthPrecision, Sex
from hms_server.fhir.records import PatientRecord
from hms_server.fhir.report import BundleContent

SYNTHEA = [{"system": "https://github.com/synthetichealth/synthea", "value": "x"}]


@pytest.fixture
def read_patient(read_resources: Callable[..., BundleContent]) -> Callable[..., PatientRecord]:
    def read(**fields: Any) -> PatientRecord:
        content = read_resources(
            {"resourceType": "Patient", "id": "2", "name": [{"family": "Bello", "given": ["Musa"]}], **fields}
        )
        assert content.problems == ()
        return content.patients[1]

    return read


@pytest.fixture
def problem(read_resources: Callable[..., BundleContent]) -> Callable[..., str]:
    def read(**fields: Any) -> str:
        content = read_resources(
            {"resourceType": "Patient", "id": "2", "name": [{"family": "Bello", "given": ["Musa"]}], **fields}
        )
        assert len(content.patients) == 1, "only Ada may be taken"
        return content.problems[0].sentence()

    return read


@pytest.mark.parametrize(
    ("given", "day", "precision"),
    [
        ("1987-03-14", date(1987, 3, 14), BirthPrecision.DAY),
        ("1987-03", date(1987, 3, 1), BirthPrecision.MONTH),
        ("1987", date(1987, 1, 1), BirthPrecision.YEAR),
    ],
)
def test_a_birth_date_keeps_its_precision(
    read_patient: Callable[..., PatientRecord], given: str, day: date, precision: BirthPrecision
) -> None:
    """A year alone never becomes a birthday."""
    patient = read_patient(birthDate=given)

    assert (patient.birth_date, patient.birth_precision) == (day, precision)


def test_a_patient_without_birth_date_and_sex_is_taken(read_patient: Callable[..., PatientRecord]) -> None:
    """Unknown is an answer."""
    patient = read_patient()

    assert (patient.birth_date, patient.birth_precision, patient.sex) == (None, None, Sex.UNKNOWN)


def test_names_keep_accents_and_marks(read_patient: Callable[..., PatientRecord]) -> None:
    """Yoruba tone marks and French accents come through letter by letter."""
    patient = read_patient(name=[{"family": "Adébáyọ̀", "given": ["Ọláyínká", "Aïssatou"]}])

    assert (patient.name.family, patient.name.given) == ("Adébáyọ̀", ("Ọláyínká", "Aïssatou"))


def test_digits_leave_the_names_that_synthea_invented_and_no_others(
    read_patient: Callable[..., PatientRecord],
) -> None:
    """A real name with a digit is somebody's name."""
    name = [{"family": "Okafor812", "given": ["Ngozi77"]}]

    synthetic, real = read_patient(name=name, identifier=SYNTHEA), read_patient(name=name)

    assert (synthetic.name.family, synthetic.name.given) == ("Okafor", ("Ngozi",))
    assert (real.name.family, real.name.given) == ("Okafor812", ("Ngozi77",))


def test_the_official_name_comes_before_a_former_one(read_patient: Callable[..., PatientRecord]) -> None:
    """Nobody is called up by her maiden name or by one that has ended; both can still be found."""
    patient = read_patient(
        name=[
            {"use": "maiden", "family": "Sani"},
            {"use": "official", "family": "Old", "period": {"end": "2001"}},
            {"use": "usual", "family": "Bello"},
        ]
    )

    assert patient.name.family == "Bello"
    assert [each.family for each in patient.other_names] == ["Sani", "Old"]


@pytest.mark.parametrize("name", [{"text": "Musa Bello"}, {"given": ["Musa", "Bello"]}])
def test_a_name_without_a_family_part_is_kept_whole(
    read_patient: Callable[..., PatientRecord], name: dict[str, Any]
) -> None:
    """Nobody guesses which word is the family's."""
    patient = read_patient(name=[name])

    assert (patient.name.family, patient.name.given) == ("Musa Bello", ())


@pytest.mark.parametrize(
    ("fields", "deceased", "at"),
    [
        ({}, False, None),
        ({"deceasedBoolean": False}, False, None),
        ({"deceasedBoolean": True}, True, None),
        ({"deceasedDateTime": "2021"}, True, datetime(2021, 1, 1, tzinfo=UTC)),
        ({"deceasedDateTime": "2021-05-20T00:30:00+01:00"}, True, datetime(2021, 5, 19, 23, 30, tzinfo=UTC)),
    ],
)
def test_the_dead_are_known_as_dead(
    read_patient: Callable[..., PatientRecord], *, fields: dict[str, Any], deceased: bool, at: datetime | None
) -> None:
    """In whichever way the source says it."""
    patient = read_patient(**fields)

    assert patient.deceased is deceased
    assert (patient.deceased_at.at if patient.deceased_at else None) == at


def test_a_death_in_the_year_of_birth_is_possible(read_patient: Callable[..., PatientRecord]) -> None:
    """A coarse date is not compared beyond what it says."""
    assert read_patient(birthDate="2021-05-20", deceasedDateTime="2021").deceased


def test_contacts_numbers_and_addresses_are_kept(read_patient: Callable[..., PatientRecord]) -> None:
    """With their kinds, and without empty ones."""
    patient = read_patient(
        identifier=[
            {"type": {"coding": [{"code": "MR"}]}, "system": "https://clinic.example", "value": "77"},
            {"system": "https://clinic.example/without-value"},
        ],
        telecom=[
            {"system": "email", "value": "m@x.example"},
            {"system": "phone", "value": "+234 803 555 0141"},
        ],
        address=[{"line": ["14 Ogui Road"], "city": "Enugu", "postalCode": "400001", "country": "NG"}],
    )

    assert [(each.type_code, each.value) for each in patient.identifiers] == [("MR", "77")]
    assert patient.phone == "+234 803 555 0141"
    assert (patient.addresses[0].lines, patient.addresses[0].postal_code) == (("14 Ogui Road",), "400001")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"birthDate": "2026-01-02"}, "birthDate: The birth date is in the future."),
        ({"birthDate": "1066-10-14"}, "birthDate: The birth date is before 1850."),
        ({"birthDate": "2021-02-30"}, "birthDate: There is no such day or time."),
        ({"birthDate": "14/03/1987"}, "birthDate: This is not a date or time as FHIR writes it."),
        ({"birthDate": 19870314}, "birthDate: This is not a date or time as FHIR writes it."),
        ({"gender": "F"}, "gender: Invalid enum value 'F'."),
        ({"deceasedBoolean": "yes"}, "deceasedBoolean: Expected bool, got str."),
        ({"deceasedDateTime": "2030"}, "deceasedDateTime: The death is in the future."),
        (
            {"birthDate": "2021-05-20", "deceasedDateTime": "2021-05-19"},
            "deceasedDateTime: The death is before the birth.",
        ),
        ({"name": []}, "name: The patient has no name."),
        ({"name": [{"use": "official"}]}, "name: The patient has no name."),
        ({"name": {"family": "Bello"}}, "name: A list is expected here."),
        ({"name": [{"family": "x" * 101}]}, "name: A name is longer than 100 characters."),
        ({"name": [{"family": "Be\0llo"}]}, "family: The text has a character that cannot be stored."),
        ({"name": [{"family": "Be\ud800llo"}]}, "family: The text has a character that cannot be stored."),
        ({"address": [{"text": "x" * 20_001}]}, "text: The text is longer than 20000 characters."),
        ({"na\udfffme": "x"}, ": The name of a field has a character that does not belong there."),
        ({"religion": "none"}, "religion: FHIR R4 has no such field."),
        (
            {"modifierExtension": [{"url": "https://x.example", "valueBoolean": True}]},
            "modifierExtension: This may change the meaning and is not understood here.",
        ),
    ],
)
def test_what_is_wrong_with_a_patient_is_told_by_field(
    problem: Callable[..., str], fields: dict[str, Any], sentence: str
) -> None:
    """And the patient beside it is taken all the same."""
    assert problem(**fields) == f"Patient bundle.json#Patient/2, {sentence}".replace(", :", ":")
