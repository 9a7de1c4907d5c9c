"""What is typed for a vital sign: read, refused, asked about or called low and high."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.contract.plausibility import (
    Grade,
    Interpretation,
    check_all,
    check_pressures,
    check_value,
    interpret,
    parse_value,
    values_of,
)
from hms_server.contract.triage import Measured, VitalSigns
from hms_server.contract.vitals import SIGNS, VitalSign

ADULT_MONTHS = 40 * 12


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("38.5", "38.5"),
        ("38,5", "38.5"),
        (" 38.5\t", "38.5"),
        ("\u00a072\u202f", "72"),
        ("0", "0"),
        ("3,245", "3.245"),
    ],
)
def test_reads_point_and_comma(typed: str, value: str) -> None:
    assert parse_value(typed) == Decimal(value)


@pytest.mark.parametrize("typed", ["", "  ", "\u00a0"])
def test_blank_is_not_measured(typed: str) -> None:
    assert parse_value(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        "1 200",
        "1,200.5",
        "1.200,5",
        "38.",
        ".5",
        "-1",
        "+1",
        "1e3",
        "NaN",
        "Infinity",
        "abc",
        "٣٨",
        "38.5 °C",
        "9" * 10,
    ],
)
def test_anything_else_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ValueError, match="Write it like") as refused:
        parse_value(typed)

    assert str(refused.value) == f"“{typed}” is not a number. Write it like 38.5 or 72."


def test_a_pasted_page_is_not_repeated_whole() -> None:
    with pytest.raises(ValueError, match="not a number") as refused:
        parse_value("x" * 100_000)

    assert len(str(refused.value)) < 100


@given(value=st.decimals(0, 999, places=3), mark=st.sampled_from([".", ","]))
def test_reads_what_it_is_given_exactly(value: Decimal, mark: str) -> None:
    assert parse_value(f"{value:f}".replace(".", mark)) == value


@pytest.mark.parametrize("sign", VitalSign)
def test_the_limits_themselves_are_possible_and_what_lies_beyond_is_refused(sign: VitalSign) -> None:
    possible = SIGNS[sign].possible
    assert possible.low is not None
    assert possible.high is not None

    grades = [
        doubt and doubt.grade
        for value in (possible.low, possible.high, possible.low - 1, possible.high + 1)
        for doubt in [check_value(sign, value, age_months=ADULT_MONTHS)]
    ]

    assert Grade.IMPOSSIBLE not in grades[:2]
    assert grades[2:] == [Grade.IMPOSSIBLE, Grade.IMPOSSIBLE]


@pytest.mark.parametrize("sign", VitalSign)
def test_the_ends_of_the_usual_range_raise_no_question(sign: VitalSign) -> None:
    usual = SIGNS[sign].bands[-1].usual
    assert usual.low is not None
    assert usual.high is not None

    assert check_value(sign, usual.low, age_months=ADULT_MONTHS) is None
    assert check_value(sign, usual.high, age_months=ADULT_MONTHS) is None


@pytest.mark.parametrize(
    ("sign", "value", "age_months", "grade", "sentence"),
    [
        (VitalSign.PULSE, "351", ADULT_MONTHS, Grade.IMPOSSIBLE, "Pulse must be 0 to 350 /min."),
        (VitalSign.PULSE, "72.5", None, Grade.IMPOSSIBLE, "Pulse is a whole number. Write it like 72."),
        (
            VitalSign.TEMPERATURE,
            "38.505",
            None,
            Grade.IMPOSSIBLE,
            "Temperature has at most 2 decimals. Write it like 38.5.",
        ),
        (
            VitalSign.PULSE,
            "151",
            ADULT_MONTHS,
            Grade.UNUSUAL,
            "Pulse of 151 /min is unusual at this age (usual: 40 to 150 /min). Is it right?",
        ),
        (
            VitalSign.PULSE,
            "39",
            None,
            Grade.UNUSUAL,
            "Pulse of 39 /min is unusual (usual: 40 to 220 /min). Is it right?",
        ),
        (
            VitalSign.TEMPERATURE,
            "98.6",
            ADULT_MONTHS,
            Grade.IMPOSSIBLE,
            "Temperature must be 20 to 45 °C. 98.6 °F would be 37.0 °C.",
        ),
        (
            VitalSign.GLUCOSE,
            "90",
            ADULT_MONTHS,
            Grade.UNUSUAL,
            (
                "Glucose of 90 mmol/L is unusual at this age (usual: 2.5 to 25 mmol/L). Is it right?"
                " 90 mg/dL would be 5.0 mmol/L."
            ),
        ),
        (
            VitalSign.WEIGHT,
            "3245",
            1,
            Grade.IMPOSSIBLE,
            "Weight must be 0.2 to 500 kg. 3245 g would be 3.2 kg.",
        ),
        (
            VitalSign.HEIGHT,
            "1.72",
            ADULT_MONTHS,
            Grade.IMPOSSIBLE,
            "Height must be 20 to 260 cm. 1.72 m would be 172.0 cm.",
        ),
        (VitalSign.HEIGHT, "9", ADULT_MONTHS, Grade.IMPOSSIBLE, "Height must be 20 to 260 cm."),
    ],
)
def test_a_doubt_says_what_would_be_right(
    sign: VitalSign, value: str, age_months: int | None, grade: Grade, sentence: str
) -> None:
    doubt = check_value(sign, Decimal(value), age_months=age_months)

    assert doubt is not None
    assert (doubt.sign, doubt.grade, doubt.sentence) == (sign, grade, sentence)


@pytest.mark.parametrize(
    "value", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999", "-1E+999999", "1E-999999"]
)
@pytest.mark.parametrize("sign", VitalSign)
def test_numbers_that_only_a_program_can_send_are_refused(sign: VitalSign, value: str) -> None:
    doubt = check_value(sign, Decimal(value), age_months=None)

    assert doubt is not None
    assert doubt.grade is Grade.IMPOSSIBLE
    assert len(doubt.sentence) < 200


def test_a_fraction_too_long_for_arithmetic_is_still_a_fraction() -> None:
    doubt = check_value(VitalSign.PULSE, Decimal("72." + "0" * 60 + "1"), age_months=None)

    assert doubt is not None
    assert doubt.grade is Grade.IMPOSSIBLE


def test_what_is_unusual_depends_on_the_age() -> None:
    assert check_value(VitalSign.PULSE, Decimal(170), age_months=6) is None
    assert check_value(VitalSign.PULSE, Decimal(170), age_months=ADULT_MONTHS) is not None


@pytest.mark.parametrize(("diastolic", "refused"), [(79, False), (80, True), (81, True)])
def test_diastolic_is_below_systolic(
    diastolic: int,
    refused: bool,  # noqa: FBT001 - a column of the table
) -> None:
    doubt = check_pressures(Decimal(80), Decimal(diastolic))

    assert (doubt is not None) is refused
    assert doubt is None or doubt.sentence == (
        "Diastolic must be below systolic (80 mmHg). Have the two been swapped?"
    )


def test_swapped_pressures_are_found_beside_other_doubts() -> None:
    """One doubt a sign, in the order of the signs; that of the pair replaces a mere question."""
    values = {
        VitalSign.DIASTOLIC: Decimal(135),
        VitalSign.SYSTOLIC: Decimal(90),
        VitalSign.PULSE: Decimal(900),
    }

    doubts = check_all(values, age_months=ADULT_MONTHS)

    assert [(doubt.sign, doubt.grade) for doubt in doubts] == [
        (VitalSign.PULSE, Grade.IMPOSSIBLE),
        (VitalSign.DIASTOLIC, Grade.IMPOSSIBLE),
    ]
    assert "swapped" in doubts[1].sentence


@pytest.mark.parametrize("systolic", ["0", "NaN"])
def test_a_pressure_that_cannot_be_is_not_compared(systolic: str) -> None:
    values = {VitalSign.SYSTOLIC: Decimal(systolic), VitalSign.DIASTOLIC: Decimal(80)}

    doubts = check_all(values, age_months=ADULT_MONTHS)

    assert [doubt.sign for doubt in doubts] == [VitalSign.SYSTOLIC]


def test_a_usual_set_raises_no_doubt() -> None:
    values = {
        VitalSign.SYSTOLIC: Decimal(120),
        VitalSign.DIASTOLIC: Decimal(80),
        VitalSign.PULSE: Decimal(70),
    }

    assert check_all(values, age_months=ADULT_MONTHS) == []
    assert check_all({}, age_months=None) == []


@pytest.mark.parametrize(
    ("sign", "value", "age_months", "interpretation"),
    [
        (VitalSign.PULSE, "50", ADULT_MONTHS, Interpretation.LOW),
        (VitalSign.PULSE, "51", ADULT_MONTHS, Interpretation.NORMAL),
        (VitalSign.PULSE, "90", ADULT_MONTHS, Interpretation.NORMAL),
        (VitalSign.PULSE, "91", ADULT_MONTHS, Interpretation.HIGH),
        (VitalSign.PULSE, "120", 6, Interpretation.NORMAL),
        (VitalSign.PULSE, "70", None, None),
        (VitalSign.SYSTOLIC, "150", 60, Interpretation.NORMAL),
        (VitalSign.SYSTOLIC, "79", 60, Interpretation.LOW),
        (VitalSign.GLUCOSE, "14.1", None, Interpretation.HIGH),
        (VitalSign.WEIGHT, "71.5", ADULT_MONTHS, None),
    ],
)
def test_low_and_high_are_said_only_where_normal_is_known(
    sign: VitalSign, value: str, age_months: int | None, interpretation: Interpretation | None
) -> None:
    assert interpret(sign, Decimal(value), age_months=age_months) is interpretation


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (["8867-4", "8867-4"], "Pulse is given twice"),
        (["1234-5"], "1234-5 is not the code of a vital sign"),
    ],
)
def test_a_set_has_known_codes_and_each_once(codes: list[str], sentence: str) -> None:
    signs = VitalSigns(measured=[Measured(code=code, value=Decimal(70)) for code in codes])

    with pytest.raises(ValueError, match=sentence):
        values_of(signs)
