"""Money that goes back: up to what was paid, once, with or without its charge, and the books balance."""

import random
from typing import Any, LiteralString
from uuid import uuid4

import msgspec
import psycopg
import pytest

from hms_server.billing import refunds
from hms_server.billing.commands import Incoming, lock_invoice, receive
from hms_server.contract.billing import (
    GetDrawer,
    GetReceipt,
    GetRefund,
    Invoice,
    InvoiceState,
    PaymentMethod,
    Receipt,
    RefundChanged,
    RefundId,
    RefundPayment,
    RefundReceipt,
    RefundState,
)
from hms_server.contract.values import Money, PaymentId, Role
from tests.server.billing.bills import Billing
from tests.server.desk import Desk, FaultRaised
from tests.server.working import working


def refund(
    billing: Billing, receipt: Receipt, amount_minor: int, *, credit: bool, reason: str = "Wrong patient"
) -> RefundReceipt:
    request = RefundPayment(
        payment_id=receipt.payment.id, amount=billing.money(amount_minor), reason=reason, credit=credit
    )
    return billing.desk.ask(request, Role.CASHIER)


def paid_through_paystack(billing: Billing, bill: Invoice, amount_minor: int) -> Receipt:
    """Money that has come for the bill, as the slice above posts it."""
    with working(billing.desk) as work:
        incoming = Incoming(
            method=PaymentMethod.PAYSTACK,
            account="paystack-clearing",
            amount_minor=amount_minor,
            tendered_minor=amount_minor,
            taken_by=billing.desk.actor(Role.CASHIER).person,
            reference=f"HMS-{uuid4()}",
        )
        receipt = receive(work, lock_invoice(work, bill.id), incoming)
        work.send(ADD_RECEIPT, (incoming.reference, amount_minor, amount_minor, receipt.payment.id, work.now))
        return receipt


def settle(billing: Billing, refund_id: RefundId, *, failed: str = "") -> bool:
    with working(billing.desk) as work:
        return refunds.settle_refund(work, refund_id, failed=failed)


def test_cash_goes_back_and_the_bill_owes_it_again(desk: Desk, billing: Billing) -> None:
    """The charge stands: the payment is undone in the books, with a number of its own."""
    receipt = billing.pay(billing.bill(billing.charged_visit(100_000)), 100_000)

    returned = refund(billing, receipt, 40_000, credit=False)

    assert (returned.refund.state, returned.refund.number) == (RefundState.PROCESSED, "RFD-2026-000001")
    assert returned.payment.refundable == billing.money(60_000)
    bill = returned.invoice
    assert (bill.state, bill.total, bill.paid, bill.due) == (
        InvoiceState.PART_PAID,
        billing.money(100_000),
        billing.money(60_000),
        billing.money(40_000),
    )
    assert bill == billing.bill(bill.encounter_id)
    assert billing.balances() == {
        "cash": 60_000,
        "patients-receivable": 40_000,
        "medicine-income": -100_000,
    }
    assert desk.events(RefundChanged)[-1].state is RefundState.PROCESSED


def test_a_charge_is_credited_with_its_refund(desk: Desk, billing: Billing) -> None:
    """Nothing is due again, and the income is smaller; of two incomes the larger is taken from first."""
    billing.price_consultation(30_000)
    visit = billing.charged_visit(100_000)
    billing.sign(visit)
    receipt = billing.pay(billing.bill(visit), 130_000)

    returned = refund(billing, receipt, 110_000, credit=True)

    assert (returned.invoice.total, returned.invoice.due) == (billing.money(20_000), billing.money(0))
    assert returned.invoice.state is InvoiceState.PAID
    assert billing.balances() == {
        "cash": 20_000,
        "patients-receivable": 0,
        "medicine-income": 0,
        "consultation-income": -20_000,
    }
    assert billing.unlike_the_ledger() == []


def test_a_part_paid_bill_keeps_what_is_due(desk: Desk, billing: Billing) -> None:
    """A credit of what was paid leaves what was not."""
    receipt = billing.pay(billing.bill(billing.charged_visit(100_000)), 30_000)

    bill = refund(billing, receipt, 30_000, credit=True).invoice

    assert (bill.total, bill.paid, bill.due) == tuple(billing.money(sum_) for sum_ in (70_000, 0, 70_000))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"amount": Money(0, "NGN")}, "billing.refund_amount", "amount"),
        ({"amount": Money(-5, "NGN")}, "billing.refund_amount", "amount"),
        ({"amount": Money(60_001, "NGN")}, "billing.refund_amount", "amount"),
        ({"amount": Money(10, "GHS")}, "billing.currency", "amount"),
        ({"reason": "  "}, "billing.refund_reason", "reason"),
        ({"reason": "x" * 501}, "billing.refund_reason", "reason"),
        ({"payment_id": PaymentId(99)}, "billing.unknown_payment", "payment_id"),
    ],
)
def test_a_wrong_refund_is_refused_at_its_field(
    desk: Desk, billing: Billing, changes: dict[str, Any], code: str, field: str
) -> None:
    """Nothing is returned."""
    receipt = billing.pay(billing.bill(billing.charged_visit(100_000)), 60_000)
    right = RefundPayment(
        payment_id=receipt.payment.id, amount=billing.money(60_000), reason="Wrong", credit=False
    )

    fault = desk.fault(msgspec.structs.replace(right, **changes), Role.CASHIER)

    assert (fault.code, fault.field) == (code, field)
    assert desk.sql("select count(*) from refund") == [(0,)]


def test_what_was_returned_cannot_be_returned_again(desk: Desk, billing: Billing) -> None:
    """Nor by the desk next to it at the same moment."""
    receipt = billing.pay(billing.bill(billing.charged_visit(100_000)), 50_000)

    codes = desk.together(4, lambda _: _try(billing, receipt, 30_000))

    assert sorted(code or "" for code in codes) == ["", *["billing.refund_amount"] * 3]
    assert desk.sql("select sum(amount_minor)::bigint from refund") == [(30_000,)]
    refund(billing, receipt, 20_000, credit=False)
    assert _try(billing, receipt, 1) == "billing.refunded_already"


def test_the_database_itself_refuses_a_refund_above_the_payment(desk: Desk, billing: Billing) -> None:
    """Whoever writes it, and in whatever currency."""
    receipt = billing.pay(billing.bill(billing.charged_visit(100_000)), 50_000)

    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        desk.sql(ADD_BEHIND, (receipt.payment.id, receipt.invoice.id, 50_001, desk.now))

    assert refused.value.diag.constraint_name == "refund_within_payment"


@pytest.mark.parametrize(
    "statement",
    [
        "update refund set amount_minor = 1",
        "update refund set state = 'failed', entry_id = null, refund_year = null, refund_seq = null",
        "delete from refund",
    ],
)
def test_a_refund_stands_once_it_is_settled(desk: Desk, billing: Billing, statement: LiteralString) -> None:
    """It is never changed behind the ledger's back."""
    refund(billing, billing.pay(billing.bill(billing.charged_visit(100)), 100), 40, credit=False)

    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.sql(statement)


def test_a_pending_refund_sets_the_amount_aside(desk: Desk, billing: Billing) -> None:
    """Through Paystack nothing is posted before it is known, and nothing can be returned twice meanwhile."""
    bill = billing.bill(billing.charged_visit(100_000))
    receipt = paid_through_paystack(billing, bill, 100_000)

    asked = refund(billing, receipt, 70_000, credit=False)

    assert (asked.refund.state, asked.refund.number, asked.refund.settled_at) == (
        RefundState.PENDING,
        "",
        None,
    )
    assert asked.payment.refundable == billing.money(30_000)
    assert asked.invoice.due == billing.money(0)
    assert _try(billing, receipt, 30_001) == "billing.refund_amount"

    assert settle(billing, asked.refund.id)
    assert not settle(billing, asked.refund.id)
    assert not settle(billing, asked.refund.id, failed="The bank said no.")

    assert billing.balances() == {
        "paystack-clearing": 30_000,
        "patients-receivable": 70_000,
        "medicine-income": -100_000,
    }
    copy = desk.ask(GetRefund(refund_id=asked.refund.id), Role.CASHIER)
    assert (copy.refund.number, copy.invoice.due) == ("RFD-2026-000001", billing.money(70_000))


def test_a_failed_refund_sets_the_amount_free(desk: Desk, billing: Billing) -> None:
    """Nothing is posted, the reason stands beside it, and it may be asked for again."""
    receipt = paid_through_paystack(billing, billing.bill(billing.charged_visit(100)), 100)
    asked = refund(billing, receipt, 100, credit=True)

    settle(billing, asked.refund.id, failed="The bank said no.")

    (row,) = billing.bill(asked.invoice.encounter_id).refunds
    assert (row.state, row.why, row.number) == (RefundState.FAILED, "The bank said no.", "")
    assert refund(billing, receipt, 100, credit=True).refund.state is RefundState.PENDING
    assert billing.balances()["paystack-clearing"] == 100


def test_a_copy_of_a_receipt_shows_no_later_refund(desk: Desk, billing: Billing) -> None:
    """The bill as the payment left it; the refund's own receipt shows it as the refund left it."""
    receipt = billing.pay(billing.bill(billing.charged_visit(100)), 60)
    first = refund(billing, receipt, 10, credit=False)
    second = refund(billing, receipt, 20, credit=False)

    copy = desk.ask(GetReceipt(payment_id=receipt.payment.id), Role.CASHIER)
    refunds_copy = desk.ask(GetRefund(refund_id=first.refund.id), Role.CASHIER)

    assert (copy.invoice.due, copy.invoice.refunds) == (billing.money(40), [])
    assert (refunds_copy.invoice.due, refunds_copy.invoice.refunds) == (billing.money(50), [first.refund])
    assert second.refund.number == "RFD-2026-000002"
    assert desk.fault(GetRefund(refund_id=RefundId(99)), Role.CASHIER).code == "billing.unknown_refund"


def test_the_drawer_is_emptier_by_what_was_returned(desk: Desk, billing: Billing) -> None:
    """Only cash, and only what this cashier returned today."""
    receipt = billing.pay(billing.bill(billing.charged_visit(1_000)), 1_000)
    online = paid_through_paystack(billing, billing.bill(billing.charged_visit(500)), 500)
    refund(billing, receipt, 300, credit=False)
    refund(billing, online, 500, credit=False)

    drawer = desk.ask(GetDrawer(), Role.CASHIER)

    assert (drawer.payments, drawer.cash_taken, drawer.refunds, drawer.cash_refunded) == (
        1,
        billing.money(700),
        1,
        billing.money(300),
    )


def test_only_cash_is_taken_by_hand(desk: Desk, billing: Billing) -> None:
    """A payment through Paystack is posted when it has come, never because somebody says so."""
    bill = billing.bill(billing.charged_visit(100))
    request = msgspec.structs.replace(billing.payment(bill, 100), method=PaymentMethod.PAYSTACK)

    fault = desk.fault(request, Role.CASHIER)

    assert (fault.code, fault.field) == ("billing.method", "method")


def test_a_cashier_reads_what_was_returned_meanwhile(desk: Desk, billing: Billing) -> None:
    """A screen that shows an older bill is told who returned what."""
    receipt = billing.pay(billing.bill(billing.charged_visit(100_000)), 60_000)
    refund(billing, receipt, 10_000, credit=False)

    fault = desk.fault(billing.payment(receipt.invoice, 40_000), Role.CASHIER)

    assert fault.message == (
        "Kwame Boateng returned ₦\u00a0100.00 at 09:00 (RFD-2026-000001). "
        "Nothing was taken: ₦\u00a0500.00 are due now."
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_books_balance_after_any_payments_and_refunds(desk: Desk, billing: Billing, seed: int) -> None:
    """Every order of paying, returning, crediting and failing leaves sums that follow from the postings."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice of acts, no secret
    billing.price_consultation(7_000)
    visit = billing.charged_visit(10_000)
    billing.sign(visit)
    receipts: list[Receipt] = []
    pending: list[RefundId] = []

    for _ in range(40):
        _act(billing, billing.bill(visit), chance, receipts, pending)

    bill = billing.bill(visit)
    assert billing.unlike_the_ledger() == []
    assert sum(billing.balances().values()) == 0
    assert bill.total.amount_minor >= bill.paid.amount_minor >= 0
    assert [row[0] for row in desk.sql(NUMBERS)] == list(range(1, len(desk.sql(NUMBERS)) + 1))


def _act(
    billing: Billing,
    bill: Invoice,
    chance: random.Random,
    receipts: list[Receipt],
    pending: list[RefundId],
) -> None:
    due = bill.due.amount_minor
    if due and chance.random() < 0.5:
        pay = billing.pay if chance.random() < 0.5 else lambda b, a: paid_through_paystack(billing, b, a)
        receipts.append(pay(bill, chance.randint(1, due)))
    elif pending and chance.random() < 0.5:
        settle(billing, pending.pop(), failed=chance.choice(["", "No."]))
    elif receipts:
        receipt = chance.choice(receipts)
        try:
            asked = refund(
                billing,
                receipt,
                chance.randint(1, receipt.payment.amount.amount_minor),
                credit=chance.random() < 0.3,
            )
        except FaultRaised as refused:
            if refused.fault.code in {"billing.refund_amount", "billing.refunded_already"}:
                return
            raise
        if asked.refund.state is RefundState.PENDING:
            pending.append(asked.refund.id)


def _try(billing: Billing, receipt: Receipt, amount_minor: int) -> str | None:
    try:
        refund(billing, receipt, amount_minor, credit=False)
    except FaultRaised as refused:
        return refused.fault.code
    return None


ADD_RECEIPT: LiteralString = """
insert into paystack_receipt (reference, received_minor, credited_minor, payer_fee_minor, unallocated_minor,
    currency, channel, test_mode, payment_id, posted_at)
values (%s, %s, %s, 0, 0, 'NGN', 'card', true, %s, %s)
"""
ADD_BEHIND: LiteralString = """
insert into refund (payment_id, invoice_id, method, amount_minor, currency, credit, reason,
    asked_at, asked_by)
values (%s, %s, 'cash', %s, 'NGN', false, 'Behind', %s, 1)
"""
NUMBERS: LiteralString = "select refund_seq from refund where refund_seq is not null order by refund_seq"
