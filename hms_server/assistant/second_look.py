"""The model's look at the words of somebody at a kiosk: it can raise the level, never lower it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, LiteralString

import msgspec

from hms_server.assistant import danger, provider, usage
from hms_server.assistant.instructions import SYMPTOMS
from hms_server.assistant.models import Keeper
from hms_server.assistant.naming import NameBook
from hms_server.assistant.pseudonyms import Memory, Pseudonyms
from hms_server.assistant.reasoning import schema_of
from hms_server.assistant.rules import clean_answer
from hms_server.assistant.symptoms import KIND, TOLD, Said, SymptomJob, found
from hms_server.assistant.vocabulary import known_names, ordinary_words
from hms_server.contract.symptoms import InterviewId, SymptomsRaised, Urgency, UrgentAtKiosk
from hms_server.contract.values import StaffId
from hms_server.permissions import Permission
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Claimed, Finished, JobKind, Next, Policy
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work

if TYPE_CHECKING:
    from hms_server.assistant.client import GeminiSettings

MAX_REASON = 200
POLICY = Policy(
    first=timedelta(seconds=2),
    longest=timedelta(seconds=10),
    attempts=2,
    give_up_after=timedelta(minutes=2),
    time_limit=timedelta(seconds=30),
)


class Opinion(msgspec.Struct, frozen=True):
    """What the model says, under this schema."""

    urgency: Urgency
    reason: str


@dataclass(frozen=True)
class SymptomNeed:
    """What leaves: the free words under pseudonyms, the choices as we worded them, and who pays."""

    settings: "GeminiSettings"
    interview_id: InterviewId
    staff_id: StaffId
    text: str
    names: Pseudonyms


@dataclass(frozen=True)
class Judged:
    opinion: Opinion | None
    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True)
class SymptomJudge:
    """The job behind an interview; whatever goes wrong, the local level stands."""

    ground: Ground
    keeper: Keeper

    def kind(self) -> JobKind[SymptomJob, SymptomNeed, Judged]:
        return JobKind(
            name=KIND,
            destination=provider.NAME,
            payload=SymptomJob,
            prepare=self.prepare,
            perform=self.perform,
            store=self.store,
            on_trouble=self.on_trouble,
            gave_up=self.gave_up,
            policy=POLICY,
        )

    def prepare(self, work: Work, job: Claimed[SymptomJob]) -> SymptomNeed | Next:
        from hms_server.assistant.client import GeminiSettings  # noqa: PLC0415 - slow to import, seldom needed

        stored = found(work, job.payload.interview_id)
        if stored is None or not stored.waits or stored.urgency is None or job.uncertain:
            return self._done(work, job)
        policy = usage.policy_of(work)
        secret = self.ground.providers.secret(work, provider.NAME, provider.KEY)
        used = usage.used_by(work, stored.staff_id)
        used_up = policy.clinic_limit and used.clinic >= policy.clinic_limit
        if not policy.enabled or used_up or secret is None:
            return self._done(work, job)
        said = self.keeper.open(stored.body, stored.binding, Said)
        chosen = "; ".join(sign.text for sign in danger.signs_of(said.given))
        book = NameBook(ordinary=ordinary_words(), are_names=lambda words: known_names(work, words))
        names = Pseudonyms(Memory(today=work.now.date()), book)
        settings = self.ground.providers.settings(work, provider.NAME)
        return SymptomNeed(
            settings=GeminiSettings(
                api_key=secret, model=settings[provider.MODEL], address=settings[provider.ADDRESS]
            ),
            interview_id=stored.id,
            staff_id=stored.staff_id,
            text=f"Chosen: {chosen or 'nothing'}. In their own words: {names.hide(said.words)}",
            names=names,
        )

    def perform(self, need: SymptomNeed, outside: Outside) -> Judged:
        # Slow to import, and most servers never need it.
        from google.genai import types  # noqa: PLC0415

        from hms_server.assistant.client import End, Gemini  # noqa: PLC0415
        from hms_server.assistant.line import Stopped  # noqa: PLC0415

        contents = [types.Content(role="user", parts=[types.Part(text=need.text)])]
        try:
            with Gemini(need.settings, outside) as client:
                turn = client.structured(contents, instruction=SYMPTOMS, schema=schema_of(Opinion))
        except Stopped:
            return Judged(opinion=None, prompt_tokens=0, answer_tokens=0)
        opinion = None
        if turn.end is End.WHOLE:
            try:
                told = need.names.restore_in(json.loads(turn.text))
                opinion = msgspec.convert(told, Opinion)
            except (ValueError, msgspec.ValidationError):
                # What does not fit the schema raises nothing: the level of our own rules stands.
                opinion = None
        return Judged(opinion=opinion, prompt_tokens=turn.spent.prompt, answer_tokens=turn.spent.answer)

    def store(self, work: Work, job: Claimed[SymptomJob], judged: Judged) -> Next:
        stored = found(work, job.payload.interview_id)
        if stored is None or stored.urgency is None or not stored.waits:
            return Finished()
        usage.count(
            work, stored.staff_id, questions=1, prompt=judged.prompt_tokens, answer=judged.answer_tokens
        )
        own, opinion = Urgency(stored.urgency), judged.opinion
        if opinion is not None and danger.most_urgent(own, opinion.urgency) is not own:
            said = self.keeper.open(stored.body, stored.binding, Said)
            reason = clean_answer(opinion.reason)[:MAX_REASON]
            body = self.keeper.seal(msgspec.structs.replace(said, raised_because=reason), stored.binding)
            work.send(RAISE, {"id": stored.id, "urgency": opinion.urgency, "body": body})
            if opinion.urgency in TOLD and own not in TOLD:
                told = UrgentAtKiosk(
                    interview_id=stored.id,
                    kiosk=work.value(KIOSK, (stored.staff_id,)),
                    urgency=opinion.urgency,
                    reasons=[],
                )
                work.emit(told, audience=Permission.ALERTS)
        return self._done(work, job)

    def on_trouble(self, work: Work, job: Claimed[SymptomJob], _fault: OutsideFault) -> Next | None:
        """Nobody stands at a kiosk for long: what does not come now is not waited for."""
        return self._done(work, job)

    def gave_up(self, work: Work, job: Claimed[SymptomJob], _reason: str) -> None:
        self._done(work, job)

    def _done(self, work: Work, job: Claimed[SymptomJob]) -> Next:
        """Tells the kiosk that nothing more comes."""
        stored = found(work, job.payload.interview_id)
        if stored is not None and stored.waits:
            work.send(DONE, (stored.id,))
            told = SymptomsRaised(interview_id=stored.id)
            work.emit(told, audience=Permission.SYMPTOMS, staff_id=stored.staff_id)
        return Finished()


RAISE: LiteralString = """
update assistant_interview set raised_to = %(urgency)s, body = %(body)s where id = %(id)s
"""
DONE: LiteralString = "update assistant_interview set waits = false where id = %s"
KIOSK: LiteralString = "select name from staff where id = %s"
