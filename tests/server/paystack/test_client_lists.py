"""Refunds are asked for once and found again; lists come whole, each row once, or not at all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hms_server.paystack import client as client_module
from hms_server.paystack.client import DeclinedError, Paystack
from hms_server.paystack.messages import RefundStatus, UnreadRow
from hms_server.relay.outside import OutsideFault
from tests.outside.local import Reply
from tests.outside.paystack import DOWN, FakePaystack, granted

REFERENCE = "HMS-7F3A-2"
EMAIL = "patient@example.com"


def _start(paystack: Paystack, reference: str = REFERENCE) -> None:
    paystack.initialize(reference=reference, amount=150_000, currency="NGN", email=EMAIL)


def _refund(paystack: Paystack, amount: int, note: str) -> Any:
    return paystack.refund(REFERENCE, amount=amount, currency="NGN", merchant_note=note)


def test_a_refund_is_asked_for_and_followed(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    theirs.pay(REFERENCE)

    asked = paystack.refund(
        REFERENCE, amount=50_000, currency="NGN", merchant_note="HMS-R1", customer_note="Test not done"
    )
    theirs.process_refunds()
    done = paystack.fetch_refund(asked.id or 0)

    assert (asked.status, asked.amount, asked.transaction_reference) == ("pending", 50_000, REFERENCE)
    assert theirs.seen[1].json()["customer_note"] == "Test not done"
    assert done is not None
    assert (done.status, done.merchant_note) == (RefundStatus.PROCESSED, "HMS-R1")


def test_more_than_was_paid_is_not_refunded(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    theirs.pay(REFERENCE)
    _refund(paystack, 100_000, "HMS-R1")

    with pytest.raises(DeclinedError, match="more than"):
        _refund(paystack, 50_001, "HMS-R2")


def test_a_lost_refund_is_found_by_its_note(paystack: Paystack, theirs: FakePaystack) -> None:
    for reference in ("HMS-other", REFERENCE):
        _start(paystack, reference)
        theirs.pay(reference)
    paystack.refund("HMS-other", amount=1000, currency="NGN", merchant_note="HMS-R0")
    theirs.lose_answers()
    with pytest.raises(OutsideFault) as caught:
        _refund(paystack, 50_000, "HMS-R1")
    payment = paystack.verify(REFERENCE)

    assert payment is not None
    found = paystack.refunds_of(payment)

    assert caught.value.may_have_arrived
    assert [(row.amount, row.merchant_note) for row in found] == [(50_000, "HMS-R1")]


def test_asked_twice_paystack_refunds_twice(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    theirs.pay(REFERENCE)

    first, second = _refund(paystack, 1000, "HMS-R1"), _refund(paystack, 1000, "HMS-R1")

    assert first.id != second.id
    assert theirs.books().refunded("NGN") == 2000


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_all_payments_of_a_period_come_once(paystack: Paystack, theirs: FakePaystack, count: int) -> None:
    start = datetime(2026, 11, 21, tzinfo=UTC)
    ticks = iter(range(10_000))
    theirs.now = lambda: start + timedelta(minutes=next(ticks))
    for number in range(count):
        theirs._new_payment({"email": EMAIL, "amount": 5000, "reference": f"HMS-{number}"})

    rows = [row.reference for row in paystack.transactions(start, start + timedelta(days=1))]

    assert sorted(rows) == sorted(f"HMS-{number}" for number in range(count))
    assert len(theirs.seen) == max(1, -(-count // client_module.PAGE))


def test_a_period_leaves_out_what_was_begun_outside_of_it(paystack: Paystack, theirs: FakePaystack) -> None:
    days = iter(range(5))
    start = datetime(2026, 11, 1, tzinfo=UTC)
    theirs.now = lambda: start + timedelta(days=next(days))
    for number in range(5):
        _start(paystack, f"HMS-{number}")

    rows = paystack.transactions(start + timedelta(days=1), start + timedelta(days=3))

    assert {row.reference for row in rows} == {"HMS-1", "HMS-2", "HMS-3"}


def test_a_payment_that_begins_between_two_pages_disturbs_nothing(
    paystack: Paystack, theirs: FakePaystack
) -> None:
    for number in range(150):
        theirs._new_payment({"email": EMAIL, "amount": 5000, "reference": f"HMS-{number}"})
    now = datetime.now(UTC)
    rows = paystack.transactions(now - timedelta(days=1), now + timedelta(days=1))
    first = next(rows)
    theirs._new_payment({"email": EMAIL, "amount": 5000, "reference": "HMS-late"})

    references = [first.reference, *(row.reference for row in rows)]

    assert len(references) == len(set(references)) == 150


def _page(rows: list[Any], meta: object) -> Reply:
    return granted("Transactions retrieved", rows, meta=meta)


def test_numbered_pages_are_followed_where_there_is_no_cursor(
    paystack: Paystack, theirs: FakePaystack
) -> None:
    row = {"status": "success", "amount": 1, "currency": "NGN"}
    theirs.troubles.extend(
        [
            _page([row | {"reference": "A"}, row | {"reference": "B"}], {"page": 1, "pageCount": 2}),
            _page([row | {"reference": "B"}, row | {"reference": "C"}], {"page": 2, "pageCount": 2}),
        ]
    )
    now = datetime.now(UTC)

    rows = [row.reference for row in paystack.transactions(now, now)]

    assert rows == ["A", "B", "C"]
    assert [seen.query.get("page") for seen in theirs.seen] == [None, "2"]


def test_a_list_that_turns_in_circles_ends(paystack: Paystack, theirs: FakePaystack) -> None:
    theirs.troubles.extend([_page([], {"next": "same"}), _page([], {"next": "same"})])
    now = datetime.now(UTC)

    with pytest.raises(OutsideFault, match="circles"):
        list(paystack.transactions(now, now))


def test_a_line_that_breaks_between_pages_is_a_fault(paystack: Paystack, theirs: FakePaystack) -> None:
    for number in range(150):
        theirs._new_payment({"email": EMAIL, "amount": 5000, "reference": f"HMS-{number}"})
    theirs.troubles.extend([lambda _seen: None, Reply(swallow=True), DOWN, DOWN])
    now = datetime.now(UTC)

    with pytest.raises(OutsideFault):
        list(paystack.transactions(now - timedelta(days=1), now + timedelta(days=1)))


def test_a_row_that_cannot_be_read_is_never_left_out(paystack: Paystack, theirs: FakePaystack) -> None:
    theirs.troubles.append(_page([{"reference": "A", "status": "success"}], {}))
    now = datetime.now(UTC)

    with pytest.raises(OutsideFault, match="amount"):
        list(paystack.transactions(now, now))


def test_whoever_asks_is_handed_the_rows_that_cannot_be_read(
    paystack: Paystack, theirs: FakePaystack
) -> None:
    good = {"reference": "B", "status": "success", "amount": 1, "currency": "NGN"}
    theirs.troubles.append(_page([{"reference": "A", "status": "success"}, "rubbish", good], {}))
    now, unread = datetime.now(UTC), list[UnreadRow]()

    rows = [row.reference for row in paystack.transactions(now, now, unread=unread)]

    assert rows == ["B"]
    assert [row.reference for row in unread] == ["A", ""]
    assert "amount" in unread[0].why
    assert unread[1].words == '"rubbish"'


def test_refunds_are_read_page_by_page(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    theirs.pay(REFERENCE)
    for number in range(120):
        _refund(paystack, 100, f"HMS-R{number}")

    rows = list(paystack.refunds())

    assert sorted(row.merchant_note or "" for row in rows) == sorted(f"HMS-R{n}" for n in range(120))
