"""Tasks for a person and the comparisons with Paystack's list: decided, noted, read and printed."""

from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.paystack.nights.panel import NightsPanel
from hms_desktop.paystack.tasks.panel import TasksPanel
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.session import Session
from hms_server.contract.billing import InvoiceState, ListToPay, ToPay, ToPayRow
from hms_server.contract.envelope import Fault
from hms_server.contract.paystack import (
    ListPaymentTasks,
    PaymentTaskChanged,
    PaymentTaskId,
    PaymentTasks,
    ResolvePaymentTask,
    TaskAction,
    TaskKind,
    TaskState,
)
from hms_server.contract.reconciliation import (
    Difference,
    DifferenceKind,
    GetReconciliation,
    ListReconciliations,
    ReconciledSum,
    Reconciliation,
    ReconciliationFinished,
    ReconciliationId,
    ReconciliationRow,
    Reconciliations,
    ReconciliationState,
    RunReconciliation,
)
from hms_server.contract.values import InvoiceId, Moment
from tests.desktop.conftest import FakeConnection
from tests.desktop.paystack.payments import CALLED, ME, REFERENCE, naira, task
from tests.desktop.samples import NOW, ZONE
from tests.desktop.visits.tickets import CLINIC

ROW = ReconciliationRow(
    id=ReconciliationId(3),
    first_day=date(2026, 11, 13),
    last_day=date(2026, 11, 19),
    state=ReconciliationState.DONE,
    asked_at=NOW,
    asked_by=None,
    finished_at=NOW,
    compared=412,
    differences=1,
    why="",
)
DIFFERENCE = Difference(
    kind=DifferenceKind.AMOUNT,
    reference=REFERENCE,
    ours="₦ 8,000.00",
    theirs="₦ 8,100.00",
    sentence="Paystack has ₦ 8,100.00 for this payment, the bill has ₦ 8,000.00.",
    mended=False,
    task_id=PaymentTaskId(1),
    invoice_id=InvoiceId(4),
    encounter_id=CALLED.encounter_id,
)
SUM = ReconciledSum(name="received", ours=naira(812_000), theirs=naira(812_100))


@pytest.fixture
def tasks(qtbot: QtBot, session: Session, connection: FakeConnection) -> TasksPanel:
    rows = [task(), replace(task(2), kind=TaskKind.STUCK, actions=[TaskAction.NOTE], amount=None)]
    connection.answer(ListPaymentTasks, PaymentTasks(rows=rows, open_count=2))
    panel = TasksPanel(session, clock=lambda: NOW, zone=ZONE)
    qtbot.addWidget(panel)
    panel.resize(580, 600)
    panel.show()
    panel.activateWindow()
    assert QTest.qWaitForWindowActive(panel)
    panel.take_focus()
    qtbot.waitUntil(lambda: panel.table.chosen_row() is not None)
    return panel


@pytest.fixture
def nights(qtbot: QtBot, session: Session, connection: FakeConnection, tmp_path: Path) -> NightsPanel:
    connection.answer(ListReconciliations, Reconciliations([ROW]))
    report = Reconciliation(row=ROW, differences=[DIFFERENCE], sums=[SUM])
    connection.answer(GetReconciliation, report)
    panel = NightsPanel(
        session, clinic=CLINIC, clock=lambda: NOW, zone=ZONE, printer=FolderPrinter(folder=tmp_path)
    )
    qtbot.addWidget(panel)
    panel.resize(580, 600)
    panel.show()
    qtbot.waitUntil(lambda: panel.state.report is not None)
    return panel


def test_the_first_task_is_open_with_its_sentence_and_money(tasks: TasksPanel) -> None:
    assert tasks.table.hasFocus()
    assert "paid in another way meanwhile" in tasks._sentence.text()
    assert "₦\u00a08,000.00 open" in tasks._about.text()
    assert tasks.count.text() == "2 open"


def test_a_task_is_settled_only_with_a_decision_and_a_note(
    tasks: TasksPanel, connection: FakeConnection
) -> None:
    """What is missing is said at its field; nothing is preset where there is a choice."""
    connection.hold()
    tasks.primary()
    first = tasks.action.error()
    tasks.action.set_value(TaskAction.REFUND_PAYER)
    tasks.primary()
    second = tasks.note.error()
    QTest.keyClicks(tasks.note.editor, "Paid in cash at window 2.")
    tasks.primary()
    tasks.primary()

    assert first
    assert second
    [request] = connection.requests(ResolvePaymentTask)
    assert (request.task_id, request.action, request.note) == (
        1,
        TaskAction.REFUND_PAYER,
        "Paid in cash at window 2.",
    )


def test_a_bill_for_the_money_is_chosen_among_those_that_owe(
    tasks: TasksPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    owing = ToPayRow(
        ticket=None,
        invoice_id=InvoiceId(9),
        number="INV-2026-000009",
        encounter_id=CALLED.encounter_id,
        patient=CALLED.patient,
        due=naira(1200),
        state=InvoiceState.OPEN,
    )
    settled = replace(owing, invoice_id=InvoiceId(8), due=naira(0))
    connection.answer(ListToPay, ToPay([owing, settled]))
    tasks.action.editor.setFocus()
    QTest.keyClick(tasks.action.editor, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: tasks.bill.editor.count() == 1)
    QTest.keyClicks(tasks.note.editor, "The payer named it.")
    tasks.primary()
    without = (tasks.bill.error(), connection.requests(ResolvePaymentTask))
    tasks.bill.set_value(InvoiceId(9))
    connection.hold()

    tasks.primary()

    assert without[0]
    assert without[1] == []
    [request] = connection.requests(ResolvePaymentTask)
    assert (request.action, request.invoice_id) == (TaskAction.CREDIT_BILL, 9)


def test_a_note_stays_with_its_task(tasks: TasksPanel) -> None:
    """What was typed for one never settles another, and comes back."""
    QTest.keyClicks(tasks.note.editor, "Half a note")
    tasks.table.choose(PaymentTaskId(2))
    other = (tasks.note.text(), tasks.action.value())
    tasks.table.choose(PaymentTaskId(1))

    assert other == ("", TaskAction.NOTE)
    assert tasks.note.text() == "Half a note"


def test_a_refusal_keeps_what_was_typed(tasks: TasksPanel, connection: FakeConnection, qtbot: QtBot) -> None:
    words = "Musa Garba has settled this meanwhile."
    connection.answer(ResolvePaymentTask, Fault(code="paystack.task_done", message=words))
    tasks.action.set_value(TaskAction.NOTE)
    QTest.keyClicks(tasks.note.editor, "Settled")

    tasks.primary()

    qtbot.waitUntil(lambda: words in tasks.notice.text())
    assert tasks.note.text() == "Settled"
    assert tasks.settle_button.isEnabled()


def test_a_new_task_appears_by_itself(tasks: TasksPanel, connection: FakeConnection, qtbot: QtBot) -> None:
    rows = [task(number) for number in (1, 2, 3)]
    connection.answer(ListPaymentTasks, PaymentTasks(rows=rows, open_count=3))

    connection.happen(
        PaymentTaskChanged(
            task_id=PaymentTaskId(3), kind=TaskKind.STUCK, state=TaskState.OPEN, reference=REFERENCE
        )
    )

    qtbot.waitUntil(lambda: tasks.count.text() == "3 open")


def test_settled_ones_say_by_whom_and_how(
    tasks: TasksPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    done = replace(
        task(), state=TaskState.DONE, done=Moment(NOW, ME), note="Paid in cash.", actions=[], amount=None
    )
    connection.answer(ListPaymentTasks, PaymentTasks(rows=[done], open_count=1))

    QTest.keyClick(tasks.table, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)

    qtbot.waitUntil(lambda: "Paid in cash." in tasks._about.text())
    assert ME.name in tasks._about.text()
    assert not tasks.settle_button.isVisible()
    assert connection.requests(ListPaymentTasks)[-1].done


def test_the_last_comparison_is_open_with_every_difference(nights: NightsPanel) -> None:
    model = nights.differences.model()

    assert "412" in nights._title.text()
    assert nights._result.text() == "1 differ"
    assert [str(model.index(0, column).data()) for column in range(5)] == [
        "Amount",
        "₦ 8,000.00",
        "₦ 8,100.00",
        DIFFERENCE.sentence,
        "Task",
    ]


def test_what_waits_or_failed_is_not_shown_as_agreeing(
    nights: NightsPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """An empty list of differences means nothing before both sides were looked at."""
    failed = replace(
        ROW, state=ReconciliationState.FAILED, differences=0, why="Paystack does not accept the key."
    )
    connection.answer(ListReconciliations, Reconciliations([failed]))
    connection.answer(GetReconciliation, Reconciliation(row=failed, differences=[], sums=[]))

    connection.happen(
        ReconciliationFinished(reconciliation_id=ROW.id, state=ReconciliationState.FAILED, differences=0)
    )

    qtbot.waitUntil(lambda: nights._result.text() == "Failed")
    assert nights._why.text() == "Paystack does not accept the key."
    assert nights._report._empty.text() == "There is no report yet"
    assert not nights.print_button.isEnabled()


def test_days_are_compared_now(nights: NightsPanel, connection: FakeConnection) -> None:
    """The last seven days of the clinic's calendar, today among them."""
    connection.hold()

    nights.run_button.click()
    nights.run_button.click()

    [request] = connection.requests(RunReconciliation)
    today = NOW.astimezone(ZONE).date()
    assert (request.last_day, (request.last_day - request.first_day).days) == (today, 6)


def test_the_report_is_printed_with_every_difference(
    nights: NightsPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    nights.print_button.click()

    qtbot.waitUntil(lambda: bool(nights.notice.text()), timeout=20_000)
    [path] = tmp_path.glob("*.pdf")
    document = pypdfium2.PdfDocument(path)
    text = " ".join(document[0].get_textpage().get_text_range().split())
    document.close()
    for part in ("Unity Clinic", "412 payments", "Received", "₦ 812,100.00", REFERENCE, "the bill has"):
        assert part in text
