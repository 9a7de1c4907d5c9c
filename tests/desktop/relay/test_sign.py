"""The sign in the status bar, its details, and the strip that says that money is only played with."""

from datetime import timedelta

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.relay.sign.panel import OutsidePopup
from hms_desktop.relay.state import OutsideState
from hms_desktop.relay.strip.panel import ModeStrip
from hms_desktop.session import Session
from hms_desktop.shell.status import StatusBar
from hms_server.contract.relay import (
    GetReachability,
    Reachabilities,
    ReachabilityChanged,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.relay.samples import MAIL_UP, PAYSTACK_DOWN, PAYSTACK_UP, ROWS, SMS_REFUSED
from tests.desktop.samples import NOW, ZONE, SampleLink


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """A window with a field in it and the status bar below."""
    page = QWidget()
    qtbot.addWidget(page)
    page.resize(1200, 300)
    column = QVBoxLayout(page)
    column.addWidget(QLineEdit())
    column.addStretch(1)
    column.addWidget(StatusBar(clock=lambda: NOW, zone=ZONE))
    with qtbot.waitActive(page):
        page.show()
        page.activateWindow()
    return page


@pytest.fixture
def bar(page: QWidget) -> StatusBar:
    bar = page.findChild(StatusBar)
    assert isinstance(bar, StatusBar)
    return bar


def press_key(page: QWidget) -> None:
    QTest.keyClick(page, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)


def texts(popup: QWidget) -> list[str]:
    return [part.text() for part in popup.findChildren(QLabel) if part.text() and part.isVisible()]


def test_nothing_stands_there_until_something_is_known(bar: StatusBar) -> None:
    """Neither before the first answer nor where nothing outside is used."""
    before = bar.outside.isVisible()
    bar.show_outside([])

    assert not before
    assert not bar.outside.isVisible()


def test_trouble_is_coloured_worded_and_without_the_server_unknown(bar: StatusBar) -> None:
    bar.show_outside(ROWS)
    bad = (bar.outside.isVisible(), bar.outside.words(), bar.outside.property("kind"))
    bar.show_outside([MAIL_UP])
    good = (bar.outside.words(), bar.outside.property("kind"))
    bar.show_outside(None)

    assert bad == (True, "Paystack unreachable since 10:12 · 3 payments wait  +1", "danger")
    assert good == ("Outside reachable", "neutral")
    assert not bar.outside.isVisible()


def test_trouble_for_which_nothing_waits_is_a_lesser_one(bar: StatusBar) -> None:
    bar.show_outside([structs.replace(PAYSTACK_DOWN, waiting=0, waiting_words="")])

    assert bar.outside.property("kind") == "warning"


def test_a_long_line_never_widens_the_window(page: QWidget, bar: StatusBar) -> None:
    """At large letters it is cut, and said in full by the tooltip and to screen readers."""
    bar.show_outside([])
    before = page.minimumSizeHint().width()
    long = structs.replace(PAYSTACK_DOWN, title="Paystack of a clinic with a very long name " * 4)

    bar.show_outside([long])
    page.resize(page.minimumSizeHint().width(), 300)

    assert page.minimumSizeHint().width() <= before + 100
    assert bar.outside.text() != bar.outside.words()
    assert bar.outside.words() in bar.outside.toolTip()
    assert bar.outside.accessibleName() == bar.outside.words()


def test_details_open_and_close_by_key_and_the_field_keeps_its_place(
    page: QWidget, bar: StatusBar, qtbot: QtBot
) -> None:
    """The worst first, with what to do."""
    bar.show_outside(ROWS)
    field = page.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.setFocus()

    press_key(page)
    popup = bar.outside._popup
    assert isinstance(popup, OutsidePopup)
    qtbot.waitUntil(popup.isVisible)
    said = texts(popup)
    QTest.keyClick(popup, Qt.Key.Key_Escape)
    closed = not popup.isVisible()
    press_key(page)
    again = popup.isVisible()
    press_key(popup)

    titles = [text for text in said if text in {row.title for row in ROWS}]
    assert titles == ["Paystack", "Twilio (SMS)", "E-mail"]
    assert PAYSTACK_DOWN.sentence in said
    assert "Since 10:12 · 3 payments wait" in said
    assert (closed, again, popup.isVisible()) == (True, True, False)
    qtbot.waitUntil(field.hasFocus)


def test_open_details_follow_what_happens(page: QWidget, bar: StatusBar) -> None:
    """And go away when nothing is known any more."""
    bar.show_outside([PAYSTACK_DOWN])
    press_key(page)
    popup = bar.outside._popup
    assert popup is not None

    bar.show_outside([PAYSTACK_UP, SMS_REFUSED])
    said = texts(popup)
    bar.show_outside(None)

    assert PAYSTACK_DOWN.sentence not in said
    assert SMS_REFUSED.sentence in said
    assert not popup.isVisible()


def test_details_stand_inside_of_the_window(page: QWidget, bar: StatusBar) -> None:
    bar.show_outside([structs.replace(PAYSTACK_DOWN, since=NOW - timedelta(days=3)), SMS_REFUSED])

    press_key(page)
    popup = bar.outside._popup
    assert popup is not None

    assert popup.geometry().right() <= page.geometry().right()
    assert popup.geometry().bottom() <= bar.mapToGlobal(bar.rect().bottomLeft()).y()
    popup.close()


@pytest.fixture
def outside(connection: FakeConnection, session: Session) -> OutsideState:
    connection.answer(GetReachability, Reachabilities([PAYSTACK_UP, MAIL_UP]))
    return OutsideState(session, clock=lambda: NOW, parent=session)


def shown_strip(outside: OutsideState, qtbot: QtBot) -> ModeStrip:
    page = QWidget()
    qtbot.addWidget(page)
    strip = ModeStrip(outside)
    QVBoxLayout(page).addWidget(strip)
    with qtbot.waitExposed(page):
        page.show()
    return strip


def test_the_strip_says_that_no_real_money_moves_until_it_does(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Pushed: the cashier does not have to open the page again."""
    strip = shown_strip(outside, qtbot)
    before = strip.text()

    outside.reload()
    qtbot.waitUntil(lambda: strip.text() == "TEST MODE: no real money moves (Paystack)")
    connection.happen(ReachabilityChanged(row=structs.replace(PAYSTACK_UP, test_mode=False)))

    assert before == ""
    qtbot.waitUntil(lambda: strip.text() == "")


def test_a_lost_server_does_not_make_the_money_look_real(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    strip = shown_strip(outside, qtbot)
    outside.reload()
    qtbot.waitUntil(lambda: strip.text() != "")

    with qtbot.waitSignal(outside.changed):
        connection.link(SampleLink(connected=False))

    assert strip.text() == "TEST MODE: no real money moves (Paystack)"
