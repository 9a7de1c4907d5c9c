"""The shelf: deliveries, counts, losses, and a ledger that the database itself guards."""

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from hms_server.contract.pharmacy import (
    AttentionKind,
    CorrectStock,
    ListBatches,
    ListStockAttention,
    LossReason,
    ReceiveStock,
    StockChanged,
)
from hms_server.contract.values import BatchId, ProductId, Role
from tests.server.desk import Desk
from tests.server.pharmacy.shelves import IBUPROFEN_GTIN, Pharmacy, pick


def delivery(product_id: ProductId, **changes: Any) -> ReceiveStock:
    values: dict[str, Any] = {"lot": "AMX-1", "expires_on": date(2027, 6, 30), "quantity": 100, "shelf": "A1"}
    return ReceiveStock(product_id=product_id, **(values | changes))


def correct(desk: Desk, batch_id: BatchId, change: int, reason: LossReason) -> int:
    request = CorrectStock(batch_id=batch_id, change=change, reason=reason, note="Fell down")
    return desk.ask(request, Role.PHARMACIST).on_hand


def test_a_lot_that_comes_again_adds_to_its_batch(desk: Desk, pharmacy: Pharmacy) -> None:
    """A lot is one in small and in capital letters; a new shelf counts, none leaves the old one."""
    product = pharmacy.product()

    desk.ask(delivery(product), Role.PHARMACIST)
    desk.ask(delivery(product, lot=" amx-1 ", shelf=""), Role.PHARMACIST)
    again = desk.ask(delivery(product, shelf="B2"), Role.PHARMACIST)

    assert (again.lot, again.on_hand, again.shelf) == ("AMX-1", 300, "B2")
    assert desk.ask(ListBatches(product_id=product), Role.PHARMACIST).batches == [again]
    assert desk.sql("select in_stock(%s, '2027-06-30')", (product,)) == [(300,)]
    assert desk.sql("select in_stock(%s, '2027-07-01')", (product,)) == [(0,)]
    assert [event.product_ids for event in desk.events(StockChanged)] == [[product]] * 3


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quantity": 0}, "pharmacy.quantity", "quantity"),
        ({"quantity": 1_000_000}, "pharmacy.quantity", "quantity"),
        ({"lot": "  "}, "pharmacy.lot", "lot"),
        ({"lot": "x" * 41}, "pharmacy.lot", "lot"),
        ({"shelf": "x" * 41}, "pharmacy.shelf", "shelf"),
        ({"expires_on": date(2026, 3, 1)}, "pharmacy.expired_delivery", "expires_on"),
        ({"expires_on": date(2062, 3, 1)}, "pharmacy.expiry_far", "expires_on"),
        ({"product_id": 999}, "pharmacy.unknown_product", "product_id"),
    ],
)
def test_a_wrong_delivery_is_refused_at_its_field(
    desk: Desk, pharmacy: Pharmacy, changes: dict[str, Any], code: str, field: str
) -> None:
    """Nothing is put on the shelf, and the sentence belongs to the field."""
    fault = desk.fault(delivery(**({"product_id": pharmacy.product()} | changes)), Role.PHARMACIST)

    assert (fault.code, fault.field) == (code, field)
    assert desk.sql("select count(*) from batch") == [(0,)]


def test_a_lot_expires_on_one_day_only(desk: Desk, pharmacy: Pharmacy) -> None:
    """A second date for the same lot is a misread pack."""
    product = pharmacy.product()
    desk.ask(delivery(product), Role.PHARMACIST)

    fault = desk.fault(delivery(product, expires_on=date(2028, 6, 30)), Role.PHARMACIST)

    assert (fault.code, fault.field) == ("pharmacy.other_expiry", "expires_on")
    assert "30 Jun 2027" in fault.message


def test_a_wrong_last_day_is_put_right_once_none_is_left(desk: Desk, pharmacy: Pharmacy) -> None:
    """Counted as none and received anew; the ledger keeps the day that was wrong."""
    product = pharmacy.product()
    wrong = desk.ask(delivery(product, expires_on=date(2028, 6, 30)), Role.PHARMACIST)
    correct(desk, wrong.id, -100, LossReason.COUNTED)

    right = desk.ask(delivery(product), Role.PHARMACIST)

    assert (right.id, right.expires_on, right.on_hand) == (wrong.id, date(2027, 6, 30), 100)
    notes = desk.sql("select note from stock_movement where kind = 'received' order by id")
    assert notes == [("",), ("Last day was 30 Jun 2028",)]
    assert pharmacy.unbalanced_batches() == []


def test_losses_and_counts_go_into_the_ledger(desk: Desk, pharmacy: Pharmacy) -> None:
    """Each correction is a line of the ledger, with who, why and a note."""
    product = pharmacy.product()
    batch = pharmacy.stock(product, 100)

    left = [
        correct(desk, batch.id, -3, LossReason.BROKEN),
        correct(desk, batch.id, -7, LossReason.MISSING),
        correct(desk, batch.id, 2, LossReason.COUNTED),
    ]

    assert left == [97, 90, 92]
    assert pharmacy.on_hand(batch.id) == 92
    assert pharmacy.unbalanced_batches() == []
    ledger = desk.sql("select kind, quantity, staff_id, note from stock_movement order by id")
    assert ledger[1:] == [
        ("broken", -3, desk.staff[Role.PHARMACIST], "Fell down"),
        ("missing", -7, desk.staff[Role.PHARMACIST], "Fell down"),
        ("counted", 2, desk.staff[Role.PHARMACIST], "Fell down"),
    ]


def test_a_wrong_correction_is_refused(desk: Desk, pharmacy: Pharmacy) -> None:
    """More than there is, no change, a loss that adds, an expiry to come, a batch there is not."""
    batch = pharmacy.stock(pharmacy.product(), 10, days=5)

    def refusal(change: int, reason: LossReason, batch_id: int = batch.id) -> tuple[str, str | None]:
        request = CorrectStock(batch_id=BatchId(batch_id), change=change, reason=reason)
        fault = desk.fault(request, Role.PHARMACIST)
        return fault.code, fault.field

    assert refusal(-11, LossReason.BROKEN) == ("pharmacy.less_than_none", "change")
    assert refusal(0, LossReason.COUNTED) == ("pharmacy.change", "change")
    assert refusal(1, LossReason.MISSING) == ("pharmacy.change", "change")
    assert refusal(-1, LossReason.EXPIRED) == ("pharmacy.not_expired", "reason")
    assert refusal(-1, LossReason.BROKEN, 999) == ("pharmacy.unknown_batch", "batch_id")
    desk.pass_time(days=6)
    assert correct(desk, batch.id, -10, LossReason.EXPIRED) == 0


def test_the_database_lets_only_the_ledger_change_a_batch(desk: Desk, pharmacy: Pharmacy) -> None:
    """Neither a slip in the program nor a hand in the database can make stock out of nothing."""
    batch = pharmacy.stock(pharmacy.product(), 10)

    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.sql("update batch set on_hand = 99")
    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.sql(
            "insert into batch (product_id, lot, expires_on, on_hand) "
            "select product_id, 'x', now(), 5 from batch"
        )
    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.sql("update stock_movement set quantity = 99")
    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.sql("delete from stock_movement")
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        desk.sql(MOVE, (batch.id, -11, "broken", desk.now))
    assert refused.value.diag.constraint_name == "batch_never_negative"
    assert pharmacy.on_hand(batch.id) == 10


def test_the_database_refuses_to_dispense_what_has_expired(desk: Desk, pharmacy: Pharmacy) -> None:
    """Also where the program would: the day counts in the clinic's time zone."""
    product = pharmacy.product()
    batch = pharmacy.stock(product, 10, days=0)
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, product, 10)
    pharmacy.hand_over(visit, pick(line, 1))

    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        desk.sql(DISPENSE_ANYWAY, (batch.id, desk.now + timedelta(hours=15)))

    assert refused.value.diag.constraint_name == "batch_expired"
    desk.sql(DISPENSE_ANYWAY, (batch.id, desk.now + timedelta(hours=14)))


def test_attention_is_drawn_to_what_runs_out_and_expires(desk: Desk, pharmacy: Pharmacy) -> None:
    """From the use of thirty days and the dates on the shelves; what was never stocked is left out."""
    busy, gone = pharmacy.product("Busy"), pharmacy.product("Gone", gtin=IBUPROFEN_GTIN)
    pharmacy.product("Never", gtin="2041000001114")
    pharmacy.stock(busy, 95, days=365)
    pharmacy.stock(busy, 5, days=40)
    pharmacy.stock(gone, 6, days=1)
    visit = pharmacy.visit()
    pharmacy.hand_over(visit, pick(pharmacy.prescribe(visit, busy, 90), 90))

    desk.pass_time(days=2)

    rows = desk.ask(ListStockAttention(), Role.PHARMACIST).rows
    assert [(row.product, row.kind, row.in_stock, row.lasts_days) for row in rows] == [
        ("Gone 500 mg capsule", AttentionKind.OUT, 0, None),
        ("Gone 500 mg capsule", AttentionKind.EXPIRED, 0, None),
        ("Busy 500 mg capsule", AttentionKind.LOW, 10, 3),
    ]
    desk.pass_time(days=29)
    later = desk.ask(ListStockAttention(), Role.PHARMACIST).rows
    assert [(row.product, row.kind) for row in later] == [
        ("Gone 500 mg capsule", AttentionKind.OUT),
        ("Gone 500 mg capsule", AttentionKind.EXPIRED),
    ]


MOVE = "insert into stock_movement (batch_id, quantity, kind, at) values (%s, %s, %s, %s)"
DISPENSE_ANYWAY = """
insert into stock_movement (batch_id, quantity, kind, at, dispense_id)
select %s, -1, 'dispensed', %s, max(id) from medication_dispense
"""
