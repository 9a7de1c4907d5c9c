"""Tells a barcode scanner from a person: a scanner is a keyboard that types faster than anybody can."""

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from hms_desktop.shell.late_keys import LateKey
from hms_desktop.widgets.input_watch import InputWatch
from hms_desktop.workplace import ScanEnd, Wedge

RAW_SCANS = "raw_scans"
"""A widget whose property of this name is true gets scans as typed text."""

GAP_MS = 35
SLOWEST_GAP_MS = 60
"""A scanner slower than that cannot be told from a quick typist, and letters would appear late."""
SHORTEST = 6
SEPARATOR = "\x1d"
"""Between the parts of a GS1 code, which a scanner types as Ctrl and ]."""

_FLUSHING = frozenset(
    {
        QEvent.Type.MouseButtonPress,
        QEvent.Type.FocusOut,
        QEvent.Type.WindowDeactivate,
        QEvent.Type.InputMethod,
    }
)
_ENDS = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})
_MODIFIERS = frozenset(
    {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_CapsLock}
)
"""Keys that write nothing: a scanner presses Shift before each capital."""
_HELD_MODIFIERS = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class Scanner(QObject):
    """Holds each printable key back for a blink; what proves to be typing is handed on in order.

    So a scan never leaves its letters in the field that happens to have the focus.
    """

    scanned = Signal(str)

    def __init__(self, application: QApplication, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(application)
        self._application = application
        self._clock_s = clock_s
        self._held: list[tuple[QWidget, QKeyEvent]] = []
        self._last_s = 0.0
        self._replaying = False
        self._wedge = Wedge()
        self._gap_ms = GAP_MS
        self._patience = QTimer(self, singleShot=True, interval=GAP_MS)
        self._patience.setTimerType(Qt.TimerType.PreciseTimer)
        self._patience.timeout.connect(self._on_pause)
        self._watch = InputWatch(self)
        self._watch.start()

    def set_wedge(self, wedge: Wedge) -> None:
        """From now on scans are expected as this scanner types them; Enter ends every scan besides."""
        self._hand_on()
        self._wedge = wedge
        self._gap_ms = min(max(wedge.gap_ms, GAP_MS), SLOWEST_GAP_MS)
        self._patience.setInterval(self._gap_ms)

    def stop(self) -> None:
        """Listens no more."""
        self._hand_on()
        self._watch.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if self._replaying or isinstance(event, LateKey):
            return False
        if event.type() in _FLUSHING:
            self._hand_on()
        elif event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            # Asked before a shortcut acts: what was typed before it has to be in its field by then.
            if not _may_be_scanned(event) and not self._ends(event) and event.key() not in _MODIFIERS:
                self._hand_on()
        elif event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._is_target(watched) and self._key(watched, event)
        elif event.type() is QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            return self._is_target(watched) and self._release(watched, event)
        return False

    def _is_target(self, watched: QObject) -> bool:
        # A key is also offered to the window and to parents; only its first receiver counts.
        return watched is (self._application.focusWidget() or self._application.activeWindow())

    def _key(self, watched: QObject, event: QKeyEvent) -> bool:
        assert isinstance(watched, QWidget)
        if _wants_raw(watched) or event.key() in _MODIFIERS:
            return False
        now_s = self._clock_s()
        slow = (now_s - self._last_s) * 1000 > self._gap_ms
        self._last_s = now_s
        if slow:
            self._hand_on()
        if self._ends(event):
            return self._end()
        if not _may_be_scanned(event):
            self._hand_on()
            return False
        self._held.append((watched, event.clone()))
        self._patience.start()
        return True

    def _release(self, watched: QObject, event: QKeyEvent) -> bool:
        # Let go before it is handed on, a key would stay down: a button under the space bar never acts.
        if not isinstance(watched, QWidget) or event.key() not in {held.key() for _, held in self._held}:
            return False
        self._held.append((watched, event.clone()))
        return True

    def _end(self) -> bool:
        pressed = (event for _, event in self._held if event.type() is QEvent.Type.KeyPress)
        code = "".join(event.text() for event in pressed)
        if len(code) < SHORTEST:
            self._hand_on()
            return False
        self._patience.stop()
        self._held.clear()
        self.scanned.emit(bare_code(code, self._wedge))
        return True

    def _on_pause(self) -> None:
        # A scanner that presses no key at the end is told from a person by its pace alone.
        if self._wedge.end is not ScanEnd.NOTHING or not self._end():
            self._hand_on()

    def _ends(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~_HELD_MODIFIERS:
            return False
        return event.key() in _ENDS or (self._wedge.end is ScanEnd.TAB and event.key() == Qt.Key.Key_Tab)

    def _hand_on(self) -> None:
        self._patience.stop()
        held, self._held = self._held, []
        self._replaying = True
        try:
            for widget, event in held:
                self._application.sendEvent(widget, event)
        finally:
            self._replaying = False


def bare_code(typed: str, wedge: Wedge) -> str:
    """The code without what this scanner types around it."""
    return typed.removeprefix(wedge.prefix).removesuffix(wedge.suffix)


def _may_be_scanned(event: QKeyEvent) -> bool:
    text = event.text()
    allowed = _HELD_MODIFIERS
    if text == SEPARATOR:
        allowed |= Qt.KeyboardModifier.ControlModifier
    plain = not event.modifiers() & ~allowed and not event.isAutoRepeat()
    return plain and len(text) == 1 and (text.isprintable() or text == SEPARATOR)


def _wants_raw(widget: QWidget) -> bool:
    if isinstance(widget, QLineEdit) and widget.echoMode() is not QLineEdit.EchoMode.Normal:
        return True
    return bool(widget.property(RAW_SCANS))
