"""The job that fetches Paystack's list, posts what was missed, and writes the report of all differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hms_server.contract.reconciliation import (
    ReconciledSum,
    ReconciliationFinished,
    ReconciliationState,
)
from hms_server.contract.values import InvoiceId, Money
from hms_server.paystack import nightly
from hms_server.paystack.comparing import (
    HAS_COME,
    Draft,
    OurPayment,
    OurRefund,
    add_up,
    compare_payment,
    compare_refund,
    has_news,
    missing_there,
    not_read,
    refunds_missing_there,
    tag_in,
)
from hms_server.paystack.messages import Refund, RefundStatus, Transaction, UnreadRow
from hms_server.paystack.nightly import RECONCILE, Compared, find_reconciliation
from hms_server.paystack.postings import learn
from hms_server.paystack.provider import NAME, Line, line_of
from hms_server.paystack.refunding import find_return, note_seen
from hms_server.paystack.rules import numbered
from hms_server.paystack.tasks import raise_task
from hms_server.permissions import Permission
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Claimed, Finished, GiveUp, JobKind, Next, Policy
from hms_server.relay.outside import Outside
from hms_server.work import Work

CLOCKS_APART = timedelta(hours=1)
"""Paystack's clock and ours may differ; nobody's differ by more than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCall:
    line: Line
    since: datetime
    until: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """All that Paystack names of those days. `seen_at` is when it was asked."""

    transactions: Sequence[Transaction]
    refunds: Sequence[Refund]
    unread: Sequence[UnreadRow] = ()
    since: datetime
    until: datetime
    seen_at: datetime
    test_mode: bool

    def names(self, word: str) -> bool:
        """Whether a row that could not be read is about that reference or tag: it is not missing there."""
        return any(word in row.words for row in self.unread)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A row of `KNOWN`."""

    reference: str
    attempt: int
    receipt_reference: str | None
    invoice_id: InvoiceId | None
    state: str
    received_minor: int | None
    fee_minor: int | None
    currency: str
    posted_at: datetime | None
    is_due_there: bool

    def payment(self) -> OurPayment:
        return OurPayment(
            reference=self.receipt_reference or numbered(self.reference, self.attempt),
            invoice_id=self.invoice_id,
            state=self.state,
            received=None if self.received_minor is None else Money(self.received_minor, self.currency),
            fee_minor=self.fee_minor,
            posted_at=self.posted_at,
            is_due_there=self.is_due_there,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Return:
    """A row of `RETURNS`."""

    tag: str
    reference: str
    transaction_id: int | None
    invoice_id: InvoiceId | None
    state: str
    amount_minor: int
    currency: str
    provider_id: int | None
    is_due_there: bool

    def refund(self) -> OurRefund:
        return OurRefund(
            tag=self.tag,
            reference=self.reference,
            invoice_id=self.invoice_id,
            state=self.state,
            money=Money(self.amount_minor, self.currency),
            provider_id=self.provider_id,
            is_due_there=self.is_due_there,
        )


class Reconciling:
    """The job of a comparison; fetching twice changes nothing, so it is repeated at will."""

    def __init__(self, ground: Ground) -> None:
        self._providers = ground.providers
        self._vault = ground.vault.kept_for(NAME)

    def kind(self) -> JobKind[Compared, ListCall, Listed]:
        return JobKind(
            name=RECONCILE,
            destination=NAME,
            payload=Compared,
            prepare=self.prepare,
            perform=fetch,
            store=self.store,
            gave_up=self.gave_up,
            policy=Policy(attempts=50, give_up_after=timedelta(days=7), time_limit=timedelta(minutes=10)),
        )

    def prepare(self, work: Work, job: Claimed[Compared]) -> ListCall | Next:
        line = line_of(work, self._providers)
        if line is None:
            return GiveUp("No key of Paystack is entered.")
        since, until = work.connection.execute(DAYS, (job.payload.reconciliation_id,)).fetchone() or (
            None,
            None,
        )
        assert since is not None, "a comparison is never deleted"
        assert until is not None
        return ListCall(line=line, since=since, until=until, seen_at=work.now)

    def store(self, work: Work, job: Claimed[Compared], listed: Listed) -> Next:
        """Posts, raises tasks and writes the report in one transaction."""
        ours = _our_payments(work, listed)
        drafts = [draft for one in listed.transactions for draft in self._compare(work, one, ours, listed)]
        missed = [one for one in ours.values() if not listed.names(one.reference)]
        drafts += missing_there(missed, (one.reference for one in listed.transactions))
        returns = _our_returns(work, listed)
        drafts += self._compare_refunds(work, listed, returns)
        drafts += [not_read(row) for row in listed.unread]
        for draft in drafts:
            _write(work, job, draft)
        done = {
            "id": job.payload.reconciliation_id,
            "now": work.now,
            "compared": len(listed.transactions) + len(listed.refunds),
            "sums": msgspec.json.encode(_sums(work, listed)).decode(),
        }
        work.send(DONE, done)
        self._tell(work, job, ReconciliationState.DONE)
        return Finished()

    def gave_up(self, work: Work, job: Claimed[Compared], reason: str) -> None:
        """The report says why there is none; the next night tries again."""
        work.send(FAILED, {"id": job.payload.reconciliation_id, "now": work.now, "why": reason})
        self._tell(work, job, ReconciliationState.FAILED)

    def _tell(self, work: Work, job: Claimed[Compared], state: ReconciliationState) -> None:
        nightly.ask_next(work)
        stored = find_reconciliation(work, job.payload.reconciliation_id)
        finished = ReconciliationFinished(
            reconciliation_id=stored.id, state=state, differences=stored.differences
        )
        work.emit(finished, audience=Permission.RECONCILE)

    def _compare(
        self, work: Work, theirs: Transaction, ours: dict[str, OurPayment], listed: Listed
    ) -> list[Draft]:
        before = ours.get(theirs.reference)
        is_posted = asks_somebody = False
        if has_news(theirs, before):
            learnt = learn(work, self._vault, theirs)
            is_posted, asks_somebody = learnt.is_posted, bool(learnt.tasks)
        return compare_payment(
            theirs, before, is_posted=is_posted, asks_somebody=asks_somebody, seen_at=listed.seen_at
        )

    def _compare_refunds(self, work: Work, listed: Listed, returns: Sequence[_Return]) -> list[Draft]:
        ours = {one.tag: one.refund() for one in returns}
        by_number = {one.provider_id: one.tag for one in returns if one.provider_id is not None}
        names = {one.id: one.reference for one in listed.transactions if one.id is not None}
        names |= {one.transaction_id: one.reference for one in returns if one.transaction_id is not None}
        drafts: list[Draft] = []
        seen = {tag for tag in ours if listed.names(tag)}
        for theirs in listed.refunds:
            tag = tag_in(theirs, by_number, ours)
            reference = theirs.transaction_reference or names.get(theirs.transaction_id or 0, "")
            drafts += compare_refund(
                theirs,
                ours[tag] if tag else None,
                reference=reference or f"transaction {theirs.transaction_id}",
            )
            if tag:
                seen.add(tag)
                note_seen(work, find_return(work, tag, lock=True), theirs)
        return drafts + refunds_missing_there(ours.values(), seen)


def fetch(call: ListCall, outside: Outside) -> Listed:
    """Page by page; what is begun meanwhile may or may not be in it."""
    paystack = call.line.open(outside)
    since, until = call.since - CLOCKS_APART, call.until + CLOCKS_APART
    unread: list[UnreadRow] = []
    return Listed(
        transactions=list(paystack.transactions(since, until, unread=unread)),
        refunds=list(paystack.refunds(since, until, unread=unread)),
        unread=unread,
        since=call.since,
        until=call.until,
        seen_at=call.seen_at,
        test_mode=call.line.test_mode,
    )


def _our_payments(work: Work, listed: Listed) -> dict[str, OurPayment]:
    params = _period(listed) | {"references": [one.reference for one in listed.transactions]}
    rows = [row.payment() for row in work.rows(_Known, KNOWN, params)]
    return {row.reference: row for row in rows}


def _our_returns(work: Work, listed: Listed) -> list[_Return]:
    numbers = [one.id for one in listed.refunds if one.id is not None]
    return work.rows(_Return, RETURNS, _period(listed) | {"numbers": numbers})


def _period(listed: Listed) -> dict[str, Any]:
    return {
        "since": listed.since,
        "until": min(listed.until, listed.seen_at),
        "test_mode": listed.test_mode,
    }


def _write(work: Work, job: Claimed[Compared], draft: Draft) -> None:
    task_id = None
    if draft.wish is not None:
        task_id = raise_task(
            work, draft.wish, reference=draft.reference, invoice_id=draft.invoice_id, item=draft.item
        )
    params = {
        "run": job.payload.reconciliation_id,
        "kind": draft.kind,
        "reference": draft.reference,
        "ours": draft.ours,
        "theirs": draft.theirs,
        "sentence": draft.sentence,
        "mended": draft.mended,
        "task_id": task_id,
        "invoice_id": draft.invoice_id,
    }
    work.send(WRITE, params)


def _sums(work: Work, listed: Listed) -> list[ReconciledSum]:
    come = [one for one in listed.transactions if one.status in HAS_COME]
    params = _period(listed) | {
        "references": [one.reference for one in come],
        "numbers": [one.id for one in listed.refunds if one.id is not None],
    }
    ours = [(name, Money(minor, currency)) for name, minor, currency in work.connection.execute(SUMS, params)]
    theirs = [("received", one.amount, one.currency) for one in come]
    theirs += [("fees", one.fees or 0, one.currency) for one in come]
    theirs += [
        ("refunded", one.amount, one.currency)
        for one in listed.refunds
        if one.status == RefundStatus.PROCESSED
    ]
    return add_up(ours, theirs)


DAYS = """
select first_day::timestamp at time zone time_zone, (last_day + 1)::timestamp at time zone time_zone
from reconciliation cross join clinic where reconciliation.id = %s
"""

# What we have begun in those days and had an answer to must be in the list: Paystack made it between our
# two moments. Receipts without a payment of ours are strangers, found by the list's own references.
KNOWN = """
select coalesce(transaction.reference, receipt.reference) as reference, coalesce(attempt, 1) as attempt,
    receipt.reference as receipt_reference, invoice_id, coalesce(state, 'paid') as state, received_minor,
    fee_minor, coalesce(receipt.currency, transaction.currency) as currency, posted_at,
    coalesce(opened_at <= %(until)s and started_at >= %(since)s, false) as is_due_there
from paystack_transaction as transaction
full join paystack_receipt as receipt on receipt.transaction_reference = transaction.reference
where coalesce(transaction.test_mode, receipt.test_mode) = %(test_mode)s
    and (receipt.reference = any(%(references)s)
        or split_part(transaction.reference, '.', 1) = any(
            select split_part(listed, '.', 1) from unnest(%(references)s::text[]) as listed)
        or (opened_at <= %(until)s and started_at >= %(since)s))
"""

RETURNS = """
select tag, returned.reference, receipt.provider_id as transaction_id,
    coalesce(refund.invoice_id, task.invoice_id) as invoice_id, returned.state, returned.amount_minor,
    returned.currency, returned.provider_id,
    returned.asked_at >= %(since)s and returned.asked_at <= %(until)s
        and returned.provider_id is not null as is_due_there
from paystack_refund as returned
join paystack_receipt as receipt on receipt.reference = returned.reference
left join refund on refund.id = refund_id
left join paystack_task as task on task.id = task_id
where receipt.test_mode = %(test_mode)s
    and (returned.provider_id = any(%(numbers)s) or returned.state in ('asked', 'pending')
        or (returned.asked_at >= %(since)s and returned.asked_at <= %(until)s))
"""

WRITE = """
insert into reconciliation_difference (reconciliation_id, kind, reference, ours, theirs, sentence, mended,
    task_id, invoice_id)
values (%(run)s, %(kind)s, %(reference)s, %(ours)s, %(theirs)s, %(sentence)s, %(mended)s, coalesce(
    %(task_id)s, (select min(id) from paystack_task where reference = %(reference)s and done_at is null)),
    %(invoice_id)s)
"""

SUMS = """
select 'received', sum(received_minor)::bigint, currency from paystack_receipt
where reference = any(%(references)s) group by currency
union all
select 'fees', coalesce(sum(fee_minor), 0)::bigint, currency from paystack_receipt
where reference = any(%(references)s) group by currency
union all
select 'refunded', sum(amount_minor)::bigint, currency from paystack_refund
where state = 'processed' and provider_id = any(%(numbers)s) group by currency
"""

DONE = """
update reconciliation set state = 'done', finished_at = %(now)s, compared = %(compared)s,
    sums = %(sums)s::jsonb, why = ''
where id = %(id)s
"""

FAILED = """
update reconciliation set state = 'failed', finished_at = %(now)s, why = %(why)s where id = %(id)s
"""
