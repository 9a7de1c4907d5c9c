"""The page for one's own password, in the place of the frame while it is open."""

from typing import TYPE_CHECKING

from hms_desktop.session import Session
from hms_desktop.shell.frame import Frame
from hms_desktop.shell.main_window import MainWindow

if TYPE_CHECKING:
    from hms_desktop.accounts.password.panel import PasswordPanel


class PasswordPage:
    """Belongs to the person who opened it: at sign-out it goes with them."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._page: PasswordPanel | None = None

    def open(self, session: Session, *, back_to: Frame) -> None:
        """Shows it, empty; whoever is through comes back to the frame."""
        from hms_desktop.accounts.password.panel import PasswordPanel  # noqa: PLC0415 - rarely used

        self.drop()
        page = self._page = PasswordPanel(session)
        page.closed.connect(self.drop)
        page.closed.connect(lambda: self._window.show_page(back_to))
        self._window.show_page(page)
        page.start()

    def drop(self) -> None:
        """Takes it from the window."""
        page, self._page = self._page, None
        if page is not None:
            self._window.drop_page(page)
