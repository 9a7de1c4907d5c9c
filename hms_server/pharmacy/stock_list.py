"""All medicines as a table for a spreadsheet, and deliveries back from it, each fault with its line."""

import csv
import io
import re
from collections.abc import Iterator

from hms_server.contract.expiry import last_day
from hms_server.contract.pharmacy import ReceiveStock
from hms_server.contract.values import ProductId
from hms_server.faults import Refused
from hms_server.pharmacy.stock import receive_stock
from hms_server.work import Work

COLUMNS = ("code", "what", "unit", "lot", "expires", "quantity", "shelf")
LONGEST_WORD = 40
MAX_FAULTS = 20


class StockListWrong(Exception):  # noqa: N818 - an answer to the person who wrote the list
    """Nothing was stored; each line of the text names a line of the list."""


def write_stock_list(work: Work) -> str:
    """Every product of the formulary on a line of its own, whose last four columns wait for a delivery."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in work.connection.execute(OFFERED).fetchall():
        writer.writerow((*row, "", "", "", ""))
    return out.getvalue()


def take_delivery(work: Work, text: str) -> int:
    """Puts all lines with a quantity on the shelf, or none; how many they were.

    Refuses a lot that is in stock already, so that the same file twice does not count everything double.
    Raises `StockListWrong`. Comma, semicolon and tab part columns.
    """
    products = dict(work.connection.execute("select code, id from product where offered").fetchall())
    faults: list[str] = []
    taken = 0
    for number, cells in _rows(text):
        code, _, _, *delivered = cells
        if not any(delivered[:3]):
            continue
        try:
            receive_stock(work, _delivery(work, products.get(code), delivered))
            taken += 1
        except Refused as refused:
            faults.append(f"Line {number}: {refused.fault.message}")
    if faults:
        more = [f"… and {len(faults) - MAX_FAULTS} more."] if len(faults) > MAX_FAULTS else []
        raise StockListWrong("\n".join([*faults[:MAX_FAULTS], *more, "Nothing was taken into stock."]))
    return taken


def _delivery(work: Work, product_id: ProductId | None, cells: list[str]) -> ReceiveStock:
    lot, expires, quantity, shelf = (" ".join(cell.split()) for cell in cells)
    if product_id is None:
        raise _wrong("there is no medicine with this code. Keep the first column as it was.")
    if not 1 <= len(lot) <= LONGEST_WORD or len(shelf) > LONGEST_WORD:
        raise _wrong(f"a lot has 1 to {LONGEST_WORD} signs, a shelf at most as many. Read the pack again.")
    if (day := last_day(expires)) is None:
        raise _wrong(f"“{expires}” is no date. Write it as 2027-06-30, 30/06/2027 or 06/2027.")
    if not re.fullmatch(r"[0-9]{1,6}", quantity):
        raise _wrong(f"“{quantity}” is no quantity. Count single units, such as 500.")
    if work.value(IS_THERE, (product_id, lot)):
        raise _wrong(f"lot {lot} is in stock already. Take this line out if it was delivered once only.")
    return ReceiveStock(product_id=product_id, lot=lot, expires_on=day, quantity=int(quantity), shelf=shelf)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    heading = [cell.strip().lower() for cell in next(reader, [])]
    if heading != [*COLUMNS]:
        raise StockListWrong(
            f"Line 1: the columns have to be {', '.join(COLUMNS)}. Begin with the list that was exported."
        )
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells) and len(cells) != len(COLUMNS):
            raise StockListWrong(f"Line {reader.line_num}: there are not {len(COLUMNS)} columns.")
        if any(cells):
            yield reader.line_num, cells


def _wrong(message: str) -> Refused:
    return Refused("pharmacy.list", message)


OFFERED = "select code, label, dispensing_unit from product where offered order by label, code"
IS_THERE = "select true from batch where product_id = %s and upper(lot) = upper(%s)"
