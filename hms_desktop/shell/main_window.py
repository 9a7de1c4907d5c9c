"""The one window: pairing, sign-in and the frame are pages of it, and the help lies over any of them."""

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget
from shiboken6 import isValid

from hms_desktop.shell.frame import Frame
from hms_desktop.widgets.workspace import Workspace

if TYPE_CHECKING:
    from hms_desktop.shell.help import HelpPanel

MANUAL_PAGE = "manual_page"
"""A page outside of the frame whose property of this name says which page of the manual F1 opens."""
SMALLEST = QSize(1024, 640)
USUAL = QSize(1440, 900)


class MainWindow(QMainWindow):
    """Shows one page at a time."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._pages = QStackedWidget()
        self._strip: QWidget | None = None
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._pages, 1)
        self.setCentralWidget(inside)
        self._dropped: list[QWidget] = []
        self._removal = QTimer(self, singleShot=True, interval=0)
        self._removal.timeout.connect(self._remove_next)
        shortcut = QShortcut(QKeySequence("F1"), self)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(self.toggle_help)
        self.setMinimumSize(SMALLEST)
        # A small screen shows the whole window, also where nothing arranges windows.
        self.resize(USUAL.boundedTo(self.screen().availableSize()))

    @property
    def page(self) -> QWidget | None:
        """The page that is shown."""
        return self._pages.currentWidget()

    @property
    def strip(self) -> QWidget | None:
        """What stands above every page."""
        return self._strip

    def set_strip(self, strip: QWidget | None) -> None:
        """Puts this above every page. Not the place of menus: offers of updates come and go there."""
        old, self._strip = self._strip, strip
        if old is not None:
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        if strip is not None:
            self._column.insertWidget(0, strip)

    def sheet_room(self) -> tuple[int, int]:
        """How many pixels a sheet over this window leaves free at the top and at the bottom."""
        page = self.page
        if isinstance(page, Frame):
            top = page.header.mapTo(self, QPoint(0, page.header.height())).y()
            return top, page.status.height()
        return self._pages.mapTo(self, QPoint(0, 0)).y(), 0

    @cached_property
    def help(self) -> "HelpPanel":
        """The manual; made when somebody asks for it, so that the start does not wait for it."""
        from hms_desktop.shell.help import HelpPanel  # noqa: PLC0415 - see above

        return HelpPanel(self)

    def show_page(self, page: QWidget) -> None:
        """Shows a page; a page that was shown before and is kept keeps its state."""
        if self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
            if isinstance(page, Frame):
                page.header.help_clicked.connect(self.toggle_help)
                page.workspace_changed.connect(self._on_workspace_changed)
        self._close_help()
        self._pages.setCurrentWidget(page)

    def drop_page(self, page: QWidget) -> None:
        """Forgets a page for good, with all that it shows: at sign-out no patient stays in memory."""
        self._pages.removeWidget(page)
        page.hide()
        if isinstance(page, Frame):
            page.forget_workspaces()
        # One part in each turn: hundreds of widgets at once would hold up whoever signs in next.
        self._dropped += [*page.findChildren(Workspace), page]
        self._removal.start()

    def _remove_next(self) -> None:
        part = self._dropped.pop(0)
        if isValid(part):
            part.deleteLater()
        if self._dropped:
            self._removal.start()

    def toggle_help(self) -> None:
        """F1: opens the manual at the page of what is shown, or closes it."""
        if self._has_help() and self.help.isVisible():
            self.help.close_sheet()
            return
        page = self.page
        self.open_help(_manual_page(page))

    def open_help(self, key: str) -> None:
        """Opens the manual at the page of that name."""
        self._place_help()
        self.help.open(key)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if self._has_help():
            self._place_help()

    def _has_help(self) -> bool:
        return "help" in vars(self)

    def _close_help(self) -> None:
        if self._has_help():
            self.help.close_sheet()

    def _place_help(self) -> None:
        top, bottom = self.sheet_room()
        self.help.place(top=top, bottom=bottom)

    def _on_workspace_changed(self, key: str) -> None:
        if self._has_help() and self.help.isVisible():
            self.help.open(key)


def _manual_page(page: QWidget | None) -> str:
    if page is None or isinstance(page, Frame):
        return page.current_key if page else ""
    # A page outside of the frame is told by its name, as the screen of the waiting room is.
    return str(page.property(MANUAL_PAGE) or page.objectName())
