"""Observations: one record a value, and a value exactly as it was given."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hms_server.contract.values import Quantity
from hms_server.fhir.records import LOINC, UCUM, ObservationStatus, ObservationValue
from hms_server.fhir.report import BundleContent

Read = Callable[..., BundleContent]
OBSERVATION = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [{"system": LOINC, "code": "8310-5", "display": "Body temperature"}]},
    "subject": {"reference": "Patient/ada"},
}


@pytest.fixture
def read_number(
    read_text: Callable[[str], BundleContent], ada: dict[str, Any]
) -> Callable[[str], BundleContent]:
    """Reads an observation whose number stands in the file in exactly these characters."""

    def read(number: str) -> BundleContent:
        observation = OBSERVATION | {"valueQuantity": {"value": "@", "unit": "u"}}
        entries = [{"resource": ada}, {"resource": observation}]
        text = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
        return read_text(text.replace('"@"', number))

    return read


@pytest.mark.parametrize(
    "number",
    ["131.53666714260382", "7.00", "0.10", "120", "-0.5", "0", "12345678901234567890.123456789", "1.5E+3"],
)
def test_a_number_is_kept_digit_by_digit(read_number: Callable[[str], BundleContent], number: str) -> None:
    """Also the zeros at its end, which say how exactly it was measured."""
    (observation,) = read_number(number).observations

    assert observation.value.quantity is not None
    assert str(observation.value.quantity.value) == number


@pytest.mark.parametrize("number", ["1e999999999", "1e-41", "9" * 5000, "0." + "1" * 60])
def test_an_absurd_number_loses_its_observation_only(
    read_number: Callable[[str], BundleContent], number: str
) -> None:
    """It neither fills the memory nor stops the file."""
    content = read_number(number)

    assert len(content.patients) == 1
    assert content.observations == ()
    assert [each.field for each in content.problems] == ["valueQuantity.value"]


def test_a_quantity_keeps_its_unit_and_the_sign_before_it(read_resources: Read) -> None:
    """Less than five is not five; the UCUM code goes before the words for it."""
    quantity = {"value": 5, "comparator": "<", "unit": "mm Hg", "system": UCUM, "code": "mm[Hg]"}
    (observation,) = read_resources(OBSERVATION | {"valueQuantity": quantity}).observations

    assert observation.value == ObservationValue(quantity=Quantity(Decimal(5), "mm[Hg]"), comparator="<")


def test_blood_pressure_becomes_two_observations(read_resources: Read) -> None:
    """Each with its own code, and with an id that stays when the components change places."""
    parts = [
        {
            "code": {"coding": [{"system": LOINC, "code": "8462-4"}]},
            "valueQuantity": {"value": 76, "unit": "mmHg"},
        },
        {
            "code": {"coding": [{"system": LOINC, "code": "8480-6"}]},
            "valueQuantity": {"value": 118, "unit": "mmHg"},
        },
    ]
    panel = OBSERVATION | {"effectiveDateTime": "2020-01-01T00:00:00Z", "component": parts}

    one_way = read_resources(panel).observations
    other_way = read_resources(panel | {"component": parts[::-1]}).observations

    values = {each.code.code_in(LOINC): each.value.quantity for each in one_way}
    assert values == {"8462-4": Quantity(Decimal(76), "mmHg"), "8480-6": Quantity(Decimal(118), "mmHg")}
    assert {each.source_id for each in one_way} == {
        "bundle.json#Observation/o#8462-4",
        "bundle.json#Observation/o#8480-6",
    }
    assert set(one_way) == set(other_way)


def test_two_components_of_one_code_stay_two(read_resources: Read) -> None:
    """Two readings of one thing have two ids."""
    part = {"code": {"text": "reading"}, "valueString": "x"}

    found = read_resources(OBSERVATION | {"component": [part, part]}).observations

    assert [each.source_id.removeprefix("bundle.json#Observation/") for each in found] == [
        "o#reading",
        "o#reading.2",
    ]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"valueString": "2+ trophozoites"}, "2+ trophozoites"),
        (
            {"valueCodeableConcept": {"coding": [{"code": "266919005", "display": "Never smoker"}]}},
            "Never smoker",
        ),
        ({"valueBoolean": False}, "no"),
        (
            {"valueRange": {"low": {"value": 1, "unit": "mg"}, "high": {"value": 2.50, "unit": "mg"}}},
            "1 mg – 2.5 mg",
        ),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1 : 128"),
        ({"valueTime": "12:30:00"}, "12:30:00"),
        ({"valuePeriod": {"start": "2020"}}, "2020 – …"),
    ],
)
def test_what_is_no_quantity_is_kept_as_text(read_resources: Read, given: dict[str, Any], text: str) -> None:
    """Every kind of answer that FHIR knows can be read by a person."""
    (observation,) = read_resources(OBSERVATION | given).observations

    assert (observation.value.text, observation.value.quantity) == (text, None)


def test_a_missing_value_keeps_its_reason(read_resources: Read) -> None:
    """Not done is not the same as nothing there."""
    (observation,) = read_resources(
        OBSERVATION | {"dataAbsentReason": {"text": "patient refused"}}
    ).observations

    assert observation.value == ObservationValue(absent_reason="patient refused")


def test_status_category_and_normal_range_are_kept(read_resources: Read) -> None:
    """What a reader needs to judge the value."""
    (observation,) = read_resources(
        OBSERVATION
        | {
            "status": "amended",
            "category": [{"coding": [{"code": "laboratory"}]}],
            "valueQuantity": {"value": 9.1},
            "interpretation": [{"text": "Low"}],
            "referenceRange": [{"low": {"value": 12.0}, "high": {"value": 16.0}, "text": "women"}],
        }
    ).observations

    assert (observation.status, observation.category) == (ObservationStatus.AMENDED, "laboratory")
    assert (observation.reference_low, observation.reference_high) == (Decimal("12.0"), Decimal("16.0"))
    assert (observation.interpretation, observation.reference_text) == ("Low", "women")


def test_a_heading_over_other_observations_is_left_out(read_resources: Read) -> None:
    """It has no value that could be shown."""
    content = read_resources(OBSERVATION | {"hasMember": [{"reference": "Observation/x"}]})

    assert [each.sentence() for each in content.left_out] == [
        "Observation: 1 without a value of its own: a heading over others"
    ]
    assert content.problems == ()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"valueQuantity": {"unit": "mg"}}, "valueQuantity: The quantity has no number."),
        ({"effectiveDateTime": "2031-01-01"}, "effectiveDateTime: It was observed in the future."),
        ({"valueString": "x", "status": "done"}, "status: Invalid enum value 'done'."),
        (
            {"component": [{"code": {}, "valueString": "x"}]},
            "component[0].code: It has neither a text nor a code.",
        ),
        (
            {"valueSampledData": {"origin": {"value": 0}, "period": 1, "dimensions": 1, "data": "1 2"}},
            "valueSampledData: A recorded curve cannot be shown here.",
        ),
    ],
)
def test_what_is_wrong_with_an_observation_is_told_by_field(
    read_resources: Read, fields: dict[str, Any], sentence: str
) -> None:
    """So that whoever sends the file can mend it."""
    (problem,) = read_resources(OBSERVATION | fields).problems

    assert problem.sentence() == f"Observation bundle.json#Observation/o, {sentence}"
