"""What every test of the desktop gets: no display, the look, a connection under control, and guards."""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QObject, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from hms_desktop.session import Link, Session
from hms_desktop.widgets.style import apply_style
from hms_desktop.widgets.tokens import Tokens
from hms_server.contract.envelope import Event, Fault, Request
from tests.desktop.samples import NOW

A = TypeVar("A")
Answering = Callable[[Any], object]


@dataclass
class FakeConnection:
    """Answers by request type, at once or when the test says so, and records what it was asked.

    `answer(SearchPatients, hits)` gives a value, a `Fault`, or what a function makes of the request. What
    has no answer stays unanswered, as with a server that is away.
    """

    asked: list[Request[Any]] = field(default_factory=list)
    held: deque[tuple[Request[Any], Callable[[Any], None]]] = field(default_factory=deque)
    closed: bool = False
    _answers: dict[type[Request[Any]], Answering] = field(default_factory=dict)
    _holding: bool = False
    _on_event: list[Callable[[Event], None]] = field(default_factory=list)
    _on_link: list[Callable[[Link], None]] = field(default_factory=list)
    _on_gap: list[Callable[[], None]] = field(default_factory=list)
    _on_lapsed: list[Callable[[Fault], None]] = field(default_factory=list)

    def answer(self, request: type[Request[A]], value: A | Fault | Answering) -> None:
        """From now on requests of this type get that."""
        self._answers[request] = value if callable(value) else lambda _request: value

    def hold(self) -> None:
        """From now on answers wait for `release`."""
        self._holding = True

    def release(self, count: int = -1) -> None:
        """Gives the first so many held answers, by default all, and holds no more when none is left."""
        while self.held and count:
            self._give(*self.held.popleft())
            count -= 1
        self._holding = bool(self.held)

    def requests(self, kind: type[Request[A]]) -> list[Any]:
        """All requests of a type, oldest first."""
        return [request for request in self.asked if isinstance(request, kind)]

    def happen(self, event: Event) -> None:
        """The server commits something."""
        for callback in self._on_event:
            callback(event)

    def link(self, link: Link) -> None:
        """The connection changes."""
        for callback in self._on_link:
            callback(link)

    def lose_events(self) -> None:
        """There was a gap."""
        for callback in self._on_gap:
            callback()

    def lapse(self, fault: Fault) -> None:
        """The session is not signed in any more."""
        for callback in self._on_lapsed:
            callback(fault)

    def submit(self, request: Request[A], on_answer: Callable[[A | Fault], None]) -> None:
        self.asked.append(request)
        if self._holding or type(request) not in self._answers:
            self.held.append((request, on_answer))
        else:
            self._give(request, on_answer)

    def on_event(self, callback: Callable[[Event], None]) -> None:
        self._on_event.append(callback)

    def on_link(self, callback: Callable[[Link], None]) -> None:
        self._on_link.append(callback)

    def on_gap(self, callback: Callable[[], None]) -> None:
        self._on_gap.append(callback)

    def on_lapsed(self, callback: Callable[[Fault], None]) -> None:
        self._on_lapsed.append(callback)

    def close(self) -> None:
        self.closed = True

    def _give(self, request: Request[Any], on_answer: Callable[[Any], None]) -> None:
        answer = self._answers.get(type(request))
        if answer is not None:
            on_answer(answer(request))


DELETED_WITHIN = 10
"""Turns of the event loop."""


class ShownWindows(QObject):
    """Remembers what appeared as a window: a part that is shown too early flashes and takes the focus."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: list[QWidget] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self._seen.append(watched)
        return False

    def flashed(self) -> list[str]:
        """What was a window once and is a part of a page now."""
        parts = [one for one in self._seen if isValid(one) and not one.isWindow()]
        return [f"{type(one).__name__} {one.accessibleName()!r}" for one in parts]


@pytest.fixture(autouse=True)
def window_guard(qapp: QApplication) -> Iterator[None]:
    """Fails the test that leaves a window on the screen or a timer running.

    Asked for by every test, so it ends after pytest-qt has closed what was handed to `qtbot`.
    """
    before = set(map(id, _running_timers()))
    shown = ShownWindows()
    qapp.installEventFilter(shown)
    yield
    qapp.removeEventFilter(shown)
    if flashed := shown.flashed():
        pytest.fail(f"Shown as windows before they had a page: {flashed}", pytrace=False)
    # What is printed outlives the page from where it was printed, and must not outlive the test's folder.
    QThreadPool.globalInstance().waitForDone()
    for _ in range(DELETED_WITHIN):
        # A page takes along what it owns, which is deleted a turn after it.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        if all(id(timer) in before for timer in _running_timers()):
            break
        qapp.processEvents()
    windows = [window for window in qapp.topLevelWidgets() if window.isVisible()]
    names = [f"{type(window).__name__} {window.windowTitle()!r}" for window in windows]
    for window in windows:
        window.close()
        window.deleteLater()
    timers = [timer for timer in _running_timers() if id(timer) not in before]
    owners = [type(timer.parent()).__name__ for timer in timers]
    for timer in timers:
        timer.stop()
    if names or owners:
        pytest.fail(f"Left behind: windows {names}, running timers of {owners}", pytrace=False)


def _running_timers() -> list[QTimer]:
    # Half a million objects are gone through twice in each test: `isinstance` would ask Shiboken of each.
    kinds = {QTimer, *QTimer.__subclasses__()}
    found = [thing for thing in gc.get_objects() if type(thing) in kinds]
    return [timer for timer in found if isValid(timer) and timer.isActive()]


@pytest.fixture(autouse=True)
def _look(qapp: QApplication) -> None:
    """The same look and locale in every test, and no style sheet parsed twice."""
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    if not qapp.styleSheet():
        apply_style(qapp, Tokens())


@pytest.fixture
def connection() -> FakeConnection:
    """A connection whose answers the test decides."""
    return FakeConnection()


@pytest.fixture
def session(connection: FakeConnection, qapp: QApplication) -> Iterator[Session]:
    """A session on the fake connection; its clock stands still."""
    made = Session(connection, clock=lambda: NOW)
    yield made
    made.close()
    made.deleteLater()
