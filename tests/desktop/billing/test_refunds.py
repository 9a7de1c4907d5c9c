"""Money that goes back: how much, why, by which way, and what paper the patient gets."""

from pathlib import Path

import pypdfium2
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.billing.panel import BillingPanel
from hms_desktop.billing.table import MoneyRow, how_words, money_rows
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.session import Session
from hms_server.contract.billing import (
    DrawerState,
    GetDrawer,
    GetInvoice,
    GetReceipt,
    GetRefund,
    Invoice,
    InvoiceState,
    ListToPay,
    PaymentMethod,
    PaymentRow,
    RefundId,
    RefundPayment,
    RefundReceipt,
    RefundRow,
    RefundState,
    ToPay,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.values import Person, StaffId
from tests.desktop.billing.test_panel import CLINIC, bill, naira, payment, ticket
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE

ME = Person(id=StaffId(2), name="Musa Garba")


def refund(state: RefundState, *, method: PaymentMethod = PaymentMethod.CASH) -> RefundRow:
    over = state is RefundState.PROCESSED
    return RefundRow(
        id=RefundId(11),
        payment_id=payment(1).id,
        number="F-2026-000001" if over else "",
        method=method,
        amount=naira(1000),
        credit=True,
        reason="Not delivered",
        state=state,
        asked_at=NOW,
        asked_by=ME,
        settled_at=NOW if over else None,
        why="",
    )


def paid_bill(*refunds: RefundRow, method: PaymentMethod = PaymentMethod.CASH) -> Invoice:
    paid = replace(payment(8000), method=method, refundable=naira(8000 - 1000 * len(refunds)))
    return replace(
        bill(paid=8000), state=InvoiceState.PAID, payments=[paid], due=naira(0), refunds=list(refunds)
    )


class Till:
    def __init__(self, session: Session, connection: FakeConnection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder
        self.panel = BillingPanel(
            session, clinic=CLINIC, clock=lambda: NOW, zone=ZONE, printer=FolderPrinter(folder=folder)
        )
        self.form = self.panel.refund

    def press(self, key: Qt.Key) -> None:
        target = QApplication.focusWidget() or self.panel
        QTest.keyClick(target, key, Qt.KeyboardModifier.ControlModifier)

    def fill(
        self, *, amount: str = "1000", credit: bool | None = True, reason: str = "Not delivered"
    ) -> None:
        self.press(Qt.Key.Key_R)
        QTest.keyClicks(self.form.amount.editor, amount)
        self.form.credit.set_value(credit)
        QTest.keyClicks(self.form.reason.editor, reason)

    def paper(self) -> str:
        self.panel._background.finish()
        [path] = self.folder.glob("*.pdf")
        document = pypdfium2.PdfDocument(path)
        text = " ".join(document[0].get_textpage().get_text_range().split())
        document.close()
        return text


@pytest.fixture
def till(qtbot: QtBot, session: Session, connection: FakeConnection, tmp_path: Path) -> Till:
    connection.answer(GetInvoice, paid_bill())
    connection.answer(ListToPay, ToPay([]))
    connection.answer(GetDrawer, DrawerState(payments=3, cash_taken=naira(86400), change_given=naira(600)))
    made = Till(session, connection, tmp_path)
    qtbot.addWidget(made.panel)
    made.panel.resize(900, 620)
    made.panel.show()
    made.panel.activateWindow()
    assert QTest.qWaitForWindowActive(made.panel)
    made.panel.open_ticket(ticket())
    qtbot.waitUntil(lambda: made.panel.state.invoice is not None)
    return made


def answer(till: Till, row: RefundRow) -> RefundReceipt:
    invoice = paid_bill(row, method=row.method)
    till.connection.answer(GetInvoice, invoice)
    receipt = RefundReceipt(refund=row, payment=invoice.payments[0], invoice=invoice)
    till.connection.answer(RefundPayment, receipt)
    return receipt


def test_the_form_offers_all_that_is_left_and_presets_no_decision(till: Till) -> None:
    till.press(Qt.Key.Key_R)

    assert till.form.isVisible()
    assert till.form.amount.text() == "8,000.00"
    assert till.form.credit.value() is None
    assert "Return it" in till.panel.take_button.text()
    assert not till.panel.is_busy()


def test_cash_goes_back_at_once_with_its_paper(till: Till, qtbot: QtBot) -> None:
    """Half-typed refunds hold the desk; a stored one is told, listed and printed."""
    answer(till, refund(RefundState.PROCESSED))
    till.fill()
    busy = till.panel.is_busy()

    till.panel.primary()

    qtbot.waitUntil(lambda: "F-2026-000001" in till.panel.notice.text())
    [request] = till.connection.requests(RefundPayment)
    assert (request.amount, request.credit, request.reason) == (naira(1000), True, "Not delivered")
    assert "give ₦\u00a01,000.00 back" in till.panel.notice.text()
    assert busy
    assert not till.panel.is_busy()
    qtbot.waitUntil(lambda: bool(list(till.folder.glob("*.pdf"))), timeout=20_000)
    assert "Returned by cash ₦ 1,000.00" in till.paper()


def test_through_paystack_nothing_is_called_returned_yet(till: Till, qtbot: QtBot) -> None:
    """Neither on the screen nor on the paper; and no cash is to be given."""
    row = refund(RefundState.PENDING, method=PaymentMethod.PAYSTACK)
    till.connection.answer(GetInvoice, paid_bill(method=PaymentMethod.PAYSTACK))
    till.panel.state.reload()
    qtbot.waitUntil(lambda: _method(till) is PaymentMethod.PAYSTACK)
    answer(till, row)
    till.fill()
    form = till.form._words.text()

    till.panel.primary()

    qtbot.waitUntil(lambda: "Give no cash" in till.panel.notice.text())
    assert "Give no cash" in form
    assert how_words(MoneyRow(refund=row))[0] == "Refund waits"
    qtbot.waitUntil(lambda: bool(list(till.folder.glob("*.pdf"))), timeout=20_000)
    assert "Not paid out yet" in till.paper()
    assert "Returned" not in till.paper()


@pytest.mark.parametrize(
    ("amount", "credit", "reason", "field"),
    [
        ("9000", True, "Wrong", "amount"),
        ("0", True, "Wrong", "amount"),
        ("1000", None, "Wrong", "credit"),
        ("1000", False, "", "reason"),
    ],
)
def test_what_is_missing_is_said_at_its_field(
    till: Till, *, amount: str, credit: bool | None, reason: str, field: str
) -> None:
    till.fill(amount=amount, credit=credit, reason=reason)

    till.panel.primary()

    wrong = {name for name in ("amount", "credit", "reason") if getattr(till.form, name).error()}
    assert wrong == {field}
    assert till.connection.requests(RefundPayment) == []


def test_a_refusal_keeps_what_was_typed(till: Till, qtbot: QtBot) -> None:
    words = "You may not return money."
    till.connection.answer(RefundPayment, Fault(code="permission.denied", message=words))
    till.fill()

    till.panel.primary()

    qtbot.waitUntil(lambda: words in till.panel.notice.text())
    assert till.form.isVisible()
    assert till.form.reason.text() == "Not delivered"
    assert till.panel.take_button.isEnabled()


def test_pressing_twice_returns_once(till: Till) -> None:
    till.connection.hold()
    till.fill()

    till.panel.primary()
    till.panel.primary()

    assert len(till.connection.requests(RefundPayment)) == 1


def test_what_is_returned_already_cannot_be_returned_again(till: Till, qtbot: QtBot) -> None:
    gone: PaymentRow = replace(payment(8000), refundable=naira(0))
    till.connection.answer(GetInvoice, replace(paid_bill(), payments=[gone]))
    till.panel.state.reload()
    qtbot.waitUntil(lambda: till.panel.bill.returnable() is None)

    till.press(Qt.Key.Key_R)

    assert "nothing is left" in till.panel.notice.text()
    assert not till.form.isVisible()


def test_another_bill_closes_the_form(till: Till, qtbot: QtBot) -> None:
    """A refund is never sent for a bill that is not on the screen."""
    till.fill()

    till.panel.open_ticket(ticket())
    qtbot.waitUntil(lambda: till.panel.state.invoice is not None)
    till.panel.primary()

    assert not till.form.isVisible()
    assert till.connection.requests(RefundPayment) == []


def test_a_copy_is_printed_of_what_is_selected(till: Till, qtbot: QtBot) -> None:
    """The last row without a choice: here the refund; else the payment that was chosen."""
    till.connection.answer(GetInvoice, paid_bill(refund(RefundState.PROCESSED)))
    till.panel.state.reload()
    qtbot.waitUntil(lambda: till.panel.payments.model().rowCount() == 2)
    till.connection.hold()

    till.press(Qt.Key.Key_P)
    till.panel.payments.choose_first()
    till.press(Qt.Key.Key_P)

    assert [request.refund_id for request in till.connection.requests(GetRefund)] == [11]
    assert [request.payment_id for request in till.connection.requests(GetReceipt)] == [6]


def test_refunds_stand_below_their_payment() -> None:
    rows = money_rows(paid_bill(refund(RefundState.FAILED)))

    assert [row.refund is not None for row in rows] == [False, True]
    assert how_words(rows[1])[0] == "Refund failed"


def _method(till: Till) -> PaymentMethod | None:
    invoice = till.panel.state.invoice
    return invoice.payments[0].method if invoice is not None else None
