"""Servers that die at any step, and several at once: one page for the payer, one posting, one refund."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from hms_server.contract.billing import Invoice, RefundState
from hms_server.contract.paystack import CheckOnlinePayment, OnlineState
from hms_server.contract.values import Role
from hms_server.paystack.provider import NAME
from tests.server.desk import FaultRaised
from tests.server.paystack.online import Online, charge, keep_card, notice
from tests.server.relays import Relay

DEATHS: dict[str, Callable[[Relay], bool]] = {
    "after the claim": lambda relay: relay.die_after_claim(NAME),
    "during the call": lambda relay: relay.die_during_call(NAME),
    "before the store": lambda relay: relay.die_before_store(NAME),
}
everywhere = pytest.mark.parametrize("death", DEATHS.values(), ids=DEATHS)


def recover(online: Online) -> None:
    """Another server takes over what the dead one had claimed."""
    online.relay.let_claims_lapse()
    online.relay = online.server()
    online.pass_time(minutes=10, every_s=5)


@everywhere
def test_a_server_that_dies_while_it_begins(online: Online, death: Callable[[Relay], bool]) -> None:
    """The payer gets one page that works; the reference that may be lost is never paid twice."""
    bill = online.bill()
    started = online.start(bill)

    assert death(online.relay)
    recover(online)

    opened = online.state(started.reference)
    assert (opened.state, opened.url.startswith("https://")) == (OnlineState.OPEN, True)
    (reference,) = [
        row.reference for row in online.theirs.payments.values() if opened.url.endswith(row.access_code)
    ]
    online.theirs.pay(reference)
    online.looked_at(started.reference)
    assert len(online.now(bill).payments) == 1
    online.check_books()
    online.check_against_theirs()


@everywhere
def test_a_server_that_dies_while_it_looks(online: Online, death: Callable[[Relay], bool]) -> None:
    bill = online.bill()
    opened = online.opened(bill)
    online.theirs.pay(opened.reference)
    online.billing.desk.ask(CheckOnlinePayment(reference=opened.reference), Role.CASHIER)

    assert death(online.relay)
    recover(online)

    assert online.state(opened.reference).state is OnlineState.PAID
    assert len(online.now(bill).payments) == 1
    online.check_books()
    online.check_against_theirs()


@everywhere
def test_a_server_that_dies_while_it_returns_money(online: Online, death: Callable[[Relay], bool]) -> None:
    """Paystack would carry out a second call as a second refund."""
    paid = online.paid(online.bill())
    online.refund(paid.payment_id, 200_000)

    assert death(online.relay)
    recover(online)
    online.theirs.process_refunds()
    online.pass_time(hours=2)

    assert [row.amount for row in online.theirs.books().refunds] == [200_000]
    assert online.billing.desk.sql("select state from refund") == [(RefundState.PROCESSED,)]
    online.check_books()
    online.check_against_theirs()


@everywhere
def test_a_server_that_dies_while_it_charges_a_kept_card(
    online: Online, death: Callable[[Relay], bool]
) -> None:
    """The card is charged once."""
    card = keep_card(online)
    online.pass_time(minutes=1)
    started = online.billing.desk.ask(charge(online, card), Role.CASHIER)

    assert death(online.relay)
    recover(online)

    assert online.state(started.reference).state is OnlineState.PAID
    assert len(online.theirs.payments) == 2
    online.check_books()
    online.check_against_theirs()


@everywhere
def test_a_server_that_dies_while_it_compares(online: Online, death: Callable[[Relay], bool]) -> None:
    """The night's comparison is made by another, and what it finds is posted once."""
    bill = online.bill()
    opened = online.opened(bill)
    online.pass_time(minutes=90)
    online.theirs.pay(opened.reference)
    online.billing.desk.pass_time(hours=24)

    assert death(online.relay)
    recover(online)

    assert len(online.now(bill).payments) == 1
    online.check_books()
    online.check_against_theirs()


def test_a_server_that_comes_back_late_writes_nothing(online: Online) -> None:
    """Its claim has lapsed, another has posted meanwhile."""
    bill = online.bill()
    opened = online.opened(bill)
    online.theirs.pay(opened.reference)
    online.billing.desk.ask(CheckOnlinePayment(reference=opened.reference), Role.CASHIER)
    slow = online.server()
    run = slow.runs.claim(NAME)
    assert run is not None
    prepared = slow.runs.prepare(run)
    assert prepared is not None
    found = slow.runs.perform(run, prepared)

    online.relay.let_claims_lapse()
    online.relay.run_due()
    slow.runs.finish(run, found)
    slow.runs.under_way.clear()

    assert len(online.now(bill).payments) == 1
    online.check_books()


def test_a_notice_and_a_look_at_the_same_moment_post_once(online: Online) -> None:
    """Four threads of Paystack's notices and the relay's own look."""
    bill = online.bill()
    opened = online.opened(bill)
    data = online.theirs.pay(opened.reference).written()
    online.billing.desk.ask(CheckOnlinePayment(reference=opened.reference), Role.CASHIER)

    def hear(number: int) -> None:
        if number == 0:
            online.relay.run_due()
        else:
            raw = notice("charge.success", data | {"ip_address": str(number)})
            online.notices.received("charge.success", raw)

    online.billing.desk.together(5, hear)

    assert len(online.now(bill).payments) == 1
    online.check_books()
    online.check_against_theirs()


def test_a_stranger_is_heard_of_by_two_servers_at_once(online: Online) -> None:
    """No row of ours is there to be locked: the key of the receipt keeps it to one."""
    data = {"reference": "shop-1", "status": "success", "amount": 5_000, "currency": "NGN", "fees": 75}

    def hear(number: int) -> None:
        raw = notice("charge.success", data | {"ip_address": str(number)})
        online.notices.received("charge.success", raw)

    online.billing.desk.together(5, hear)

    assert len(online.tasks()) == 1
    assert online.billing.balances() == {
        "paystack-clearing": 4_925,
        "unallocated-receipts": -5_000,
        "payment-fees": 75,
    }
    online.check_books()


def test_cash_and_the_online_payment_at_the_same_moment(online: Online) -> None:
    """Whoever is first pays the bill; the other is refused, or is a task."""
    for _ in range(5):
        bill = online.bill(100_000)
        opened = online.opened(bill)
        online.theirs.pay(opened.reference)
        online.billing.desk.ask(CheckOnlinePayment(reference=opened.reference), Role.CASHIER)

        online.billing.desk.together(2, partial(_pay_or_look, online, bill))

        assert len(online.now(bill).payments) == 1
    online.check_books()
    online.check_against_theirs()


def _pay_or_look(online: Online, bill: Invoice, number: int) -> None:
    if number == 0:
        online.relay.run_due()
        return
    with suppress(FaultRaised):
        online.billing.pay(bill, 100_000)
