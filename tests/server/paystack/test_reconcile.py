"""The books against Paystack's list: every difference is named, what can be mended is, nothing twice."""

import threading
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from hms_server.contract.paystack import OnlineState, TaskKind
from hms_server.contract.reconciliation import (
    Difference,
    DifferenceKind,
    GetReconciliation,
    ListReconciliations,
    Reconciliation,
    ReconciliationFinished,
    ReconciliationId,
    ReconciliationState,
    RunReconciliation,
)
from hms_server.contract.values import Role
from hms_server.paystack import postings
from hms_server.paystack.messages import Transaction
from hms_server.paystack.postings import learn
from hms_server.paystack.rules import Asked, Posted, Verdict, judge
from hms_server.relay.outside import Outside
from tests.outside.paystack import DOWN
from tests.outside.paystack_books import Payment
from tests.server.desk import Desk
from tests.server.paystack.online import Online

MONDAY = date(2026, 3, 2)


def compare(online: Online, *, first: date = MONDAY, last: date = MONDAY) -> Reconciliation:
    """The report of those days."""
    desk = online.billing.desk
    row = desk.ask(RunReconciliation(first_day=first, last_day=last), Role.ADMINISTRATOR)
    online.relay.run_due()
    return desk.ask(GetReconciliation(reconciliation_id=row.id), Role.ADMINISTRATOR)


def kinds(differences: list[Difference]) -> list[tuple[DifferenceKind, bool]]:
    return [(difference.kind, difference.mended) for difference in differences]


def test_books_that_agree_have_no_difference(online: Online) -> None:
    """Paid, failed and untouched payments and a refund: the sums of both sides stand side by side."""
    paid = online.paid(online.bill(1_000_000))
    online.opened(online.bill())
    online.theirs.fail(online.opened(online.bill()).reference)
    online.refund(paid.payment_id, 300_000)
    online.relay.run_due()
    online.theirs.process_refunds()
    online.pass_time(minutes=5)

    report = compare(online)

    assert report.row.state is ReconciliationState.DONE
    assert (report.differences, report.row.compared) == ([], 4)
    assert [(line.name, line.ours, line.theirs) for line in report.sums] == [
        (name, online.billing.money(amount), online.billing.money(amount))
        for name, amount in (("received", 1_000_000), ("fees", 25_000), ("refunded", 300_000))
    ]


def test_each_night_is_compared_by_itself(desk: Desk, online: Online) -> None:
    """At half past two in the clinic, each with its own row; who asks again adds nothing."""
    for _ in range(3):
        online.paid(online.bill())

    online.pass_time(days=3, every_s=1800)

    rows = desk.ask(ListReconciliations(), Role.CASHIER).rows
    assert [row.state for row in rows] == [ReconciliationState.WAITING] + [ReconciliationState.DONE] * 3
    assert [row.last_day for row in rows] == [MONDAY + timedelta(days=days) for days in (3, 2, 1, 0)]
    assert rows[1].first_day == MONDAY - timedelta(days=5)
    finished = [row.finished_at for row in rows[1:] if row.finished_at]
    assert {moment.time().isoformat() for moment in finished} == {"01:30:00"}
    assert len(desk.events(ReconciliationFinished)) == 3


def test_a_success_that_was_missed_is_posted_by_the_comparison(online: Online) -> None:
    """Given up long ago, paid afterwards: named in the report, mended, and no task."""
    bill = online.bill()
    opened = online.opened(bill)
    online.pass_time(minutes=90)
    online.theirs.pay(opened.reference)

    report = compare(online)

    assert kinds(report.differences) == [(DifferenceKind.MISSING_HERE, True)]
    assert report.differences[0].invoice_id == bill.id
    assert online.now(bill).due.amount_minor == 0
    assert online.tasks() == []
    assert compare(online).differences == []
    online.check_books()
    online.check_against_theirs()


def test_money_for_an_unknown_reference_is_posted_apart_and_is_one_task(online: Online) -> None:
    """Somebody paid into the clinic's account by another way."""
    stranger(online, "shop-17", 75_000)

    reports = [compare(online) for _ in range(3)]

    assert kinds(reports[0].differences) == [(DifferenceKind.MISSING_HERE, True)]
    assert [report.differences for report in reports[1:]] == [[], []]
    (task,) = online.tasks()
    assert (task.kind, task.amount, task.reference) == (
        TaskKind.UNKNOWN_REFERENCE,
        online.billing.money(75_000),
        "shop-17",
    )
    assert reports[0].differences[0].task_id == task.id
    online.check_books()
    online.check_against_theirs()


def test_another_amount_is_named_and_asks_somebody_once(online: Online) -> None:
    paid = online.paid(online.bill(100_000))
    online.theirs.payments[paid.reference].amount = 99_000

    reports = [compare(online) for _ in range(2)]

    assert [kinds(report.differences) for report in reports] == [[(DifferenceKind.AMOUNT, False)]] * 2
    assert (reports[0].differences[0].ours, reports[0].differences[0].theirs) == (
        "₦\u00a01,000.00",
        "₦\u00a0990.00",
    )
    assert [task.kind for task in online.tasks()] == [TaskKind.CONTRADICTION]


def test_another_currency_is_named(online: Online) -> None:
    paid = online.paid(online.bill(100_000))
    online.theirs.payments[paid.reference].currency = "GHS"

    assert kinds(compare(online).differences) == [(DifferenceKind.CURRENCY, False)]


@pytest.mark.parametrize(("known", "mended"), [(True, False), (False, True)])
def test_another_fee_is_named_and_one_that_was_unknown_is_posted(
    online: Online, *, known: bool, mended: bool
) -> None:
    opened = online.opened(online.bill(100_000))
    payment = online.theirs.pay(opened.reference)
    fees = payment.fees
    payment.fees = fees if known else None
    online.looked_at(opened.reference)
    payment.fees = 5_000

    report = compare(online)

    assert kinds(report.differences) == [(DifferenceKind.FEE, mended)]
    assert kinds(compare(online).differences) == ([] if mended else [(DifferenceKind.FEE, False)])
    online.check_books()


def test_what_was_posted_and_is_paid_no_more_asks_somebody(online: Online) -> None:
    paid = online.paid(online.bill(100_000))
    online.billing.desk.pass_time(minutes=1)
    online.theirs.payments[paid.reference].status = "failed"

    report = compare(online)

    assert kinds(report.differences) == [(DifferenceKind.STATUS, False)]
    assert [task.kind for task in online.tasks()] == [TaskKind.CONTRADICTION]


def test_a_chargeback_asks_somebody_once(online: Online) -> None:
    """Paystack took the money back, and no refund from here explains it."""
    paid = online.paid(online.bill(100_000))
    online.theirs.payments[paid.reference].status = "reversed"

    reports = [compare(online) for _ in range(2)]

    assert [kinds(report.differences) for report in reports] == [[(DifferenceKind.STATUS, False)]] * 2
    assert [task.kind for task in online.tasks()] == [TaskKind.REVERSED]
    online.check_books()


def test_what_paystack_does_not_list_is_named(online: Online) -> None:
    """Posted or only begun: the first asks somebody."""
    paid = online.paid(online.bill(100_000))
    opened = online.opened(online.bill(100_000))
    online.billing.desk.pass_time(minutes=5)
    for reference in (paid.reference, opened.reference):
        del online.theirs.payments[reference]

    report = compare(online)

    assert kinds(report.differences) == [(DifferenceKind.MISSING_THERE, False)] * 2
    assert {row.reference for row in report.differences} == {paid.reference, opened.reference}
    (task,) = online.tasks()
    assert (task.kind, task.reference) == (TaskKind.CONTRADICTION, paid.reference)


def test_a_refund_that_was_not_asked_for_here_asks_somebody_once(online: Online) -> None:
    """Made on Paystack's own pages."""
    paid = online.paid(online.bill(100_000))
    refund_there(online, paid.reference, 40_000)

    reports = [compare(online) for _ in range(2)]

    assert [kinds(report.differences) for report in reports] == [[(DifferenceKind.REFUND, False)]] * 2
    assert reports[0].differences[0].reference == paid.reference
    assert [task.kind for task in online.tasks()] == [TaskKind.UNKNOWN_REFUND]


def test_a_refund_whose_end_was_missed_is_posted(online: Online) -> None:
    """Its job still waits for its next look; it finds the refund settled then."""
    paid = online.paid(online.bill(100_000))
    online.refund(paid.payment_id, 40_000)
    online.relay.run_due()
    online.theirs.process_refunds()

    report = compare(online)
    online.pass_time(hours=1)

    assert kinds(report.differences) == [(DifferenceKind.REFUND, True)]
    assert online.tasks() == []
    online.check_books()
    online.check_against_theirs()


@pytest.mark.parametrize("change", [{"status": "failed"}, {"amount": 30_000}])
def test_a_refund_that_ended_in_another_way_asks_somebody(online: Online, change: dict[str, Any]) -> None:
    paid = online.paid(online.bill(100_000))
    online.refund(paid.payment_id, 40_000)
    online.relay.run_due()
    online.theirs.process_refunds()
    online.pass_time(minutes=5)
    for name, value in change.items():
        setattr(online.theirs.refunds[0], name, value)

    report = compare(online)

    assert kinds(report.differences) == [(DifferenceKind.REFUND, False)]
    assert [task.kind for task in online.tasks()] == [TaskKind.CONTRADICTION]


def test_a_refund_that_paystack_does_not_list_asks_somebody(online: Online) -> None:
    paid = online.paid(online.bill(100_000))
    online.refund(paid.payment_id, 40_000)
    online.relay.run_due()
    online.theirs.process_refunds()
    online.pass_time(minutes=5)
    online.theirs.refunds.clear()

    assert kinds(compare(online).differences) == [(DifferenceKind.REFUND, False)]


def test_the_list_is_read_to_its_last_page(online: Online) -> None:
    """More payments than a page holds; the missed one among them is found."""
    for number in range(230):
        stranger(online, f"shop-{number}", 10_000, status="abandoned")
    bill = online.bill()
    opened = online.opened(bill)
    online.theirs.pay(opened.reference)

    report = compare(online)

    assert report.row.compared == 231
    assert online.state(opened.reference).state is OnlineState.PAID


def test_a_row_that_cannot_be_read_asks_somebody_once_and_the_others_are_compared(
    online: Online, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the missed success nor the posted payment suffers by their neighbour."""
    paid = online.paid(online.bill())
    missed = online.bill()
    opened = online.opened(missed)
    online.pass_time(minutes=90)
    online.theirs.pay(opened.reference)
    written = Payment.written

    def garbled(payment: Payment, *, in_list: bool = False) -> dict[str, Any]:
        row = written(payment, in_list=in_list)
        return row | {"amount": "a lot"} if payment.reference == paid.reference else row

    monkeypatch.setattr(Payment, "written", garbled)

    reports = [compare(online) for _ in range(2)]

    assert kinds(reports[0].differences) == [
        (DifferenceKind.MISSING_HERE, True), (DifferenceKind.UNREADABLE, False)
    ]  # fmt: skip
    assert kinds(reports[1].differences) == [(DifferenceKind.UNREADABLE, False)]
    assert online.now(missed).due.amount_minor == 0
    (task,) = online.tasks()
    assert (task.kind, task.reference) == (TaskKind.STUCK, paid.reference)
    assert "amount" in task.sentence


def test_a_list_that_cannot_be_had_is_said_so(desk: Desk, online: Online) -> None:
    """The report fails with its reason, and the next night has one of its own."""
    online.theirs.troubles.extend([DOWN] * 1_000)
    row = desk.ask(RunReconciliation(first_day=MONDAY, last_day=MONDAY), Role.CASHIER)

    online.pass_time(days=9, every_s=3600)

    failed = desk.ask(GetReconciliation(reconciliation_id=row.id), Role.CASHIER).row
    assert failed.state is ReconciliationState.FAILED
    assert failed.why.startswith("It did not succeed in ")
    rows = desk.ask(ListReconciliations(), Role.CASHIER).rows
    assert ReconciliationState.WAITING in {each.state for each in rows}


def test_an_interrupted_list_is_read_again_from_the_start(online: Online) -> None:
    bill = online.bill()
    opened = online.opened(bill)
    online.theirs.pay(opened.reference)
    online.theirs.lose_answers(1)
    desk = online.billing.desk
    row = desk.ask(RunReconciliation(first_day=MONDAY, last_day=MONDAY), Role.CASHIER)

    online.pass_time(minutes=5, every_s=5)

    report = desk.ask(GetReconciliation(reconciliation_id=row.id), Role.CASHIER)
    assert report.row.state is ReconciliationState.DONE
    online.check_books()


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (MONDAY, MONDAY - timedelta(days=1), "first_day"),
        (MONDAY, MONDAY + timedelta(days=1), "last_day"),
        (MONDAY - timedelta(days=62), MONDAY, "first_day"),
    ],
)
def test_days_that_make_no_sense_are_refused(
    desk: Desk, online: Online, first: date, last: date, field: str
) -> None:
    fault = desk.fault(RunReconciliation(first_day=first, last_day=last), Role.CASHIER)

    assert (fault.code, fault.field) == ("paystack.days", field)


def test_there_is_no_such_comparison(desk: Desk, online: Online) -> None:
    request = GetReconciliation(reconciliation_id=ReconciliationId(99))

    assert desk.fault(request, Role.CASHIER).code == "paystack.unknown_reconciliation"


def test_play_and_earnest_are_not_compared(desk: Desk, online: Online) -> None:
    """After the change to the live key the test payments are nobody's difference."""
    online.paid(online.bill())
    online.theirs.secret = "sk_live_" + "7" * 40
    online.theirs.payments.clear()
    desk.set_provider(
        "paystack", settings={"address": online.theirs.url}, secrets={"secret_key": online.theirs.secret}
    )

    assert compare(online).differences == []


def stranger(online: Online, reference: str, amount: int, *, status: str = "success") -> None:
    """A payment on the same account that was not begun from here."""
    body = {"reference": reference, "amount": amount, "currency": "NGN"}
    assert post(online, "/transaction/initialize", body)
    if status == "success":
        online.theirs.take(reference)


def refund_there(online: Online, reference: str, amount: int) -> None:
    """On Paystack's own pages."""
    assert post(online, "/refund", {"transaction": reference, "amount": amount})


def post(online: Online, path: str, body: dict[str, Any]) -> bool:
    headers = {"Authorization": f"Bearer {online.theirs.secret}"}
    answer = Outside().request(
        "POST", online.theirs.url + path, headers=headers, json={"email": "shop@example.ng", **body}
    )
    return answer.status == 200


def test_a_late_fee_of_a_stranger_is_posted_once_by_two_servers_at_once(
    online: Online, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row of ours is locked for money that we did not ask for: both read the receipt without its fee."""
    desk = online.billing.desk
    theirs = Transaction(reference="shop-17", status="success", amount=75_000, currency="NGN")
    desk.act(lambda work: learn(work, desk.vault, theirs))
    both_have_read = threading.Barrier(2)

    def judge_together(theirs: Transaction, *, asked: Asked | None, posted: Posted | None) -> Verdict:
        both_have_read.wait(60)
        return judge(theirs, asked=asked, posted=posted)

    monkeypatch.setattr(postings, "judge", judge_together)
    with_fee = msgspec.structs.replace(theirs, fees=1_200)
    desk.together(2, lambda _: desk.act(lambda work: learn(work, desk.vault, with_fee)))

    assert online.billing.balances()["payment-fees"] == 1_200
    online.check_books()
