"""Messages to patients: what was asked for, by which way it went, and what became of it."""

from datetime import datetime, time
from enum import StrEnum
from typing import NewType

import msgspec

from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Request
from hms_server.contract.values import Moment, PatientId

MessageId = NewType("MessageId", int)


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"


class MessageState(StrEnum):
    QUEUED = "queued"
    """Waits for its time, for the end of the quiet hours, or for the provider."""
    SENT = "sent"
    """The provider has taken it; whether it arrived is not known (yet)."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """It did not arrive, for certain."""
    UNCERTAIN = "uncertain"
    """The provider's answer was lost. It is never sent again by itself: a person decides."""
    NOT_SENT = "not_sent"
    """It was not even tried: no consent, no address, too late, taken back."""


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message without its words. Who may not see patients gets the number and no name."""

    id: MessageId
    template: str
    title: str
    """What it is about, such as "Appointment booked"."""
    patient_id: PatientId
    patient_number: str
    patient_name: str
    channel: Channel | None
    to: str
    """The address with most of it hidden, such as "+234 ••• 0182"."""
    state: MessageState
    why: str
    """A sentence, empty where there is nothing to explain."""
    asked_at: datetime
    asked_by: str
    since: datetime
    send_at: datetime | None
    """While it is queued: not before then."""
    segments: int
    """How many SMS it is paid for as; 0 for e-mail."""
    again_of: MessageId | None
    sent_again: bool
    can_send_again: bool


class Messages(msgspec.Struct, frozen=True):
    """`counts`: how many messages there are in each state, whatever the rows are limited to."""

    rows: list[MessageRow]
    counts: dict[str, int]


class ListMessages(Request[Messages], frozen=True, kw_only=True):
    """At most 200, the last changed first."""

    state: MessageState | None = None
    patient_id: PatientId | None = None


class MessageText(msgspec.Struct, frozen=True, kw_only=True):
    row: MessageRow
    subject: str
    text: str


class GetMessage(Request[MessageText], frozen=True, kw_only=True):
    """With its words, for those who may see patients."""

    message_id: MessageId


class SendAgain(Request[MessageRow], frozen=True, kw_only=True):
    """A new message with the same words, where the old one did not arrive or may not have arrived.

    Refused for what was sent, still waits, or was sent again already.
    """

    message_id: MessageId


class MessageChanged(Event, frozen=True, kw_only=True):
    message_id: MessageId
    patient_id: PatientId
    state: MessageState


class Placeholder(msgspec.Struct, frozen=True, kw_only=True):
    """What may stand in a template as `{name}`, and what then stands there, for example."""

    name: str
    meaning: str
    example: str
    required: bool


class TemplateRow(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one kind of message in one language."""

    name: str
    title: str
    language: str
    subject: str
    """Of the e-mail; an SMS has none."""
    text: str
    placeholders: list[Placeholder]
    own: bool
    """The clinic's own wording stands in place of the shipped one, or there is no shipped one."""
    shipped: bool
    """There is a shipped wording to go back to."""
    changed: Moment | None
    example: str
    """As a patient would read it."""
    segments: int
    """How many SMS the example would be paid for as."""


class Templates(msgspec.Struct, frozen=True):
    """`languages`: those that have all the templates or some of them."""

    rows: list[TemplateRow]
    languages: list[str]


class ListTemplates(Request[Templates], frozen=True, kw_only=True):
    pass


class SetTemplate(Request[TemplateRow], frozen=True, kw_only=True):
    """The clinic's own wording, also in a language that has none yet. Nothing medical belongs into it."""

    name: str
    language: str
    subject: str
    text: str


class ResetTemplate(Request[Nothing], frozen=True, kw_only=True):
    """Back to the shipped wording; one without is dropped."""

    name: str
    language: str


class MessagingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """No message leaves between `quiet_from` and `quiet_until` on the clinic's clock, unless it is urgent.

    Both the same: no quiet hours. `country` (ISO 3166) is where a phone number without a country code is
    at home, `language` what a patient is written in who has not said otherwise.
    """

    quiet_from: time
    quiet_until: time
    country: str
    language: str


class GetMessagingSettings(Request[MessagingSettings], frozen=True, kw_only=True):
    pass


class SetMessagingSettings(Request[MessagingSettings], frozen=True, kw_only=True):
    settings: MessagingSettings
