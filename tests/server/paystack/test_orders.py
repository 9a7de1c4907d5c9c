"""Random orders of all that may happen to payments: money in is money posted, nothing twice, nothing lost."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, LiteralString

import pytest

from hms_server.contract.billing import Invoice
from hms_server.contract.paystack import (
    CancelOnlinePayment,
    CheckOnlinePayment,
    OnlineChannel,
    OnlinePayment,
    PaymentTask,
    TaskKind,
)
from hms_server.contract.reconciliation import RunReconciliation
from hms_server.contract.values import Role
from hms_server.paystack.provider import NAME
from hms_server.paystack.rules import without_number
from hms_server.paystack.watching import START
from tests.outside.paystack import DOWN, TOO_MANY
from tests.server.desk import FaultRaised
from tests.server.paystack.online import Online, notice

ACTS = 50
BILLS = 4
ODD: list[dict[str, Any]] = [
    {"amount": 30_000}, {"amount": 150_000}, {"bears_fees": True}, {"currency": "GHS"},
]  # fmt: skip


class Chaos:
    """Does one thing after another, as chance has it; a refusal is an answer like any other."""

    def __init__(self, online: Online, seed: int) -> None:
        self.online = online
        self.chance = random.Random(seed)  # noqa: S311 - a repeatable choice of acts, no secret
        self.bills: list[Invoice] = [online.bill(100_000) for _ in range(BILLS)]
        self.strangers = 0

    def act(self) -> None:
        acts: list[tuple[Callable[[], object], int]] = [
            (self.start, 5),
            (self.pay, 5),
            (self.pay_oddly, 2),
            (self.fail, 1),
            (self.hear, 4),
            (self.look, 3),
            (self.cancel, 1),
            (self.take_cash, 2),
            (self.refund, 3),
            (self.return_money, 2),
            (self.trouble, 3),
            (self.die, 2),
            (self.compare, 1),
            (self.stranger, 1),
            (self.wait, 6),
        ]
        chosen = self.chance.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
        with suppress(FaultRaised):
            chosen()

    def settle(self) -> None:
        """The line is good again, everything is heard of, and the books are compared."""
        self.online.theirs.troubles.clear()
        self.online.relay.let_claims_lapse()
        for status in ("processed", "processed"):
            self.online.pass_time(hours=3, every_s=600)
            self.online.theirs.process_refunds(status)
        self.online.pass_time(hours=30, every_s=1200)

    def start(self) -> None:
        bill = self.online.now(self.chance.choice(self.bills))
        amount = self.chance.choice([bill.due.amount_minor, bill.due.amount_minor // 2])
        channel = self.chance.choice([OnlineChannel.CHECKOUT, OnlineChannel.BANK_TRANSFER])
        self.online.start(bill, amount, channel=channel)

    def payable(self) -> str | None:
        """A reference whose page some payer may have seen: the answer reached us."""
        seen = {reference for (reference,) in self.online.billing.desk.sql(SHOWN)}
        open_there = [
            row.reference
            for row in self.online.theirs.payments.values()
            if row.reference in seen and row.status not in {"success", "reversed"}
        ]
        return self.chance.choice(open_there) if open_there else None

    def pay(self) -> None:
        if reference := self.payable():
            self.online.theirs.take(reference)

    def pay_oddly(self) -> None:
        if reference := self.payable():
            self.online.theirs.take(reference, **self.chance.choice(ODD))

    def fail(self) -> None:
        if reference := self.payable():
            self.online.theirs.fail(reference)

    def hear(self) -> None:
        """A notice of anything, true at this moment, once or twice."""
        if not self.online.theirs.payments:
            return
        row = self.chance.choice(list(self.online.theirs.payments.values()))
        for _ in range(self.chance.randint(1, 2)):
            self.online.notices.received("charge.success", notice("charge.success", row.written()))

    def any_payment(self) -> OnlinePayment | None:
        rows = self.online.billing.desk.sql("select reference from paystack_transaction order by started_at")
        return self.online.state(self.chance.choice(rows)[0]) if rows else None

    def look(self) -> None:
        if one := self.any_payment():
            self.online.billing.desk.ask(CheckOnlinePayment(reference=one.reference), Role.CASHIER)
            self.online.relay.run_due()

    def cancel(self) -> None:
        if one := self.any_payment():
            self.online.billing.desk.ask(CancelOnlinePayment(reference=one.reference), Role.CASHIER)

    def take_cash(self) -> None:
        bill = self.online.now(self.chance.choice(self.bills))
        self.online.billing.pay(bill, self.chance.choice([bill.due.amount_minor, 20_000]))

    def refund(self) -> None:
        bill = self.online.now(self.chance.choice(self.bills))
        if bill.payments:
            payment = self.chance.choice(bill.payments)
            self.online.refund(payment.id, self.chance.randint(1, 60_000), credit=self.chance.random() < 0.3)

    def return_money(self) -> None:
        self.online.theirs.process_refunds(self.chance.choice(["processed", "failed", "processing"]))

    def trouble(self) -> None:
        kind = self.chance.randrange(3)
        if kind == 0:
            self.online.theirs.lose_answers(self.chance.randint(1, 2))
        else:
            self.online.theirs.troubles.append(DOWN if kind == 1 else TOO_MANY)

    def die(self) -> None:
        relay = self.online.relay
        self.chance.choice([relay.die_after_claim, relay.die_during_call, relay.die_before_store])(NAME)
        self.online.relay = self.online.server()

    def compare(self) -> None:
        day = self.online.billing.desk.now.date()
        self.online.billing.desk.ask(RunReconciliation(first_day=day, last_day=day), Role.CASHIER)

    def stranger(self) -> None:
        self.strangers += 1
        data = {
            "reference": f"shop-{self.strangers}", "status": "success", "amount": 4_000,
            "currency": "NGN", "fees": 60, "domain": "test",
        }  # fmt: skip
        for _ in range(2):
            self.online.notices.received("charge.success", notice("charge.success", data))

    def wait(self) -> None:
        seconds = self.chance.choice([1, 5, 30, 120, 900])
        self.online.pass_time(seconds=seconds, every_s=max(1, seconds / 4))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_in_whatever_order_the_books_are_right(online: Online, seed: int) -> None:
    """Our books and Paystack's agree, every bill follows from its postings, loose money has its tasks."""
    chaos = Chaos(online, seed)
    for _ in range(ACTS):
        chaos.act()
        online.check_books()

    chaos.settle()

    online.check_books()
    online.check_against_theirs()
    tasks = online.tasks()
    assert _once(tasks)
    loose = sum(task.amount.amount_minor for task in tasks if task.amount)
    assert loose == -online.billing.balances().get("unallocated-receipts", 0)
    assert _odd(online) <= {without_number(task.reference) for task in tasks}
    strangers = [task for task in tasks if task.kind is TaskKind.UNKNOWN_REFERENCE]
    assert len(strangers) == chaos.strangers
    # One that was called off while nobody knew whether it had arrived ends so, and is watched instead.
    assert set(online.jobs("failed")) <= {START}


def _once(tasks: list[PaymentTask]) -> bool:
    """One payment may have several refunds that fail, but nothing else that goes wrong twice."""
    counted = Counter(
        (task.kind, task.reference) for task in tasks if task.kind is not TaskKind.REFUND_FAILED
    )
    return not counted or max(counted.values()) == 1


def _odd(online: Online) -> set[str]:
    """Payments that cannot have been plain: another currency, or less than was asked for."""
    return {
        without_number(row.reference)
        for row in online.theirs.payments.values()
        if row.paid_at and (row.currency != "NGN" or row.amount < row.requested)
    }


SHOWN: LiteralString = """
select case attempt when 1 then reference else reference || '.' || attempt end
from paystack_transaction where url <> '' or account is not null
"""
