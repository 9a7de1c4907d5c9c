"""How vital signs and NEWS2 are said: the pills below the fields and the words of the score."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from PySide6.QtCore import QCoreApplication

from hms_desktop.triage.judgement import Judgement
from hms_desktop.widgets.queue_words import priority_word
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import moment_text
from hms_server.contract.news2 import NAMES, Parameter, Risk, Score, State, priority_of
from hms_server.contract.outliers import is_clouded, spoken_name
from hms_server.contract.plausibility import Interpretation, interpret
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import Consciousness, VitalSet
from hms_server.contract.visits import TicketRow
from hms_server.contract.vitals import ADULT_MONTHS, VitalSign

MILD_UP_TO = 3
MODERATE_UP_TO = 6
UNKNOWN = "–"

PARAMETERS: dict[Parameter, VitalSign] = {
    Parameter.RESPIRATION_RATE: VitalSign.RESPIRATION_RATE,
    Parameter.SPO2: VitalSign.SPO2,
    Parameter.SYSTOLIC_BP: VitalSign.SYSTOLIC,
    Parameter.PULSE: VitalSign.PULSE,
    Parameter.TEMPERATURE: VitalSign.TEMPERATURE,
}


@dataclass(frozen=True)
class Said:
    """The words of a pill and their colour."""

    words: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class ScoreWords:
    """What the box of the score says."""

    kind: Kind
    number: str
    title: str
    sentence: str
    aside: str = ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("vitals", text)


def consciousness_word(consciousness: Consciousness) -> str:
    """The word of ACVPU."""
    return {
        Consciousness.ALERT: _tr("Alert"),
        Consciousness.CONFUSED: _tr("New confusion"),
        Consciousness.VOICE: _tr("Responds to voice"),
        Consciousness.PAIN: _tr("Responds to pain"),
        Consciousness.UNRESPONSIVE: _tr("Unresponsive"),
    }[consciousness]


def points_said(scored: Score) -> dict[Parameter, Said]:
    """The points of each parameter that is known."""
    return {
        part.parameter: Said(_points_words(part.points), _points_kind(part.points))
        for part in scored.parts
        if part.points is not None
    }


def signs_said(judged: Judgement, *, age_months: int | None, pregnant: bool | None) -> dict[VitalSign, Said]:
    """Points where NEWS2 gives some, else low, normal or high where that is known."""
    points = points_said(judged.score)
    said = {sign: points[parameter] for parameter, sign in PARAMETERS.items() if parameter in points}
    for sign, value in judged.values.items():
        # The normal ranges of adults do not hold in pregnancy: only what is beyond its own limits is said.
        if sign not in said and not (pregnant and sign in PARAMETERS.values()):
            said |= _range_said(sign, value, age_months)
    if pregnant:
        beyond = [each for each in judged.outliers if each.sign in PARAMETERS.values()]
        said |= {
            each.sign: _interpreted(Interpretation.LOW if each.is_low else Interpretation.HIGH)
            for each in beyond
        }
    return said | _body_mass_said(judged, age_months)


def score_said(
    judged: Judgement, *, standing: QueuePriority, urgency: QueuePriority | None = None
) -> ScoreWords:
    """The score in words; `standing` is the rank that the patient has already, which never gets lower."""
    scored = judged.score
    rank = min(standing, priority_of(scored), QueuePriority.ROUTINE if urgency is None else urgency)
    aside = "" if scored.risk is None and urgency is None else _tr("Triage: {rank}")
    return ScoreWords(
        kind=_kind(judged, urgency),
        number=_number(scored),
        title=_title(judged, urgency),
        sentence=_sentence(judged, urgency),
        aside=aside.format(rank=priority_word(rank)),
    )


def urgency_said(judged: Judgement, urgency: QueuePriority | None) -> Said:
    """The pill below the field of the urgency, while it waits for the nurse."""
    waits = judged.needs_the_nurse and urgency is None
    return Said(_tr("Please choose"), Kind.WARNING) if waits else Said("", Kind.NEUTRAL)


def set_said(vitals: VitalSet) -> str:
    """A stored set in a word."""
    if vitals.news2_total is not None:
        return _tr("NEWS2 {total}").format(total=vitals.news2_total)
    states = {
        State.INCOMPLETE.value: _tr("NEWS2 incomplete"),
        State.NOT_APPLICABLE.value: _tr("NEWS2 not applicable"),
    }
    return states.get(vitals.news2_state, _tr("no NEWS2"))


def last_said(last: VitalSet | None, *, zone: tzinfo, today: date) -> str:
    """What was measured before, in a line."""
    if last is None:
        return _tr("No earlier vital signs")
    when = moment_text(last.recorded_at, zone, today=today)
    return _tr("Last: {when} · {score}").format(when=when, score=set_said(last))


def stored_said(at: datetime, *, zone: tzinfo) -> str:
    """That the server has it, and since when."""
    return _tr("Stored {time}").format(time=f"{at.astimezone(zone):%H:%M:%S}")


def waits_said(ticket: TicketRow, *, alerted: bool) -> str:
    """Where somebody waits who was sent on."""
    who = ticket.practitioner.name if ticket.practitioner else _tr("the doctor")
    waits = _tr("Waits for {who} as {code}.").format(who=who, code=ticket.code)
    return f"{waits} {_tr('The doctor has been alerted.')}" if alerted else waits


def _points_words(points: int) -> str:
    return _tr("1 point") if points == 1 else _tr("{points} points").format(points=points)


def _points_kind(points: int) -> Kind:
    return {0: Kind.OK, 3: Kind.DANGER}.get(points, Kind.WARNING)


def _range_said(sign: VitalSign, value: Decimal, age_months: int | None) -> dict[VitalSign, Said]:
    if sign is VitalSign.PAIN:
        return {sign: _pain_said(value)}
    found = interpret(sign, value, age_months=age_months)
    return {} if found is None else {sign: _interpreted(found)}


def _interpreted(found: Interpretation) -> Said:
    return {
        Interpretation.LOW: Said(_tr("↓ low"), Kind.WARNING),
        Interpretation.NORMAL: Said(_tr("in range"), Kind.OK),
        Interpretation.HIGH: Said(_tr("↑ high"), Kind.WARNING),
    }[found]


def _pain_said(value: Decimal) -> Said:
    if value == 0:
        return Said(_tr("none"), Kind.OK)
    if value <= MILD_UP_TO:
        return Said(_tr("mild"), Kind.OK)
    if value <= MODERATE_UP_TO:
        return Said(_tr("moderate"), Kind.WARNING)
    return Said(_tr("severe"), Kind.DANGER)


def _body_mass_said(judged: Judgement, age_months: int | None) -> dict[VitalSign, Said]:
    """Only for adults: for a child the same number means something else at every age."""
    weight_kg, height_cm = judged.values.get(VitalSign.WEIGHT), judged.values.get(VitalSign.HEIGHT)
    if age_months is None or age_months < ADULT_MONTHS or weight_kg is None or height_cm is None:
        return {}
    index = weight_kg / (height_cm / 100) ** 2
    return {VitalSign.WEIGHT: Said(_tr("BMI {index}").format(index=f"{index:.1f}"), Kind.NEUTRAL)}


def _kind(judged: Judgement, urgency: QueuePriority | None) -> Kind:
    scored = judged.score
    if _alerts_by_nurse(urgency) or scored.risk in {Risk.MEDIUM, Risk.HIGH}:
        return Kind.DANGER
    if judged.needs_the_nurse or scored.risk is Risk.LOW_MEDIUM or urgency is QueuePriority.URGENT:
        return Kind.WARNING
    if scored.state is State.NOT_APPLICABLE:
        return Kind.INFO
    return Kind.OK if scored.risk is Risk.LOW else Kind.NEUTRAL


def _number(scored: Score) -> str:
    """A dash where no number may be given."""
    if scored.risk is None:
        return UNKNOWN
    return str(scored.total) if scored.total is not None else f"≥ {scored.at_least}"


def _title(judged: Judgement, urgency: QueuePriority | None) -> str:
    scored = judged.score
    if judged.needs_the_nurse:
        return _nurse_title(judged, urgency)
    if scored.state is State.NOT_APPLICABLE:
        return _tr("NEWS2 not applicable")
    if scored.risk is None:
        return _tr("NEWS2 incomplete") if scored.parts else "NEWS2"
    return _risk_title(scored, _missing(scored))


def _nurse_title(judged: Judgement, urgency: QueuePriority | None) -> str:
    clouded = [_tr(NAMES[Parameter.CONSCIOUSNESS])] if is_clouded(judged.signs) else []
    names = ", ".join([*clouded, *(_tr(spoken_name(sign)) for sign in judged.alarming)])
    if judged.signs.pregnant:
        found = _tr("Values out of range in pregnancy: {names}.").format(names=names)
    else:
        found = _tr("Values out of range for the age: {names}.").format(names=names)
    return f"{found} {_tr('Choose the urgency yourself.')}" if urgency is None else found


def _sentence(judged: Judgement, urgency: QueuePriority | None) -> str:
    scored = judged.score
    if judged.needs_the_nurse:
        # By what to judge stands in the title already.
        sentence = _tr(scored.reason)
    elif scored.state is State.NOT_APPLICABLE:
        sentence = f"{_tr(scored.reason)} {_tr(scored.response)}"
    elif scored.risk is None:
        sentence = _tr("Still missing: {names}.").format(names=_missing(scored))
    else:
        sentence = _tr(scored.response)
    if scored.risk in {None, Risk.LOW} and not _alerts_by_nurse(urgency):
        return sentence
    return f"{sentence} {_tr('The doctor is alerted as soon as this is stored.')}"


def _alerts_by_nurse(urgency: QueuePriority | None) -> bool:
    return urgency is not None and urgency <= QueuePriority.VERY_URGENT


def _missing(scored: Score) -> str:
    return ", ".join(_tr(NAMES[parameter]) for parameter in scored.missing)


def _risk_title(scored: Score, missing: str) -> str:
    assert scored.risk is not None
    risk = {
        Risk.LOW: _tr("low"),
        Risk.LOW_MEDIUM: _tr("low–medium, 3 points in one value"),
        Risk.MEDIUM: _tr("medium"),
        Risk.HIGH: _tr("high"),
    }[scored.risk]
    if scored.state is State.COMPLETE:
        return _tr("NEWS2: {risk}").format(risk=risk)
    if Parameter.AGE in scored.missing:
        return _tr("NEWS2, if 16 or older: at least {risk} · missing: {names}").format(
            risk=risk, names=missing
        )
    return _tr("NEWS2 at least {risk} · missing: {names}").format(risk=risk, names=missing)
