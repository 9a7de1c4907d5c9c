"""Real bundles in the folder shared/data beside the checkout, against a count that knows no code of ours."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from hms_server.fhir.bundle import TAKEN_TYPES, read_bundle

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("HMS_SHARED", ROOT.parent / "shared" / "data"))
FILES = sorted((SHARED / "synthea").glob("*.json"))
DEMO = ROOT / "resources" / "demo" / "fhir"

needs_files = pytest.mark.skipif(not FILES, reason="the folder shared/data is not there")


@needs_files
def test_all_fourteen_files_are_there() -> None:
    """The tests below would say nothing about a folder that lost some."""
    assert len(FILES) == 14


@needs_files
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition("_")[0])
def test_nothing_of_a_bundle_goes_missing(path: Path, today: date) -> None:
    """Each resource becomes a record or is counted as left out, and none has a problem."""
    resources = [entry["resource"] for entry in json.loads(path.read_bytes())["entry"]]
    count = Counter(each["resourceType"] for each in resources)
    values = sum(
        len(each.get("component", ())) + any(key.startswith("value") for key in each)
        for each in resources
        if each["resourceType"] == "Observation"
    )

    content = read_bundle(path, today=today)

    assert content.problems == ()
    assert len(content.patients) == count["Patient"] == 1
    assert len(content.encounters) == count["Encounter"]
    assert len(content.allergies) == count["AllergyIntolerance"]
    assert len(content.conditions) == count["Condition"]
    assert len(content.medications) == count["MedicationRequest"]
    assert len(content.observations) == values
    left_out = {kind: number for kind, number in count.items() if kind not in TAKEN_TYPES}
    assert {each.resource_type: each.count for each in content.left_out} == left_out


@needs_files
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition("_")[0])
def test_numbers_are_those_of_the_file_digit_by_digit(path: Path, today: date) -> None:
    """Nothing went through a binary number on the way."""
    resources = [
        entry["resource"] for entry in json.loads(path.read_bytes(), parse_float=str, parse_int=str)["entry"]
    ]
    given = Counter(
        part["valueQuantity"]["value"]
        for each in resources
        if each["resourceType"] == "Observation"
        for part in (each, *each.get("component", ()))
        if "valueQuantity" in part
    )

    content = read_bundle(path, today=today)

    assert given == Counter(
        str(each.value.quantity.value) for each in content.observations if each.value.quantity is not None
    )


@needs_files
def test_every_record_belongs_to_the_patient_and_most_to_an_encounter(today: date) -> None:
    """References are followed, and ids are unique over all files."""
    contents = [read_bundle(path, today=today) for path in FILES]

    for content in contents:
        owners = {
            each.patient_source_id
            for group in (
                content.encounters,
                content.allergies,
                content.conditions,
                content.medications,
                content.observations,
            )
            for each in group
        }
        assert owners == {content.patients[0].source_id}
        assert all(each.encounter_source_id for each in content.conditions)
        assert all(each.encounter_source_id for each in content.observations)
    ids = [each.source_id for content in contents for each in content.patients]
    ids += [each.source_id for content in contents for each in content.observations]
    assert len(ids) == len(set(ids))


@needs_files
def test_two_of_the_patients_have_died(today: date) -> None:
    """As the files say."""
    patients = [read_bundle(path, today=today).patients[0] for path in FILES]

    assert {each.name.family for each in patients if each.deceased} == {"Riojas", "Thompson"}


@needs_files
def test_a_file_of_usual_size_is_read_at_once(today: date) -> None:
    """Well under two seconds for 200 kB, measured without the first import of the library."""
    path = max(FILES, key=lambda each: each.stat().st_size)
    read_bundle(path, today=today)

    begin = time.perf_counter()
    read_bundle(path, today=today)

    assert time.perf_counter() - begin < 1.0


def test_only_the_models_that_are_needed_are_loaded() -> None:
    """The models of all resources would take a small machine seconds and much memory."""
    program = (
        "import sys, datetime, pathlib\n"
        "from hms_server.fhir.bundle import read_bundle\n"
        f"read_bundle(pathlib.Path({str(DEMO / 'adaeze_okonkwo.json')!r}), today=datetime.date(2026, 1, 1))\n"
        "print(sum(name.startswith('fhir.resources.R4B.') for name in sys.modules))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert 6 <= int(done.stdout) < 60
