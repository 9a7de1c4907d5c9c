"""Opens every workspace of every role, and the waiting room's screen, and keeps a picture of each."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication  # noqa: TID251 - pictures are taken of windows

from hms_desktop.app import App
from hms_desktop.demo_day.keyboard import Keyboard, wait_ms
from hms_desktop.demo_sign_in import read_demo
from hms_desktop.identity_file import IdentityFile
from hms_desktop.options import Options
from hms_desktop.steady import keep_steady
from hms_desktop.workspaces import workspaces_of
from hms_server.contract.demo import DemoSignIn

WIDTH, HEIGHT = 1280, 720
SETTLES_WITHIN_MS = 900
"""The last answers have come, and panels that are built in steps are whole."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Pictures are named like the workspaces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sign_in", type=Path, help="the file that the demo wrote")
    parser.add_argument("--folder", type=Path, required=True, help="the program's own folder")
    parser.add_argument("--pictures", type=Path, required=True, metavar="FOLDER")
    asked = parser.parse_args(arguments)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    keep_steady()
    application = QApplication(sys.argv[:1])
    asked.pictures.mkdir(parents=True, exist_ok=True)
    demo = read_demo(asked.sign_in)
    home: Path = asked.folder
    options = Options(folder=home, pairings=IdentityFile(home / "identity.json"), demo=demo)
    _workspaces(application, options, demo, asked.pictures)
    _display(application, replace(options, is_display=True), asked.pictures)
    return 0


def _workspaces(application: QApplication, options: Options, demo: DemoSignIn, folder: Path) -> None:
    app = App(application, options)
    app.start()
    app.window.resize(WIDTH, HEIGHT)
    keyboard = Keyboard(app.window)
    seats = [person.role for person in demo.people if workspaces_of([person.role])]
    seen: set[str] = set()
    try:
        for seat, role in enumerate(seats):
            wanted = [each.key for each in workspaces_of([role]) if each.key not in seen]
            if not wanted:
                continue
            if seat:
                keyboard.press(f"Ctrl+F{seat + 1}")
            first = workspaces_of([role])[0].key
            keyboard.wait_for(lambda first=first: _is_in_front(app, first), f"the workspace {first}")  # type: ignore[misc]
            for key in wanted:
                assert app.desk is not None
                app.desk.frame.open(key)
                keyboard.wait_for(lambda key=key: _is_in_front(app, key), f"the workspace {key}")  # type: ignore[misc]
                seen.add(key)
                _take(app, folder / f"{key}.png")
    finally:
        app.close()


def _display(application: QApplication, options: Options, folder: Path) -> None:
    app = App(application, options)
    app.start()
    app.window.resize(WIDTH, HEIGHT)
    try:
        Keyboard(app.window).wait_for(lambda: app.screens.display is not None, "the waiting room's screen")
        app.window.resize(WIDTH, HEIGHT)
        _take(app, folder / "display.png")
    finally:
        app.close()


def _is_in_front(app: App, key: str) -> bool:
    desk = app.desk
    if desk is None or app.window.page is not desk.frame:
        return False
    return desk.frame.current_key == key and desk.frame.current is not None


def _take(app: App, path: Path) -> None:
    wait_ms(SETTLES_WITHIN_MS)
    page = app.window.centralWidget()
    assert page is not None
    page.grab().save(str(path))


if __name__ == "__main__":
    sys.exit(main())
