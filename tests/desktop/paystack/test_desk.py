"""Online payments at the billing desk: asked for, watched, told once, never called paid too early."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from hms_desktop.payment_workspaces import BillingWorkspace
from hms_desktop.paystack.underway.panel import UnderWay
from hms_desktop.paystack.words import next_sentence, state_text, told_sentence
from hms_desktop.session import Session
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.billing import GetInvoice, TakePayment
from hms_server.contract.envelope import Fault
from hms_server.contract.paystack import (
    AuthorizationId,
    CancelOnlinePayment,
    ChargeSaved,
    CheckOnlinePayment,
    GetOnlineOptions,
    ListOnlinePayments,
    ListPaymentTasks,
    ListSavedAuthorizations,
    OnlineChannel,
    OnlinePayment,
    OnlinePayments,
    OnlineState,
    PaymentTasks,
    SavedAuthorization,
    SavedAuthorizations,
    SendBy,
    SendPaymentCode,
    StartOnlinePayment,
    TransferAccount,
)
from hms_server.contract.values import EncounterId, Moment, Person, StaffId
from tests.desktop.conftest import FakeConnection
from tests.desktop.paystack.payments import (
    CALLED,
    ME,
    REFERENCE,
    URL,
    answer_all,
    bill,
    cashier_desk,
    event,
    naira,
    online,
    options,
    paid_row,
    reach,
    task,
)
from tests.desktop.samples import NOW, ZONE

CARD = SavedAuthorization(
    id=AuthorizationId(7),
    brand="visa",
    bank="Test Bank",
    last4="4081",
    expires="12/2030",
    saved=Moment(NOW, ME),
)


OTHER = Person(id=StaffId(9), name="Musa Garba")


class Window:
    """The workspace with the keys of a cashier."""

    def __init__(self, session: Session, connection: FakeConnection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder
        self.desk = cashier_desk(session, folder)
        self.workspace = BillingWorkspace(self.desk)
        self.told: list[tuple[object, str]] = []
        self.workspace.noticed.connect(lambda kind, words: self.told.append((kind, words)))
        for _ in self.workspace.furnish():
            pass
        self.bill = self.workspace.billing
        self.online = self.workspace.online

    def press(self, key: Qt.Key, *, ctrl: bool = False) -> None:
        modifier = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
        QTest.keyClick(QApplication.focusWidget() or self.workspace, key, modifier)

    def words(self) -> str:
        labels = self.workspace.findChildren(QLabel)
        return " | ".join(label.text() for label in labels if label.isVisible())

    def become(self, *payments: OnlinePayment) -> None:
        """So they stand at the server now, which says so."""
        self.connection.answer(ListOnlinePayments, OnlinePayments(list(payments)))
        for payment in payments:
            self.connection.happen(event(payment))

    def ask(self, qtbot: QtBot, payment: OnlinePayment | None = None) -> None:
        """F4, Ctrl+Enter; the server stores it."""
        shown = payment or online()
        self.connection.answer(StartOnlinePayment, shown)
        self.connection.answer(ListOnlinePayments, OnlinePayments([shown]))
        self.press(Qt.Key.Key_F4)
        self.workspace.primary()
        qtbot.waitUntil(lambda: self.online.watch.payment is not None and self.online.watch.isVisible())


@pytest.fixture
def window(
    qtbot: QtBot, session: Session, connection: FakeConnection, tmp_path: Path, qapp: QApplication
) -> Iterator[Window]:
    answer_all(connection)
    made = Window(session, connection, tmp_path)
    qtbot.addWidget(made.workspace)
    made.workspace.resize(1204, 628)
    made.workspace.show()
    made.workspace.activateWindow()
    assert QTest.qWaitForWindowActive(made.workspace)
    made.bill.open_ticket(CALLED)
    qtbot.waitUntil(lambda: made.bill.state.invoice is not None and bool(made.online.ways_offered()))
    yield made
    made.workspace.hide()
    autosaver = made.desk.autosaver
    autosaver.flush()
    autosaver._disk.shutdown()
    qapp.aboutToQuit.disconnect(autosaver.flush)
    autosaver.deleteLater()


def test_cash_comes_first_and_one_key_chooses_another_way(window: Window) -> None:
    """The keys say where they lead, and back."""
    cash = window.bill.tendered.isVisible()
    window.press(Qt.Key.Key_F4)
    asked = window.online.form.isVisible()
    window.press(Qt.Key.Key_F3)

    assert (cash, asked) == (True, True)
    assert window.bill.tendered.editor.hasFocus()


def test_the_wish_names_bill_version_ticket_and_amount(window: Window, qtbot: QtBot) -> None:
    window.ask(qtbot)

    [request] = window.connection.requests(StartOnlinePayment)
    assert (request.invoice_id, request.version, request.ticket_id) == (4, 3, CALLED.id)
    assert (request.amount, request.channel) == (naira(8000), OnlineChannel.CHECKOUT)
    assert (request.send_by, request.save_card) == (None, False)
    assert not window.bill.is_busy()


def test_a_phone_reads_the_link_off_the_screen(window: Window, qtbot: QtBot) -> None:
    """From what is drawn, at the size at which it is drawn."""
    window.ask(qtbot)

    image = window.workspace.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = memoryview(image.constBits()).cast("B", (image.height(), image.bytesPerLine()))
    found = zxingcpp.read_barcodes(pixels)

    assert [one.text for one in found] == [URL]
    assert window.online.watch.qr.width() >= 150


def test_the_link_is_copied_by_one_key(window: Window, qtbot: QtBot) -> None:
    window.ask(qtbot)

    window.press(Qt.Key.Key_L, ctrl=True)

    assert QGuiApplication.clipboard().text() == URL


@pytest.mark.parametrize("state", [state for state in OnlineState if state is not OnlineState.PAID])
def test_nothing_is_called_paid_before_it_is(state: OnlineState) -> None:
    """Neither as a state nor in a sentence, nor in green."""
    payment = online(state)
    told = told_sentence(payment)

    words = state_text(payment, zone=ZONE, now=NOW)
    sentences = f"{next_sentence(payment)} {told[1] if told else ''}"

    assert "paid" not in words.lower()
    assert not re.search(r"(?<!not )(?<!Nobody )\b(is|are|were) paid\b", sentences)
    assert told is None or told[0] is not Kind.OK


def test_money_that_could_not_be_posted_is_not_called_paid() -> None:
    """It came, but the bill owed nothing any more."""
    payment = replace(online(OnlineState.PAID), payment_id=None, receipt_number="")
    told = told_sentence(payment)

    assert told is not None
    assert told[0] is Kind.DANGER
    assert "tasks" in told[1]
    assert "Paid" not in state_text(payment, zone=ZONE, now=NOW)


def test_while_it_waits_the_screen_shows_no_receipt_and_the_bill_stays_open(
    window: Window, qtbot: QtBot
) -> None:
    window.ask(qtbot, online(OnlineState.REQUESTED))

    shown = window.words()

    assert "Unsent" in shown
    assert "not asked yet" in shown
    assert not window.online.watch.qr.isVisible()
    assert not list(window.folder.glob("*.pdf"))
    assert not window.bill.take_button.isEnabled()


def test_the_receipt_is_printed_as_soon_as_the_open_bill_is_paid(window: Window, qtbot: QtBot) -> None:
    window.ask(qtbot)
    window.connection.answer(GetInvoice, bill(due=0, paid=(paid_row(),)))

    window.become(online(OnlineState.PAID))

    qtbot.waitUntil(lambda: bool(list(window.folder.glob("*R-2026-000006.pdf"))), timeout=20_000)
    assert "R-2026-000006" in window.bill.notice.text()
    assert "paid through Paystack" in window.bill.notice.text()
    assert window.told == []


def test_the_cashier_goes_on_and_is_told_in_passing(window: Window, qtbot: QtBot) -> None:
    """The next patient's bill stays where it is; nothing is printed for somebody who has gone."""
    window.ask(qtbot)
    other = replace(bill(), encounter_id=EncounterId(77))
    window.connection.answer(GetInvoice, other)
    window.bill.open_bill(EncounterId(77))
    qtbot.waitUntil(lambda: window.bill.state.invoice == other)

    window.become(online(OnlineState.PAID))

    qtbot.waitUntil(lambda: bool(window.told))
    assert window.told == [(Kind.OK, "₦\u00a08,000.00 for INV-2026-000004 are paid. Receipt R-2026-000006.")]
    assert window.bill.state.invoice == other
    assert not list(window.folder.glob("*.pdf"))


def test_what_is_known_is_told_once(window: Window, qtbot: QtBot) -> None:
    """A second event about the same state, or a gap, is no news."""
    window.ask(qtbot)

    window.become(online(OnlineState.ABANDONED))
    qtbot.waitUntil(lambda: bool(window.told))
    before = len(window.connection.requests(ListOnlinePayments))
    window.become(online(OnlineState.ABANDONED))
    window.connection.lose_events()
    qtbot.waitUntil(lambda: len(window.connection.requests(ListOnlinePayments)) > before)
    QApplication.processEvents()

    assert len(window.told) == 1


def test_payments_of_other_cashiers_are_listed_but_not_told(window: Window, qtbot: QtBot) -> None:
    other = replace(online(number=2), started_by=OTHER)
    window.become(other)
    qtbot.waitUntil(lambda: bool(window.workspace.payments.rows))

    window.become(replace(online(OnlineState.PAID, number=2), started_by=OTHER))

    qtbot.waitUntil(lambda: window.workspace.payments.rows[0].state is OnlineState.PAID)
    assert "Paid 10:42" in _cells(window)
    assert window.told == []


def test_cash_for_a_bill_that_may_be_paid_online_is_taken_only_when_asked_twice(
    window: Window, qtbot: QtBot
) -> None:
    """Both would mean that somebody has to return one."""
    window.ask(qtbot)
    window.connection.hold()
    window.press(Qt.Key.Key_F3)
    QTest.keyClicks(window.bill.tendered.editor, "8000")

    window.workspace.primary()
    asked = (window.bill.notice.text(), window.connection.requests(TakePayment))
    window.workspace.primary()

    assert "may still be paid online" in asked[0]
    assert asked[1] == []
    assert len(window.connection.requests(TakePayment)) == 1


def test_a_bill_that_is_opened_again_shows_the_payment_that_waits(window: Window, qtbot: QtBot) -> None:
    """Nobody asks twice for the same money by mistake."""
    window.ask(qtbot)
    window.bill.open_bill(CALLED.encounter_id)
    qtbot.waitUntil(lambda: window.bill.state.invoice is not None)

    window.press(Qt.Key.Key_F5)

    assert window.online.watch.isVisible()
    assert not window.online.form.isVisible()


def test_waiting_can_be_stopped_and_says_what_late_money_does(window: Window, qtbot: QtBot) -> None:
    window.ask(qtbot)
    stopped = online(OnlineState.CANCELLED)
    window.connection.answer(CancelOnlinePayment, stopped)
    window.connection.answer(ListOnlinePayments, OnlinePayments([stopped]))

    window.press(Qt.Key.Key_D, ctrl=True)

    qtbot.waitUntil(lambda: "Nobody waits" in window.online.notice.text())
    assert "tasks" in window.online.notice.text()
    assert window.online.awaited() is None


def test_one_key_asks_paystack_now(window: Window, qtbot: QtBot) -> None:
    window.ask(qtbot)
    window.connection.answer(CheckOnlinePayment, online())

    window.press(Qt.Key.Key_U, ctrl=True)

    qtbot.waitUntil(lambda: bool(window.connection.requests(CheckOnlinePayment)))


def test_the_slip_is_printed_and_says_that_it_is_no_receipt(window: Window, qtbot: QtBot) -> None:
    window.ask(qtbot)

    window.press(Qt.Key.Key_S, ctrl=True)

    qtbot.waitUntil(lambda: bool(window.told), timeout=20_000)
    assert [path for path in window.folder.glob("*.pdf") if "hms-7k2m9x4q1r8t5w3z" in path.name]


@pytest.mark.parametrize(
    ("typed", "by", "email", "phone"),
    [
        ("ada@example.com", SendBy.EMAIL, "ada@example.com", ""),
        ("0803 555 0199", SendBy.SMS, "", "0803 555 0199"),
        ("", None, "", ""),
    ],
)
def test_the_link_goes_where_the_payer_wishes(
    window: Window, typed: str, by: SendBy | None, email: str, phone: str
) -> None:
    window.connection.hold()
    window.press(Qt.Key.Key_F4)
    QTest.keyClicks(window.online.form.send_to.editor, typed)

    window.workspace.primary()

    [request] = window.connection.requests(StartOnlinePayment)
    assert (request.send_by, request.email, request.phone) == (by, email, phone)


def test_an_address_that_is_none_is_said_at_its_field(window: Window) -> None:
    """Nothing is sent, and the words stay."""
    window.press(Qt.Key.Key_F4)
    QTest.keyClicks(window.online.form.send_to.editor, "ada")

    window.workspace.primary()

    assert "phone number or an e-mail" in window.online.form.send_to.error()
    assert window.online.form.send_to.text() == "ada"
    assert window.connection.requests(StartOnlinePayment) == []


def test_mobile_money_needs_wallet_and_phone(window: Window) -> None:
    window.connection.hold()
    form = window.online.form
    window.press(Qt.Key.Key_F6)
    window.workspace.primary()
    first = form.wallet.error()
    form.wallet.set_value("mtn")
    window.workspace.primary()
    second = form.phone.error()
    QTest.keyClicks(form.phone.editor, "0241234567")
    window.workspace.primary()

    [request] = window.connection.requests(StartOnlinePayment)
    assert first
    assert second
    assert (request.channel, request.mobile_provider, request.phone) == (
        OnlineChannel.MOBILE_MONEY,
        "mtn",
        "0241234567",
    )


def test_more_than_is_due_is_refused_at_the_amount(window: Window) -> None:
    window.press(Qt.Key.Key_F4)
    QTest.keyClicks(window.online.form.amount.editor, "9000")

    window.workspace.primary()

    assert "which is due" in window.online.form.amount.error()
    assert window.connection.requests(StartOnlinePayment) == []


def test_pressing_twice_asks_once(window: Window) -> None:
    window.connection.hold()
    window.press(Qt.Key.Key_F4)

    window.workspace.primary()
    window.workspace.primary()

    assert len(window.connection.requests(StartOnlinePayment)) == 1


def test_a_refusal_of_the_server_is_said_and_the_form_stays(window: Window, qtbot: QtBot) -> None:
    words = "Musa Garba has just taken a payment for this bill."
    window.connection.answer(StartOnlinePayment, Fault(code="billing.changed", message=words))
    window.press(Qt.Key.Key_F4)

    window.workspace.primary()

    qtbot.waitUntil(lambda: words in window.online.notice.text())
    assert window.online.form.isVisible()
    assert window.bill.take_button.isEnabled()


def test_a_saved_card_is_charged_by_its_last_digits(window: Window, qtbot: QtBot) -> None:
    """The only one is chosen already."""
    window.connection.answer(ListSavedAuthorizations, SavedAuthorizations([CARD]))
    window.press(Qt.Key.Key_F7)
    qtbot.waitUntil(lambda: window.online.form.cards.chosen_row() == CARD)
    window.connection.hold()

    window.workspace.primary()

    [request] = window.connection.requests(ChargeSaved)
    assert (request.authorization_id, request.amount, request.version) == (7, naira(8000), 3)
    assert "Visa ending in 4081" in [
        str(window.online.form.cards.model().index(0, column).data()) for column in range(3)
    ]


def test_the_account_of_a_transfer_is_shown_in_groups(window: Window, qtbot: QtBot) -> None:
    account = TransferAccount(
        bank="Wema Bank", account_number="1234567890", account_name="HMS / ADA", expires_at=NOW
    )
    window.ask(qtbot, replace(online(), channel=OnlineChannel.BANK_TRANSFER, url="", account=account))

    assert "Wema Bank · 1234 5678 90" in window.words()


def test_a_code_is_passed_on_by_the_one_coloured_button(window: Window, qtbot: QtBot) -> None:
    wants = replace(online(), channel=OnlineChannel.MOBILE_MONEY, url="", wants_code=True)
    window.ask(qtbot, wants)
    QTest.keyClicks(window.online.watch.code.editor, "123456")
    window.connection.hold()

    assert "Send the code" in window.bill.take_button.text()
    window.workspace.primary()

    [request] = window.connection.requests(SendPaymentCode)
    assert (request.reference, request.code) == (REFERENCE, "123456")


def test_when_paystack_is_away_the_form_says_since_when(window: Window) -> None:
    """And that the wish waits; cash stays."""
    window.desk.outside.rows = [reach(reachable=False)]
    window.desk.outside.changed.emit()

    window.press(Qt.Key.Key_F4)

    assert "since 10:12" in window.online.notice.text()
    assert "cash works" in window.online.notice.text()


def test_what_is_not_set_up_is_not_offered(window: Window, qtbot: QtBot) -> None:
    window.connection.answer(GetOnlineOptions, options(enabled=False))

    window.workspace.payments.reload()

    qtbot.waitUntil(lambda: not window.online.ways_offered())
    assert window.bill.cash_button.isVisible()


def test_what_a_person_has_to_settle_is_counted_beside_the_list(window: Window, qtbot: QtBot) -> None:
    tasks = PaymentTasks(rows=[task(), task(2)], open_count=2)
    window.connection.answer(ListPaymentTasks, tasks)

    window.connection.lose_events()

    qtbot.waitUntil(lambda: "2 to settle" in window.words())


def test_the_list_opens_the_bill_of_a_payment_by_enter(window: Window, qtbot: QtBot) -> None:
    window.become(online(number=2))
    qtbot.waitUntil(lambda: bool(_cells(window)))
    table = _table(window)
    table.setFocus()
    table.choose_first()

    QTest.keyClick(table, Qt.Key.Key_Return)

    qtbot.waitUntil(
        lambda: window.connection.requests(GetInvoice)[-1].encounter_id == CALLED.encounter_id + 2
    )


def _table(window: Window) -> TableView[OnlinePayment]:
    return window.workspace.findChildren(UnderWay)[0].table


def _cells(window: Window) -> list[str]:
    model = _table(window).model()
    return [
        str(model.index(row, column).data())
        for row in range(model.rowCount())
        for column in range(model.columnCount())
    ]
