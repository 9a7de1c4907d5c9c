"""What follows from typed values: mistakes, questions and the score, by the same code as on the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hms_desktop.triage.typed import Typed, read_values
from hms_server.contract.news2 import Score, score
from hms_server.contract.plausibility import Doubt, Grade, check_all
from hms_server.contract.vitals import VitalSign


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`values` are those that are possible; `mistakes` and `questions` hold a sentence for each field."""

    values: Mapping[VitalSign, Decimal]
    unreadable: Mapping[VitalSign, str]
    mistakes: Mapping[VitalSign, str]
    questions: Mapping[VitalSign, str]
    score: Score


def judge(
    typed: Typed, *, age_months: int | None, doubted: Mapping[VitalSign, Doubt] | None = None
) -> Judgement:
    """`doubted` is what the server has refused of these very values, which this side may not know."""
    values, unreadable = read_values(typed.texts)
    own = {doubt.sign: doubt for doubt in check_all(values, age_months=age_months)}
    doubts = {**(doubted or {}), **own}
    impossible = _sentences(doubts, Grade.IMPOSSIBLE)
    possible = {sign: value for sign, value in values.items() if sign not in impossible}
    return Judgement(
        values=possible,
        unreadable=unreadable,
        mistakes={**unreadable, **impossible},
        questions=_sentences(doubts, Grade.UNUSUAL),
        score=score(typed.as_signs(possible), age_months=age_months),
    )


def _sentences(doubts: Mapping[VitalSign, Doubt], grade: Grade) -> dict[VitalSign, str]:
    return {sign: doubt.sentence for sign, doubt in doubts.items() if doubt.grade is grade}
