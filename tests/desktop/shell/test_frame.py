"""The frame: keys reach the workspace in front, workspaces are made when needed, alerts do not interrupt."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout
from pytestqt.qtbot import QtBot

from hms_desktop.session import Stored
from hms_desktop.shell.frame import Frame
from hms_desktop.shell.header import MenuEntry, SignedInAs
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.rail import WorkspaceEntry
from hms_desktop.shell.status import StatusBar
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract.accounts import StaffChanged
from hms_server.contract.envelope import Event
from hms_server.contract.values import StaffId
from tests.desktop.samples import ALERTS, NOW, ZONE, SampleLink


@dataclass
class Log:
    """What happened to which workspace."""

    lines: list[str] = field(default_factory=list)


class Desk(Workspace):
    """A workspace that notes what the frame does with it."""

    def __init__(self, key: str, log: Log) -> None:
        super().__init__()
        self.key = key
        self.log = log
        self.note = QPlainTextEdit()
        QVBoxLayout(self).addWidget(self.note)
        self.wants: set[str] = set()
        self.shows = 0
        log.lines.append(f"{key} created")

    def call_next(self) -> None:
        self.log.lines.append(f"{self.key} call")

    def primary(self) -> None:
        self.log.lines.append(f"{self.key} primary")

    def shown(self) -> None:
        self.shows += 1
        self.note.setFocus()

    def on_event(self, event: Event) -> None:
        self.log.lines.append(f"{self.key} {type(event).__name__}")

    def refetch(self) -> None:
        self.log.lines.append(f"{self.key} refetch")

    def scanned(self, code: str) -> bool:
        return code in self.wants


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def window(qtbot: QtBot, log: Log) -> MainWindow:
    made = MainWindow("Unity Clinic")
    qtbot.addWidget(made)
    made.resize(1280, 720)
    made.show_page(make_frame(log))
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


@pytest.fixture
def frame(window: MainWindow) -> Frame:
    assert isinstance(window.page, Frame)
    return window.page


def make_frame(log: Log) -> Frame:
    def maker(key: str) -> Callable[[], Workspace]:
        return lambda: Desk(key, log)

    entries = [
        WorkspaceEntry(key=key, title=key.title(), icon_name="pill", factory=maker(key))
        for key in ("front", "nurse", "doctor")
    ]
    who = SignedInAs(name="Ama Serwaa", role="Nurse", room="Triage")
    return Frame(entries, who=who, clock=lambda: NOW, zone=ZONE)


def press(frame: Frame, key: Qt.Key, *, ctrl: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    target = QApplication.focusWidget() or frame
    QTest.keyClick(target, key, modifier)


def test_workspace_is_created_when_first_opened(frame: Frame, log: Log) -> None:
    """The window is there before all of its workspaces are."""
    at_start = list(log.lines)

    press(frame, Qt.Key.Key_3, ctrl=True)
    press(frame, Qt.Key.Key_1, ctrl=True)
    press(frame, Qt.Key.Key_3, ctrl=True)

    assert at_start == ["front created"]
    assert log.lines == ["front created", "doctor created"]
    assert frame.current_key == "doctor"


def test_workspace_is_told_once_that_it_is_shown(frame: Frame) -> None:
    """What a workspace fetches when it comes to the front is fetched once, also at the start."""
    first = frame.current
    nurse = frame.open("nurse")

    assert isinstance(first, Desk)
    assert isinstance(nurse, Desk)
    assert (first.shows, nurse.shows) == (1, 1)


def test_keys_reach_the_workspace_in_front(frame: Frame, log: Log) -> None:
    """F8 and Ctrl+Enter work wherever the focus is, also while typing a note."""
    frame.open("nurse")

    press(frame, Qt.Key.Key_F8)
    press(frame, Qt.Key.Key_Return, ctrl=True)
    press(frame, Qt.Key.Key_Enter, ctrl=True)

    assert log.lines[-3:] == ["nurse call", "nurse primary", "nurse primary"]
    assert isinstance(QApplication.focusWidget(), QPlainTextEdit)


def test_key_held_down_calls_once(frame: Frame, log: Log) -> None:
    """A heavy hand on F8 does not call five patients."""
    target = QApplication.focusWidget()
    assert target is not None
    nothing = Qt.KeyboardModifier.NoModifier
    QTest.keyPress(target, Qt.Key.Key_F8)

    for _ in range(4):
        repeat = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_F8, nothing, "", True)
        QApplication.sendEvent(target, repeat)
        QApplication.sendEvent(target, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_F8, nothing, "", True))

    assert log.lines.count("front call") == 1


def test_search_key_goes_to_the_search_box(frame: Frame) -> None:
    """Ctrl+K from anywhere."""
    press(frame, Qt.Key.Key_K, ctrl=True)

    assert frame.search.editor.hasFocus()


def test_events_reach_all_workspaces_that_exist(frame: Frame, log: Log) -> None:
    """A hidden workspace learns what happened; one that is not there yet fetches when it is made."""
    frame.open("nurse")

    frame.show_event(StaffChanged(staff_id=StaffId(1)))
    frame.refetch()

    events = ["front StaffChanged", "nurse StaffChanged", "front refetch", "nurse refetch"]
    assert log.lines[-4:] == events


def test_switch_takes_less_than_a_tenth_of_a_second(frame: Frame) -> None:
    """Going back and forth between workspaces is felt as instant."""
    for key in ("front", "nurse", "doctor"):
        frame.open(key)
    QApplication.processEvents()

    began_s = time.perf_counter()
    for key in ("front", "nurse", "doctor") * 5:
        frame.open(key)
        QApplication.processEvents()
    took_ms = (time.perf_counter() - began_s) * 1000 / 15

    assert took_ms < 100


def test_new_alert_takes_no_focus(frame: Frame) -> None:
    """The doctor goes on writing while an alert slides in."""
    note = QApplication.focusWidget()
    assert isinstance(note, QPlainTextEdit)

    frame.announce(ALERTS[0])
    frame.show_alerts(ALERTS)
    QTest.keyClicks(note, "still writing")

    assert QApplication.focusWidget() is note
    assert note.toPlainText() == "still writing"
    assert frame.header._unseen.text() == "1 alert not seen"


def test_tray_opens_and_closes_by_key(frame: Frame) -> None:
    """Ctrl+B shows what nobody has acknowledged; Escape and Ctrl+B take it away."""
    frame.show_alerts(ALERTS)

    press(frame, Qt.Key.Key_B, ctrl=True)
    opened = frame._popup.isVisible()
    press(frame, Qt.Key.Key_Escape)
    closed = not frame._popup.isVisible()

    assert opened
    assert closed


def test_toast_of_an_alert_acknowledges(qtbot: QtBot, frame: Frame) -> None:
    """Seen at once, without opening the tray."""
    frame.announce(ALERTS[0])
    toast = frame._toasts.shown[0]
    button = next(each for each in toast.findChildren(SecondaryButton) if each.text() == "Seen")

    with qtbot.waitSignal(frame.alert_acknowledged) as seen:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    assert seen.args == [ALERTS[0]]
    assert frame._toasts.shown == ()


def test_scan_goes_to_the_workspace_first(qtbot: QtBot, frame: Frame) -> None:
    """What the workspace does not know is looked up in the search box."""
    desk = frame.current
    assert isinstance(desk, Desk)
    desk.wants = {"2001234567893"}

    frame.scanned("2001234567893")
    known = frame.search.text()
    with qtbot.waitSignal(frame.search.text_entered) as asked:
        frame.scanned("P000447-1")

    assert known == ""
    assert asked.args == ["P000447-1"]


def test_status_never_says_stored_too_early(frame: Frame) -> None:
    """Saving, waiting and stored are three different things, and the time is the clinic's."""
    said = []
    for stored in (
        Stored(),
        Stored(saving=1),
        Stored(waiting=2, stored_at=NOW),
        Stored(stored_at=NOW),
    ):
        frame.show_stored(stored)
        said.append(frame.status.texts()[1])

    assert said == ["Nothing to store", "Saving…", "Waiting on this workstation (2)", "Stored 10:42:07"]
    assert frame.status.texts()[2] == "Fri 20 Nov 2026  10:42"


def test_status_says_whether_the_server_is_there(frame: Frame) -> None:
    """A lost link is a sentence, not only a colour."""
    frame.show_link(SampleLink(round_trip_ms=0.4))
    connected = frame.status.texts()[0]
    frame.show_link(SampleLink(connected=False))

    assert connected == "Connected to clinic-server · 1 ms · encrypted"
    assert frame.status.texts()[0] == "No connection to clinic-server"


def test_notice_of_a_workspace_is_shown(frame: Frame) -> None:
    """A workspace says something in passing; the frame shows it."""
    assert frame.current is not None

    frame.current.notice(Kind.OK, "Label printed")

    assert [toast.accessibleName() for toast in frame._toasts.shown] == ["Label printed"]


def test_menu_says_what_was_chosen(qtbot: QtBot, frame: Frame) -> None:
    """The person's menu is data."""
    frame.header.set_menu([MenuEntry(key="out", words="Sign out")])

    with qtbot.waitSignal(frame.menu_chosen) as chosen:
        frame.header._menu.actions()[0].trigger()

    assert chosen.args == ["out"]


def test_dropped_frame_is_gone(qtbot: QtBot, window: MainWindow, frame: Frame) -> None:
    """At sign-out nothing of a patient stays in memory, and no key of the frame works any more."""
    with qtbot.waitSignal(frame.destroyed, timeout=1000):
        window.drop_page(frame)

    assert window.page is None


def test_clock_of_the_status_bar_moves(qtbot: QtBot) -> None:
    """The clinic's time goes on while nobody does anything."""
    now = [NOW]
    bar = StatusBar(clock=lambda: now[0], zone=ZONE)
    qtbot.addWidget(bar)

    now[0] = NOW + timedelta(minutes=1)
    qtbot.waitUntil(lambda: bar.texts()[2].endswith("10:43"), timeout=2500)
