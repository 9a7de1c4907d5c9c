"""First to expire, first out; and what needs attention."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from hms_server.contract.pharmacy import AttentionKind
from hms_server.contract.values import BatchId, ProductId
from hms_server.pharmacy.rules import (
    StockedBatch,
    StockLevel,
    Wanted,
    allocate,
    is_same_pack,
    judge,
    rank,
    share_out,
)

TODAY = date(2026, 3, 2)


def batch(number: int, *, days: int, on_hand: int) -> StockedBatch:
    return StockedBatch(
        id=BatchId(number),
        lot=f"L{number}",
        expires_on=TODAY + timedelta(days=days),
        shelf="A1",
        on_hand=on_hand,
    )


def level(**changes: Any) -> StockLevel:
    values: dict[str, Any] = {
        "product_id": ProductId(1),
        "product": "Amoxicillin 500 mg capsule",
        "in_stock": 300,
        "used": 300,
        "expiring": 0,
        "first_expiry": None,
        "expired": 0,
    }
    return StockLevel(**(values | changes))


SHELVES = some.lists(
    some.builds(lambda days, on_hand: (days, on_hand), some.integers(-3, 3), some.integers(0, 20)), max_size=8
).map(lambda rows: [batch(number, days=days, on_hand=on_hand) for number, (days, on_hand) in enumerate(rows)])


@settings(max_examples=200, deadline=None)
@given(shelves=SHELVES, quantity=some.integers(1, 60))
def test_what_expires_first_is_taken_first(shelves: list[StockedBatch], quantity: int) -> None:
    """Never from an expired batch, never more than there is, none while an earlier batch has some left."""
    split = allocate(shelves, quantity, today=TODAY)

    taken = {allocation.batch_id: allocation.quantity for allocation in split.allocations}
    usable = sorted(
        (one for one in shelves if one.expires_on >= TODAY), key=lambda one: (one.expires_on, one.id)
    )
    left = [one.on_hand - taken.get(one.id, 0) for one in usable]
    last = max((place for place, one in enumerate(usable) if one.id in taken), default=0)
    assert set(taken) <= {one.id for one in usable}
    assert all(amount > 0 for amount in taken.values())
    assert min(left, default=0) >= 0
    assert not any(left[:last])
    assert sum(taken.values()) + split.short_by == quantity
    assert split.short_by == max(0, quantity - sum(one.on_hand for one in usable))


def test_equal_dates_go_by_the_older_batch() -> None:
    """Two batches of one date are used up in the order in which they came."""
    split = allocate([batch(2, days=5, on_hand=4), batch(1, days=5, on_hand=4)], 5, today=TODAY)

    assert [(one.batch_id, one.quantity) for one in split.allocations] == [(1, 4), (2, 1)]


def test_the_last_day_still_counts() -> None:
    """A batch is good through its last day and not one day longer."""
    shelf = [batch(1, days=0, on_hand=4)]

    assert allocate(shelf, 4, today=TODAY).short_by == 0
    assert allocate(shelf, 4, today=TODAY + timedelta(days=1)).short_by == 4


def test_two_lines_of_a_product_share_its_batches() -> None:
    """What the first line takes is not offered to the second."""
    line = Wanted(product_id=ProductId(1), quantity=6, batches=[batch(1, days=5, on_hand=10)])

    first, second = share_out([line, line], today=TODAY)

    assert (first.short_by, second.short_by) == (0, 2)
    assert [one.quantity for one in second.allocations] == [4]


def test_a_scanned_number_is_compared_in_every_length() -> None:
    """Scanners give GTIN-13 or, with a zero before it, GTIN-14."""
    assert is_same_pack("2041000000377", "2041000000377")
    assert is_same_pack(" 02041000000377\n", "2041000000377")
    assert not is_same_pack("12041000000377", "2041000000377")
    assert not is_same_pack("", "2041000000377")


def test_attention_goes_to_what_is_gone_expired_or_runs_out() -> None:
    """Seven days of stock are enough, less is not; and what expires within sixty days is told beside it."""
    assert judge(level()) == []
    assert judge(level(used=0)) == []
    assert judge(level(in_stock=70)) == []
    assert [(row.kind, row.lasts_days) for row in judge(level(in_stock=69))] == [(AttentionKind.LOW, 6)]
    assert [row.kind for row in judge(level(in_stock=0, expired=5))] == [
        AttentionKind.OUT,
        AttentionKind.EXPIRED,
    ]
    soon = judge(level(expiring=9, first_expiry=date(2026, 4, 5)))
    assert [(row.kind, row.detail) for row in soon] == [
        (AttentionKind.EXPIRES_SOON, "9 expire from 5 Apr 2026 on")
    ]


def test_the_most_pressing_comes_first() -> None:
    """Nothing left, then expired, then what lasts shortest, then what expires."""
    rows = [
        *judge(level(product="D", expiring=9, first_expiry=date(2026, 4, 5))),
        *judge(level(product="C", in_stock=50)),
        *judge(level(product="B", in_stock=20)),
        *judge(level(product="A", in_stock=0, expired=5)),
    ]

    ranked = sorted(rows, key=rank)

    assert [(row.product, row.kind) for row in ranked] == [
        ("A", AttentionKind.OUT),
        ("A", AttentionKind.EXPIRED),
        ("B", AttentionKind.LOW),
        ("C", AttentionKind.LOW),
        ("D", AttentionKind.EXPIRES_SOON),
    ]
