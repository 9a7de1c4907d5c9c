"""The price list at a desk: what everything costs, a new price from today on, and what it cost before."""

from dataclasses import dataclass
from datetime import date, datetime

from hms_server.billing import faults
from hms_server.billing.price_list import Item, read_items, store_price
from hms_server.billing.rules import check_price
from hms_server.contract.billing import (
    GetPriceHistory,
    ListPrices,
    PriceChange,
    PriceHistory,
    PriceList,
    PriceRow,
    PricesChanged,
    SetPrice,
)
from hms_server.contract.values import Money, Person, StaffId
from hms_server.patients.names import words_of
from hms_server.permissions import Permission
from hms_server.work import Work

PAGE = 500
MAX_HISTORY = 50
MAX_WORDS = 8
MAX_NAMED = 50
"""So many codes an event names; of more than these a screen fetches everything anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    id: int
    amount_minor: int
    currency: str
    since: date | None
    set_at: datetime | None
    set_by: StaffId | None
    set_by_name: str | None


def list_prices(work: Work, request: ListPrices) -> PriceList:
    """Everything that can be charged, as far as words and page ask for it."""
    items = read_items(work.connection, now=work.now)
    missing = [item for item in items if item.amount_minor is None]
    words = words_of(request.text)[:MAX_WORDS]
    found = [item for item in (missing if request.missing_only else items) if _fits(item, words)]
    first = max(0, request.first)
    return PriceList(
        rows=[_row(item) for item in found[first : first + PAGE]],
        found=len(found),
        missing=len(missing),
        total=len(items),
    )


def set_price(work: Work, request: SetPrice) -> PriceRow:
    """Stores the price and tells every desk; the price that is there already is stored no second time."""
    work.send(LOCK)
    item = _item(work, request.code)
    before = item.price
    if request.seen != before:
        raise faults.price_changed_meanwhile(_row(item))
    check_price(request.amount, before, currency=item.currency, confirmed=request.confirmed)
    if request.amount == before:
        return _row(item)
    store_price(work.connection, item, request.amount.amount_minor, now=work.now, by=work.actor.staff_id)
    tell_prices(work, [item.code])
    return _row(_item(work, item.code))


def get_price_history(work: Work, request: GetPriceHistory) -> PriceHistory:
    """What it costs and has cost; two changes on one day are two."""
    item = _item(work, request.code)
    params = {
        "product_id": item.product_id,
        "service_code": None if item.product_id else item.code,
        "currency": item.currency,
        "limit": MAX_HISTORY + 1,
    }
    changes = work.rows(_Change, HISTORY, params)
    rows = [
        PriceChange(
            id=change.id,
            price=Money(change.amount_minor, change.currency),
            since=change.since,
            set_at=change.set_at,
            set_by=_person(change.set_by, change.set_by_name),
        )
        for change in changes[:MAX_HISTORY]
    ]
    return PriceHistory(code=item.code, rows=rows, more=len(changes) > MAX_HISTORY)


def tell_prices(work: Work, codes: list[str]) -> None:
    """Lists of prices are stale now."""
    named = codes if len(codes) <= MAX_NAMED else []
    work.emit(PricesChanged(codes=named), audience=Permission.PRICES_READ)


def _item(work: Work, code: str) -> Item:
    items = read_items(work.connection, now=work.now, code=code)
    if not items:
        raise faults.unknown_item(code)
    return items[0]


def _fits(item: Item, words: list[str]) -> bool:
    """Whether each word begins one of the item's."""
    known = words_of(item.words, item.code) if words else []
    return all(any(each.startswith(word) for each in known) for word in words)


def _row(item: Item) -> PriceRow:
    return PriceRow(
        code=item.code,
        what=item.what,
        unit=item.unit,
        price=item.price,
        since=item.since,
        set_at=item.set_at,
        set_by=_person(item.set_by, item.set_by_name),
    )


def _person(staff_id: StaffId | None, name: str | None) -> Person | None:
    return None if staff_id is None else Person(id=staff_id, name=name or "")


# Nobody else sets a price before this transaction ends: what was `seen` cannot change unseen, also where
# there is no price yet and so no row to lock. Bills only read, and do not wait.
LOCK = "lock table price in share row exclusive mode"

HISTORY = """
select price_change.id, amount_minor, currency, nullif(valid_from, '2000-01-01') as since, at as set_at,
    staff_id as set_by, staff.name as set_by_name
from price_change left join staff on staff.id = staff_id
where currency = %(currency)s
    and (product_id = %(product_id)s::bigint or service_code = %(service_code)s::text)
order by price_change.id desc limit %(limit)s
"""
