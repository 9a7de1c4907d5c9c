"""The waiting room of the front desk: live, and kept in order by keys."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.session import Session
from hms_desktop.visits.waiting.panel import WaitingRoomPanel
from hms_server.contract.accounts import Nothing
from hms_server.contract.values import Person, StaffId
from hms_server.contract.visits import (
    CheckedIn,
    ListQueue,
    MarkLeft,
    MoveTicket,
    Queue,
    TicketState,
    UndoTicket,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE
from tests.desktop.visits.tickets import CLINIC, ticket

CALLED = ticket(19, "Fatima Bello", state=TicketState.CALLED, room="Triage")
KWAME = ticket(21)
TUNDE = ticket(11, "Tunde Bakare", service="D", practitioner=Person(StaffId(4), "Dr Ngozi Eze"))


@pytest.fixture
def open_room(connection: FakeConnection, session: Session, qtbot: QtBot) -> Callable[[], WaitingRoomPanel]:
    """Shows a waiting room of three with the first selected."""
    connection.answer(ListQueue, Queue(tickets=[CALLED, KWAME, TUNDE]))

    def make() -> WaitingRoomPanel:
        panel = WaitingRoomPanel(session, services=CLINIC.services, clock=lambda: NOW, zone=ZONE)
        qtbot.addWidget(panel)
        panel.resize(480, 500)
        with qtbot.waitExposed(panel):
            panel.show()
        qtbot.waitUntil(lambda: panel.table.model().rowCount() == 3)
        panel.table.choose(KWAME.id)
        panel.table.setFocus()
        return panel

    return make


def test_everybody_is_listed_with_where_they_are_going(
    open_room: Callable[[], WaitingRoomPanel], connection: FakeConnection
) -> None:
    """Whoever was called stands with the room, whoever waits for a doctor with the name."""
    panel = open_room()

    model = panel.table.model()
    rows = [[model.index(row, column).data() for column in range(5)] for row in range(3)]

    assert connection.requests(ListQueue) == [ListQueue()]
    assert rows == [
        ["T-019", "Fatima Bello", "Triage", "Routine", "10:33"],
        ["T-021", "Kwame Mensah", "Triage", "Routine", "10:33"],
        ["D-011", "Tunde Bakare", "Dr Ngozi Eze", "Routine", "10:33"],
    ]


def test_a_patient_is_moved_by_keys_and_moved_back(
    open_room: Callable[[], WaitingRoomPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """F6, the queue, Enter; Ctrl+Z. The queue where the patient is already is not offered."""
    panel = open_room()
    connection.answer(MoveTicket, CheckedIn(ticket=ticket(30, service="D")))
    connection.answer(UndoTicket, CheckedIn(ticket=KWAME))

    QTest.keyClick(panel.table, Qt.Key.Key_F6)
    editor = panel.moving.service.editor
    assert editor.hasFocus()
    assert [editor.itemText(n) for n in range(editor.count())] == ["Doctor", "Pharmacy", "Billing"]
    QTest.keyClicks(editor, "D")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "waits for Doctor as D-030" in panel.notice.text())
    QTest.keyClick(panel.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "as before" in panel.notice.text())

    assert connection.requests(MoveTicket) == [MoveTicket(ticket_id=KWAME.id, service="D")]
    assert connection.requests(UndoTicket) == [UndoTicket(ticket_id=KWAME.id)]


def test_leaving_needs_a_reason(
    open_room: Callable[[], WaitingRoomPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Without one the field says what is wanted."""
    panel = open_room()
    connection.answer(MarkLeft, Nothing())

    QTest.keyClick(panel.table, Qt.Key.Key_F7)
    reason = panel.leaving.reason
    QTest.keyClick(reason.editor, Qt.Key.Key_Return)
    assert reason.error()
    QTest.keyClicks(reason.editor, "went home")
    QTest.keyClick(reason.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "out of the queue" in panel.notice.text())

    assert connection.requests(MarkLeft) == [MarkLeft(ticket_id=KWAME.id, reason="went home")]


def test_a_question_about_one_patient_never_acts_on_another(
    open_room: Callable[[], WaitingRoomPanel], connection: FakeConnection
) -> None:
    """Selecting somebody else takes the open question away."""
    panel = open_room()
    QTest.keyClick(panel.table, Qt.Key.Key_F7)
    assert panel.leaving.isVisible()

    panel.table.choose(TUNDE.id)

    assert not panel.leaving.isVisible()


def test_escape_takes_the_question_away(open_room: Callable[[], WaitingRoomPanel]) -> None:
    """And the keys go back to the list."""
    panel = open_room()
    QTest.keyClick(panel.table, Qt.Key.Key_F6)
    assert panel.moving.isVisible()

    QTest.keyClick(panel.moving.service.editor, Qt.Key.Key_Escape)

    assert not panel.moving.isVisible()
    assert panel.table.hasFocus()
