"""The program from its start to its end: pairing, sign-in, locking, ending, the demo and the display."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.accounts.password.panel import PasswordPanel
from hms_desktop.app import App
from hms_desktop.shell.pairing import PairingPage
from hms_server.contract.accounts import ChooseRoom, SessionEnded
from hms_server.contract.demo import DemoPerson, DemoSignIn
from hms_server.contract.envelope import Fault
from hms_server.contract.values import Role
from hms_server.contract.visits import GetDisplayBoard, ListQueue
from tests.desktop.programs import WRONG, FakeWay, programs, quiet_way
from tests.desktop.visits.tickets import TRIAGE_ROOM, patient

DEMO = DemoSignIn(
    server="Unity Clinic",
    address="tcp://127.0.0.1:1",
    server_key="server",
    device_public_key="public",
    device_secret_key="secret",
    people=[
        DemoPerson(user_name="blessing", password="right", role=Role.RECEPTIONIST, name="Blessing Udo"),
        DemoPerson(user_name="ama", password="right", role=Role.NURSE, name="Ama Serwaa", room="Triage"),
        DemoPerson(user_name="screen", password="right", role=Role.DISPLAY, name="Waiting room"),
    ],
)


@pytest.fixture
def way() -> FakeWay:
    return quiet_way()


@pytest.fixture
def start(qapp: QApplication, way: FakeWay, tmp_path: Path) -> Iterator[Callable[..., App]]:
    with programs(qapp, tmp_path, way) as start:
        yield start


def sign_in(app: App, qtbot: QtBot, *, user: str = "blessing", password: str = "right") -> None:  # noqa: S107
    QTest.keyClicks(app.login.user.editor, user)
    QTest.keyClick(app.login.user.editor, Qt.Key.Key_Return)
    QTest.keyClicks(app.login.password.editor, password)
    QTest.keyClick(app.login.password.editor, Qt.Key.Key_Return)


def test_a_workstation_that_knows_no_clinic_asks_for_one(start: Callable[..., App]) -> None:
    """Nothing else can be done before."""
    app = start(paired=False)

    assert isinstance(app.window.page, PairingPage)


def test_sign_in_opens_the_workspace_of_the_role(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """Events are followed before anything is fetched, and the keys are in the first field."""
    app = start()

    sign_in(app, qtbot)
    qtbot.waitUntil(lambda: app.desk is not None)

    assert app.desk is not None
    assert app.window.page is app.desk.frame
    assert app.desk.frame.current_key == "front_desk"
    assert way.steps == ["in blessing", "follow"]
    assert not app.login.password.editor.text()


def test_a_wrong_password_is_said_at_its_field(start: Callable[..., App], qtbot: QtBot) -> None:
    """The user name stays."""
    app = start()

    sign_in(app, qtbot, password="wrong")

    qtbot.waitUntil(lambda: app.login.password.error() == WRONG.message)
    assert app.login.user.text() == "blessing"
    assert app.desk is None


def test_an_ended_session_leads_back_to_sign_in_with_the_reason(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """Nothing that showed a patient stays; the server is not asked to sign out what has ended."""
    app = start()
    sign_in(app, qtbot)
    qtbot.waitUntil(lambda: app.desk is not None)

    way.happen(SessionEnded(session_id=99, reason="ended_by_administrator"))
    QTest.qWait(20)
    assert app.desk is not None
    way.happen(SessionEnded(session_id=1, reason="ended_by_administrator"))

    qtbot.waitUntil(lambda: app.window.page is app.login)
    assert "An administrator has signed you out" in app.login.notice.text()
    assert app.desk is None


def test_a_fault_of_the_session_leads_back_too(start: Callable[..., App], way: FakeWay, qtbot: QtBot) -> None:
    """Whichever comes first, event or refused request."""
    app = start()
    sign_in(app, qtbot)
    qtbot.waitUntil(lambda: app.desk is not None)

    way.lapse(Fault(code="session.unknown", message="You are not signed in any more."))

    qtbot.waitUntil(lambda: app.window.page is app.login)
    assert "not signed in any more" in app.login.notice.text()


def test_a_screen_left_alone_locks_itself(start: Callable[..., App], way: FakeWay, qtbot: QtBot) -> None:
    """Every key puts it off; after the last one only the password has to be typed again."""
    app = start()
    sign_in(app, qtbot)
    qtbot.waitUntil(lambda: app.desk is not None)
    app._idle.start(minutes=1.5 / 60)

    for _ in range(4):
        QTest.qWait(500)
        QTest.keyClick(app.window, Qt.Key.Key_Shift)
    assert app.desk is not None
    qtbot.waitUntil(lambda: app.desk is None)

    assert "Locked after" in app.login.notice.text()
    assert app.login.user.text() == "blessing"
    qtbot.waitUntil(lambda: way.steps[-1] == "out")


def test_the_search_box_finds_and_the_front_desk_opens(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """Ctrl+K, a name, Enter."""
    app = start()
    sign_in(app, qtbot)
    qtbot.waitUntil(lambda: app.desk is not None)
    assert app.desk is not None
    frame = app.desk.frame

    QTest.keyClick(app.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(frame.search.editor.hasFocus)
    QTest.keyClicks(frame.search.editor, "Ada")
    qtbot.waitUntil(frame.search.is_open)
    QTest.keyClick(frame.search.editor, Qt.Key.Key_Return)

    panel = frame.current.panel  # type: ignore[union-attr] # the front desk
    assert panel.state.patient == patient(7, "Adaeze Okonkwo")
    assert not frame.search.text()


def test_the_demo_switches_people_in_one_window(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """One key each; the one before is signed out first, and the room is chosen."""
    app = start(demo=DEMO)
    qtbot.waitUntil(lambda: app.desk is not None)

    QTest.keyClick(app.window, Qt.Key.Key_F2, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: app.desk is not None and app.desk.frame.current_key == "nurse")

    assert way.steps == ["in blessing", "follow", "out", "in ama", "follow"]
    assert ChooseRoom(room_id=TRIAGE_ROOM) in way.asked


def test_the_display_shows_the_board_and_nothing_else(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """No frame, no search, no names are asked for."""
    app = start(demo=DEMO, is_display=True)

    qtbot.waitUntil(lambda: app.screens.display is not None)
    qtbot.waitUntil(lambda: bool(way.requests(GetDisplayBoard)))

    assert app.window.page is app.screens.display
    assert not way.requests(ListQueue)


def test_a_display_waits_for_its_server_and_signs_in_by_itself(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """After a power cut nobody has to type anything at it."""
    way.down = True
    app = start(user_name="screen", password="right", is_display=True)
    app._unattended._retry.setInterval(50)
    qtbot.waitUntil(lambda: "no connection" in app.login.notice.text())

    way.down = False

    qtbot.waitUntil(lambda: app.screens.display is not None)


def test_the_look_is_remembered(start: Callable[..., App]) -> None:
    """Dark and larger text also after the next start."""
    app = start()
    before = app.window.styleSheet()
    app._on_menu("theme")
    app._on_menu("text")
    dark = app.window.styleSheet()
    assert dark != before

    again = start()

    assert again.window.styleSheet() == dark
    again._on_menu("theme")
    for _ in range(4):
        again._on_menu("text")
    assert again.window.styleSheet() == before


def test_a_demo_offers_no_workplace_to_set_up(start: Callable[..., App], qtbot: QtBot) -> None:
    """Its people change with a key, and its papers lie in its own folder."""
    app = start(demo=DEMO)
    qtbot.waitUntil(lambda: app.desk is not None)
    assert app.desk is not None

    offered = [action.text() for action in app.desk.frame.header._menu.actions()]
    app._on_menu("workplace")

    assert "This workplace" not in offered
    assert app.login.workplace_button.isHidden()
    assert app.window.page is app.desk.frame


def test_the_password_is_changed_in_the_place_of_the_frame(start: Callable[..., App], qtbot: QtBot) -> None:
    """Esc brings the frame back; whoever signs out takes the page along."""
    app = start()
    sign_in(app, qtbot)
    qtbot.waitUntil(lambda: app.desk is not None)
    assert app.desk is not None

    app._on_menu("password")
    page = app.window.page
    assert isinstance(page, PasswordPanel)
    page.back_button.click()
    back = app.window.page is app.desk.frame
    app._on_menu("password")
    app._on_menu("sign_out")

    assert back
    assert app.window.page is app.login
