"""The price list at a desk: found by words, set from today on, asked about where a zero slipped, and kept."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.billing.price_list import PriceLine
from hms_server.billing.prices import load_prices
from hms_server.console.pricing import store_prices
from hms_server.contract.billing import GetPriceHistory, ListPrices, PriceRow, PricesChanged, SetPrice
from hms_server.contract.price_rules import MAX_PRICE_MINOR, is_jump
from hms_server.contract.values import Money, Role
from hms_server.prescribing.formulary import load_formulary
from tests.server.billing.bills import Billing
from tests.server.desk import Desk, FaultRaised

SERVICE = "consultation-general"
AMOUNTS = st.integers(min_value=1, max_value=MAX_PRICE_MINOR // 10)


@pytest.fixture
def accra(database: str) -> Iterator[Desk]:
    """Counts in cedi, for which nothing is shipped."""
    with Desk(database, time_zone="Africa/Accra", currency="GHS") as desk:
        with desk.connect() as connection, connection.transaction():
            load_formulary(connection)
            load_prices(connection)
        yield desk


def row_of(desk: Desk, code: str = SERVICE) -> PriceRow:
    rows = desk.ask(ListPrices(), Role.ADMINISTRATOR).rows
    return next(row for row in rows if row.code == code)


def new_price(desk: Desk, amount: int, *, confirmed: bool = False, currency: str = "") -> SetPrice:
    """The request of an administrator who sees the price of now."""
    seen = row_of(desk).price
    money = Money(amount, currency or (seen.currency if seen else "GHS"))
    return SetPrice(code=SERVICE, amount=money, seen=seen, confirmed=confirmed)


def set_to(desk: Desk, amount: int, *, confirmed: bool = False) -> PriceRow:
    return desk.ask(new_price(desk, amount, confirmed=confirmed), Role.ADMINISTRATOR)


def test_the_list_says_what_has_no_price_and_finds_a_medicine_by_its_ingredient(accra: Desk) -> None:
    """Services come first; a page goes on where it is told to; what gets a price is missing no more."""
    everything = accra.ask(ListPrices(), Role.ADMINISTRATOR)
    set_to(accra, 12_000)
    found = accra.ask(ListPrices(text="500 paracet", missing_only=True), Role.ADMINISTRATOR)
    page = accra.ask(ListPrices(first=100), Role.ADMINISTRATOR)

    assert everything.missing == everything.total == everything.found == len(everything.rows) > 150
    assert 0 < found.found == len(found.rows) < 10
    assert all("paracetamol" in row.what.lower() for row in found.rows)
    assert page.missing == page.total - 1
    codes = [row.code for row in everything.rows]
    assert [row.code for row in page.rows] == codes[100:]
    assert codes.index(SERVICE) < codes.index(found.rows[0].code)


def test_a_price_holds_from_today_on_and_a_bill_of_today_keeps_its_own(desk: Desk, billing: Billing) -> None:
    """What was charged an hour ago stays; the next patient pays the new price. Every desk hears of it."""
    billing.price_consultation(500_000)
    before = billing.pharmacy.visit()
    billing.sign(before)

    row = set_to(desk, 600_000)
    desk.pass_time(hours=1)
    row_again = set_to(desk, 650_000)
    after = billing.pharmacy.visit()
    billing.sign(after)

    assert billing.bill(before).due == billing.money(500_000)
    assert billing.bill(after).due == billing.money(650_000)
    assert row.since == billing.pharmacy.today()
    assert (row.set_by, row_again.price) == (desk.actor(Role.ADMINISTRATOR).person, billing.money(650_000))
    assert desk.events(PricesChanged) == [PricesChanged(codes=[SERVICE])] * 2
    history = desk.ask(GetPriceHistory(code=SERVICE), Role.ADMINISTRATOR)
    assert [change.price.amount_minor for change in history.rows] == [650_000, 600_000, 500_000]
    assert [change.set_by is not None for change in history.rows] == [True, True, False]
    assert not history.more


def test_the_first_price_counts_for_what_was_done_before(accra: Desk) -> None:
    """As in an imported list: a medicine handed over yesterday is not free."""
    row = set_to(accra, 12_000)

    assert (row.since, row.set_at) == (None, accra.now)
    assert accra.sql("select valid_from::text from price where currency = 'GHS'") == [("2000-01-01",)]


@pytest.mark.parametrize("amount", [5_000_000, 50_000])
def test_a_slipped_zero_is_asked_about_once(desk: Desk, billing: Billing, amount: int) -> None:
    billing.price_consultation(500_000)

    fault = desk.fault(new_price(desk, amount), Role.ADMINISTRATOR)
    stored_meanwhile = row_of(desk).price
    row = set_to(desk, amount, confirmed=True)

    assert (fault.code, fault.field) == ("billing.price_jump", "amount")
    assert "10 times" in fault.message or "1/10 of" in fault.message
    assert stored_meanwhile == billing.money(500_000)
    assert row.price == billing.money(amount)


@given(before=AMOUNTS, other=AMOUNTS)
def test_every_slipped_zero_is_a_jump_and_less_than_that_is_none(before: int, other: int) -> None:
    """In both directions, and nothing is a jump from no price."""
    old = Money(before, "NGN")

    assert is_jump(Money(before * 10, "NGN"), old)
    assert is_jump(old, Money(before * 10, "NGN"))
    assert not is_jump(Money(before * 10 - 1, "NGN"), old)
    assert is_jump(Money(other, "NGN"), old) == is_jump(old, Money(other, "NGN"))
    assert not is_jump(Money(other, "NGN"), None)


@pytest.mark.parametrize(
    ("amount", "currency"), [(0, "NGN"), (-1, "NGN"), (MAX_PRICE_MINOR + 1, "NGN"), (500, "GHS")]
)
def test_what_is_no_price_is_refused_at_its_field(
    desk: Desk, billing: Billing, amount: int, currency: str
) -> None:
    """Also where somebody insists."""
    billing.price_consultation(500_000)

    fault = desk.fault(new_price(desk, amount, currency=currency, confirmed=True), Role.ADMINISTRATOR)

    assert fault.field == "amount"
    assert desk.sql("select amount_minor from price") == [(500_000,)]
    assert desk.events(PricesChanged) == []


def test_of_two_administrators_at_once_one_is_told_who_was_faster(accra: Desk) -> None:
    """Also where there was no price yet, and so no row to hold on to."""
    requests = [new_price(accra, 12_000), new_price(accra, 13_000)]

    def ask(number: int) -> str:
        try:
            accra.ask(requests[number], Role.ADMINISTRATOR)
        except FaultRaised as raised:
            return raised.fault.message
        return ""

    said = sorted(accra.together(2, ask))

    assert said[0] == ""
    assert said[1].startswith("Esi Owusu changed this price to GH₵\u00a01")
    assert accra.sql("select count(*) from price_change where currency = 'GHS'") == [(1,)]


def test_what_a_command_brings_is_told_and_kept_too(desk: Desk, billing: Billing) -> None:
    """Without a name, for nobody was signed in. The price that is there already is stored no second time."""
    billing.price_consultation(500_000)
    with desk.connect() as connection:
        store_prices(connection, [PriceLine(code=SERVICE, amount_minor=700_000)], now=desk.now)

    row = set_to(desk, 700_000)

    assert (row.set_by, row.set_at) == (None, desk.now)
    assert desk.events(PricesChanged) == [PricesChanged(codes=[SERVICE])]
    history = desk.ask(GetPriceHistory(code=SERVICE), Role.ADMINISTRATOR)
    assert [(change.price.amount_minor, change.set_at) for change in history.rows] == [
        (700_000, desk.now),
        (500_000, None),
    ]


def test_a_price_of_a_clock_that_was_ahead_never_takes_over(desk: Desk, billing: Billing) -> None:
    """It was set in “2031”; what is set today holds then too. That it was there is not forgotten."""
    billing.price_consultation(500_000)
    today = desk.now
    desk.pass_time(days=5 * 365)
    set_to(desk, 900_000)
    desk.now = today

    set_to(desk, 600_000)
    desk.pass_time(days=6 * 365)

    assert row_of(desk).price == billing.money(600_000)
    history = desk.ask(GetPriceHistory(code=SERVICE), Role.ADMINISTRATOR)
    assert [change.price.amount_minor for change in history.rows] == [600_000, 900_000, 500_000]


def test_what_is_not_on_the_list_is_said(desk: Desk) -> None:
    assert desk.fault(GetPriceHistory(code="no-such"), Role.ADMINISTRATOR).field == "code"
