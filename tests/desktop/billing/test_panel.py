"""The billing desk: what is due, cash and change, refusals, and the receipt on paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from hms_desktop.billing.panel import BillingPanel
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.session import Session
from hms_server.contract.accounts import Clinic
from hms_server.contract.billing import (
    ChargeRow,
    DrawerState,
    GetDrawer,
    GetInvoice,
    Invoice,
    InvoiceState,
    ListToPay,
    PaymentMethod,
    PaymentRow,
    Receipt,
    TakePayment,
    ToPay,
    ToPayRow,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.values import (
    BirthPrecision,
    EncounterId,
    InvoiceId,
    Money,
    PatientHeader,
    PatientId,
    PaymentId,
    Person,
    Sex,
    StaffId,
    TicketId,
)
from hms_server.contract.visits import TicketRow, TicketState
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import LONG_NAME, NOW, ZONE

PATIENT = PatientHeader(
    id=PatientId(1),
    number="P000012-7",
    name=LONG_NAME,
    sex=Sex.FEMALE,
    birth_date=None,
    birth_precision=BirthPrecision.ESTIMATED,
)
CLINIC = Clinic(
    name="Unity Clinic", time_zone="Africa/Lagos", currency="NGN", departments=[], rooms=[], services=[]
)


def naira(amount: int) -> Money:
    return Money(amount * 100, "NGN")


def ticket() -> TicketRow:
    return TicketRow(
        id=TicketId(9),
        code="B-009",
        service="B",
        state=TicketState.CALLED,
        priority=QueuePriority.ROUTINE,
        special_need=SpecialNeed.NONE,
        note="",
        patient=PATIENT,
        encounter_id=EncounterId(5),
        queued_at=NOW,
        called_at=NOW,
        room="Window 1",
        practitioner=None,
        version=1,
    )


def bill(*, paid: int = 0) -> Invoice:
    charges = [("Consultation, general", 1, 5000), ("Azithromycin 500 mg tablet", 3, 1000)]
    return Invoice(
        id=InvoiceId(4),
        number="INV-2026-000004",
        encounter_id=EncounterId(5),
        patient=PATIENT,
        state=InvoiceState.OPEN if not paid else InvoiceState.PART_PAID,
        charges=[
            ChargeRow(
                description=words,
                quantity=quantity,
                unit_price=naira(price),
                amount=naira(price * quantity),
                charged_at=NOW,
            )
            for words, quantity, price in charges
        ],
        payments=[payment(paid)] if paid else [],
        total=naira(8000),
        paid=naira(paid),
        due=naira(8000 - paid),
        version=3,
    )


def payment(amount: int, *, tendered: int | None = None) -> PaymentRow:
    given = amount if tendered is None else tendered
    return PaymentRow(
        id=PaymentId(6),
        receipt_number="R-2026-000006",
        method=PaymentMethod.CASH,
        amount=naira(amount),
        tendered=naira(given),
        change=naira(given - amount),
        taken_at=NOW,
        taken_by=Person(id=StaffId(2), name="Musa Garba"),
    )


class Till:
    """The panel in a window, with the keys of a cashier."""

    def __init__(self, session: Session, connection: FakeConnection, folder: Path) -> None:
        self.connection = connection
        self.panel = BillingPanel(
            session, clinic=CLINIC, clock=lambda: NOW, zone=ZONE, printer=FolderPrinter(folder=folder)
        )
        self.sent_on: list[None] = []
        self.panel.sent_on.connect(lambda: self.sent_on.append(None))

    def type_cash(self, text: str) -> None:
        QTest.keyClicks(self.panel.tendered.editor, text)

    def type_amount(self, text: str) -> None:
        self.panel.amount.editor.selectAll()
        QTest.keyClicks(self.panel.amount.editor, text)

    def shown(self) -> str:
        return " | ".join(each.text() for each in self.panel.findChildren(QLabel))


@pytest.fixture
def till(qtbot: QtBot, session: Session, connection: FakeConnection, tmp_path: Path) -> Iterator[Till]:
    connection.answer(GetInvoice, bill())
    owing = ToPayRow(
        ticket=None,
        invoice_id=InvoiceId(3),
        number="INV-2026-000003",
        encounter_id=EncounterId(3),
        patient=PATIENT,
        due=naira(1200),
        state=InvoiceState.PART_PAID,
    )
    connection.answer(ListToPay, ToPay([owing]))
    connection.answer(GetDrawer, DrawerState(payments=3, cash_taken=naira(86400), change_given=naira(600)))
    made = Till(session, connection, tmp_path)
    qtbot.addWidget(made.panel)
    made.panel.resize(900, 620)
    made.panel.show()
    made.panel.activateWindow()
    assert QTest.qWaitForWindowActive(made.panel)
    made.panel.open_ticket(ticket())
    qtbot.waitUntil(lambda: made.panel.state.invoice is not None)
    yield made
    made.panel.hide()


def test_bill_shows_what_is_due_and_waits_for_the_cash(till: Till) -> None:
    """After a call the lines and sums stand there, and the cash field has the focus."""
    shown = till.shown()

    assert "₦\u00a08,000.00" in shown
    assert LONG_NAME in shown
    assert till.panel.amount.text() == "8,000.00"
    assert till.panel.tendered.editor.hasFocus()


def test_change_follows_the_typing(till: Till) -> None:
    """The cashier reads the change before taking the payment."""
    till.type_cash("10000")

    assert "₦\u00a02,000.00" in till.shown()
    assert till.panel.is_busy()


def test_full_payment_is_stored_printed_and_sends_the_patient_on(
    till: Till, qtbot: QtBot, tmp_path: Path
) -> None:
    """One key takes the money; the receipt's number and the change are told, and the paper is there."""
    paid = bill(paid=8000)
    till.connection.answer(TakePayment, Receipt(payment=payment(8000, tendered=10000), invoice=_paid(paid)))
    till.type_cash("10000")

    till.panel.primary()

    qtbot.waitUntil(lambda: bool(till.sent_on))
    [request] = till.connection.requests(TakePayment)
    assert (request.version, request.ticket_id) == (3, 9)
    assert (request.amount, request.tendered) == (naira(8000), naira(10000))
    assert "R-2026-000006" in till.panel.notice.text()
    assert "₦\u00a02,000.00 change" in till.panel.notice.text()
    assert not till.panel.is_busy()
    qtbot.waitUntil(lambda: any(tmp_path.glob("*.pdf")))


def test_part_payment_keeps_the_rest_owing(till: Till, qtbot: QtBot) -> None:
    """What is not paid is told, and the patient is not sent on."""
    till.connection.answer(TakePayment, Receipt(payment=payment(3000), invoice=bill(paid=3000)))
    till.type_cash("3000")
    till.type_amount("3000")

    till.panel.primary()

    qtbot.waitUntil(lambda: "stays owing" in till.panel.notice.text())
    assert "₦\u00a05,000.00" in till.panel.notice.text()
    assert till.sent_on == []


@pytest.mark.parametrize(
    ("cash", "amount", "words"),
    [("100", "", "Less than what is to be paid"), ("9000", "9000", "which is due"), ("abc", "", "")],
)
def test_wrong_amounts_are_refused_at_their_field(till: Till, cash: str, amount: str, words: str) -> None:
    """Nothing is sent, the words stay, and the field says what would be right."""
    till.type_cash(cash)
    if amount:
        till.type_amount(amount)

    till.panel.primary()

    errors = till.panel.tendered.error() + till.panel.amount.error()
    assert errors
    assert words in errors
    assert till.panel.tendered.text().replace(",", "").removesuffix(".00") == cash
    assert till.connection.requests(TakePayment) == []


def test_refusal_tells_who_was_faster_and_shows_the_bill_anew(till: Till, qtbot: QtBot) -> None:
    """Another desk took the money: the typed cash stays, the bill is fetched again."""
    words = "Musa Garba has just taken a payment for this bill."
    till.connection.answer(TakePayment, Fault(code="billing.changed", message=words))
    till.type_cash("8000")
    before = len(till.connection.requests(GetInvoice))

    till.panel.primary()

    qtbot.waitUntil(lambda: words in till.panel.notice.text())
    assert till.panel.tendered.text() == "8000"
    assert len(till.connection.requests(GetInvoice)) > before


def test_pressing_twice_sends_one_payment(till: Till) -> None:
    """While the server has not answered, the key does nothing more."""
    till.connection.hold()
    till.type_cash("8000")

    till.panel.primary()
    till.panel.primary()

    assert len(till.connection.requests(TakePayment)) == 1


def test_old_debt_is_opened_from_the_list(till: Till, qtbot: QtBot) -> None:
    """Who left without paying is found at the side, by keyboard."""
    till.panel.owing.setFocus()
    till.panel.owing.choose_first()

    QTest.keyClick(till.panel.owing, Qt.Key.Key_Return)

    qtbot.waitUntil(
        lambda: till.connection.requests(GetInvoice)[-1].encounter_id == EncounterId(3), timeout=2000
    )


def _paid(invoice: Invoice) -> Invoice:
    return Invoice(
        id=invoice.id,
        number=invoice.number,
        encounter_id=invoice.encounter_id,
        patient=invoice.patient,
        state=InvoiceState.PAID,
        charges=invoice.charges,
        payments=invoice.payments,
        total=invoice.total,
        paid=invoice.total,
        due=naira(0),
        version=invoice.version + 1,
    )
