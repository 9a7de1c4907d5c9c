"""The local Paystack keeps right books and sends what the real one sends, so that tests may lean on it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hms_server.paystack.client import DeclinedError, Paystack
from hms_server.paystack.messages import read_webhook
from hms_server.paystack.webhook import is_signed
from hms_server.relay.outside import OutsideFault
from tests.outside.local import LocalServer, Reply, Seen
from tests.outside.paystack import FakePaystack
from tests.outside.paystack_books import fee_of

EMAIL = "patient@example.com"


def _start(
    paystack: Paystack, reference: str = "HMS-1", amount: int = 300_000, currency: str = "NGN"
) -> None:
    paystack.initialize(reference=reference, amount=amount, currency=currency, email=EMAIL)


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [
        (1000_00, "NGN", 15_00),
        (2499_99, "NGN", 37_50),
        (2500_00, "NGN", 137_50),
        (1_000_000_00, "NGN", 2000_00),
        (100_00, "GHS", 1_95),
        (100_00, "ZAR", 3_90),
        (1000_00, "XOF", 32_00),
    ],
)
def test_fees_are_those_of_the_price_list(amount: int, currency: str, fee: int) -> None:
    assert fee_of(amount, currency) == fee


def test_the_customer_may_pay_another_amount_in_another_currency(
    paystack: Paystack, theirs: FakePaystack
) -> None:
    _start(paystack)
    theirs.pay("HMS-1", amount=100_000, currency="GHS")

    paid = paystack.verify("HMS-1")

    assert paid is not None
    assert (paid.amount, paid.asked, paid.currency) == (100_000, 300_000, "GHS")
    assert theirs.books().received("GHS") == 100_000
    assert theirs.books().received("NGN") == 0


def test_the_customer_may_pay_after_a_failure_but_not_twice(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    theirs.fail("HMS-1")
    theirs.pay("HMS-1")

    with pytest.raises(AssertionError):
        theirs.pay("HMS-1")

    assert theirs.books().payments["HMS-1"].status == "success"


def test_what_was_wholly_refunded_is_reversed(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    theirs.pay("HMS-1")
    paystack.refund("HMS-1", amount=100_000, currency="NGN", merchant_note="a")
    theirs.process_refunds()
    in_part = paystack.verify("HMS-1")
    paystack.refund("HMS-1", amount=200_000, currency="NGN", merchant_note="b")
    theirs.process_refunds()
    wholly = paystack.verify("HMS-1")

    assert in_part is not None
    assert wholly is not None
    assert (in_part.status, wholly.status) == ("success", "reversed")
    with pytest.raises(DeclinedError, match="fully reversed"):
        paystack.refund("HMS-1", amount=1, currency="NGN", merchant_note="c")


def test_a_failed_refund_may_be_asked_for_again(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    theirs.pay("HMS-1")
    paystack.refund("HMS-1", amount=300_000, currency="NGN", merchant_note="a")
    theirs.process_refunds("processing")
    theirs.process_refunds("failed")
    again = paystack.refund("HMS-1", amount=300_000, currency="NGN", merchant_note="b")

    assert again.status == "pending"
    assert theirs.books().refunded("NGN") == 300_000


def test_what_was_not_paid_is_not_refunded(paystack: Paystack) -> None:
    _start(paystack)

    with pytest.raises(DeclinedError, match="successful"):
        paystack.refund("HMS-1", amount=1, currency="NGN", merchant_note="a")


def test_webhooks_are_signed_over_their_very_bytes(paystack: Paystack, theirs: FakePaystack) -> None:
    with LocalServer(lambda _seen: Reply(status=200)) as ours:
        theirs.webhook_url = f"{ours.url}/paystack"
        _start(paystack)
        theirs.pay("HMS-1", notices=2)
        paystack.refund("HMS-1", amount=1000, currency="NGN", merchant_note="a")
        theirs.process_refunds("processing")
        theirs.process_refunds()

        assert all(is_signed(theirs.secret, s.body, s.headers["x-paystack-signature"]) for s in ours.seen)
        read = [read_webhook(seen.body) for seen in ours.seen]
    assert [event.event for event in read] == [
        "charge.success",
        "charge.success",
        "refund.processing",
        "refund.processed",
    ]
    assert {event.reference for event in read} == {"HMS-1"}
    assert read[3].data["amount"] == "1000"
    assert "id" not in read[3].data
    refund = read[3].refund()
    assert refund is not None
    assert refund.amount == 1000


def test_a_lost_answer_was_carried_out(paystack: Paystack, theirs: FakePaystack) -> None:
    theirs.lose_answers()
    with pytest.raises(OutsideFault):
        _start(paystack)

    assert set(theirs.books().payments) == {"HMS-1"}


def test_the_clock_may_be_set(paystack: Paystack, theirs: FakePaystack) -> None:
    then = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    theirs.now = lambda: then
    _start(paystack)
    theirs.now = lambda: then + timedelta(hours=30)
    theirs.pay("HMS-1")

    paid = paystack.verify("HMS-1")

    assert paid is not None
    assert (paid.created_at, paid.paid_at) == (then, then + timedelta(hours=30))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["start", "pay", "fail", "refund", "process", "give back"]),
            st.integers(0, 2),
            st.integers(1, 400_000),
        ),
        max_size=25,
    )
)
def test_no_more_goes_back_than_came(steps: list[tuple[str, int, int]]) -> None:
    theirs = FakePaystack()
    try:
        for step, number, amount in steps:
            _step(theirs, step, f"HMS-{number}", amount)
            books = theirs.books()
            for row in books.payments.values():
                back = sum(
                    r.amount for r in books.refunds if r.reference == row.reference and r.status != "failed"
                )
                assert back <= row.amount
                assert (row.amount > 0) == (row.status in {"success", "reversed"})
    finally:
        theirs._server.server_close()


def _step(theirs: FakePaystack, step: str, reference: str, amount: int) -> None:
    payment = theirs.payments.get(reference)
    if step == "start":
        theirs._new_payment({"email": EMAIL, "amount": max(amount, 5000), "reference": reference})
    elif step in {"pay", "fail"} and payment and payment.status not in {"success", "reversed"}:
        theirs.pay(reference) if step == "pay" else theirs.fail(reference)
    elif step == "refund":
        body = json.dumps({"transaction": reference, "amount": amount}).encode()
        theirs._refund(Seen(method="POST", path="/refund", query={}, headers={}, body=body))
    elif step in {"process", "give back"}:
        theirs.process_refunds("processed" if step == "process" else "failed")
