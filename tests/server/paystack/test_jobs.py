"""An online payment from the wish to the posting: begun once, watched, posted once, and never in silence."""

from typing import Any

import pytest

from hms_server.contract.paystack import (
    CancelOnlinePayment,
    CheckOnlinePayment,
    OnlineChannel,
    OnlineState,
    TaskKind,
)
from hms_server.contract.values import Role
from tests.outside.local import Reply
from tests.outside.paystack import DOWN, TOO_MANY
from tests.server.desk import Desk
from tests.server.paystack.online import Online


def test_a_payment_is_opened_watched_and_posted(online: Online) -> None:
    """The link comes, the payer pays, the next look posts it with a receipt; the fee is a cost."""
    bill = online.bill(1_000_000)

    started = online.start(bill)
    assert (started.state, started.url) == (OnlineState.REQUESTED, "")
    online.relay.run_due()
    opened = online.state(started.reference)
    assert opened.state is OnlineState.OPEN
    assert opened.url.startswith("https://checkout.paystack.com/")
    online.pass_time(minutes=2, every_s=3)
    assert online.state(started.reference).state is OnlineState.OPEN

    online.theirs.pay(started.reference)
    online.pass_time(minutes=2, every_s=10)

    paid = online.state(started.reference)
    assert (paid.state, paid.receipt_number) == (OnlineState.PAID, "REC-2026-000001")
    after = online.now(bill)
    assert after.due.amount_minor == 0
    assert after.payments[0].reference == started.reference
    assert online.billing.balances() == {
        "paystack-clearing": 1_000_000 - 25_000,
        "payment-fees": 25_000,
        "patients-receivable": 0,
        "medicine-income": -1_000_000,
    }
    assert (online.tasks(), online.jobs("waiting")) == ([], [])
    online.check_books()
    online.check_against_theirs()


def test_a_payment_waits_until_paystack_can_be_reached(desk: Desk, online: Online) -> None:
    """The desk gets its answer at once; nothing is counted while the line is down."""
    online.theirs.troubles.extend([DOWN] * 3)
    started = online.start(online.bill())

    online.relay.run_due()
    assert online.state(started.reference).state is OnlineState.REQUESTED
    online.pass_time(minutes=10, every_s=5)

    assert online.state(started.reference).state is OnlineState.OPEN


def test_too_many_requests_are_waited_out(online: Online) -> None:
    """Paystack's own wish for a pause is heard."""
    online.theirs.troubles.append(TOO_MANY)
    started = online.start(online.bill())

    online.relay.run_due()
    online.pass_time(seconds=6, every_s=2)
    before = len(online.theirs.seen)
    online.pass_time(minutes=2, every_s=5)

    assert before == 1
    assert online.state(started.reference).state is OnlineState.OPEN


def test_a_lost_answer_gets_another_page_and_never_two_postings(online: Online) -> None:
    """The first page is lost with its answer, so the next attempt has a number; the reference stays ours."""
    bill = online.bill()
    online.theirs.lose_answers(1)
    started = online.start(bill)

    online.pass_time(minutes=5, every_s=5)

    opened = online.state(started.reference)
    assert opened.state is OnlineState.OPEN
    assert list(online.theirs.payments) == [started.reference, f"{started.reference}.2"]
    online.theirs.pay(f"{started.reference}.2")
    assert online.looked_at(started.reference).state is OnlineState.PAID
    assert online.now(bill).payments[0].reference == f"{started.reference}.2"
    online.check_books()
    online.check_against_theirs()


def test_a_lost_account_number_is_asked_for_again(online: Online) -> None:
    """Nobody can have transferred to an account that nobody has seen."""
    bill = online.bill()
    online.theirs.lose_answers(1)
    started = online.start(bill, channel=OnlineChannel.BANK_TRANSFER)

    online.pass_time(minutes=5, every_s=5)

    opened = online.state(started.reference)
    assert opened.account is not None
    assert (opened.state, opened.account.account_number) == (OnlineState.OPEN, "1231084927")
    assert opened.instructions == "Please make a transfer to the account specified"


def test_what_paystack_declines_has_failed_with_its_reason(online: Online) -> None:
    """The cashier reads why, the job is over, and nobody else is alarmed."""
    online.theirs.troubles.append(Reply.of({"status": False, "message": "Amount too small"}, status=400))

    failed = online.opened(online.bill())

    assert (failed.state, failed.why) == (OnlineState.FAILED, "Paystack declines: Amount too small.")
    assert online.jobs("done") == ["paystack.initialize"]


def test_a_failed_attempt_may_still_succeed_on_the_same_page(online: Online) -> None:
    """The screen shows the failure at once, and the money when it comes."""
    bill = online.bill()
    opened = online.opened(bill)
    online.theirs.fail(opened.reference, "Insufficient Funds")
    online.pass_time(minutes=1, every_s=3)
    failed = online.state(opened.reference)
    assert (failed.state, failed.why) == (OnlineState.FAILED, "Paystack says: Insufficient Funds.")

    online.theirs.pay(opened.reference)
    online.pass_time(minutes=2, every_s=5)

    assert online.state(opened.reference).state is OnlineState.PAID
    assert online.now(bill).due.amount_minor == 0


def test_an_untouched_page_is_abandoned_after_an_hour(online: Online) -> None:
    """No longer asked about; a payment on it is still posted when somebody asks, or by the night."""
    bill = online.bill()
    opened = online.opened(bill)

    online.pass_time(minutes=75)
    assert online.state(opened.reference).state is OnlineState.ABANDONED
    assert online.jobs("waiting") == []

    online.theirs.pay(opened.reference)
    assert online.looked_at(opened.reference).state is OnlineState.PAID
    online.check_books()


def test_a_payment_under_way_for_a_day_is_given_up_and_still_posted(online: Online) -> None:
    bill = online.bill()
    opened = online.opened(bill)
    online.theirs.begin(opened.reference)
    online.pass_time(hours=25, every_s=600)
    assert online.state(opened.reference).state is OnlineState.GIVEN_UP

    online.theirs.pay(opened.reference)
    online.pass_time(hours=24, every_s=3600)

    assert online.state(opened.reference).state is OnlineState.PAID
    assert online.tasks() == []
    online.check_against_theirs()


def test_money_after_a_cancel_still_pays_the_bill(online: Online) -> None:
    """A cancel stops the waiting, not the payer."""
    bill = online.bill()
    opened = online.opened(bill)
    cancelled = online.billing.desk.ask(CancelOnlinePayment(reference=opened.reference), Role.CASHIER)
    assert cancelled.state is OnlineState.CANCELLED

    online.theirs.pay(opened.reference)
    online.pass_time(minutes=5, every_s=10)

    assert online.state(opened.reference).state is OnlineState.PAID
    assert (online.now(bill).due.amount_minor, online.tasks()) == (0, [])


def test_money_after_cash_belongs_to_no_bill_and_is_one_task(online: Online) -> None:
    """The cashier took cash meanwhile: the bill is not overpaid, the money is not lost."""
    bill = online.bill(100_000)
    opened = online.opened(bill)
    online.billing.pay(bill, 100_000)

    online.theirs.pay(opened.reference)
    online.pass_time(minutes=5, every_s=10)
    online.looked_at(opened.reference)

    assert online.state(opened.reference).payment_id is None
    (task,) = online.tasks()
    assert (task.kind, task.amount, task.invoice_id) == (
        TaskKind.ALREADY_PAID,
        online.billing.money(100_000),
        bill.id,
    )
    assert online.billing.balances()["unallocated-receipts"] == -100_000
    online.check_books()


def test_two_online_payments_for_one_bill_pay_it_once(online: Online) -> None:
    """Two cashiers may start two; the second success is somebody's task."""
    bill = online.bill(100_000)
    first, second = online.opened(bill), online.opened(bill)

    for one in (second, first):
        online.theirs.pay(one.reference)
        online.looked_at(one.reference)

    after = online.now(bill)
    assert [payment.reference for payment in after.payments] == [second.reference]
    assert [task.kind for task in online.tasks()] == [TaskKind.ALREADY_PAID]
    online.check_books()
    online.check_against_theirs()


def test_nothing_is_asked_for_a_bill_that_was_paid_while_paystack_was_away(online: Online) -> None:
    bill = online.bill()
    started = online.start(bill)
    online.billing.pay(bill, bill.due.amount_minor)

    online.relay.run_due()

    failed = online.state(started.reference)
    assert (failed.state, failed.why) == (
        OnlineState.FAILED,
        "The bill was settled in another way meanwhile.",
    )
    assert online.theirs.payments == {}


def test_a_page_nobody_waits_for_any_more_is_not_asked_for(online: Online) -> None:
    """After a night without a line no payer stands at the desk."""
    started = online.start(online.bill())
    online.billing.desk.pass_time(hours=13)

    online.relay.run_due()

    assert online.state(started.reference).state is OnlineState.FAILED
    assert online.theirs.payments == {}


def test_a_cancelled_wish_is_never_asked(online: Online) -> None:
    started = online.start(online.bill())
    online.billing.desk.ask(CancelOnlinePayment(reference=started.reference), Role.CASHIER)

    online.relay.run_due()

    assert online.theirs.seen == []
    assert online.state(started.reference).state is OnlineState.CANCELLED


def test_the_payer_who_bears_the_fees_overpays_nothing(online: Online) -> None:
    """`amount` is more than `requested_amount`: the bill gets what was asked, the clinic bears no fee."""
    bill = online.bill(1_000_000)
    opened = online.opened(bill)

    online.theirs.pay(opened.reference, bears_fees=True)
    online.looked_at(opened.reference)

    assert online.billing.balances() == {
        "paystack-clearing": 1_000_000,
        "patients-receivable": 0,
        "medicine-income": -1_000_000,
    }
    assert online.tasks() == []
    online.check_books()
    online.check_against_theirs()


@pytest.mark.parametrize(
    ("how", "kind", "due"),
    [
        ({"amount": 90_000}, TaskKind.UNDERPAID, 10_000),
        ({"amount": 130_000}, TaskKind.OVERPAID, 0),
        ({"currency": "GHS"}, TaskKind.CURRENCY, 100_000),
    ],
)
def test_another_amount_or_currency_is_one_posting_and_one_task(
    online: Online, how: dict[str, Any], kind: TaskKind, due: int
) -> None:
    bill = online.bill(100_000)
    opened = online.opened(bill)

    online.theirs.pay(opened.reference, **how)
    online.pass_time(minutes=3, every_s=5)
    online.looked_at(opened.reference)

    assert [task.kind for task in online.tasks()] == [kind]
    assert online.now(bill).due.amount_minor == due
    online.check_books()
    online.check_against_theirs()


def test_looking_again_at_what_is_paid_changes_nothing(desk: Desk, online: Online) -> None:
    paid = online.paid(online.bill())
    before = desk.sql("select count(*) from posting")

    for _ in range(3):
        desk.ask(CheckOnlinePayment(reference=paid.reference), Role.CASHIER)
        online.pass_time(minutes=1)

    assert desk.sql("select count(*) from posting") == before


def test_a_look_that_never_succeeds_is_somebodys_task(online: Online) -> None:
    """Three days of answers that cannot be read: nobody knows whether the payer has paid."""
    opened = online.opened(online.bill())
    online.theirs.troubles.extend([DOWN] * 10_000)

    online.pass_time(days=5, every_s=1200)

    (task,) = online.tasks()
    assert (task.kind, task.reference) == (TaskKind.STUCK, opened.reference)
    assert online.state(opened.reference).state is OnlineState.GIVEN_UP


def test_the_key_of_another_mode_begins_nothing(desk: Desk, online: Online) -> None:
    """A payment that was wished with the test key is not carried out with the live one."""
    started = online.start(online.bill())
    assert started.test_mode
    desk.set_provider(
        "paystack", settings={"address": online.theirs.url}, secrets={"secret_key": "sk_live_" + "1" * 40}
    )

    online.relay.run_due()

    assert online.state(started.reference).state is OnlineState.FAILED
    assert online.theirs.seen == []


def test_polling_slows_down(online: Online) -> None:
    """An hour's watch is a few dozen calls, not a thousand: the line is metered."""
    online.opened(online.bill())

    online.pass_time(hours=1, every_s=1)

    assert 10 < len(online.theirs.seen) < 60
