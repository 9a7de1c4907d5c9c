"""What the server makes of vital signs: which it refuses, how urgent they are, and whom it alerts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from hms_server.contract.news2 import Risk, Score, priority_of
from hms_server.contract.outliers import Outlier, is_clouded, outliers, spoken_name
from hms_server.contract.plausibility import Doubt, Grade, check_all, values_of
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import Consciousness, VitalSigns
from hms_server.contract.vitals import SIGNS, Range, VitalSign
from hms_server.faults import Refused

SPO2_SCALES = (1, 2)
DOCTORS_FROM_LEVEL = 1
EVERYBODY_FROM_LEVEL = 2
CRITICAL_PATIENCE = timedelta(minutes=3)
PATIENCE = timedelta(minutes=10)
"""How long an alert waits for somebody; this project's choice, for a clinic to confirm."""

RANK_WORDS = {
    QueuePriority.EMERGENCY: "emergency",
    QueuePriority.VERY_URGENT: "very urgent",
    QueuePriority.URGENT: "urgent",
    QueuePriority.ROUTINE: "routine",
}
MOST_OF_COMPLAINT = 60
"""So much of it stands in the title of an alert; the detail has all."""

_CLOUDED = {
    Consciousness.CONFUSED: "new confusion",
    Consciousness.VOICE: "responds to voice only",
    Consciousness.PAIN: "responds to pain only",
    Consciousness.UNRESPONSIVE: "unresponsive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWords:
    """What an alert to a doctor says, and what raised it."""

    kind: str
    title: str
    detail: str
    critical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The more urgent of what score and nurse say; the note says on the ticket which of them it was."""

    priority: QueuePriority
    note: str
    alert: AlertWords | None


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


def verdict(
    signs: VitalSigns, scored: Score, *, age_months: int | None, urgency: QueuePriority | None
) -> Verdict:
    """The nurse raises what the score says, never lowers it; where both say the same, the score is named."""
    by_score = priority_of(scored)
    if urgency is not None and urgency < by_score:
        return _by_nurse(signs, scored, age_months=age_months, urgency=urgency)
    note = score_words(scored)
    alert = AlertWords(kind="news2", title=note, detail=scored.reason, critical=is_critical(scored))
    return Verdict(
        priority=by_score,
        # Only a rank above routine needs a word of explanation on the ticket.
        note=note if by_score < QueuePriority.ROUTINE else "",
        alert=alert if needs_alert(scored) else None,
    )


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


def _by_nurse(signs: VitalSigns, scored: Score, *, age_months: int | None, urgency: QueuePriority) -> Verdict:
    note = f"Nurse: {RANK_WORDS[urgency]}"
    found = outliers(signs, age_months=age_months)
    alert = AlertWords(
        kind="nurse",
        title=" · ".join(part for part in (note, _shortly(signs, found)) if part),
        detail=_at_length(signs, scored, found),
        critical=urgency is QueuePriority.EMERGENCY,
    )
    alerts = urgency <= QueuePriority.VERY_URGENT
    return Verdict(priority=urgency, note=note, alert=alert if alerts else None)


def _shortly(signs: VitalSigns, found: list[Outlier]) -> str:
    """What is alarming, else what is out of range at all, else the complaint."""
    told = [each for each in found if each.alarming] or found
    parts = [f"{spoken_name(each.sign)} {each.value:f}" for each in told]
    words = ", ".join([*_clouded(signs), *parts])
    complaint = " ".join(signs.complaint.split())
    return words or (
        complaint if len(complaint) <= MOST_OF_COMPLAINT else f"{complaint[: MOST_OF_COMPLAINT - 1]}…"
    )


def _at_length(signs: VitalSigns, scored: Score, found: list[Outlier]) -> str:
    parts = [*_clouded(signs), *(_with_normal(each) for each in found)]
    complaint = " ".join(signs.complaint.split())
    sentences = (
        "Judged by the nurse.",
        f"Out of range: {', '.join(parts)}." if parts else "Nothing that was measured is out of range.",
        f"{score_words(scored)}." if score_words(scored) else "",
        scored.reason,
        f"Complaint: {complaint}" if complaint else "",
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _clouded(signs: VitalSigns) -> list[str]:
    return [_CLOUDED[signs.consciousness]] if signs.consciousness and is_clouded(signs) else []


def _with_normal(each: Outlier) -> str:
    unit = SIGNS[each.sign].shown_unit
    return f"{spoken_name(each.sign)} {each.value:f} {unit} ({_normal_words(each.normal)})"


def _normal_words(normal: Range) -> str:
    if normal.low is None:
        return f"normal up to {normal.high}"
    return f"normal from {normal.low}" if normal.high is None else f"normal {normal.low} to {normal.high}"


def _values(signs: VitalSigns) -> dict[VitalSign, Decimal]:
    try:
        return values_of(signs)
    except ValueError as error:
        raise Refused("triage.unknown_value", str(error), field="measured") from error


def _refuse_any(code: str, doubts: list[Doubt]) -> None:
    if doubts:
        data = {doubt.sign.value: doubt.sentence for doubt in doubts}
        raise Refused(code, doubts[0].sentence, field=doubts[0].sign.value, data=data)
