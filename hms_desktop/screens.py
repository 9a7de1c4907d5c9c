"""The screens at which nobody sits: they fill the whole monitor."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.visits.display.panel import DisplayPanel
from hms_server.contract.accounts import Clinic

if TYPE_CHECKING:
    from hms_desktop.assistant.kiosk.panel import KioskPanel


class Screens:
    """The display or the kiosk of this workstation, while it is one."""

    def __init__(self, window: MainWindow, *, clock: Callable[[], datetime]) -> None:
        self._window = window
        self._clock = clock
        self.display: DisplayPanel | None = None
        self.kiosk: KioskPanel | None = None

    @property
    def is_open(self) -> bool:
        """Whether one of them is shown."""
        return self.page is not None

    @property
    def page(self) -> "DisplayPanel | KioskPanel | None":
        """Whichever is shown, or lies below a page that asks for an administrator."""
        return self.display or self.kiosk

    def open_display(self, session: Session, clinic: Clinic) -> None:
        """Shows the waiting room's tickets."""
        self.display = DisplayPanel(
            session, services=clinic.services, clock=self._clock, zone=ZoneInfo(clinic.time_zone)
        )
        self._window.show_page(self.display)
        self._window.showFullScreen()

    def open_kiosk(self, session: Session, clinic: Clinic) -> None:
        """Shows the questions for patients."""
        from hms_desktop.assistant.kiosk.panel import KioskPanel  # noqa: PLC0415 - at one door only

        self.kiosk = KioskPanel(session, clinic_name=clinic.name)
        self._window.show_page(self.kiosk)
        self._window.showFullScreen()

    def drop(self) -> None:
        """Takes away whichever is shown."""
        for page in (self.display, self.kiosk):
            if page is not None:
                self._window.drop_page(page)
        self.display = self.kiosk = None
