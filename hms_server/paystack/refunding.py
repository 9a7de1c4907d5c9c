"""Refunds through Paystack: asked for once, watched until the money has gone or stays, posted only then."""

import base64
import os
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import msgspec

from hms_server.billing.ledger import enter
from hms_server.billing.refunds import settle_refund
from hms_server.contract.billing import PaymentMethod, RefundChanged, RefundId, RefundState
from hms_server.contract.money import format_money
from hms_server.contract.paystack import PaymentTaskId, TaskKind
from hms_server.contract.values import InvoiceId, Money, StaffId
from hms_server.paystack.messages import Refund, RefundStatus
from hms_server.paystack.postings import CLEARING, UNALLOCATED
from hms_server.paystack.rules import Wish
from hms_server.paystack.tasks import StoredTask, raise_task
from hms_server.relay.jobs import ask_outside
from hms_server.relay.kinds import NewJob
from hms_server.work import Work

REFUND = "paystack.refund"
TAG = "HMS-RF-"
"""How the notes of our refunds begin at Paystack."""


class Tagged(msgspec.Struct, frozen=True, kw_only=True):
    """Names the refund."""

    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReturn:
    """A refund on its way: of a payment on a bill (`refund_id`), or of money that belongs to no bill."""

    tag: str
    reference: str
    refund_id: RefundId | None
    task_id: PaymentTaskId | None
    amount_minor: int
    currency: str
    state: str
    provider_id: int | None
    asked_at: datetime
    asked_by: StaffId
    doubted_at: datetime | None
    invoice_id: InvoiceId | None

    @property
    def money(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_settled(self) -> bool:
        return self.state in ("processed", "failed")


def return_payment(work: Work, changed: RefundChanged) -> None:
    """A refund that the billing desk has set aside is asked for at Paystack."""
    if changed.state is not RefundState.PENDING or changed.method is not PaymentMethod.PAYSTACK:
        return
    params = {"tag": _new_tag(), "refund_id": changed.refund_id, "now": work.now}
    tag = work.value(ADD_OF_PAYMENT, params)
    assert tag is not None, "every payment through Paystack has its receipt"
    _ask(work, tag)


def return_unallocated(work: Work, task: StoredTask, money: Money) -> None:
    """Money that belongs to no bill goes back to the payer."""
    tag = _new_tag()
    params = {
        "tag": tag,
        "reference": task.reference,
        "task_id": task.id,
        "amount": money.amount_minor,
        "currency": money.currency,
        "now": work.now,
        "by": work.actor.person.id,
    }
    work.send(ADD_OF_TASK, params)
    _ask(work, tag)


def find_return(work: Work, tag: str, *, lock: bool = False) -> StoredReturn:
    """By our tag; with `lock` as it stays until the transaction ends."""
    if lock:
        work.send(LOCK, (tag,))
    stored = work.one(StoredReturn, f"{RETURN} where tag = %s", (tag,))
    assert stored is not None
    return stored


def note_seen(work: Work, stored: StoredReturn, theirs: Refund) -> StoredReturn:
    """Brings a locked refund to where Paystack has it: posts what has gone, frees what has not.

    What was settled before stays: Paystack saying something else then is for the comparison to name.
    """
    if stored.provider_id is None and theirs.id is not None:
        work.send(SET_PROVIDER_ID, (theirs.id, stored.tag))
    if stored.is_settled:
        return stored
    if theirs.status == RefundStatus.PROCESSED:
        _pay_out(work, stored)
    elif theirs.status == RefundStatus.FAILED:
        fail_return(work, stored, "Paystack could not return the money; it is still with the clinic.")
    elif theirs.status == RefundStatus.NEEDS_ATTENTION:
        sentence = (
            f"Paystack needs the payer's bank account to return {_words(stored)} of {stored.reference}. "
            "Enter it on Paystack's dashboard; the refund goes on by itself then."
        )
        _raise(work, stored, Wish(kind=TaskKind.STUCK, sentence=sentence))
    return find_return(work, stored.tag)


def fail_return(work: Work, stored: StoredReturn, why: str) -> None:
    """The money stays; somebody has to return it in another way, or try again."""
    work.send(SETTLE, {"tag": stored.tag, "state": "failed", "why": why, "now": work.now})
    if stored.refund_id is not None:
        settle_refund(work, stored.refund_id, failed=why)
    sentence = f"{_words(stored)} of {stored.reference} did not go back: {why}"
    # What belongs to a bill can be returned from there again; what belongs to none only from a task.
    amount = stored.money if stored.refund_id is None else None
    _raise(work, stored, Wish(kind=TaskKind.REFUND_FAILED, sentence=sentence, amount=amount))


def stuck_return(work: Work, stored: StoredReturn, reason: str) -> None:
    """Nobody knows whether the money has gone, so it stays set aside until somebody has looked."""
    sentence = (
        f"Whether {_words(stored)} of {stored.reference} went back could not be learnt: {reason} "
        f"Look for the note {stored.tag} among the refunds on Paystack's dashboard."
    )
    _raise(work, stored, Wish(kind=TaskKind.STUCK, sentence=sentence))


def _pay_out(work: Work, stored: StoredReturn) -> None:
    work.send(SETTLE, {"tag": stored.tag, "state": "processed", "why": "", "now": work.now})
    if stored.refund_id is not None:
        settle_refund(work, stored.refund_id)
        return
    enter(work, "refund", stored.money, debit=UNALLOCATED, credit=CLEARING, by=stored.asked_by)


def _raise(work: Work, stored: StoredReturn, wish: Wish) -> None:
    raise_task(work, wish, reference=stored.reference, invoice_id=stored.invoice_id, item=stored.tag)


def _words(stored: StoredReturn) -> str:
    return format_money(stored.money)


def _ask(work: Work, tag: str) -> None:
    ask_outside(
        work,
        NewJob(
            kind=REFUND, key=tag, payload=Tagged(tag=tag), summary=f"Return money through Paystack ({tag})"
        ),
    )


def _new_tag() -> str:
    return TAG + base64.b32encode(os.urandom(10)).decode()


LOCK: LiteralString = "select from paystack_refund where tag = %s for no key update"

RETURN: LiteralString = """
select tag, returned.reference, refund_id, task_id, returned.amount_minor, returned.currency, returned.state,
    returned.provider_id, returned.asked_at, returned.asked_by, doubted_at,
    coalesce(refund.invoice_id, task.invoice_id) as invoice_id
from paystack_refund as returned
left join refund on refund.id = refund_id
left join paystack_task as task on task.id = task_id
"""

ADD_OF_PAYMENT = """
insert into paystack_refund (tag, reference, refund_id, amount_minor, currency, asked_at, asked_by)
select %(tag)s, receipt.reference, refund.id, refund.amount_minor, refund.currency, %(now)s, asked_by
from refund
join payment on payment.id = refund.payment_id
join paystack_receipt as receipt on receipt.reference = payment.reference
where refund.id = %(refund_id)s
returning tag
"""

ADD_OF_TASK = """
insert into paystack_refund (tag, reference, task_id, amount_minor, currency, asked_at, asked_by)
values (%(tag)s, %(reference)s, %(task_id)s, %(amount)s, %(currency)s, %(now)s, %(by)s)
"""

SET_PROVIDER_ID = """
update paystack_refund set provider_id = %s, state = case state when 'asked' then 'pending' else state end
where tag = %s
"""

SETTLE = """
update paystack_refund set state = %(state)s, settled_at = %(now)s, why = %(why)s where tag = %(tag)s
"""
