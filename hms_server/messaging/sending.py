"""Sends messages, at most once: after a lost answer the provider is first asked what it has."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hms_server.contract.messaging import Channel, MessageState
from hms_server.contract.relay import Trouble
from hms_server.messaging import smtp
from hms_server.messaging.ask import REPORT, SEND, Errand, Messaging, tell
from hms_server.messaging.carriers import Account, CannotSay, Carrier, Fate, NotThere, Sms
from hms_server.messaging.mail import Mail
from hms_server.messaging.models import StoredMessage, find_message
from hms_server.messaging.rules import end_of_quiet, pause_before_report
from hms_server.messaging.termii import NAME as TERMII
from hms_server.messaging.termii import Termii
from hms_server.messaging.twilio import NAME as TWILIO
from hms_server.messaging.twilio import Twilio
from hms_server.relay import jobs
from hms_server.relay.kinds import Again, Claimed, Destination, Finished, JobKind, NewJob, Next, Policy
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.relay.providers import Providers
from hms_server.relay.settling import NOT_KNOWN
from hms_server.work import Work

FIRST_LOOK = timedelta(minutes=1)
"""A call whose answer was lost may still be on its way for a while."""
SURE_AFTER = timedelta(minutes=5)
"""What the provider has not got by then was lost, and is sent again."""
LAST_LOOK = timedelta(minutes=30)
"""Of what a provider cannot rule out by then, nobody will know by asking."""
CARRIERS: Mapping[str, Carrier] = {TERMII: Termii(), TWILIO: Twilio()}

LOST = "The answer was lost. It may have arrived: ask the patient before you send it again."


@dataclass(frozen=True, kw_only=True)
class _Parcel:
    """What a call needs, read beforehand. `lost_for`: so long ago an answer was lost; None: none was.

    Then it may only be looked for, where `unwanted` says why it is not to be sent any more.
    """

    content: Sms | Mail
    destination: str
    account: Account
    lost_for: timedelta | None = None
    unwanted: str = ""
    known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _LookAgain:
    """Nothing is certain yet."""

    after: timedelta


_Outcome = Fate | _LookAgain


def job_kinds(messaging: Messaging) -> tuple[JobKind[Any, Any, Any], ...]:
    """The jobs of this slice."""
    sender = Sender(messaging)
    return (
        JobKind(
            name=SEND,
            destination=lambda errand: errand.destination,
            payload=Errand,
            prepare=sender.prepare,
            perform=_deliver,
            store=sender.store,
            on_trouble=sender.on_trouble,
            gave_up=sender.gave_up,
        ),
        JobKind(
            name=REPORT,
            destination=lambda errand: errand.destination,
            payload=Errand,
            prepare=sender.prepare_report,
            perform=_ask_report,
            store=sender.store_report,
            on_trouble=sender.on_report_trouble,
            policy=_REPORT_POLICY,
        ),
    )


# The end of asking is decided here, not by the policy: an unknown fate alarms nobody.
_REPORT_POLICY = Policy(attempts=1_000_000, give_up_after=timedelta(days=30))


def destinations(providers: Providers) -> tuple[Destination, ...]:
    """Where messages go; each is switched on and off with its provider."""

    def carried(name: str, title: str) -> Destination:
        def prepare_probe(work: Work) -> Any:
            account = account_of(providers, work, name)
            return lambda outside: CARRIERS[name].probe(account, outside)

        return Destination(
            name=name, title=title, prepare_probe=prepare_probe, waiting_word=("SMS waits", "SMS wait")
        )

    def prepare_mail_probe(work: Work) -> Any:
        account = account_of(providers, work, smtp.NAME)
        return lambda outside: smtp.probe(account, outside)

    return (
        Destination(
            name=smtp.NAME,
            title="E-mail",
            prepare_probe=prepare_mail_probe,
            waiting_word=("e-mail waits", "e-mails wait"),
        ),
        carried(TERMII, "Termii (SMS)"),
        carried(TWILIO, "Twilio (SMS)"),
    )


def account_of(providers: Providers, work: Work, name: str) -> Account:
    """All that was entered for a provider."""
    spec = providers.specs[name]
    secrets = {
        field.name: value
        for field in spec.fields
        if field.secret and (value := providers.secret(work, name, field.name))
    }
    return Account(settings=providers.settings(work, name), secrets=secrets)


class Sender:
    """What happens around the calls, each in a transaction of its own."""

    def __init__(self, messaging: Messaging) -> None:
        self._messaging = messaging

    def prepare(self, work: Work, job: Claimed[Errand]) -> _Parcel | Next:
        """Nothing leaves that is not wanted any more, comes too late, or would wake somebody."""
        message = find_message(work, job.payload.message_id)
        if message is None or message.state != MessageState.QUEUED:
            return Finished()
        work.concerns(message.patient_id)
        if message.lost_at is None and job.uncertain:
            # The server died in the middle of its call.
            message = replace(message, lost_at=work.now)
            work.send(SET_LOST, (work.now, message.id))
        if message.lost_at is not None:
            return self._prepare_look(work, job, message, lost_for=work.now - message.lost_at)
        if why := _unwanted(work, message):
            _end(work, message, MessageState.NOT_SENT, why)
            return Finished()
        rest = _rest(work, message)
        return Again(rest) if rest else self._parcel(work, job, message)

    def store(self, work: Work, job: Claimed[Errand], outcome: _Outcome) -> Next:
        message = find_message(work, job.payload.message_id)
        assert message is not None
        work.concerns(message.patient_id)
        if isinstance(outcome, _LookAgain):
            return Again(outcome.after)
        if outcome.provider_id and work.value(TAKEN, (message.destination, outcome.provider_id, message.id)):
            if message.lost_at is not None:
                # Two with the same words were lost, and both looks found the same one of them.
                return Again(FIRST_LOOK)
            # The provider has just taken it, under a number that it gave before: no report can be had by it.
            outcome = replace(outcome, provider_id=None)
        _end(work, message, outcome.state, outcome.why, provider_id=outcome.provider_id)
        if outcome.state is MessageState.SENT and outcome.provider_id:
            self._ask_for_report(work, job, message)
        return Finished()

    def on_trouble(self, work: Work, job: Claimed[Errand], fault: OutsideFault) -> Next | None:
        """A lost answer is noted; what the provider declines is at its end. All else the policy repeats."""
        message = find_message(work, job.payload.message_id)
        assert message is not None
        work.concerns(message.patient_id)
        if fault.may_have_arrived:
            if message.channel == Channel.EMAIL:
                _end(work, message, MessageState.UNCERTAIN, LOST)
                return Finished()
            work.send(SET_LOST, (work.now, message.id))
            return None
        if fault.trouble is Trouble.DECLINED:
            _end(work, message, MessageState.FAILED, fault.sentence)
            return Finished()
        return None

    def gave_up(self, work: Work, job: Claimed[Errand], reason: str) -> None:
        message = find_message(work, job.payload.message_id)
        if message is None:
            return
        work.concerns(message.patient_id)
        if job.uncertain or message.lost_at is not None or reason == NOT_KNOWN:
            _end(work, message, MessageState.UNCERTAIN, LOST)
        elif message.state == MessageState.QUEUED:
            _end(work, message, MessageState.FAILED, reason)

    def prepare_report(self, work: Work, job: Claimed[Errand]) -> _Parcel | Next:
        message = find_message(work, job.payload.message_id)
        if message is None or message.state != MessageState.SENT or message.provider_id is None:
            return Finished()
        work.concerns(message.patient_id)
        return self._parcel(work, job, message, known=frozenset({message.provider_id}))

    def store_report(self, work: Work, job: Claimed[Errand], fate: Fate) -> Next:
        message = find_message(work, job.payload.message_id)
        assert message is not None
        work.concerns(message.patient_id)
        if fate.state is not MessageState.SENT:
            _end(work, message, fate.state, fate.why, provider_id=message.provider_id)
            return Finished()
        pause = pause_before_report(work.now - message.since)
        return Again(pause) if pause else Finished()

    def on_report_trouble(self, work: Work, job: Claimed[Errand], fault: OutsideFault) -> Next | None:
        over = pause_before_report(work.now - job.asked_at) is None
        return Finished() if over or fault.trouble is Trouble.DECLINED else None

    def _prepare_look(
        self, work: Work, job: Claimed[Errand], message: StoredMessage, *, lost_for: timedelta
    ) -> _Parcel | Next:
        if message.channel == Channel.EMAIL:
            _end(work, message, MessageState.UNCERTAIN, LOST)
            return Finished()
        if lost_for < FIRST_LOOK:
            return Again(FIRST_LOOK - lost_for)
        # A look that finds nothing may be followed by the call itself: the same hours hold for both.
        rest = _rest(work, message)
        if rest:
            return Again(rest)
        rows = work.connection.execute(KNOWN, (message.destination, message.shown_to)).fetchall()
        parcel = self._parcel(work, job, message, known=frozenset(known for (known,) in rows))
        return replace(parcel, lost_for=lost_for, unwanted=_unwanted(work, message))

    def _parcel(
        self,
        work: Work,
        job: Claimed[Errand],
        message: StoredMessage,
        *,
        known: frozenset[str] = frozenset(),
    ) -> _Parcel:
        destination = job.payload.destination
        account = account_of(self._messaging.providers, work, destination)
        content = self._messaging.content(message)
        letter: Sms | Mail
        if message.channel == Channel.EMAIL:
            settings = account.settings
            letter = Mail(
                to=content.to,
                subject=content.subject,
                text=content.text,
                sender=settings["sender"],
                sender_name=message.clinic,
                reply_to=settings.get("reply_to", ""),
                reference=message.reference,
                at=message.asked_at,
            )
        else:
            letter = Sms(to=content.to, text=content.text, asked_at=message.asked_at)
        return _Parcel(content=letter, destination=destination, account=account, known=known)

    def _ask_for_report(self, work: Work, job: Claimed[Errand], message: StoredMessage) -> None:
        pause = pause_before_report(timedelta())
        assert pause is not None
        summary = f"What became of message {message.id}"
        report = NewJob(
            kind=REPORT, key=job.key, payload=job.payload, summary=summary, run_at=work.now + pause
        )
        jobs.ask_outside(work, report)


def _deliver(parcel: _Parcel, outside: Outside) -> _Outcome:
    if isinstance(parcel.content, Mail):
        smtp.send_mail(parcel.content, parcel.account, outside)
        return Fate(state=MessageState.SENT, provider_id=None)
    carrier = CARRIERS[parcel.destination]
    if parcel.lost_for is not None:
        found = _look(carrier, parcel, parcel.content, outside)
        if found is not None:
            return found
    return carrier.send(parcel.content, parcel.account, outside)


def _look(carrier: Carrier, parcel: _Parcel, sms: Sms, outside: Outside) -> _Outcome | None:
    """What is known of a message whose answer was lost; None: it never arrived, and may be sent."""
    assert parcel.lost_for is not None
    try:
        found = carrier.find(sms, parcel.account, outside, known=parcel.known)
    except OutsideFault as fault:
        if fault.trouble is not Trouble.DECLINED:
            raise
        found = CannotSay()
    match found:
        case Fate():
            return found
        case NotThere() if parcel.lost_for >= SURE_AFTER and parcel.unwanted:
            return Fate(state=MessageState.NOT_SENT, provider_id=None, why=parcel.unwanted)
        case NotThere() if parcel.lost_for >= SURE_AFTER:
            return None
        case CannotSay() if parcel.lost_for >= LAST_LOOK:
            return Fate(state=MessageState.UNCERTAIN, provider_id=None, why=LOST)
        case _:
            return _LookAgain(SURE_AFTER)


def _ask_report(parcel: _Parcel, outside: Outside) -> Fate:
    (provider_id,) = parcel.known
    return CARRIERS[parcel.destination].report(provider_id, parcel.account, outside)


def _unwanted(work: Work, message: StoredMessage) -> str:
    """Why it is not to be sent any more, empty where it still is."""
    if message.useless_after is not None and work.now >= message.useless_after:
        return "It could not be sent in time, and would have come too late."
    if message.typed:
        return ""
    if message.deceased:
        return "The patient is recorded as deceased."
    return "" if message.agrees else "The patient does not want messages any more."


def _rest(work: Work, message: StoredMessage) -> timedelta | None:
    """How long the quiet hours still last; None outside of them, and for what is urgent."""
    if message.urgent:
        return None
    end = end_of_quiet(
        work.now, quiet_from=message.quiet_from, quiet_until=message.quiet_until, zone=message.zone
    )
    return end - work.now if end else None


def _end(
    work: Work, message: StoredMessage, state: MessageState, why: str, *, provider_id: str | None = None
) -> None:
    work.send(END, {
        "id": message.id, "state": state, "why": why, "provider_id": provider_id, "now": work.now
    })  # fmt: skip
    tell(work, message.id, message.patient_id, state)


SET_LOST = "update message set lost_at = %s where id = %s"
END = """
update message set state = %(state)s, why = %(why)s, provider_id = %(provider_id)s, since = %(now)s
where id = %(id)s
"""
TAKEN = """
select true from message where destination = %s and provider_id = %s and id <> %s
"""
KNOWN = """
select provider_id from message where destination = %s and shown_to = %s and provider_id is not null
"""
