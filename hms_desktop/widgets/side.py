"""A sheet that lies over the side of the window: it moves nothing, and Esc gives the keys back."""

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QWidget
from shiboken6 import isValid

from hms_desktop.widgets.tokens import Space, current_tokens


class SideSheet(QFrame):
    """What is below it stays where it is and still takes its own keys."""

    closed = Signal()

    def __init__(self, window: QWidget, *, width: int) -> None:
        super().__init__(window)
        self._window = window
        self._width = width
        self._before: QWidget | None = None
        self.setObjectName("popup")
        self.hide()

    def reveal(self, focus: QWidget) -> None:
        """Shows the sheet with the keys in one of its parts, in place of any other sheet of the window."""
        if self.isHidden():
            for other in self.window().findChildren(SideSheet):
                if other is not self:
                    other.close_sheet()
            self._before = QApplication.focusWidget()
        self.show()
        self.raise_()
        focus.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_sheet(self) -> None:
        """Takes it from the screen; the keys go back to where they were."""
        if self.isHidden():
            return
        self.hide()
        before, self._before = self._before, None
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.closed.emit()

    def place(self, *, top: int, bottom: int) -> None:
        """At the end of the lines, between header and status bar, which take that many pixels."""
        window = self._window
        width = min(current_tokens().px(self._width), window.width() - 2 * Space.L)
        self.resize(width, max(0, window.height() - top - bottom - 2 * Space.XS))
        x = Space.XS if self.isRightToLeft() else window.width() - width - Space.XS
        self.move(QPoint(x, top + Space.XS))

    def on_escape(self) -> None:
        """Esc was pressed in the sheet."""
        self.close_sheet()

    def on_primary(self) -> None:
        """Ctrl+Enter was pressed in the sheet; the page below means something else by it and is spared."""

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_ours(event):
            # Kept from the shortcuts of the page below, and delivered here as an ordinary key.
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not _is_ours(event):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Escape:
            self.on_escape()
        else:
            self.on_primary()


def _is_ours(event: QKeyEvent) -> bool:
    with_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    return event.key() == Qt.Key.Key_Escape or (with_control and event.key() in ENTER)


ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})
