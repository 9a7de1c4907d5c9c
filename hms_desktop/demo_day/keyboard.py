"""Plays a person at the keyboard of real windows, and counts what that takes."""

from collections.abc import Callable
from time import monotonic

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget  # noqa: TID251 - what is counted are widgets

from hms_desktop.shell.scanner import GAP_MS

PATIENCE_S = 20.0
MOST_TABS = 80
_LOOK_AGAIN_MS = 10
_POPUPS = (Qt.WindowType.Popup, Qt.WindowType.ToolTip)
_MOUSE = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.Wheel)
_TEXTS = {Qt.Key.Key_Return: "\r", Qt.Key.Key_Tab: "\t", Qt.Key.Key_Space: " ", Qt.Key.Key_Escape: "\x1b"}


class NeverHappenedError(Exception):
    """What the person waited for did not come; the text says what it was."""


class Watch(QObject):
    """Counts what an application shows as windows of their own, and every touch of the mouse."""

    def __init__(self, application: QApplication) -> None:
        super().__init__()
        self._application = application
        self.windows: list[str] = []
        self.mouse_events = 0
        application.installEventFilter(self)

    def stop(self) -> None:
        """Counts no more."""
        self._application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() in _MOUSE:
            self.mouse_events += 1
        if event.type() is QEvent.Type.Show and isinstance(watched, QWidget) and _is_window(watched):
            self.windows.append(watched.windowTitle() or type(watched).__name__)
        return False


def _is_window(widget: QWidget) -> bool:
    return widget.isWindow() and widget.windowType() not in _POPUPS


class Keyboard:
    """Presses keys in one window, which sends them on to whatever has the focus."""

    # QTest lets a key go at once, before the guard that waits for a scanner has handed the press on; a
    # person holds it longer.

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self.keys = 0

    def type(self, text: str) -> None:
        """Types the text, with the pause after it that tells a person from a scanner."""
        for sign in text:
            self._click_sign(sign)
        self.pause()

    def press(self, *keys: str) -> None:
        """Presses keys by their names, such as "Ctrl+Return", one after the other."""
        for name in keys:
            combination = QKeySequence(name)[0]  # type: ignore[index]  # it is a sequence of combinations
            key, modifiers = combination.key(), combination.keyboardModifiers()
            self._click(key, modifiers, "" if modifiers.value else _TEXTS.get(key, ""), held=True)

    def fill(self, *texts: str) -> None:
        """Types into one field after the other, with Enter behind each."""
        for text in texts:
            self.type(text)
            self.press("Return")

    def scan(self, code: str) -> None:
        """Reads a barcode: the same keys, faster than any person, and Enter. It counts as one key."""
        before = self.keys
        for sign in code:
            self._click_sign(sign)
        self._click(Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "\r")
        self.keys = before + 1
        self.pause()

    def pause(self) -> None:
        """As long as a person is slower than a scanner."""
        wait_ms(GAP_MS + 10)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Waits until it holds; who waits for too long says for what."""
        deadline = monotonic() + PATIENCE_S
        while not condition():
            if monotonic() > deadline:
                raise NeverHappenedError(f"{what}, within {PATIENCE_S:.0f} seconds")
            wait_ms(_LOOK_AGAIN_MS)

    def tab_to(self, is_there: Callable[[QWidget], bool], what: str) -> None:
        """Presses Tab until the focus stands where it is wanted."""
        for _ in range(MOST_TABS):
            focused = QApplication.focusWidget()
            if focused is not None and is_there(focused):
                return
            self.press("Tab")
        raise NeverHappenedError(f"{what}, which Tab does not lead to")

    def _click_sign(self, sign: str) -> None:
        self._click(Qt.Key(ord(sign.upper())), Qt.KeyboardModifier.NoModifier, sign)

    def _click(self, key: Qt.Key, modifiers: Qt.KeyboardModifier, text: str, *, held: bool = False) -> None:
        self.keys += 1
        self._send(QKeyEvent(QEvent.Type.KeyPress, key, modifiers, text))
        if held:
            self.pause()
        self._send(QKeyEvent(QEvent.Type.KeyRelease, key, modifiers, text))

    def _send(self, event: QKeyEvent) -> None:
        # To the window as the platform knows it: shortcuts come first, as with a real keyboard.
        QCoreApplication.sendEvent(self._window.windowHandle(), event)


def wait_ms(milliseconds: int) -> None:
    """Lets the windows live on for so long."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
