"""The prices: filled row by row with Enter, asked about slipped zeros, and nothing typed is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from hms_desktop.billing.prices.panel import PricesPanel, Shown
from hms_desktop.drafts import KEY_BYTES, Autosaver, DraftKey, DraftStore
from hms_desktop.session import Session
from hms_server.contract.billing import (
    GetPriceHistory,
    ListPrices,
    PriceChange,
    PriceHistory,
    PriceList,
    PriceRow,
    SetPrice,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.values import Money, Person, StaffId
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE

NO_MODIFIER = Qt.KeyboardModifier.NoModifier
ESI = Person(id=StaffId(6), name="Esi Owusu")
WHATS = {
    "consultation-general": ("Consultation, general", "each"),
    "paracetamol-500": ("Paracetamol 500 mg tablet", "tablet"),
    "amoxicillin-500": ("Amoxicillin 500 mg capsule", "capsule"),
}


def row(code: str, amount: int | None, currency: str) -> PriceRow:
    what, unit = WHATS[code]
    price = None if amount is None else Money(amount, currency)
    return PriceRow(
        code=code, what=what, unit=unit, price=price, since=None, set_at=None if price is None else NOW,
        set_by=None if price is None else ESI,
    )  # fmt: skip


class Clinic:
    """What the server would say: three prices, the last two missing."""

    def __init__(self, connection: FakeConnection, currency: str) -> None:
        self.currency = currency
        self.amounts: dict[str, int | None] = dict.fromkeys(WHATS, None) | {"consultation-general": 5000}
        connection.answer(ListPrices, self.list)
        connection.answer(SetPrice, self.set)
        connection.answer(GetPriceHistory, self.history)

    def list(self, request: ListPrices) -> PriceList:
        rows = [row(code, amount, self.currency) for code, amount in self.amounts.items()]
        found = [one for one in rows if request.text.lower() in one.what.lower()]
        missing = list(self.amounts.values()).count(None)
        return PriceList(rows=found, found=len(found), missing=missing, total=len(rows))

    def set(self, request: SetPrice) -> PriceRow:
        self.amounts[request.code] = request.amount.amount_minor
        return row(request.code, request.amount.amount_minor, self.currency)

    def history(self, request: GetPriceHistory) -> PriceHistory:
        amount = self.amounts[request.code]
        price = Money(amount or 1, self.currency)
        change = PriceChange(id=1, price=price, since=None, set_at=NOW, set_by=ESI)
        return PriceHistory(code=request.code, rows=[change] if amount else [], more=False)


@pytest.fixture
def autosaver(tmp_path: Path, qapp: QApplication) -> Iterator[Autosaver]:
    made = Autosaver(DraftStore(tmp_path, bytes(KEY_BYTES)))
    yield made
    qapp.aboutToQuit.disconnect(made.flush)
    made.close()
    made.deleteLater()


Opened = Callable[..., PricesPanel]


@pytest.fixture
def open_panel(connection: FakeConnection, session: Session, autosaver: Autosaver, qtbot: QtBot) -> Opened:
    """Shows the three prices."""

    def make(currency: str = "XOF", *, words: str = "") -> PricesPanel:
        Clinic(connection, currency)
        panel = PricesPanel(
            session, currency=currency, clock=lambda: NOW, zone=ZONE, autosaver=autosaver, staff_id=ESI.id
        )
        qtbot.addWidget(panel)
        panel.resize(1180, 620)
        if words:
            panel.state.search(words)
        with qtbot.waitExposed(panel):
            panel.show()
        qtbot.waitUntil(lambda: panel.table.model().rowCount() == (1 if words else 3))
        panel.take_focus()
        return panel

    return make


def type_price(panel: PricesPanel, text: str, *, enter: bool = True) -> None:
    panel.amount.editor.selectAll()
    QTest.keyClicks(panel.amount.editor, text)
    if enter:
        QTest.keyClick(panel.amount.editor, Qt.Key.Key_Return)


def chosen(panel: PricesPanel) -> str:
    line = panel.table.chosen_row()
    return line.row.code if line else ""


def shown(panel: PricesPanel, code: str) -> list[str]:
    """What stands in the cells of a row."""
    index = panel.table.rows_model.index_of(code)
    return [str(index.siblingAtColumn(column).data()) for column in range(5)]


def test_enter_stores_and_goes_to_the_next_row(
    open_panel: Opened, connection: FakeConnection, qtbot: QtBot
) -> None:
    """From the first row without a price on, without the mouse; XOF has no decimals."""
    panel = open_panel()
    first = chosen(panel)

    type_price(panel, "1 500")
    second = chosen(panel)
    type_price(panel, "40")
    qtbot.waitUntil(lambda: panel.state.missing == 0)

    assert (first, second) == ("paracetamol-500", "amoxicillin-500")
    assert connection.requests(SetPrice) == [
        SetPrice(code="paracetamol-500", amount=Money(1500, "XOF"), seen=None),
        SetPrice(code="amoxicillin-500", amount=Money(40, "XOF"), seen=None),
    ]
    assert shown(panel, "paracetamol-500")[2:] == ["1,500", "", "Stored 10:42"]
    assert panel.count.text() == "0 of 3 without a price"
    assert "last row" in panel.notice.text()


def test_a_slipped_zero_is_asked_about_in_its_place(open_panel: Opened, connection: FakeConnection) -> None:
    """Enter again means it, unless it is only held down; Esc goes back to the amount with nothing stored."""
    panel = open_panel()
    panel.table.choose("consultation-general")

    type_price(panel, "50000")
    asked = panel.chosen.question.text()
    held_down = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, NO_MODIFIER, "\r", autorep=True)
    QApplication.sendEvent(panel.amount.editor, held_down)
    still_asked = panel.chosen.question.text()
    QTest.keyClick(panel.amount.editor, Qt.Key.Key_Escape)
    taken_back = (panel.chosen.question.text(), panel.amount.text(), connection.requests(SetPrice))
    type_price(panel, "50000")
    QTest.keyClick(panel.amount.editor, Qt.Key.Key_Return)

    assert asked.startswith("10 times as much as until now?")
    assert still_asked == asked
    assert taken_back == ("", "50000", [])
    assert [(one.amount.amount_minor, one.confirmed) for one in connection.requests(SetPrice)] == [
        (50_000, True)
    ]
    assert chosen(panel) == "paracetamol-500"


@pytest.mark.parametrize("text", ["0", "12.50", "ten", "99999999999"])
def test_what_is_no_price_is_said_at_the_field(
    open_panel: Opened, connection: FakeConnection, text: str
) -> None:
    panel = open_panel()

    type_price(panel, text)

    assert panel.amount.error()
    assert panel.amount.text() == text
    assert (chosen(panel), connection.requests(SetPrice)) == ("paracetamol-500", [])


def test_a_refusal_stands_at_its_row_and_disturbs_no_other(
    open_panel: Opened, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Somebody was faster while the next row is being typed: its text stays, and so does the refused one."""
    panel = open_panel()
    connection.answer(SetPrice, Fault(code="billing.price_changed_meanwhile", message="Ama was faster."))
    connection.hold()

    type_price(panel, "1500")
    type_price(panel, "4", enter=False)
    connection.release()
    qtbot.waitUntil(lambda: "Ama was faster." in panel.notice.text())
    QTest.keyClicks(panel.amount.editor, "0")

    assert panel.amount.text() == "40"
    assert panel.amount.error() == ""
    assert shown(panel, "paracetamol-500")[3:] == ["1,500", "Refused"]
    QTest.keyClick(panel.amount.editor, Qt.Key.Key_Up)
    assert (panel.amount.text(), panel.amount.error()) == ("1,500", "Ama was faster.")


def test_without_a_server_everything_typed_stays_and_can_be_found(
    open_panel: Opened, connection: FakeConnection
) -> None:
    """Rows on their way and rows only typed stand in one list; Esc forgets what is not wanted."""
    panel = open_panel("NGN")
    connection.hold()

    type_price(panel, "15")
    type_price(panel, "4", enter=False)
    QTest.keyClick(panel.amount.editor, Qt.Key.Key_Up)
    saving = (panel.amount.text(), panel.amount.editor.isReadOnly())
    panel.filters[Shown.OPEN].click()
    panel.table.choose("amoxicillin-500")
    states = [shown(panel, line.row.code)[3:] for line in panel.table.rows_model.rows]
    QTest.keyClick(panel.amount.editor, Qt.Key.Key_Escape)

    assert saving == ("15.00", True)
    assert states == [["15.00", "Saving…"], ["4", "Not stored"]]
    assert [line.row.code for line in panel.state.open_lines()] == ["paracetamol-500"]
    connection.held.clear()


def test_what_was_typed_comes_back_after_the_program_has_ended(
    open_panel: Opened, autosaver: Autosaver, qtbot: QtBot
) -> None:
    before = open_panel()
    qtbot.waitUntil(lambda: before._keeping)
    QApplication.processEvents()
    type_price(before, "1500", enter=False)
    autosaver.flush()
    before.hide()

    after = open_panel()
    qtbot.waitUntil(lambda: after.notice.text() != "")

    assert shown(after, "paracetamol-500")[3:] == ["1500", "Not stored"]
    assert "not stored" in after.notice.text()


def test_what_was_typed_outlives_a_list_that_shows_a_part(
    open_panel: Opened, autosaver: Autosaver, qtbot: QtBot
) -> None:
    """Somebody searches before the whole list has come: the rows that it hides come back with it."""
    before = open_panel()
    qtbot.waitUntil(lambda: before._keeping)
    QApplication.processEvents()
    type_price(before, "1500", enter=False)
    autosaver.flush()
    before.hide()

    after = open_panel(words="Consultation")
    qtbot.waitUntil(lambda: after.state.unplaced == {"paracetamol-500": "1500"})
    after.state.search("")
    qtbot.waitUntil(lambda: after.table.model().rowCount() == 3)

    assert shown(after, "paracetamol-500")[3:] == ["1500", "Not stored"]
    assert after.state.unplaced == {}


def test_a_disk_that_keeps_nothing_is_said(open_panel: Opened, autosaver: Autosaver) -> None:
    panel = open_panel()
    key = DraftKey(staff_id=ESI.id, patient_id=None, encounter_id=None, kind="prices")

    autosaver.failed.emit(key, "No space left on device")

    assert panel.notice.text().startswith("What you type would not survive a crash: No space left on device.")


def test_words_find_and_enter_leads_to_the_field(open_panel: Opened, qtbot: QtBot) -> None:
    """Never to the first row of the list that was there before the words."""
    panel = open_panel()
    panel.search.editor.setFocus()

    QTest.keyClicks(panel.search.editor, "amox")
    QTest.keyClick(panel.search.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.amount.editor.hasFocus)

    assert chosen(panel) == "amoxicillin-500"
    assert panel.table.model().rowCount() == 1


def test_the_chosen_row_shows_what_it_has_cost(open_panel: Opened, qtbot: QtBot) -> None:
    panel = open_panel()
    panel.table.choose("consultation-general")

    qtbot.waitUntil(lambda: panel.chosen.history.model().rowCount() == 1)

    said = " | ".join(each.text() for each in panel.chosen.findChildren(QLabel))
    assert "F\u00a0CFA\u00a05,000" in said
    assert "From 10:42, by Esi Owusu" in said


def test_a_history_that_does_not_come_is_said_and_can_be_asked_for_again(
    open_panel: Opened, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nobody waits for ever, and nobody reads that it had no price before."""
    panel = open_panel()
    change = PriceChange(id=1, price=Money(5000, "XOF"), since=None, set_at=NOW, set_by=ESI)
    connection.answer(GetPriceHistory, Fault(code="server.busy", message="The server is busy."))
    panel.table.choose("amoxicillin-500")
    qtbot.waitUntil(lambda: panel.chosen._list.state() == "error")

    connection.answer(
        GetPriceHistory, lambda request: PriceHistory(code=request.code, rows=[change], more=False)
    )
    panel.chosen._list.retried.emit()

    qtbot.waitUntil(lambda: panel.chosen.history.model().rowCount() == 1)
