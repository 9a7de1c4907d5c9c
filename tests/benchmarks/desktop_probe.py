"""A desktop that measures itself: start until usable, switches of workspaces, its longest stalls."""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import msgspec
from PySide6.QtCore import QEvent, Qt, QThreadPool
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication  # noqa: TID251 - it opens the real window

from hms_desktop.app import App
from hms_desktop.demo_sign_in import read_demo
from hms_desktop.identity_file import IdentityFile
from hms_desktop.options import Options
from hms_desktop.printing.ready import get_ready
from hms_desktop.steady import keep_steady
from hms_desktop.workspaces import load_slices, workspaces_of
from hms_server.contract.demo import DemoSignIn
from hms_server.contract.values import Role
from tests.benchmarks.stalls import Stall, Stalls

PATIENCE_S = 30.0
SWITCHES = 5


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Moments are of the machine's monotonic clock; what was not asked for is empty."""

    usable_s: float
    first_switch_ms: dict[str, float]
    switch_ms: dict[str, float]
    stalls: list[Stall]


def main() -> None:
    """Prints what it measured as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["start", "switch", "prepared", "day"])
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
    first_ms, again_ms, stalls = measure(options.mode, application, app, people)
    measured = Measured(usable_s=usable_s, first_switch_ms=first_ms, switch_ms=again_ms, stalls=stalls)
    app.close()
    print(msgspec.json.encode(measured).decode(), flush=True)


def measure(
    mode: str, application: QApplication, app: App, people: DemoSignIn
) -> tuple[dict[str, float], dict[str, float], list[Stall]]:
    """What this mode is about."""
    if mode == "day":
        return {}, {}, play(app, people)
    if mode in ("switch", "prepared"):
        # What the sign-in page does while somebody types a password, and a demo has no time for.
        get_ready()
        stalls = Stalls()
        stalls.start()
        for _ in load_slices():
            application.processEvents()
        if mode == "prepared":
            await_prepared(application, app)
        first_ms, again_ms = switch(application, app)
        stalls.stop()
        return first_ms, again_ms, stalls.worst()
    return {}, {}, []


def await_prepared(application: QApplication, app: App) -> None:
    """Nobody types, so that all workspaces are built before somebody asks for them."""
    assert app.desk is not None
    prepared: list[bool] = []
    app.desk.frame.prepared.connect(lambda: prepared.append(True))
    until_s = time.monotonic() + PATIENCE_S
    while not prepared:
        application.processEvents()
        if time.monotonic() > until_s:
            raise TimeoutError("the workspaces were not prepared")
        time.sleep(0.001)
    # The library that prints is loaded now, which holds up whoever wants Python meanwhile.
    while QThreadPool.globalInstance().activeThreadCount():
        application.processEvents()
        time.sleep(0.001)


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
        # As the key does with which somebody opens it: nothing else is prepared meanwhile.
        touch(application, app)
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


def touch(application: QApplication, app: App) -> None:
    """A key that does nothing."""
    key = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Shift, Qt.KeyboardModifier.ShiftModifier)
    application.sendEvent(app.window.windowHandle(), key)


def play(app: App, people: DemoSignIn) -> list[Stall]:
    """One patient's whole day by keys, and what held the window up most."""
    # Only this needs the story, and the start is to be measured as users have it. It brings the panels of
    # all workspaces along, which is not to be counted either.
    from hms_desktop.demo_day.keyboard import Keyboard
    from hms_desktop.demo_day.story import Day

    app.window.activateWindow()
    stalls = Stalls()
    stalls.start()
    Day(app, people, Keyboard(app.window), picture=lambda _words: None).play()
    stalls.stop()
    return stalls.worst()


if __name__ == "__main__":
    main()
