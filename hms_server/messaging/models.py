"""The rows of messages, and what is read to decide where one goes."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from hms_server.contract.messaging import Channel, MessageId, MessageRow, MessageState
from hms_server.contract.patients import ConsentDecision
from hms_server.contract.values import PatientId
from hms_server.crypto import Vault
from hms_server.messaging.phones import country_of_zone
from hms_server.messaging.rules import MAY_SEND_AGAIN
from hms_server.messaging.wording import title_of
from hms_server.work import Work


class Content(msgspec.Struct, frozen=True):
    """What is sealed: a list of patients with their addresses is worth stealing, and so are the texts."""

    to: str
    subject: str
    text: str


def seal(vault: Vault, content: Content, reference: UUID) -> bytes:
    """As it may be stored: it opens only together with its message."""
    return vault.seal(msgspec.msgpack.encode(content), bound_to=reference.bytes)


def unseal(vault: Vault, sealed: bytes, reference: UUID) -> Content:
    return msgspec.msgpack.decode(vault.open(sealed, bound_to=reference.bytes), type=Content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A patient as somebody to write to, with the clinic that writes."""

    id: PatientId
    given_names: str
    family_name: str
    phone: str | None
    email: str | None
    language: str | None
    deceased: bool
    consent: str | None
    clinic: str
    time_zone: str
    clinic_language: str
    country: str | None

    @property
    def agrees(self) -> bool:
        return self.consent == ConsentDecision.GIVEN

    @property
    def called(self) -> str:
        """The first name alone: a message is read by whoever holds the phone."""
        return (self.given_names or self.family_name).split()[0]

    @property
    def at_home(self) -> str:
        """The country of numbers without a country code."""
        return self.country or country_of_zone(self.time_zone) or ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message with all that its sending needs."""

    id: MessageId
    reference: UUID
    patient_id: PatientId
    template: str
    language: str
    about: str
    channel: str | None
    destination: str | None
    typed: bool
    urgent: bool
    shown_to: str
    sealed: bytes
    state: str
    asked_at: datetime
    since: datetime
    useless_after: datetime | None
    lost_at: datetime | None
    provider_id: str | None
    agrees: bool
    deceased: bool
    sent_again: bool
    clinic: str
    time_zone: str
    quiet_from: time
    quiet_until: time

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMessage:
    """A message as lists show it."""

    id: MessageId
    template: str
    patient_id: PatientId
    patient_number: str
    patient_name: str
    channel: str | None
    shown_to: str
    state: str
    why: str
    asked_at: datetime
    asked_by: str
    since: datetime
    send_at: datetime | None
    segments: int
    again_of: MessageId | None
    sent_again: bool

    def row(self, *, named: bool) -> MessageRow:
        """With the patient's name, or with the number alone."""
        state = MessageState(self.state)
        return MessageRow(
            id=self.id,
            template=self.template,
            title=title_of(self.template),
            patient_id=self.patient_id,
            patient_number=self.patient_number,
            patient_name=self.patient_name if named else "",
            channel=Channel(self.channel) if self.channel else None,
            to=self.shown_to,
            state=state,
            why=self.why,
            asked_at=self.asked_at,
            asked_by=self.asked_by,
            since=self.since,
            send_at=self.send_at if state is MessageState.QUEUED else None,
            segments=self.segments,
            again_of=self.again_of,
            sent_again=self.sent_again,
            can_send_again=state in MAY_SEND_AGAIN and not self.sent_again,
        )


def find_recipient(work: Work, patient_id: PatientId) -> Recipient | None:
    """The patient with address, language and consent, or None."""
    return work.one(Recipient, RECIPIENT, (patient_id,))


def find_message(work: Work, message_id: MessageId) -> StoredMessage | None:
    """The message, locked until the end of the transaction: two never decide about it at once."""
    return work.one(StoredMessage, MESSAGE, (message_id,))


_CONSENT = """
    select decision from patient_consent
    where patient_id = patient.id and scope = 'messages' order by id desc limit 1
"""

RECIPIENT = f"""
select patient.id, given_names, family_name, phone, email, patient.language, deceased,
    ({_CONSENT}) as consent, clinic.name as clinic, time_zone, settings.language as clinic_language, country
from patient cross join clinic cross join messaging_settings as settings
where patient.id = %s
"""

MESSAGE = f"""
select message.id, reference, patient_id, template, message.language, about, channel, destination, typed,
    urgent, shown_to, sealed, state, asked_at, since, useless_after, lost_at, provider_id,
    coalesce(({_CONSENT}) = 'given', false) as agrees, deceased,
    exists (select from message as later where later.again_of = message.id) as sent_again,
    clinic.name as clinic, time_zone, quiet_from, quiet_until
from message join patient on patient.id = patient_id cross join clinic cross join messaging_settings
where message.id = %s
for update of message
"""

LISTED = """
select message.id, template, patient_id, patient.number as patient_number, patient.name as patient_name,
    channel, shown_to, state, why, asked_at, coalesce(staff.name, '') as asked_by, since, send_at, segments,
    again_of, exists (select from message as later where later.again_of = message.id) as sent_again
from message join patient on patient.id = patient_id left join staff on staff.id = asked_by
"""
