"""What an import leaves in the database: as given, once, and never as valid what its source took back."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hms_server.contract.consultations import AllergyStatus, ChartChanged, GetBanner
from hms_server.contract.patients import PatientAdded, PatientChanged, SearchPatients
from hms_server.contract.values import PatientId, Role
from hms_server.contract.visits import CheckIn
from hms_server.database import connect
from hms_server.fhir.bundle import read_bundle
from hms_server.fhir.command import import_files
from hms_server.fhir.records import EncounterStatus
from tests.server.desk import Desk

NOW = datetime(2026, 1, 2, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("HMS_SHARED", ROOT.parent / "shared" / "data"))
FILES = sorted((SHARED / "synthea").glob("*.json"))
DEMO = ROOT / "resources" / "demo" / "fhir"

needs_files = pytest.mark.skipif(not FILES, reason="the folder shared/data is not there")


class Importing:
    """Imports into the clinic of a desk, and keeps what was said."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk = desk
        self.folder = folder
        self.lines: list[str] = []

    def files(self, *paths: Path) -> bool:
        self.lines.clear()
        with self.desk.connect() as connection:
            return import_files(connection, paths, clock=lambda: NOW, say=self.lines.append)

    def resources(self, *resources: dict[str, Any], **patient: Any) -> PatientId:
        """Imports Ada Obi with these resources; the same file each time."""
        ada = {
            "resourceType": "Patient",
            "id": "ada",
            "name": [{"family": "Obi", "given": ["Ada"]}],
            **patient,
        }
        entries = [{"resource": each} for each in (ada, *resources)]
        path = self.folder / "ada.json"
        text = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
        # json writes numbers in its own way: "@71.50@" stands for the digits as they are.
        path.write_text(re.sub('"@(.+?)@"', r"\1", text))
        assert self.files(path), self.lines
        ids = self.desk.sql("select patient_id from fhir_record where source_id = 'ada.json#Patient/ada'")
        patient_id: PatientId = ids[0][0]
        return patient_id

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    with Desk(database) as desk:
        yield desk


@pytest.fixture
def importing(desk: Desk, tmp_path: Path) -> Importing:
    return Importing(desk, tmp_path)


def about_ada(kind: str, **fields: Any) -> dict[str, Any]:
    owner = "patient" if kind == "AllergyIntolerance" else "subject"
    return {"resourceType": kind, "id": kind.lower(), owner: {"reference": "Patient/ada"}, **fields}


def coded(system: str, *codes: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def allergy(substance: str, *, verification: str = "confirmed", clinical: str = "active") -> dict[str, Any]:
    base = "http://terminology.hl7.org/CodeSystem/allergyintolerance"
    return about_ada(
        "AllergyIntolerance",
        code={"text": substance},
        clinicalStatus=coded(f"{base}-clinical", clinical),
        verificationStatus=coded(f"{base}-verification", verification),
    )


def weight(value: str, **more: Any) -> dict[str, Any]:
    quantity = {"value": f"@{value}@", "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}
    return about_ada(
        "Observation",
        status="final",
        code=coded("http://loinc.org", "29463-7"),
        effectiveDateTime="2025-03-01T08:00:00Z",
        valueQuantity=quantity | more,
    )


def state_of(desk: Desk) -> list[Any]:
    """Everything that an import writes, with the ids and versions."""
    tables = ("patient", "encounter", "allergy_intolerance", "patient_allergy_status", "condition",
              "medication_request", "observation", "patient_search", "patient_word", "fhir_record",
              "patient_identifier", "patient_version")  # fmt: skip
    return [desk.sql(f"select to_jsonb(t)::text from {table} as t order by 1") for table in tables]


@needs_files
def test_all_fourteen_files_are_taken_once_and_as_given(importing: Importing, desk: Desk) -> None:
    """Counts and numbers are the files', a second run changes nothing, the dead are not checked in."""
    contents = [read_bundle(path, today=NOW.date()) for path in FILES]
    assert len(contents) == 14

    assert importing.files(*FILES), importing.text
    assert "left out – 1 CarePlan, 15 Claim," in importing.text
    first = state_of(desk)
    events = len(desk.events(PatientAdded)), len(desk.events(ChartChanged))
    assert importing.files(FILES[0].parent), importing.text

    assert state_of(desk) == first
    assert (len(desk.events(PatientAdded)), len(desk.events(ChartChanged))) == events == (14, 14)
    assert importing.text.count("all of it is here already") == 14
    counts = desk.sql("""select (select count(*) from patient), (select count(*) from encounter),
        (select count(*) from condition), (select count(*) from medication_request),
        (select count(*) from observation)""")[0]
    assert counts == (
        14,
        sum(len(each.encounters) for each in contents),
        sum(len(each.conditions) for each in contents),
        sum(len(each.medications) for each in contents),
        sum(len(each.observations) for each in contents),
    )
    given = {
        each.source_id: each.value.quantity.value
        for content in contents
        for each in content.observations
        if each.value.quantity is not None
    }
    stored = desk.sql("select source_id, value from observation where value is not null")
    assert {source_id: str(value) for source_id, value in stored} == {
        source_id: f"{value:f}" for source_id, value in given.items()
    }
    for (patient_id,) in desk.sql("select id from patient where deceased order by id"):
        fault = desk.fault(CheckIn(patient_id=patient_id), Role.RECEPTIONIST)
        assert fault.code == "visits.deceased"
        assert desk.ask(GetBanner(patient_id=patient_id)).deceased
    assert desk.sql("select family_name from patient where deceased order by 1") == [
        ("Riojas",),
        ("Thompson",),
    ]


def test_our_own_bundles_are_taken_and_found_by_search(importing: Importing, desk: Desk) -> None:
    """Also without any file of others: names with accents, a family, a patient without a birth date."""
    assert importing.files(DEMO), importing.text
    first = state_of(desk)

    assert importing.files(DEMO), importing.text

    assert state_of(desk) == first
    assert importing.text.count("all of it is here already") == 4
    found = desk.ask(SearchPatients(text="adebayo olayinka")).patients
    assert [(each.name, each.birth_precision) for each in found] == [("Ọláyínká Adébáyọ̀", "month")]
    hauwa = desk.ask(SearchPatients(text="809 555 0173")).patients
    assert [(each.name, each.birth_date, each.birth_precision) for each in hauwa] == [
        ("Hauwa Abubakar", None, "estimated")
    ]
    audited = desk.sql("select cardinality(patients) > 0 from audit where request = 'ImportFhir'")
    assert audited == [(True,)] * 8


@pytest.mark.parametrize("digits", ["71.50", "71.5", "0.1000000000000000055511151231257827", "1200"])
def test_a_number_is_stored_digit_by_digit(importing: Importing, desk: Desk, digits: str) -> None:
    """Nothing is rounded, and 71.50 stays 71.50."""
    importing.resources(weight(digits))

    assert desk.sql("select value::text, unit from observation") == [(digits, "kg")]


def test_less_than_five_is_not_five(importing: Importing, desk: Desk) -> None:
    """A value with a sign before it is words, so that no trend draws it as a number."""
    importing.resources(weight("5", comparator="<"))

    assert desk.sql("select value, value_text from observation") == [(None, "<5")]


def test_a_changed_record_replaces_the_old_one(importing: Importing, desk: Desk) -> None:
    """The source corrected a weight: there is one row, and it is the new one."""
    importing.resources(weight("71.5"))

    importing.resources(weight("75.1"))

    assert desk.sql("select value from observation") == [(Decimal("75.1"),)]
    assert "0 new, 1 changed" in importing.text
    assert "taken – 1 patient, 1 observation" in importing.text


@pytest.mark.parametrize("verification", ["refuted", "entered-in-error"])
def test_an_allergy_that_is_taken_back_is_shown_no_more(
    importing: Importing, desk: Desk, verification: str
) -> None:
    """It was active after the first import; after the second the banner does not name it."""
    patient_id = importing.resources(allergy("Penicillin V"))
    before = desk.ask(GetBanner(patient_id=patient_id))

    importing.resources(allergy("Penicillin V", verification=verification))

    assert [each.substance for each in before.allergies] == ["Penicillin V"]
    after = desk.ask(GetBanner(patient_id=patient_id))
    assert (after.allergies, after.allergy_status) == ([], AllergyStatus.NOT_ASKED)


@pytest.mark.parametrize(
    ("substance", "slug"),
    [("Allergy to fish", "fish"), ("Penicillin (substance)", "penicillins"), ("Moon dust", None)],
)
def test_an_allergy_is_linked_to_what_the_safety_check_knows(
    importing: Importing, desk: Desk, substance: str, slug: str | None
) -> None:
    """By the names that people and code systems use; an unknown one stays as text."""
    patient_id = importing.resources(allergy(substance))

    banner = desk.ask(GetBanner(patient_id=patient_id))
    assert [(each.substance, each.allergen) for each in banner.allergies] == [(substance, slug)]


@pytest.mark.parametrize(
    ("code", "status"),
    [("716186003", AllergyStatus.NONE_KNOWN), ("429625007", AllergyStatus.NOT_ASKED)],
)
def test_no_known_allergy_is_no_allergy(
    importing: Importing, desk: Desk, code: str, status: AllergyStatus
) -> None:
    """A general denial says that there is none at all; one of foods alone does not."""
    said = allergy("No known allergy")
    said["code"] = coded("http://snomed.info/sct", code)

    patient_id = importing.resources(said)

    banner = desk.ask(GetBanner(patient_id=patient_id))
    assert (banner.allergies, banner.allergy_status) == ([], status)


def test_what_the_clinic_corrected_is_not_undone_by_the_same_file(importing: Importing, desk: Desk) -> None:
    """A repeated import changes only what its source changed."""
    patient_id = importing.resources(weight("70"), gender="female")
    desk.sql("update patient set sex = 'male', version = 2, changed_by = 1 where id = %s", [patient_id])

    importing.resources(weight("71"), gender="female")

    assert desk.sql("select sex, version from patient") == [("male", 2)]
    assert desk.events(PatientChanged) == []


def test_a_patient_who_died_meanwhile_is_updated_and_keeps_what_only_we_know(
    importing: Importing, desk: Desk
) -> None:
    """The next of kin was written down here; the death comes from the source, the old entry is kept."""
    patient_id = importing.resources()
    desk.sql("update patient set next_of_kin_name = 'Chidi Obi' where id = %s", [patient_id])

    importing.resources(deceasedDateTime="2025-12")

    rows = desk.sql("select deceased, deceased_on, next_of_kin_name, version from patient")
    assert rows == [(True, None, "Chidi Obi", 2)]
    assert desk.sql("select version, stored ->> 'deceased' from patient_version") == [(1, "false")]
    assert len(desk.events(PatientChanged)) == 1
    assert desk.fault(CheckIn(patient_id=patient_id), Role.RECEPTIONIST).code == "visits.deceased"


def test_a_telephone_that_cannot_be_one_is_left_out_and_told(importing: Importing, desk: Desk) -> None:
    """The patient is taken all the same."""
    importing.resources(telecom=[{"system": "phone", "value": "ask the neighbour"}])

    assert desk.sql("select phone from patient") == [(None,)]
    assert "A phone number has digits" in importing.text


@pytest.mark.parametrize(
    ("status", "stored"),
    [
        (EncounterStatus.IN_PROGRESS, "finished"),
        (EncounterStatus.CANCELLED, "entered-in-error"),
        (EncounterStatus.ENTERED_IN_ERROR, "entered-in-error"),
    ],
)
def test_a_visit_elsewhere_is_no_open_visit_here(
    importing: Importing, desk: Desk, status: EncounterStatus, stored: str
) -> None:
    """A check-in today must not go on with what is open in another clinic."""
    visit = about_ada(
        "Encounter",
        status=status.value,
        period={"start": "2026-01-02"},
        **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}},
    )

    importing.resources(visit)

    rows = desk.sql("select status, started_at at time zone 'Africa/Lagos' from encounter")
    assert rows == [(stored, datetime(2026, 1, 2))]  # noqa: DTZ001 - a time of the clinic's wall clock


def test_a_bad_file_gets_one_sentence_and_the_others_go_on(
    importing: Importing, desk: Desk, tmp_path: Path
) -> None:
    """Exit code 1 follows, and what could be read is stored."""
    bad = tmp_path / "notes.txt"
    bad.write_text("Ada came on Monday.")
    missing = tmp_path / "missing.json"

    done = importing.files(bad, missing, DEMO / "adaeze_okonkwo.json")

    assert not done
    refusals = [line for line in importing.lines if "Nothing was taken" in line]
    assert len(refusals) == 2
    assert "notes.txt is not JSON" in refusals[0]
    assert "missing.json does not exist" in refusals[1]
    assert desk.sql("select family_name from patient") == [("Okonkwo",)]
    assert importing.lines[-1] == "1 imported, 2 refused."


def test_without_a_clinic_nothing_is_imported(database: str) -> None:
    """The time zone of the clinic is needed to know which day it is."""
    lines: list[str] = []
    with connect(database, application_name="tests", autocommit=True) as connection:
        done = import_files(connection, [DEMO / "adaeze_okonkwo.json"], clock=lambda: NOW, say=lines.append)

    assert not done
    assert any("There is no clinic yet" in line for line in lines)
