"""From which batches a quantity is taken, and which products need somebody's attention."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hms_server.contract.expiry import EXPIRES_SOON_DAYS
from hms_server.contract.pharmacy import Allocation, AttentionKind, AttentionRow
from hms_server.contract.values import BatchId, ProductId

MAX_QUANTITY = 10_000
"""The largest quantity of one line that a pharmacist may hand over; more is a slip of the finger."""
MAX_DELIVERY = 100_000
USE_WINDOW_DAYS = 30
LOW_BELOW_DAYS = 7
LONGEST_SHELF_LIFE_DAYS = 20 * 365
GTIN_DIGITS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class StockedBatch:
    """A batch with what is on hand of it."""

    id: BatchId
    lot: str
    expires_on: date
    shelf: str
    on_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A line of a prescription, with the batches there are of its product."""

    product_id: ProductId
    quantity: int
    batches: Sequence[StockedBatch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How a quantity is made up, and how much of it there is not."""

    allocations: list[Allocation]
    short_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLevel:
    """One product's stock; `first_expiry` is the earliest last day of what expires soon."""

    product_id: ProductId
    product: str
    in_stock: int
    used: int
    expiring: int
    first_expiry: date | None
    expired: int


def allocate(batches: Iterable[StockedBatch], quantity: int, *, today: date) -> Split:
    """Takes from the batch that expires first, then from the older one; never from an expired one."""
    allocations: list[Allocation] = []
    wanted = quantity
    for batch in sorted(batches, key=lambda batch: (batch.expires_on, batch.id)):
        taken = min(batch.on_hand, wanted)
        if batch.expires_on < today or taken <= 0:
            continue
        allocations.append(
            Allocation(
                batch_id=batch.id,
                lot=batch.lot,
                expires_on=batch.expires_on,
                shelf=batch.shelf,
                quantity=taken,
            )
        )
        wanted -= taken
    return Split(allocations=allocations, short_by=wanted)


def share_out(lines: Sequence[Wanted], *, today: date) -> list[Split]:
    """Serves the lines in turn; two of the same product share its batches."""
    left: dict[ProductId, Sequence[StockedBatch]] = {}
    splits = []
    for line in lines:
        batches = left.get(line.product_id, line.batches)
        split = allocate(batches, line.quantity, today=today)
        left[line.product_id] = _without(batches, split)
        splits.append(split)
    return splits


def _without(batches: Sequence[StockedBatch], split: Split) -> list[StockedBatch]:
    taken = {allocation.batch_id: allocation.quantity for allocation in split.allocations}
    return [replace(batch, on_hand=batch.on_hand - taken.get(batch.id, 0)) for batch in batches]


def is_same_pack(scanned: str, gtin: str) -> bool:
    """Whether a scanner read this product's number, as GTIN-13 or, with zeros before it, as GTIN-14."""
    return normal_gtin(scanned) == normal_gtin(gtin)


def normal_gtin(text: str) -> str:
    """The number in 14 digits, as GS1 compares them."""
    return text.strip().zfill(GTIN_DIGITS)


def judge(level: StockLevel) -> list[AttentionRow]:
    """What there is to do about a product: at most one line on its quantity and one on its dates."""
    return [*_quantity_rows(level), *_expiry_rows(level)]


def rank(row: AttentionRow) -> tuple[int, int, str]:
    """The most pressing first: nothing left, expired stock on the shelf, running out, expiring."""
    order = (AttentionKind.OUT, AttentionKind.EXPIRED, AttentionKind.LOW, AttentionKind.EXPIRES_SOON)
    return order.index(row.kind), row.lasts_days or 0, row.product


def lasts_days(level: StockLevel) -> int | None:
    """For how many days the stock lasts at the rate of the last weeks; None when none was used."""
    return level.in_stock * USE_WINDOW_DAYS // level.used if level.used else None


def last_day_soon(today: date) -> date:
    """What expires up to this day expires soon."""
    return today + timedelta(days=EXPIRES_SOON_DAYS)


def write_day(day: date) -> str:
    """A date as staff read it: "5 Mar 2026"."""
    return f"{day.day} {day:%b %Y}"


def _quantity_rows(level: StockLevel) -> list[AttentionRow]:
    days = lasts_days(level)
    if level.in_stock == 0:
        return [_row(level, AttentionKind.OUT, "None left that can be dispensed")]
    if days is not None and days < LOW_BELOW_DAYS:
        return [_row(level, AttentionKind.LOW, f"{level.used} used in {USE_WINDOW_DAYS} days")]
    return []


def _expiry_rows(level: StockLevel) -> list[AttentionRow]:
    rows = []
    if level.expired:
        rows.append(_row(level, AttentionKind.EXPIRED, f"{level.expired} expired: take them off the shelf"))
    if level.expiring and level.first_expiry is not None:
        detail = f"{level.expiring} expire from {write_day(level.first_expiry)} on"
        rows.append(_row(level, AttentionKind.EXPIRES_SOON, detail))
    return rows


def _row(level: StockLevel, kind: AttentionKind, detail: str) -> AttentionRow:
    return AttentionRow(
        product_id=level.product_id,
        product=level.product,
        kind=kind,
        in_stock=level.in_stock,
        lasts_days=lasts_days(level),
        detail=detail,
    )
