"""NEWS2 of the Royal College of Physicians (2017), scored alike while a nurse types and on the server.

The texts are whole English sentences; everything they say is also in the fields, for a translated screen.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

import msgspec

from hms_server.contract.plausibility import Doubt, Grade, check_value, values_of
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import Consciousness, VitalSigns
from hms_server.contract.vitals import ADULT_MONTHS, VitalSign

MEDIUM_FROM = 5
HIGH_FROM = 7
RED_POINTS = 3


class Parameter(StrEnum):
    """What NEWS2 asks for; AGE scores no points, it decides whether the score applies."""

    RESPIRATION_RATE = "respiration_rate"
    SPO2 = "spo2"
    AIR_OR_OXYGEN = "air_or_oxygen"
    SYSTOLIC_BP = "systolic_bp"
    PULSE = "pulse"
    CONSCIOUSNESS = "consciousness"
    TEMPERATURE = "temperature_c"
    AGE = "age"


class State(StrEnum):
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NOT_APPLICABLE = "not_applicable"


class Risk(StrEnum):
    """Clinical risk; LOW_MEDIUM is 3 points in a single parameter with a total below 5."""

    LOW = "low"
    LOW_MEDIUM = "low_medium"
    MEDIUM = "medium"
    HIGH = "high"


class Step(msgspec.Struct, frozen=True):
    """The points of all values up to and including `up_to` that the step before does not have."""

    up_to: Decimal
    points: int


class Part(msgspec.Struct, frozen=True):
    """`points` None: not measured, or it waits for air or oxygen to be known."""

    parameter: Parameter
    points: int | None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """`total` is there only when complete.

    While incomplete, `at_least` and `risk` are set as soon as what is known is urgent by itself: no further
    measurement can lower them, though age or pregnancy may show that the score does not apply. Otherwise
    nothing is claimed.
    """

    state: State
    total: int | None = None
    at_least: int | None = None
    risk: Risk | None = None
    parts: tuple[Part, ...] = ()
    missing: tuple[Parameter, ...] = ()
    response: str
    reason: str


class ImpossibleValueError(ValueError):
    """A value that no score may be built on, such as half a breath a minute."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt.sentence)
        self.doubt = doubt


NAMES = {
    Parameter.RESPIRATION_RATE: "breaths",
    Parameter.SPO2: "SpO₂",
    Parameter.AIR_OR_OXYGEN: "air or oxygen",
    Parameter.SYSTOLIC_BP: "systolic",
    Parameter.PULSE: "pulse",
    Parameter.CONSCIOUSNESS: "consciousness",
    Parameter.TEMPERATURE: "temperature",
    Parameter.AGE: "age",
}

RESPONSES = {
    Risk.LOW: "A registered nurse assesses and decides on escalation. Monitor at least every 4 to 6 hours.",
    Risk.LOW_MEDIUM: "Urgent review by a clinician. Monitor at least every hour.",
    Risk.MEDIUM: "Urgent assessment by staff competent in acute illness. Monitor at least every hour.",
    Risk.HIGH: "Emergency assessment by a team with critical-care competencies. Monitor continuously.",
}
ROUTINE_RESPONSE = "Continue routine monitoring, at least every 12 hours."
"""The response to a total of 0; `RESPONSES[Risk.LOW]` is the one to 1 to 4."""


def _steps(*steps: tuple[str, int], above: int) -> tuple[Step, ...]:
    return (*(Step(Decimal(up_to), points) for up_to, points in steps), Step(Decimal("Infinity"), above))


STEPS: dict[Parameter, tuple[Step, ...]] = {
    Parameter.RESPIRATION_RATE: _steps(("8", 3), ("11", 1), ("20", 0), ("24", 2), above=3),
    Parameter.SYSTOLIC_BP: _steps(("90", 3), ("100", 2), ("110", 1), ("219", 0), above=3),
    Parameter.PULSE: _steps(("40", 3), ("50", 1), ("90", 0), ("110", 1), ("130", 2), above=3),
    Parameter.TEMPERATURE: _steps(("35.0", 3), ("36.0", 1), ("38.0", 0), ("39.0", 1), above=2),
}
SPO2_SCALE_1 = _steps(("91", 3), ("93", 2), ("95", 1), above=0)
SPO2_SCALE_2_ON_AIR = _steps(("83", 3), ("85", 2), ("87", 1), above=0)
SPO2_SCALE_2_ON_OXYGEN = _steps(("83", 3), ("85", 2), ("87", 1), ("92", 0), ("94", 1), ("96", 2), above=3)
"""Scale 2 is for a prescribed target of 88–92 %: above it, only oxygen can have given too much."""

_MEASURED = {
    Parameter.RESPIRATION_RATE: VitalSign.RESPIRATION_RATE,
    Parameter.SYSTOLIC_BP: VitalSign.SYSTOLIC,
    Parameter.PULSE: VitalSign.PULSE,
    Parameter.TEMPERATURE: VitalSign.TEMPERATURE,
    Parameter.SPO2: VitalSign.SPO2,
}
_OXYGEN_POINTS = {None: None, False: 0, True: 2}
_SCORED = tuple(parameter for parameter in Parameter if parameter is not Parameter.AGE)


def score(signs: VitalSigns, *, age_months: int | None) -> Score:
    """The score of one set of vital signs; ImpossibleValueError for a value that cannot be.

    Under 16 years and in a known pregnancy it does not apply. An unknown age makes it incomplete.
    """
    values = _checked_values(signs)
    if age_months is not None and age_months < ADULT_MONTHS:
        return _not_applicable(
            "NEWS2 does not apply under 16 years.", "Judge by the normal values of the age."
        )
    if signs.pregnant:
        return _not_applicable(
            "NEWS2 does not apply in pregnancy.", "Judge by the normal values in pregnancy."
        )
    parts = tuple(Part(parameter, _points(parameter, values, signs)) for parameter in _SCORED)
    missing = _missing(values, signs, age_months)
    return _incomplete(parts, missing) if missing else _complete(parts)


def priority_of(scored: Score) -> QueuePriority:
    """The rank in the queue that a score asks for; ROUTINE also where there is none.

    The thresholds 5 and 7 and the single 3 are those of the Royal College of Physicians; to give each a rank
    is this project's choice, for a clinic to confirm. Without a score nobody may be moved back: compare with
    the rank that stands and keep the smaller.
    """
    ranks = {
        Risk.HIGH: QueuePriority.EMERGENCY,
        Risk.MEDIUM: QueuePriority.VERY_URGENT,
        Risk.LOW_MEDIUM: QueuePriority.URGENT,
    }
    return QueuePriority.ROUTINE if scored.risk is None else ranks.get(scored.risk, QueuePriority.ROUTINE)


def rounded_temperature(value: Decimal) -> Decimal:
    """To the 0.1 °C of the chart, half up: 38.05 is charted and scored as 38.1, 38.04 as 38.0."""
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def _checked_values(signs: VitalSigns) -> dict[VitalSign, Decimal]:
    if signs.spo2_scale not in {1, 2}:
        raise ValueError("There are two SpO₂ scales, 1 and 2.")
    values = values_of(signs)
    for sign in _MEASURED.values():
        doubt = check_value(sign, values[sign], age_months=None) if sign in values else None
        if doubt is not None and doubt.grade is Grade.IMPOSSIBLE:
            raise ImpossibleValueError(doubt)
    return values


def _missing(
    values: Mapping[VitalSign, Decimal], signs: VitalSigns, age_months: int | None
) -> tuple[Parameter, ...]:
    known = {parameter for parameter, sign in _MEASURED.items() if sign in values}
    if signs.on_oxygen is not None:
        known.add(Parameter.AIR_OR_OXYGEN)
    if signs.consciousness is not None:
        known.add(Parameter.CONSCIOUSNESS)
    if age_months is not None:
        known.add(Parameter.AGE)
    return tuple(parameter for parameter in Parameter if parameter not in known)


def _points(parameter: Parameter, values: Mapping[VitalSign, Decimal], signs: VitalSigns) -> int | None:
    if parameter is Parameter.AIR_OR_OXYGEN:
        return _OXYGEN_POINTS[signs.on_oxygen]
    if parameter is Parameter.CONSCIOUSNESS:
        return _consciousness_points(signs.consciousness)
    value = values.get(_MEASURED[parameter])
    if value is None:
        return None
    if parameter is Parameter.SPO2:
        return _spo2_points(value, signs)
    if parameter is Parameter.TEMPERATURE:
        value = rounded_temperature(value)
    return _points_at(STEPS[parameter], value)


def _consciousness_points(consciousness: Consciousness | None) -> int | None:
    if consciousness is None:
        return None
    return 0 if consciousness is Consciousness.ALERT else RED_POINTS


def _spo2_points(value: Decimal, signs: VitalSigns) -> int | None:
    """Above its target scale 2 scores by what is breathed, so that an unknown leaves the points open."""
    if signs.spo2_scale == 1:
        return _points_at(SPO2_SCALE_1, value)
    on_air = _points_at(SPO2_SCALE_2_ON_AIR, value)
    on_oxygen = _points_at(SPO2_SCALE_2_ON_OXYGEN, value)
    if signs.on_oxygen is None:
        return on_air if on_air == on_oxygen else None
    return on_oxygen if signs.on_oxygen else on_air


def _points_at(steps: tuple[Step, ...], value: Decimal) -> int:
    return next(step.points for step in steps if value <= step.up_to)


def _risk_of(parts: tuple[Part, ...]) -> Risk:
    total = _sum(parts)
    if total >= HIGH_FROM:
        return Risk.HIGH
    if total >= MEDIUM_FROM:
        return Risk.MEDIUM
    return Risk.LOW_MEDIUM if any(part.points == RED_POINTS for part in parts) else Risk.LOW


def _sum(parts: tuple[Part, ...]) -> int:
    return sum(part.points for part in parts if part.points is not None)


def _not_applicable(reason: str, response: str) -> Score:
    return Score(state=State.NOT_APPLICABLE, reason=reason, response=response)


def _complete(parts: tuple[Part, ...]) -> Score:
    total, risk = _sum(parts), _risk_of(parts)
    return Score(
        state=State.COMPLETE,
        total=total,
        risk=risk,
        parts=parts,
        response=RESPONSES[risk] if total else ROUTINE_RESPONSE,
        reason=_reason(parts),
    )


def _incomplete(parts: tuple[Part, ...], missing: tuple[Parameter, ...]) -> Score:
    risk = _risk_of(parts)
    reason = f"Missing: {', '.join(NAMES[parameter] for parameter in missing)}."
    if risk is Risk.LOW:
        response = "Complete the measurements."
        return Score(state=State.INCOMPLETE, parts=parts, missing=missing, response=response, reason=reason)
    at_least = _sum(parts)
    condition = ", if 16 years or older" if Parameter.AGE in missing else ""
    return Score(
        state=State.INCOMPLETE,
        at_least=at_least,
        risk=risk,
        parts=parts,
        missing=missing,
        response=RESPONSES[risk],
        reason=f"At least {at_least}{condition}. {_reason(parts)} {reason}",
    )


def _reason(parts: tuple[Part, ...]) -> str:
    scoring = [f"{NAMES[part.parameter]} {part.points}" for part in parts if part.points]
    return f"Points: {', '.join(scoring)}." if scoring else "No parameter scores points."
