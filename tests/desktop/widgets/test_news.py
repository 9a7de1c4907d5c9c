"""Alerts, toasts, notices and list states: seen, never in the way, never a lie."""

from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.widgets import toasts
from hms_desktop.widgets.alerts import AlertTray
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.rows import Column, RowsModel
from hms_desktop.widgets.score import ScoreBox
from hms_desktop.widgets.states import QUIET_MS, ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.toasts import Toasts
from hms_desktop.widgets.tokens import Kind
from tests.desktop.samples import ALERTS, NOW


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    QVBoxLayout(made).addWidget(QLineEdit())
    made.resize(800, 500)
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def texts(widget: QWidget) -> str:
    """All that a widget says, in one string."""
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def test_alert_counts_down_while_seen(qtbot: QtBot) -> None:
    """The tray says how long until the alert moves on, second by second, and that it has."""
    clock = Clock()
    tray = AlertTray(clock=clock)
    qtbot.addWidget(tray)
    tray.show_alerts(ALERTS)
    tray.show()
    first = texts(tray)

    clock.now += timedelta(seconds=100)
    qtbot.waitUntil(lambda: "in 2:00" in texts(tray), timeout=2500)
    clock.now += timedelta(seconds=200)
    qtbot.waitUntil(lambda: "moving on" in texts(tray), timeout=2500)

    assert "in 3:40" in first
    assert tray.unseen() == 1


def test_acknowledging_is_asked_for_not_assumed(qtbot: QtBot) -> None:
    """The button says that the person has seen it; the alert stays until the server says so."""
    tray = AlertTray(clock=lambda: NOW)
    qtbot.addWidget(tray)
    tray.show_alerts(ALERTS)
    tray.show()
    buttons = [each for each in tray.findChildren(SecondaryButton) if each.text() == "Seen"]

    with qtbot.waitSignal(tray.acknowledged) as seen:
        QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)

    assert seen.args == [ALERTS[0]]
    assert len(buttons) == 1
    assert tray.unseen() == 1


def test_toast_leaves_the_focus_where_it_is(qtbot: QtBot, page: QWidget) -> None:
    """Who is typing goes on typing while an alert slides in."""
    field = page.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.setFocus()
    news = Toasts(page)

    news.say(Kind.DANGER, "NEWS2 10 · Ada Obi", actions=[Action("Open", lambda: None)])
    QTest.keyClicks(field, "still typing")

    assert field.hasFocus()
    assert field.text() == "still typing"
    assert len(news.shown) == 1
    news.clear()


def test_news_leave_by_themselves_but_danger_stays(
    qtbot: QtBot, page: QWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs no answer goes away; what is dangerous waits for somebody to close it."""
    monkeypatch.setattr(toasts, "SHOWN_MS", 30)
    news = Toasts(page)

    news.say(Kind.OK, "Printed")
    news.say(Kind.DANGER, "The printer is missing")
    qtbot.waitUntil(lambda: len(news.shown) == 1)
    qtbot.wait(60)

    assert [toast.accessibleName() for toast in news.shown] == ["The printer is missing"]
    news.clear()


def test_toast_stays_inside_its_window(qtbot: QtBot, page: QWidget) -> None:
    """Also when the window becomes smaller."""
    news = Toasts(page)
    news.say(Kind.WARNING, "A long title that wraps over several lines", "And a sentence that explains it.")
    qtbot.wait(toasts.SLIDE_MS * 2)

    page.resize(500, 500)
    qtbot.wait(1)

    assert page.rect().contains(news.shown[0].geometry())
    news.clear()


def test_notice_acts_and_is_replaced(qtbot: QtBot, page: QWidget) -> None:
    """A notice carries what can be done; the next one takes its place, buttons included."""
    done: list[str] = []
    notice = Notice()
    layout = page.layout()
    assert layout is not None
    layout.addWidget(notice)
    notice.say(Kind.DANGER, "Penicillin allergy", actions=[Action("Override…", lambda: done.append("x"))])

    button = notice.findChild(SecondaryButton)
    assert isinstance(button, SecondaryButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    notice.say(Kind.OK, "Reason stored")
    qtbot.wait(1)

    assert done == ["x"]
    assert notice.text() == "Reason stored"
    assert notice.findChildren(SecondaryButton) == []


def test_parts_without_a_page_never_become_windows(qtbot: QtBot) -> None:
    """What is filled before it is placed does not flash on the screen, and appears with its page."""
    notice, score, pill = Notice(), ScoreBox(), Pill("")
    notice.say(Kind.INFO, "Hello")
    score.show_score(Kind.OK, number="0", title="NEWS2: low")
    pill.set("2 points", Kind.WARNING)
    flashed = [part.isVisible() for part in (notice, score, pill)]

    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    for part in (notice, score, pill):
        column.addWidget(part)
    page.show()

    assert flashed == [False, False, False]
    assert all(part.isVisible() for part in (notice, score, pill))


def test_button_shows_and_binds_its_key(qtbot: QtBot, page: QWidget) -> None:
    """A key on a button presses it, except those that the frame routes."""
    own, routed = SecondaryButton("Print", key="F6"), PrimaryButton("Call & go", key="F8")
    layout = page.layout()
    assert layout is not None
    layout.addWidget(own)
    layout.addWidget(routed)
    qtbot.wait(1)

    with qtbot.waitSignal(own.clicked):
        QTest.keyClick(page, Qt.Key.Key_F6)
    with qtbot.assertNotEmitted(routed.clicked):
        QTest.keyClick(page, Qt.Key.Key_F8)

    assert own.text() == "Print   F6"
    assert (routed.text(), routed.accessibleName()) == ("Call && go   F8", "Call & go")


@pytest.fixture
def states(qtbot: QtBot) -> ListState:
    model = RowsModel([Column[int](title="Row", text=str)], key=lambda row: row)
    table = TableView(model, name="Rows")
    model.setParent(table)
    made = ListState(table, empty="Nobody is waiting")
    qtbot.addWidget(made)
    made.show()
    return made


def test_quick_answer_shows_no_progress(qtbot: QtBot, states: ListState) -> None:
    """No flicker for what is there at once; a quiet bar for what takes longer."""
    states.show_loading()
    at_once = states.state()
    qtbot.waitUntil(lambda: states.state() == "loading", timeout=QUIET_MS * 4)

    assert at_once == "quiet"


def test_failure_is_not_emptiness(qtbot: QtBot, states: ListState) -> None:
    """A list that could not be fetched says so and can be tried again."""
    states.show_rows()
    empty = (states.state(), texts(states))
    states.show_error("The server has not answered.")

    with qtbot.waitSignal(states.retried):
        QTest.mouseClick(states._retry, Qt.MouseButton.LeftButton)

    assert empty == ("empty", "Nobody is waiting")
    assert (states.state(), texts(states)) == ("error", "The server has not answered.")


def test_refresh_of_a_filled_list_leaves_it_there(states: ListState) -> None:
    """Who reads a list is not interrupted because it is fetched again."""
    assert isinstance(states.view, QAbstractItemView)
    model = states.view.model()
    assert isinstance(model, RowsModel)
    model.replace([1, 2])
    states.show_rows()

    states.show_loading()

    assert states.state() == "filled"
