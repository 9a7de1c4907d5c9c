"""What follows from typed values: mistakes, questions and the score, by the same code as on the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hms_desktop.triage.typed import Typed, read_values
from hms_server.contract.news2 import Score, State, score
from hms_server.contract.outliers import Outlier, is_clouded, outliers
from hms_server.contract.plausibility import Doubt, Grade, check_all
from hms_server.contract.triage import VitalSigns
from hms_server.contract.vitals import VitalSign


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`values` are those that are possible; `mistakes` and `questions` hold a sentence for each field."""

    values: Mapping[VitalSign, Decimal]
    unreadable: Mapping[VitalSign, str]
    mistakes: Mapping[VitalSign, str]
    questions: Mapping[VitalSign, str]
    signs: VitalSigns
    score: Score
    outliers: tuple[Outlier, ...]

    @property
    def alarming(self) -> list[VitalSign]:
        """What lies far out of its range where no score says so."""
        return [each.sign for each in self.outliers if each.alarming]

    @property
    def needs_the_nurse(self) -> bool:
        """Whether somebody has to say how urgent this is, since NEWS2 cannot."""
        is_grave = bool(self.alarming) or is_clouded(self.signs)
        return is_grave and self.score.state is State.NOT_APPLICABLE


def judge(
    typed: Typed, *, age_months: int | None, doubted: Mapping[VitalSign, Doubt] | None = None
) -> Judgement:
    """`doubted` is what the server has refused of these very values, which this side may not know."""
    values, unreadable = read_values(typed.texts)
    own = {doubt.sign: doubt for doubt in check_all(values, age_months=age_months)}
    doubts = {**(doubted or {}), **own}
    impossible = _sentences(doubts, Grade.IMPOSSIBLE)
    possible = {sign: value for sign, value in values.items() if sign not in impossible}
    signs = typed.as_signs(possible)
    return Judgement(
        values=possible,
        unreadable=unreadable,
        mistakes={**unreadable, **impossible},
        questions=_sentences(doubts, Grade.UNUSUAL),
        signs=signs,
        score=score(signs, age_months=age_months),
        outliers=tuple(outliers(signs, age_months=age_months)),
    )


def _sentences(doubts: Mapping[VitalSign, Doubt], grade: Grade) -> dict[VitalSign, str]:
    return {sign: doubt.sentence for sign, doubt in doubts.items() if doubt.grade is grade}
