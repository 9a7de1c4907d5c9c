"""Conversations with the assistant: questions, answers that grow, what was sent outside, and what it cost."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType

import msgspec

from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Request
from hms_server.contract.scheduling import Slot
from hms_server.contract.suggestions import Attachment, ProposalId
from hms_server.contract.values import PatientHeader, PatientId, Person

ConversationId = NewType("ConversationId", int)
MessageId = NewType("MessageId", int)

MAX_QUESTION_CHARACTERS = 4000

DISCLAIMER = (
    "The assistant is a computer program. It can be wrong, it does not know everything about the patient, "
    "and it decides nothing: check what it says against the record and your own judgement. Names, numbers, "
    "addresses and dates are replaced before anything leaves the clinic."
)
"""Stands below every conversation, also on paper."""


class AnswerState(StrEnum):
    """Where an answer is; nothing more happens by itself except in `waiting`, `writing` and `parked`."""

    WAITING = "waiting"
    """Stored, and about to be sent."""
    WRITING = "writing"
    DONE = "done"
    STOPPED = "stopped"
    """The person stopped it; what was written stays."""
    BROKEN_OFF = "broken_off"
    """The line or a server broke in the middle. Is never repeated by itself; `AskAgain` does."""
    FAILED = "failed"
    """Refused or unusable; `note` says why. May be asked again."""
    UNSENT = "unsent"
    """No internet, and nobody has said that it may wait: `SendParked` or `DropParked`."""
    PARKED = "parked"
    """Waits for the internet with the person's consent: `DropParked` takes it back."""
    DROPPED = "dropped"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a statement comes from; `mark` stands in the text in square brackets, such as [S2].

    `kind` is encounter, condition, allergyintolerance, medicationrequest, observation or appointment with the
    row's own `id`, or manual with the page as `label`.
    """

    mark: str
    kind: str
    id: int
    label: str
    patient_id: PatientId | None = None
    at: datetime | None = None


class FunctionUse(msgspec.Struct, frozen=True, kw_only=True):
    """A look-up that the assistant made as the person: `words` such as "Looked for free appointments"."""

    name: str
    words: str
    worked: bool


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A question (`state` None) or an answer.

    `text` is plain text with line breaks: show it as such, never as rich text. `note` is a whole sentence
    for the person (answered later, cut at the limit, why it failed), empty where there is nothing to say.
    """

    id: MessageId
    at: datetime
    text: str
    by: Person | None
    """Who asked; None for the assistant's answer."""
    state: AnswerState | None = None
    note: str = ""
    sources: list[Source] = []
    attachments: list[Attachment] = []
    used: list[FunctionUse] = []
    sent_rounds: int = 0
    """How often something was sent outside for it; `GetSent` shows each."""
    from_cache: bool = False
    doing: str = ""
    """While it is written: what is being looked up just now, in words."""


class ConversationRow(msgspec.Struct, frozen=True, kw_only=True):
    """`title` is the beginning of the first question, `state` of the last answer, `found` a hit."""

    id: ConversationId
    title: str
    patient: PatientHeader | None
    last_at: datetime
    state: AnswerState | None
    found: str = ""


class Conversations(msgspec.Struct, frozen=True):
    """Newest first, at most 100; `more` means that there are others."""

    rows: list[ConversationRow]
    more: bool = False


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest message first; a question is followed by its answer."""

    id: ConversationId
    title: str
    patient: PatientHeader | None
    messages: list[Message]


class ToolParameter(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a function's plain form. `kind` is text, long_text, date, number or choice."""

    name: str
    title: str
    kind: str = "text"
    required: bool = False
    choices: list[str] = []
    hint: str = ""


class ToolRow(msgspec.Struct, frozen=True, kw_only=True):
    """A function that this person may use.

    With `needs_patient` RunTool wants one, with `may_have_patient` it takes one. What `needs_internet` only
    the model answers, and RunTool refuses.
    """

    name: str
    title: str
    parameters: list[ToolParameter]
    needs_patient: bool
    may_have_patient: bool
    needs_internet: bool


class AssistantState(msgspec.Struct, frozen=True, kw_only=True):
    """What the panel has to know. With `enabled` False the panel is not shown at all.

    `reachable` is measured by the relay; without it questions can wait, and the functions still answer.
    `why_not` is a sentence where the assistant is on but cannot answer (no key, limit used up, no internet).
    """

    enabled: bool
    configured: bool
    reachable: bool
    why_not: str
    disclaimer: str
    tools: list[ToolRow]
    parked: int
    """Own questions that wait, with or without consent."""
    tokens_used: int
    """By this person in this month, questions and answers together."""
    tokens_limit: int
    """Of this person for a month; 0: no limit."""


class GetAssistantState(Request[AssistantState], frozen=True, kw_only=True):
    """The only request that is also answered where the clinic has switched the assistant off."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Both messages as they are stored now; the answer grows from here."""

    conversation_id: ConversationId
    question: Message
    answer: Message


class AskAssistant(Request[Question], frozen=True, kw_only=True):
    """A question; without `conversation_id` a new conversation begins, about `patient_id` if there is one.

    `about` is the workspace in which it was asked (`doctor`, …). `park`: it may wait for the internet.
    Refused: `assistant.off`, `assistant.no_key`, `assistant.no_consent` (the patient has not agreed),
    `assistant.limit`, `assistant.text` (empty or too long), `assistant.busy` (an answer of this
    conversation is still being written).
    """

    text: str
    conversation_id: ConversationId | None = None
    patient_id: PatientId | None = None
    about: str = ""
    park: bool = False


class StopAnswer(Request[Message], frozen=True, kw_only=True):
    """Ends an answer that is waiting or being written; one that has ended stays as it is."""

    message_id: MessageId


class AskAgain(Request[Message], frozen=True, kw_only=True):
    """Sends the question of an answer that was stopped, broken off, failed or dropped once more."""

    message_id: MessageId
    park: bool = False


class SendParked(Request[Message], frozen=True, kw_only=True):
    """Lets an unsent question wait for the internet and go as soon as it is there."""

    message_id: MessageId


class DropParked(Request[Message], frozen=True, kw_only=True):
    """Takes back a question that was not sent yet."""

    message_id: MessageId


class ListConversations(Request[Conversations], frozen=True, kw_only=True):
    """One's own. With a text: those in which all its words occur, in titles, questions or answers."""

    text: str = ""


class GetConversation(Request[Conversation], frozen=True, kw_only=True):
    conversation_id: ConversationId


class GetAnswer(Request[Message], frozen=True, kw_only=True):
    """Asked after each `AnswerGrew`; events hold no text, because they are stored as they are."""

    message_id: MessageId


class ForgetConversation(Request[Nothing], frozen=True, kw_only=True):
    """Deletes one's own conversation with all its texts. Accepted documents and appointments stay."""

    conversation_id: ConversationId


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One message to the model, byte for byte as it left (JSON, indented for reading), with its pseudonyms.

    `replaced` is what stands behind the pseudonyms, for the person only: pseudonym → real text.
    """

    round: int
    rounds: int
    at: datetime
    address: str
    body: str
    replaced: dict[str, str]


class GetSent(Request[Sent], frozen=True, kw_only=True):
    """Rounds count from 1; 0 is the last one. Refused as `assistant.nothing_sent` where there is none."""

    message_id: MessageId
    round: int = 0


class ToolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a function found: lines of plain text (with marks of sources), and things to look at or accept."""

    title: str
    lines: list[str]
    sources: list[Source] = []
    attachments: list[Attachment] = []


class RunTool(Request[ToolAnswer], frozen=True, kw_only=True):
    """Runs one of the assistant's functions as this person, here on the premises and without the model.

    No consent is needed, since nothing leaves. `arguments` are the texts of the plain form, dates as
    YYYY-MM-DD; a fault names the parameter as its field.
    """

    name: str
    arguments: dict[str, str] = {}
    patient_id: PatientId | None = None


class AcceptAppointment(Request[Attachment], frozen=True, kw_only=True):
    """Books what the form shows. It may differ from the proposal; `slot` is what will be stored.

    Refused like a booking by hand; the appointment carries the mark. The answer is the accepted proposal.
    """

    proposal_id: ProposalId
    slot: Slot
    reason: str = ""


class AcceptDraft(Request[Attachment], frozen=True, kw_only=True):
    """Stores what the form shows as a document of the patient; the answer is the draft in its new state."""

    proposal_id: ProposalId
    title: str
    text: str
    recipient: str = ""


class Dismiss(Request[Attachment], frozen=True, kw_only=True):
    """The person does not want it; it can no longer be accepted."""

    proposal_id: ProposalId


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    person: Person
    questions: int
    prompt_tokens: int
    answer_tokens: int


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Most used first. A limit of 0 means none."""

    month: date
    """Its first day."""
    rows: list[UsageRow]
    person_limit: int
    clinic_limit: int
    enabled: bool
    months: list[date]
    """For which there are figures, newest first."""


class GetUsage(Request[Usage], frozen=True, kw_only=True):
    """Of everybody, for the administrator; others see themselves only. `month` None: this one."""

    month: date | None = None


class SetAssistantPolicy(Request[Nothing], frozen=True, kw_only=True):
    """Switches the assistant on or off for the clinic and sets limits in tokens a month (0: none)."""

    enabled: bool
    person_limit: int
    clinic_limit: int


class AnswerGrew(Event, frozen=True, kw_only=True):
    """Only to the person who asked, at most about three a second; fetch it with `GetAnswer`."""

    conversation_id: ConversationId
    message_id: MessageId
    characters: int


class AnswerDone(Event, frozen=True, kw_only=True):
    """The answer came into a state in which nothing more happens by itself, or it was parked."""

    conversation_id: ConversationId
    message_id: MessageId
    state: AnswerState


class ConversationForgotten(Event, frozen=True, kw_only=True):
    """Only to its person, on all their screens."""

    conversation_id: ConversationId


class AssistantChanged(Event, frozen=True, kw_only=True):
    """Switched on or off, or another limit: fetch the state again."""

    enabled: bool
