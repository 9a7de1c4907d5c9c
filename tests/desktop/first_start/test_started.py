"""A workstation that knows what it is: what it opens, how it is changed, and what it says when alone."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.app import App
from hms_desktop.connection.addresses import Outcome, Tried
from hms_desktop.connection.engine import Search
from hms_desktop.connection.identity import KeyPair
from hms_desktop.drafts import DraftKey, draft_store
from hms_desktop.first_start.place.panel import PlacePage
from hms_desktop.first_start.scanner.panel import ScannerPage
from hms_desktop.printing.printer import PrintKind
from hms_desktop.shell.pairing import PairingPage
from hms_desktop.workplace import (
    FILE_NAME,
    Place,
    PrintTo,
    PrintWay,
    ScanEnd,
    ScreenAccount,
    Wedge,
    Workplace,
    keep_workplace,
)
from hms_server.contract.accounts import ChooseRoom, SessionEnded
from hms_server.contract.values import StaffId
from tests.desktop.first_start.visitor import Book
from tests.desktop.programs import PAIRING, FakeWay
from tests.desktop.samples import NOW
from tests.desktop.visits.tickets import CLINIC, TRIAGE_ROOM

SCREEN = Workplace(place=Place.DISPLAY, account=ScreenAccount(user_name="screen", password="right"))


def press(app: App, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    target: QWidget = QApplication.focusWidget() or app.window
    QTest.keyClick(target, key, modifier)


def go_on(app: App) -> None:
    press(app, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def front(app: App) -> None:
    app.window.activateWindow()
    QTest.qWaitForWindowActive(app.window)


def sign_in(app: App, qtbot: QtBot, user: str) -> str:
    """Signs in by keyboard and gives the workspace in front."""
    QTest.keyClicks(app.login.user.editor, user)
    QTest.keyClick(app.login.user.editor, Qt.Key.Key_Return)
    QTest.keyClicks(app.login.password.editor, "right")
    QTest.keyClick(app.login.password.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: app.desk is not None and bool(app.desk.frame.current_key), timeout=30_000)
    assert app.desk is not None
    return app.desk.frame.current_key


def test_from_the_code_to_the_right_workspace_by_keyboard(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """Paired, asked what it is, signed in: the nurse sees triage, in the room of this place."""
    app = start(paired=False)
    front(app)
    assert isinstance(app.window.page, PairingPage)
    assert app._pairing_desk is not None
    app._pairing_desk.paired.emit(PAIRING)
    page = app.window.page
    assert isinstance(page, PlacePage)
    qtbot.waitUntil(lambda: page.room.editor.count() > 1)

    press(app, Qt.Key.Key_Down)
    press(app, Qt.Key.Key_Return)
    press(app, Qt.Key.Key_Down)
    for _ in range(3):
        go_on(app)
    on_login = app.window.page is app.login
    opened = sign_in(app, qtbot, "ama")

    assert on_login
    assert (app.workplace.workplace.place, app.workplace.workplace.room) == (Place.NURSE, "Triage")
    assert opened == "nurse"
    assert ChooseRoom(room_id=TRIAGE_ROOM) in way.asked


@pytest.mark.parametrize(
    "case",
    [
        (Place.FRONT_DESK, "ama", "front_desk"),
        (Place.NURSE, "ama", "nurse"),
        (Place.NURSE, "blessing", "front_desk"),
        (None, "ama", "nurse"),
    ],
)
def test_the_place_comes_first_where_the_role_has_it(
    start: Callable[..., App], qtbot: QtBot, tmp_path: Path, case: tuple[Place | None, str, str]
) -> None:
    """It shuts nobody out."""
    place, user, opened = case
    keep_workplace(tmp_path, Workplace(place=place))

    assert sign_in(start(), qtbot, user) == opened


def test_a_workstation_paired_long_ago_is_not_asked(start: Callable[..., App]) -> None:
    """It goes on as it was; whoever wants more presses a key."""
    app = start()

    assert app.window.page is app.login


def test_the_sign_in_page_opens_it_and_esc_goes_back(start: Callable[..., App]) -> None:
    app = start()
    front(app)

    press(app, Qt.Key.Key_F4)
    opened = isinstance(app.window.page, PlacePage)
    press(app, Qt.Key.Key_Escape)

    assert opened
    assert app.window.page is app.login


def test_the_menu_opens_it_and_nobody_is_signed_out(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    app = start()
    sign_in(app, qtbot, "ama")
    desk = app.desk
    assert desk is not None
    front(app)

    app._on_menu("workplace")
    opened = isinstance(app.window.page, PlacePage)
    for _ in range(3):
        go_on(app)

    assert opened
    assert app.desk is desk
    assert app.window.page is desk.frame
    assert "out" not in way.steps


def test_a_display_needs_no_flags_and_nobody(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot, tmp_path: Path
) -> None:
    """Its key lies where no keyring has to be unlocked, and it waits for its server after a power cut."""
    keep_workplace(tmp_path, SCREEN)
    book = Book()
    way.down = True
    app = start(unattended=book)
    app._unattended._retry.setInterval(50)
    qtbot.waitUntil(lambda: "no connection" in app.login.notice.text())
    way.down = False

    qtbot.waitUntil(lambda: app.screens.display is not None)

    assert app.window.page is app.screens.display
    assert app.window.isFullScreen()
    assert book.kept == [PAIRING]


def test_a_display_that_was_signed_out_comes_back(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot, tmp_path: Path
) -> None:
    """Nobody sits there who could type a password."""
    keep_workplace(tmp_path, SCREEN)
    app = start()
    app._unattended._retry.setInterval(50)
    qtbot.waitUntil(lambda: app.screens.display is not None)
    before = app.screens.display

    way.happen(SessionEnded(session_id=1, reason="ended_by_administrator"))
    qtbot.waitUntil(lambda: app.screens.display not in (None, before))

    assert way.steps.count("in screen") == 2


def test_a_screen_that_locks_itself_takes_the_open_pages_along(
    start: Callable[..., App], qtbot: QtBot
) -> None:
    """And they can be opened again afterwards."""
    app = start()
    sign_in(app, qtbot, "ama")
    front(app)
    app._on_menu("workplace")

    app._on_idle()
    locked = app.window.page is app.login and not app.workplace.is_open
    press(app, Qt.Key.Key_F4)

    assert locked
    assert isinstance(app.window.page, PlacePage)


def test_a_desk_becomes_a_display_and_its_person_is_signed_out(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """The screen's account is tried at the server first."""
    app = start()
    sign_in(app, qtbot, "ama")
    front(app)
    app._on_menu("workplace")
    page = app.window.page
    assert isinstance(page, PlacePage)

    page.table.choose(Place.DISPLAY)
    press(app, Qt.Key.Key_Return)
    QTest.keyClicks(page.user.editor, "screen")
    QTest.keyClicks(page.password.editor, "right")
    go_on(app)
    qtbot.waitUntil(lambda: app.screens.display is not None, timeout=30_000)

    assert app.desk is None
    assert way.steps[:3] == ["in ama", "follow", "out"]
    assert app.workplace.workplace.account == ScreenAccount(user_name="screen", password="right")


def test_damaged_settings_are_said_where_people_sign_in(start: Callable[..., App], tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{")

    app = start()

    assert "workplace-damaged-1.json" in app.login.notice.text()


def test_a_room_that_is_gone_is_said(start: Callable[..., App], tmp_path: Path) -> None:
    keep_workplace(tmp_path, Workplace(place=Place.DOCTOR, room="Room 77"))

    app = start()

    assert "Room 77" in app.workplace.room_trouble(CLINIC)


def test_printers_and_scanner_are_used_from_the_start(start: Callable[..., App], tmp_path: Path) -> None:
    to_file = PrintTo(way=PrintWay.FILE)
    keep_workplace(tmp_path, Workplace(labels=to_file, scanner=Wedge(prefix="]C1", end=ScanEnd.TAB)))

    app = start()
    outcome = app._printer().print(b"%PDF", title="T-1", kind=PrintKind.LABEL)

    assert outcome.printed
    assert outcome.kept_at is not None
    assert app._scanner._wedge.prefix == "]C1"


def test_a_scan_on_its_page_does_not_search_a_patient(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    app = start()
    sign_in(app, qtbot, "ama")
    front(app)
    app._on_menu("workplace")
    go_on(app)
    go_on(app)
    page = app.window.page
    assert isinstance(page, ScannerPage)

    app._on_scanned("5901234123457")

    assert "5901234123457" in page.notice.text()


def test_no_server_in_sight_is_said_with_what_is_tried(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """A typed address is tried at once, without pairing again; rubbish is said at the field."""
    tried = (
        Tried(address="tcp://10.0.0.5:7717", outcome=Outcome.SILENT),
        Tried(address="tcp://10.0.0.6:7717", outcome=Outcome.STRANGER),
    )
    way.search = Search(since=NOW - timedelta(minutes=3), tried=tried)
    app = start()
    front(app)
    qtbot.waitUntil(lambda: bool(app.login.sight.text()), timeout=30_000)
    said = app.login.sight.text()
    typed_meanwhile = app.login.user.editor.hasFocus()

    QTest.keyClicks(app.login.sight.address.editor, "10.0.0.9")
    press(app, Qt.Key.Key_F6)
    way.search = Search(since=None, tried=())
    qtbot.waitUntil(lambda: not app.login.sight.text(), timeout=30_000)

    assert "for 3 minutes" in said
    assert "10.0.0.5:7717: nothing answers" in said
    assert "not this clinic" in said
    assert typed_meanwhile
    assert way.typed == ["10.0.0.9"]


def test_a_workstation_that_was_cut_off_can_be_paired_again(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot, tmp_path: Path
) -> None:
    """Its place and printers stay."""
    keep_workplace(tmp_path, Workplace(place=Place.NURSE))
    refused = Tried(address="tcp://10.0.0.5:7717", outcome=Outcome.NOT_PAIRED)
    way.search = Search(since=NOW - timedelta(seconds=5), tried=(refused,))
    app = start()
    front(app)
    qtbot.waitUntil(lambda: "does not accept" in app.login.sight.text(), timeout=30_000)

    press(app, Qt.Key.Key_F7)
    asked_again = isinstance(app.window.page, PairingPage)
    way.search = Search(since=None, tried=())
    assert app._pairing_desk is not None
    app._pairing_desk.paired.emit(PAIRING)

    assert asked_again
    assert way.closed
    assert app.window.page is app.login
    assert not app.login.sight.text()
    assert sign_in(app, qtbot, "ama") == "nurse"


@pytest.mark.parametrize(("minutes", "offered"), [(3, True), (0, False)])
def test_a_clinic_with_new_keys_can_be_paired_with(
    start: Callable[..., App],
    way: FakeWay,
    qtbot: QtBot,
    minutes: int,
    offered: bool,  # noqa: FBT001 - a case of the test
) -> None:
    """Its server is a stranger to whoever knows the lost keys; so is, for seconds, one that is too busy."""
    stranger = Tried(address="tcp://10.0.0.5:7717", outcome=Outcome.STRANGER)
    way.search = Search(since=NOW - timedelta(minutes=minutes, seconds=5), tried=(stranger,))
    app = start()
    front(app)
    qtbot.waitUntil(lambda: bool(app.login.sight.text()), timeout=30_000)
    said = app.login.sight.text()

    press(app, Qt.Key.Key_F7)

    assert ("new keys" in said) is offered
    assert isinstance(app.window.page, PairingPage) is offered


def test_whoever_would_rather_not_pair_again_goes_back(
    start: Callable[..., App], way: FakeWay, qtbot: QtBot
) -> None:
    """With Esc, as everywhere: the keys were pressed by mistake, or nobody has a code."""
    refused = Tried(address="tcp://10.0.0.5:7717", outcome=Outcome.NOT_PAIRED)
    way.search = Search(since=NOW - timedelta(seconds=5), tried=(refused,))
    app = start()
    front(app)
    qtbot.waitUntil(lambda: "does not accept" in app.login.sight.text(), timeout=30_000)
    press(app, Qt.Key.Key_F7)
    assert app._pairing_desk is not None
    name = app._pairing_desk.page.device.text()
    way.search = Search(since=None, tried=())

    press(app, Qt.Key.Key_Escape)

    assert name == PAIRING.server.device_name
    assert app.window.page is app.login
    assert sign_in(app, qtbot, "ama")


def test_what_was_typed_is_offered_after_pairing_again(
    start: Callable[..., App], way: FakeWay, tmp_path: Path
) -> None:
    """The new pairing brings a new key, and drafts are sealed with the key of the workstation."""
    key = DraftKey(staff_id=StaffId(7), patient_id=None, encounter_id=None, kind="registration")
    draft_store(tmp_path, PAIRING.keys.secret_key).save(key, {"name": "Adaeze"})
    app = start()
    app._pair_again()
    assert app._pairing_desk is not None

    new = structs.replace(PAIRING, keys=KeyPair(public_key="another", secret_key="made anew"))
    app._pairing_desk.paired.emit(new)

    kept = draft_store(tmp_path, "made anew").load(key)
    assert kept is not None
    assert kept.data == {"name": "Adaeze"}
