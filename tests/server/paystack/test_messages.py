"""Paystack's words are read strictly where they are money, and with tolerance everywhere else."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.paystack.messages import (
    Charge,
    Refund,
    RefundStatus,
    Transaction,
    TransactionStatus,
    UnreadableError,
    WebhookEvent,
    read_charge,
    read_envelope,
    read_initialized,
    read_meta,
    read_refund,
    read_transaction,
    read_webhook,
)

SHARED = Path(os.environ.get("HMS_SHARED") or Path(__file__).parents[4] / "shared" / "data") / "paystack"
needs_samples = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder shared/data is not beside the checkout"
)

PAID = {"reference": "R-1", "status": "success", "amount": 5000, "currency": "NGN"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def _samples(name: str) -> Any:
    return json.loads((SHARED / name).read_text())


@needs_samples
def test_every_sample_answer_is_read() -> None:
    samples = _samples("sample_responses.json")

    read: dict[str, list[object]] = {}
    for call, answers in samples.items():
        for kind, sample in answers.items():
            envelope = read_envelope(json.dumps(sample["data"]).encode())
            assert envelope.status == kind.startswith("200")
            assert envelope.message
            if envelope.status:
                read.setdefault(call, []).append(_typed(call, envelope.data))

    verified = read["transactions/verify"][0]
    assert isinstance(verified, Transaction)
    assert (verified.amount, verified.asked, verified.fees) == (40333, 30050, 10283)
    assert verified.authorization is not None
    assert verified.authorization.can_be_charged_again
    assert len(read["charges/create"]) == 10
    refunds = [refund for refund in read["refunds/create"] if isinstance(refund, Refund)]
    assert [refund.transaction_reference for refund in refunds] == ["T685312322670591"]


def _typed(call: str, data: Any) -> object:
    if call in {"transactions/verify", "transactions/fetch"}:
        return read_transaction(data)
    if call == "transactions/list":
        return [read_transaction(row) for row in data]
    if call == "transactions/initialize":
        return read_initialized(data)
    if call in {"charges/create", "transactions/charge_authorization"}:
        return read_charge(data)
    if call.startswith("refunds/"):
        return [read_refund(row) for row in data] if isinstance(data, list) else read_refund(data)
    return data


@needs_samples
def test_every_sample_webhook_is_read() -> None:
    read = [
        read_webhook(json.dumps(sample["body"]).encode())
        for samples in _samples("webhook_samples.json").values()
        for sample in samples
    ]

    paid = {event.event: event.transaction() for event in read if event.transaction()}
    refunds = {event.event: event.refund() for event in read if event.refund()}
    assert {name: row and (row.amount, row.asked, row.fees) for name, row in paid.items()} == {
        "charge.success": (25126, 25000, 126)
    }
    assert {name: row and (row.amount, row.status) for name, row in refunds.items()} == {
        "refund.failed": (20000, RefundStatus.FAILED),
        "refund.processed": (5000, RefundStatus.PROCESSED),
    }
    assert {event.event for event in read} == set(_samples("webhook_samples.json"))


@pytest.mark.parametrize("amount", [5000, "5000", 5000.0])
def test_an_amount_may_be_an_integer_or_a_string(amount: object) -> None:
    assert read_transaction(PAID | {"amount": amount, "fees": amount}).amount == 5000


@pytest.mark.parametrize("amount", [None, "", "fifty", -1, "-1", 50.5, "50.5", True, [], 10**16])
def test_an_amount_that_is_none_is_refused(amount: object) -> None:
    with pytest.raises(UnreadableError, match="amount"):
        read_transaction(PAID | {"amount": amount})


@pytest.mark.parametrize("name", ["reference", "status", "currency", "amount"])
def test_what_decides_about_money_must_be_there(name: str) -> None:
    without = {field: value for field, value in PAID.items() if field != name}

    with pytest.raises(UnreadableError, match=name):
        read_transaction(without)


@pytest.mark.parametrize("metadata", [{"invoice": 7}, "7", 7, None, "", [1]])
def test_metadata_comes_as_it_was_sent(metadata: object) -> None:
    assert read_transaction(PAID | {"metadata": metadata}).metadata == metadata


@pytest.mark.parametrize("empty", [None, {}, "", [], 0])
def test_an_empty_authorization_is_none(empty: object) -> None:
    read = read_transaction(PAID | {"authorization": empty, "customer": empty})

    assert read.authorization is None or not read.authorization.can_be_charged_again


BESIDE = (
    "message", "gateway_response", "channel", "domain", "paid_at", "paidAt", "created_at", "authorization",
    "customer", "metadata", "plan", "log", "anything",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(BESIDE), JSON))
def test_nothing_beside_the_money_hides_a_payment(oddities: dict[str, Any]) -> None:
    read = read_transaction(PAID | oddities)

    assert (read.reference, read.status, read.amount, read.currency) == ("R-1", "success", 5000, "NGN")


@given(JSON)
def test_any_json_is_read_or_refused_in_words(data: Any) -> None:
    for read in (read_transaction, read_refund, read_charge, read_initialized):
        _read_or_refuse(read, data)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_envelope_and_a_notice_or_refused(body: bytes) -> None:
    for read in (read_envelope, read_webhook):
        _read_or_refuse(read, body)


def _read_or_refuse(read: Callable[[Any], object], value: Any) -> None:
    # Nothing but this one error may come of it.
    with suppress(UnreadableError):
        assert read(value) is not None


def test_a_pit_of_brackets_is_refused() -> None:
    with pytest.raises(UnreadableError):
        read_webhook(b'{"event":"charge.success","data":' + b"[" * 100_000)


def test_moments_are_aware_and_an_odd_one_is_left_out() -> None:
    whole = read_transaction(
        PAID | {"paidAt": "2024-08-22T09:15:02.000Z", "created_at": "2024-08-22 09:14:24"}
    )
    odd = read_transaction(PAID | {"paid_at": "soon", "created_at": 7})

    assert whole.paid_at is not None
    assert whole.paid_at.isoformat() == "2024-08-22T09:15:02+00:00"
    assert whole.created_at is not None
    assert whole.created_at.utcoffset() is not None
    assert (odd.paid_at, odd.created_at) == (None, None)


def test_without_a_requested_amount_the_amount_was_asked() -> None:
    assert read_transaction(PAID).asked == 5000
    assert read_transaction(PAID | {"requested_amount": "4900"}).asked == 4900


@pytest.mark.parametrize("fees", [None, "", "null"])
def test_fees_may_be_unknown(fees: object) -> None:
    assert read_transaction(PAID | {"fees": fees, "requested_amount": fees}).fees is None


def test_an_unknown_status_is_kept_as_it_is() -> None:
    read = read_transaction(PAID | {"status": "halfway"})

    assert read.status == "halfway"
    assert read.status not in set(TransactionStatus)


def test_a_refund_names_its_transaction_by_number_or_in_whole() -> None:
    refund = {"status": "pending", "amount": "700", "currency": "NGN"}

    by_number = read_refund(refund | {"transaction": 1641})
    in_whole = read_refund(refund | {"transaction": {"id": "1641", "reference": "R-1"}})

    assert (by_number.transaction_id, by_number.transaction_reference) == (1641, None)
    assert (in_whole.transaction_id, in_whole.transaction_reference) == (1641, "R-1")


def test_a_charge_that_waits_says_what_for() -> None:
    waiting = read_charge({"reference": "R-1", "status": "pay_offline", "ussd_code": "*737#"})
    done = read_charge(PAID)

    assert waiting == Charge(reference="R-1", status="pay_offline", ussd_code="*737#")
    assert done.transaction is not None
    assert done.transaction.amount == 5000


@pytest.mark.parametrize(
    ("event", "data", "reference"),
    [
        ("charge.success", {"reference": "R-1"}, "R-1"),
        ("charge.dispute.create", {"transaction": {"reference": "R-1"}}, "R-1"),
        ("refund.processed", {"transaction_reference": "R-1", "refund_reference": "X"}, "R-1"),
        ("bank.transfer.rejected", {"reference": "R-1"}, "R-1"),
        ("transfer.success", {"reference": "R-1"}, None),
        ("charge.success", "R-1", None),
        ("something.new", {"reference": "R-1"}, None),
    ],
)
def test_a_notice_names_the_payment_that_it_is_about(event: str, data: object, reference: str | None) -> None:
    assert WebhookEvent(event=event, data=data).reference == reference


def test_notices_of_other_kinds_are_neither_payment_nor_refund() -> None:
    for event in ("charge.dispute.create", "transfer.success", "something.new"):
        notice = WebhookEvent(event=event, data=PAID)
        assert notice.refund() is None
        assert notice.transaction() is None


def test_the_end_of_a_list_may_be_called_null() -> None:
    assert read_meta({"next": "null"}).next is None
    assert read_meta({"next": "abc", "perPage": 50}).next == "abc"
    assert read_meta(None).page_count is None
    assert read_meta({"pageCount": "3"}).page_count == 3
