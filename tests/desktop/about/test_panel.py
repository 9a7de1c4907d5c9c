"""The sheet about the program: what support asks for, the server's version, and licences that can be read."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.about.panel import AboutSheet
from hms_desktop.about.state import AboutState
from hms_desktop.about_side import AboutSide
from hms_desktop.session import Session
from hms_desktop.shell.frame import Frame
from hms_desktop.shell.header import SignedInAs
from hms_desktop.shell.login import LoginPage
from hms_desktop.shell.main_window import MainWindow
from hms_server.contract.build import BUILD
from hms_server.contract.envelope import Fault
from hms_server.contract.updates import GetUpdate, UpdateOffer
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow("Unity Clinic")
    qtbot.addWidget(made)
    made.resize(1280, 720)
    login = LoginPage("Unity Clinic")
    made.show_page(login)
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


@pytest.fixture
def side(window: MainWindow, session: Session) -> AboutSide:
    return AboutSide(window, lambda: session)


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClick(target, key, modifier)


def test_shift_f1_opens_it_before_anybody_has_signed_in(
    window: MainWindow, side: AboutSide, connection: FakeConnection
) -> None:
    """And Esc gives the keys back."""
    connection.answer(GetUpdate, UpdateOffer(server_version="0.9.4"))
    before = QApplication.focusWidget()

    press(Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
    QApplication.processEvents()
    shown = (side.sheet.isVisible(), side.sheet.licences.hasFocus(), side.sheet.facts())
    press(Qt.Key.Key_Escape)

    assert shown[:2] == (True, True)
    assert shown[2].splitlines()[:2] == [f"This program: {BUILD.words}", "Server: 0.9.4"]
    assert side.sheet.isHidden()
    assert QApplication.focusWidget() is before
    assert window.isVisible()


def test_the_same_key_closes_it(window: MainWindow, side: AboutSide) -> None:
    press(Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
    press(Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)

    assert window.isVisible()
    assert side.sheet.isHidden()


def test_a_server_that_does_not_answer_is_said_so(
    window: MainWindow, side: AboutSide, connection: FakeConnection
) -> None:
    connection.answer(GetUpdate, Fault(code="link.down", message="The server cannot be reached."))

    side.toggle()
    QApplication.processEvents()

    assert "Server: The server cannot be reached." in side.sheet.facts()
    assert window.isVisible()


def test_without_a_connection_there_is_no_server_to_ask(window: MainWindow) -> None:
    side = AboutSide(window, lambda: None)

    side.toggle()

    assert "Server: not connected" in side.sheet.facts()


def test_what_support_asks_for_can_be_copied(side: AboutSide, connection: FakeConnection) -> None:
    connection.answer(GetUpdate, UpdateOffer(server_version="0.9.4"))
    side.toggle()

    QTest.keyClick(side.sheet.copy_button, Qt.Key.Key_Space)

    assert QGuiApplication.clipboard().text() == side.sheet.facts()
    assert "Copied" in side.sheet.copy_button.text()


def test_the_licences_of_a_bundle_are_shown_in_full(window: MainWindow, session: Session) -> None:
    sheet = AboutSheet(window, AboutState(window), read=lambda: "Qt 6.11.3: LGPL-3.0-only\n")

    sheet.open(session)

    assert sheet.licences.toPlainText() == "Qt 6.11.3: LGPL-3.0-only\n"


def test_from_sources_it_says_where_the_licences_are(side: AboutSide) -> None:
    side.toggle()

    assert side.sheet.licences.toPlainText().startswith("This copy runs from its sources")


def test_it_lies_between_header_and_status_bar(window: MainWindow, side: AboutSide) -> None:
    """Also after the window was made smaller."""
    who = SignedInAs(name="Ama Serwaa", role="Nurse")
    frame = Frame([], who=who, clock=lambda: NOW, zone=ZONE)
    window.show_page(frame)

    side.toggle()
    window.resize(1024, 640)
    QApplication.processEvents()

    assert side.sheet.geometry().top() >= frame.header.height()
    assert side.sheet.geometry().bottom() <= window.height() - frame.status.height()
    assert side.sheet.geometry().right() <= window.width()
