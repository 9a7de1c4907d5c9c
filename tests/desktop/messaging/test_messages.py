"""The list of messages: what became of each, and sending one again without sending it twice unawares."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.messaging.listed.panel import MessagesPanel
from hms_desktop.session import Session
from hms_server.contract.envelope import Fault
from hms_server.contract.messaging import (
    GetMessage,
    ListMessages,
    MessageChanged,
    MessageState,
    MessageText,
    SendAgain,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.messaging.posts import ALL, ARRIVED, LOST_ONE, WAITS, WRONG, listed, message
from tests.desktop.samples import LONG_NAME, NOW, ZONE

TEXT = "Hello Adaeze, your appointment is on Tuesday."


@pytest.fixture
def open_list(connection: FakeConnection, session: Session, qtbot: QtBot) -> Callable[[], MessagesPanel]:
    """Shows four messages, one of each kind."""
    rows = {row.id: row for row in ALL}
    connection.answer(ListMessages, listed(ALL))
    connection.answer(
        GetMessage,
        lambda request: MessageText(row=rows[request.message_id], subject="Your appointment", text=TEXT),
    )

    def make() -> MessagesPanel:
        panel = MessagesPanel(session, clock=lambda: NOW, zone=ZONE)
        qtbot.addWidget(panel)
        panel.resize(660, 600)
        with qtbot.waitExposed(panel):
            panel.show()
        qtbot.waitUntil(lambda: panel.table.model().rowCount() == len(ALL))
        panel.take_focus()
        return panel

    return make


def test_each_message_says_what_became_of_it(open_list: Callable[[], MessagesPanel]) -> None:
    model = open_list().table.model()

    rows = [[model.index(row, column).data() for column in range(5)] for row in range(4)]

    assert rows[0] == ["10:41", "Adaeze Okonkwo", "Appointment booked", "+234 ••• 0182", "Waits"]
    assert [row[4] for row in rows] == ["Waits", "Not certain", "Failed", "Delivered"]


def test_whoever_sees_no_patients_sees_their_numbers(
    open_list: Callable[[], MessagesPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """And is told why the words are missing."""
    nameless = message(2, MessageState.UNCERTAIN, why="Lost.", patient_name="")
    panel = open_list()
    connection.answer(ListMessages, listed([nameless]))
    connection.answer(GetMessage, MessageText(row=nameless, subject="", text=""))

    connection.happen(
        MessageChanged(message_id=nameless.id, patient_id=nameless.patient_id, state=nameless.state)
    )
    qtbot.waitUntil(lambda: panel.table.model().rowCount() == 1)
    panel.table.choose(nameless.id)

    assert panel.table.model().index(0, 1).data() == "P000442‑1"
    qtbot.waitUntil(lambda: "may see patients" in panel.text.text())


def test_the_chosen_message_says_why_when_and_what(
    open_list: Callable[[], MessagesPanel], qtbot: QtBot
) -> None:
    panel = open_list()

    panel.table.choose(WRONG.id)
    qtbot.waitUntil(lambda: panel.text.text() == TEXT)

    assert panel.head.text() == "Appointment booked · Adaeze Okonkwo · SMS"
    assert panel.why.text() == "Asked for: 10:39, Grace Mensah. The number does not exist any more."
    panel.table.choose(ARRIVED.id)
    assert "SMS, 2 parts" in panel.head.text()
    assert not panel.again_button.isEnabled()
    panel.table.choose(WAITS.id)
    assert "Leaves: 21 Nov 2026 06:42." in panel.why.text()


def test_what_failed_is_sent_again_by_one_key(
    open_list: Callable[[], MessagesPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_list()
    connection.answer(SendAgain, message(9, MessageState.QUEUED, again_of=WRONG.id))
    panel.table.choose(WRONG.id)

    QTest.keyClick(panel.table, Qt.Key.Key_F6)
    qtbot.waitUntil(lambda: "is on its way" in panel.notice.text())

    assert connection.requests(SendAgain) == [SendAgain(message_id=WRONG.id)]


def test_what_may_have_arrived_is_sent_again_only_by_a_second_key(
    open_list: Callable[[], MessagesPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The first key says what may happen; another message in between takes the question back."""
    panel = open_list()
    connection.answer(SendAgain, message(9, MessageState.QUEUED, again_of=LOST_ONE.id))
    panel.table.choose(LOST_ONE.id)

    QTest.keyClick(panel.table, Qt.Key.Key_F6)
    assert "may have arrived already" in panel.notice.text()
    assert not connection.requests(SendAgain)
    panel.table.choose(WRONG.id)
    assert panel.notice.text() == ""
    panel.table.choose(LOST_ONE.id)
    QTest.keyClick(panel.table, Qt.Key.Key_F6)
    QTest.keyClick(panel.table, Qt.Key.Key_F7)
    qtbot.waitUntil(lambda: "is on its way" in panel.notice.text())

    assert connection.requests(SendAgain) == [SendAgain(message_id=LOST_ONE.id)]


def test_a_key_pressed_twice_sends_once(
    open_list: Callable[[], MessagesPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_list()
    panel.table.choose(WRONG.id)
    qtbot.waitUntil(lambda: panel.text.text() == TEXT)
    connection.hold()

    for _ in range(3):
        QTest.keyClick(panel.table, Qt.Key.Key_F6)

    assert len(connection.requests(SendAgain)) == 1


def test_a_refusal_says_that_nothing_was_sent(
    open_list: Callable[[], MessagesPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_list()
    sentence = "Somebody has sent this message again already."
    connection.answer(SendAgain, Fault(code="messaging.sent_again", message=sentence))
    panel.table.choose(WRONG.id)

    QTest.keyClick(panel.table, Qt.Key.Key_F6)

    qtbot.waitUntil(lambda: f"Nothing was sent {sentence}" in panel.notice.text())


def test_the_list_can_be_narrowed_and_counts_all(
    open_list: Callable[[], MessagesPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """An answer for an earlier choice that comes late is not shown."""
    panel = open_list()
    words = [panel.only.editor.itemText(number) for number in range(panel.only.editor.count())]
    assert words[:3] == ["All (4)", "Waits (1)", "Sent (0)"]
    connection.answer(
        ListMessages, lambda request: listed([row for row in ALL if request.state in (None, row.state)])
    )

    panel.state.show_only(MessageState.FAILED)
    qtbot.waitUntil(lambda: panel.table.model().rowCount() == 1)

    assert connection.requests(ListMessages)[-1] == ListMessages(state=MessageState.FAILED)
    assert panel.only.editor.itemText(0) == "All (4)"


def test_what_changes_appears_by_itself_and_the_choice_stays(
    open_list: Callable[[], MessagesPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_list()
    panel.table.choose(LOST_ONE.id)
    connection.answer(ListMessages, listed([message(5, MessageState.SENT), *ALL]))

    connection.happen(
        MessageChanged(message_id=WAITS.id, patient_id=WAITS.patient_id, state=MessageState.SENT)
    )

    qtbot.waitUntil(lambda: panel.table.model().rowCount() == 5)
    chosen = panel.table.chosen_row()
    assert chosen is not None
    assert chosen.patient_name == LONG_NAME


def test_a_page_that_nobody_looks_at_asks_for_nobodys_messages(
    open_list: Callable[[], MessagesPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Each fetch stands in the audit; shown again, the list is fetched again."""
    panel = open_list()
    panel.hide()
    before = len(connection.requests(ListMessages))

    connection.happen(
        MessageChanged(message_id=WAITS.id, patient_id=WAITS.patient_id, state=MessageState.SENT)
    )
    qtbot.waitUntil(lambda: not panel.state._gather.isActive())
    assert len(connection.requests(ListMessages)) == before
    panel.show()

    assert len(connection.requests(ListMessages)) == before + 1


def test_no_messages_and_no_answer_are_two_things(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    connection.answer(ListMessages, Fault(code="server.away", message="The server is away."))
    panel = MessagesPanel(session, clock=lambda: NOW, zone=ZONE)
    qtbot.addWidget(panel)
    with qtbot.waitExposed(panel):
        panel.show()
    qtbot.waitUntil(lambda: panel._list.state() == "error")

    connection.answer(ListMessages, listed([]))
    connection.lose_events()

    qtbot.waitUntil(lambda: panel._list.state() == "empty")
