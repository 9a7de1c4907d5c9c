"""What the server makes of vital signs: which it refuses, and whom it alerts for how long."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from hms_server.contract.news2 import Risk, Score
from hms_server.contract.plausibility import Doubt, Grade, check_all, values_of
from hms_server.contract.triage import VitalSigns
from hms_server.contract.vitals import VitalSign
from hms_server.faults import Refused

SPO2_SCALES = (1, 2)
DOCTORS_FROM_LEVEL = 1
EVERYBODY_FROM_LEVEL = 2
CRITICAL_PATIENCE = timedelta(minutes=3)
PATIENCE = timedelta(minutes=10)
"""How long an alert waits for somebody; this project's choice, for a clinic to confirm."""


class Circle(StrEnum):
    """Who sees an alert and is expected to act."""

    PRACTITIONER = "practitioner"
    DOCTORS = "doctors"
    EVERYBODY = "everybody"


def accepted_values(
    signs: VitalSigns, *, age_months: int | None, confirmed: Collection[str]
) -> dict[VitalSign, Decimal]:
    """The values that may be stored; refused while one is impossible, or unusual and not yet confirmed.

    The fault carries every doubt of its kind, code by code, so that a screen can mark all fields at once.
    """
    if signs.spo2_scale not in SPO2_SCALES:
        raise Refused("triage.unknown_scale", "There are two SpO₂ scales, 1 and 2.", field="spo2_scale")
    values = _values(signs)
    doubts = check_all(values, age_months=age_months)
    _refuse_any("triage.impossible_value", [doubt for doubt in doubts if doubt.grade is Grade.IMPOSSIBLE])
    _refuse_any("triage.unusual_value", [doubt for doubt in doubts if doubt.sign not in confirmed])
    return values


def needs_alert(scored: Score) -> bool:
    """From 3 points in one parameter or 5 in all: where the college asks for an urgent review."""
    return scored.risk not in {None, Risk.LOW}


def is_critical(scored: Score) -> bool:
    """From 7 points in all: where the college asks for an emergency assessment."""
    return scored.risk is Risk.HIGH


def score_words(scored: Score) -> str:
    """The score as a ticket and an alert show it; nothing where no total is claimed."""
    if scored.total is not None:
        return f"NEWS2 {scored.total}"
    return "" if scored.at_least is None else f"NEWS2 ≥{scored.at_least}"


def patience(*, critical: bool) -> timedelta:
    """After this long without an acknowledgement an alert moves on, again and again."""
    return CRITICAL_PATIENCE if critical else PATIENCE


def circle_of(level: int, *, addressed: bool) -> Circle:
    """The practitioner it is for (all doctors, if it is for none), then all doctors, then nurses too."""
    if level >= EVERYBODY_FROM_LEVEL:
        return Circle.EVERYBODY
    return Circle.PRACTITIONER if addressed and level < DOCTORS_FROM_LEVEL else Circle.DOCTORS


def _values(signs: VitalSigns) -> dict[VitalSign, Decimal]:
    try:
        return values_of(signs)
    except ValueError as error:
        raise Refused("triage.unknown_value", str(error), field="measured") from error


def _refuse_any(code: str, doubts: list[Doubt]) -> None:
    if doubts:
        data = {doubt.sign.value: doubt.sentence for doubt in doubts}
        raise Refused(code, doubts[0].sentence, field=doubts[0].sign.value, data=data)
