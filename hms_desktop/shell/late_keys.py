"""Keys that were pressed before there was a place for them."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from hms_desktop.widgets.states import QUIET_MS
from hms_desktop.widgets.tokens import Space


class LateKey(QKeyEvent):
    """A key handed on after it was held back: the pace at which these come says nothing about the person."""


class OpeningPage(QWidget):
    """Stands where a workspace is about to appear, and keeps the keys that were meant for it, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._kept: list[Callable[[], object]] = []
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.hide()
        self._patience = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._patience.timeout.connect(self._bar.show)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.addWidget(self._bar)
        column.addStretch(1)
        self.setAccessibleName(self.tr("Loading"))

    def wait(self) -> None:
        """Somebody looks at the page: after a moment it says that something is under way."""
        self._patience.start()

    def keep(self, act: Callable[[], object]) -> None:
        """Does this after the keys that were pressed before it."""
        self._kept.append(act)

    def has_keys(self) -> bool:
        """Whether something was kept."""
        return bool(self._kept)

    def hand_on(self) -> None:
        """The workspace is there and has the focus: everything that was kept happens now."""
        self._patience.stop()
        self._bar.hide()
        kept, self._kept = self._kept, []
        for act in kept:
            act()

    def event(self, event: QEvent) -> bool:
        # All of them, also those with which Qt itself moves the focus.
        if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            late = LateKey(event)
            self.keep(lambda: self._press(late))
            return True
        return super().event(event)

    def _press(self, key: LateKey) -> None:
        # To the window as the platform knows it: shortcuts come first, as with a key that is pressed now.
        window = self.window().windowHandle()
        if window is not None:
            QCoreApplication.sendEvent(window, key)
