"""The stock as its keeper sees it: counted, written off, listed, and every line of its ledger told."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hms_server.contract.envelope import Request
from hms_server.contract.pharmacy import (
    AttentionKind,
    BatchRow,
    CorrectStock,
    CountStock,
    Dispense,
    ListBatches,
    ListStock,
    ListStockMovements,
    LossReason,
    MovementKind,
    ReceiveStock,
    StockChanged,
    StockRow,
)
from hms_server.contract.values import BatchId, ProductId, Role
from hms_server.pharmacy.shelves import MAX_MOVEMENTS
from tests.server.desk import Desk, FaultRaised
from tests.server.pharmacy.shelves import AMOXICILLIN_GTIN, IBUPROFEN_GTIN, Pharmacy, pick


def count(desk: Desk, batch: BatchRow, counted: int, *, seen: int | None = None, note: str = "") -> BatchRow:
    seen = batch.on_hand if seen is None else seen
    request = CountStock(batch_id=batch.id, counted=counted, seen=seen, note=note)
    return desk.ask(request, Role.PHARMACIST)


def listed(desk: Desk, text: str = "", product_id: ProductId | None = None) -> list[StockRow]:
    return desk.ask(ListStock(text=text, product_id=product_id), Role.PHARMACIST).rows


def test_a_count_becomes_the_difference(desk: Desk, pharmacy: Pharmacy) -> None:
    """More and less; who counted and why stands in the ledger, and every screen hears of it."""
    batch = pharmacy.stock(pharmacy.product(), 100)

    more = count(desk, batch, 104, note=" Behind the box ")
    less = count(desk, more, 90)

    assert (more.on_hand, less.on_hand, pharmacy.on_hand(batch.id)) == (104, 90, 90)
    assert pharmacy.unbalanced_batches() == []
    pharmacist = desk.staff[Role.PHARMACIST]
    assert desk.sql(
        "select kind, quantity, staff_id, note from stock_movement where kind = 'counted' order by id"
    ) == [("counted", 4, pharmacist, "Behind the box"), ("counted", -14, pharmacist, "")]
    assert len(desk.events(StockChanged)) == 3


def test_a_count_that_agrees_leaves_its_trace_in_the_audit_alone(desk: Desk, pharmacy: Pharmacy) -> None:
    """A line of the ledger always moves something; no screen has to fetch anything again."""
    batch = pharmacy.stock(pharmacy.product(), 100)

    assert count(desk, batch, 100).on_hand == 100

    assert desk.sql("select count(*) from stock_movement") == [(1,)]
    assert desk.sql("select outcome from audit where request = 'CountStock'") == [("done",)]
    assert len(desk.events(StockChanged)) == 1


def test_a_count_of_what_has_changed_meanwhile_is_refused(desk: Desk, pharmacy: Pharmacy) -> None:
    """Else the medicines that were handed over between looking and typing would be counted twice."""
    product = pharmacy.product()
    batch = pharmacy.stock(product, 30)
    visit = pharmacy.visit()
    pharmacy.hand_over(visit, pick(pharmacy.prescribe(visit, product, 4), 4))

    fault = desk.fault(CountStock(batch_id=batch.id, counted=28, seen=30), Role.PHARMACIST)

    assert (fault.code, fault.field, fault.data) == ("pharmacy.count_again", "counted", {"on_hand": "26"})
    assert fault.message == (
        "The list said 30 of lot LOT-1 and says 26 now: Fatima Bello changed it at 09:00. "
        "Nothing was stored. Count again."
    )
    assert pharmacy.on_hand(batch.id) == 26
    assert count(desk, batch, 25, seen=26).on_hand == 25


@pytest.mark.parametrize(("counted", "seen"), [(-1, 10), (1_000_000, 10), (10, 10**15)])
def test_an_impossible_count_is_refused_at_its_field(
    desk: Desk, pharmacy: Pharmacy, counted: int, seen: int
) -> None:
    batch = pharmacy.stock(pharmacy.product(), 10)

    fault = desk.fault(CountStock(batch_id=batch.id, counted=counted, seen=seen), Role.PHARMACIST)

    assert (fault.code, fault.field) == ("pharmacy.counted", "counted")
    assert pharmacy.on_hand(batch.id) == 10


def test_a_count_of_no_batch_or_with_a_long_note_is_refused(desk: Desk, pharmacy: Pharmacy) -> None:
    batch = pharmacy.stock(pharmacy.product(), 10)

    unknown = desk.fault(CountStock(batch_id=BatchId(999), counted=1, seen=1), Role.PHARMACIST)
    long = desk.fault(CountStock(batch_id=batch.id, counted=9, seen=10, note="n" * 201), Role.PHARMACIST)

    assert (unknown.code, unknown.field) == ("pharmacy.unknown_batch", "batch_id")
    assert (long.code, long.field) == ("pharmacy.note", "note")


def test_desks_that_count_and_dispense_at_once_never_lose_a_unit(desk: Desk, pharmacy: Pharmacy) -> None:
    """Of counts that saw the same list one is stored; the others are told to count again."""
    product = pharmacy.product()
    batch = pharmacy.stock(product, 50)
    visits = [pharmacy.visit() for _ in range(6)]
    lines = [pharmacy.prescribe(visit, product, 1) for visit in visits]

    def act(number: int) -> str:
        request: Request[Any] = CountStock(batch_id=batch.id, counted=49, seen=50)
        if number % 2:
            request = Dispense(encounter_id=visits[number], ticket_id=None, lines=[pick(lines[number], 1)])
        try:
            desk.ask(request, Role.PHARMACIST)
        except FaultRaised as refused:
            return refused.fault.code
        return type(request).__name__

    done = desk.together(6, act)

    assert set(done) <= {"CountStock", "Dispense", "pharmacy.count_again"}
    assert done.count("CountStock") <= 1
    assert pharmacy.on_hand(batch.id) == 50 - done.count("Dispense") - done.count("CountStock")
    assert pharmacy.unbalanced_batches() == []


ACTS = st.lists(
    st.tuples(
        st.sampled_from(("receive", "count", "lose", "dispense")), st.integers(0, 1), st.integers(0, 30)
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_whatever_is_done_the_ledger_adds_up_and_tells_every_balance(
    desk: Desk, pharmacy: Pharmacy, acts: list[tuple[str, int, int]]
) -> None:
    """Received, counted, written off and dispensed in any order, refused acts among them."""
    name = f"Product {desk.sql('select count(*) from product')[0][0]}"
    product = pharmacy.product(name)
    batches = [pharmacy.stock(product, 20, days=days) for days in (30, 60)]
    visit = pharmacy.visit()

    for act, which, amount in acts:
        batch = batches[which]
        with suppress(FaultRaised):
            desk.ask(_request(pharmacy, visit, batch, act, amount), Role.PHARMACIST)

    assert pharmacy.unbalanced_batches() == []
    rows = desk.ask(ListStockMovements(product_id=product), Role.PHARMACIST).rows
    for batch in batches:
        balance = 0
        for row in reversed([row for row in rows if row.batch_id == batch.id]):
            balance += row.quantity
            assert row.balance == balance >= 0
        assert balance == pharmacy.on_hand(batch.id)


def _request(pharmacy: Pharmacy, visit: Any, batch: BatchRow, act: str, amount: int) -> Request[Any]:
    if act == "receive":
        return ReceiveStock(
            product_id=batch.product_id, lot=batch.lot, expires_on=batch.expires_on, quantity=amount
        )
    if act == "count":
        return CountStock(batch_id=batch.id, counted=amount, seen=pharmacy.on_hand(batch.id))
    if act == "lose":
        return CorrectStock(batch_id=batch.id, change=-amount, reason=LossReason.BROKEN)
    line = pharmacy.prescribe(visit, batch.product_id, max(amount, 1))
    return Dispense(encounter_id=visit, ticket_id=None, lines=[pick(line, amount)])


def test_movements_say_who_when_and_what_was_left(desk: Desk, pharmacy: Pharmacy) -> None:
    """Of a product, or of one batch; the newest first."""
    product = pharmacy.product()
    first, second = pharmacy.stock(product, 10, days=5), pharmacy.stock(product, 40)
    visit = pharmacy.visit()
    desk.pass_time(minutes=5)
    pharmacy.hand_over(visit, pick(pharmacy.prescribe(visit, product, 12), 12))
    count(desk, second, 37, seen=38, note="Two times")

    movements = desk.ask(ListStockMovements(product_id=product), Role.PHARMACIST)
    of_first = desk.ask(ListStockMovements(product_id=product, batch_id=first.id), Role.PHARMACIST)

    told = [(row.lot, row.kind, row.quantity, row.balance, row.note) for row in movements.rows]
    assert told[0] == ("LOT-2", MovementKind.COUNTED, -1, 37, "Two times")
    assert set(told[1:3]) == {
        ("LOT-2", MovementKind.DISPENSED, -2, 38, ""),
        ("LOT-1", MovementKind.DISPENSED, -10, 0, ""),
    }
    assert [row.kind for row in of_first.rows] == [MovementKind.DISPENSED, MovementKind.RECEIVED]
    assert {row.by for row in movements.rows} == {"Fatima Bello"}
    assert movements.rows[0].at - movements.rows[-1].at == timedelta(minutes=5)
    assert not movements.more


def test_a_long_ledger_is_cut_and_says_so(desk: Desk, pharmacy: Pharmacy) -> None:
    """The balances are right all the same."""
    product = pharmacy.product()
    batch = pharmacy.stock(product, 500)
    desk.sql(LOSE_ONE, (batch.id, desk.now, MAX_MOVEMENTS))

    movements = desk.ask(ListStockMovements(product_id=product), Role.PHARMACIST)

    assert movements.more
    assert [row.balance for row in movements.rows] == [400 + number for number in range(MAX_MOVEMENTS)]


def test_the_list_begins_with_what_needs_attention(desk: Desk, pharmacy: Pharmacy) -> None:
    """What was never in stock comes up when it is looked for, and is not called out of stock."""
    gone, fine = pharmacy.product("Gone", gtin=IBUPROFEN_GTIN), pharmacy.product("Fine")
    never = pharmacy.product("Never", gtin="2041000001114")
    pharmacy.stock(gone, 6, days=1)
    pharmacy.stock(fine, 95, days=365)
    desk.pass_time(days=2)

    rows = listed(desk)

    assert [(row.product_id, row.in_stock) for row in rows] == [(gone, 0), (fine, 95)]
    assert [each.kind for each in rows[0].attention] == [AttentionKind.OUT, AttentionKind.EXPIRED]
    assert (rows[0].next_expiry, rows[1].next_expiry) == (None, pharmacy.today() + timedelta(days=363))
    assert (rows[1].attention, rows[1].dispensing_unit, rows[1].pack_size) == ([], "capsule", 10)
    found = listed(desk, "never")
    assert [(row.product_id, row.attention) for row in found] == [(never, [])]
    assert listed(desk, product_id=never) == found
    assert listed(desk, "nothing of the kind") == []


@pytest.mark.parametrize("scanned", [AMOXICILLIN_GTIN, f"0{AMOXICILLIN_GTIN}"])
def test_the_number_on_a_pack_finds_its_medicine(desk: Desk, pharmacy: Pharmacy, scanned: str) -> None:
    """As a scanner reads it: in 13 digits, or in 14 with a zero before them."""
    product = pharmacy.product()
    desk.sql("update product set words = words || ' ' || gtin")

    assert [(row.product_id, row.gtin) for row in listed(desk, scanned)] == [(product, AMOXICILLIN_GTIN)]


def test_an_expired_batch_stays_listed_until_it_is_written_off(desk: Desk, pharmacy: Pharmacy) -> None:
    product = pharmacy.product()
    batch = pharmacy.stock(product, 10, days=1)
    desk.pass_time(days=2)

    assert [row.on_hand for row in desk.ask(ListBatches(product_id=product), Role.PHARMACIST).batches] == [10]
    desk.ask(CorrectStock(batch_id=batch.id, change=-10, reason=LossReason.EXPIRED), Role.PHARMACIST)

    assert desk.ask(ListBatches(product_id=product), Role.PHARMACIST).batches == []


LOSE_ONE = """
insert into stock_movement (batch_id, quantity, kind, at)
select %s, -1, 'broken', %s from generate_series(1, %s)
"""
