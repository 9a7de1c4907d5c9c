"""The job that asks Paystack for a refund and follows it to its end."""

from dataclasses import dataclass
from datetime import timedelta

from hms_server.contract.relay import Trouble
from hms_server.paystack.channels import to_subunits
from hms_server.paystack.client import Paystack
from hms_server.paystack.messages import Refund, RefundStatus
from hms_server.paystack.provider import NAME, Line, line_of
from hms_server.paystack.refunding import (
    REFUND,
    TAG,
    StoredReturn,
    Tagged,
    fail_return,
    find_return,
    note_seen,
    stuck_return,
)
from hms_server.paystack.rules import pause_of_refund
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Again, Claimed, Finished, JobKind, Next, Policy
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work

NO_KEY = timedelta(minutes=10)
"""While no key is entered, money cannot go back; the destination is switched off then, as a rule."""


SURE_AFTER = timedelta(minutes=2)
"""A call whose answer was lost may arrive until then, which is longer than any call may take."""
UNTIL_COMPARED = timedelta(minutes=1)
LOOK_FIRST = (
    "Paystack lists a refund of this payment that is not in the books. Settle the task about it first, then "
    "ask again."
)
NO_NUMBER = "Paystack's answer does not name the refund."


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCall:
    """`provider_id` is Paystack's number of the refund, once it is known."""

    line: Line
    tag: str
    reference: str
    amount: int
    currency: str
    provider_id: int | None
    in_doubt: bool
    strangers: bool
    """Paystack has refunds of this payment that the books do not know; `known` are those that they do."""
    known: frozenset[int] = frozenset()


class Returning:
    """Paystack has no key by which it would know a second call: after doubt its list is searched first."""

    def __init__(self, ground: Ground) -> None:
        self._providers = ground.providers

    def kind(self) -> JobKind[Tagged, RefundCall, Refund | None]:
        return JobKind(
            name=REFUND,
            destination=NAME,
            payload=Tagged,
            prepare=self.prepare,
            perform=return_money,
            store=self.store,
            on_trouble=self.on_trouble,
            gave_up=self.gave_up,
            policy=Policy(attempts=100, give_up_after=timedelta(days=60)),
        )

    def prepare(self, work: Work, job: Claimed[Tagged]) -> RefundCall | Next:
        stored = find_return(work, job.payload.tag, lock=True)
        if stored.is_settled:
            return Finished()
        if stored.provider_id is None and work.value(COMPARING):
            return Again(UNTIL_COMPARED)
        if job.uncertain and stored.provider_id is None and (rest := _rest_of_doubt(work, stored)):
            return Again(rest)
        line = line_of(work, self._providers)
        if line is None:
            return Again(NO_KEY)
        return RefundCall(
            line=line,
            tag=stored.tag,
            reference=stored.reference,
            amount=to_subunits(stored.money),
            currency=stored.currency,
            provider_id=stored.provider_id,
            in_doubt=job.uncertain,
            strangers=bool(work.value(STRANGERS, (stored.reference,))),
            known=frozenset(
                known for (known,) in work.connection.execute(KNOWN, (stored.reference,)).fetchall()
            ),
        )

    def store(self, work: Work, job: Claimed[Tagged], theirs: Refund | None) -> Next:
        """Looks again until the money has gone or is known to stay."""
        stored = find_return(work, job.payload.tag, lock=True)
        if theirs is not None:
            stored = note_seen(work, stored, theirs)
        if stored.is_settled:
            return Finished()
        return Again(pause_of_refund(work.now - stored.asked_at))

    def on_trouble(self, work: Work, job: Claimed[Tagged], fault: OutsideFault) -> Next | None:
        """A refusal means that the money stays, unless the refund is under way already."""
        stored = find_return(work, job.payload.tag, lock=True)
        if job.uncertain and not fault.may_have_arrived:
            # Only the search did not come through: nothing new is on its way.
            work.send(DOUBT, (stored.asked_at, stored.tag))
        if fault.trouble is not Trouble.DECLINED or stored.provider_id is not None:
            return None
        if not stored.is_settled:
            fail_return(work, stored, fault.sentence)
        return Finished()

    def gave_up(self, work: Work, job: Claimed[Tagged], reason: str) -> None:
        """Money that Paystack was never asked for is free again; else somebody looks where it is."""
        stored = find_return(work, job.payload.tag, lock=True)
        if stored.is_settled:
            return
        if job.uncertain or stored.provider_id is not None:
            stuck_return(work, stored, reason)
        else:
            fail_return(work, stored, reason)


def return_money(call: RefundCall, outside: Outside) -> Refund | None:
    """Asks for the refund, or looks how it stands; None where that cannot be seen just now."""
    paystack = call.line.open(outside)
    if call.provider_id is not None:
        return paystack.fetch_refund(call.provider_id)
    if call.in_doubt:
        asked_before = _find_ours(paystack, call)
        if asked_before is not None:
            return _numbered(asked_before)
    if call.strangers:
        return _numbered(_find_forgotten(paystack, call))
    return _numbered(
        paystack.refund(call.reference, amount=call.amount, currency=call.currency, merchant_note=call.tag)
    )


def _numbered(theirs: Refund) -> Refund:
    """Without its number a refund cannot be followed, and the next run would ask for another one."""
    if theirs.id is None:
        raise OutsideFault(Trouble.GARBLED, NO_NUMBER, may_have_arrived=True)
    return theirs


def _rest_of_doubt(work: Work, stored: StoredReturn) -> timedelta | None:
    """How long a lost call may still be on its way; the doubt counts from when it was first noticed."""
    if stored.doubted_at is None:
        work.send(DOUBT, (work.now, stored.tag))
        return SURE_AFTER
    rest = stored.doubted_at + SURE_AFTER - work.now
    if rest > timedelta():
        return rest
    # What is asked for from now on may be lost anew.
    work.send(DOUBT, (None, stored.tag))
    return None


def _find_ours(paystack: Paystack, call: RefundCall) -> Refund | None:
    transaction = paystack.verify(call.reference)
    if transaction is None:
        return None
    ours = [row for row in paystack.refunds_of(transaction) if call.tag in (row.merchant_note or "")]
    return ours[0] if ours else None


def _find_forgotten(paystack: Paystack, call: RefundCall) -> Refund:
    """The same refund asked for before a restore, whose books have forgotten it; it is taken over.

    Where there is none, nothing is asked for: somebody looks first at the refund that the books do not know.
    """
    transaction = paystack.verify(call.reference)
    refunds = [] if transaction is None else paystack.refunds_of(transaction)
    for row in refunds:
        is_same = (row.amount, row.currency) == (call.amount, call.currency)
        stays = row.status == RefundStatus.FAILED
        if is_same and not stays and row.id not in call.known and TAG in (row.merchant_note or ""):
            return row
    raise OutsideFault(Trouble.DECLINED, LOOK_FIRST, may_have_arrived=False)


DOUBT = "update paystack_refund set doubted_at = %s where tag = %s"
# Only a restore asks for a comparison that says why: what Paystack has done meanwhile is not in the books.
COMPARING = "select true from reconciliation where state = 'waiting' and why <> '' limit 1"
STRANGERS = """
select true from paystack_task where kind = 'unknown_refund' and reference = %s and done_at is null limit 1
"""
KNOWN = "select provider_id from paystack_refund where reference = %s and provider_id is not null"
