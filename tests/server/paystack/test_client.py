"""Every call to Paystack ends in a typed answer, in None for what is unknown, or in a fault that says why."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hms_server.contract.relay import Trouble
from hms_server.paystack.client import DeclinedError, DuplicateReferenceError, Paystack, placeholder_email
from hms_server.paystack.means import BankTransfer, Eft, MobileMoney, Qr, Ussd
from hms_server.paystack.messages import TransactionStatus
from hms_server.relay.outside import Outside, OutsideFault
from tests.outside.local import CAPTIVE_PORTAL, Reply
from tests.outside.paystack import DOWN, TOO_MANY, FakePaystack

REFERENCE = "HMS-7F3A-2"
EMAIL = "patient@example.com"


def _start(paystack: Paystack, reference: str = REFERENCE, **others: Any) -> str:
    given: dict[str, Any] = {"amount": 150_000, "currency": "NGN", "email": EMAIL} | others
    return paystack.initialize(reference=reference, **given).access_code


def test_a_payment_is_initialised_with_our_reference(paystack: Paystack, theirs: FakePaystack) -> None:
    opened = paystack.initialize(
        reference=REFERENCE,
        amount=150_000,
        currency="NGN",
        email=EMAIL,
        channels=["card", "ussd"],
        metadata={"invoice": 7},
        callback_url="https://clinic.example.com/",
    )

    assert opened.reference == REFERENCE
    assert opened.authorization_url.endswith(opened.access_code)
    assert theirs.seen[0].headers["authorization"] == f"Bearer {theirs.secret}"
    assert theirs.seen[0].json() == {
        "reference": REFERENCE,
        "amount": 150_000,
        "currency": "NGN",
        "email": EMAIL,
        "channels": ["card", "ussd"],
        "metadata": {"invoice": 7},
        "callback_url": "https://clinic.example.com/",
    }


def test_a_reference_that_exists_is_told_apart(paystack: Paystack) -> None:
    _start(paystack)

    with pytest.raises(DuplicateReferenceError) as caught:
        _start(paystack)

    assert caught.value.trouble is Trouble.DECLINED
    assert caught.value.may_have_arrived
    assert caught.value.sentence == "Paystack declines: Duplicate Transaction Reference."


def test_a_refusal_carries_paystack_s_own_words(paystack: Paystack) -> None:
    with pytest.raises(DeclinedError) as caught:
        _start(paystack, currency="EUR")

    assert not isinstance(caught.value, DuplicateReferenceError)
    assert caught.value.sentence == "Paystack declines: Currency not supported by merchant."
    assert caught.value.code == "unsupported_currency"
    assert caught.value.status == 400
    assert not caught.value.may_have_arrived


def test_a_refusal_cannot_smuggle_lines_into_a_list(paystack: Paystack, theirs: FakePaystack) -> None:
    theirs.troubles.append(Reply.of({"status": False, "message": "No\r\nnow\x00" + "x" * 500}, status=400))

    with pytest.raises(DeclinedError) as caught:
        _start(paystack)

    assert caught.value.message.startswith("No now x")
    assert len(caught.value.message) <= 200


def test_a_refusal_with_200_is_a_refusal(paystack: Paystack, theirs: FakePaystack) -> None:
    theirs.troubles.append(Reply.of({"status": False, "message": "Not today"}))

    with pytest.raises(DeclinedError, match="Not today"):
        _start(paystack)


@pytest.mark.parametrize("reference", ["", "with space", "under_score", "x/y"])
def test_a_reference_that_paystack_would_not_take_is_not_sent(
    paystack: Paystack, theirs: FakePaystack, reference: str
) -> None:
    with pytest.raises(ValueError, match="no reference"):
        _start(paystack, reference)

    assert theirs.seen == []


def test_the_inner_status_says_how_a_payment_stands(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    seen = []
    for step in (theirs.begin, theirs.fail, theirs.abandon, theirs.pay):
        seen.append(paystack.verify(REFERENCE))
        step(REFERENCE)
    seen.append(paystack.verify(REFERENCE))

    assert [row and row.status for row in seen] == [
        TransactionStatus.ABANDONED,
        TransactionStatus.ONGOING,
        TransactionStatus.FAILED,
        TransactionStatus.ABANDONED,
        TransactionStatus.SUCCESS,
    ]


def test_who_bears_the_fees_pays_more_than_was_asked(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack, amount=1_000_000)
    theirs.pay(REFERENCE, bears_fees=True)

    paid = paystack.verify(REFERENCE)

    assert paid is not None
    assert (paid.asked, paid.fees) == (1_000_000, 25_000)
    assert paid.amount == paid.asked + 25_000


def test_an_unknown_reference_is_none(paystack: Paystack) -> None:
    assert paystack.verify("HMS-unknown") is None
    assert paystack.check_charge("HMS-unknown") is None
    assert paystack.fetch(1) is None
    assert paystack.fetch_refund(1) is None


def test_a_payment_is_found_by_paystack_s_number(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)

    found = paystack.fetch(theirs.payments[REFERENCE].id)

    assert found is not None
    assert found.reference == REFERENCE
    assert found.id is not None
    assert found.id > 2**31


def test_a_wrong_key_is_a_trouble_of_the_key(theirs: FakePaystack) -> None:
    with pytest.raises(OutsideFault) as caught:
        Paystack(Outside(), "sk_test_wrong", theirs.url).probe()

    assert caught.value.trouble is Trouble.KEY
    assert "wrong" not in caught.value.sentence


def test_an_invalid_key_told_with_400_is_one_too(paystack: Paystack, theirs: FakePaystack) -> None:
    theirs.troubles.append(Reply.of({"status": False, "message": "Invalid key"}, status=400))

    with pytest.raises(OutsideFault) as caught:
        paystack.verify(REFERENCE)

    assert caught.value.trouble is Trouble.KEY


def test_a_probe_changes_nothing(paystack: Paystack, theirs: FakePaystack) -> None:
    paystack.probe()

    assert [(seen.method, seen.path) for seen in theirs.seen] == [
        ("GET", "/integration/payment_session_timeout")
    ]


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [(TOO_MANY, Trouble.BUSY), (DOWN, Trouble.DOWN), (CAPTIVE_PORTAL, Trouble.CAPTIVE_PORTAL)],
)
def test_troubles_of_the_line_come_through(
    paystack: Paystack, theirs: FakePaystack, reply: Reply, trouble: Trouble
) -> None:
    theirs.troubles.append(reply)

    with pytest.raises(OutsideFault) as caught:
        _start(paystack)

    assert caught.value.trouble is trouble
    assert caught.value.retry_after == (timedelta(seconds=7) if trouble is Trouble.BUSY else None)
    assert theirs.payments == {}


def test_after_a_lost_answer_the_payment_may_exist(paystack: Paystack, theirs: FakePaystack) -> None:
    theirs.lose_answers()

    with pytest.raises(OutsideFault) as caught:
        _start(paystack)

    assert caught.value.may_have_arrived
    assert paystack.verify(REFERENCE) is not None


@pytest.mark.parametrize(
    "answer",
    [
        {"status": True, "message": "ok"},
        {"status": True, "message": "ok", "data": []},
        {"status": True, "message": "ok", "data": {"reference": "R", "status": "success", "amount": "much"}},
        [1],
    ],
)
def test_an_answer_that_cannot_be_read_is_garbled(
    paystack: Paystack, theirs: FakePaystack, answer: object
) -> None:
    theirs.troubles.extend([Reply.of(answer), Reply.of(answer)])

    with pytest.raises(OutsideFault) as read:
        paystack.verify(REFERENCE)
    with pytest.raises(OutsideFault) as sent:
        _start(paystack)

    assert read.value.trouble is sent.value.trouble is Trouble.GARBLED
    assert (read.value.may_have_arrived, sent.value.may_have_arrived) == (False, True)


def _charge(paystack: Paystack, means: Any, currency: str, reference: str = REFERENCE) -> Any:
    return paystack.charge(means, reference=reference, amount=150_000, currency=currency, email=EMAIL)


def test_a_bank_transfer_names_the_account(paystack: Paystack, theirs: FakePaystack) -> None:
    ends = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    asked = _charge(paystack, BankTransfer(expires_at=ends), "NGN")

    assert (asked.status, asked.account_number) == ("pending_bank_transfer", "1231084927")
    assert asked.bank is not None
    assert asked.bank.name == "Test Bank"
    assert asked.account_expires_at == ends
    assert theirs.seen[0].json()["bank_transfer"] == {"account_expires_at": "2026-11-21T12:00:00.000Z"}
    assert theirs.payments[REFERENCE].channel == "bank_transfer"


def test_mobile_money_waits_for_the_phone_and_then_is_paid(paystack: Paystack, theirs: FakePaystack) -> None:
    asked = _charge(paystack, MobileMoney(phone="0551234987", provider="mtn"), "GHS")
    pending = paystack.check_charge(REFERENCE)
    theirs.pay(REFERENCE)
    paid = paystack.check_charge(REFERENCE)

    assert asked.status == "pay_offline"
    assert "phone" in asked.display_text
    assert pending is not None
    assert (pending.status, pending.transaction) == ("pending", None)
    assert paid is not None
    assert paid.transaction is not None
    assert (paid.transaction.status, paid.transaction.amount) == ("success", 150_000)


def test_a_one_time_password_is_passed_on(paystack: Paystack) -> None:
    asked = _charge(paystack, MobileMoney(phone="0201234567", provider="vod"), "GHS")
    right = paystack.submit_otp(REFERENCE, "123456")
    wrong = paystack.submit_otp(REFERENCE, "000000")

    assert asked.status == "send_otp"
    assert right.status == "pay_offline"
    assert (wrong.status, wrong.transaction and wrong.transaction.gateway_response) == (
        "failed",
        "Token incorrect",
    )


def test_a_phone_number_is_passed_on(paystack: Paystack, theirs: FakePaystack) -> None:
    _charge(paystack, MobileMoney(phone="0551234987", provider="mtn"), "GHS")

    assert paystack.submit_phone(REFERENCE, "0551234987").status == "pay_offline"
    assert theirs.seen[-1].path == "/charge/submit_phone"


@pytest.mark.parametrize(
    ("means", "currency", "shown"),
    [
        (Ussd(type="737"), "NGN", "*737*33*4*453441#"),
        (Eft(), "ZAR", "https://standard.paystack.co/eft"),
        (Qr(), "ZAR", "https://standard.paystack.co/qr"),
    ],
)
def test_other_means_say_what_to_do(paystack: Paystack, means: Any, currency: str, shown: str) -> None:
    asked = _charge(paystack, means, currency)

    assert shown in {asked.ussd_code, asked.url}


def test_a_charge_with_a_known_reference_is_told_apart(paystack: Paystack) -> None:
    _charge(paystack, Ussd(type="737"), "NGN")

    with pytest.raises(DuplicateReferenceError):
        _charge(paystack, Ussd(type="737"), "NGN")


def _again(paystack: Paystack, code: str, reference: str, **others: Any) -> Any:
    given: dict[str, Any] = {"amount": 20_000, "currency": "NGN", "email": EMAIL} | others
    given.setdefault("metadata", {"invoice": 8})
    return paystack.charge_authorization(code, reference=reference, **given)


def test_what_was_saved_is_charged_again(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    code = theirs.pay(REFERENCE, reusable=True).authorization["authorization_code"]

    charged = _again(paystack, code, "HMS-2")

    assert charged.transaction is not None
    assert (charged.status, charged.transaction.amount) == ("success", 20_000)
    assert charged.transaction.metadata == {"invoice": 8}


def test_a_declined_charge_is_an_answer(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    code = theirs.pay(REFERENCE, reusable=True).authorization["authorization_code"]
    theirs.declining.add(code)

    charged = _again(paystack, code, "HMS-2")

    assert charged.status == TransactionStatus.FAILED
    assert charged.transaction.gateway_response == "Insufficient Funds"


def test_a_declined_charge_may_be_refused_outside(paystack: Paystack, theirs: FakePaystack) -> None:
    data = {"reference": "HMS-2", "status": "failed", "message": "Declined"}
    theirs.troubles.append(
        Reply.of({"status": False, "message": "Charge attempted", "data": data}, status=400)
    )

    charged = _again(paystack, "AUTH_1", "HMS-2")

    assert (charged.status, charged.message) == ("failed", "Declined")


def test_a_charge_that_stays_pending_is_paid_later(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    code = theirs.pay(REFERENCE, reusable=True).authorization["authorization_code"]
    theirs.holding.add(code)

    charged = _again(paystack, code, "HMS-2")
    theirs.pay("HMS-2")
    later = paystack.verify("HMS-2")

    assert (charged.status, charged.transaction) == ("pending", None)
    assert later is not None
    assert later.status == "success"


def test_what_cannot_be_charged_again_is_refused(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)
    code = theirs.pay(REFERENCE).authorization["authorization_code"]

    with pytest.raises(DeclinedError, match="Authorization code is invalid"):
        _again(paystack, code, "HMS-2")


def test_the_placeholder_says_nothing_but_our_reference() -> None:
    assert placeholder_email("HMS-7F3A.2=") == "hms-7f3a-2-@clinic.example.com"


def test_the_key_stands_nowhere_but_in_the_header(paystack: Paystack, theirs: FakePaystack) -> None:
    _start(paystack)

    sent = theirs.seen[0]
    assert theirs.secret not in json.dumps([sent.path, dict(sent.query), sent.body.decode()])
    assert theirs.secret not in repr(paystack)
