"""What the panel shows: the state of the assistant, conversations, what was sent, and what it cost."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import msgspec

from hms_server.assistant import provider, usage
from hms_server.assistant.answering import KIND, key_of
from hms_server.assistant.models import (
    CONVERSATIONS_OF,
    Keeper,
    StoredConversation,
    StoredMessage,
    conversation,
    locked,
    messages_of,
)
from hms_server.assistant.models import message as stored_message
from hms_server.assistant.naming import NameBook
from hms_server.assistant.pseudonyms import Pseudonyms
from hms_server.assistant.repertoire import available, row_of
from hms_server.contract.assistant import (
    DISCLAIMER,
    AnswerState,
    AssistantState,
    Conversation,
    ConversationId,
    ConversationRow,
    Conversations,
    GetAnswer,
    GetAssistantState,
    GetConversation,
    GetSent,
    GetUsage,
    ListConversations,
    Message,
    MessageId,
    Sent,
    Usage,
    UsageRow,
)
from hms_server.contract.values import PatientHeader, PatientId, Person, StaffId
from hms_server.faults import Refused
from hms_server.patients.names import fold, words_of
from hms_server.permissions import Permission
from hms_server.relay import jobs
from hms_server.relay.ground import Ground
from hms_server.work import Work

MAX_LISTED = 100
MAX_SEARCHED = 500
FOUND_AROUND = 60


@dataclass(frozen=True)
class AssistantView:
    """Reads for one person at a time: conversations are nobody else's."""

    ground: Ground
    keeper: Keeper

    def get_assistant_state(self, work: Work, _: GetAssistantState) -> AssistantState:
        """Also answered where it is switched off, and to those who may not use it."""
        policy = usage.policy_of(work)
        enabled = policy.enabled and Permission.ASSISTANT in work.actor.permissions
        configured = self.ground.providers.enabled(work, provider.NAME)
        sentence = work.value(TROUBLE, (provider.NAME,)) or ""
        staff_id = work.actor.person.id
        return AssistantState(
            enabled=enabled,
            configured=configured,
            reachable=configured and not sentence,
            why_not=_why_not(work, policy, staff_id, configured=configured, sentence=sentence),
            disclaimer=DISCLAIMER,
            tools=[row_of(function) for function in available(work.actor)] if enabled else [],
            parked=work.value(PARKED, (staff_id,)),
            tokens_used=usage.used_by(work, staff_id).person,
            tokens_limit=policy.person_limit,
        )

    def list_conversations(self, work: Work, request: ListConversations) -> Conversations:
        """Opened and searched one by one, since the texts are sealed; one person's are few."""
        usage.refuse_off(work)
        wanted = words_of(request.text)
        limit = MAX_SEARCHED if wanted else MAX_LISTED + 1
        stored = work.rows(StoredConversation, CONVERSATIONS_OF, (work.actor.staff_id, limit))
        rows: list[ConversationRow] = []
        for one in stored:
            found = self._found(work, one, wanted) if wanted else ""
            if found is not None:
                rows.append(self._row(work, one, found))
            if len(rows) > MAX_LISTED:
                break
        return Conversations(rows=rows[:MAX_LISTED], more=len(rows) > MAX_LISTED)

    def get_conversation(self, work: Work, request: GetConversation) -> Conversation:
        usage.refuse_off(work)
        stored = own_conversation(work, request.conversation_id)
        messages = messages_of(work, stored.id)
        if stored.patient_id is not None:
            work.concerns(stored.patient_id)
        person = Person(id=stored.staff_id, name=stored.staff_name)
        return Conversation(
            id=stored.id,
            title=self.keeper.title(stored),
            patient=_header(work, stored.patient_id),
            messages=[self.keeper.message(work, one, person) for one in messages],
        )

    def get_answer(self, work: Work, request: GetAnswer) -> Message:
        usage.refuse_off(work)
        stored = stored_message(work, request.message_id)
        if stored is None:
            raise unknown_message()
        own_conversation(work, stored.conversation_id)
        return self.keeper.message(work, stored, work.actor.person)

    def get_sent(self, work: Work, request: GetSent) -> Sent:
        """The very text that left, and what stands behind its pseudonyms."""
        usage.refuse_off(work)
        stored = stored_message(work, request.message_id)
        if stored is None:
            raise unknown_message()
        asked_in = own_conversation(work, stored.conversation_id)
        row = work.one(_Sent, SENT, {"id": stored.id, "round": request.round})
        if row is None:
            raise Refused("assistant.nothing_sent", "Nothing was sent outside for this answer.")
        body = self.keeper.open(row.body, stored.binding, str)
        memory = self.keeper.memory(asked_in)
        replaced: dict[str, str] = {}
        if memory is not None:
            book = NameBook(ordinary=(), are_names=lambda _: ())
            replaced = Pseudonyms(memory, book).replaced_in(body)
        if asked_in.patient_id is not None:
            work.concerns(asked_in.patient_id)
        return Sent(
            round=row.round,
            rounds=stored.rounds,
            at=row.at,
            address=row.address,
            body=_indented(body),
            replaced=replaced,
        )

    def get_usage(self, work: Work, request: GetUsage) -> Usage:
        policy = usage.policy_of(work)
        month = (request.month or usage.month_of(work)).replace(day=1)
        everybody = Permission.ADMINISTER in work.actor.permissions
        params = {"month": month, "staff_id": None if everybody else work.actor.staff_id}
        months = work.connection.execute(MONTHS, params).fetchall()
        return Usage(
            month=month,
            rows=[row.row() for row in work.rows(_Used, USED, params)],
            person_limit=policy.person_limit,
            clinic_limit=policy.clinic_limit,
            enabled=policy.enabled,
            months=[row[0] for row in months],
        )

    def _found(self, work: Work, stored: StoredConversation, wanted: list[str]) -> str | None:
        """The place of the first hit; None where a word is missing."""
        texts = [self.keeper.title(stored)]
        texts += [self.keeper.body(one).text for one in messages_of(work, stored.id)]
        folded = [fold(text) for text in texts]
        if not all(any(word in text for text in folded) for word in wanted):
            return None
        for text, plain in zip(texts, folded, strict=True):
            at = plain.find(wanted[0])
            if at >= 0:
                begin = max(0, at - FOUND_AROUND)
                return " ".join(text[begin : at + FOUND_AROUND].split())
        return ""

    def _row(self, work: Work, stored: StoredConversation, found: str) -> ConversationRow:
        state = work.value(LAST_STATE, (stored.id,))
        return ConversationRow(
            id=stored.id,
            title=self.keeper.title(stored),
            patient=_header(work, stored.patient_id),
            last_at=stored.last_at,
            state=None if state is None else AnswerState(state),
            found=found,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    round: int
    at: datetime
    address: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Used:
    staff_id: StaffId
    name: str
    questions: int
    prompt_tokens: int
    answer_tokens: int

    def row(self) -> UsageRow:
        return UsageRow(
            person=Person(id=self.staff_id, name=self.name),
            questions=self.questions,
            prompt_tokens=self.prompt_tokens,
            answer_tokens=self.answer_tokens,
        )


def own_conversation(work: Work, conversation_id: ConversationId) -> StoredConversation:
    """The conversation, if it is this person's; of others nobody learns even that they exist."""
    stored = conversation(work, conversation_id)
    if stored is None or stored.staff_id != work.actor.staff_id:
        raise Refused(
            "assistant.unknown_conversation",
            "There is no such conversation of yours.",
            field="conversation_id",
        )
    return stored


def own_answer(work: Work, message_id: MessageId) -> StoredMessage:
    """An answer of one's own and its job, locked until the end of the transaction."""
    seen = stored_message(work, message_id)
    if seen is not None:
        jobs.hold(work, KIND, [key_of(seen.id, seen.attempt)])
    stored = locked(work, message_id)
    if stored is None or stored.answers is None:
        raise unknown_message()
    own_conversation(work, stored.conversation_id)
    if stored.patient_id is not None:
        work.concerns(stored.patient_id)
    return stored


def unknown_message() -> Refused:
    return Refused("assistant.unknown_message", "There is no such answer of yours.", field="message_id")


def _why_not(work: Work, policy: usage.Policy, staff_id: StaffId, *, configured: bool, sentence: str) -> str:
    if not policy.enabled:
        return ""
    if not configured:
        return "The assistant is not set up yet: an administrator enters the key of Gemini."
    try:
        usage.refuse_used_up(work, policy, staff_id)
    except Refused as refused:
        return refused.fault.message
    return sentence


def _header(work: Work, patient_id: PatientId | None) -> PatientHeader | None:
    return None if patient_id is None else work.one(PatientHeader, HEADER, (patient_id,))


def _indented(body: str) -> str:
    """For reading; the words are the same."""
    try:
        return msgspec.json.format(body, indent=2)
    except msgspec.DecodeError:
        return body


HEADER: LiteralString = "select * from patient_header where id = %s"
TROUBLE: LiteralString = """
select coalesce(nullif(sentence, ''), 'Gemini cannot be reached.') from relay_destination
where name = %s and open_until is not null
"""
PARKED: LiteralString = """
select count(*)::int from assistant_message join assistant_conversation as conversation
    on conversation.id = conversation_id
where staff_id = %s and state in ('parked', 'unsent')
"""
LAST_STATE: LiteralString = """
select state from assistant_message where conversation_id = %s and state is not null order by id desc limit 1
"""
SENT: LiteralString = """
select round, at, address, body from assistant_sent
where message_id = %(id)s and (%(round)s = 0 or round = %(round)s) order by round desc limit 1
"""
USED: LiteralString = """
select staff_id, name, questions, prompt_tokens, answer_tokens
from assistant_usage join staff on staff.id = staff_id
where month = %(month)s and (%(staff_id)s::bigint is null or staff_id = %(staff_id)s)
order by prompt_tokens + answer_tokens desc, name
"""
MONTHS: LiteralString = """
select distinct month from assistant_usage
where %(staff_id)s::bigint is null or staff_id = %(staff_id)s order by month desc limit 24
"""
