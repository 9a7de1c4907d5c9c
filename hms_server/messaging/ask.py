"""Slices ask for a message here; which way it goes, and whether it may, is decided for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from hms_server.contract.envelope import Fault
from hms_server.contract.messaging import Channel, MessageChanged, MessageId, MessageState
from hms_server.contract.values import PatientId
from hms_server.crypto import Vault
from hms_server.faults import Refused
from hms_server.messaging import smtp, termii, twilio
from hms_server.messaging.models import Content, Recipient, StoredMessage, find_recipient, seal, unseal
from hms_server.messaging.phones import normal_phone
from hms_server.messaging.rules import hidden
from hms_server.messaging.segments import count_segments
from hms_server.messaging.templates import find_wording
from hms_server.messaging.wording import TEMPLATES, Value, fill, said, title_of
from hms_server.patients.queries import unknown_patient
from hms_server.patients.rules import clean_email
from hms_server.permissions import Permission
from hms_server.relay import jobs
from hms_server.relay.kinds import NewJob
from hms_server.relay.providers import Providers
from hms_server.work import Work

SEND, REPORT = "messaging.send", "messaging.report"
"""The kinds of jobs."""
WAYS = {Channel.SMS: (termii.NAME, twilio.NAME), Channel.EMAIL: (smtp.NAME,)}
"""The providers of each channel; the first that is switched on is taken."""
NOT_SET_UP = {
    Channel.SMS: "SMS is not set up. The administrator enters a provider.",
    Channel.EMAIL: "E-mail is not set up. The administrator enters a mail server.",
}

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "message_again_once": Fault(
        code="messaging.sent_again", message="Somebody has sent this message again already."
    ),
    "message_patient": Fault(
        code="patients.unknown", message="There is no such patient.", field="patient_id"
    ),
}


class Errand(msgspec.Struct, frozen=True):
    """What a job remembers: which message, and by whom it goes."""

    message_id: MessageId
    destination: str


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a message reaches somebody."""

    channel: Channel
    destination: str
    to: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a slice wants to have said. `about` names what it is about, so that it can be taken back.

    `to` is an address that was typed for this one message: the patient's wish, so no consent is asked for.
    """

    template: str
    values: Mapping[str, Value]
    channel: Channel | None = None
    to: str | None = None
    about: str = ""
    send_at: datetime | None = None
    useless_after: datetime | None = None


class Messaging:
    """Writes messages down and hands them to the relay; safe to share between threads."""

    def __init__(self, providers: Providers, vault: Vault) -> None:
        self.providers = providers
        self.vault = vault.kept_for("messages")

    def say(
        self,
        work: Work,
        patient_id: PatientId,
        template: str,
        values: Mapping[str, Value],
        *,
        channel: Channel | None = None,
        to: str | None = None,
        about: str = "",
        send_at: datetime | None = None,
        useless_after: datetime | None = None,
    ) -> MessageId:
        """Writes a message to a patient, in the caller's transaction; see `Wish` for the words.

        Where it may not or cannot be sent, that is recorded, and nothing is refused: what the slice does is
        not to fail for want of a phone number. Only an address typed in `to` that is none, or has no way, is
        refused, at the field `to`. Raises KeyError for a template that does not exist.
        """
        wish = Wish(
            template=template,
            values=values,
            channel=channel,
            to=to,
            about=about,
            send_at=send_at,
            useless_after=useless_after,
        )
        recipient = find_recipient(work, patient_id)
        if recipient is None:
            raise unknown_patient()
        work.concerns(patient_id)
        language, subject, text = self._words(work, recipient, wish)
        way = self._way(work, recipient, wish)
        content = Content(way.to if isinstance(way, Way) else "", subject, text)
        return self._write(work, recipient, wish, way, content, language=language)

    def check_address(self, work: Work, patient_id: PatientId, typed: str) -> None:
        """Refuses an address, at the field `to`, that `say` would refuse later where nobody can mend it."""
        recipient = find_recipient(work, patient_id)
        if recipient is None:
            raise unknown_patient()
        self._typed_way(work, recipient, typed)

    def take_back(self, work: Work, about: str, why: str) -> int:
        """What was asked for about that and has not left yet never will; gives how many it were."""
        waiting = work.connection.execute(WAITING, (about,)).fetchall()
        jobs.hold(work, SEND, [str(message_id) for (message_id,) in waiting])
        taken = work.connection.execute(TAKE_BACK, {"about": about, "why": why, "now": work.now}).fetchall()
        for message_id, patient_id in taken:
            jobs.cancel(work, SEND, str(message_id))
            tell(work, message_id, patient_id, MessageState.NOT_SENT)
        return len(taken)

    def say_again(self, work: Work, message: StoredMessage) -> MessageId:
        """A new message with the words of an old one, to where the patient is reached now."""
        recipient = find_recipient(work, message.patient_id)
        assert recipient is not None
        old = unseal(self.vault, message.sealed, message.reference)
        wish = Wish(
            template=message.template,
            values={},
            to=old.to if message.typed else None,
            about=message.about,
            useless_after=message.useless_after,
        )
        way = self._way(work, recipient, wish)
        if not isinstance(way, Way):
            raise Refused("messaging.no_way", f"Nothing was sent. {way}")
        content = Content(way.to, old.subject, old.text)
        return self._write(
            work, recipient, wish, way, content, language=message.language, again_of=message.id
        )

    def content(self, message: StoredMessage) -> Content:
        """The address and the words of a stored message."""
        return unseal(self.vault, message.sealed, message.reference)

    def _words(self, work: Work, recipient: Recipient, wish: Wish) -> tuple[str, str, str]:
        languages = [each for each in (recipient.language, recipient.clinic_language) if each]
        language, wording = find_wording(work, wish.template, languages)
        values = {name: said(value, language, recipient.zone) for name, value in wish.values.items()}
        values |= {"name": recipient.called, "clinic": recipient.clinic}
        optional = (each.name for each in TEMPLATES[wish.template].placeholders if not each.required)
        values = dict.fromkeys(optional, "") | values
        subject = " ".join(fill(wording.subject, values).split())
        return language, subject, fill(wording.text, values)

    def _way(self, work: Work, recipient: Recipient, wish: Wish) -> Way | str:
        """The way, or the sentence that says why there is none."""
        if wish.to is not None:
            return self._typed_way(work, recipient, wish.to)
        if recipient.deceased:
            return "The patient is recorded as deceased."
        if not recipient.agrees:
            asked = "The patient does not want messages." if recipient.consent else ""
            return asked or "Nobody has asked the patient yet whether messages are welcome."
        return self._way_of_patient(work, recipient, [wish.channel] if wish.channel else list(Channel))

    def _way_of_patient(self, work: Work, recipient: Recipient, channels: list[Channel]) -> Way | str:
        addresses = {
            Channel.SMS: normal_phone(recipient.phone or "", recipient.at_home),
            Channel.EMAIL: recipient.email,
        }
        reached = [(channel, to) for channel in channels if (to := addresses[channel])]
        for channel, to in reached:
            destination = self._destination(work, channel)
            if destination:
                return Way(channel=channel, destination=destination, to=to)
        if reached:
            return " ".join(NOT_SET_UP[channel] for channel, _ in reached)
        if Channel.SMS in channels and recipient.phone:
            return "The phone number that is written down receives no SMS. Correct it in the details."
        return "Neither a phone number nor an e-mail address is written down."

    def _typed_way(self, work: Work, recipient: Recipient, typed: str) -> Way:
        try:
            email = clean_email(typed) if "@" in typed else None
        except Refused as refused:
            raise Refused("messaging.to", refused.fault.message, field="to") from refused
        to = email or normal_phone(typed, recipient.at_home)
        if to is None:
            raise Refused(
                "messaging.to",
                "This is neither a phone number that receives SMS nor an e-mail address. Check it.",
                field="to",
            )
        channel = Channel.EMAIL if email else Channel.SMS
        destination = self._destination(work, channel)
        if destination is None:
            raise Refused("messaging.not_set_up", NOT_SET_UP[channel], field="to")
        return Way(channel=channel, destination=destination, to=to)

    def _destination(self, work: Work, channel: Channel) -> str | None:
        return next((name for name in WAYS[channel] if self.providers.enabled(work, name)), None)

    def _write(
        self,
        work: Work,
        recipient: Recipient,
        wish: Wish,
        way: Way | str,
        content: Content,
        *,
        language: str,
        again_of: MessageId | None = None,
    ) -> MessageId:
        reference = uuid4()
        state = MessageState.QUEUED if isinstance(way, Way) else MessageState.NOT_SENT
        params = self._params(work, recipient, wish, content, reference) | {
            "language": language,
            "again_of": again_of,
            "state": state,
            "why": "" if isinstance(way, Way) else way,
            "channel": way.channel if isinstance(way, Way) else None,
            "destination": way.destination if isinstance(way, Way) else None,
            "shown_to": hidden(way.to, way.channel) if isinstance(way, Way) else "",
            "segments": _segments(way, content),
        }
        message_id: MessageId = work.value(WRITE, params)
        if isinstance(way, Way):
            errand = Errand(message_id, way.destination)
            summary = f"{title_of(wish.template)}, message {message_id}"
            jobs.ask_outside(work, NewJob(
                kind=SEND, key=str(message_id), payload=errand, summary=summary, run_at=wish.send_at
            ))  # fmt: skip
        tell(work, message_id, recipient.id, state)
        return message_id

    def _params(
        self, work: Work, recipient: Recipient, wish: Wish, content: Content, reference: UUID
    ) -> dict[str, Any]:
        return {
            "reference": reference,
            "patient_id": recipient.id,
            "template": wish.template,
            "about": wish.about,
            "typed": wish.to is not None,
            "urgent": TEMPLATES[wish.template].urgent,
            "sealed": seal(self.vault, content, reference),
            "now": work.now,
            "by": work.actor.staff_id,
            "send_at": wish.send_at,
            "useless_after": wish.useless_after,
        }


def tell(work: Work, message_id: MessageId, patient_id: PatientId, state: MessageState) -> None:
    """Tells every list of messages."""
    changed = MessageChanged(message_id=message_id, patient_id=patient_id, state=state)
    work.emit(changed, audience=Permission.MESSAGES_READ)


def _segments(way: Way | str, content: Content) -> int:
    is_sms = isinstance(way, Way) and way.channel is Channel.SMS
    return count_segments(content.text) if is_sms else 0


WRITE = """
insert into message (reference, patient_id, template, language, about, channel, destination, typed, urgent,
    shown_to, sealed, segments, state, why, asked_at, asked_by, since, send_at, useless_after, again_of)
values (%(reference)s, %(patient_id)s, %(template)s, %(language)s, %(about)s, %(channel)s, %(destination)s,
    %(typed)s, %(urgent)s, %(shown_to)s, %(sealed)s, %(segments)s, %(state)s, %(why)s, %(now)s, %(by)s,
    %(now)s, %(send_at)s, %(useless_after)s, %(again_of)s)
returning id
"""

# One whose answer was lost may have left already: it is followed to its end.
WAITING = "select id from message where about = %s and state = 'queued' and lost_at is null"

TAKE_BACK = """
update message set state = 'not_sent', why = %(why)s, since = %(now)s
where about = %(about)s and state = 'queued' and lost_at is null
returning id, patient_id
"""
