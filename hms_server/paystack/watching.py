"""Asks the relay for the jobs that begin a payment and watch it; what commands and jobs both need."""

from datetime import timedelta

import msgspec

from hms_server.contract.paystack import OnlineChannel
from hms_server.paystack.messages import Transaction
from hms_server.paystack.models import StoredTransaction
from hms_server.paystack.rules import SHORTEST_PAUSE
from hms_server.relay.jobs import ask_outside
from hms_server.relay.kinds import NewJob
from hms_server.work import Work

START, WATCH, CODE = "paystack.initialize", "paystack.verify", "paystack.code"


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Names the payment."""

    reference: str


def ask_start(work: Work, transaction: StoredTransaction) -> None:
    """Paystack is asked for a page or an account, or to charge."""
    ask_outside(
        work,
        NewJob(
            kind=START,
            key=transaction.reference,
            payload=Payload(reference=transaction.reference),
            summary=f"Begin the online payment of {transaction.invoice_number}",
        ),
    )


def ask_watch(work: Work, transaction: StoredTransaction, *, after: timedelta = SHORTEST_PAUSE) -> None:
    """A new watch; the row of the payment is locked, and counts it."""
    looks = work.value(COUNT_LOOK, (transaction.reference,))
    ask_outside(
        work,
        NewJob(
            kind=WATCH,
            key=f"{transaction.reference}#{looks}",
            payload=Payload(reference=transaction.reference),
            summary=f"Watch the online payment of {transaction.invoice_number}",
            run_at=work.now + after,
        ),
    )


def ask_code(work: Work, transaction: StoredTransaction) -> None:
    """The payer's one-time code is passed on, once for each time that it was typed."""
    ask_outside(
        work,
        NewJob(
            kind=CODE,
            key=f"{transaction.reference}#{work.request_id}",
            payload=Payload(reference=transaction.reference),
            summary=f"Pass on the payer's code for {transaction.invoice_number}",
        ),
    )


def needs_page(transaction: StoredTransaction) -> bool:
    """Whether the payer cannot pay without what Paystack's first answer showed."""
    return transaction.channel in (OnlineChannel.CHECKOUT, OnlineChannel.BANK_TRANSFER)


def why_of(found: Transaction) -> str:
    """Paystack's reason, for people."""
    words = (found.gateway_response or found.message or "").strip().rstrip(".")[:200]
    return f"Paystack says: {words}." if words else "The payment was declined."


COUNT_LOOK = "update paystack_transaction set looks = looks + 1 where reference = %s returning looks"
