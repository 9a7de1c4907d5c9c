"""The interview at the kiosk: local rules decide at once, the model may raise the level afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID, uuid4

import msgspec

from hms_server.assistant import danger, provider, usage
from hms_server.assistant.models import Keeper
from hms_server.assistant.rules import clean_question
from hms_server.contract.symptoms import (
    AnswerSymptom,
    GetSymptoms,
    InterviewId,
    StartSymptoms,
    SymptomStep,
    Urgency,
    UrgentAtKiosk,
)
from hms_server.contract.values import DeviceId, StaffId
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.relay.ground import Ground
from hms_server.relay.jobs import ask_outside
from hms_server.relay.kinds import NewJob
from hms_server.work import Work

KIND = "assistant.symptoms"
MAX_WORDS = 500
TOLD = frozenset({Urgency.EMERGENCY, Urgency.VERY_URGENT})
"""From here on a nurse is told at once."""
DISCLAIMER = (
    "This computer cannot examine you and is no doctor. It only helps you to say how urgent it is. If you "
    "feel very ill, do not read on: call somebody now."
)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The answers so far, sealed; `raised_because` is the model's own reason."""

    given: dict[str, list[str]] = {}
    words: str = ""
    raised_because: str = ""


class SymptomJob(msgspec.Struct, frozen=True, kw_only=True):
    interview_id: InterviewId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInterview:
    id: InterviewId
    binding: UUID
    staff_id: StaffId
    device_id: DeviceId
    may_send: bool
    urgency: str | None
    raised_to: str | None
    waits: bool
    body: bytes


@dataclass(frozen=True)
class SymptomDesk:
    """Works without the internet; the clinic's switch for the assistant does not stop the local questions."""

    ground: Ground
    keeper: Keeper

    def start_symptoms(self, work: Work, request: StartSymptoms) -> SymptomStep:
        binding = uuid4()
        params = {
            "binding": binding,
            "staff_id": work.actor.person.id,
            "device_id": work.actor.device_id,
            "may_send": request.may_send,
            "now": work.now,
            "body": self.keeper.seal(Said(), binding),
        }
        interview_id = InterviewId(work.value(START, params))
        return self._step(self._own(work, interview_id), Said())

    def answer_symptom(self, work: Work, request: AnswerSymptom) -> SymptomStep:
        """Takes an answer; one to an earlier question takes back all that came after it."""
        stored = self._own(work, request.interview_id)
        said = self._with(self.keeper.open(stored.body, stored.binding, Said), request)
        finished = danger.next_step(said.given) is None
        urgency = danger.judge(said.given) if finished else None
        waits = finished and self._asks_model(work, stored, said, urgency)
        params = {
            "id": stored.id,
            "body": self.keeper.seal(said, stored.binding),
            "urgency": urgency,
            "waits": waits,
            "now": work.now if finished else None,
        }
        work.send(STORE, params)
        if urgency is not None and urgency in TOLD:
            self._tell_nurses(work, stored, said, urgency)
        if waits:
            ask_outside(work, job_for(stored.id))
        return self._step(self._own(work, stored.id), said)

    def get_symptoms(self, work: Work, request: GetSymptoms) -> SymptomStep:
        stored = self._own(work, request.interview_id)
        return self._step(stored, self.keeper.open(stored.body, stored.binding, Said))

    def _with(self, said: Said, request: AnswerSymptom) -> Said:
        steps = danger.steps_for(said.given)
        keys = [step.key for step in steps]
        reached = danger.next_step(said.given)
        if request.question not in keys or (
            request.question not in said.given and (reached is None or reached.key != request.question)
        ):
            raise Refused("symptoms.question", "This question is not asked now.", field="question")
        step = danger.BY_KEY[request.question]
        chosen = _checked(step, request.choices)
        earlier = {key: said.given[key] for key in keys[: keys.index(step.key)] if key in said.given}
        words = clean_question(request.text)[:MAX_WORDS] if step.key == danger.LAST else ""
        return Said(given=earlier | {step.key: chosen}, words=words)

    def _asks_model(self, work: Work, stored: StoredInterview, said: Said, urgency: Urgency | None) -> bool:
        """Only with consent, only where there are words, and never where nothing could be raised."""
        return bool(
            stored.may_send
            and said.words
            and urgency is not Urgency.EMERGENCY
            and usage.policy_of(work).enabled
            and self.ground.providers.enabled(work, provider.NAME)
            and not work.value(UNREACHABLE, (provider.NAME,))
        )

    def _tell_nurses(self, work: Work, stored: StoredInterview, said: Said, urgency: Urgency) -> None:
        result = danger.result_of(said.given)
        told = UrgentAtKiosk(
            interview_id=stored.id,
            kiosk=work.actor.name,
            urgency=urgency,
            reasons=result.reasons,
        )
        work.emit(told, audience=Permission.ALERTS)

    def _step(self, stored: StoredInterview, said: Said) -> SymptomStep:
        step = danger.next_step(said.given)
        result = None
        if step is None:
            raised_to = None if stored.raised_to is None else Urgency(stored.raised_to)
            result = danger.result_of(
                said.given, raised_to=raised_to, raised_because=said.raised_because, waits=stored.waits
            )
        return SymptomStep(
            interview_id=stored.id,
            question=None if step is None else danger.question_of(step, said.given),
            result=result,
            disclaimer=DISCLAIMER,
        )

    def _own(self, work: Work, interview_id: InterviewId) -> StoredInterview:
        stored = work.one(StoredInterview, FIND, (interview_id,))
        if stored is None or stored.staff_id != work.actor.staff_id:
            raise Refused("symptoms.unknown", "Begin the questions anew.", field="interview_id")
        return stored


def job_for(interview_id: InterviewId) -> NewJob:
    return NewJob(
        kind=KIND,
        key=str(interview_id),
        payload=SymptomJob(interview_id=interview_id),
        summary="A second look at the words of somebody at a kiosk",
    )


def found(work: Work, interview_id: InterviewId) -> StoredInterview | None:
    return work.one(StoredInterview, FIND, (interview_id,))


def _checked(step: danger.Step, choices: Sequence[str]) -> list[str]:
    known = {sign.key for sign in step.signs}
    chosen = [key for key in dict.fromkeys(choices) if key != danger.NONE_OF_THESE]
    if not set(chosen) <= known or (not step.many and len(chosen) > 1):
        raise Refused("symptoms.choice", "Choose from the list.", field="choices")
    if step.signs and not step.many and not chosen:
        raise Refused("symptoms.choice", "Choose one.", field="choices")
    return chosen


START: LiteralString = """
insert into assistant_interview (binding, staff_id, device_id, may_send, started_at, body)
values (%(binding)s, %(staff_id)s, %(device_id)s, %(may_send)s, %(now)s, %(body)s) returning id
"""
STORE: LiteralString = """
update assistant_interview set body = %(body)s, urgency = %(urgency)s, waits = %(waits)s,
    finished_at = %(now)s, raised_to = null
where id = %(id)s
"""
FIND: LiteralString = """
select id, binding, staff_id, device_id, may_send, urgency, raised_to, waits, body
from assistant_interview where id = %s for update
"""
UNREACHABLE: LiteralString = """
select coalesce((select open_until is not null from relay_destination where name = %s), false)
"""
