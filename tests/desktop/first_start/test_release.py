"""In front of a display or a kiosk stands anybody: only an administrator makes it something else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.app import App
from hms_desktop.first_start.place.panel import PlacePage
from hms_desktop.shell.release import ReleasePage
from hms_desktop.workplace import Place, ScreenAccount, Workplace, keep_workplace
from hms_server.contract.envelope import Fault
from hms_server.contract.values import Role
from tests.desktop.programs import PEOPLE, FakeWay
from tests.desktop.visits.tickets import signed_in

SCREEN = Workplace(place=Place.DISPLAY, account=ScreenAccount(user_name="screen", password="right"))
KEYS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def press(app: App, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    target: QWidget = QApplication.focusWidget() or app.window
    QTest.keyClick(target, key, modifier)


@pytest.fixture
def display(
    start: Callable[..., App], qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[App, ReleasePage]]:
    """A display whose key for “This workplace” was pressed."""
    monkeypatch.setitem(PEOPLE, "admin", signed_in(Role.ADMINISTRATOR, name="Ada Obi"))
    keep_workplace(tmp_path, SCREEN)

    def make() -> tuple[App, ReleasePage]:
        app = start()
        qtbot.waitUntil(lambda: app.screens.display is not None)
        app.window.activateWindow()
        QTest.qWaitForWindowActive(app.window)
        press(app, Qt.Key.Key_F4, KEYS)
        page = app.window.page
        assert isinstance(page, ReleasePage)
        return app, page

    return make


def offer(page: ReleasePage, user: str, password: str) -> None:
    page.user.set_text("")
    QTest.keyClicks(page.user.editor, user)
    QTest.keyClick(page.user.editor, Qt.Key.Key_Return)
    QTest.keyClicks(page.password.editor, password)
    QTest.keyClick(page.password.editor, Qt.Key.Key_Return)


def test_a_patient_who_knows_the_keys_gets_no_further(
    display: Callable[[], tuple[App, ReleasePage]], way: FakeWay
) -> None:
    """And Esc shows the tickets again, without a new sign-in."""
    app, page = display()
    screen = app.screens.display

    QTest.keyClick(page.user.editor, Qt.Key.Key_Return)
    press(app, Qt.Key.Key_F4, KEYS)
    still = app.window.page is page
    press(app, Qt.Key.Key_Escape)

    assert still
    assert app.window.page is screen
    assert way.steps.count("in screen") == 1


def test_left_alone_it_is_the_display_again(display: Callable[[], tuple[App, ReleasePage]]) -> None:
    app, page = display()

    page._left_alone.timeout.emit()

    assert app.window.page is app.screens.display


def test_an_administrator_makes_it_something_else(
    display: Callable[[], tuple[App, ReleasePage]], way: FakeWay, qtbot: QtBot
) -> None:
    """A nurse does not; whoever was let through and leaves with Esc leaves a display."""
    app, page = display()

    offer(page, "ama", "right")
    qtbot.waitUntil(lambda: "no administrator" in page.user.error())
    offer(page, "admin", "right")
    qtbot.waitUntil(lambda: isinstance(app.window.page, PlacePage))
    small = not app.window.isFullScreen()
    press(app, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: app.screens.display is not None)

    assert small
    assert app.window.isFullScreen()
    assert way.steps[-5:] == ["out", "in admin", "out", "in screen", "follow"]


def test_who_gives_up_after_a_wrong_password_leaves_a_display(
    display: Callable[[], tuple[App, ReleasePage]], qtbot: QtBot
) -> None:
    """Its own session went when the password was tried."""
    app, page = display()

    offer(page, "admin", "wrong")
    qtbot.waitUntil(lambda: bool(page.password.error()))
    press(app, Qt.Key.Key_Escape)

    qtbot.waitUntil(lambda: app.window.page is app.screens.display is not None)


@pytest.mark.parametrize("code", ["accounts.locked", "server.database_away"])
def test_a_display_comes_back_once_its_account_is_open_again(
    start: Callable[..., App],
    way: FakeWay,
    qtbot: QtBot,
    tmp_path: Path,
    code: str,
) -> None:
    """Five wrong passwords for its user name lock it for five minutes, and anybody in front can type them."""
    way.why_down = Fault(code=code, message="Not now.")
    keep_workplace(tmp_path, SCREEN)
    way.down = True
    app = start()
    app._unattended._retry.setInterval(50)
    qtbot.waitUntil(lambda: "Not now" in app.login.notice.text())
    way.down = False

    qtbot.waitUntil(lambda: app.screens.display is not None)
