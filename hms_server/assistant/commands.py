"""What a person does with the assistant: asks, stops, lets wait, drops, forgets, accepts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import uuid4

import msgspec

from hms_server.assistant import provider, usage
from hms_server.assistant.answering import (
    KIND,
    UNSENT,
    end,
    job_for,
    key_of,
    no_consent,
    no_key,
    set_answer,
    zone_of,
)
from hms_server.assistant.asking import WithinWork
from hms_server.assistant.functions import Arguments, Case, Sources
from hms_server.assistant.identities import known_patients
from hms_server.assistant.keeping import keep_proposal
from hms_server.assistant.knowing import TAKEN_FROM_KNOWN, known_answer
from hms_server.assistant.models import (
    ADD_CONVERSATION,
    ADD_MESSAGE,
    OPEN_STATES,
    SPEAK_OF,
    TOUCH_CONVERSATION,
    Body,
    Keeper,
    message,
    patients_of,
    question_of,
)
from hms_server.assistant.queries import own_answer, own_conversation
from hms_server.assistant.repertoire import BY_NAME, available
from hms_server.assistant.rules import clean_question
from hms_server.contract.accounts import Nothing
from hms_server.contract.assistant import (
    MAX_QUESTION_CHARACTERS,
    AnswerState,
    AskAgain,
    AskAssistant,
    AssistantChanged,
    ConversationForgotten,
    ConversationId,
    DropParked,
    ForgetConversation,
    Message,
    MessageId,
    Question,
    RunTool,
    SendParked,
    SetAssistantPolicy,
    StopAnswer,
    ToolAnswer,
)
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.patients import ConsentScope
from hms_server.contract.values import PatientId
from hms_server.dispatch import Route
from hms_server.faults import Refused
from hms_server.patients.consents import has_consent
from hms_server.patients.queries import unknown_patient
from hms_server.permissions import Permission
from hms_server.relay.ground import Ground
from hms_server.relay.jobs import ask_outside, cancel
from hms_server.work import Work

MAX_TITLE = 80
MAX_ABOUT = 60
AGAIN_FROM = frozenset({AnswerState.STOPPED, AnswerState.BROKEN_OFF, AnswerState.FAILED, AnswerState.DROPPED})


@dataclass(frozen=True)
class AssistantDesk:
    """`routes` are the requests that functions may make, by the rights of whoever asks."""

    ground: Ground
    keeper: Keeper
    routes: Mapping[type[Request[Any]], Route[Any]]

    def ask_assistant(self, work: Work, request: AskAssistant) -> Question:
        """Stores question and answer; the job behind it runs when the internet is there."""
        policy = usage.refuse_off(work)
        text = _checked_text(request.text)
        self._refuse_patient(work, request.patient_id)
        conversation_id = self._conversation(work, request, text)
        known = self._known(work, request, text)
        if known is None:
            self._refuse_unready(work, policy)
        state = self._first_state(work, known, park=request.park)
        question = self._add(work, conversation_id, request, Body(text=text), state=None)
        body = known or Body(note=UNSENT if state is AnswerState.UNSENT else "")
        answer = self._add(work, conversation_id, request, body, state=state, answers=question)
        work.send(TOUCH_CONVERSATION, (work.now, conversation_id))
        if state in (AnswerState.WAITING, AnswerState.PARKED):
            ask_outside(work, job_for(answer, 1, work.actor.name))
        return Question(
            conversation_id=conversation_id,
            question=self._shown(work, question),
            answer=self._shown(work, answer),
        )

    def stop_answer(self, work: Work, request: StopAnswer) -> Message:
        """At once for the person; whoever writes it notices within a second."""
        usage.refuse_off(work)
        answer = own_answer(work, request.message_id)
        if answer.state in (AnswerState.WAITING, AnswerState.WRITING, AnswerState.PARKED):
            cancel(work, KIND, key_of(answer.id, answer.attempt))
            end(work, self.keeper, answer, AnswerState.STOPPED, "")
        return self._shown(work, answer.id)

    def ask_again(self, work: Work, request: AskAgain) -> Message:
        policy = usage.refuse_off(work)
        answer = own_answer(work, request.message_id)
        if answer.state not in AGAIN_FROM:
            raise Refused("assistant.not_again", "This question has its answer, or waits for it.")
        self._refuse_unready(work, policy)
        self._refuse_patient(work, question_of(work, answer).patient_id)
        state = self._first_state(work, None, park=request.park)
        params = {
            "id": answer.id,
            "state": state,
            "parked": request.park,
            "session_id": work.actor.session_id,
            "device_id": work.actor.device_id,
            "now": work.now,
            "body": self.keeper.seal(
                Body(note=UNSENT if state is AnswerState.UNSENT else ""), answer.binding
            ),
        }
        attempt = work.value(AGAIN, params)
        if state is not AnswerState.UNSENT:
            ask_outside(work, job_for(answer.id, attempt, work.actor.name))
        return self._shown(work, answer.id)

    def send_parked(self, work: Work, request: SendParked) -> Message:
        policy = usage.refuse_off(work)
        answer = own_answer(work, request.message_id)
        if answer.state != AnswerState.UNSENT:
            raise Refused("assistant.not_unsent", "This question does not wait to be sent.")
        self._refuse_unready(work, policy)
        attempt = work.value(PARK, {"id": answer.id, "now": work.now, "parked": AnswerState.PARKED})
        set_answer(work, self.keeper, answer, AnswerState.PARKED, Body())
        ask_outside(work, job_for(answer.id, attempt, work.actor.name))
        return self._shown(work, answer.id)

    def drop_parked(self, work: Work, request: DropParked) -> Message:
        usage.refuse_off(work)
        answer = own_answer(work, request.message_id)
        if answer.state not in (AnswerState.UNSENT, AnswerState.PARKED, AnswerState.WAITING):
            raise Refused("assistant.not_unsent", "This question was sent already.")
        cancel(work, KIND, key_of(answer.id, answer.attempt))
        end(work, self.keeper, answer, AnswerState.DROPPED, "")
        return self._shown(work, answer.id)

    def forget_conversation(self, work: Work, request: ForgetConversation) -> Nothing:
        usage.refuse_off(work)
        own_conversation(work, request.conversation_id)
        running = work.connection.execute(RUNNING, (request.conversation_id,)).fetchall()
        for message_id, attempt in running:
            cancel(work, KIND, key_of(message_id, attempt))
        work.send(FORGET, (request.conversation_id,))
        told = ConversationForgotten(conversation_id=request.conversation_id)
        work.emit(told, audience=Permission.ASSISTANT, staff_id=work.actor.staff_id)
        return Nothing()

    def run_tool(self, work: Work, request: RunTool) -> ToolAnswer:
        """Nothing leaves, so no consent is asked for; proposals are kept like the assistant's own."""
        usage.refuse_off(work)
        function = BY_NAME.get(request.name)
        if function is None or function not in available(work.actor):
            raise Refused("request.forbidden", "Your role does not allow this, or there is no such function.")
        function.refuse_odd(request.arguments)
        if function.patient == "needed" and request.patient_id is None:
            raise Refused("assistant.argument", "Choose a patient first.", field="patient_id")
        sources = Sources()
        case = Case(
            asker=WithinWork(work, self.routes),
            sources=sources,
            zone=zone_of(work),
            propose=lambda kind, patient_id, made: keep_proposal(
                work,
                self.keeper,
                kind=kind,
                patient_id=patient_id,
                made=made,
                staff_id=work.actor.person.id,
            ),
        )
        patient_id = request.patient_id if function.patient != "no" else None
        found = function.run(case, Arguments(texts=request.arguments, patient_id=patient_id))
        return ToolAnswer(
            title=function.title,
            lines=found.lines,
            sources=list(sources.listed.values()),
            attachments=found.attachments,
        )

    def set_assistant_policy(self, work: Work, request: SetAssistantPolicy) -> Nothing:
        for name in ("person_limit", "clinic_limit"):
            if getattr(request, name) < 0:
                raise Refused("assistant.limits", "A limit is a number of tokens, or 0 for none.", field=name)
        params = {
            "enabled": request.enabled,
            "person_limit": request.person_limit,
            "clinic_limit": request.clinic_limit,
            "now": work.now,
            "by": work.actor.staff_id,
        }
        work.send(SET_POLICY, params)
        work.emit(AssistantChanged(enabled=request.enabled), audience=Permission.OWN_SESSION)
        return Nothing()

    def _refuse_patient(self, work: Work, patient_id: PatientId | None) -> None:
        if patient_id is None:
            return
        work.concerns(patient_id)
        if not work.value("select exists (select from patient where id = %s)", (patient_id,)):
            raise unknown_patient()
        if not has_consent(work, patient_id, ConsentScope.ASSISTANT):
            raise no_consent()

    def _refuse_unready(self, work: Work, policy: usage.Policy) -> None:
        usage.refuse_used_up(work, policy, work.actor.person.id)
        if not self.ground.providers.enabled(work, provider.NAME):
            raise no_key()

    def _conversation(self, work: Work, request: AskAssistant, text: str) -> ConversationId:
        if request.conversation_id is not None:
            own_conversation(work, request.conversation_id)
            open_states = sorted(state.value for state in OPEN_STATES)
            if work.value(IS_BUSY, (request.conversation_id, open_states)):
                raise Refused.of(BUSY)
            conversation_id = request.conversation_id
            if known_patients(work, patients_of(work, conversation_id)).refused:
                raise Refused(
                    "assistant.no_consent",
                    "A patient of this conversation no longer agrees to it. Begin another conversation.",
                )
        else:
            binding = uuid4()
            title = self.keeper.seal(" ".join(text.split())[:MAX_TITLE], binding)
            conversation_id = ConversationId(
                work.value(
                    ADD_CONVERSATION,
                    {
                        "binding": binding,
                        "staff_id": work.actor.person.id,
                        "patient_id": request.patient_id,
                        "now": work.now,
                        "title": title,
                    },
                )
            )
        if request.patient_id is not None:
            work.send(SPEAK_OF, (conversation_id, [request.patient_id]))
        return conversation_id

    def _known(self, work: Work, request: AskAssistant, text: str) -> Body | None:
        """Only of a question that stands alone and is about nobody."""
        if request.conversation_id is not None or request.patient_id is not None:
            return None
        known = known_answer(work, self.keeper, self.ground, text, work.actor.roles)
        return None if known is None else msgspec.structs.replace(known, note=TAKEN_FROM_KNOWN)

    def _first_state(self, work: Work, known: Body | None, *, park: bool) -> AnswerState:
        if known is not None:
            return AnswerState.DONE
        if is_reachable(work):
            return AnswerState.WAITING
        return AnswerState.PARKED if park else AnswerState.UNSENT

    def _add(
        self,
        work: Work,
        conversation_id: ConversationId,
        request: AskAssistant,
        body: Body,
        *,
        state: AnswerState | None,
        answers: MessageId | None = None,
    ) -> MessageId:
        binding = uuid4()
        params = {
            "binding": binding,
            "conversation_id": conversation_id,
            "answers": answers,
            "at": work.now,
            "patient_id": request.patient_id,
            "about": request.about[:MAX_ABOUT],
            "state": state,
            "parked": request.park and state is not None,
            "from_cache": state is AnswerState.DONE,
            "session_id": work.actor.session_id,
            "device_id": work.actor.device_id,
            "characters": len(body.text),
            "body": self.keeper.seal(body, binding),
        }
        return MessageId(work.value(ADD_MESSAGE, params))

    def _shown(self, work: Work, message_id: MessageId) -> Message:
        stored = message(work, message_id)
        assert stored is not None
        return self.keeper.message(work, stored, work.actor.person)


def is_reachable(work: Work) -> bool:
    """As far as the relay has found out; a destination that was never tried is worth trying."""
    return not work.value(UNREACHABLE, (provider.NAME,))


def _checked_text(text: str) -> str:
    cleaned = clean_question(text)
    if not cleaned:
        raise Refused("assistant.text", "Type a question.", field="text")
    if len(cleaned) > MAX_QUESTION_CHARACTERS:
        raise Refused(
            "assistant.text",
            f"A question has at most {MAX_QUESTION_CHARACTERS} characters; this one has {len(cleaned)}.",
            field="text",
        )
    return cleaned


BUSY = Fault(
    code="assistant.busy",
    message="The last question of this conversation has no answer yet. Wait, stop it, or begin another one.",
)
FAULTS_BY_CONSTRAINT = {"assistant_one_at_a_time": BUSY}

IS_BUSY: LiteralString = """
select exists (select from assistant_message where conversation_id = %s and state = any(%s))
"""
UNREACHABLE: LiteralString = """
select coalesce((select open_until is not null from relay_destination where name = %s), false)
"""
AGAIN: LiteralString = """
update assistant_message set state = %(state)s, attempt = attempt + 1, parked = %(parked)s, at = %(now)s,
    session_id = %(session_id)s, device_id = %(device_id)s, characters = 0, body = %(body)s
where id = %(id)s returning attempt
"""
PARK: LiteralString = """
update assistant_message set state = %(parked)s, parked = true, attempt = attempt + 1
where id = %(id)s returning attempt
"""
RUNNING: LiteralString = """
select id, attempt from assistant_message
where conversation_id = %s and state in ('waiting', 'writing', 'parked')
"""
FORGET: LiteralString = "delete from assistant_conversation where id = %s"
SET_POLICY: LiteralString = """
update assistant_policy set enabled = %(enabled)s, person_limit = %(person_limit)s,
    clinic_limit = %(clinic_limit)s, changed_at = %(now)s, changed_by = %(by)s
"""
