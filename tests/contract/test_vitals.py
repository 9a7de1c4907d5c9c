"""The table of vital signs holds together, and names a source for each row."""

from decimal import Decimal
from itertools import pairwise

import pytest

from hms_server.contract.news2 import SPO2_SCALE_1, STEPS, Parameter, Step
from hms_server.contract.vitals import ADULT_MONTHS, SIGNS, AgeBand, Range, VitalSign, band_of

STEPS_OF = {
    VitalSign.RESPIRATION_RATE: STEPS[Parameter.RESPIRATION_RATE],
    VitalSign.SYSTOLIC: STEPS[Parameter.SYSTOLIC_BP],
    VitalSign.PULSE: STEPS[Parameter.PULSE],
    VitalSign.TEMPERATURE: STEPS[Parameter.TEMPERATURE],
    VitalSign.SPO2: SPO2_SCALE_1,
}


def inside(inner: Range, outer: Range) -> bool:
    return all(end is None or end in outer for end in (inner.low, inner.high))


@pytest.mark.parametrize("sign", VitalSign)
def test_every_sign_names_its_unit_and_a_source_for_each_limit(sign: VitalSign) -> None:
    facts = SIGNS[sign]

    assert all((facts.name, facts.unit, facts.shown_unit, facts.source))
    assert all(band.source for band in facts.bands)
    assert Decimal(facts.example) in facts.bands[-1].usual


@pytest.mark.parametrize("sign", VitalSign)
def test_the_bands_rise_with_age_and_the_last_has_no_end(sign: VitalSign) -> None:
    *ages, last = [band.below_months for band in SIGNS[sign].bands]

    assert last is None
    assert all(age is not None for age in ages)
    assert all(before < after for before, after in pairwise(age for age in ages if age is not None))


@pytest.mark.parametrize(("sign", "band"), [(sign, band) for sign in VitalSign for band in SIGNS[sign].bands])
def test_normal_is_usual_and_usual_is_possible(sign: VitalSign, band: AgeBand) -> None:
    assert band.usual.low is not None
    assert band.usual.high is not None
    assert band.usual.low < band.usual.high
    assert inside(band.usual, SIGNS[sign].possible)
    assert band.normal is None or inside(band.normal, band.usual)


@pytest.mark.parametrize("sign", STEPS_OF)
def test_normal_of_an_adult_is_where_news2_gives_no_points(sign: VitalSign) -> None:
    normal = band_of(sign, ADULT_MONTHS).normal
    smallest_step = Decimal("0.1") if sign is VitalSign.TEMPERATURE else Decimal(1)

    assert normal is not None
    assert normal.low is not None
    assert normal.high is not None
    assert [points_at(sign, normal.low), points_at(sign, normal.high)] == [0, 0]
    assert points_at(sign, normal.low - smallest_step) > 0
    assert sign is VitalSign.SPO2 or points_at(sign, normal.high + smallest_step) > 0


def points_at(sign: VitalSign, value: Decimal) -> int:
    def reaches(step: Step) -> bool:
        return value <= step.up_to

    return next(step.points for step in STEPS_OF[sign] if reaches(step))


@pytest.mark.parametrize(
    ("sign", "age_months", "low", "high"),
    [
        (VitalSign.PULSE, 11, "110", "160"),
        (VitalSign.PULSE, 12, "100", "150"),
        (VitalSign.PULSE, 191, "60", "100"),
        (VitalSign.PULSE, 192, "51", "90"),
        (VitalSign.RESPIRATION_RATE, 1, "30", "59"),
        (VitalSign.RESPIRATION_RATE, 2, "30", "49"),
        (VitalSign.RESPIRATION_RATE, 12, "24", "39"),
        (VitalSign.RESPIRATION_RATE, 60, "22", "34"),
        (VitalSign.SYSTOLIC, 12, "72", None),
        (VitalSign.SYSTOLIC, 119, "88", None),
        (VitalSign.SYSTOLIC, 120, "90", None),
    ],
)
def test_normal_changes_on_the_birthday(sign: VitalSign, age_months: int, low: str, high: str | None) -> None:
    normal = band_of(sign, age_months).normal

    assert normal == Range(Decimal(low), None if high is None else Decimal(high))


@pytest.mark.parametrize("sign", VitalSign)
def test_at_an_unknown_age_whatever_is_usual_at_some_age_is_usual(sign: VitalSign) -> None:
    unknown = band_of(sign, None)

    assert all(inside(band.usual, unknown.usual) for band in SIGNS[sign].bands)


def test_at_an_unknown_age_nothing_is_called_normal_if_ages_differ() -> None:
    assert band_of(VitalSign.PULSE, None).normal is None
    assert band_of(VitalSign.GLUCOSE, None).normal == Range(Decimal("3.9"), Decimal("11.0"))
