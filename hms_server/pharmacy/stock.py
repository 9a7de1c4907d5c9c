"""Taking deliveries in, counting what is there, and writing off what is lost."""

from collections.abc import Sequence
from typing import Any

from hms_server.contract.pharmacy import (
    BatchRow,
    CorrectStock,
    CountStock,
    LossReason,
    ReceiveStock,
    StockChanged,
)
from hms_server.contract.values import ProductId
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.pharmacy import faults
from hms_server.pharmacy.rules import LONGEST_SHELF_LIFE_DAYS, MAX_DELIVERY, write_day
from hms_server.work import Work


def receive_stock(work: Work, request: ReceiveStock) -> BatchRow:
    """Puts a delivery on the shelf; the same lot again adds to its batch, which has one last day."""
    lot = " ".join(request.lot.split())
    _check_delivery(work, request)
    params = {
        "product_id": request.product_id,
        "lot": lot,
        "expires_on": request.expires_on,
        "shelf": " ".join(request.shelf.split()),
        "quantity": request.quantity,
    }
    row = work.one(BatchRow, RECEIVE, params | _who(work))
    if row is None:
        raise faults.other_expiry(work, request.product_id, lot)
    tell_stock(work, [row.product_id])
    return row


def correct_stock(work: Work, request: CorrectStock) -> BatchRow:
    """Writes a loss or the difference of a count into the ledger."""
    _check_change(request)
    params = {
        "batch_id": request.batch_id,
        "change": request.change,
        "kind": request.reason,
        "note": request.note.strip(),
    }
    row = work.one(BatchRow, CORRECT, params | _who(work))
    if row is None:
        raise faults.cannot_correct(work, request.batch_id, request.change)
    tell_stock(work, [row.product_id])
    return row


def count_stock(work: Work, request: CountStock) -> BatchRow:
    """Makes the ledger say what was counted, unless it has changed since; no difference adds no line."""
    if request.counted < 0 or abs(request.counted - request.seen) > MAX_DELIVERY:
        raise Refused(
            "pharmacy.counted",
            f"A count is a whole number from 0, and at most {MAX_DELIVERY:,} away from the list. "
            "Count single units, not boxes.",
            field="counted",
        )
    params = {
        "batch_id": request.batch_id,
        "counted": request.counted,
        "seen": request.seen,
        "note": request.note.strip(),
    }
    row = work.one(BatchRow, COUNT, params | _who(work))
    if row is None:
        raise faults.count_again(work, request.batch_id, request.seen)
    if request.counted != request.seen:
        tell_stock(work, [row.product_id])
    return row


def tell_stock(work: Work, product_ids: Sequence[ProductId]) -> None:
    """Lists that show what is in stock are stale now."""
    work.emit(StockChanged(product_ids=sorted(set(product_ids))), audience=Permission.FORMULARY_READ)


def _check_delivery(work: Work, request: ReceiveStock) -> None:
    if not 1 <= request.quantity <= MAX_DELIVERY:
        raise Refused(
            "pharmacy.quantity",
            f"A delivery has 1 to {MAX_DELIVERY:,} of a product; count single tablets, not boxes.",
            field="quantity",
        )
    today = work.value("select (%s at time zone time_zone)::date from clinic", (work.now,))
    if request.expires_on < today:
        raise Refused(
            "pharmacy.expired_delivery",
            f"This lot expired on {write_day(request.expires_on)}. Send it back, do not shelve it.",
            field="expires_on",
        )
    if (request.expires_on - today).days > LONGEST_SHELF_LIFE_DAYS:
        raise Refused(
            "pharmacy.expiry_far",
            f"No medicine keeps until {request.expires_on.year}. Read the date on the pack again.",
            field="expires_on",
        )


def _check_change(request: CorrectStock) -> None:
    if request.change == 0 or abs(request.change) > MAX_DELIVERY:
        raise Refused(
            "pharmacy.change",
            f"The change is a whole number up to {MAX_DELIVERY:,}, below zero for a loss.",
            field="change",
        )
    if request.change > 0 and request.reason is not LossReason.COUNTED:
        raise Refused(
            "pharmacy.change",
            "What has expired, is broken or missing makes the stock smaller. Write the change with a minus.",
            field="change",
        )


def _who(work: Work) -> dict[str, Any]:
    return {"now": work.now, "by": work.actor.staff_id}


# A last day that was typed wrong is put right once none of the lot is left; the ledger keeps the wrong one.
RECEIVE = """
with before as (
    select expires_on as last_day from batch where product_id = %(product_id)s and upper(lot) = upper(%(lot)s)
), stored as (
    insert into batch (product_id, lot, expires_on, shelf)
    values (%(product_id)s, %(lot)s, %(expires_on)s, %(shelf)s)
    on conflict (product_id, upper(lot)) do update
    set shelf = case when excluded.shelf = '' then batch.shelf else excluded.shelf end,
        expires_on = excluded.expires_on
    where batch.expires_on = excluded.expires_on or batch.on_hand = 0
    returning *
), moved as (
    insert into stock_movement (batch_id, quantity, kind, at, staff_id, note)
    select id, %(quantity)s, 'received', %(now)s, %(by)s,
        coalesce('Last day was ' || to_char(last_day, 'FMDD Mon YYYY'), '')
    from stored left join before on last_day <> expires_on
)
select stored.id, product_id, product.label as product, lot, expires_on, shelf,
    on_hand + %(quantity)s as on_hand
from stored join product on product.id = product_id
"""

CORRECT = """
with counted as materialized (
    select batch.* from batch cross join clinic
    where id = %(batch_id)s and on_hand + %(change)s >= 0
        and (%(kind)s <> 'expired' or expires_on < (%(now)s at time zone time_zone)::date)
    for no key update of batch
), moved as (
    insert into stock_movement (batch_id, quantity, kind, at, staff_id, note)
    select id, %(change)s, %(kind)s, %(now)s, %(by)s, %(note)s from counted
)
select counted.id, product_id, product.label as product, lot, expires_on, shelf,
    on_hand + %(change)s as on_hand
from counted join product on product.id = product_id
"""

# Checked again once the row is locked: who dispenses at this moment is either counted or refuses the count.
COUNT = """
with counted as materialized (
    select * from batch where id = %(batch_id)s and on_hand = %(seen)s for no key update
), moved as (
    insert into stock_movement (batch_id, quantity, kind, at, staff_id, note)
    select id, %(counted)s - on_hand, 'counted', %(now)s, %(by)s, %(note)s
    from counted where on_hand <> %(counted)s
)
select counted.id, product_id, product.label as product, lot, expires_on, shelf, %(counted)s as on_hand
from counted join product on product.id = product_id
"""
