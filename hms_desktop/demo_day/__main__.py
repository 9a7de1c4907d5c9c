"""Plays one patient's day through the real windows and keeps a picture of every step."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QApplication, QMainWindow  # noqa: TID251 - this program has windows, if only off the screen

from hms_desktop.app import App
from hms_desktop.demo_day.keyboard import Keyboard, NeverHappenedError, Watch, wait_ms
from hms_desktop.demo_day.story import Day
from hms_desktop.demo_sign_in import read_demo
from hms_desktop.identity_file import IdentityFile
from hms_desktop.options import Options
from hms_desktop.shell.main_window import USUAL
from hms_desktop.steady import keep_steady

SETTLES_WITHIN_MS = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Names every picture; a step that does not come about ends it with a sentence and code 1."""
    parser = argparse.ArgumentParser(prog="hms_desktop.demo_day", description=__doc__)
    parser.add_argument("sign_in", type=Path, help="the file that the demo wrote")
    parser.add_argument("--folder", type=Path, required=True, help="the program's own folder")
    parser.add_argument("--pictures", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--plain", action="store_true", help="pictures without the demo's own strip")
    options = parser.parse_args(arguments)
    # Nobody is to see or touch these windows, also where there is a display.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    keep_steady()
    application = QApplication(sys.argv[:1])
    options.pictures.mkdir(parents=True, exist_ok=True)
    home: Path = options.folder
    return play(
        application,
        Options(
            folder=home,
            pairings=IdentityFile(home / "identity.json"),
            demo=read_demo(options.sign_in),
        ),
        options.pictures,
        plain=options.plain,
    )


def play(application: QApplication, options: Options, folder: Path, *, plain: bool = False) -> int:
    """Opens the window, plays the day and closes it again; `plain` pictures lack the demo's strip."""
    assert options.demo is not None
    watch = Watch(application)
    app = App(application, options)
    app.start()
    # The screen that is not there is small; the pictures are those of an ordinary workstation.
    app.window.resize(USUAL)
    keyboard = Keyboard(app.window)
    album = Album(app.window, folder, plain=plain)
    day = Day(app, options.demo, keyboard, picture=album.take)
    try:
        day.play()
    except NeverHappenedError as trouble:
        album.take("stopped here")
        _say(f"The day stopped: {trouble}.")
        return 1
    finally:
        watch.stop()
        app.close()
    _say(
        f"{album.pictures} pictures in {folder.resolve()}: {len(day.workspaces)} workspaces, "
        f"{len(watch.windows) - 1} further windows or dialogs, {keyboard.keys} keys, "
        f"{watch.mouse_events} touches of the mouse."
    )
    return 0


class Album:
    """Numbers the pictures of a window and names each one."""

    def __init__(self, window: QMainWindow, folder: Path, *, plain: bool) -> None:
        self._window = window
        self._plain = plain
        self._folder = folder
        self.pictures = 0

    def take(self, words: str) -> None:
        """Keeps the window as it is once the last answers have come."""
        wait_ms(SETTLES_WITHIN_MS)
        self.pictures += 1
        path = self._folder / f"{self.pictures:02d}-{words.replace(' ', '-')}.png"
        page = self._window.centralWidget() if self._plain else None
        shown = page or self._window
        shown.grab().save(str(path))
        _say(str(path))


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - what this command is for


if __name__ == "__main__":
    sys.exit(main())
