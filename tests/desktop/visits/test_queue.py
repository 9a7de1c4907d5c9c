"""The docked queue: shows who is next, calls by keys, and keeps up with the other rooms."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.session import Session
from hms_desktop.visits.panel import QueuePanel
from hms_desktop.visits.rooms import Rooms
from hms_server.contract.accounts import ChooseRoom, Nothing
from hms_server.contract.envelope import Fault
from hms_server.contract.values import RoomId
from hms_server.contract.visits import (
    Called,
    CallNext,
    CallTicket,
    CheckedIn,
    ListQueue,
    MarkNoShow,
    Queue,
    QueueChanged,
    Recall,
    TicketState,
    UndoTicket,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import LONG_NAME, NOW, ZONE, SampleLink
from tests.desktop.visits.tickets import CLINIC, TRIAGE_ROOM, WAITING, ticket

CALLED = ticket(21, state=TicketState.CALLED, room="Triage")


@pytest.fixture
def open_queue(connection: FakeConnection, session: Session, qtbot: QtBot) -> Callable[..., QueuePanel]:
    """Shows a triage queue of five, in a room unless told otherwise."""
    connection.answer(ListQueue, Queue(tickets=WAITING))

    def make(*, room_id: RoomId | None = TRIAGE_ROOM) -> QueuePanel:
        rooms = Rooms(session, CLINIC.rooms, room_id=room_id, parent=session)
        panel = QueuePanel(
            session, service="T", title="Triage queue", rooms=rooms, clock=lambda: NOW, zone=ZONE
        )
        qtbot.addWidget(panel)
        panel.resize(340, 600)
        with qtbot.waitExposed(panel):
            panel.show()
        return panel

    return make


def shown(panel: QueuePanel) -> list[list[str]]:
    model = panel.table.model()
    columns = range(model.columnCount())
    rows = [[str(model.index(row, column).data()) for column in columns] for row in range(model.rowCount())]
    return [[text.replace("\N{NO-BREAK SPACE}", " ") for text in row] for row in rows]


def test_each_row_says_ticket_name_age_wait_and_why_it_stands_there(
    open_queue: Callable[..., QueuePanel], qtbot: QtBot
) -> None:
    """Nothing of it is cut off, and the count stands in the heading."""
    panel = open_queue()

    qtbot.waitUntil(lambda: len(shown(panel)) == 5)

    assert shown(panel)[0] == ["T-020", f"{LONG_NAME}, 46 y", "4 min", "NEWS2 10"]
    assert shown(panel)[2] == ["T-022", "Baby Yusuf, 8 mo", "1 h 11", "Under 5"]
    assert panel._count.text() == "5 waiting"


def test_call_next_asks_the_server_once_and_marks_who_was_called(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Pressing the key again before the answer calls nobody else."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    connection.answer(CallNext, Called(ticket=CALLED))
    connection.hold()

    panel.call_next()
    panel.call_next()
    connection.answer(ListQueue, Queue(tickets=[CALLED, *WAITING[2:]]))
    with qtbot.waitSignal(panel.called) as called:
        connection.release()

    assert called.args == [CALLED]
    assert connection.requests(CallNext) == [CallNext(service="T", room_id=TRIAGE_ROOM)]
    qtbot.waitUntil(lambda: shown(panel)[0] == ["T-021", "Kwame Mensah, 46 y", "Triage", "Routine"])
    line = panel.table.chosen_row()
    assert line is not None
    assert line.ticket == CALLED


def test_without_a_room_the_key_asks_for_one_and_calls_nobody(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The rooms of this queue are offered first; the choice goes to the server."""
    connection.answer(ChooseRoom, Nothing())
    panel = open_queue(room_id=None)

    panel.call_next()
    assert "Choose the room" in panel.room.error()
    assert panel.room.editor.hasFocus()
    QTest.keyClick(panel.room.editor, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: panel._rooms.current is not None)

    assert connection.requests(ChooseRoom) == [ChooseRoom(room_id=TRIAGE_ROOM)]
    assert not connection.requests(CallNext)
    assert not panel.room.error()


def test_enter_calls_the_selected_patient_out_of_turn(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Who stands in the list is reached by arrow keys alone."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    connection.answer(CallTicket, Called(ticket=CALLED))
    panel.take_focus()

    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    with qtbot.waitSignal(panel.called):
        QTest.keyClick(panel.table, Qt.Key.Key_Return)

    assert connection.requests(CallTicket) == [CallTicket(ticket_id=WAITING[1].id, room_id=TRIAGE_ROOM)]


def test_enter_on_somebody_already_called_opens_them_again(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nobody is called twice by looking."""
    connection.answer(ListQueue, Queue(tickets=[CALLED]))
    panel = open_queue()
    connection.answer(ListQueue, Queue(tickets=[CALLED]))
    panel.state.reload()
    qtbot.waitUntil(lambda: len(shown(panel)) == 1)
    panel.take_focus()

    with qtbot.waitSignal(panel.chosen) as chosen:
        QTest.keyClick(panel.table, Qt.Key.Key_Return)

    assert chosen.args == [CALLED]
    assert not connection.requests(CallTicket)


def test_no_show_can_be_taken_back(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """F10 and Ctrl+Z are one step and its undoing."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    connection.answer(MarkNoShow, Nothing())
    connection.answer(UndoTicket, CheckedIn(ticket=WAITING[0]))
    panel.take_focus()

    QTest.keyClick(panel.table, Qt.Key.Key_F10)
    qtbot.waitUntil(lambda: "did not come" in panel.notice.text())
    QTest.keyClick(panel.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "as before" in panel.notice.text())

    assert connection.requests(UndoTicket) == [UndoTicket(ticket_id=WAITING[0].id)]
    assert not panel.undo_button.isEnabled()


def test_recall_is_for_those_who_were_called(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """A waiting patient cannot be announced again."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    connection.answer(Recall, Called(ticket=CALLED))
    panel.take_focus()
    assert not panel.recall_button.isEnabled()

    connection.answer(ListQueue, Queue(tickets=[CALLED]))
    panel.state.reload()
    qtbot.waitUntil(lambda: len(shown(panel)) == 1)
    panel.take_focus()
    QTest.keyClick(panel.table, Qt.Key.Key_F9)

    qtbot.waitUntil(lambda: "announced again" in panel.notice.text())
    assert connection.requests(Recall) == [Recall(ticket_id=CALLED.id)]


def test_a_run_of_events_is_answered_by_one_fetch(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Events of other queues fetch nothing; the selected patient stays selected."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    panel.table.choose(WAITING[3].id)
    before = len(connection.requests(ListQueue))
    connection.answer(ListQueue, Queue(tickets=WAITING[1:]))

    for code in ("T", "D", "T"):
        connection.happen(
            QueueChanged(ticket_id=WAITING[0].id, code="T-020", service=code, state=TicketState.DONE)
        )
    qtbot.waitUntil(lambda: len(shown(panel)) == 4)
    QTest.qWait(150)

    assert len(connection.requests(ListQueue)) == before + 1
    line = panel.table.chosen_row()
    assert line is not None
    assert line.ticket.id == WAITING[3].id


def test_a_hidden_queue_fetches_only_when_it_is_seen_again(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nobody looks, nobody asks."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    panel.hide()
    before = len(connection.requests(ListQueue))
    event = QueueChanged(ticket_id=WAITING[0].id, code="T-020", service="T", state=TicketState.DONE)
    connection.happen(event)
    QTest.qWait(150)
    assert len(connection.requests(ListQueue)) == before

    panel.show()

    qtbot.waitUntil(lambda: len(connection.requests(ListQueue)) == before + 1)


def test_a_list_that_cannot_be_fetched_is_not_an_empty_one(
    connection: FakeConnection, open_queue: Callable[..., QueuePanel], qtbot: QtBot
) -> None:
    """The person reads why, and can try again."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    connection.answer(ListQueue, Fault(code="server.busy", message="The server is busy. Try again."))

    panel.state.reload()

    qtbot.waitUntil(lambda: panel._list.state() == "error")
    assert panel._count.text() == ""


def test_before_the_first_answer_nothing_is_said_about_the_queue(
    connection: FakeConnection, open_queue: Callable[..., QueuePanel]
) -> None:
    """An answer that is late must not read as "nobody is waiting"."""
    connection.hold()

    panel = open_queue()

    assert panel._list.state() in ("quiet", "loading")
    assert panel._count.text() == ""


def test_who_was_faster_is_said_and_the_list_is_fetched_again(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """A refusal is a notice, not a dialog."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    message = "Kwame Mensah, ticket T-021, was called to Room 1 (Dr Eze, 10:41). Look at the queue again."
    connection.answer(CallTicket, Fault(code="visits.not_waiting", message=message))
    before = len(connection.requests(ListQueue))
    panel.take_focus()

    QTest.keyClick(panel.table, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: panel.notice.text() == message)
    qtbot.waitUntil(lambda: len(connection.requests(ListQueue)) == before + 1)


def test_without_a_link_nobody_is_called_later_by_surprise(
    open_queue: Callable[..., QueuePanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """A call must not wait on the workstation."""
    panel = open_queue()
    qtbot.waitUntil(lambda: len(shown(panel)) == 5)
    connection.link(SampleLink(connected=False))
    qtbot.waitUntil(lambda: panel.state._session.link is not None)

    panel.call_next()

    assert "no connection" in panel.notice.text()
    assert not connection.requests(CallNext)
