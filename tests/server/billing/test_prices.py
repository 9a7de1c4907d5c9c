"""The shipped price list comes into the database once, and never over a clinic's own price."""

from hms_server import reference
from hms_server.billing.ledger import CONSULTATION
from hms_server.billing.prices import load_prices
from tests.server.billing.bills import Billing
from tests.server.desk import Desk


def test_everything_listed_has_a_price_and_an_account(desk: Desk, billing: Billing) -> None:
    """Services, the products of the formulary and the chart of accounts, however often it is loaded."""
    listed = reference.load_formulary()[0]
    product = billing.pharmacy.product(listed.code)
    visit = billing.pharmacy.visit()

    for _ in range(2):
        with desk.connect() as connection, connection.transaction():
            load_prices(connection)
    billing.sign(visit)
    billing.dispense(visit, product, 2)

    assert [row.amount.amount_minor for row in billing.bill(visit).charges] == [
        500_000,
        2 * listed.price_minor_ngn,
    ]
    assert desk.sql("select count(*) from price where service_code is not null") == [
        (len(reference.load_prices()),)
    ]
    assert desk.sql("select count(*) from account") == [(len(reference.load_accounts()),)]


def test_a_clinics_own_price_stays(desk: Desk, billing: Billing) -> None:
    """A new version of the program changes no price."""
    billing.price_consultation(123)
    visit = billing.pharmacy.visit()

    with desk.connect() as connection, connection.transaction():
        load_prices(connection)
    billing.sign(visit)

    assert billing.bill(visit).due == billing.money(123)


def test_the_consultation_is_on_the_shipped_list() -> None:
    """What a signature is charged as has a price from the first day."""
    assert CONSULTATION in {item.code for item in reference.load_prices()}
