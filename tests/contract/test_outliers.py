"""Which values are outside what is normal where NEWS2 does not apply, and which of them are alarming."""

from decimal import Decimal

import pytest

from hms_server.contract.outliers import is_clouded, outliers
from hms_server.contract.triage import Consciousness, Measured, VitalSigns
from hms_server.contract.vitals import VitalSign

ADULT = 30 * 12
CHILD = 3 * 12
SICK = {VitalSign.SPO2: "91", VitalSign.RESPIRATION_RATE: "44", VitalSign.TEMPERATURE: "39.2"}


def signs(values: dict[VitalSign, str], *, pregnant: bool | None = None, spo2_scale: int = 1) -> VitalSigns:
    measured = [Measured(code=sign, value=Decimal(value)) for sign, value in values.items()]
    return VitalSigns(measured=measured, pregnant=pregnant, spo2_scale=spo2_scale)


def alarming(
    values: dict[VitalSign, str], age_months: int, *, pregnant: bool | None = None
) -> set[VitalSign]:
    found = outliers(signs(values, pregnant=pregnant), age_months=age_months)
    return {each.sign for each in found if each.alarming}


def test_a_sick_child_alarms_by_saturation_and_breaths_and_has_a_fever_besides() -> None:
    """The alarming stand first; a fever of that age says little by its height."""
    found = outliers(signs(SICK), age_months=CHILD)

    assert [(each.sign, each.alarming, each.is_low) for each in found] == [
        (VitalSign.RESPIRATION_RATE, True, False),
        (VitalSign.SPO2, True, True),
        (VitalSign.TEMPERATURE, False, False),
    ]


@pytest.mark.parametrize(
    ("sign", "age_months", "tolerated", "too_much"),
    [
        (VitalSign.TEMPERATURE, 1, "37.4", "37.5"),
        (VitalSign.TEMPERATURE, 2, "37.9", "38.0"),
        (VitalSign.TEMPERATURE, 5, "38.9", "39.0"),
        (VitalSign.TEMPERATURE, 6, "39.9", "40.0"),
        (VitalSign.TEMPERATURE, CHILD, "35.0", "34.9"),
        (VitalSign.RESPIRATION_RATE, 1, "59", "60"),
        (VitalSign.RESPIRATION_RATE, CHILD, "42", "43"),
        (VitalSign.RESPIRATION_RATE, CHILD, "20", "19"),
        (VitalSign.PULSE, CHILD, "168", "169"),
        (VitalSign.PULSE, CHILD, "76", "75"),
        (VitalSign.SPO2, CHILD, "95", "94"),
        (VitalSign.SYSTOLIC, CHILD, "76", "75"),
        (VitalSign.GLUCOSE, CHILD, "3.0", "2.9"),
        (VitalSign.GLUCOSE, CHILD, "13.9", "14"),
        (VitalSign.PAIN, CHILD, "6", "7"),
    ],
)
def test_where_an_alarm_begins_in_children(
    sign: VitalSign, age_months: int, tolerated: str, too_much: str
) -> None:
    assert alarming({sign: tolerated}, age_months) == set()
    assert alarming({sign: too_much}, age_months) == {sign}


def test_pregnancy_has_its_own_limits() -> None:
    """A pulse of 105 is out of an adult's range and not out of this one; a pressure of 165 is an alarm."""
    expected = {VitalSign.SYSTOLIC, VitalSign.DIASTOLIC}

    found = alarming(
        {VitalSign.PULSE: "105", VitalSign.SYSTOLIC: "165", VitalSign.DIASTOLIC: "105"}, ADULT, pregnant=True
    )

    assert found == expected


def test_where_news2_applies_nothing_is_alarming_beside_it() -> None:
    """What is out of range is known nevertheless, for the words of an alert."""
    found = outliers(signs(SICK | {VitalSign.PAIN: "9"}), age_months=ADULT)

    assert {each.sign for each in found} == {*SICK, VitalSign.PAIN}
    assert not any(each.alarming for each in found)


def test_a_prescribed_saturation_is_not_out_of_range() -> None:
    """Scale 2 aims at 88 to 92 %."""
    assert outliers(signs({VitalSign.SPO2: "89"}, spo2_scale=2), age_months=ADULT) == []
    assert len(outliers(signs({VitalSign.SPO2: "87"}, spo2_scale=2), age_months=ADULT)) == 1


@pytest.mark.parametrize(
    ("consciousness", "clouded"),
    [(None, False), (Consciousness.ALERT, False), (Consciousness.CONFUSED, True), (Consciousness.PAIN, True)],
)
def test_whoever_is_not_alert_is_clouded(
    consciousness: Consciousness | None,
    clouded: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_clouded(VitalSigns(measured=[], consciousness=consciousness)) is clouded
