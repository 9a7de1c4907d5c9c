"""Prices go out as a table and come back: all lines or none, and a bill is charged by them at once."""

import csv
import io
from collections.abc import Iterator

import pytest

from hms_server.billing.price_list import PriceListWrong, read_list, store_list, write_list
from hms_server.billing.prices import load_prices
from hms_server.console.pricing import store_prices
from hms_server.prescribing.formulary import load_formulary
from tests.server.billing.bills import Billing
from tests.server.desk import Desk

SERVICE = "consultation-general"


@pytest.fixture
def accra(database: str) -> Iterator[Desk]:
    """Counts in cedi, for which nothing is shipped."""
    with Desk(database, time_zone="Africa/Accra", currency="GHS") as desk:
        load_shipped(desk)
        yield desk


def load_shipped(desk: Desk) -> None:
    with desk.connect() as connection, connection.transaction():
        load_formulary(connection)
        load_prices(connection)


def exported(desk: Desk) -> str:
    with desk.connect() as connection:
        return write_list(connection, now=desk.now)


def brought_back(desk: Desk, text: str) -> int:
    with desk.connect() as connection:
        lines = read_list(connection, text, now=desk.now)
        store_list(connection, lines, now=desk.now)
    return len(lines)


def changed(text: str, prices: dict[str, str], *, delimiter: str = ",") -> str:
    rows = list(csv.reader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    for row in rows:
        writer.writerow([*row[:-1], prices.get(row[0], row[-1])])
    return out.getvalue()


def test_an_import_stands_in_the_audit_and_one_that_changes_nothing_does_not(accra: Desk) -> None:
    """Whoever asks later why everything costs more finds when the list was changed."""
    text = changed(exported(accra), {SERVICE: "120"})
    for _ in range(2):
        with accra.connect() as connection:
            store_prices(connection, read_list(connection, text, now=accra.now), now=accra.now)

    rows = accra.sql("select at, outcome from audit where request = 'ImportPrices'")
    assert rows == [(accra.now, "done")]


def test_the_shipped_list_goes_out_with_its_prices(desk: Desk) -> None:
    """And back without a change."""
    load_shipped(desk)
    text = exported(desk)

    assert text.startswith("code,what,unit,price NGN\n")
    assert 'consultation-general,"Consultation, general",each,"5,000.00"' in text
    assert brought_back(desk, text) == 0


def test_in_another_currency_all_prices_are_empty(accra: Desk) -> None:
    """So that nobody takes naira for cedi."""
    rows = list(csv.reader(io.StringIO(exported(accra))))

    assert rows[0][-1] == "price GHS"
    assert len(rows) > 150
    assert {row[-1] for row in rows[1:]} == {""}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_typed_prices_come_back(accra: Desk, delimiter: str) -> None:
    """However the spreadsheet parts its columns."""
    text = changed(exported(accra), {SERVICE: "1,250.50"}, delimiter=delimiter)

    assert brought_back(accra, text) == 1
    assert accra.sql("select amount_minor, currency from price where currency = 'GHS'") == [(125_050, "GHS")]
    assert "1,250.50" in exported(accra)


def test_a_slipped_zero_is_named(desk: Desk) -> None:
    """A command asks nobody; it says which prices to look at once more."""
    load_shipped(desk)
    text = changed(exported(desk), {SERVICE: "50,000.00", "consultation-review": "2,600"})

    with desk.connect() as connection:
        leaps = {line.code: line.leap for line in read_list(connection, text, now=desk.now)}

    assert leaps == {
        SERVICE: "₦\u00a050,000.00 is 10 times the ₦\u00a05,000.00 until now.",
        "consultation-review": "",
    }


def test_a_bill_is_charged_by_them(desk: Desk, billing: Billing) -> None:
    """From today on; what was charged before stays."""
    load_shipped(desk)
    before = billing.pharmacy.visit()
    billing.sign(before)

    brought_back(desk, changed(exported(desk), {SERVICE: "77.00"}))
    after = billing.pharmacy.visit()
    billing.sign(after)

    assert billing.bill(before).due.amount_minor == 500_000
    assert billing.bill(after).due.amount_minor == 7_700


def test_the_last_of_two_changes_on_a_day_holds(desk: Desk) -> None:
    load_shipped(desk)
    brought_back(desk, changed(exported(desk), {SERVICE: "77.00"}))
    brought_back(desk, changed(exported(desk), {SERVICE: "78.00"}))

    assert '"Consultation, general",each,78.00' in exported(desk)


def test_every_wrong_line_is_named_and_nothing_is_stored(accra: Desk) -> None:
    text = changed(
        exported(accra), {SERVICE: "20", "consultation-review": "ten", "consultation-specialist": "0"}
    )
    text += "no-such,Something,each,5\n" + f"{SERVICE},Again,each,5\n"

    with pytest.raises(PriceListWrong) as told:
        brought_back(accra, text)

    said = str(told.value)
    assert "“ten” is not an amount" in said
    assert "more than nothing" in said
    assert "no service or medicine with the code “no-such”" in said
    assert "earlier line already" in said
    assert said.endswith("No price was changed.")
    assert accra.sql("select count(*) from price where currency = 'GHS'") == [(0,)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Line 1: the columns have to be"),
        ("code,what,unit,price NGN\n", "price GHS"),
        ("code,what,unit,price GHS\nconsultation-general,Consultation, general,each,5\n", "into quotes"),
    ],
)
def test_what_is_no_list_is_said(accra: Desk, text: str, sentence: str) -> None:
    with pytest.raises(PriceListWrong, match=sentence):
        brought_back(accra, text)
