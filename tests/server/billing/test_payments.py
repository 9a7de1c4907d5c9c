"""Taking money: once, with change, up to what is due, with a receipt that can be printed again."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from hms_server.contract.billing import (
    GetDrawer,
    GetReceipt,
    InvoiceChanged,
    InvoiceState,
    ListToPay,
    TakePayment,
)
from hms_server.contract.values import Money, PaymentId, Role
from hms_server.contract.visits import QueueChanged
from tests.server.billing.bills import Billing
from tests.server.desk import Desk, FaultRaised
from tests.server.pharmacy.shelves import Pharmacy


def test_a_bill_is_paid_with_change(desk: Desk, billing: Billing) -> None:
    """The receipt has everything; the ticket ends, the bill is paid, the money is in the drawer."""
    visit = billing.charged_visit(186_500)
    ticket = billing.pharmacy.ticket(visit, "B")

    receipt = billing.pay(billing.bill(visit), 186_500, tendered_minor=200_000, ticket_id=ticket)

    assert receipt.payment.receipt_number == "REC-2026-000001"
    assert (receipt.payment.amount, receipt.payment.tendered, receipt.payment.change) == (
        billing.money(186_500),
        billing.money(200_000),
        billing.money(13_500),
    )
    assert receipt.payment.taken_by.name == "Kwame Boateng"
    assert receipt.invoice == billing.bill(visit)
    assert (receipt.invoice.state, receipt.invoice.due) == (InvoiceState.PAID, billing.money(0))
    assert billing.balances() == {
        "cash": 186_500,
        "patients-receivable": 0,
        "medicine-income": -186_500,
    }
    assert desk.sql("select state from ticket") == [("done",)]
    assert desk.events(QueueChanged)[-1].ticket_id == ticket
    assert desk.events(InvoiceChanged)[-1].invoice_id == receipt.invoice.id
    assert desk.ask(ListToPay(), Role.CASHIER).rows == []


def test_a_part_keeps_the_rest_owing(desk: Desk, billing: Billing) -> None:
    """The ticket stays open, the bill is part paid, and the second payment ends both."""
    visit = billing.charged_visit(100_000)
    ticket = billing.pharmacy.ticket(visit, "B")

    first = billing.pay(billing.bill(visit), 40_000, ticket_id=ticket)
    listed = desk.ask(ListToPay(), Role.CASHIER).rows
    second = billing.pay(first.invoice, 60_000, ticket_id=ticket)

    assert (first.invoice.state, first.invoice.due) == (InvoiceState.PART_PAID, billing.money(60_000))
    assert [(row.ticket and row.ticket.id, row.due, row.state) for row in listed] == [
        (ticket, billing.money(60_000), InvoiceState.PART_PAID)
    ]
    assert (second.invoice.state, len(second.invoice.payments)) == (InvoiceState.PAID, 2)
    assert desk.sql("select state from ticket") == [("done",)]


def test_those_at_the_desk_come_before_those_who_owe(desk: Desk, billing: Billing) -> None:
    """The queue first, then the unpaid bills, the newest first; what is paid is gone."""
    old, new, waiting, paid = (
        billing.charged_visit(100, name=name) for name in ("A Ada", "B Bayo", "C Chi", "D Dayo")
    )
    ticket = billing.pharmacy.ticket(waiting, "B")
    billing.pay(billing.bill(paid), 100)

    rows = desk.ask(ListToPay(), Role.CASHIER).rows

    assert [(row.ticket and row.ticket.id, row.encounter_id) for row in rows] == [
        (ticket, waiting),
        (None, new),
        (None, old),
    ]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"amount": Money(0, "NGN")}, "billing.amount", "amount"),
        ({"amount": Money(-1, "NGN")}, "billing.amount", "amount"),
        ({"amount": Money(100_001, "NGN")}, "billing.above_due", "amount"),
        ({"amount": Money(100_000, "GHS")}, "billing.currency", "amount"),
        ({"tendered": Money(100_000, "USD")}, "billing.currency", "tendered"),
        ({"tendered": Money(99_999, "NGN")}, "billing.tendered", "tendered"),
        ({"tendered": Money(10**18, "NGN")}, "billing.tendered", "tendered"),
        ({"invoice_id": 999}, "billing.unknown_invoice", "invoice_id"),
        ({"version": 7}, "billing.changed_meanwhile", "version"),
    ],
)
def test_a_wrong_payment_is_refused_at_its_field(
    desk: Desk, billing: Billing, changes: dict[str, Any], code: str, field: str
) -> None:
    """Nothing is taken, and the sentence belongs to the field."""
    bill = billing.bill(billing.charged_visit(100_000))
    request = msgspec.structs.replace(billing.payment(bill, 100_000), **changes)

    fault = desk.fault(request, Role.CASHIER)

    assert (fault.code, fault.field) == (code, field)
    assert desk.sql("select count(*) from payment") == [(0,)]


def test_a_paid_bill_takes_no_more(desk: Desk, billing: Billing) -> None:
    """Also from a screen that shows the newest version."""
    receipt = billing.pay(billing.bill(billing.charged_visit(100)), 100)

    fault = desk.fault(billing.payment(receipt.invoice, 1), Role.CASHIER)

    assert (fault.code, fault.field) == ("billing.nothing_due", "amount")


def test_the_second_cashier_reads_who_was_faster(desk: Desk, billing: Billing) -> None:
    """Of many windows at once one takes the money; the others name it, and the receipt."""
    cashiers = [desk.add_staff(Role.CASHIER, f"Cashier {number}") for number in range(5)]
    bill = billing.bill(billing.charged_visit(100_000))
    request = billing.payment(bill, 100_000)

    faults = [fault for fault in desk.together(5, lambda n: _try(desk, request, by=cashiers[n])) if fault]

    assert [fault.code for fault in faults] == ["billing.changed_meanwhile"] * 4
    taken_by = billing.bill(bill.encounter_id).payments[0].taken_by.name
    assert faults[0].message == (
        f"{taken_by} took ₦\u00a01,000.00 at 09:00 (REC-2026-000001). "
        "Nothing was taken: ₦\u00a00.00 are due now."
    )
    assert billing.balances()["cash"] == 100_000


def test_a_bill_that_grew_is_looked_at_again(desk: Desk, billing: Billing) -> None:
    """A charge that came meanwhile is named, so that nobody leaves with half the bill paid unseen."""
    visit = billing.charged_visit(100_000)
    seen = billing.bill(visit)
    product = billing.pharmacy.product()
    billing.price(product, 50)
    billing.dispense(visit, product, 2)

    fault = desk.fault(billing.payment(seen, 100_000), Role.CASHIER)

    assert fault.code == "billing.changed_meanwhile"
    assert fault.message.startswith("Amoxicillin 500 mg capsule was added.")
    assert fault.data["due_minor"] == "100100"


def test_the_same_request_twice_takes_once(desk: Desk, billing: Billing) -> None:
    """A double click, a retry and a replay get the first receipt."""
    bill = billing.bill(billing.charged_visit(100_000))
    request_id = uuid4()

    receipts = desk.together(4, lambda _: billing.pay(bill, 40_000, request_id=request_id))

    assert {receipt.payment.receipt_number for receipt in receipts} == {"REC-2026-000001"}
    assert billing.balances()["cash"] == 40_000


def test_a_copy_shows_the_bill_as_it_was(desk: Desk, billing: Billing) -> None:
    """Later charges and payments do not appear on the copy of an earlier receipt."""
    visit = billing.charged_visit(100_000)
    first = billing.pay(billing.bill(visit), 40_000)
    product = billing.pharmacy.product()
    billing.price(product, 50)
    billing.dispense(visit, product, 2)
    second = billing.pay(billing.bill(visit), 60_100)

    copies = [
        desk.ask(GetReceipt(payment_id=receipt.payment.id), Role.CASHIER) for receipt in (first, second)
    ]

    assert copies == [first, second]
    assert desk.fault(GetReceipt(payment_id=PaymentId(99)), Role.CASHIER).code == "billing.unknown_payment"


def test_a_ticket_of_somebody_else_is_refused(desk: Desk, billing: Billing) -> None:
    """Nobody is sent home by another patient's payment."""
    bill = billing.bill(billing.charged_visit(100))
    other = billing.pharmacy.ticket(billing.charged_visit(100, name="Bayo Ade"), "B")

    fault = desk.fault(billing.payment(bill, 100, ticket_id=other), Role.CASHIER)

    assert (fault.code, fault.field) == ("billing.ticket_of_another", "ticket_id")


def test_receipts_are_counted_by_the_clinics_year(desk: Desk, billing: Billing) -> None:
    """The count begins anew at midnight in the clinic."""
    first, second, third = (billing.bill(billing.charged_visit(100)) for _ in range(3))
    desk.now = datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
    numbers = [billing.pay(bill, 100).payment.receipt_number for bill in (first, second)]

    desk.pass_time(minutes=1)
    numbers.append(billing.pay(third, 100).payment.receipt_number)

    assert numbers == ["REC-2026-000001", "REC-2026-000002", "REC-2027-000001"]


def test_the_drawer_counts_the_cashiers_own_day(desk: Desk, billing: Billing) -> None:
    """Since midnight in the clinic, without what colleagues took."""
    bills = [billing.bill(billing.charged_visit(10_000)) for _ in range(4)]
    colleague = desk.add_staff(Role.CASHIER, "Musa Garba")
    desk.now = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)
    billing.pay(bills[0], 10_000)
    desk.pass_time(minutes=1)
    billing.pay(bills[1], 10_000, tendered_minor=15_000)
    billing.pay(bills[2], 4_000, tendered_minor=5_000)
    billing.pay(bills[3], 10_000, by=colleague)

    drawer = desk.ask(GetDrawer(), Role.CASHIER)

    assert (drawer.payments, drawer.cash_taken, drawer.change_given) == (
        2,
        billing.money(14_000),
        billing.money(6_000),
    )


def test_an_empty_drawer_holds_nothing(desk: Desk, billing: Billing) -> None:
    """In the clinic's currency."""
    drawer = desk.ask(GetDrawer(), Role.CASHIER)

    assert (drawer.payments, drawer.cash_taken) == (0, billing.money(0))


def test_francs_have_no_cents(database: str) -> None:
    """A clinic in Abidjan: whole francs, written without decimals."""
    with Desk(database, time_zone="Africa/Abidjan", currency="XOF") as desk:
        billing = Billing(desk, Pharmacy(desk), "XOF")
        bill = billing.bill(billing.charged_visit(18_650))

        fault = desk.fault(billing.payment(bill, 18_651), Role.CASHIER)
        receipt = billing.pay(bill, 18_650, tendered_minor=20_000)

    assert fault.message.startswith("Only F\u00a0CFA\u00a018,650 are due.")
    assert receipt.payment.change == Money(1_350, "XOF")


def test_only_a_cashier_takes_money(desk: Desk, billing: Billing) -> None:
    """The permission table holds."""
    bill = billing.bill(billing.charged_visit(100))

    assert desk.fault(billing.payment(bill, 100), Role.PHARMACIST).code == "request.forbidden"


def _try(desk: Desk, request: TakePayment, **who: Any) -> Any:
    try:
        desk.ask(request, Role.CASHIER, **who)
    except FaultRaised as refused:
        return refused.fault
    return None
