"""Opening a workspace that takes a while: the window lives on, no key is lost, and none comes twice."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QVBoxLayout
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from hms_desktop.shell import workshop
from hms_desktop.shell.frame import Frame
from hms_desktop.shell.header import SignedInAs
from hms_desktop.shell.late_keys import OpeningPage
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.rail import WorkspaceEntry
from hms_desktop.shell.scanner import Scanner
from hms_desktop.widgets.style import apply_style
from hms_desktop.widgets.suggestions import Suggestion
from hms_desktop.widgets.tokens import Tokens
from hms_desktop.widgets.workspace import Workspace
from tests.desktop.samples import NOW, ZONE

STEPS = 4
"""Of a workspace that takes a while."""


@dataclass
class Log:
    """What happened, in order; a step waits for nobody, but happens only when the test lets it."""

    lines: list[str] = field(default_factory=list)
    fails_once: set[str] = field(default_factory=set)


class Slow(Workspace):
    """Two fields that are built in steps, and a key that only works once they are there."""

    first: QLineEdit
    second: QLineEdit

    def __init__(self, key: str, log: Log) -> None:
        super().__init__()
        self.key = key
        self.log = log
        self.codes: list[str] = []
        QVBoxLayout(self)
        log.lines.append(f"{key} created")

    def furnish(self) -> Iterator[None]:
        layout = self.layout()
        assert layout is not None
        for _ in range(STEPS):
            yield
        if self.key in self.log.fails_once:
            self.log.fails_once.remove(self.key)
            raise RuntimeError("a mistake in the program")
        self.first, self.second = QLineEdit(), QLineEdit()
        QShortcut(Qt.Key.Key_F4, self, self.clear)
        many = [QLabel(str(number)) for number in range(2 * workshop.POLISHED_AT_ONCE)]
        for each in (self.first, self.second, *many):
            layout.addWidget(each)
        yield

    def clear(self) -> None:
        self.log.lines.append(f"{self.key} F4 with {self.first.text()!r}")
        self.first.setText("")

    def call_next(self) -> None:
        self.log.lines.append(f"{self.key} F8 with {self.first.text()!r}")

    def shown(self) -> None:
        self.log.lines.append(f"{self.key} shown")
        self.first.setFocus()

    def scanned(self, code: str) -> bool:
        self.codes.append(code)
        return True

    def open_patient(self, patient: object) -> None:
        self.log.lines.append(f"{self.key} patient {patient}")


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow("Unity Clinic")
    qtbot.addWidget(made)
    made.resize(1280, 720)
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


@pytest.fixture
def frame(window: MainWindow, log: Log) -> Frame:
    """Shows the frame whose first workspace is still being built."""

    def maker(key: str) -> Callable[[], Workspace]:
        return lambda: Slow(key, log)

    entries = [
        WorkspaceEntry(key=key, title=key.title(), icon_name="pill", factory=maker(key))
        for key in ("front", "nurse", "doctor")
    ]
    who = SignedInAs(name="Ama Serwaa", role="Nurse")
    made = Frame(entries, who=who, clock=lambda: NOW, zone=ZONE)
    window.show_page(made)
    return made


def press(window: MainWindow, key: Qt.Key, text: str = "") -> None:
    """As the platform does: to the window, which finds whoever has the focus."""
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier, text)
        QCoreApplication.sendEvent(window.windowHandle(), event)


def type_in(window: MainWindow, text: str) -> None:
    for sign in text:
        press(window, Qt.Key(ord(sign.upper())), sign)


def slow(frame: Frame) -> Slow:
    assert isinstance(frame.current, Slow)
    return frame.current


def test_the_window_lives_while_a_workspace_is_built(qtbot: QtBot, frame: Frame) -> None:
    """Its frame is there at once, and other things happen between the steps."""
    turns: list[bool] = []
    beat = QTimer(interval=0)
    beat.timeout.connect(lambda: turns.append(frame.current is None))
    beat.start()

    assert frame.current_key == "front"
    assert frame.isVisible()
    qtbot.waitUntil(lambda: frame.current is not None)
    beat.stop()

    assert turns.count(True) >= STEPS


def test_keys_that_come_too_early_arrive_in_order(
    qtbot: QtBot, window: MainWindow, frame: Frame, log: Log
) -> None:
    """Letters, Tab, the workspace's own keys and the frame's: as if it had been there from the start."""
    type_in(window, "ada")
    press(window, Qt.Key.Key_F8)
    press(window, Qt.Key.Key_F4)
    type_in(window, "obi")
    press(window, Qt.Key.Key_Tab, "\t")
    type_in(window, "46")
    assert frame.current is None

    qtbot.waitUntil(lambda: frame.current is not None)

    assert log.lines == ["front created", "front shown", "front F8 with 'ada'", "front F4 with 'ada'"]
    assert slow(frame).first.text() == "obi"
    assert slow(frame).second.text() == "46"
    assert slow(frame).second.hasFocus()


def test_keys_that_were_kept_are_not_taken_for_a_scan(
    qtbot: QtBot, qapp: QApplication, window: MainWindow, frame: Frame
) -> None:
    """They come all at once, but a person has typed them."""
    now_s = [0.0]

    def slow_clock() -> float:
        now_s[0] += 0.2
        return now_s[0]

    scanner = Scanner(qapp, clock_s=slow_clock)
    codes: list[str] = []
    scanner.scanned.connect(codes.append)
    type_in(window, "okonkwo")
    press(window, Qt.Key.Key_Return, "\r")
    scanner._clock_s = lambda: 0.0

    qtbot.waitUntil(lambda: frame.current is not None)
    scanner.stop()

    assert codes == []
    assert slow(frame).first.text() == "okonkwo"


def test_a_scan_and_a_patient_wait_for_the_workspace(qtbot: QtBot, frame: Frame, log: Log) -> None:
    """Both are for whoever is about to appear."""
    frame.scanned("2001234567893")
    frame.open_patient("Ada")  # type: ignore[arg-type] # whoever it is

    qtbot.waitUntil(lambda: frame.current is not None)

    assert slow(frame).codes == ["2001234567893"]
    assert log.lines[-1] == "front patient Ada"


def test_the_next_workspace_opens_after_the_keys_for_this_one(
    qtbot: QtBot, window: MainWindow, frame: Frame, log: Log
) -> None:
    """What was typed before Ctrl+2 stays in the first workspace, what came after goes into the second."""
    type_in(window, "ada")
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    type_in(window, "obi")

    qtbot.waitUntil(lambda: frame.current_key == "nurse" and frame.current is not None)

    assert slow(frame).first.text() == "obi"
    front = frame.open("front")
    assert isinstance(front, Slow)
    assert front.first.text() == "ada"


def test_the_search_box_gets_what_is_typed_after_its_key(
    qtbot: QtBot, window: MainWindow, frame: Frame
) -> None:
    """And the workspace what was typed before."""
    type_in(window, "obi")
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    type_in(window, "ada")

    qtbot.waitUntil(lambda: frame.current is not None)

    assert slow(frame).first.text() == "obi"
    assert frame.search.text() == "ada"
    assert frame.search.editor.hasFocus()


@pytest.mark.parametrize("before", ["", "obi"])
def test_who_has_clicked_into_the_search_box_stays_there(
    qtbot: QtBot, window: MainWindow, frame: Frame, before: str
) -> None:
    """A workspace that is ready does not take the focus away from somebody who types."""
    type_in(window, before)
    frame.search.editor.setFocus(Qt.FocusReason.MouseFocusReason)
    type_in(window, "ad")
    frame.search.suggest([Suggestion(value=1, words="Ada")], for_text="ad")

    qtbot.waitUntil(lambda: frame.current is not None)
    still_open = frame.search.is_open()
    type_in(window, "a")

    assert still_open or before
    assert frame.search.text() == "ada"
    assert slow(frame).first.text() == before
    assert slow(frame).isEnabled()


def test_other_workspaces_are_prepared_while_nobody_types(qtbot: QtBot, frame: Frame, log: Log) -> None:
    """They are there without having been shown, and open at once."""
    frame.prepare_others()
    qtbot.waitUntil(lambda: len(frame._built) == 3)

    assert log.lines == ["front created", "front shown", "nurse created", "doctor created"]
    assert frame.current_key == "front"
    assert isinstance(frame.open("doctor"), Slow)


def test_nothing_is_prepared_while_somebody_types(
    qtbot: QtBot, window: MainWindow, frame: Frame, log: Log
) -> None:
    """Each key puts it off."""
    qtbot.waitUntil(lambda: frame.current is not None)
    untouched = frame._workshop._untouched
    untouched.setInterval(1_000_000)
    frame.prepare_others()

    untouched.stop()
    untouched.timeout.emit()
    type_in(window, "a")
    QTest.qWait(50)
    assert "nurse created" not in log.lines
    assert untouched.isActive()
    untouched.stop()
    untouched.timeout.emit()

    qtbot.waitUntil(lambda: "doctor created" in log.lines)


def test_what_can_wait_comes_after_all_workspaces(qtbot: QtBot, frame: Frame) -> None:
    """Once, also where everything is opened by hand later."""
    built: list[int] = []
    frame.prepared.connect(lambda: built.append(len(frame._built)))
    frame.prepare_others()

    qtbot.waitUntil(lambda: bool(built))
    frame.open("nurse")
    QTest.qWait(20)

    assert built == [3]


def test_a_workspace_that_is_being_prepared_is_not_built_twice(qtbot: QtBot, frame: Frame, log: Log) -> None:
    """Who opens it meanwhile gets what has been begun."""
    frame.prepare_others()
    qtbot.waitUntil(lambda: "nurse created" in log.lines)

    frame.open("nurse")
    qtbot.waitUntil(lambda: frame.current is not None)

    assert log.lines.count("nurse created") == 1
    assert frame.current_key == "nurse"


def test_nothing_stays_of_a_workspace_that_nobody_waits_for_any_more(
    qtbot: QtBot, window: MainWindow, frame: Frame, log: Log
) -> None:
    """Who signs out at once leaves nothing behind, also no part without a place; nothing is built on."""
    workspace = next(iter(frame.findChildren(Slow)))
    part = workspace.own(QLabel("without a place"))

    window.drop_page(frame)
    frame.refetch()
    qtbot.waitUntil(lambda: not isValid(part))

    assert not isValid(workspace)
    assert "front shown" not in log.lines


def test_a_mistake_while_building_leaves_nothing_half_done(qtbot: QtBot, frame: Frame, log: Log) -> None:
    """The next attempt begins anew."""
    qtbot.waitUntil(lambda: frame.current is not None)
    log.fails_once.add("nurse")
    with qtbot.captureExceptions() as mistakes:
        frame.open("nurse")
        qtbot.waitUntil(lambda: bool(mistakes))

    frame.open("front")
    frame.open("nurse")
    qtbot.waitUntil(lambda: frame.current is not None)

    assert frame.current_key == "nurse"
    assert log.lines.count("nurse created") == 2


def test_a_workspace_is_styled_before_it_is_shown(qtbot: QtBot, window: MainWindow, frame: Frame) -> None:
    """What is shown at once has its style, so that showing it takes no time."""
    apply_style(QApplication.instance(), Tokens(), window=window)  # type: ignore[arg-type] # it is one
    frame.prepare_others()
    qtbot.waitUntil(lambda: "doctor" in frame._built)

    parts = frame._built["doctor"].findChildren(QLabel)
    assert all(part.testAttribute(Qt.WidgetAttribute.WA_WState_Polished) for part in parts)


def test_an_empty_page_says_that_something_is_under_way(qtbot: QtBot) -> None:
    """After a moment, and no longer than it has to."""
    page = OpeningPage()
    qtbot.addWidget(page)
    page.show()

    page.wait()
    at_once = page._bar.isVisible()
    qtbot.waitUntil(page._bar.isVisible)
    page.hand_on()

    assert not at_once
    assert not page._bar.isVisible()


def test_modules_are_loaded_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is one module, panels last; what is loaded already takes none."""
    for name in ("__init__", "panel", "state", "inner/__init__", "inner/panel"):
        path = tmp_path / "slice_of_a_test" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    monkeypatch.syspath_prepend(tmp_path)

    loaded = [set(sys.modules) for _ in workshop.load("slice_of_a_test")]

    news = [after - before for before, after in pairwise(loaded)]
    assert "slice_of_a_test" not in loaded[0]
    assert "slice_of_a_test.state" in news[0]
    assert news[1:] == [{"slice_of_a_test.inner.panel"}, {"slice_of_a_test.panel"}]
    assert len(list(workshop.load("slice_of_a_test"))) == 1
