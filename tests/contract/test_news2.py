"""NEWS2 as a whole: risk and rank, to whom it does not apply, and what an incomplete one says."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.contract.news2 import ROUTINE_RESPONSE, Parameter, Risk, Score, State, priority_of, score
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import Consciousness, Measured, VitalSigns
from hms_server.contract.vitals import VitalSign

ADULT_MONTHS = 40 * 12
NOBODY_ILL = {
    VitalSign.RESPIRATION_RATE: "16",
    VitalSign.SPO2: "98",
    VitalSign.SYSTOLIC: "120",
    VitalSign.PULSE: "70",
    VitalSign.TEMPERATURE: "37.0",
}


def signs_of(
    values: dict[VitalSign, str],
    *,
    consciousness: Consciousness | None = Consciousness.ALERT,
    on_oxygen: bool | None = False,
    spo2_scale: int = 1,
    pregnant: bool | None = None,
) -> VitalSigns:
    return VitalSigns(
        measured=[Measured(code=sign, value=Decimal(value)) for sign, value in values.items()],
        consciousness=consciousness,
        on_oxygen=on_oxygen,
        spo2_scale=spo2_scale,
        pregnant=pregnant,
    )


def points(scored: Score, parameter: str) -> int | None:
    return next(part.points for part in scored.parts if part.parameter == parameter)


def test_a_patient_of_the_design_scores_10() -> None:
    """The nurse station's picture: 39.2, 121, 25, 93 on air, 104."""
    values = {
        VitalSign.TEMPERATURE: "39.2",
        VitalSign.PULSE: "121",
        VitalSign.RESPIRATION_RATE: "25",
        VitalSign.SPO2: "93",
        VitalSign.SYSTOLIC: "104",
    }

    scored = score(signs_of(values), age_months=46 * 12)

    assert (scored.state, scored.total, scored.risk) == (State.COMPLETE, 10, Risk.HIGH)
    assert scored.reason == "Points: breaths 3, SpO₂ 2, systolic 1, pulse 2, temperature 2."
    assert scored.response.startswith("Emergency assessment")


@pytest.mark.parametrize(
    ("values", "on_oxygen", "total", "risk", "priority"),
    [
        ({}, False, 0, Risk.LOW, QueuePriority.ROUTINE),
        ({VitalSign.PULSE: "91"}, False, 1, Risk.LOW, QueuePriority.ROUTINE),
        ({VitalSign.PULSE: "111", VitalSign.SPO2: "93"}, False, 4, Risk.LOW, QueuePriority.ROUTINE),
        ({VitalSign.PULSE: "131"}, False, 3, Risk.LOW_MEDIUM, QueuePriority.URGENT),
        ({VitalSign.PULSE: "131", VitalSign.SPO2: "95"}, False, 4, Risk.LOW_MEDIUM, QueuePriority.URGENT),
        ({VitalSign.PULSE: "131"}, True, 5, Risk.MEDIUM, QueuePriority.VERY_URGENT),
        ({VitalSign.PULSE: "131", VitalSign.SPO2: "95"}, True, 6, Risk.MEDIUM, QueuePriority.VERY_URGENT),
        ({VitalSign.PULSE: "131", VitalSign.SPO2: "93"}, True, 7, Risk.HIGH, QueuePriority.EMERGENCY),
    ],
)
def test_risk_and_rank_change_at_3_in_one_at_5_and_at_7(
    values: dict[VitalSign, str],
    on_oxygen: bool,  # noqa: FBT001 - a column of the table
    total: int,
    risk: Risk,
    priority: QueuePriority,
) -> None:
    scored = score(signs_of({**NOBODY_ILL, **values}, on_oxygen=on_oxygen), age_months=ADULT_MONTHS)

    assert (scored.total, scored.risk, priority_of(scored)) == (total, risk, priority)


def test_a_total_of_0_asks_for_no_more_than_routine() -> None:
    scored = score(signs_of(NOBODY_ILL), age_months=ADULT_MONTHS)

    assert (scored.response, scored.reason) == (ROUTINE_RESPONSE, "No parameter scores points.")


@pytest.mark.parametrize(("age_months", "applies"), [(16 * 12 - 1, False), (16 * 12, True)])
def test_it_applies_from_the_sixteenth_birthday(
    age_months: int,
    applies: bool,  # noqa: FBT001 - a column of the table
) -> None:
    scored = score(signs_of({**NOBODY_ILL, VitalSign.PULSE: "180"}), age_months=age_months)

    assert (scored.state is State.COMPLETE) is applies
    assert applies or (scored.total, scored.risk, scored.reason) == (
        None,
        None,
        "NEWS2 does not apply under 16 years.",
    )


def test_it_does_not_apply_in_a_known_pregnancy() -> None:
    scored = score(signs_of(NOBODY_ILL, pregnant=True), age_months=ADULT_MONTHS)

    assert (scored.state, scored.total) == (State.NOT_APPLICABLE, None)
    assert scored.reason == "NEWS2 does not apply in pregnancy."
    assert priority_of(scored) is QueuePriority.ROUTINE


@pytest.mark.parametrize("pregnant", [None, False])
def test_a_pregnancy_that_nobody_knows_of_does_not_stop_it(
    pregnant: bool | None,  # noqa: FBT001 - a column of the table
) -> None:
    scored = score(signs_of(NOBODY_ILL, pregnant=pregnant), age_months=ADULT_MONTHS)

    assert scored.state is State.COMPLETE


def test_an_unknown_age_is_named_and_gives_no_total() -> None:
    scored = score(signs_of(NOBODY_ILL), age_months=None)

    assert (scored.state, scored.total, scored.at_least) == (State.INCOMPLETE, None, None)
    assert scored.missing == (Parameter.AGE,)
    assert scored.reason == "Missing: age."


def test_an_unknown_age_does_not_hide_urgency() -> None:
    scored = score(signs_of({**NOBODY_ILL, VitalSign.PULSE: "140"}, on_oxygen=True), age_months=None)

    assert (scored.total, scored.at_least, scored.risk) == (None, 5, Risk.MEDIUM)
    assert scored.reason == (
        "At least 5, if 16 years or older. Points: air or oxygen 2, pulse 3. Missing: age."
    )


def test_nothing_measured_is_incomplete_and_claims_nothing() -> None:
    scored = score(signs_of({}, consciousness=None, on_oxygen=None), age_months=ADULT_MONTHS)

    assert (scored.state, scored.total, scored.at_least, scored.risk) == (State.INCOMPLETE, None, None, None)
    assert set(scored.missing) == set(Parameter) - {Parameter.AGE}
    assert all(part.points is None for part in scored.parts)
    assert scored.response == "Complete the measurements."
    assert priority_of(scored) is QueuePriority.ROUTINE


@pytest.mark.parametrize(
    ("values", "consciousness", "at_least", "risk", "priority"),
    [
        ({VitalSign.PULSE: "111", VitalSign.SPO2: "93"}, None, None, None, QueuePriority.ROUTINE),
        ({VitalSign.PULSE: "131"}, None, 3, Risk.LOW_MEDIUM, QueuePriority.URGENT),
        (
            {VitalSign.PULSE: "111", VitalSign.SPO2: "93", VitalSign.TEMPERATURE: "38.5"},
            None,
            5,
            Risk.MEDIUM,
            QueuePriority.VERY_URGENT,
        ),
        (
            {VitalSign.PULSE: "131", VitalSign.SPO2: "95"},
            Consciousness.CONFUSED,
            7,
            Risk.HIGH,
            QueuePriority.EMERGENCY,
        ),
    ],
)
def test_what_is_known_already_counts_as_at_least(
    values: dict[VitalSign, str],
    consciousness: Consciousness | None,
    at_least: int | None,
    risk: Risk | None,
    priority: QueuePriority,
) -> None:
    signs = signs_of(values, consciousness=consciousness, on_oxygen=None)

    scored = score(signs, age_months=ADULT_MONTHS)

    assert (scored.total, scored.at_least, scored.risk) == (None, at_least, risk)
    assert priority_of(scored) is priority
    assert ("At least" in scored.reason) is (at_least is not None)


@pytest.mark.parametrize(("value", "expected"), [("87", 1), ("92", 0), ("93", None), ("97", None)])
def test_on_scale_2_a_high_saturation_waits_for_air_or_oxygen(value: str, expected: int | None) -> None:
    signs = signs_of({**NOBODY_ILL, VitalSign.SPO2: value}, on_oxygen=None, spo2_scale=2)

    scored = score(signs, age_months=ADULT_MONTHS)

    assert points(scored, Parameter.SPO2) == expected
    assert scored.missing == (Parameter.AIR_OR_OXYGEN,)


values = st.fixed_dictionaries(
    {
        VitalSign.RESPIRATION_RATE: st.integers(0, 150).map(str),
        VitalSign.SPO2: st.integers(0, 100).map(str),
        VitalSign.SYSTOLIC: st.integers(30, 300).map(str),
        VitalSign.PULSE: st.integers(0, 350).map(str),
        VitalSign.TEMPERATURE: st.decimals(20, 45, places=2).map(str),
    }
)


@given(
    values=values,
    consciousness=st.sampled_from(Consciousness),
    on_oxygen=st.booleans(),
    spo2_scale=st.sampled_from([1, 2]),
    left_out=st.sets(st.sampled_from([*NOBODY_ILL, "consciousness", "oxygen", "age"]), min_size=1),
)
def test_completing_a_set_never_lowers_what_was_said_before(
    values: dict[VitalSign, str],
    consciousness: Consciousness,
    on_oxygen: bool,  # noqa: FBT001 - hypothesis hands it in by name
    spo2_scale: int,
    left_out: set[str],
) -> None:
    """A part of a set has no total, and its lower bound, risk and rank stay below those of the whole."""
    known = {sign: value for sign, value in values.items() if sign not in left_out}
    part = signs_of(
        known,
        consciousness=None if "consciousness" in left_out else consciousness,
        on_oxygen=None if "oxygen" in left_out else on_oxygen,
        spo2_scale=spo2_scale,
    )
    whole = signs_of(values, consciousness=consciousness, on_oxygen=on_oxygen, spo2_scale=spo2_scale)

    before = score(part, age_months=None if "age" in left_out else ADULT_MONTHS)
    after = score(whole, age_months=ADULT_MONTHS)

    assert (before.state, before.total) == (State.INCOMPLETE, None)
    assert len(before.missing) == len(left_out)
    assert after.total == sum(part.points or 0 for part in after.parts)
    assert (before.at_least or 0) <= after.total <= 20
    assert priority_of(before) >= priority_of(after)


@given(values=values, saturations=st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted))
def test_on_scale_1_less_saturation_never_scores_less(
    values: dict[VitalSign, str], saturations: list[int]
) -> None:
    low, high = ({**values, VitalSign.SPO2: str(saturation)} for saturation in saturations)

    worse = score(signs_of(low), age_months=ADULT_MONTHS).total
    better = score(signs_of(high), age_months=ADULT_MONTHS).total

    assert worse is not None
    assert better is not None
    assert worse >= better
