"""Every value that NEWS2 can score, against its published table."""

import csv
import os
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path

import pytest

from hms_server.contract.news2 import (
    ImpossibleValueError,
    Parameter,
    Score,
    rounded_temperature,
    score,
)
from hms_server.contract.places import resource
from hms_server.contract.triage import Consciousness, Measured, VitalSigns
from hms_server.contract.vitals import SIGNS, VitalSign

ADULT_MONTHS = 40 * 12
SHARED = Path(os.environ.get("HMS_SHARED", Path(__file__).parents[2] / ".." / "shared"))
PUBLISHED = SHARED / "data" / "vitals" / "news2_table.csv"
TABLES = [
    pytest.param(resource("reference", "news2.csv"), id="shipped"),
    pytest.param(
        PUBLISHED,
        id="shared",
        marks=pytest.mark.skipif(
            not PUBLISHED.exists(), reason="the folder shared/data is not beside the checkout"
        ),
    ),
]

SIGN_OF = {
    "respiration_rate": VitalSign.RESPIRATION_RATE,
    "spo2_scale1": VitalSign.SPO2,
    "spo2_scale2": VitalSign.SPO2,
    "systolic_bp": VitalSign.SYSTOLIC,
    "pulse": VitalSign.PULSE,
    "temperature_c": VitalSign.TEMPERATURE,
}
PARAMETER_OF = {"spo2_scale1": "spo2", "spo2_scale2": "spo2"}
NOBODY_ILL = {
    VitalSign.RESPIRATION_RATE: "16",
    VitalSign.SPO2: "98",
    VitalSign.SYSTOLIC: "120",
    VitalSign.PULSE: "70",
    VitalSign.TEMPERATURE: "37.0",
}

BANDS = [
    ("respiration_rate", "0", "8", 3),
    ("respiration_rate", "9", "11", 1),
    ("respiration_rate", "12", "20", 0),
    ("respiration_rate", "21", "24", 2),
    ("respiration_rate", "25", "150", 3),
    ("spo2_scale1", "0", "91", 3),
    ("spo2_scale1", "92", "93", 2),
    ("spo2_scale1", "94", "95", 1),
    ("spo2_scale1", "96", "100", 0),
    ("systolic_bp", "30", "90", 3),
    ("systolic_bp", "91", "100", 2),
    ("systolic_bp", "101", "110", 1),
    ("systolic_bp", "111", "219", 0),
    ("systolic_bp", "220", "300", 3),
    ("pulse", "0", "40", 3),
    ("pulse", "41", "50", 1),
    ("pulse", "51", "90", 0),
    ("pulse", "91", "110", 1),
    ("pulse", "111", "130", 2),
    ("pulse", "131", "350", 3),
    ("temperature_c", "20", "35.0", 3),
    ("temperature_c", "35.1", "36.0", 1),
    ("temperature_c", "36.1", "38.0", 0),
    ("temperature_c", "38.1", "39.0", 1),
    ("temperature_c", "39.1", "45", 2),
]
"""Every band with both its ends; an outermost end is the limit of what is possible."""

SCALE_2 = [
    ("0", "83", False, 3),
    ("84", "85", False, 2),
    ("86", "87", False, 1),
    ("88", "92", False, 0),
    ("93", "100", False, 0),
    ("0", "83", True, 3),
    ("84", "85", True, 2),
    ("86", "87", True, 1),
    ("88", "92", True, 0),
    ("93", "94", True, 1),
    ("95", "96", True, 2),
    ("97", "100", True, 3),
]


def signs_of(
    values: dict[VitalSign, str],
    *,
    consciousness: Consciousness | None = Consciousness.ALERT,
    on_oxygen: bool | None = False,
    spo2_scale: int = 1,
) -> VitalSigns:
    return VitalSigns(
        measured=[Measured(code=sign, value=Decimal(value)) for sign, value in values.items()],
        consciousness=consciousness,
        on_oxygen=on_oxygen,
        spo2_scale=spo2_scale,
    )


def points(scored: Score, parameter: str) -> int | None:
    return next(part.points for part in scored.parts if part.parameter == parameter)


def points_of(name: str, value: str, *, on_oxygen: bool = False) -> int | None:
    scale = 2 if name == "spo2_scale2" else 1
    signs = signs_of({**NOBODY_ILL, SIGN_OF[name]: value}, spo2_scale=scale, on_oxygen=on_oxygen)
    scored = score(signs, age_months=ADULT_MONTHS)
    return points(scored, PARAMETER_OF.get(name, name))


@pytest.mark.parametrize(("name", "low", "high", "expected"), BANDS)
def test_both_ends_of_every_band_score_its_points(name: str, low: str, high: str, expected: int) -> None:
    assert points_of(name, low) == expected
    assert points_of(name, high) == expected


@pytest.mark.parametrize(("low", "high", "on_oxygen", "expected"), SCALE_2)
def test_both_ends_of_every_band_of_scale_2(
    low: str,
    high: str,
    on_oxygen: bool,  # noqa: FBT001 - a column of the table
    expected: int,
) -> None:
    assert points_of("spo2_scale2", low, on_oxygen=on_oxygen) == expected
    assert points_of("spo2_scale2", high, on_oxygen=on_oxygen) == expected


@pytest.mark.parametrize("name", sorted({name for name, *_ in BANDS}))
def test_the_bands_of_these_tests_touch_and_cover_all_that_is_possible(name: str) -> None:
    """No edge is left untested: each band begins one step after the one before."""
    step = Decimal("0.1") if name == "temperature_c" else Decimal(1)
    bands = [(Decimal(low), Decimal(high)) for band, low, high, _ in BANDS if band == name]

    assert bands[0][0] == SIGNS[SIGN_OF[name]].possible.low
    assert bands[-1][1] == SIGNS[SIGN_OF[name]].possible.high
    assert all(after[0] == before[1] + step for before, after in pairwise(bands))


@pytest.mark.parametrize(("on_oxygen", "expected"), [(False, 0), (True, 2)])
def test_oxygen_scores_2(on_oxygen: bool, expected: int) -> None:  # noqa: FBT001 - a column of the table
    scored = score(signs_of(NOBODY_ILL, on_oxygen=on_oxygen), age_months=ADULT_MONTHS)

    assert points(scored, Parameter.AIR_OR_OXYGEN) == scored.total == expected


@pytest.mark.parametrize("consciousness", Consciousness)
def test_all_but_alert_scores_3(consciousness: Consciousness) -> None:
    scored = score(signs_of(NOBODY_ILL, consciousness=consciousness), age_months=ADULT_MONTHS)

    expected = 0 if consciousness is Consciousness.ALERT else 3
    assert points(scored, Parameter.CONSCIOUSNESS) == scored.total == expected


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", sorted(SIGN_OF))
def test_every_possible_value_scores_as_in_the_table_that_is_shipped_and_shown(
    name: str, table: Path
) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["parameter"] == name]
    possible = SIGNS[SIGN_OF[name]].possible
    assert possible.low is not None
    assert possible.high is not None
    step = Decimal("0.1") if name == "temperature_c" else Decimal(1)
    values = [possible.low + step * i for i in range(int((possible.high - possible.low) / step) + 1)]

    for value, on_oxygen in product(values, [False, True]):
        scored = points_of(name, str(value), on_oxygen=on_oxygen)
        assert scored == published_points(rows, value, on_oxygen=on_oxygen), f"{name} {value} {on_oxygen}"


def published_points(rows: list[dict[str, str]], value: Decimal, *, on_oxygen: bool) -> int:
    """The points of the only row that the value fits."""
    breathed = "on oxygen" if on_oxygen else "on air"
    (row,) = (
        row
        for row in rows
        if row["condition"].replace("_", " ") in {"", breathed}
        and (not row["low"] or value >= Decimal(row["low"]))
        and (not row["high"] or value <= Decimal(row["high"]))
    )
    return int(row["points"])


@pytest.mark.parametrize(
    ("measured", "charted", "expected"),
    [
        ("35.04", "35.0", 3),
        ("35.05", "35.1", 1),
        ("38.04", "38.0", 0),
        ("38.05", "38.1", 1),
        ("39.04", "39.0", 1),
        ("39.05", "39.1", 2),
    ],
)
def test_a_finer_temperature_is_rounded_half_up_to_the_chart(
    measured: str, charted: str, expected: int
) -> None:
    assert rounded_temperature(Decimal(measured)) == Decimal(charted)
    assert points_of("temperature_c", measured) == expected


@pytest.mark.parametrize(
    ("sign", "value", "sentence"),
    [
        (VitalSign.RESPIRATION_RATE, "16.5", "Breaths is a whole number. Write it like 16."),
        (VitalSign.PULSE, "70.1", "Pulse is a whole number. Write it like 72."),
        (VitalSign.SPO2, "0.97", "SpO₂ is a whole number. Write it like 97."),
        (VitalSign.SPO2, "101", "SpO₂ must be 0 to 100 %."),
        (VitalSign.SYSTOLIC, "-1", "Systolic must be 30 to 300 mmHg."),
        (VitalSign.TEMPERATURE, "NaN", "Temperature is not a number. Write it like 38.5."),
    ],
)
def test_no_score_is_built_on_a_value_that_cannot_be(sign: VitalSign, value: str, sentence: str) -> None:
    with pytest.raises(ImpossibleValueError) as refused:
        score(signs_of({**NOBODY_ILL, sign: value}), age_months=ADULT_MONTHS)

    assert str(refused.value) == sentence
    assert refused.value.doubt.sign is sign


def test_a_third_spo2_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="two SpO₂ scales"):
        score(signs_of(NOBODY_ILL, spo2_scale=3), age_months=ADULT_MONTHS)
