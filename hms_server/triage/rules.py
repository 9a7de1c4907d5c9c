"""What the server makes of vital signs: which it refuses, whom they move up, and when a doctor is alerted."""

from collections.abc import Collection
from decimal import Decimal

from hms_server.contract.news2 import Risk, Score, priority_of
from hms_server.contract.plausibility import Doubt, Grade, check_all, values_of
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import VitalSigns
from hms_server.contract.vitals import VitalSign
from hms_server.faults import Refused

SPO2_SCALES = (1, 2)


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


def raised(standing: QueuePriority, scored: Score) -> QueuePriority:
    """The rank after a score: up where it asks for it, never down, since a person may know more."""
    return min(standing, priority_of(scored))


def needs_alert(scored: Score) -> bool:
    """From 3 points in one parameter or 5 in all: where the college asks for an urgent review."""
    return scored.risk not in {None, Risk.LOW}


def _values(signs: VitalSigns) -> dict[VitalSign, Decimal]:
    try:
        return values_of(signs)
    except ValueError as error:
        raise Refused("triage.unknown_value", str(error), field="measured") from error


def _refuse_any(code: str, doubts: list[Doubt]) -> None:
    if doubts:
        data = {doubt.sign.value: doubt.sentence for doubt in doubts}
        raise Refused(code, doubts[0].sentence, field=doubts[0].sign.value, data=data)
