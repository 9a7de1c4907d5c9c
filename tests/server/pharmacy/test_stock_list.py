"""A clinic's first stock comes in from a spreadsheet: all lines or none, and never twice."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hms_server.__main__ import main
from hms_server.console.stocking import store_delivery
from hms_server.contract.pharmacy import StockChanged
from hms_server.pharmacy.stock_list import StockListWrong, write_stock_list
from tests.server.desk import Desk
from tests.server.pharmacy.shelves import Pharmacy

LINE = ("AMX-7", "06/2027", "500", "A1")


def filled(desk: Desk, *lines: tuple[str, ...], delimiter: str = ",") -> str:
    """The exported list, with these deliveries of its first product."""
    rows = list(csv.reader(io.StringIO(desk.act(write_stock_list))))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(rows[0])
    for line in lines:
        writer.writerow([*rows[1][:3], *line])
    writer.writerows(rows[2:])
    return out.getvalue()


def take(desk: Desk, text: str) -> int:
    with desk.connect() as connection:
        return store_delivery(connection, text, now=desk.now)


def on_shelves(desk: Desk) -> list[tuple[object, ...]]:
    return desk.sql("select lot, expires_on, on_hand, shelf from batch order by lot")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_was_delivered_is_on_the_shelf(desk: Desk, pharmacy: Pharmacy, delimiter: str) -> None:
    """With its ledger, a row in the audit and word to every screen; empty lines are no delivery."""
    pharmacy.product()
    pharmacy.product("Ibuprofen", gtin="2041000000742")

    taken = take(desk, filled(desk, LINE, ("AMX-8", "2027-01-15", "20", ""), delimiter=delimiter))

    assert taken == 2
    assert on_shelves(desk) == [
        ("AMX-7", date(2027, 6, 30), 500, "A1"),
        ("AMX-8", date(2027, 1, 15), 20, ""),
    ]
    assert pharmacy.unbalanced_batches() == []
    assert desk.events(StockChanged)
    assert desk.sql("select request, outcome from audit where request = 'ImportStock'") == [
        ("ImportStock", "done")
    ]


def test_the_same_file_twice_counts_nothing_double(desk: Desk, pharmacy: Pharmacy) -> None:
    """It is refused by the name of the lot, in small letters too."""
    pharmacy.product()
    take(desk, filled(desk, LINE))

    with pytest.raises(StockListWrong, match="Line 2: lot amx-7 is in stock already"):
        take(desk, filled(desk, ("amx-7", *LINE[1:])))

    assert on_shelves(desk) == [("AMX-7", date(2027, 6, 30), 500, "A1")]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (("", "06/2027", "5", ""), "a lot has 1 to 40 signs"),
        (("L", "soon", "5", ""), "“soon” is no date"),
        (("L", "31/02/2027", "5", ""), "is no date"),
        (("L", "06/2027", "1,5", ""), "is no quantity"),
        (("L", "06/2027", "", ""), "is no quantity"),
        (("L", "06/2027", "0", ""), "A delivery has 1 to"),
        (("L", "06/2020", "5", ""), "This lot expired on 30 Jun 2020"),
        (("L", "06/2099", "5", ""), "No medicine keeps until 2099"),
        (("L", "06/2027", "5", "s" * 41), "a shelf at most as many"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_stored(
    desk: Desk, pharmacy: Pharmacy, line: tuple[str, ...], fault: str
) -> None:
    """The good line before it neither: the file is mended and brought again as it is."""
    pharmacy.product()

    with pytest.raises(StockListWrong, match=fault) as wrong:
        take(desk, filled(desk, LINE, line))

    assert str(wrong.value).startswith("Line 3: ")
    assert on_shelves(desk) == []
    assert desk.sql("select from audit where request = 'ImportStock'") == []


def test_another_table_is_refused(desk: Desk) -> None:
    """Such as the price list, or a line that was cut."""
    with pytest.raises(StockListWrong, match="the columns have to be code, what, unit, lot"):
        take(desk, "code,what,unit,price NGN\n")
    with pytest.raises(StockListWrong, match="Line 2: there are not 7 columns"):
        take(desk, "code,what,unit,lot,expires,quantity,shelf\nx,y\n")


def test_a_code_that_is_not_known_is_refused(desk: Desk) -> None:
    with pytest.raises(StockListWrong, match="there is no medicine with this code"):
        take(desk, f"code,what,unit,lot,expires,quantity,shelf\nnope,x,y,{','.join(LINE)}\n")


def test_the_command_writes_the_list_and_reads_it_back(
    desk: Desk, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It writes over nothing that somebody has counted, and says what it took."""
    path = tmp_path / "stock.csv"
    command = ["--data-dir", str(tmp_path), "--database", database, "stock"]

    assert main([*command, "export", str(path)]) == 0
    assert main([*command, "export", str(path)]) == 1
    heading, first, *_ = path.read_text("utf-8-sig").splitlines()
    path.write_text(f"{heading}\n{first.removesuffix(',,,,')},AMX-7,2999-01-01,5,\n", encoding="utf-8")
    assert main([*command, "import", str(path)]) == 1
    path.write_text(path.read_text("utf-8").replace("2999-01-01", next_year()), encoding="utf-8")
    assert main([*command, "import", str(path)]) == 0

    said = capsys.readouterr()
    assert "exists already" in said.err
    assert "No medicine keeps until 2999" in said.err
    assert "Taken into stock: 1 line." in said.out
    assert [row[2] for row in on_shelves(desk)] == [5]


def next_year() -> str:
    """The command goes by the clock of this machine."""
    return f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%d}"
