"""What the billing desk may ask of online payments, and what it reads when that is not possible."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from hms_server.contract.billing import ListToPay
from hms_server.contract.patients import ConsentDecision, ConsentScope, RecordConsent
from hms_server.contract.paystack import (
    CancelOnlinePayment,
    ChargeSaved,
    CheckOnlinePayment,
    ForgetSaved,
    GetOnlineOptions,
    GetOnlinePayment,
    GetOnlinePayments,
    ListOnlinePayments,
    OnlineChannel,
    OnlinePayment,
    OnlinePaymentChanged,
    OnlineState,
    SendBy,
    SendPaymentCode,
    StartOnlinePayment,
)
from hms_server.contract.relay import SetProvider
from hms_server.contract.values import Money, Role
from tests.outside.paystack import FakePaystack
from tests.outside.sms import FakeTermii
from tests.server.billing.bills import Billing
from tests.server.desk import Desk
from tests.server.messaging.post import KEY, Post
from tests.server.paystack.online import Online, charge, keep_card
from tests.server.pharmacy.shelves import Pharmacy


def test_what_can_be_offered_follows_the_currency(online: Online) -> None:
    options = online.billing.desk.ask(GetOnlineOptions(), Role.CASHIER)

    assert (options.enabled, options.test_mode, options.mobile_providers) == (True, True, [])
    assert options.channels == [OnlineChannel.CHECKOUT, OnlineChannel.BANK_TRANSFER, OnlineChannel.SAVED]


def test_without_a_key_nothing_is_offered_or_started(desk: Desk) -> None:
    """The cashier reads what to do."""
    billing = Billing(desk, Pharmacy(desk))
    bill = billing.bill(billing.charged_visit(100_000))

    options = desk.ask(GetOnlineOptions(), Role.CASHIER)
    fault = desk.fault(
        StartOnlinePayment(invoice_id=bill.id, version=bill.version, amount=bill.due), Role.CASHIER
    )

    assert (options.enabled, options.why) == (False, "Payments through Paystack are not set up.")
    assert fault.code == "paystack.off"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"amount": Money(100_001, "NGN")}, "billing.above_due", "amount"),
        ({"amount": Money(0, "NGN")}, "billing.amount", "amount"),
        ({"amount": Money(4_999, "NGN")}, "paystack.amount", "amount"),
        ({"amount": Money(50_000, "GHS")}, "billing.currency", "amount"),
        ({"version": 9}, "billing.changed_meanwhile", "version"),
        ({"invoice_id": 99}, "billing.unknown_invoice", "invoice_id"),
        ({"email": "not an address"}, "paystack.email", "email"),
        ({"phone": "call me"}, "paystack.phone", "phone"),
        ({"channel": OnlineChannel.SAVED}, "paystack.channel", "channel"),
        ({"channel": OnlineChannel.MOBILE_MONEY}, "paystack.channel", "channel"),
        ({"send_by": SendBy.EMAIL}, "paystack.send_to", "email"),
        ({"send_by": SendBy.SMS, "phone": "0803 123 4567"}, "messaging.not_set_up", "phone"),
        (
            {"send_by": SendBy.EMAIL, "email": "a@b.ng", "channel": OnlineChannel.BANK_TRANSFER},
            "paystack.send_by",
            "send_by",
        ),
    ],
)
def test_a_wrong_wish_is_refused_at_its_field(
    online: Online, changes: dict[str, Any], code: str, field: str
) -> None:
    """Nothing is stored, nothing is asked of Paystack."""
    bill = online.bill(100_000)
    right = StartOnlinePayment(invoice_id=bill.id, version=bill.version, amount=bill.due)

    fault = online.billing.desk.fault(msgspec.structs.replace(right, **changes), Role.CASHIER)

    assert (fault.code, fault.field) == (code, field)
    assert online.billing.desk.sql("select count(*) from paystack_transaction") == [(0,)]


def test_the_same_wish_twice_is_one_payment(online: Online) -> None:
    """A double click and a replay."""
    bill, request_id = online.bill(), uuid4()

    started = [online.start(bill, request_id=request_id) for _ in range(2)]
    online.relay.run_due()

    assert started[0] == started[1]
    assert len(online.theirs.payments) == 1


def test_every_change_is_pushed_to_the_desk(online: Online) -> None:
    """Requested, open, paid: the cashier may go on with the next patient meanwhile."""
    online.paid(online.bill())

    told = online.billing.desk.events(OnlinePaymentChanged)

    assert [event.state for event in told] == [OnlineState.REQUESTED, OnlineState.OPEN, OnlineState.PAID]
    assert told[-1].payment_id is not None


def test_the_ticket_ends_when_the_bill_is_paid(online: Online) -> None:
    """As with cash, and not before."""
    visit = online.billing.charged_visit(100_000)
    ticket = online.billing.pharmacy.ticket(visit, "B")
    bill = online.billing.bill(visit)
    opened = online.opened(bill, ticket_id=ticket)
    desk = online.billing.desk
    assert desk.ask(ListToPay(), Role.CASHIER).rows[0].ticket is not None

    online.theirs.pay(opened.reference)
    online.looked_at(opened.reference)

    assert desk.sql("select state from ticket") == [("done",)]


def test_the_lists_show_what_waits_and_what_ended_lately(online: Online) -> None:
    bill = online.bill()
    paid = online.paid(bill, 400_000)
    online.billing.desk.pass_time(hours=13)
    waiting = online.opened(online.now(bill))

    of_bill = online.billing.desk.ask(GetOnlinePayments(invoice_id=bill.id), Role.CASHIER).rows
    lately = online.billing.desk.ask(ListOnlinePayments(), Role.CASHIER).rows

    assert [row.reference for row in of_bill] == [waiting.reference, paid.reference]
    assert [row.reference for row in lately] == [waiting.reference]


def test_a_payment_that_has_come_cannot_be_cancelled(online: Online) -> None:
    paid = online.paid(online.bill())

    fault = online.billing.desk.fault(CancelOnlinePayment(reference=paid.reference), Role.CASHIER)

    assert fault.code == "paystack.paid_already"


@pytest.mark.parametrize("request_type", [GetOnlinePayment, CheckOnlinePayment, CancelOnlinePayment])
def test_there_is_no_such_payment(online: Online, request_type: type[Any]) -> None:
    fault = online.billing.desk.fault(request_type(reference="HMS-NONE"), Role.CASHIER)

    assert (fault.code, fault.field) == ("paystack.unknown_payment", "reference")


@pytest.mark.parametrize(
    ("secret", "code"),
    [("pk_test_" + "a" * 40, "paystack.public_key"), ("hunter2hunter2", "paystack.key")],
)
def test_only_a_secret_key_is_taken(desk: Desk, secret: str, code: str) -> None:
    request = SetProvider(name="paystack", settings={}, secrets={"secret_key": secret})

    fault = desk.fault(request, Role.ADMINISTRATOR)

    assert (fault.code, fault.field) == (code, "secret_key")
    assert secret not in fault.message


def test_nothing_that_the_payer_gave_leaves_but_what_is_needed(online: Online) -> None:
    """Paystack gets the address that was typed or one of ours, never the patient; it is forgotten after."""
    with_email = online.paid(online.bill(), email="ada@example.ng")
    without = online.paid(online.bill())

    sent = b"".join(seen.body for seen in online.theirs.seen)
    assert online.theirs.payments[with_email.reference].email == "ada@example.ng"
    assert online.theirs.payments[without.reference].email.endswith("@clinic.example.com")
    assert b"Obi" not in sent
    assert online.billing.desk.sql("select distinct contact from paystack_transaction") == [(None,)]


def test_the_link_also_goes_to_the_payers_phone(online: Online) -> None:
    """Once Paystack has answered, by whatever provider the clinic has; the number is used for this only."""
    desk = online.billing.desk
    with FakeTermii(key=KEY, clock=lambda: desk.now) as provider:
        Post(desk).use_termii(provider)
        opened = online.opened(online.bill(), send_by=SendBy.SMS, phone="0803 123 4567")

        sent = desk.sql("select template, about, state from message")

    assert sent == [("payment_link", f"online payment {opened.reference}", "queued")]
    assert (opened.state, opened.instructions) == (OnlineState.OPEN, "")


# Kept cards


def run(online: Online, request: ChargeSaved) -> OnlinePayment:
    started = online.billing.desk.ask(request, Role.CASHIER)
    online.relay.run_due()
    return online.state(started.reference)


def test_a_kept_card_is_charged_again(online: Online) -> None:
    """With the address it was saved under; its code stands nowhere in clear."""
    card = keep_card(online)
    assert (card.brand, card.last4, card.expires) == ("visa", "4081", "12/2030")

    paid = run(online, charge(online, card))

    assert (paid.state, paid.channel) == (OnlineState.PAID, OnlineChannel.SAVED)
    stored = online.billing.desk.sql("select sealed from paystack_authorization")[0][0]
    assert b"AUTH_" not in bytes(stored)
    online.check_books()
    online.check_against_theirs()


def test_a_kept_card_is_charged_once_after_a_lost_answer(online: Online) -> None:
    card = keep_card(online)
    online.theirs.lose_answers(1)

    paid = run(online, charge(online, card))
    online.pass_time(minutes=5, every_s=5)

    assert online.state(paid.reference).state is OnlineState.PAID
    assert len(online.theirs.payments) == 2
    online.check_against_theirs()


def test_a_kept_card_that_is_declined_has_failed(online: Online) -> None:
    card = keep_card(online)
    online.theirs.declining = {
        payment.authorization["authorization_code"] for payment in online.theirs.payments.values()
    }

    failed = run(online, charge(online, card))

    assert (failed.state, failed.why) == (OnlineState.FAILED, "Paystack says: Insufficient Funds.")


def test_a_card_is_kept_only_where_the_patient_agrees(online: Online) -> None:
    """A payment without the tick keeps nothing, and the agreement is written into the patient's consents."""
    bill = online.bill(100_000)
    opened = online.opened(bill)
    online.theirs.pay(opened.reference, reusable=True)
    online.looked_at(opened.reference)
    assert online.billing.desk.sql("select count(*) from paystack_authorization") == [(0,)]

    keep_card(online)

    consents = online.billing.desk.sql("select scope, decision from patient_consent")
    assert consents == [("saved_card", "given")]


def test_a_forgotten_card_is_charged_no_more(online: Online) -> None:
    """Its code is gone from the database too."""
    card = keep_card(online)
    request = charge(online, card)
    online.billing.desk.ask(ForgetSaved(authorization_id=card.id), Role.CASHIER)

    fault = online.billing.desk.fault(request, Role.CASHIER)

    assert fault.code == "paystack.unknown_card"
    assert online.billing.desk.sql("select sealed from paystack_authorization") == [(b"",)]


@pytest.mark.parametrize("how", ["withdrawn", "forgotten"])
def test_a_waiting_charge_of_a_card_is_dropped_once_the_patient_agrees_no_more(
    online: Online, how: str
) -> None:
    """Paystack could not be reached when the cashier chose the card; what counts is the moment of asking."""
    card = keep_card(online)
    desk = online.billing.desk
    request = charge(online, card)
    started = desk.ask(request, Role.CASHIER)
    if how == "forgotten":
        desk.ask(ForgetSaved(authorization_id=card.id), Role.CASHIER)
    else:
        (patient_id,) = desk.sql("select patient_id from paystack_authorization")[0]
        no = ConsentDecision.WITHDRAWN
        desk.ask(RecordConsent(patient_id=patient_id, scope=ConsentScope.SAVED_CARD, decision=no), Role.NURSE)

    online.relay.run_due()

    failed = online.state(started.reference)
    assert failed.state is OnlineState.FAILED
    assert "does not agree any more" in failed.why
    assert len(online.theirs.payments) == 1


def test_another_patients_card_is_refused(online: Online) -> None:
    card = keep_card(online)
    other = online.billing.bill(online.billing.charged_visit(100_000, name="Bayo Ade"))

    request = ChargeSaved(
        authorization_id=card.id, invoice_id=other.id, version=other.version, amount=other.due
    )

    assert online.billing.desk.fault(request, Role.CASHIER).code == "paystack.card_of_another"


# Mobile money


@pytest.fixture
def ghana(database: str, theirs: FakePaystack) -> Any:
    """A clinic in Accra."""
    with Desk(database, time_zone="Africa/Accra", currency="GHS") as desk:
        yield Online(Billing(desk, Pharmacy(desk), "GHS"), theirs)


def test_a_wallet_is_asked_on_the_payers_phone(ghana: Online) -> None:
    options = ghana.billing.desk.ask(GetOnlineOptions(), Role.CASHIER)
    assert [provider.code for provider in options.mobile_providers] == ["mtn", "atl", "vod"]

    opened = ghana.opened(
        ghana.bill(50_000), channel=OnlineChannel.MOBILE_MONEY, phone="055 123 4987", mobile_provider="mtn"
    )
    assert opened.state is OnlineState.OPEN
    assert opened.instructions == "Please complete authorization process on your mobile phone"
    ghana.theirs.pay(opened.reference)

    assert ghana.looked_at(opened.reference).state is OnlineState.PAID
    ghana.check_books()
    ghana.check_against_theirs()


def test_a_wallet_prompt_is_not_sent_twice(ghana: Online) -> None:
    """After a lost answer Paystack has the payment: the payer confirms the first prompt."""
    ghana.theirs.lose_answers(1)
    opened = ghana.opened(
        ghana.bill(50_000), channel=OnlineChannel.MOBILE_MONEY, phone="0551234987", mobile_provider="mtn"
    )
    ghana.pass_time(minutes=2, every_s=3)

    assert list(ghana.theirs.payments) == [opened.reference]
    assert ghana.state(opened.reference).state is OnlineState.OPEN
    ghana.theirs.pay(opened.reference)
    assert ghana.looked_at(opened.reference).state is OnlineState.PAID


def test_the_payers_code_is_passed_on_once(ghana: Online) -> None:
    """A voucher is asked for, typed, and the prompt comes."""
    opened = ghana.opened(
        ghana.bill(50_000), channel=OnlineChannel.MOBILE_MONEY, phone="0551234987", mobile_provider="vod"
    )
    assert opened.wants_code

    ghana.billing.desk.ask(SendPaymentCode(reference=opened.reference, code=" 123456 "), Role.CASHIER)
    ghana.relay.run_due()

    after = ghana.state(opened.reference)
    assert (after.wants_code, after.instructions) == (False, "Wait for the prompt")
    fault = ghana.billing.desk.fault(SendPaymentCode(reference=opened.reference, code="123456"), Role.CASHIER)
    assert fault.code == "paystack.no_code_wanted"


def test_a_wallet_needs_a_number_and_a_provider(ghana: Online) -> None:
    bill = ghana.bill(50_000)
    base = StartOnlinePayment(
        invoice_id=bill.id, version=bill.version, amount=bill.due, channel=OnlineChannel.MOBILE_MONEY
    )

    without_provider = ghana.billing.desk.fault(base, Role.CASHIER)
    without_phone = ghana.billing.desk.fault(
        msgspec.structs.replace(base, mobile_provider="mtn"), Role.CASHIER
    )

    assert (without_provider.code, without_phone.code) == ("paystack.wallet", "paystack.phone")


def test_francs_are_counted_as_paystack_counts_them(database: str, theirs: FakePaystack) -> None:
    """A clinic in Abidjan asks for 18,650 francs and Paystack for 1,865,000 hundredths of them."""
    with Desk(database, time_zone="Africa/Abidjan", currency="XOF") as desk:
        online = Online(Billing(desk, Pharmacy(desk), "XOF"), theirs)
        bill = online.bill(18_650)
        paid = online.paid(bill)

        assert theirs.payments[paid.reference].amount == 1_865_000
        assert online.now(bill).due.amount_minor == 0
        online.check_books()
