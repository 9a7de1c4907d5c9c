"""The job behind a question: what it needs, the answer that is stored, and what trouble makes of it."""

from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, LiteralString
from zoneinfo import ZoneInfo

import msgspec
import structlog

from hms_server.assistant import provider, usage
from hms_server.assistant.asking import GONE, ThroughDispatch, Whose, actor_of
from hms_server.assistant.identities import known_patients
from hms_server.assistant.keeping import Keeping
from hms_server.assistant.knowing import keep_known
from hms_server.assistant.models import (
    REMEMBER,
    SET_ANSWER,
    SPEAK_OF,
    Body,
    Keeper,
    StoredConversation,
    StoredMessage,
    conversation,
    locked,
    messages_of,
    patients_of,
    question_of,
)
from hms_server.assistant.pseudonyms import Memory
from hms_server.assistant.rules import time_words
from hms_server.contract.assistant import AnswerDone, AnswerState, MessageId
from hms_server.contract.relay import Trouble
from hms_server.contract.values import DeviceId
from hms_server.dispatch import Dispatcher
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import NOT_REACHED, Claimed, Finished, JobKind, NewJob, Next, Policy
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work

if TYPE_CHECKING:
    from hms_server.assistant.writing import Answered, Need

KIND = "assistant.answer"
MAX_HISTORY = 20
MAX_HISTORY_CHARACTERS = 24_000
POLICY = Policy(
    first=timedelta(seconds=5),
    longest=timedelta(minutes=2),
    attempts=4,
    give_up_after=timedelta(days=2),
    time_limit=timedelta(seconds=150),
)
BROKEN_OFF = "The line or the server broke off while the answer was written. Ask again."
UNSENT = "The internet is not there. The question can wait until it is, or be dropped."
LATE_AFTER = timedelta(minutes=2)
log = structlog.get_logger()

LIBRARY = "hms_server.assistant.client"
LATE = "Asked on {asked}; answered when the internet was back."


class AnswerJob(msgspec.Struct, frozen=True, kw_only=True):
    """Which answer; another attempt is another job."""

    message_id: MessageId
    attempt: int


def job_for(message_id: MessageId, attempt: int, person: str) -> NewJob:
    """The administrator sees who asked, never what."""
    return NewJob(
        kind=KIND,
        key=key_of(message_id, attempt),
        payload=AnswerJob(message_id=message_id, attempt=attempt),
        summary=f"A question of {person}",
    )


def key_of(message_id: MessageId, attempt: int) -> str:
    return f"{message_id}.{attempt}"


def load_library() -> None:
    """Imports the provider's library, a second of work, which is else done with the first question.

    Where it cannot be imported, only the assistant is without it: the clinic opens all the same.
    """
    try:
        import_module(LIBRARY)
    except ImportError as error:
        log.warning("the assistant's library is missing", error=str(error))


@dataclass(frozen=True)
class Answering:
    """Answers questions; `dispatcher` runs the functions as whoever asked."""

    ground: Ground
    keeper: Keeper
    dispatcher: Dispatcher

    def kind(self) -> "JobKind[AnswerJob, Need, Answered]":
        return JobKind(
            name=KIND,
            destination=provider.NAME,
            payload=AnswerJob,
            prepare=self.prepare,
            perform=self.perform,
            store=self.store,
            on_trouble=self.on_trouble,
            gave_up=self.gave_up,
            policy=POLICY,
        )

    def prepare(self, work: Work, job: Claimed[AnswerJob]) -> "Need | Next":
        """Everything is looked at again, since hours may have passed since the question."""
        answer = locked(work, job.payload.message_id)
        if answer is None or answer.attempt != job.payload.attempt:
            return Finished()
        if job.uncertain:
            # The model was asked once already. Nobody pays twice without having wished it.
            end(work, self.keeper, answer, AnswerState.BROKEN_OFF, BROKEN_OFF)
            return Finished()
        if answer.state not in (AnswerState.WAITING, AnswerState.PARKED, AnswerState.WRITING):
            return Finished()
        asked_in = conversation(work, answer.conversation_id)
        assert asked_in is not None
        try:
            return self._need(work, answer, asked_in)
        except Refused as refused:
            end(work, self.keeper, answer, AnswerState.FAILED, refused.fault.message)
            return Finished()

    def _need(self, work: Work, answer: StoredMessage, asked_in: StoredConversation) -> "Need":
        from hms_server.assistant.client import GeminiSettings  # noqa: PLC0415 - slow to import, seldom needed
        from hms_server.assistant.writing import Need  # noqa: PLC0415 - as above

        policy = usage.refuse_off(work)
        usage.refuse_used_up(work, policy, asked_in.staff_id)
        whose = Whose(
            staff_id=asked_in.staff_id,
            device_id=answer.device_id or DeviceId(0),
            session_id=answer.session_id,
            parked=answer.parked,
        )
        if actor_of(work, whose) is None:
            raise Refused.of(GONE.fault)
        patients = patients_of(work, asked_in.id)
        if known_patients(work, patients).refused:
            raise no_consent()
        secret = self.ground.providers.secret(work, provider.NAME, provider.KEY)
        if secret is None:
            raise no_key()
        settings = self.ground.providers.settings(work, provider.NAME)
        zone = zone_of(work)
        work.send(BEGIN, {"id": answer.id, "writing": AnswerState.WRITING})
        return Need(
            settings=GeminiSettings(
                api_key=secret, model=settings[provider.MODEL], address=settings[provider.ADDRESS]
            ),
            whose=whose,
            keeping=Keeping(
                keeper=self.keeper,
                message_id=answer.id,
                binding=answer.binding,
                attempt=answer.attempt,
                conversation_id=asked_in.id,
                conversation_binding=asked_in.binding,
                staff_id=asked_in.staff_id,
            ),
            memory=self.keeper.memory(asked_in) or Memory(today=work.now.astimezone(zone).date()),
            history=self._history(work, answer),
            patients=patients,
            zone=zone,
            now=work.now,
        )

    def _history(self, work: Work, answer: StoredMessage) -> list[tuple[str, str]]:
        """The last words of the conversation up to this question, as far as they are worth sending again."""
        earlier = [one for one in messages_of(work, answer.conversation_id) if one.id < answer.id]
        told: list[tuple[str, str]] = []
        room = MAX_HISTORY_CHARACTERS
        for one in reversed(earlier[-MAX_HISTORY:]):
            text = self.keeper.body(one).text
            room -= len(text)
            if room < 0 and told:
                break
            if text:
                told.append(("user" if one.answers is None else "model", text))
        return list(reversed(told))

    def perform(self, need: "Need", outside: Outside) -> "Answered":
        from hms_server.assistant.writing import Writing, ended_early  # noqa: PLC0415 - slow to import

        try:
            asker = ThroughDispatch(self.dispatcher, need.whose)
        except Refused as refused:
            return ended_early(need, refused.fault.message)
        return Writing(need, outside, asker).write()

    def store(self, work: Work, job: Claimed[AnswerJob], answered: "Answered") -> Next:
        """The whole answer; one that was stopped meanwhile keeps its state and gets the last words."""
        answer = locked(work, job.payload.message_id)
        if answer is None or answer.attempt != job.payload.attempt:
            return Finished()
        asked_in = conversation(work, answer.conversation_id)
        assert asked_in is not None
        writing = answer.state == AnswerState.WRITING
        note = answered.note if writing else self.keeper.body(answer).note
        late = work.now - answer.at > LATE_AFTER
        if answer.parked and late and writing and answered.state is AnswerState.DONE:
            note = " ".join(filter(None, (_late(work, question_of(work, answer)), note)))
        body = Body(
            text=answered.text,
            note=note,
            sources=[one for one in answered.sources if f"[{one.mark}]" in answered.text],
            attachments=answered.attachments,
            used=answered.used,
        )
        state = answered.state if writing else AnswerState(answer.state or AnswerState.STOPPED)
        work.concerns(*answered.patients)
        work.send(SPEAK_OF, (answer.conversation_id, answered.patients))
        remembered = self.keeper.seal(answered.memory, asked_in.binding)
        work.send(REMEMBER, {"id": asked_in.id, "memory": remembered})
        set_answer(work, self.keeper, answer, state, body)
        if state is AnswerState.DONE:
            question = question_of(work, answer)
            keep_known(work, self.keeper, self.ground, question, body, asked_in=asked_in)
        return Finished()

    def on_trouble(self, work: Work, job: Claimed[AnswerJob], fault: OutsideFault) -> Next | None:
        """Nothing is asked twice that may have cost something, and nothing waits without a person's wish."""
        answer = locked(work, job.payload.message_id)
        if answer is None or answer.attempt != job.payload.attempt or answer.state != AnswerState.WRITING:
            return Finished()
        if fault.may_have_arrived:
            end(work, self.keeper, answer, AnswerState.BROKEN_OFF, f"{fault.sentence} Ask again.")
            return Finished()
        if fault.trouble in (Trouble.KEY, Trouble.DECLINED, Trouble.GARBLED):
            end(work, self.keeper, answer, AnswerState.FAILED, fault.sentence)
            return Finished()
        if answer.parked:
            work.send(BEGIN, {"id": answer.id, "writing": AnswerState.PARKED})
            return None
        if fault.trouble in NOT_REACHED or fault.trouble is Trouble.SILENT:
            end(work, self.keeper, answer, AnswerState.UNSENT, UNSENT)
            return Finished()
        work.send(BEGIN, {"id": answer.id, "writing": AnswerState.WAITING})
        return None

    def gave_up(self, work: Work, job: Claimed[AnswerJob], reason: str) -> None:
        answer = locked(work, job.payload.message_id)
        waits = (AnswerState.WAITING, AnswerState.PARKED, AnswerState.WRITING)
        if answer is not None and answer.attempt == job.payload.attempt and answer.state in waits:
            end(work, self.keeper, answer, AnswerState.FAILED, reason)


def set_answer(work: Work, keeper: Keeper, answer: StoredMessage, state: AnswerState, body: Body) -> None:
    """Stores an answer and tells its person."""
    sealed = keeper.seal(body, answer.binding)
    params = {"id": answer.id, "state": state, "characters": len(body.text), "body": sealed}
    work.send(SET_ANSWER, params)
    told = AnswerDone(conversation_id=answer.conversation_id, message_id=answer.id, state=state)
    staff_id = work.value(WHOSE, (answer.conversation_id,))
    work.emit(told, audience=Permission.ASSISTANT, staff_id=staff_id)


def end(work: Work, keeper: Keeper, answer: StoredMessage, state: AnswerState, note: str) -> None:
    """Ends an answer with what was written so far, and a sentence."""
    body = keeper.body(answer)
    set_answer(work, keeper, answer, state, msgspec.structs.replace(body, note=note, doing=""))


def zone_of(work: Work) -> ZoneInfo:
    return ZoneInfo(work.value("select time_zone from clinic"))


def no_consent() -> Refused:
    return Refused(
        "assistant.no_consent",
        "The patient has not agreed that the assistant hears of them. Ask them first; their yes is written "
        "into their consents.",
        field="patient_id",
    )


def no_key() -> Refused:
    return Refused(
        "assistant.no_key",
        "The assistant is not set up: an administrator enters the key of Gemini. Search and forms still "
        "answer.",
    )


def _late(work: Work, question: StoredMessage) -> str:
    return LATE.format(asked=time_words(question.at, zone_of(work)))


BEGIN: LiteralString = "update assistant_message set state = %(writing)s where id = %(id)s"
WHOSE: LiteralString = "select staff_id from assistant_conversation where id = %s"
