"""The kinds of jobs of this slice, and the one that watches a payment to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hms_server.contract.paystack import OnlineState, TaskKind
from hms_server.paystack.codes import PassingOn
from hms_server.paystack.messages import Transaction
from hms_server.paystack.models import find_transaction
from hms_server.paystack.postings import learn, move
from hms_server.paystack.provider import NAME, Line, line_of
from hms_server.paystack.reconcile import Reconciling
from hms_server.paystack.refund_jobs import Returning
from hms_server.paystack.rules import Standing, Wish, watch
from hms_server.paystack.starting import UNKNOWN_THERE, Starting
from hms_server.paystack.tasks import raise_task
from hms_server.paystack.watching import WATCH, Payload, needs_page, why_of
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Again, Claimed, Finished, JobKind, Next, Policy
from hms_server.relay.outside import Outside
from hms_server.work import Work

PAGE_LOST = "Paystack's answer was lost, and nobody can have paid. Start the payment again."


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCall:
    line: Line
    reference: str


class Watching:
    """The job that asks how a payment stands, at growing pauses."""

    def __init__(self, ground: Ground) -> None:
        self._providers = ground.providers
        self._vault = ground.vault.kept_for(NAME)

    def kind(self) -> JobKind[Payload, WatchCall, Transaction | None]:
        return JobKind(
            name=WATCH,
            destination=NAME,
            payload=Payload,
            prepare=self.prepare,
            perform=look,
            store=self.store,
            gave_up=self.gave_up,
            policy=Policy(first=timedelta(seconds=3), attempts=500, give_up_after=timedelta(days=3)),
        )

    def prepare(self, work: Work, job: Claimed[Payload]) -> WatchCall | Next:
        """Nothing is asked any more once the money is in the books."""
        transaction = find_transaction(work, job.payload.reference)
        assert transaction is not None
        line = line_of(work, self._providers)
        if transaction.is_received or line is None or line.test_mode != transaction.test_mode:
            return Finished()
        return WatchCall(line=line, reference=transaction.asked_reference)

    def store(self, work: Work, job: Claimed[Payload], found: Transaction | None) -> Next:
        """Posts what has come; else says where it stands, and when to look again."""
        if found is not None:
            learnt = learn(work, self._vault, found)
            if learnt.standing in (Standing.PAID, Standing.REVERSED):
                return Finished()
        transaction = find_transaction(work, job.payload.reference, lock=True)
        assert transaction is not None
        if transaction.is_received:
            return Finished()
        if needs_page(transaction) and not (transaction.url or transaction.account):
            move(work, transaction, OnlineState.FAILED, why=PAGE_LOST)
            return Finished()
        seen = watch(
            None if found is None else found.status,
            work.now - (transaction.opened_at or transaction.started_at),
        )
        why = why_of(found) if found and seen.state is OnlineState.FAILED else _words_of(seen.state)
        move(work, transaction, seen.state, why=why)
        return Finished() if seen.again is None else Again(seen.again)

    def gave_up(self, work: Work, job: Claimed[Payload], reason: str) -> None:
        """Nobody knows whether the payer has paid: somebody has to look at Paystack's own pages."""
        transaction = find_transaction(work, job.payload.reference, lock=True)
        assert transaction is not None
        if transaction.is_received:
            return
        move(work, transaction, OnlineState.GIVEN_UP, why=reason)
        sentence = (
            f"Whether the online payment of {transaction.invoice_number} was made could not be learnt: "
            f"{reason} Look for {transaction.asked_reference} on Paystack's dashboard."
        )
        raise_task(
            work,
            Wish(kind=TaskKind.STUCK, sentence=sentence),
            reference=transaction.asked_reference,
            invoice_id=transaction.invoice_id,
        )


def look(call: WatchCall, outside: Outside) -> Transaction | None:
    """How the payment stands."""
    return call.line.open(outside).verify(call.reference)


def _words_of(state: OnlineState) -> str:
    return {
        OnlineState.FAILED: UNKNOWN_THERE,
        OnlineState.ABANDONED: "The payer did not pay within an hour.",
        OnlineState.GIVEN_UP: "Paystack still called it under way after a day. It is looked for each night.",
    }.get(state, "")


def job_kinds(ground: Ground) -> Sequence[JobKind[Any, Any, Any]]:
    """For the relay's table."""
    return (
        Starting(ground).kind(),
        Watching(ground).kind(),
        PassingOn(ground).kind(),
        Returning(ground).kind(),
        Reconciling(ground).kind(),
    )
