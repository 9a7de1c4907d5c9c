"""Which values the person was asked about, which of them were confirmed, and what the server doubts."""

from collections.abc import Collection, Mapping, Sequence

from hms_desktop.triage.judgement import Judgement
from hms_server.contract.envelope import Fault
from hms_server.contract.plausibility import Doubt, Grade
from hms_server.contract.vitals import VitalSign

GRADES = {"triage.impossible_value": Grade.IMPOSSIBLE, "triage.unusual_value": Grade.UNUSUAL}
"""Refusals whose data holds a sentence for each value."""


class Doubts:
    """Belongs to the values in one form; whoever changes a value starts anew with it."""

    def __init__(self, order: Sequence[VitalSign]) -> None:
        """`order` is that of the fields on the screen."""
        self._order = order
        self._asked: set[VitalSign] = set()
        self._confirmed: set[VitalSign] = set()
        self.of_server: dict[VitalSign, Doubt] = {}

    @property
    def confirmed(self) -> list[VitalSign]:
        """The unusual values that the person has looked at twice."""
        return [sign for sign in self._order if sign in self._confirmed]

    def start(self, finished: Collection[VitalSign]) -> None:
        """Other values stand there, all of them finished; nobody has confirmed one."""
        self._asked = set(finished)
        self._confirmed.clear()
        self.of_server.clear()

    def edit(self, sign: VitalSign) -> None:
        """A number is judged once it is finished: the 3 of 38.5 is no mistake."""
        self._asked.discard(sign)
        self._confirmed.discard(sign)
        self.of_server.pop(sign, None)

    def finish(self, *signs: VitalSign) -> bool:
        """The person has left these fields; says whether one of them was left for the first time."""
        is_news = not self._asked.issuperset(signs)
        self._asked.update(signs)
        return is_news

    def confirm(self, sign: VitalSign) -> None:
        """The person says that the value is right."""
        self._confirmed.add(sign)

    def hear(self, doubts: Mapping[VitalSign, Doubt]) -> None:
        """The server knows something that this side does not."""
        self.of_server.update(doubts)
        self._confirmed.difference_update(doubts)

    def mistake(self, sign: VitalSign, judged: Judgement) -> str:
        """What is wrong with the value, as far as it can be known already."""
        known = judged.mistakes if sign in self._asked else judged.unreadable
        return known.get(sign, "")

    def questions(self, judged: Judgement) -> list[VitalSign]:
        """The unusual values that were finished and not confirmed."""
        return [
            sign
            for sign in self._order
            if sign in judged.questions and sign in self._asked and sign not in self._confirmed
        ]

    def hindrances(self, judged: Judgement) -> list[VitalSign]:
        """The finished values that keep the others from being stored."""
        questions = self.questions(judged)
        return [sign for sign in self._order if self.mistake(sign, judged) or sign in questions]


def doubts_of(fault: Fault) -> dict[VitalSign, Doubt]:
    """What a refusal says about single values; empty for any other refusal."""
    if fault.code not in GRADES:
        return {}
    known = {VitalSign(code): sentence for code, sentence in fault.data.items() if code in {*VitalSign}}
    return {sign: Doubt(sign, GRADES[fault.code], sentence) for sign, sentence in known.items()}
