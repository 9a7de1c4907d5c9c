"""The job that begins an online payment at Paystack: a page, an account, a prompt on a phone, or a charge."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from hms_server.billing.commands import lock_invoice
from hms_server.contract.paystack import OnlineChannel, OnlineState, SendBy, TransferAccount
from hms_server.contract.relay import Trouble
from hms_server.faults import Refused
from hms_server.messaging.ask import Messaging
from hms_server.paystack.cards import find_card, may_be_charged
from hms_server.paystack.channels import Channel, channels_of, to_subunits
from hms_server.paystack.client import DuplicateReferenceError, Paystack, placeholder_email
from hms_server.paystack.means import BankTransfer, MobileMoney
from hms_server.paystack.messages import Charge, Initialized, Transaction, TransactionStatus
from hms_server.paystack.models import Contact, StoredTransaction, find_transaction, tell_changed
from hms_server.paystack.postings import learn, move
from hms_server.paystack.provider import NAME, Line, line_of
from hms_server.paystack.rules import Standing
from hms_server.paystack.watching import START, Payload, ask_watch, needs_page, why_of
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Again, Claimed, Finished, JobKind, Next, Policy
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work

PAGE_LIMIT = timedelta(hours=12)
ATTENDED_LIMIT = timedelta(minutes=15)
"""Without the payer at the desk neither a phone is asked nor a kept card charged."""
STILL_ON_ITS_WAY = "Paystack has the payment; the payer may have to confirm it on the phone."

NEEDS_PAGE = "Paystack asks the payer for more than can be given here. Start again with link and QR code."
UNKNOWN_THERE = "Paystack does not know of it: nobody can have paid. Start the payment again."


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCall:
    """What the first call needs. Without `may_ask` it is only looked whether an earlier call has arrived."""

    line: Line
    channel: OnlineChannel
    reference: str
    amount: int
    currency: str
    contact: Contact = field(repr=False)
    card: str = field(repr=False)
    in_doubt: bool
    may_ask: bool


@dataclass(frozen=True, slots=True)
class Found:
    """How a payment stands whose call had arrived; None where it had not, and none may be made now."""

    transaction: Transaction | None


Started = Initialized | Charge | Found


class Starting:
    """The job that begins a payment; after a lost answer it looks before it asks again."""

    def __init__(self, ground: Ground) -> None:
        self._providers = ground.providers
        self._messaging = Messaging(ground.providers, ground.vault)
        self._vault = ground.vault.kept_for(NAME)

    def kind(self) -> JobKind[Payload, StartCall, Started]:
        return JobKind(
            name=START,
            destination=NAME,
            payload=Payload,
            prepare=self.prepare,
            perform=begin,
            store=self.store,
            on_trouble=self.on_trouble,
            gave_up=self.gave_up,
            policy=Policy(attempts=60, give_up_after=timedelta(days=1)),
        )

    def prepare(self, work: Work, job: Claimed[Payload]) -> StartCall | Next:
        """Nothing is asked for a payment that nobody waits for, or whose bill was settled meanwhile."""
        transaction = find_transaction(work, job.payload.reference, lock=True)
        assert transaction is not None
        if transaction.state != OnlineState.REQUESTED and not job.uncertain:
            return Finished()
        line = line_of(work, self._providers)
        if line is None or line.test_mode != transaction.test_mode:
            move(work, transaction, OnlineState.FAILED, why="Paystack's key was changed. Start it again.")
            return Finished()
        obstacle = _obstacle(work, transaction)
        if obstacle is not None and not job.uncertain:
            move(work, transaction, OnlineState.FAILED, why=obstacle)
            return Finished()
        contact = transaction.opened_contact(self._vault)
        card = ""
        if transaction.authorization_id is not None and obstacle is None:
            code = find_card(work, transaction.authorization_id).code(self._vault)
            card, contact = code.authorization_code, Contact(email=code.email)
        return StartCall(
            line=line,
            channel=OnlineChannel(transaction.channel),
            reference=transaction.asked_reference,
            amount=to_subunits(transaction.amount),
            currency=transaction.currency,
            contact=contact,
            card=card,
            in_doubt=job.uncertain,
            may_ask=obstacle is None and transaction.state == OnlineState.REQUESTED,
        )

    def store(self, work: Work, job: Claimed[Payload], started: Started) -> Next:
        """Shows the payer the way, or finds that it is over already; watched from now on."""
        transaction = find_transaction(work, job.payload.reference, lock=True)
        assert transaction is not None
        if isinstance(started, Found):
            return self._store_found(work, transaction, started.transaction)
        if isinstance(started, Initialized):
            url = started.authorization_url
            words = self._send_link(work, transaction, url)
            _open(work, transaction, url=url, access_code=started.access_code, instructions=words)
            return Finished()
        self._store_charge(work, transaction, started)
        return Finished()

    def on_trouble(self, work: Work, job: Claimed[Payload], fault: OutsideFault) -> Next | None:
        """A refusal is an answer: the payment has failed, and its reason stands beside it."""
        if fault.trouble is not Trouble.DECLINED:
            return None
        transaction = find_transaction(work, job.payload.reference, lock=True)
        assert transaction is not None
        move(work, transaction, OnlineState.FAILED, why=fault.sentence)
        if fault.may_have_arrived:
            ask_watch(work, transaction)
        return Finished()

    def gave_up(self, work: Work, job: Claimed[Payload], reason: str) -> None:
        """Whether a call has arrived is not certain, so it is watched until that is known."""
        transaction = find_transaction(work, job.payload.reference, lock=True)
        assert transaction is not None
        move(work, transaction, OnlineState.FAILED, why=reason)
        ask_watch(work, transaction)

    def _send_link(self, work: Work, transaction: StoredTransaction, url: str) -> str:
        """Also by message where that was wished; gives the sentence where that is not possible."""
        if transaction.send_by is None or transaction.state != OnlineState.REQUESTED:
            return ""
        contact = transaction.opened_contact(self._vault)
        to = contact.email if transaction.send_by == SendBy.EMAIL else contact.phone
        try:
            self._messaging.say(
                work,
                transaction.patient_id,
                "payment_link",
                {"amount": transaction.amount, "link": url},
                to=to,
                about=f"online payment {transaction.reference}",
                useless_after=work.now + PAGE_LIMIT,
            )
        except Refused as refused:
            return f"The link was not sent. {refused.fault.message}"
        return ""

    def _store_found(self, work: Work, transaction: StoredTransaction, found: Transaction | None) -> Next:
        if found is None:
            move(work, transaction, OnlineState.FAILED, why=UNKNOWN_THERE)
            return Finished()
        learnt = learn(work, self._vault, found)
        is_over = learnt.standing in (Standing.PAID, Standing.REVERSED)
        if not is_over and needs_page(transaction):
            if transaction.state == OnlineState.REQUESTED:
                # The page under that reference is lost, so nobody can pay there; the next has a new number.
                work.send(NEXT_ATTEMPT, (transaction.reference,))
                return Again(timedelta(0))
        elif learnt.standing is Standing.FAILED:
            move(work, transaction, OnlineState.FAILED, why=why_of(found))
        elif learnt.standing is Standing.WAITING:
            _open(work, transaction, instructions=STILL_ON_ITS_WAY)
        return Finished()

    def _store_charge(self, work: Work, transaction: StoredTransaction, charge: Charge) -> None:
        if charge.transaction is not None and charge.status == TransactionStatus.SUCCESS:
            learn(work, self._vault, charge.transaction)
            return
        if charge.status == TransactionStatus.FAILED:
            why = why_of(charge.transaction) if charge.transaction else charge.message
            move(work, transaction, OnlineState.FAILED, why=why or "Paystack declined the payment.")
            # The payer may still do something on the phone: a success is not to be missed.
            ask_watch(work, transaction)
            return
        if charge.status in {"send_pin", "send_birthday", "send_address", "send_phone"}:
            move(work, transaction, OnlineState.FAILED, why=NEEDS_PAGE)
            ask_watch(work, transaction)
            return
        _open(
            work,
            transaction,
            url=charge.url or "",
            account=account_of(charge),
            instructions=charge.display_text or charge.message or "",
            wants_code=charge.status == "send_otp",
        )


def begin(call: StartCall, outside: Outside) -> Started:
    """The first call. Where one may have arrived before, it is looked for first: a reference is used once."""
    paystack = call.line.open(outside)
    if call.in_doubt:
        found = paystack.verify(call.reference)
        if found is not None or not call.may_ask:
            return Found(found)
    try:
        return _ask(paystack, call)
    except DuplicateReferenceError:
        found = paystack.verify(call.reference)
        if found is None:
            raise
        return Found(found)


def account_of(charge: Charge) -> TransferAccount | None:
    """Where to transfer to, if the answer says so."""
    if not charge.account_number:
        return None
    return TransferAccount(
        bank=(charge.bank.name if charge.bank else "") or "",
        account_number=charge.account_number,
        account_name=charge.account_name or "",
        expires_at=charge.account_expires_at,
    )


def _ask(paystack: Paystack, call: StartCall) -> Initialized | Charge:
    payment: dict[str, Any] = {
        "reference": call.reference,
        "amount": call.amount,
        "currency": call.currency,
        "email": call.contact.email or placeholder_email(call.reference),
    }
    match call.channel:
        case OnlineChannel.SAVED:
            return paystack.charge_authorization(call.card, **payment)
        case OnlineChannel.MOBILE_MONEY:
            means = MobileMoney(phone=call.contact.phone, provider=call.contact.mobile_provider)
            return paystack.charge(means, **payment)
        case OnlineChannel.BANK_TRANSFER if Channel.BANK_TRANSFER in channels_of(call.currency):
            return paystack.charge(BankTransfer(), **payment)
        case _:
            return paystack.initialize(**payment)


def _obstacle(work: Work, transaction: StoredTransaction) -> str | None:
    """Why the payment should not be begun any more."""
    limit = PAGE_LIMIT if needs_page(transaction) else ATTENDED_LIMIT
    if work.now - transaction.started_at > limit:
        return "Paystack could not be reached in time. Nothing was asked of the payer."
    if lock_invoice(work, transaction.invoice_id).due_minor <= 0:
        return "The bill was settled in another way meanwhile."
    if transaction.channel == OnlineChannel.SAVED and not may_be_charged(
        work, transaction.patient_id, transaction.authorization_id
    ):
        return "The patient does not agree any more that the kept card is charged."
    return None


def _open(
    work: Work,
    transaction: StoredTransaction,
    *,
    url: str = "",
    access_code: str = "",
    account: TransferAccount | None = None,
    instructions: str = "",
    wants_code: bool = False,
) -> None:
    """The payer can pay now; also watched where the cashier waits no longer, since it cannot be stopped."""
    params = {
        "reference": transaction.reference,
        "url": url,
        "access_code": access_code,
        "account": None if account is None else msgspec.json.encode(account).decode(),
        "instructions": instructions,
        "wants_code": wants_code,
        "now": work.now,
    }
    work.send(OPEN, params)
    after = find_transaction(work, transaction.reference)
    assert after is not None
    tell_changed(work, after)
    ask_watch(work, after)


NEXT_ATTEMPT = "update paystack_transaction set attempt = attempt + 1 where reference = %s"

OPEN = """
update paystack_transaction set url = %(url)s, access_code = %(access_code)s, account = %(account)s::jsonb,
    instructions = %(instructions)s, wants_code = %(wants_code)s, opened_at = %(now)s, why = '',
    since = case when state = 'requested' then %(now)s else since end,
    state = case when state = 'requested' then 'open' else state end
where reference = %(reference)s
"""
