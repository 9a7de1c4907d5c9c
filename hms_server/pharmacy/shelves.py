"""What whoever keeps the stock sees: every medicine, what needs attention, and what happened to a batch."""

from dataclasses import dataclass
from datetime import date

from hms_server.contract.expiry import EXPIRES_SOON_DAYS
from hms_server.contract.pharmacy import (
    AttentionKind,
    ListStock,
    ListStockAttention,
    ListStockMovements,
    MovementRow,
    Movements,
    StockAttention,
    StockRow,
    StockRows,
)
from hms_server.patients.names import words_of
from hms_server.pharmacy.rules import (
    USE_WINDOW_DAYS,
    StockLevel,
    judge,
    rank,
)
from hms_server.work import Work

MAX_ATTENTION = 50
MAX_LISTED = 200
MAX_MOVEMENTS = 100
SHORTEST_GTIN = 12
"""A number of so many digits is one of a pack, which some scanners read with zeros before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf(StockLevel):
    """A medicine as the list shows it; `stocked` says that there was ever a batch of it."""

    gtin: str
    dispensing_unit: str
    pack_size: int
    next_expiry: date | None
    stocked: bool

    def row(self) -> StockRow:
        return StockRow(
            product_id=self.product_id,
            product=self.product,
            gtin=self.gtin,
            dispensing_unit=self.dispensing_unit,
            pack_size=self.pack_size,
            in_stock=self.in_stock,
            next_expiry=self.next_expiry,
            # What the clinic never had is not missing from its shelves.
            attention=sorted(judge(self), key=rank) if self.stocked else [],
        )


def list_stock(work: Work, request: ListStock) -> StockRows:
    """What needs attention first, the most pressing on top; the others by name."""
    words = words_of(request.text)
    params = {
        "patterns": [_pattern(word) for word in words],
        "product_id": request.product_id,
        "all": bool(words) or request.product_id is not None,
    }
    rows = sorted((shelf.row() for shelf in work.rows(_Shelf, SHELVES, params | _times(work))), key=_place)
    return StockRows(rows[:MAX_LISTED], more=len(rows) > MAX_LISTED)


def list_stock_attention(work: Work, _: ListStockAttention) -> StockAttention:
    """What runs out or expires of all that the clinic ever had on its shelves."""
    rows = [row for level in work.rows(StockLevel, LEVELS, _times(work)) for row in judge(level)]
    return StockAttention(sorted(rows, key=rank)[:MAX_ATTENTION])


def list_stock_movements(work: Work, request: ListStockMovements) -> Movements:
    """The newest lines of the ledger, each with what the batch held after it."""
    params = {
        "product_id": request.product_id,
        "batch_id": request.batch_id,
        "limit": MAX_MOVEMENTS + 1,
    }
    rows = work.rows(MovementRow, MOVEMENTS, params)
    return Movements(rows[:MAX_MOVEMENTS], more=len(rows) > MAX_MOVEMENTS)


def _pattern(word: str) -> str:
    if word.isascii() and word.isdigit() and len(word) >= SHORTEST_GTIN:
        return rf"\m0*{word.lstrip('0')}"
    return rf"\m{word}"


def _place(row: StockRow) -> tuple[int, int, str]:
    return rank(row.attention[0]) if row.attention else (len(AttentionKind), 0, row.product)


def _times(work: Work) -> dict[str, object]:
    return {"now": work.now, "soon": EXPIRES_SOON_DAYS, "window": USE_WINDOW_DAYS}


_LEVEL = """
with today as (select (%(now)s at time zone time_zone)::date as day from clinic),
level as (
    select product_id,
        coalesce(sum(on_hand) filter (where expires_on >= day), 0) as in_stock,
        coalesce(sum(on_hand) filter (where expires_on < day), 0) as expired,
        coalesce(sum(on_hand) filter (where expires_on between day and day + %(soon)s), 0) as expiring,
        min(expires_on) filter (
            where on_hand > 0 and expires_on between day and day + %(soon)s) as first_expiry,
        min(expires_on) filter (where on_hand > 0 and expires_on >= day) as next_expiry
    from batch cross join today
    group by product_id
), use as (
    select product_id, -sum(quantity) as used
    from stock_movement join batch on batch.id = batch_id
    where kind = 'dispensed' and at > %(now)s - make_interval(days => %(window)s)
    group by product_id
)
"""

LEVELS = f"""
{_LEVEL}
select product_id, product.label as product, in_stock, coalesce(used, 0) as used, expiring,
    first_expiry, expired
from level join product on product.id = product_id left join use using (product_id)
where offered or in_stock + expired > 0
"""

SHELVES = f"""
{_LEVEL}
select product.id as product_id, product.label as product, gtin, dispensing_unit, pack_size,
    coalesce(in_stock, 0) as in_stock, coalesce(used, 0) as used, coalesce(expiring, 0) as expiring,
    coalesce(expired, 0) as expired, first_expiry, next_expiry, level.product_id is not null as stocked
from product left join level on level.product_id = product.id left join use on use.product_id = product.id
where (offered or in_stock + expired > 0) and (%(all)s or level.product_id is not null)
    and words ~ all(%(patterns)s::text[]) and product.id = coalesce(%(product_id)s::bigint, product.id)
"""

# Of each batch the newest lines are among the newest of all, so what it held after each follows from today's.
MOVEMENTS = """
with moved as (
    select movement.*, lot, on_hand
    from stock_movement as movement join batch on batch.id = batch_id
    where product_id = %(product_id)s and batch_id = coalesce(%(batch_id)s::bigint, batch_id)
    order by movement.id desc limit %(limit)s
)
select moved.id, batch_id, lot, at, coalesce(staff.name, '') as by, kind, quantity, note,
    on_hand - coalesce(sum(quantity) over (partition by batch_id order by moved.id desc
        rows between unbounded preceding and 1 preceding), 0) as balance
from moved left join staff on staff.id = staff_id
order by moved.id desc
"""
