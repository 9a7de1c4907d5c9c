"""Refunds through Paystack: asked for once, posted when the money has gone, free again when it stays."""

import pytest

from hms_server.contract.billing import RefundState
from hms_server.contract.paystack import ResolvePaymentTask, TaskAction, TaskKind
from hms_server.contract.relay import CancelJob
from hms_server.contract.values import Role
from tests.outside.paystack import DOWN
from tests.outside.paystack_books import Return
from tests.server.desk import Desk, FaultRaised
from tests.server.paystack.online import Online
from tests.server.paystack.test_reconcile import compare, post, refund_there

ASKED_BY_A_RESTORE = """
insert into reconciliation (first_day, last_day, asked_at, why)
values ('2026-03-01', '2026-03-02', now(), 'The clinic was restored from a backup.')
"""


def state_of(online: Online) -> list[RefundState]:
    rows = online.billing.desk.sql("select state from refund order by id")
    return [RefundState(state) for (state,) in rows]


def test_money_goes_back_and_is_posted_when_it_has_gone(online: Online) -> None:
    """Set aside at once, asked for once, and a receipt only when Paystack has paid it out."""
    bill = online.bill(1_000_000)
    paid = online.paid(bill)

    asked = online.refund(paid.payment_id, 400_000)
    online.relay.run_due()
    assert asked.refund.state is RefundState.PENDING
    assert online.billing.balances()["paystack-clearing"] == 975_000
    online.theirs.process_refunds()
    online.pass_time(minutes=5)

    assert state_of(online) == [RefundState.PROCESSED]
    assert online.billing.balances()["paystack-clearing"] == 575_000
    assert online.now(bill).due == online.billing.money(400_000)
    assert online.tasks() == []
    online.check_books()
    online.check_against_theirs()


def test_a_refund_is_never_asked_for_twice(online: Online) -> None:
    """The answer is lost, and Paystack has no key for it: its list is searched for our tag first."""
    paid = online.paid(online.bill())
    online.theirs.lose_answers(1)

    online.refund(paid.payment_id, 300_000)
    online.pass_time(minutes=10, every_s=5)
    online.theirs.process_refunds()
    online.pass_time(hours=3)

    assert len(online.theirs.books().refunds) == 1
    assert state_of(online) == [RefundState.PROCESSED]
    online.check_books()
    online.check_against_theirs()


def test_two_refunds_of_one_payment_are_told_apart(online: Online) -> None:
    """Of the same amount, one answered and one lost: each has a tag of its own."""
    paid = online.paid(online.bill())
    online.refund(paid.payment_id, 100_000)
    online.relay.run_due()
    online.theirs.lose_answers(1)
    online.refund(paid.payment_id, 100_000)

    online.pass_time(minutes=10, every_s=5)
    online.theirs.process_refunds()
    online.pass_time(hours=3)

    assert [row.amount for row in online.theirs.books().refunds] == [100_000, 100_000]
    assert state_of(online) == [RefundState.PROCESSED] * 2
    online.check_against_theirs()


def test_a_whole_refund_that_paystack_calls_reversed_is_no_chargeback(online: Online) -> None:
    """The payment's status changes by our own refund; nobody is sent to look for a chargeback."""
    bill = online.bill()
    paid = online.paid(bill)
    online.refund(paid.payment_id, bill.due.amount_minor, credit=True)
    online.relay.run_due()

    online.theirs.process_refunds()
    online.pass_time(days=2, every_s=3600)

    assert online.theirs.payments[paid.reference].status == "reversed"
    assert online.tasks() == []
    assert online.now(bill).total == online.billing.money(0)
    online.check_against_theirs()


def test_a_refund_that_fails_leaves_the_money_free(online: Online) -> None:
    """Nothing is posted, somebody is told, and the desk may try again."""
    bill = online.bill()
    paid = online.paid(bill)
    online.refund(paid.payment_id, 200_000)
    online.relay.run_due()

    online.theirs.process_refunds("failed")
    online.pass_time(minutes=5)

    (row,) = online.now(bill).refunds
    assert (row.state, row.why) == (
        RefundState.FAILED,
        "Paystack could not return the money; it is still with the clinic.",
    )
    assert [task.kind for task in online.tasks()] == [TaskKind.REFUND_FAILED]
    assert online.refund(paid.payment_id, 200_000).refund.state is RefundState.PENDING
    online.check_books()


def test_a_refund_that_paystack_declines_has_failed(online: Online) -> None:
    """Money that was returned on Paystack's own pages cannot go back a second time."""
    bill = online.bill()
    paid = online.paid(bill)
    theirs = online.theirs.payments[paid.reference]
    theirs.status = "reversed"

    online.refund(paid.payment_id, 10_000)
    online.relay.run_due()

    (row,) = online.now(bill).refunds
    assert (row.state, row.why) == (
        RefundState.FAILED,
        "Paystack declines: Transaction has been fully reversed.",
    )


def test_a_refund_that_needs_the_payers_account_goes_on_afterwards(online: Online) -> None:
    """Somebody is asked to enter it on Paystack's pages, once; the refund is followed all the while."""
    paid = online.paid(online.bill())
    online.refund(paid.payment_id, 50_000)
    online.relay.run_due()
    online.theirs.process_refunds("needs-attention")
    online.pass_time(hours=3)
    assert [task.kind for task in online.tasks()] == [TaskKind.STUCK]

    online.theirs.process_refunds()
    online.pass_time(hours=12)

    assert state_of(online) == [RefundState.PROCESSED]
    assert len(online.tasks()) == 1


def test_a_refund_waits_for_the_line(online: Online) -> None:
    """The amount stays set aside meanwhile."""
    paid = online.paid(online.bill())
    online.theirs.troubles.extend([DOWN] * 6)
    online.refund(paid.payment_id, 50_000)

    online.pass_time(minutes=1)
    assert state_of(online) == [RefundState.PENDING]
    with pytest.raises(FaultRaised):
        online.refund(paid.payment_id, 1_000_000)
    online.pass_time(hours=2)

    assert len(online.theirs.books().refunds) == 1


def test_a_refund_that_nobody_can_follow_stays_set_aside(desk: Desk, online: Online) -> None:
    """After two months of answers that cannot be read somebody has to look; nothing is posted or freed."""
    paid = online.paid(online.bill())
    online.refund(paid.payment_id, 50_000)
    online.theirs.troubles.extend([DOWN] * 500)

    online.pass_time(days=8, every_s=3600)

    assert [task.kind for task in online.tasks() if task.reference == paid.reference] == [TaskKind.STUCK]
    assert state_of(online) == [RefundState.PENDING]


def test_a_lost_call_that_is_still_on_its_way_is_not_asked_for_a_second_time(online: Online) -> None:
    """Paystack may list a refund only some time after its call: it is searched for when that is over."""
    paid = online.paid(online.bill())
    online.theirs.lose_answers(1)
    online.refund(paid.payment_id, 300_000)
    online.relay.run_due()
    on_its_way = online.theirs.refunds.pop()

    online.pass_time(seconds=60, every_s=2)
    online.theirs.refunds.append(on_its_way)
    online.pass_time(minutes=10, every_s=5)

    assert len(online.theirs.books().refunds) == 1
    online.theirs.process_refunds()
    online.pass_time(hours=3)
    assert state_of(online) == [RefundState.PROCESSED]


def test_a_server_that_stops_in_the_middle_leaves_no_second_call_at_once(online: Online) -> None:
    """The next server takes the job over in the same moment, when the call may still be on its way."""
    paid = online.paid(online.bill())
    online.refund(paid.payment_id, 300_000)
    online.relay.die_before_store("paystack")
    online.billing.desk.sql("update relay_job set run_at = since where state = 'running'")
    on_its_way = online.theirs.refunds.pop()

    online.pass_time(seconds=60, every_s=2)
    online.theirs.refunds.append(on_its_way)
    online.pass_time(minutes=10, every_s=5)

    assert len(online.theirs.books().refunds) == 1


def test_an_answer_without_the_refunds_number_leads_to_no_second_refund(
    online: Online, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be followed by number then, and the list is searched for our tag instead."""
    answered = Return.answered
    monkeypatch.setattr(Return, "answered", lambda row: answered(row) | {"id": None})
    paid = online.paid(online.bill())
    online.refund(paid.payment_id, 300_000)

    online.pass_time(minutes=10, every_s=30)
    online.theirs.process_refunds()
    online.pass_time(hours=3)

    assert len(online.theirs.books().refunds) == 1
    assert state_of(online) == [RefundState.PROCESSED]


def call_off(online: Online) -> None:
    """As the administrator does under Outside."""
    desk = online.billing.desk
    (job_id,) = desk.sql("select id from relay_job where kind = 'paystack.refund'")[0]
    desk.ask(CancelJob(job_id=job_id), Role.ADMINISTRATOR)
    online.relay.run_due()


def test_a_refund_that_is_called_off_before_paystack_was_asked_can_be_asked_for_again(online: Online) -> None:
    """The money certainly stayed: it is not left set aside, and somebody is told."""
    bill = online.bill(1_000_000)
    paid = online.paid(bill)
    online.refund(paid.payment_id, 400_000)

    call_off(online)

    assert state_of(online) == [RefundState.FAILED]
    assert [task.kind for task in online.tasks()] == [TaskKind.REFUND_FAILED]
    online.refund(paid.payment_id, 1_000_000)
    online.relay.run_due()
    assert [row.amount for row in online.theirs.books().refunds] == [1_000_000]
    online.check_books()


def test_a_refund_that_is_called_off_in_doubt_stays_set_aside(online: Online) -> None:
    paid = online.paid(online.bill())
    online.theirs.lose_answers(1)
    online.refund(paid.payment_id, 400_000)
    online.relay.run_due()

    call_off(online)

    assert state_of(online) == [RefundState.PENDING]
    assert [task.kind for task in online.tasks()] == [TaskKind.STUCK]


def test_a_refund_that_a_restore_has_forgotten_is_taken_over(online: Online) -> None:
    """Entered again from paper, it sends no money a second time: the one that Paystack has is followed."""
    paid = online.paid(online.bill(100_000))
    body = {"transaction": paid.reference, "amount": 40_000, "merchant_note": "HMS-RF-FORGOTTEN"}
    assert post(online, "/refund", body)
    compare(online)

    online.refund(paid.payment_id, 40_000)
    online.relay.run_due()
    online.theirs.process_refunds()
    online.pass_time(minutes=5)

    assert len(online.theirs.books().refunds) == 1
    assert state_of(online) == [RefundState.PROCESSED]
    online.check_books()
    online.check_against_theirs()


def test_a_refund_that_the_books_do_not_know_is_looked_at_before_another(online: Online) -> None:
    """It may be the same one; who has settled the task has looked."""
    bill = online.bill(100_000)
    paid = online.paid(bill)
    refund_there(online, paid.reference, 30_000)
    compare(online)

    online.refund(paid.payment_id, 40_000)
    online.relay.run_due()

    (row,) = online.now(bill).refunds
    assert row.state is RefundState.FAILED
    assert "a refund of this payment that is not in the books. Settle the task" in row.why
    assert len(online.theirs.books().refunds) == 1
    for task in online.tasks():
        note = ResolvePaymentTask(task_id=task.id, action=TaskAction.NOTE, note="Another one")
        online.billing.desk.ask(note, Role.CASHIER)
    online.refund(paid.payment_id, 40_000)
    online.relay.run_due()
    assert [row.amount for row in online.theirs.books().refunds] == [30_000, 40_000]


def test_no_refund_leaves_before_the_comparison_that_a_restore_asked_for(online: Online) -> None:
    paid = online.paid(online.bill())
    online.billing.desk.sql(ASKED_BY_A_RESTORE)

    online.refund(paid.payment_id, 50_000)
    online.pass_time(minutes=5)
    assert online.theirs.books().refunds == []
    online.billing.desk.sql("update reconciliation set state = 'done', why = '' where night is null")
    online.pass_time(minutes=5)

    assert len(online.theirs.books().refunds) == 1
