"""A desktop that measures itself: start until usable, switches of workspaces, its longest stall."""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import msgspec
from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer
from PySide6.QtWidgets import QAbstractItemView, QApplication  # noqa: TID251 - it opens the real window

from hms_desktop.app import App, Options
from hms_desktop.demo_sign_in import DemoSignIn, read_demo
from hms_desktop.identity_file import IdentityFile
from hms_desktop.steady import keep_steady
from hms_desktop.workspaces import workspaces_of
from hms_server.contract.values import Role

PATIENCE_S = 30.0
BEAT_MS = 5
SWITCHES = 5


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Moments are of the machine's monotonic clock; what was not asked for is empty."""

    usable_s: float
    first_switch_ms: dict[str, float]
    switch_ms: dict[str, float]
    stall_ms: float


class Heartbeat(QObject):
    """The longest time for which the event loop did not come round."""

    def __init__(self) -> None:
        super().__init__()
        self.longest_ms = 0.0
        self._since = QElapsedTimer()
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._since.start()
        self._timer.start()

    def _beat(self) -> None:
        passed_ms = self._since.nsecsElapsed() / 1e6 - BEAT_MS
        self.longest_ms = max(self.longest_ms, passed_ms)
        self._since.restart()


def main() -> None:
    """Prints what it measured as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["start", "switch", "day"])
    parser.add_argument("sign_in", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    keep_steady()
    application = QApplication(sys.argv[:1])
    people = read_demo(options.sign_in)
    pairings = IdentityFile(options.folder / "identity.json")
    app = App(application, Options(folder=options.folder, pairings=pairings, demo=people))
    app.start()
    usable_s = await_usable(application, app)
    heartbeat = Heartbeat()
    first_ms, again_ms = switch(application, app) if options.mode == "switch" else ({}, {})
    if options.mode == "day":
        heartbeat.start()
        play(app, people)
    measured = Measured(
        usable_s=usable_s, first_switch_ms=first_ms, switch_ms=again_ms, stall_ms=heartbeat.longest_ms
    )
    app.close()
    print(msgspec.json.encode(measured).decode(), flush=True)


def await_usable(application: QApplication, app: App) -> float:
    """The moment at which the window is painted and its list has rows."""
    until_s = time.monotonic() + PATIENCE_S
    while not is_filled(app):
        application.processEvents()
        if time.monotonic() > until_s:
            raise TimeoutError("the window did not become usable")
        time.sleep(0.001)
    application.processEvents()
    return time.monotonic()


def is_filled(app: App) -> bool:
    if app.desk is None or app.desk.frame.current is None:
        return False
    lists = app.desk.frame.current.findChildren(QAbstractItemView)
    return any(one.isVisible() and one.model() and one.model().rowCount() > 0 for one in lists)


def switch(application: QApplication, app: App) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds until each workspace is painted: when it is built, and when it is opened again."""
    assert app.desk is not None
    frame = app.desk.frame
    opened = frame.current_key
    keys = [found.key for found in workspaces_of(list(Role)) if found.key != opened]
    first: dict[str, float] = {}
    again: dict[str, float] = {}
    for key in keys:
        first[key] = _open_ms(application, app, key)
        turns = [_open_ms(application, app, each) for _ in range(SWITCHES) for each in (opened, key)]
        again[key] = statistics.median(turns)
    return first, again


def _open_ms(application: QApplication, app: App, key: str) -> float:
    assert app.desk is not None
    began_s = time.monotonic()
    app.desk.frame.open(key)
    while app.desk.frame.current is None:
        application.processEvents()
    application.processEvents()
    return 1000 * (time.monotonic() - began_s)


def play(app: App, people: DemoSignIn) -> None:
    """One patient's whole day by keys."""
    # Only this needs the story, and the start is to be measured as users have it.
    from hms_desktop.demo_day.keyboard import Keyboard
    from hms_desktop.demo_day.story import Day

    app.window.activateWindow()
    Day(app, people, Keyboard(app.window), picture=lambda _words: None).play()


if __name__ == "__main__":
    main()
