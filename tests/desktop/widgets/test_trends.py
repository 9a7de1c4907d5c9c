"""The course of vital signs: in our own units, what is always asked for first, nothing of the one before."""

from datetime import timedelta
from decimal import Decimal

from pytestqt.qtbot import QtBot

from hms_desktop.widgets.trends import Trends, count_in_other_units
from hms_server.contract.triage import Reading
from hms_server.contract.vitals import SIGNS, VitalSign
from tests.desktop.samples import NOW

ADULT_MONTHS = 40 * 12


def reading(code: str, value: str, unit: str, *, hours_ago: int = 0) -> Reading:
    return Reading(code=code, value=Decimal(value), unit=unit, at=NOW - timedelta(hours=hours_ago))


PULSE = SIGNS[VitalSign.PULSE].unit
READINGS = [
    reading(VitalSign.PULSE, "121", PULSE),
    reading(VitalSign.PULSE, "88", PULSE, hours_ago=3),
    reading(VitalSign.TEMPERATURE, "98.6", "[degF]"),
    reading(VitalSign.GLUCOSE, "5.1", SIGNS[VitalSign.GLUCOSE].unit),
    reading("718-7", "13.2", "g/dL"),
]


def show(qtbot: QtBot) -> Trends:
    trends = Trends()
    qtbot.addWidget(trends)
    trends.show_readings(
        READINGS,
        age_months=ADULT_MONTHS,
        always=[VitalSign.PULSE, VitalSign.TEMPERATURE],
        where_measured=[VitalSign.GLUCOSE, VitalSign.WEIGHT],
    )
    return trends


def test_some_signs_stand_there_always_and_others_where_they_were_measured(qtbot: QtBot) -> None:
    """A sign that is missing is said to be missing, so that nobody takes it for normal."""
    said = [chart.description() for chart in show(qtbot).charts()]

    assert [words.partition(":")[0] for words in said] == ["Pulse", "Temperature", "Glucose"]
    assert said[0].endswith("high; before: 88")
    assert said[1] == "Temperature: not measured"


def test_values_in_other_units_are_counted_and_other_codes_are_not() -> None:
    """A haemoglobin is no vital sign in a wrong unit."""
    assert count_in_other_units(READINGS) == 1


def test_nothing_of_the_patient_before_stays(qtbot: QtBot) -> None:
    """Not even for a moment."""
    trends = show(qtbot)

    trends.clear()

    assert trends.charts() == []
