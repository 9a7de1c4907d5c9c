"""Lets go of a display or a kiosk: patients stand in front of it, so an administrator is asked for first."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.release import ReleasePage
from hms_desktop.widgets.background import Background
from hms_server.contract.envelope import Fault

Check = Callable[[str, str], Fault | None]
"""Asks the server whether this is an administrator, on another thread; the fault says why not."""


class Release(QObject):
    """One page at a time, over whatever the screen shows."""

    tried = Signal()
    """Somebody's password is checked: whoever is signed in here has to go first."""
    released = Signal()
    left = Signal()
    """Nobody was let through: the screen goes on."""

    def __init__(self, window: MainWindow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self._background = Background(self)
        self._page: ReleasePage | None = None

    @property
    def is_open(self) -> bool:
        """Whether the page is shown."""
        return self._page is not None

    def open(self, heading: str, check: Check) -> None:
        """Shows the page, empty."""
        if self._page is not None:
            return
        page = self._page = ReleasePage(heading)
        page.release_requested.connect(lambda name, password: self._check(page, check, name, password))
        page.left.connect(self._on_left)
        self._window.show_page(page)

    def drop(self) -> None:
        """Takes the page away, where something else is shown already."""
        page, self._page = self._page, None
        if page is not None:
            self._window.drop_page(page)

    def _check(self, page: ReleasePage, check: Check, name: str, password: str) -> None:
        self.tried.emit()
        self._background.run(lambda: check(name, password), lambda fault: self._on_checked(page, fault))

    def _on_checked(self, page: ReleasePage, fault: Fault | None) -> None:
        if page is not self._page:
            return
        if fault is not None:
            page.show_refusal(fault.message, field=fault.field)
            return
        self.released.emit()
        self.drop()

    def _on_left(self) -> None:
        self.left.emit()
        self.drop()
