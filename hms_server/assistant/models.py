"""The rows of conversations and proposals, and the seal on every text in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec

from hms_server.assistant.pseudonyms import Memory
from hms_server.contract.assistant import AnswerState, ConversationId, FunctionUse, Message, MessageId, Source
from hms_server.contract.suggestions import AppointmentProposal, Attachment, Draft, ProposalId
from hms_server.contract.values import DeviceId, PatientId, Person, StaffId
from hms_server.crypto import Vault
from hms_server.work import Work

S = TypeVar("S")
OPEN_STATES = frozenset({AnswerState.WAITING, AnswerState.WRITING, AnswerState.PARKED, AnswerState.UNSENT})


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of a question or an answer."""

    text: str = ""
    note: str = ""
    sources: list[Source] = []
    attachments: list[Attachment] = []
    used: list[FunctionUse] = []
    doing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConversation:
    id: ConversationId
    binding: UUID
    staff_id: StaffId
    staff_name: str
    patient_id: PatientId | None
    started_at: datetime
    last_at: datetime
    title: bytes
    memory: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A question (`answers` None) or an answer."""

    id: MessageId
    binding: UUID
    conversation_id: ConversationId
    answers: MessageId | None
    at: datetime
    patient_id: PatientId | None
    about: str
    state: str | None
    attempt: int
    parked: bool
    from_cache: bool
    session_id: int | None
    device_id: DeviceId | None
    rounds: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProposal:
    id: ProposalId
    binding: UUID
    staff_id: StaffId
    message_id: MessageId | None
    patient_id: PatientId
    kind: str
    state: str
    body: bytes


class Keeper:
    """Seals and opens what is kept; nothing opens in another row than its own."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, value: Any, binding: UUID) -> bytes:
        return self._vault.seal(msgspec.json.encode(value), bound_to=binding.bytes)

    def open(self, sealed: bytes, binding: UUID, kind: type[S]) -> S:
        return msgspec.json.decode(self._vault.open(sealed, bound_to=binding.bytes), type=kind)

    def fingerprint(self, *parts: str) -> bytes:
        """The same for the same parts, and of no use without the key."""
        return self._vault.fingerprint("\0".join(parts).encode())

    def body(self, stored: StoredMessage) -> Body:
        return self.open(stored.body, stored.binding, Body)

    def title(self, stored: StoredConversation) -> str:
        return self.open(stored.title, stored.binding, str)

    def memory(self, stored: StoredConversation) -> Memory | None:
        return None if stored.memory is None else self.open(stored.memory, stored.binding, Memory)

    def attachment(self, stored: StoredProposal) -> Attachment:
        return self.open(stored.body, stored.binding, Attachment)  # type: ignore[arg-type] # a union is a type

    def message(self, work: Work, stored: StoredMessage, person: Person | None = None) -> Message:
        """As a screen shows it, with proposals as they stand now."""
        body = self.body(stored)
        standing = {
            one.id: self.attachment(one)
            for one in (work.rows(StoredProposal, PROPOSALS_OF, (stored.id,)) if body.attachments else [])
        }
        return Message(
            id=stored.id,
            at=stored.at,
            text=body.text,
            by=person if stored.answers is None else None,
            state=None if stored.state is None else AnswerState(stored.state),
            note=body.note,
            sources=body.sources,
            attachments=[_as_it_stands(one, standing) for one in body.attachments],
            used=body.used,
            sent_rounds=stored.rounds,
            from_cache=stored.from_cache,
            doing=body.doing,
        )


def _as_it_stands(made: Attachment, standing: dict[ProposalId, Attachment]) -> Attachment:
    if isinstance(made, AppointmentProposal | Draft):
        return standing.get(made.id, made)
    return made


def conversation(work: Work, conversation_id: ConversationId) -> StoredConversation | None:
    return work.one(StoredConversation, CONVERSATION, (conversation_id,))


def message(work: Work, message_id: MessageId) -> StoredMessage | None:
    return work.one(StoredMessage, MESSAGE, (message_id,))


def locked(work: Work, message_id: MessageId) -> StoredMessage | None:
    """The same, and nobody else changes it until the end of this transaction."""
    return work.one(StoredMessage, f"{MESSAGE} for update", (message_id,))


def question_of(work: Work, answer: StoredMessage) -> StoredMessage:
    """The question that an answer belongs to."""
    asked = message(work, answer.answers) if answer.answers is not None else None
    assert asked is not None
    return asked


def messages_of(work: Work, conversation_id: ConversationId) -> list[StoredMessage]:
    """Oldest first."""
    return work.rows(StoredMessage, MESSAGES_OF, (conversation_id,))


def patients_of(work: Work, conversation_id: ConversationId) -> list[PatientId]:
    """Everybody who was spoken of."""
    found = work.connection.execute(SPOKEN_OF, (conversation_id,)).fetchall()
    return [row[0] for row in found]


_MESSAGE: LiteralString = """
select id, binding, conversation_id, answers, at, patient_id, about, state, attempt, parked, from_cache,
    session_id, device_id, rounds, body
from assistant_message
"""
MESSAGE: LiteralString = f"{_MESSAGE} where id = %s"
MESSAGES_OF: LiteralString = f"{_MESSAGE} where conversation_id = %s order by id"
_CONVERSATION: LiteralString = """
select conversation.id, binding, staff_id, staff.name as staff_name, patient_id, conversation.started_at,
    last_at, title, memory
from assistant_conversation as conversation join staff on staff.id = staff_id
"""
CONVERSATION: LiteralString = f"{_CONVERSATION} where conversation.id = %s"
CONVERSATIONS_OF: LiteralString = f"""
{_CONVERSATION} where staff_id = %s order by last_at desc, conversation.id desc limit %s
"""
SPOKEN_OF: LiteralString = """
select patient_id from assistant_conversation_patient where conversation_id = %s order by patient_id
"""
_PROPOSAL: LiteralString = """
select id, binding, staff_id, message_id, patient_id, kind, state, body from assistant_proposal
"""
PROPOSALS_OF: LiteralString = f"{_PROPOSAL} where message_id = %s"
PROPOSAL: LiteralString = f"{_PROPOSAL} where id = %s for update"

ADD_CONVERSATION: LiteralString = """
insert into assistant_conversation (binding, staff_id, patient_id, started_at, last_at, title)
values (%(binding)s, %(staff_id)s, %(patient_id)s, %(now)s, %(now)s, %(title)s) returning id
"""
TOUCH_CONVERSATION: LiteralString = "update assistant_conversation set last_at = %s where id = %s"
SPEAK_OF: LiteralString = """
insert into assistant_conversation_patient (conversation_id, patient_id)
select %s, patient.id from patient where patient.id = any(%s) on conflict do nothing
"""
ADD_MESSAGE: LiteralString = """
insert into assistant_message (binding, conversation_id, answers, at, patient_id, about, state, parked,
    from_cache, session_id, device_id, characters, body)
values (%(binding)s, %(conversation_id)s, %(answers)s, %(at)s, %(patient_id)s, %(about)s, %(state)s,
    %(parked)s, %(from_cache)s, %(session_id)s, %(device_id)s, %(characters)s, %(body)s)
returning id
"""
SET_ANSWER: LiteralString = """
update assistant_message set state = %(state)s, characters = %(characters)s, body = %(body)s
where id = %(id)s
"""
REMEMBER: LiteralString = "update assistant_conversation set memory = %(memory)s where id = %(id)s"
ADD_PROPOSAL: LiteralString = """
insert into assistant_proposal (binding, staff_id, message_id, patient_id, kind, at, body)
values (%(binding)s, %(staff_id)s, %(message_id)s, %(patient_id)s, %(kind)s, %(now)s, %(body)s) returning id
"""
SET_PROPOSAL_BODY: LiteralString = "update assistant_proposal set body = %(body)s where id = %(id)s"
DECIDE_PROPOSAL: LiteralString = """
update assistant_proposal set state = %(state)s, decided_at = %(now)s, body = %(body)s where id = %(id)s
"""
