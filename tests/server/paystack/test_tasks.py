"""Tasks are settled once, by somebody who says what was found out; loose money is credited or returned."""

import pytest

from hms_server.contract.paystack import (
    ListPaymentTasks,
    PaymentTask,
    PaymentTaskChanged,
    PaymentTaskId,
    ResolvePaymentTask,
    TaskAction,
    TaskKind,
    TaskState,
)
from hms_server.contract.values import InvoiceId, Role
from tests.server.desk import Desk
from tests.server.paystack.online import Online


def money_after_cash(online: Online, amount_minor: int = 100_000) -> PaymentTask:
    """A bill paid in cash and online: the second belongs to nobody."""
    bill = online.bill(amount_minor)
    opened = online.opened(bill)
    online.billing.pay(bill, amount_minor)
    online.theirs.pay(opened.reference)
    online.looked_at(opened.reference)
    return online.tasks()[-1]


def resolve(
    task: PaymentTask, action: TaskAction, *, note: str = "Spoke to the payer", bill: InvoiceId | None = None
) -> ResolvePaymentTask:
    return ResolvePaymentTask(task_id=task.id, action=action, note=note, invoice_id=bill)


def test_a_note_settles_a_task_once(desk: Desk, online: Online) -> None:
    """Who, when and why stand beside it; the second is told who was first."""
    task = money_after_cash(online)

    done = desk.ask(resolve(task, TaskAction.NOTE), Role.CASHIER)

    assert (done.state, done.note, done.action, done.actions) == (
        TaskState.DONE,
        "Spoke to the payer",
        TaskAction.NOTE,
        [],
    )
    assert done.done is not None
    assert done.done.by == desk.actor(Role.CASHIER).person
    assert online.tasks() == []
    assert desk.ask(ListPaymentTasks(done=True), Role.ADMINISTRATOR).rows == [done]
    assert [event.state for event in desk.events(PaymentTaskChanged)] == [TaskState.OPEN, TaskState.DONE]
    fault = desk.fault(resolve(task, TaskAction.NOTE), Role.CASHIER)
    assert (fault.code, fault.message) == (
        "paystack.task_done",
        "Kwame Boateng has settled this task meanwhile.",
    )


def test_loose_money_pays_another_bill(desk: Desk, online: Online) -> None:
    """As a payment through Paystack with a receipt; it was posted to the account of loose money before."""
    task = money_after_cash(online, 100_000)
    other = online.bill(100_000)

    done = desk.ask(resolve(task, TaskAction.CREDIT_BILL, bill=other.id), Role.CASHIER)

    assert done.state is TaskState.DONE
    paid = online.now(other)
    assert (paid.due.amount_minor, paid.payments[0].reference) == (0, task.reference)
    assert online.billing.balances()["unallocated-receipts"] == 0
    online.check_books()


def test_what_a_bill_does_not_need_stays_with_the_task(desk: Desk, online: Online) -> None:
    """Until all of it has found its place."""
    task = money_after_cash(online, 100_000)
    small, large = online.bill(30_000), online.bill(200_000)

    first = desk.ask(resolve(task, TaskAction.CREDIT_BILL, bill=small.id), Role.CASHIER)
    second = desk.ask(resolve(task, TaskAction.CREDIT_BILL, bill=large.id), Role.CASHIER)

    assert (first.state, first.amount) == (TaskState.OPEN, online.billing.money(70_000))
    assert "₦\u00a0700.00 are left" in first.sentence
    assert second.state is TaskState.DONE
    assert online.now(large).due == online.billing.money(130_000)
    online.check_books()


def test_loose_money_goes_back_to_the_payer(desk: Desk, online: Online) -> None:
    task = money_after_cash(online)

    desk.ask(resolve(task, TaskAction.REFUND_PAYER), Role.CASHIER)
    online.relay.run_due()
    online.theirs.process_refunds()
    online.pass_time(minutes=5)

    assert online.billing.balances()["unallocated-receipts"] == 0
    assert online.tasks() == []
    online.check_books()
    online.check_against_theirs()


def test_loose_money_that_could_not_go_back_is_a_task_again(desk: Desk, online: Online) -> None:
    """With the money, so that it can be tried once more, or pay a bill."""
    task = money_after_cash(online)
    desk.ask(resolve(task, TaskAction.REFUND_PAYER), Role.CASHIER)
    online.relay.run_due()
    online.theirs.process_refunds("failed")
    online.pass_time(minutes=5)

    (again,) = online.tasks()
    assert (again.kind, again.amount) == (TaskKind.REFUND_FAILED, task.amount)
    other = online.bill(100_000)
    desk.ask(resolve(again, TaskAction.CREDIT_BILL, bill=other.id), Role.CASHIER)

    assert online.now(other).due.amount_minor == 0
    online.check_books()


@pytest.mark.parametrize(
    ("action", "note", "bill", "code"),
    [
        (TaskAction.NOTE, " ", None, "paystack.note_missing"),
        (TaskAction.NOTE, "x" * 1001, None, "paystack.note"),
        (TaskAction.CREDIT_BILL, "Paid", None, "paystack.nothing_due"),
        (TaskAction.CREDIT_BILL, "Paid", InvoiceId(99), "billing.unknown_invoice"),
    ],
)
def test_a_task_is_not_settled_by_something_wrong(
    *, desk: Desk, online: Online, action: TaskAction, note: str, bill: InvoiceId | None, code: str
) -> None:
    """It stays open."""
    task = money_after_cash(online)

    assert desk.fault(resolve(task, action, note=note, bill=bill), Role.CASHIER).code == code
    assert len(online.tasks()) == 1


def test_without_loose_money_there_is_only_a_note(desk: Desk, online: Online) -> None:
    bill = online.bill(100_000)
    opened = online.opened(bill)
    online.theirs.pay(opened.reference, amount=60_000)
    online.looked_at(opened.reference)
    (task,) = online.tasks()

    fault = desk.fault(resolve(task, TaskAction.REFUND_PAYER), Role.CASHIER)

    assert task.actions == [TaskAction.NOTE]
    assert fault.code == "paystack.action"


def test_there_is_no_such_task(desk: Desk, online: Online) -> None:
    request = ResolvePaymentTask(task_id=PaymentTaskId(9), action=TaskAction.NOTE, note="Nothing")

    assert desk.fault(request, Role.CASHIER).code == "paystack.unknown_task"


def test_two_cashiers_settle_a_task_once(desk: Desk, online: Online) -> None:
    """At the same moment: the money goes one way."""
    task = money_after_cash(online)
    bills = [online.bill(100_000) for _ in range(4)]

    def settle(number: int) -> str:
        request = resolve(task, TaskAction.CREDIT_BILL, bill=bills[number].id)
        try:
            desk.ask(request, Role.CASHIER)
        except Exception as refused:  # noqa: BLE001 - the fault's code is what is asked for
            return str(refused).partition(":")[0]
        return "done"

    outcomes = desk.together(4, settle)

    assert sorted(outcomes) == ["done", *["paystack.task_done"] * 3]
    online.check_books()
