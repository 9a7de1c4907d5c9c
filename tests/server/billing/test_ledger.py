"""Every posting balances, a bill follows from its postings, and receipts are counted without a gap."""

import random
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
import pytest

from hms_server.billing.rules import state_of
from hms_server.contract.billing import Invoice
from hms_server.contract.values import EncounterId, Role
from tests.server.billing.bills import Billing
from tests.server.desk import Desk, FaultRaised
from tests.server.pharmacy.shelves import pick

WINDOWS = 6
ACTS = 12
EXPECTED = {"billing.changed_meanwhile", "billing.nothing_due", "pharmacy.more_than_owing"}


def test_money_adds_up_after_any_rush(desk: Desk, billing: Billing) -> None:
    """Windows that charge and take at once: balanced, never overpaid, receipts in order and without a gap."""
    visits = [billing.charged_visit(1_000) for _ in range(4)]
    product = billing.pharmacy.product()
    billing.price(product, 7)
    billing.pharmacy.stock(product, 10_000)
    lines = [billing.pharmacy.prescribe(visit, product, 500) for visit in visits]

    codes = desk.together(WINDOWS, lambda seed: _rush(billing, visits, lines, seed=seed))

    refused = {code for window in codes for code in window if code}
    assert refused <= EXPECTED
    assert billing.unlike_the_ledger() == []
    assert sum(billing.balances().values()) == 0
    assert [row[0] for row in desk.sql(RECEIPTS)] == list(range(1, desk.sql(COUNT)[0][0] + 1))
    bills = [billing.bill(visit) for visit in visits]
    assert [bill.due.amount_minor for bill in bills] == [_due(bill) for bill in bills]
    assert [bill.state for bill in bills] == [
        state_of(charged_minor=bill.total.amount_minor, due_minor=_due(bill)) for bill in bills
    ]
    assert desk.sql(COUNT)[0][0] > WINDOWS


def test_every_version_of_a_bill_is_made_once(desk: Desk, billing: Billing) -> None:
    """A charge and a payment never make the same version, so a copy of a receipt is exact."""
    visit = billing.charged_visit(1_000)
    for amount_minor in (100, 200, 300):
        billing.pay(billing.bill(visit), amount_minor)

    versions = desk.sql("select invoice_version from journal_entry order by id")

    assert versions == [(1,), (2,), (3,), (4,)]
    assert billing.bill(visit).version == 4


@pytest.mark.parametrize(
    ("postings", "constraint"),
    [
        ([], "posting_balances"),
        ([("cash", 100, "NGN")], "posting_balances"),
        ([("cash", 100, "NGN"), ("medicine-income", -99, "NGN")], "posting_balances"),
        ([("cash", 100, "NGN"), ("medicine-income", -100, "GHS")], "posting_balances"),
        ([("cash", 100, "NGN"), ("pocket", -100, "NGN")], "posting_account"),
        ([("cash", 0, "NGN"), ("medicine-income", 0, "NGN")], "posting_amount"),
        ([("patients-receivable", 5, "GHS"), ("cash", -5, "GHS")], "posting_currency"),
        ([("cash", 1_001, "NGN"), ("patients-receivable", -1_001, "NGN")], "invoice_not_overpaid"),
    ],
)
def test_the_database_refuses_what_does_not_balance(
    desk: Desk, billing: Billing, postings: list[tuple[str, int, str]], constraint: str
) -> None:
    """At the commit at the latest, whoever writes it."""
    bill = billing.bill(billing.charged_visit(1_000))

    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        _post(desk, bill, postings)

    assert refused.value.diag.constraint_name == constraint
    assert billing.unlike_the_ledger() == []


def test_a_later_posting_cannot_unbalance_an_entry(desk: Desk, billing: Billing) -> None:
    """An entry stays balanced after its own transaction, too."""
    billing.charged_visit(1_000)

    with pytest.raises(psycopg.errors.CheckViolation):
        desk.sql(
            "insert into posting (entry_id, account, amount_minor, currency) "
            "select id, 'cash', 5, 'NGN' from journal_entry"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "update invoice set due_minor = 0",
        "update posting set amount_minor = 1",
        "delete from posting",
        "delete from journal_entry",
        "update payment set tendered_minor = tendered_minor + 1",
        "delete from payment",
        "update charge_item set description = 'less'",
        "delete from account",
    ],
)
def test_books_are_only_ever_added_to(desk: Desk, billing: Billing, statement: LiteralString) -> None:
    """Neither a sum nor a line can be changed behind the ledger's back."""
    bill = billing.bill(billing.charged_visit(1_000))
    billing.pay(bill, 400)

    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.sql(statement)


def _rush(
    billing: Billing, visits: Sequence[EncounterId], lines: Sequence[Any], *, seed: int
) -> list[str | None]:
    """The code of each act's refusal, None for what was done."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice of acts, no secret
    codes: list[str | None] = []
    for _ in range(ACTS):
        place = chance.randrange(len(visits))
        try:
            if chance.random() < 0.3:
                billing.pharmacy.hand_over(visits[place], pick(lines[place], chance.randint(1, 30)))
            else:
                _pay_some(billing, visits[place], chance)
            codes.append(None)
        except FaultRaised as refused:
            codes.append(refused.fault.code)
    return codes


def _pay_some(billing: Billing, visit: EncounterId, chance: random.Random) -> None:
    bill = billing.bill(visit)
    amount_minor = chance.randint(1, max(1, bill.due.amount_minor // 2))
    billing.pay(bill, amount_minor, tendered_minor=amount_minor + chance.randint(0, 50))


def _due(bill: Invoice) -> int:
    charged = sum(charge.amount.amount_minor for charge in bill.charges)
    return charged - sum(payment.amount.amount_minor for payment in bill.payments)


def _post(desk: Desk, bill: Invoice, postings: list[tuple[str, int, str]]) -> None:
    with desk.connect() as connection, connection.transaction():
        row = connection.execute(
            "insert into journal_entry (kind, invoice_id, invoice_version, at, staff_id) "
            "values ('payment', %s, 99, %s, %s) returning id",
            (bill.id, desk.now, desk.staff[Role.CASHIER]),
        ).fetchone()
        assert row is not None
        for account, amount_minor, currency in postings:
            connection.execute(
                "insert into posting (entry_id, account, amount_minor, currency) values (%s, %s, %s, %s)",
                (row[0], account, amount_minor, currency),
            )


RECEIPTS: LiteralString = "select receipt_seq from payment order by id"
COUNT: LiteralString = "select count(*) from payment"
