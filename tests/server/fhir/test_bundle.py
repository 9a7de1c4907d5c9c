"""A whole bundle: every resource is taken, left out with a reason, or told as a problem."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hms_server.fhir.bundle import read_bundle
from hms_server.fhir.report import BundleContent, LeftOut

Read = Callable[[str], BundleContent]
DEMO = Path(__file__).parents[3] / "resources" / "demo" / "fhir"
UUID = "829bb06a-42b9-433d-a8f6-560727c63da9"


def bundle(*entries: Any, kind: str = "collection", **fields: Any) -> str:
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries, **fields})


def patient(name: str = "Obi", **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": name}], **fields}


def condition(reference: str, **fields: Any) -> dict[str, Any]:
    subject = {"reference": reference}
    return {"resourceType": "Condition", "id": "c", "code": {"text": "Asthma"}, "subject": subject, **fields}


@pytest.mark.parametrize(
    ("entry", "source_id"),
    [
        ({"fullUrl": f"urn:uuid:{UUID}", "resource": patient(id=UUID)}, UUID),
        ({"fullUrl": f"urn:uuid:{UUID}", "resource": patient()}, UUID),
        (
            {"fullUrl": "https://a.example/Patient/1", "resource": patient(id="1")},
            "https://a.example/Patient/1",
        ),
        (
            {"fullUrl": "https://a.example/Patient/1/_history/7", "resource": patient(id="1")},
            "https://a.example/Patient/1",
        ),
        ({"resource": patient(id="1")}, "bundle.json#Patient/1"),
    ],
)
def test_a_resource_has_an_id_that_no_other_source_can_give(
    read_text: Read, entry: Any, source_id: str
) -> None:
    """Patient 1 of one clinic never becomes Patient 1 of another."""
    assert read_text(bundle(entry)).patients[0].source_id == source_id


@pytest.mark.parametrize("reference", [f"urn:uuid:{UUID}", "Patient/1", "Patient/1/_history/3"])
def test_references_find_their_patient(read_text: Read, reference: str) -> None:
    """By full URL, and by type and id, whatever version they name."""
    entry = {"fullUrl": f"urn:uuid:{UUID}", "resource": patient(id="1")}

    content = read_text(bundle({"resource": condition(reference)}, entry))

    assert content.conditions[0].patient_source_id == UUID


def test_a_reference_that_fits_two_patients_leads_to_none(read_text: Read) -> None:
    """A diagnosis in the wrong chart is worse than one that has to be entered by hand."""
    content = read_text(
        bundle(
            {"fullUrl": "https://a.example/Patient/1", "resource": patient("Obi", id="1")},
            {"fullUrl": "https://b.example/Patient/1", "resource": patient("Bello", id="1")},
            {"resource": condition("Patient/1")},
            {"resource": condition("https://b.example/Patient/1", id="c2")},
        )
    )

    assert [each.patient_source_id for each in content.conditions] == ["https://b.example/Patient/1"]
    assert [each.source_id for each in content.problems] == ["bundle.json#Condition/c"]


def test_a_patient_who_was_not_taken_takes_nothing_along(read_text: Read) -> None:
    """Records never go to somebody else, and each is told."""
    content = read_text(
        bundle({"resource": patient(id="1", birthDate="soon")}, {"resource": condition("Patient/1")})
    )

    assert (content.patients, content.conditions) == ((), ())
    assert [each.resource_type for each in content.problems] == ["Patient", "Condition"]


def test_several_patients_keep_their_records_apart(read_text: Read) -> None:
    """A bundle may hold a family or a ward."""
    content = read_text(
        bundle(
            {"resource": patient("Obi", id="1")},
            {"resource": patient("Bello", id="2")},
            {"resource": condition("Patient/2")},
            kind="searchset",
        )
    )

    assert [each.name.family for each in content.patients] == ["Obi", "Bello"]
    assert content.conditions[0].patient_source_id == content.patients[1].source_id


def test_a_repeated_resource_is_taken_once(read_text: Read) -> None:
    """The second one is told, since it may differ."""
    content = read_text(bundle({"resource": patient("Obi", id="1")}, {"resource": patient("Bello", id="1")}))

    assert [each.name.family for each in content.patients] == ["Obi"]
    assert [each.sentence() for each in content.problems] == [
        "Patient in entry 2, id: It is in the bundle twice; the first one was read."
    ]


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (7, "Entry 2, resource: There is no FHIR resource in it."),
        (
            {"request": {"method": "DELETE", "url": "Patient/1"}},
            "Entry 2, resource: There is no FHIR resource in it.",
        ),
        ({"resource": {"id": "1"}}, "Entry 2, resource: There is no FHIR resource in it."),
        ({"resource": {"resourceType": "\ud800"}}, "Entry 2, resource: There is no FHIR resource in it."),
        ({"resource": patient(id="a b")}, "Patient in entry 2, id: This is not an id as FHIR writes it."),
        (
            {"fullUrl": "https://a.example/\0", "resource": patient(id="2")},
            "Patient in entry 2, fullUrl: This is not an address as FHIR writes it.",
        ),
        (
            {"resource": patient()},
            "Patient in entry 2, id: Without an id it could not be recognised when it is imported again.",
        ),
    ],
)
def test_an_entry_that_cannot_be_read_is_told_by_its_place(
    read_text: Read, entry: Any, sentence: str
) -> None:
    """And the entry before it is taken."""
    content = read_text(bundle({"resource": patient(id="1")}, entry))

    assert len(content.patients) == 1
    assert [each.sentence() for each in content.problems] == [sentence]


def test_other_resources_are_counted_as_left_out(read_text: Read) -> None:
    """By type and number, so that nothing goes missing unsaid."""
    claim = {"resource": {"resourceType": "Claim", "id": "x"}}
    content = read_text(bundle({"resource": patient(id="1")}, claim, claim))

    assert content.left_out == (LeftOut("Claim", 2, "not part of the clinical record here"),)
    assert content.left_out[0].sentence() == "Claim: 2 not part of the clinical record here"


def test_a_page_of_a_search_says_that_there_is_more(read_text: Read) -> None:
    """Half of the patients would otherwise look like all of them."""
    pages = [
        {"relation": "self", "url": "https://a.example/1"},
        {"relation": "next", "url": "https://a.example/2"},
    ]

    content = read_text(bundle({"resource": patient(id="1")}, kind="searchset", link=pages))

    assert content.notes == ("This is one page of a longer search result; the rest is in other files.",)


def test_a_resource_nested_like_a_trap_loses_itself_only(read_text: Read) -> None:
    """Depth that JSON allows but no validator survives."""
    trap: dict[str, Any] = {"url": "x", "valueBoolean": True}
    for _ in range(200):
        trap = {"url": "x", "extension": [trap]}

    content = read_text(
        bundle({"resource": patient(id="1")}, {"resource": patient(id="2", extension=[trap])})
    )

    assert len(content.patients) == 1
    assert content.problems[0].message == "The resource is nested far deeper than any real one."


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("adaeze_okonkwo", (1, 2, 1, 2, 3, 10)),
        ("kwame_mensah", (1, 2, 1, 2, 2, 6)),
        ("ndiaye_family", (2, 2, 1, 2, 2, 6)),
        ("two_patients_found", (2, 1, 1, 1, 1, 4)),
    ],
)
def test_the_bundles_that_are_shipped_are_taken_whole(
    name: str, counts: tuple[int, ...], today: date
) -> None:
    """Whoever tries the import first sees it succeed."""
    content = read_bundle(DEMO / f"{name}.json", today=today)

    assert content.problems == ()
    assert counts == (
        len(content.patients),
        len(content.encounters),
        len(content.allergies),
        len(content.conditions),
        len(content.medications),
        len(content.observations),
    )


def test_one_shipped_patient_is_dead_and_two_must_not_get_penicillin(today: date) -> None:
    """The cases that a clinic must not overlook can be shown without foreign files."""
    contents = [read_bundle(path, today=today) for path in sorted(DEMO.glob("*.json"))]

    assert [each.name.family for content in contents for each in content.patients if each.deceased] == [
        "Mensah"
    ]
    allergic = [each for content in contents for each in content.allergies if "penicillin" in each.code.text]
    assert len(allergic) == 2
