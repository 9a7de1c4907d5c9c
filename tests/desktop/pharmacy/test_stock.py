"""The stock desk: what is received, counted and written off by keys, and what is never lost or mixed up."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import KEY_BYTES, Autosaver, DraftStore
from hms_desktop.pharmacy.stock.panel import StockPanel
from hms_desktop.session import Session
from hms_server.contract.envelope import Fault
from hms_server.contract.pharmacy import (
    AttentionKind,
    AttentionRow,
    Batches,
    BatchRow,
    CorrectStock,
    CountStock,
    ListBatches,
    ListStock,
    ListStockMovements,
    LossReason,
    MovementKind,
    MovementRow,
    Movements,
    ReceiveStock,
    StockChanged,
    StockRow,
    StockRows,
)
from hms_server.contract.values import BatchId, ProductId, StaffId
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import LONG_NAME, NOW, ZONE

TODAY = NOW.astimezone(ZONE).date()
AMOXICILLIN, ARTEMETHER = ProductId(1), ProductId(2)
GTINS = {AMOXICILLIN: "2041000000377", ARTEMETHER: "2041000000742"}
NAMES = {
    AMOXICILLIN: "Amoxicillin 500 mg capsule",
    ARTEMETHER: "Artemether + lumefantrine 20 mg/120 mg dispersible tablet",
}


def medicine(product_id: ProductId, in_stock: int, *kinds: AttentionKind) -> StockRow:
    return StockRow(
        product_id=product_id,
        product=NAMES[product_id],
        gtin=GTINS[product_id],
        dispensing_unit="capsule",
        pack_size=10,
        in_stock=in_stock,
        next_expiry=date(2027, 6, 30),
        attention=[
            AttentionRow(
                product_id=product_id,
                product=NAMES[product_id],
                kind=kind,
                in_stock=in_stock,
                lasts_days=2,
                detail="18 used in 30 days",
            )
            for kind in kinds
        ],
    )


def batch(number: int, on_hand: int, *, days: int = 200, product_id: ProductId = AMOXICILLIN) -> BatchRow:
    return BatchRow(
        id=BatchId(number),
        product_id=product_id,
        product=NAMES[product_id],
        lot=f"AMX-{number}",
        expires_on=TODAY + timedelta(days=days),
        shelf="A1",
        on_hand=on_hand,
    )


MOVEMENTS = Movements(
    [
        MovementRow(
            id=2,
            batch_id=BatchId(7),
            lot="AMX-7",
            at=NOW,
            by=LONG_NAME,
            kind=MovementKind.DISPENSED,
            quantity=-20,
            note="",
            balance=120,
        ),
        MovementRow(
            id=1,
            batch_id=BatchId(7),
            lot="AMX-7",
            at=NOW - timedelta(days=3),
            by="",
            kind=MovementKind.RECEIVED,
            quantity=140,
            note="",
            balance=140,
        ),
    ],
    more=True,
)


class Shelf:
    """The panel in a window, a server that holds these rows, and the hands of a pharmacist."""

    def __init__(self, qtbot: QtBot, session: Session, connection: FakeConnection, folder: Path) -> None:
        self.qtbot = qtbot
        self.connection = connection
        self.session = session
        self.autosaver = Autosaver(DraftStore(folder, bytes(KEY_BYTES)))
        self.rows = [medicine(ARTEMETHER, 18, AttentionKind.LOW), medicine(AMOXICILLIN, 120)]
        self.batches = {AMOXICILLIN: [batch(6, 30, days=-5), batch(7, 120)], ARTEMETHER: []}
        connection.answer(ListStock, self._list)
        connection.answer(ListBatches, lambda request: Batches(self.batches[request.product_id]))
        connection.answer(ListStockMovements, MOVEMENTS)
        connection.answer(ReceiveStock, batch(7, 620))
        connection.answer(CountStock, lambda request: batch(7, request.counted))
        connection.answer(CorrectStock, batch(6, 0, days=-5))
        self.panel = self.open()

    def open(self) -> StockPanel:
        panel = StockPanel(
            self.session, clock=lambda: NOW, zone=ZONE, autosaver=self.autosaver, staff_id=StaffId(1)
        )
        self.qtbot.addWidget(panel)
        for _ in panel.furnish():
            pass
        panel.resize(1180, 620)
        with self.qtbot.waitExposed(panel):
            panel.show()
        panel.activateWindow()
        QTest.qWaitForWindowActive(panel)
        self.qtbot.waitUntil(lambda: panel.stock.table.model().rowCount() == 2)
        return panel

    def _list(self, request: ListStock) -> StockRows:
        if request.product_id is not None:
            return StockRows([row for row in self.rows if row.product_id == request.product_id], more=False)
        words = request.text.lower()
        found = [row for row in self.rows if words in row.product.lower() or words.endswith(row.gtin)]
        return StockRows(found, more=False)

    def choose(self, product_id: ProductId = AMOXICILLIN) -> None:
        self.panel.stock.table.choose(product_id)
        self.settle(product_id)

    def settle(self, product_id: ProductId) -> None:
        state = self.panel.state
        self.qtbot.waitUntil(
            lambda: (
                state.product is not None
                and state.product.product_id == product_id
                and state.batches == self.batches[product_id]
            )
        )

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(QApplication.focusWidget() or self.panel, key)

    def write(self, *texts: str) -> None:
        """Into one field after the other, from where the keys are."""
        for number, text in enumerate(texts):
            if number:
                self.press(Qt.Key.Key_Tab)
            focus = QApplication.focusWidget()
            assert focus is not None
            QTest.keyClicks(focus, text)

    def asked(self, kind: type[Any]) -> list[Any]:
        return self.connection.requests(kind)


@pytest.fixture
def shelf(
    qtbot: QtBot, session: Session, connection: FakeConnection, tmp_path: Path, qapp: QApplication
) -> Iterator[Shelf]:
    made = Shelf(qtbot, session, connection, tmp_path)
    yield made
    qapp.aboutToQuit.disconnect(made.autosaver.flush)
    made.autosaver.close()
    made.autosaver.deleteLater()


def test_a_delivery_by_keys_alone(shelf: Shelf) -> None:
    """The name, Enter, F5, four fields; the sentence reads back what will be stored; the form stays."""
    panel = shelf.panel
    panel.take_focus()
    shelf.write("amox")
    shelf.press(Qt.Key.Key_Return)
    shelf.settle(AMOXICILLIN)

    shelf.press(Qt.Key.Key_F5)
    shelf.write("amx-7", "06/2027", "500", "B2")
    told = panel.receive.told.text()
    hints = [panel.receive.fields[name].editor.accessibleDescription() for name in ("lot", "expires_on")]
    panel.primary()
    shelf.qtbot.waitUntil(lambda: "620" in panel.notice.text())

    assert told == ("500 × capsule, lot AMX-7, to be used up to 30 Jun 2027. Then 620 of this lot are there.")
    assert hints == ["Adds to 120 that are there", "Up to 30 Jun 2027"]
    assert shelf.asked(ReceiveStock) == [
        ReceiveStock(
            product_id=AMOXICILLIN, lot="amx-7", expires_on=date(2027, 6, 30), quantity=500, shelf="B2"
        )
    ]
    assert [field.text() for field in (panel.receive.lot, panel.receive.quantity)] == ["", ""]
    assert panel.receive.shelf.text() == "B2"
    assert panel.receive.lot.editor.hasFocus()
    assert not panel.is_busy()


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        (("", "06/2027", "5"), "lot", "stands on the pack"),
        (("L", "06/27", "5"), "expires_on", "30/06/2027"),
        (("L", "31/02/2027", "5"), "expires_on", "30/06/2027"),
        (("L", "06/2027", "1.5"), "quantity", "whole number"),
        (("L", "06/2027", "0"), "quantity", "whole number"),
    ],
)
def test_what_is_missing_or_unclear_is_said_at_its_field(
    shelf: Shelf, typed: tuple[str, ...], field: str, words: str
) -> None:
    """Nothing is sent, and what is typed stays."""
    shelf.choose()
    shelf.press(Qt.Key.Key_F5)
    shelf.write(*typed)

    shelf.panel.primary()

    assert words in shelf.panel.receive.fields[field].error()
    assert shelf.asked(ReceiveStock) == []
    assert shelf.panel.receive.lot.text() == typed[0]


def test_a_refusal_stands_at_its_field_and_the_words_stay(shelf: Shelf) -> None:
    sentence = "Lot L is stored with the last day 30 Jun 2028. Read the pack again."
    shelf.connection.answer(
        ReceiveStock, Fault(code="pharmacy.other_expiry", message=sentence, field="expires_on")
    )
    shelf.choose()
    shelf.press(Qt.Key.Key_F5)
    shelf.write("L", "06/2027", "5")

    shelf.panel.primary()
    shelf.qtbot.waitUntil(lambda: shelf.panel.receive.expires.error() == sentence)

    assert shelf.panel.receive.quantity.text() == "5"
    assert shelf.panel.receive.expires.editor.hasFocus()
    assert shelf.panel.is_busy()


def test_an_answer_that_does_not_come_leaves_everything_standing_and_stores_once(shelf: Shelf) -> None:
    """The link is gone: the request waits, the keys do not change what it says."""
    shelf.choose()
    shelf.press(Qt.Key.Key_F5)
    shelf.write("L", "06/2027", "5")
    shelf.connection.hold()

    shelf.panel.primary()
    shelf.panel.primary()
    shelf.press(Qt.Key.Key_Escape)
    shelf.write("9")
    assert (shelf.panel.receive.quantity.text(), shelf.panel.receive.isVisible()) == ("5", True)
    shelf.connection.release()
    shelf.qtbot.waitUntil(lambda: "Stored" in shelf.panel.notice.text())

    assert len(shelf.asked(ReceiveStock)) == 1


def test_escape_drops_what_is_typed_only_when_pressed_again(shelf: Shelf) -> None:
    shelf.choose()
    shelf.press(Qt.Key.Key_F5)
    shelf.write("L")

    shelf.press(Qt.Key.Key_Escape)
    asked = (shelf.panel.notice.text(), shelf.panel.receive.isVisible(), shelf.panel.receive.lot.text())
    shelf.press(Qt.Key.Key_Escape)

    assert asked == ("Nothing is stored yet. Esc again drops what you typed.", True, "L")
    assert shelf.panel.receive.isHidden()
    assert not shelf.panel.is_busy()
    assert shelf.asked(ReceiveStock) == []


def test_what_is_typed_holds_its_medicine(shelf: Shelf) -> None:
    """Another row or another pack does not slip below the numbers of this one."""
    shelf.choose()
    shelf.press(Qt.Key.Key_F5)
    shelf.write("L")

    shelf.panel.stock.table.choose(ARTEMETHER)
    shelf.qtbot.waitUntil(lambda: "not stored yet" in shelf.panel.notice.text())
    shelf.panel.notice.take_back()
    shelf.panel.scan(GTINS[ARTEMETHER])
    shelf.qtbot.waitUntil(lambda: NAMES[ARTEMETHER] in shelf.panel.notice.text())
    shelf.qtbot.waitUntil(lambda: shelf.panel.stock.table.chosen_row() == shelf.rows[1])

    assert shelf.panel.state.product == shelf.rows[1]
    assert shelf.panel.receive.lot.text() == "L"


def test_a_square_code_fills_in_lot_and_day_and_no_typed_text(shelf: Shelf) -> None:
    """The pack chooses its medicine; where it says something else than was typed, both are named."""
    code = f"010{GTINS[AMOXICILLIN]}1727060010NEW-1"
    assert shelf.panel.scan(code)
    shelf.settle(AMOXICILLIN)
    shelf.press(Qt.Key.Key_F5)
    receive = shelf.panel.receive
    filled = (receive.lot.text(), receive.expires.text(), receive.quantity.editor.hasFocus())
    was_busy = shelf.panel.is_busy()
    receive.lot.editor.selectAll()
    QTest.keyClicks(receive.lot.editor, "TYPED")

    shelf.panel.scan(code)

    assert filled == ("NEW-1", "30/06/2027", True)
    assert not was_busy
    assert receive.lot.text() == "TYPED"
    assert shelf.panel.notice.text() == "The pack says lot NEW-1. What you typed stays. Which is right?"
    assert not shelf.panel.scan("P000012-7")


def test_a_scanned_lot_chooses_its_batch(shelf: Shelf) -> None:
    """Ready to be counted; a number that no medicine has is said."""
    shelf.panel.scan(f"010{GTINS[AMOXICILLIN]}10amx-7")
    shelf.settle(AMOXICILLIN)
    shelf.press(Qt.Key.Key_F6)
    title = shelf.panel.count.title()
    shelf.panel.scan("4006381333931")
    shelf.qtbot.waitUntil(lambda: "No medicine has the number" in shelf.panel.notice.text())

    assert title == "Count: Amoxicillin 500 mg capsule, lot AMX-7"


def begin_count(shelf: Shelf, counted: str) -> None:
    shelf.choose()
    shelf.panel.view.batches.choose(BatchId(7))
    shelf.press(Qt.Key.Key_F6)
    shelf.write(counted)


def test_two_packs_of_two_lots_are_not_mixed(shelf: Shelf) -> None:
    """The day of the first does not stand beside the number of the second, which bears none."""
    shelf.choose()
    shelf.press(Qt.Key.Key_F5)
    receive = shelf.panel.receive
    shelf.panel.scan(f"010{GTINS[AMOXICILLIN]}1727060010NEW-1")
    first = (receive.lot.text(), receive.expires.text())

    shelf.panel.scan(f"010{GTINS[AMOXICILLIN]}10NEW-2")
    second = (receive.lot.text(), receive.expires.text())
    shelf.panel.scan(GTINS[AMOXICILLIN])

    assert (first, second) == (("NEW-1", "30/06/2027"), ("NEW-2", ""))
    assert receive.lot.text() == "NEW-2"


def test_a_lot_that_is_not_there_is_said_while_another_is_counted(shelf: Shelf) -> None:
    """Else its tablets would be counted as those of the lot that is open."""
    begin_count(shelf, "114")

    shelf.panel.scan(f"010{GTINS[AMOXICILLIN]}10OTHER")

    assert shelf.panel.notice.text().startswith("Lot OTHER is not in the list.")
    assert shelf.panel.count.counted.text() == "114"


def test_a_count_shows_the_difference_before_it_is_stored(shelf: Shelf) -> None:
    begin_count(shelf, "114")
    told = shelf.panel.count.told.text()

    shelf.panel.primary()
    shelf.qtbot.waitUntil(lambda: "114 × capsule on hand" in shelf.panel.notice.text())

    assert told == "The list says 120 × capsule. Difference: −6 × capsule."
    assert shelf.asked(CountStock) == [CountStock(batch_id=BatchId(7), counted=114, seen=120)]
    assert shelf.panel.count.isHidden()
    assert shelf.panel.view.batches.hasFocus()


def test_batches_that_are_on_their_way_are_not_missing(shelf: Shelf) -> None:
    """Else a quick hand would receive anew what is there."""
    shelf.connection.hold()
    shelf.panel.stock.table.choose(AMOXICILLIN)
    shelf.qtbot.waitUntil(lambda: shelf.panel.state.product == shelf.rows[1])
    shelf.press(Qt.Key.Key_F6)
    early = shelf.panel.notice.text()

    shelf.connection.release()
    shelf.settle(AMOXICILLIN)
    shelf.press(Qt.Key.Key_F6)

    assert early == "The batches are not here yet. Try again in a moment."
    assert shelf.panel.count.isVisible()


def test_a_count_of_what_changes_meanwhile_has_to_be_done_again(shelf: Shelf) -> None:
    """Somebody dispenses: the number stays, is not sent, and counts once it is typed anew."""
    begin_count(shelf, "114")
    shelf.batches[AMOXICILLIN] = [batch(6, 30, days=-5), batch(7, 100)]
    shelf.connection.happen(StockChanged(product_ids=[AMOXICILLIN]))
    shelf.qtbot.waitUntil(lambda: "from 120 to 100" in shelf.panel.count.counted.error())

    shelf.panel.primary()
    sent = shelf.asked(CountStock)[:]
    shelf.panel.count.counted.editor.selectAll()
    shelf.write("97")
    shelf.panel.primary()

    assert sent == []
    assert shelf.asked(CountStock) == [CountStock(batch_id=BatchId(7), counted=97, seen=100)]


def test_of_an_expired_batch_all_is_proposed(shelf: Shelf) -> None:
    """As much as is there by then; a note, and it leaves the shelf."""
    shelf.choose()
    shelf.batches[AMOXICILLIN] = [batch(6, 25, days=-5), batch(7, 120)]
    shelf.connection.happen(StockChanged(product_ids=[AMOXICILLIN]))
    shelf.settle(AMOXICILLIN)
    shelf.press(Qt.Key.Key_F7)
    loss = shelf.panel.loss
    proposed = (loss.reason.value(), loss.quantity.text(), shelf.panel.is_busy())
    shelf.write("Burnt, with Ada")

    shelf.panel.primary()

    assert proposed == ("expired", "25", False)
    assert shelf.asked(CorrectStock) == [
        CorrectStock(batch_id=BatchId(6), change=-25, reason=LossReason.EXPIRED, note="Burnt, with Ada")
    ]


def test_never_more_than_there_is_leaves_the_shelf(shelf: Shelf) -> None:
    """And never without a reason."""
    shelf.choose()
    shelf.panel.view.batches.choose(BatchId(7))
    shelf.press(Qt.Key.Key_F7)
    loss = shelf.panel.loss

    shelf.panel.primary()
    without = loss.reason.error()
    loss.reason.set_value("broken")
    loss.quantity.set_text("121")
    shelf.panel.primary()

    assert without == "Choose why it leaves the shelf."
    assert loss.quantity.error() == "There are only 120."
    assert shelf.asked(CorrectStock) == []


def test_what_was_typed_is_there_again_after_a_crash(shelf: Shelf) -> None:
    """For the same person: the act, its medicine and its batch, and what the list said."""
    begin_count(shelf, "114")
    shelf.autosaver.flush()
    shelf.panel.hide()

    again = shelf.open()
    shelf.qtbot.waitUntil(again.count.isVisible)

    assert again.count.counted.text() == "114"
    assert again.notice.text().startswith("You typed this before")
    again.primary()
    assert shelf.asked(CountStock) == [CountStock(batch_id=BatchId(7), counted=114, seen=120)]


def test_what_was_typed_earlier_never_comes_back_below_another_medicine(shelf: Shelf) -> None:
    """Who goes elsewhere before the batches have come finds it where it was typed."""
    shelf.choose()
    shelf.press(Qt.Key.Key_F5)
    shelf.write("L-1")
    shelf.autosaver.flush()
    shelf.panel.hide()
    batches = shelf.connection._answers.pop(ListBatches)
    again = shelf.panel = shelf.open()
    state = again.state
    shelf.qtbot.waitUntil(lambda: state.product is not None and state.product.product_id == AMOXICILLIN)
    again.stock.table.choose(ARTEMETHER)
    shelf.qtbot.waitUntil(lambda: state.product is not None and state.product.product_id == ARTEMETHER)

    shelf.connection.answer(ListBatches, batches)
    shelf.connection.release()
    shelf.settle(ARTEMETHER)
    elsewhere = again.receive.isVisible()
    shelf.choose()
    shelf.qtbot.waitUntil(again.receive.isVisible)

    assert not elsewhere
    assert again.receive.lot.text() == "L-1"
    assert again.receive.title() == f"Receive: {NAMES[AMOXICILLIN]}"


def test_an_answer_that_was_overtaken_is_dropped(shelf: Shelf) -> None:
    """Who counts against an older list would be told to count again."""
    shelf.choose()
    newer = [batch(6, 30, days=-5), batch(7, 90)]
    answers = [newer, shelf.batches[AMOXICILLIN]]
    shelf.connection.answer(ListBatches, lambda _: Batches(answers.pop(0)))
    shelf.connection.hold()
    shelf.panel.state.reload()
    shelf.panel.state.reload()

    shelf.connection.held.reverse()
    shelf.connection.release()
    shelf.qtbot.waitUntil(lambda: shelf.panel.state.batches == newer)
    QApplication.processEvents()

    assert answers == []
    assert shelf.panel.state.batches == newer


def test_others_changes_are_followed_and_the_place_stays(shelf: Shelf) -> None:
    """Rows move in the list; the chosen medicine and batch stay chosen."""
    shelf.choose()
    shelf.panel.view.batches.choose(BatchId(7))
    shelf.rows = [msgspec.structs.replace(shelf.rows[1], in_stock=99), shelf.rows[0]]
    shelf.batches[AMOXICILLIN] = [batch(7, 99)]

    shelf.connection.happen(StockChanged(product_ids=[AMOXICILLIN]))
    shelf.qtbot.waitUntil(lambda: shelf.panel.state.batches == [batch(7, 99)])
    shelf.qtbot.waitUntil(lambda: shelf.panel.view.batches.chosen_row() == batch(7, 99))

    assert "99 × capsule can be dispensed" in shelf.panel.view.facts.text()
    assert shelf.panel.state.product == shelf.rows[0]


def test_looking_for_another_medicine_leaves_the_shown_one(shelf: Shelf) -> None:
    """Its row goes from the list; nobody has chosen the row that Qt makes the current one."""
    shelf.choose()
    shelf.panel.take_focus()
    shelf.write("artem")
    shelf.qtbot.waitUntil(lambda: shelf.panel.stock.table.rows_model.rows == (shelf.rows[0],))
    QApplication.processEvents()

    assert shelf.panel.state.product == shelf.rows[1]
    assert shelf.panel.view.facts.text().startswith("120 × capsule")


def test_amounts_have_sign_and_unit_and_states_have_words(shelf: Shelf) -> None:
    """Nothing is said by colour alone."""
    shelf.choose()

    def texts(view: Any) -> list[list[str]]:
        model = view.model()
        return [
            [str(model.index(row, column).data()) for column in range(model.columnCount())]
            for row in range(model.rowCount())
        ]

    movements = texts(shelf.panel.moved.table)
    assert [(row[1], row[3], row[4], row[5]) for row in movements] == [
        ("Dispensed", "−20 × capsule", "120", LONG_NAME),
        ("Received", "+140 × capsule", "140", "–"),
    ]
    assert [row[2] for row in texts(shelf.panel.view.batches)] == ["Expired", "In use"]
    assert [row[2] for row in texts(shelf.panel.stock.table)] == ["Lasts 2 days", "exp. 30 Jun 2027"]


def test_an_empty_clinic_is_told_how_to_begin(
    qtbot: QtBot, session: Session, connection: FakeConnection, shelf: Shelf
) -> None:
    shelf.rows = []
    shelf.panel.state.reload()
    qtbot.waitUntil(lambda: shelf.panel.stock.list.state() == "empty")
    connection.answer(ListStock, Fault(code="link.timeout", message="The server does not answer."))
    shelf.panel.state.reload()

    qtbot.waitUntil(lambda: shelf.panel.stock.list.state() == "error")
