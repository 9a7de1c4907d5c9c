"""What this workplace is, from the start of the program on, and the way to the pages that change it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from hms_desktop.first_start.chosen import Chosen, Outlets, Station
from hms_desktop.first_start.rules import WORKSPACES
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.printing.printer import FolderPrinter, Printer
from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.workplace import (
    ScreenAccount,
    Workplace,
    WorkplacePrinter,
    keep_workplace,
    load_workplace,
)
from hms_server.contract.accounts import Clinic
from hms_server.contract.envelope import Fault

if TYPE_CHECKING:
    from hms_desktop.first_start.tour import Tour


class WorkplaceDesk(QObject):
    """Knows what this workplace is; its pages are loaded and exist only while they are open."""

    changed = Signal()
    """Something was chosen and kept: scanner, printers and place are as `workplace` says from now on."""
    closed = Signal()
    """The pages are gone; whoever opened them shows what comes next."""
    account_offered = Signal()
    """This becomes a screen, whose account is tried at the server: whoever is signed in here goes first."""

    def __init__(
        self,
        window: MainWindow,
        folder: Path,
        *,
        printers: Callable[[], Sequence[KnownPrinter]],
        clock: Callable[[], datetime],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window = window
        self._folder = folder
        self._find_printers = printers
        self._clock = clock
        self._tour: Tour | None = None
        found = load_workplace(folder)
        self.workplace = found.workplace
        self.trouble = found.trouble
        """One sentence where the settings were damaged; empty otherwise."""

    @property
    def is_open(self) -> bool:
        """Whether one of the pages is shown."""
        return self._tour is not None

    @property
    def kept(self) -> FolderPrinter:
        """Where papers lie that no printer has taken."""
        return FolderPrinter(folder=self._folder / "printed")

    @property
    def printer(self) -> Printer:
        """The way of every paper of this workplace, whatever is chosen here later."""
        return WorkplacePrinter(workplace=lambda: self.workplace, kept=self.kept)

    @property
    def first_workspace(self) -> str:
        """The key of what comes first here, where a role has it; empty where nothing was chosen."""
        place = self.workplace.place
        return WORKSPACES.get(place, "") if place else ""

    def room_trouble(self, clinic: Clinic) -> str:
        """A sentence where the room of this workplace is none of the clinic's any more; empty otherwise."""
        room = self.workplace.room
        if not room or any(known.name == room for known in clinic.rooms):
            return ""
        sentence = self.tr("This workplace is set to “{room}”, and the clinic has no such room any more.")
        return sentence.format(room=room)

    def open(
        self,
        session: Session,
        station: Station,
        *,
        account: Callable[[Chosen], ScreenAccount | Fault],
        is_first: bool,
    ) -> None:
        """Shows the first page, with what was chosen before. `account` asks the server, on another thread."""
        if self._tour is not None:
            return
        from hms_desktop.first_start.tour import Tour  # noqa: PLC0415 - the start does not wait for the pages

        outlets = Outlets(account=account, printers=self._find_printers, clock=self._clock)
        self._tour = Tour(self, self._window, session, station, outlets=outlets, is_first=is_first)
        self._tour.account_offered.connect(self.account_offered)
        self._tour.ended.connect(self.close)
        self._tour.start()

    def close(self) -> None:
        """Takes the pages from the window; what was kept on the way stays kept."""
        if self._tour is not None:
            self.drop()
            self.closed.emit()

    def drop(self) -> None:
        """As `close`, where something else is shown already: nobody has to be told."""
        tour, self._tour = self._tour, None
        if tour is not None:
            tour.drop_pages()
            tour.deleteLater()

    def scanned(self, code: str) -> bool:
        """Offers a scan to the page in front; says whether it was taken."""
        if self._tour is None:
            return False
        self._tour.scanned(code)
        return True

    def keep(self, workplace: Workplace) -> str:
        """Uses it from now on. A sentence where the disk refuses: it lasts until the program ends."""
        self.workplace = workplace
        self.trouble = sentence = ""
        try:
            keep_workplace(self._folder, workplace)
        except OSError as error:
            sentence = self.tr("This could not be kept ({answer}): it lasts until the program is closed.")
            sentence = sentence.format(answer=error.strerror or error)
        self.changed.emit()
        return sentence
