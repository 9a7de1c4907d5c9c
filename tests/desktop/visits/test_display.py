"""The waiting-room display: tickets and rooms by push, and never a word too much."""

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from hms_desktop.session import Session
from hms_desktop.visits.display.panel import DisplayPanel
from hms_server.contract.envelope import Fault
from hms_server.contract.values import TicketId
from hms_server.contract.visits import (
    DisplayBoard,
    DisplayCall,
    DisplayWaiting,
    GetDisplayBoard,
    QueueChanged,
    TicketState,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE, SampleLink
from tests.desktop.visits.tickets import CLINIC


def waiting(code: str, ahead: int, minutes: int | None) -> DisplayWaiting:
    return DisplayWaiting(code=code, service=code[0], ahead=ahead, expected_minutes=minutes)


def call(code: str, room: str) -> DisplayCall:
    return DisplayCall(code=code, room=room, called_at=NOW)


BOARD = DisplayBoard(
    clinic="Unity Clinic",
    called=[call("D-014", "Room 2"), call("T-021", "Triage")],
    waiting=[
        waiting("D-011", 0, 0),
        waiting("D-012", 1, 8),
        waiting("D-015", 2, None),
        waiting("T-022", 0, 6),
    ],
)
CALLED = QueueChanged(
    ticket_id=TicketId(22), code="T-022", service="T", state=TicketState.CALLED, room="Triage", announced=True
)


@pytest.fixture
def open_display(connection: FakeConnection, session: Session, qtbot: QtBot) -> Callable[[], DisplayPanel]:
    """Shows the display of a clinic with two calls."""
    connection.answer(GetDisplayBoard, BOARD)

    def make() -> DisplayPanel:
        panel = DisplayPanel(session, services=CLINIC.services, clock=lambda: NOW, zone=ZONE)
        qtbot.addWidget(panel)
        panel.resize(1280, 720)
        with qtbot.waitExposed(panel):
            panel.show()
        qtbot.waitUntil(lambda: bool(panel.called()))
        return panel

    return make


def test_calls_and_the_next_of_every_queue_are_shown(open_display: Callable[[], DisplayPanel]) -> None:
    """No queue fills the screen alone, and what is not known is not guessed."""
    panel = open_display()

    assert panel.called() == [("D-014", "Room 2"), ("T-021", "Triage")]
    assert panel.waiting() == [
        ("D-011", "Doctor", "now"),
        ("T-022", "Triage", "~6 min"),
        ("D-012", "Doctor", "~8 min"),
        ("D-015", "Doctor", "2 before"),
    ]


def test_a_call_is_pushed_and_flashes(
    open_display: Callable[[], DisplayPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The event fetches the board; the row of that ticket lights up, wherever it stands."""
    panel = open_display()
    called = [call("D-014", "Room 2"), call("T-022", "Triage")]
    connection.answer(GetDisplayBoard, DisplayBoard(clinic="Unity Clinic", called=called, waiting=[]))

    connection.happen(CALLED)

    qtbot.waitUntil(lambda: panel.called()[1] == ("T-022", "Triage"))
    qtbot.waitUntil(lambda: panel._calls[1].property("shade") == "lit")
    assert panel._calls[0].property("shade") == "old"


def test_a_lost_connection_is_said_until_the_board_is_fresh_again(
    open_display: Callable[[], DisplayPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Old calls would send people to rooms where nobody waits for them."""
    panel = open_display()
    assert not panel.banner.isVisible()

    connection.link(SampleLink(connected=False))
    qtbot.waitUntil(panel.banner.isVisible)
    connection.answer(GetDisplayBoard, Fault(code="server.busy", message="Busy."))
    connection.link(SampleLink(connected=True))
    qtbot.waitUntil(lambda: len(connection.requests(GetDisplayBoard)) == 2)
    assert panel.banner.isVisible()
    connection.answer(GetDisplayBoard, BOARD)
    panel.state.fetch()

    qtbot.waitUntil(lambda: not panel.banner.isVisible())


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (3840, 2160)])
def test_every_word_fits_on_every_screen(
    open_display: Callable[[], DisplayPanel], qtbot: QtBot, width: int, height: int
) -> None:
    """Sizes follow the screen; nothing is cut off, also with the warning shown."""
    panel = open_display()
    panel.banner.show()

    panel.resize(width, height)
    qtbot.waitUntil(lambda: panel.width() == width)

    assert panel.height() == height
    texts = [text for text in panel.findChildren(QLabel) if text.isVisible() and not text.wordWrap()]
    assert texts
    qtbot.waitUntil(lambda: all(text.sizeHint().width() <= text.width() for text in texts), timeout=2000)
