"""Brings what Paystack says into the books, once for each reference, whichever way it was heard."""

from dataclasses import dataclass

from hms_server.billing.commands import Incoming, lock_invoice, receive
from hms_server.billing.ledger import enter
from hms_server.billing.models import StoredInvoice
from hms_server.contract.billing import PaymentMethod
from hms_server.contract.paystack import OnlineState, PaymentTaskId
from hms_server.contract.values import InvoiceId, Money, PaymentId, StaffId
from hms_server.crypto import Vault
from hms_server.paystack import cards
from hms_server.paystack.messages import Transaction, TransactionStatus
from hms_server.paystack.models import StoredTransaction, find_transaction, tell_changed
from hms_server.paystack.rules import Asked, Posted, Shares, Standing, judge, without_number
from hms_server.paystack.tasks import raise_task
from hms_server.work import Work

TAKEN_BACK = "Paystack took the payment back."
NOT_POSTED = "It could not be posted by itself: see the task."
CLEARING, UNALLOCATED, FEES = "paystack-clearing", "unallocated-receipts", "payment-fees"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What an answer has changed: whether something was posted by it, and the tasks that it led to."""

    standing: Standing
    transaction: StoredTransaction | None
    is_posted: bool
    tasks: tuple[PaymentTaskId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Receipt:
    """What was posted for a reference, with what has gone back of it since."""

    received_minor: int
    payer_fee_minor: int
    fee_minor: int | None
    currency: str
    returned_minor: int

    def posted(self) -> Posted:
        return Posted(
            received=Money(self.received_minor, self.currency),
            payer_fee_minor=self.payer_fee_minor,
            fee_minor=self.fee_minor,
            returned_minor=self.returned_minor,
        )


def learn(work: Work, vault: Vault, theirs: Transaction) -> Learnt:
    """Posts, raises tasks and tells the screens, as `judge` says; nothing, where all that was known before.

    Locks our row of the payment first and the bill second, in this order everywhere.
    """
    transaction = find_transaction(work, without_number(theirs.reference), lock=True)
    receipt = work.one(_Receipt, RECEIPT, (theirs.reference,))
    invoice, asked = None, None
    if transaction is not None:
        if theirs.status == TransactionStatus.SUCCESS and receipt is None:
            invoice = lock_invoice(work, transaction.invoice_id)
        asked = Asked(amount=transaction.amount, due_minor=invoice.due_minor if invoice else 0)
    verdict = judge(theirs, asked=asked, posted=receipt.posted() if receipt else None)
    is_posted = False
    if verdict.shares is not None:
        is_posted = _post(work, theirs, verdict.shares, transaction, invoice)
    if verdict.fee_minor is not None and receipt is not None:
        _post_late_fee(work, theirs.reference, verdict.fee_minor, receipt)
    invoice_id = None if transaction is None else transaction.invoice_id
    tasks = tuple(
        raise_task(work, wish, reference=theirs.reference, invoice_id=invoice_id)
        for wish in verdict.wishes
        # Another server has posted an unknown reference in the same moment: the tasks are its own.
        if is_posted or verdict.shares is None
    )
    if transaction is not None and is_posted:
        if transaction.save_card:
            cards.keep(work, vault, transaction, theirs)
        transaction = move(work, transaction, OnlineState.PAID)
    elif transaction is not None and verdict.standing is Standing.REVERSED and receipt is None:
        transaction = move(work, transaction, OnlineState.FAILED, why=TAKEN_BACK)
    elif transaction is not None and verdict.standing is Standing.PAID and receipt is None:
        transaction = move(work, transaction, OnlineState.GIVEN_UP, why=NOT_POSTED)
    return Learnt(standing=verdict.standing, transaction=transaction, is_posted=is_posted, tasks=tasks)


def move(
    work: Work, transaction: StoredTransaction, state: OnlineState, *, why: str = ""
) -> StoredTransaction:
    """Brings a locked online payment into a state, with its reason; told only where that is news.

    One that is paid stays paid. One that nobody waits for any more stays so until money comes.
    """
    if transaction.is_received and transaction.state == OnlineState.PAID:
        return transaction
    if transaction.state == OnlineState.CANCELLED and state is not OnlineState.PAID:
        return transaction
    if (transaction.state, transaction.why) == (state, why):
        return transaction
    params = {"reference": transaction.reference, "state": state, "why": why, "now": work.now}
    work.send(MOVE, params)
    after = find_transaction(work, transaction.reference)
    assert after is not None
    tell_changed(work, after)
    return after


def credit_bill(
    work: Work, invoice_id: InvoiceId, money: Money, *, reference: str
) -> tuple[PaymentId, int] | None:
    """Pays a bill with money that belongs to none, as far as it is due; None where nothing is."""
    invoice = lock_invoice(work, invoice_id)
    amount_minor = min(money.amount_minor, invoice.due_minor)
    if invoice.currency != money.currency or amount_minor <= 0:
        return None
    incoming = Incoming(
        method=PaymentMethod.PAYSTACK,
        account=UNALLOCATED,
        amount_minor=amount_minor,
        tendered_minor=amount_minor,
        taken_by=work.actor.person,
        reference=reference,
    )
    work.send(ALLOCATE, (amount_minor, reference))
    return receive(work, invoice, incoming).payment.id, amount_minor


def _post(
    work: Work,
    theirs: Transaction,
    shares: Shares,
    transaction: StoredTransaction | None,
    invoice: StoredInvoice | None,
) -> bool:
    """False where another server has posted the same unknown reference in the meantime."""
    payment_id = None
    if shares.credited_minor and transaction is not None and invoice is not None:
        incoming = Incoming(
            method=PaymentMethod.PAYSTACK,
            account=CLEARING,
            amount_minor=shares.credited_minor,
            tendered_minor=shares.credited_minor,
            taken_by=transaction.person,
            reference=theirs.reference,
            ticket_id=transaction.ticket_id,
        )
        payment_id = receive(work, invoice, incoming).payment.id
    params = {
        "reference": theirs.reference,
        "transaction": None if transaction is None else transaction.reference,
        "provider_id": theirs.id,
        "received": shares.received.amount_minor,
        "credited": shares.credited_minor,
        "payer_fee": shares.payer_fee_minor,
        "unallocated": shares.unallocated_minor,
        "fee": shares.fee_minor,
        "currency": shares.received.currency,
        "channel": theirs.channel or "",
        "test_mode": theirs.domain == "test",
        "payment_id": payment_id,
        "paid_at": theirs.paid_at,
        "now": work.now,
    }
    if work.value(ADD_RECEIPT, params) is None:
        assert payment_id is None, "a reference of ours is locked, and posted once"
        return False
    by = None if transaction is None else transaction.started_by
    if shares.unallocated_minor:
        unallocated = Money(shares.unallocated_minor, shares.received.currency)
        enter(work, "unallocated", unallocated, debit=CLEARING, credit=UNALLOCATED, by=by)
    if shares.fee_minor is not None:
        _enter_fee(work, shares.fee_minor - shares.payer_fee_minor, shares.received.currency, by=by)
    return True


def _post_late_fee(work: Work, reference: str, fee_minor: int, receipt: _Receipt) -> None:
    if work.value(SET_FEE, (fee_minor, reference)) is None:
        # Another server has posted it since: the receipt of money that we did not ask for is not locked.
        return
    _enter_fee(work, fee_minor - receipt.payer_fee_minor, receipt.currency, by=None)


def _enter_fee(work: Work, borne_minor: int, currency: str, *, by: StaffId | None) -> None:
    """What the payer bore came on top and goes straight to Paystack: only the clinic's part is a cost."""
    if borne_minor:
        enter(work, "fee", Money(borne_minor, currency), debit=FEES, credit=CLEARING, by=by)


RECEIPT = """
select received_minor, payer_fee_minor, fee_minor, currency, coalesce((
    select sum(amount_minor) from paystack_refund as refund
    where refund.reference = receipt.reference and state <> 'failed'), 0)::bigint as returned_minor
from paystack_receipt as receipt where reference = %s
"""

ADD_RECEIPT = """
insert into paystack_receipt (reference, transaction_reference, provider_id, received_minor, credited_minor,
    payer_fee_minor, unallocated_minor, fee_minor, currency, channel, test_mode, payment_id, paid_at,
    posted_at)
values (%(reference)s, %(transaction)s, %(provider_id)s, %(received)s, %(credited)s, %(payer_fee)s,
    %(unallocated)s, %(fee)s, %(currency)s, %(channel)s, %(test_mode)s, %(payment_id)s, %(paid_at)s, %(now)s)
on conflict (reference) do nothing
returning reference
"""

SET_FEE = """
update paystack_receipt set fee_minor = %s where reference = %s and fee_minor is null returning reference
"""

ALLOCATE = "update paystack_receipt set allocated_minor = allocated_minor + %s where reference = %s"

# What the payer gave is forgotten once the payment is over.
MOVE = """
update paystack_transaction set since = %(now)s, state = %(state)s, why = %(why)s, wants_code = false,
    contact = case when %(state)s in ('requested', 'open') then contact end
where reference = %(reference)s
"""
