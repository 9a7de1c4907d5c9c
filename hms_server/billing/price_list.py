"""The clinic's price list as a table for a spreadsheet, and back again with every fault named by its line."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from hms_server.contract.money import format_amount, parse_money
from hms_server.contract.price_rules import is_jump, jump_sentence, price_fault
from hms_server.contract.values import Money, StaffId

COLUMNS = ("code", "what", "unit", "price")
MAX_FAULTS = 20


class PriceListWrong(Exception):  # noqa: N818 - an answer to the person who wrote the list
    """Nothing was stored; each line of the text names a line of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One price, in minor units of the clinic's currency; `leap` says how far it is from the one before."""

    code: str
    amount_minor: int
    leap: str = ""
    """Empty where no slipped zero would explain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What can be charged, with the price of today in minor units of `currency`; None where there is none."""

    code: str
    what: str
    unit: str
    words: str
    product_id: int | None
    account: str
    currency: str
    amount_minor: int | None
    since: date | None
    set_at: datetime | None
    set_by: StaffId | None
    set_by_name: str | None

    @property
    def price(self) -> Money | None:
        return None if self.amount_minor is None else Money(self.amount_minor, self.currency)


def read_items(connection: psycopg.Connection[Any], *, now: datetime, code: str | None = None) -> list[Item]:
    """Everything that can be charged, services first, or what has that code."""
    with connection.cursor(row_factory=class_row(Item)) as cursor:
        return cursor.execute(ITEMS, {"now": now, "code": code}).fetchall()


def store_price(
    connection: psycopg.Connection[Any], item: Item, amount_minor: int, *, now: datetime, by: StaffId | None
) -> None:
    """Holds from today on; the first price of anything also for what was done before, which is not free."""
    params = {
        "product_id": item.product_id,
        "service_code": None if item.product_id else item.code,
        "name": "" if item.product_id else item.what,
        "account": item.account,
        "amount": amount_minor,
        "currency": item.currency,
        "now": now,
        "by": by,
        "is_first": item.amount_minor is None,
    }
    connection.execute(FORGET_AHEAD, params)
    connection.execute(STORE_PRODUCT if item.product_id else STORE_SERVICE, params)


def write_list(connection: psycopg.Connection[Any], *, now: datetime) -> str:
    """Everything that can be charged, with the price of today; empty where there is none."""
    currency = _currency(connection)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*COLUMNS[:-1], f"price {currency}"))
    for item in read_items(connection, now=now):
        amount = "" if item.price is None else format_amount(item.price)
        writer.writerow((item.code, item.what, item.unit, amount))
    return out.getvalue()


def read_list(connection: psycopg.Connection[Any], text: str, *, now: datetime) -> list[PriceLine]:
    """The prices that differ from those of today; a line without a price changes nothing.

    `PriceListWrong` names every line that cannot be used. Comma, semicolon and tab part columns.
    """
    currency = _currency(connection)
    known = {item.code: item for item in read_items(connection, now=now)}
    faults: list[str] = []
    lines: dict[str, Money] = {}
    for number, row in _rows(text, currency):
        code, price = row[0].strip(), row[-1].strip()
        if fault := _fault(code, price, currency, known.keys() - lines.keys(), known.keys()):
            faults.append(f"Line {number}: {fault}")
        elif price:
            lines[code] = parse_money(price, currency)
    if faults:
        more = [f"… and {len(faults) - MAX_FAULTS} more."] if len(faults) > MAX_FAULTS else []
        raise PriceListWrong("\n".join([*faults[:MAX_FAULTS], *more, "No price was changed."]))
    return [_line(known[code], price) for code, price in lines.items() if price != known[code].price]


def store_list(connection: psycopg.Connection[Any], lines: Sequence[PriceLine], *, now: datetime) -> None:
    """Takes the prices over as `store_price` does, all of them or none."""
    known = {item.code: item for item in read_items(connection, now=now)}
    with connection.transaction():
        for line in lines:
            store_price(connection, known[line.code], line.amount_minor, now=now, by=None)


def _line(item: Item, price: Money) -> PriceLine:
    before = item.price
    leap = jump_sentence(price, before) if before is not None and is_jump(price, before) else ""
    return PriceLine(code=item.code, amount_minor=price.amount_minor, leap=leap)


def _fault(code: str, price: str, currency: str, left: Any, known: Any) -> str:
    if code not in known:
        return f"there is no service or medicine with the code “{code}”. Keep the first column as it was."
    if code not in left:
        return f"“{code}” stands in an earlier line already."
    if not price:
        return ""
    try:
        return price_fault(parse_money(price, currency))
    except ValueError as error:
        return str(error)


def _rows(text: str, currency: str) -> list[tuple[int, list[str]]]:
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    heading = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    if heading != [*COLUMNS[:-1], f"price {currency.lower()}"]:
        wanted = ", ".join((*COLUMNS[:-1], f"price {currency}"))
        raise PriceListWrong(
            f"Line 1: the columns have to be {wanted}. Begin with the list that was exported."
        )
    if short := next((number for number, row in rows if len(row) != len(COLUMNS)), None):
        raise PriceListWrong(
            f"Line {short}: there are not {len(COLUMNS)} columns. Put a price with a comma into quotes."
        )
    return rows[1:]


def _currency(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("select currency from clinic").fetchone()
    if row is None:
        raise PriceListWrong("There is no clinic here yet: run 'hms-server setup' first.")
    return str(row[0])


ITEMS = """
with setting as (select currency, (%(now)s at time zone time_zone)::date as today from clinic),
listed as (
    select distinct on (service_code) service_code as code, name as what, 'each' as unit, name as words,
        null::bigint as product_id, account, 1 as part
    from price where service_code is not null order by service_code, valid_from desc, id desc
), product_listed as (
    select code, label, dispensing_unit, label || ' ' || words, id, 'medicine-income', 2
    from product where offered
)
select item.code, what, unit, words, item.product_id, item.account, setting.currency,
    current.amount_minor, nullif(valid_from, '2000-01-01') as since, set_at, set_by,
    staff.name as set_by_name
from (select * from listed union all select * from product_listed) as item cross join setting
left join lateral (
    select amount_minor, valid_from, set_at, set_by from price
    where price.currency = setting.currency and valid_from <= today
        and (price.product_id = item.product_id or price.service_code = item.code)
    order by valid_from desc limit 1
) as current on true
left join staff on staff.id = set_by
where coalesce(%(code)s::text = item.code, true)
order by part, what, item.code
"""
_DAY = """case when %(is_first)s then '2000-01-01'::date
    else (select (%(now)s at time zone time_zone)::date from clinic) end"""
# Set while the clock was ahead. On its day it would take over from what was set since, and nobody would know.
FORGET_AHEAD = """
delete from price using clinic
where price.currency = %(currency)s and valid_from > (%(now)s at time zone time_zone)::date
    and (product_id = %(product_id)s::bigint or service_code = %(service_code)s::text)
"""
_STORE = f"""
insert into price (product_id, service_code, name, account, amount_minor, currency, valid_from, set_at,
    set_by)
values (%(product_id)s, %(service_code)s, %(name)s, %(account)s, %(amount)s, %(currency)s, {_DAY}, %(now)s,
    %(by)s)
on conflict on constraint"""
_REPLACE = """do update
set (amount_minor, set_at, set_by) = (excluded.amount_minor, excluded.set_at, excluded.set_by)"""
STORE_PRODUCT = f"{_STORE} price_product {_REPLACE}"
STORE_SERVICE = f"{_STORE} price_service {_REPLACE}"
"""The first price of anything holds from the first of January 2000, before there was a clinic."""
