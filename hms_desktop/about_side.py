"""The sheet about the program joined to the window: Shift+F1, or the person's menu."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeySequence, QShortcut

from hms_desktop.about.state import AboutState
from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow

if TYPE_CHECKING:
    from hms_desktop.about.panel import AboutSheet


class AboutSide(QObject):
    """Also before anybody has signed in: who cannot, is asked for the version first."""

    def __init__(self, window: MainWindow, session: Callable[[], Session | None]) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        key = QShortcut(QKeySequence("Shift+F1"), window)
        key.setAutoRepeat(False)
        key.activated.connect(self.toggle)
        window.installEventFilter(self)

    @cached_property
    def sheet(self) -> "AboutSheet":
        """Made when somebody asks for it, so that the start does not wait for it."""
        from hms_desktop.about.panel import AboutSheet  # noqa: PLC0415 - see above

        return AboutSheet(self._window, AboutState(self))

    def toggle(self) -> None:
        """Opens the sheet, or closes it."""
        if self._has_sheet() and self.sheet.isVisible():
            self.sheet.close_sheet()
            return
        self._place()
        self.sheet.open(self._session())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self._window and event.type() is QEvent.Type.Resize and self._has_sheet():
            self._place()
        return super().eventFilter(watched, event)

    def _has_sheet(self) -> bool:
        return "sheet" in vars(self)

    def _place(self) -> None:
        top, bottom = self._window.sheet_room()
        self.sheet.place(top=top, bottom=bottom)
