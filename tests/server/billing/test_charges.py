"""Charges that make themselves: from a signature, from a handover, once, at the price of the day."""

from datetime import UTC, date, datetime, timedelta

from hms_server.contract.billing import GetInvoice, InvoiceChanged, InvoiceState, ListMissingPrices
from hms_server.contract.values import EncounterId, Role
from tests.server.billing.bills import Billing
from tests.server.desk import Desk
from tests.server.pharmacy.shelves import IBUPROFEN_GTIN, pick


def test_a_visit_makes_one_invoice(desk: Desk, billing: Billing) -> None:
    """Consultation and medicines stand on one bill, each with quantity, price and amount."""
    billing.price_consultation(500_000)
    product = billing.pharmacy.product()
    billing.price(product, 11_100)
    visit = billing.pharmacy.visit()

    billing.sign(visit)
    billing.dispense(visit, product, 21)

    bill = billing.bill(visit)
    assert [
        (row.description, row.quantity, row.unit_price.amount_minor, row.amount.amount_minor)
        for row in bill.charges
    ] == [
        ("Consultation, general", 1, 500_000, 500_000),
        ("Amoxicillin 500 mg capsule", 21, 11_100, 233_100),
    ]
    assert bill.number == f"INV-2026-{bill.id:06}"
    assert (bill.state, bill.total, bill.paid, bill.due) == (
        InvoiceState.OPEN,
        billing.money(733_100),
        billing.money(0),
        billing.money(733_100),
    )
    assert billing.balances() == {
        "patients-receivable": 733_100,
        "consultation-income": -500_000,
        "medicine-income": -233_100,
    }
    assert [event.invoice_id for event in desk.events(InvoiceChanged)] == [bill.id]


def test_a_visit_without_charges_has_no_bill(desk: Desk, billing: Billing) -> None:
    """Nothing charged is said, not shown as an empty bill."""
    visit = billing.pharmacy.visit()

    fault = desk.fault(GetInvoice(encounter_id=visit), Role.CASHIER)

    assert (fault.code, fault.field) == ("billing.no_invoice", "encounter_id")


def test_what_is_handed_over_later_is_added(billing: Billing) -> None:
    """Each handover charges what it gave, and no more."""
    product = billing.pharmacy.product()
    billing.price(product, 100)
    billing.pharmacy.stock(product, 50)
    visit = billing.pharmacy.visit()
    line = billing.pharmacy.prescribe(visit, product, 20)

    billing.pharmacy.hand_over(visit, pick(line, 8))
    billing.pharmacy.hand_over(visit, pick(line, 12))

    bill = billing.bill(visit)
    assert [row.quantity for row in bill.charges] == [8, 12]
    assert bill.version == 2


def test_a_signature_is_charged_once(billing: Billing) -> None:
    """Should the event come twice, the bill does not grow."""
    billing.price_consultation(500_000)
    visit = billing.pharmacy.visit()

    billing.sign(visit)
    billing.sign(visit)

    assert len(billing.bill(visit).charges) == 1
    assert billing.balances()["patients-receivable"] == 500_000


def test_the_price_of_the_day_counts(desk: Desk, billing: Billing) -> None:
    """A new price holds from its first day in the clinic on, and leaves what was charged alone."""
    product = billing.pharmacy.product()
    billing.price(product, 100)
    billing.price(product, 150, since=date(2026, 3, 3))
    visit = billing.pharmacy.visit()
    desk.now = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)
    billing.dispense(visit, product, 1)

    desk.pass_time(minutes=1)
    billing.dispense(visit, product, 1)

    assert [row.unit_price.amount_minor for row in billing.bill(visit).charges] == [100, 150]


def test_a_missing_price_never_stops_the_pharmacy(desk: Desk, billing: Billing) -> None:
    """The medicine is handed over, stands on the bill as marked, and on a list until it has a price."""
    priced, free = billing.pharmacy.product(), billing.pharmacy.product("Ibuprofen", gtin=IBUPROFEN_GTIN)
    billing.price(priced, 100)
    visit = billing.pharmacy.visit()

    billing.dispense(visit, free, 3)
    without_price = billing.bill(visit)
    billing.dispense(visit, priced, 2)

    assert (without_price.state, without_price.due) == (InvoiceState.OPEN, billing.money(0))
    assert [(row.description, row.amount.amount_minor) for row in billing.bill(visit).charges] == [
        ("Ibuprofen 500 mg capsule (price missing)", 0),
        ("Amoxicillin 500 mg capsule", 200),
    ]
    missing = desk.ask(ListMissingPrices(), Role.CASHIER).rows
    assert [(row.description, row.times) for row in missing] == [
        ("Ibuprofen 500 mg capsule (price missing)", 1)
    ]


def test_two_first_charges_at_once_share_an_invoice(desk: Desk, billing: Billing) -> None:
    """Whoever opens it second adds to it."""
    billing.price_consultation(500_000)
    product = billing.pharmacy.product()
    billing.price(product, 100)
    billing.pharmacy.stock(product, 100)
    visits = [billing.pharmacy.visit() for _ in range(10)]
    lines = [billing.pharmacy.prescribe(visit, product, 5) for visit in visits]

    for visit, line in zip(visits, lines, strict=True):
        desk.together(2, lambda number, visit=visit, line=line: _charge(billing, visit, line, number))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults

    assert [len(billing.bill(visit).charges) for visit in visits] == [2] * 10
    assert billing.unlike_the_ledger() == []


def test_the_number_carries_the_clinics_year(desk: Desk, billing: Billing) -> None:
    """At half past eleven in the evening in London it is next year already in Lagos."""
    desk.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)

    visit = billing.charged_visit(100)

    assert billing.bill(visit).number.startswith("INV-2027-")
    assert desk.now + timedelta(minutes=30) == datetime(2027, 1, 1, tzinfo=UTC)


def _charge(billing: Billing, visit: EncounterId, line: object, number: int) -> None:
    if number:
        billing.sign(visit)
    else:
        billing.pharmacy.hand_over(visit, pick(line, 5))  # type: ignore[arg-type]  # the line of that visit
