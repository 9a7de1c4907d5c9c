"""Leads through the pages of a first start, joins them to printers and server, and keeps what was chosen."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import structs
from PySide6.QtCore import QObject, Signal

from hms_desktop.first_start.panel import StepPage
from hms_desktop.first_start.papers import code_bars, print_test
from hms_desktop.first_start.place.panel import Chosen, PlacePage
from hms_desktop.first_start.printers.panel import PrintersPage
from hms_desktop.first_start.rules import WORKSPACES, Guess, guess
from hms_desktop.first_start.scanner.panel import ScannerPage
from hms_desktop.printing.documents import SCAN_TEXT, TestPaper
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.printing.printer import FolderPrinter, Printer, PrintKind, PrintOutcome
from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.tokens import Kind
from hms_desktop.workplace import (
    ScreenAccount,
    Wedge,
    Workplace,
    WorkplacePrinter,
    keep_workplace,
    load_workplace,
    printer_of,
)
from hms_server.contract.accounts import Clinic, GetClinic
from hms_server.contract.envelope import Fault

UNKNOWN_ZONE = "UTC"


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """Which workstation of which clinic the pages speak about, as pairing has told."""

    clinic: str
    device: str
    key: str = ""
    """The fingerprint of the clinic's key, which another workstation is compared with."""


class WorkplaceDesk(QObject):
    """Knows what this workplace is from the first moment on; its pages exist only while they are open."""

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
        self._background = Background(self)
        self._session: Session | None = None
        self._station = Station(clinic="", device="")
        self._clinic: Clinic | None = None
        self._is_first = False
        self._unkept = ""
        self._pages: list[StepPage] = []
        found = load_workplace(folder)
        self.workplace = found.workplace
        self.trouble = found.trouble
        """One sentence where the settings were damaged; empty otherwise."""

    @property
    def is_open(self) -> bool:
        """Whether one of the pages is shown."""
        return bool(self._pages)

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
        if self._pages:
            return
        self._account = account
        self._session = session
        self._station = station
        self._is_first = is_first
        page = self._place = PlacePage(is_first=is_first, key=station.key)
        page.back_requested.connect(self.close)
        page.chosen.connect(self._on_chosen)
        page.retried.connect(self._fetch_rooms)
        page.start(self.workplace, self._guess())
        self._show(page)
        self._fetch_rooms()

    def close(self) -> None:
        """Takes the pages from the window; what was kept on the way stays kept."""
        self._forget_pages()
        self.closed.emit()

    def scanned(self, code: str) -> bool:
        """Offers a scan to the page in front; says whether it was taken."""
        if not self._pages:
            return False
        page = self._pages[-1]
        if isinstance(page, ScannerPage):
            page.show_scanned(code)
        return True

    def _show(self, page: StepPage) -> None:
        page.set_heading(self._station.clinic)
        if self._unkept:
            page.notice.say(Kind.DANGER, self._unkept)
        self._pages.append(page)
        self._window.show_page(page)

    def _back(self) -> None:
        page = self._pages.pop()
        self._window.show_page(self._pages[-1])
        self._window.drop_page(page)

    def _forget_pages(self) -> None:
        pages, self._pages = self._pages, []
        for page in reversed(pages):
            self._window.drop_page(page)

    # Place

    def _guess(self) -> Guess:
        return guess(self._station.device, self._clinic.rooms if self._clinic else [])

    def _fetch_rooms(self) -> None:
        # A paired workstation may ask for the clinic before anybody has signed in.
        assert self._session is not None
        self._session.ask(GetClinic(), done=self._on_clinic, failed=self._on_no_clinic)

    def _on_clinic(self, clinic: Clinic) -> None:
        first_time = self._clinic is None
        self._clinic = clinic
        if not self._pages:
            return
        self._place.show_rooms(clinic.rooms, self._guess())
        if first_time and self.workplace.place is None and self._guess().place is not None:
            self._place.prefer(self._guess())

    def _on_no_clinic(self, fault: Fault) -> None:
        if self._pages:
            self._place.show_no_rooms(fault.message)

    def _on_chosen(self, chosen: Chosen) -> None:
        if not chosen.place.is_unattended:
            self._keep(structs.replace(self.workplace, place=chosen.place, room=chosen.room, account=None))
            self._open_printers()
        elif chosen.password:
            self._place.set_busy(self._place.next_button)
            self.account_offered.emit()
            account = self._account
            self._background.run(lambda: account(chosen), lambda outcome: self._on_account(chosen, outcome))
        elif self.workplace.account is not None:
            self._finish_screen(chosen, self.workplace.account)

    def _on_account(self, chosen: Chosen, outcome: ScreenAccount | Fault) -> None:
        if not self._pages:
            return
        if isinstance(outcome, Fault):
            self._place.show_refusal(outcome.message, field=outcome.field)
            return
        self._place.set_ready(self._place.next_button)
        self._finish_screen(chosen, outcome)

    def _finish_screen(self, chosen: Chosen, account: ScreenAccount) -> None:
        if self._keep(structs.replace(self.workplace, place=chosen.place, room="", account=account)):
            self.close()

    # Printers

    def _open_printers(self) -> None:
        page = PrintersPage()
        page.back_requested.connect(self._back)
        page.next_requested.connect(lambda: self._on_printers_chosen(page))
        page.tested.connect(lambda kind: self._test(page, kind))
        page.start(self.workplace, is_new=self._is_first)
        self._show(page)
        self._background.run(self._find_printers, lambda known: self._on_printers(page, known))

    def _on_printers(self, page: PrintersPage, known: Sequence[KnownPrinter]) -> None:
        if page in self._pages:
            page.show_printers(known)

    def _test(self, page: PrintersPage, kind: PrintKind) -> None:
        page.show_under_way(kind)
        printer, paper = printer_of(self._chosen_on(page), self.kept), self._paper()
        self._background.run(
            lambda: print_test(printer, kind, paper),
            lambda outcome: self._on_tested(page, kind, outcome),
        )

    def _on_tested(self, page: PrintersPage, kind: PrintKind, outcome: PrintOutcome) -> None:
        if page in self._pages:
            page.show_outcome(kind, outcome)

    def _on_printers_chosen(self, page: PrintersPage) -> None:
        self._keep(self._chosen_on(page))
        self._open_scanner()

    def _chosen_on(self, page: PrintersPage) -> Workplace:
        return structs.replace(
            self.workplace,
            labels=page.prints(PrintKind.LABEL),
            receipts=page.prints(PrintKind.RECEIPT),
            pages=page.prints(PrintKind.PAGE),
        )

    def _paper(self) -> TestPaper:
        clinic = self._clinic
        return TestPaper(
            clinic=self._station.clinic,
            workstation=self._station.device,
            currency=clinic.currency if clinic else "",
            time_zone=clinic.time_zone if clinic else UNKNOWN_ZONE,
            made_at=self._clock(),
        )

    # Scanner

    def _open_scanner(self) -> None:
        page = ScannerPage(code=SCAN_TEXT)
        page.back_requested.connect(self._back)
        page.next_requested.connect(self.close)
        page.learnt.connect(self._on_learnt)
        page.label_wanted.connect(lambda: self._print_code(page))
        page.start()
        self._show(page)
        self._background.run(code_bars, lambda widths: self._on_bars(page, widths))

    def _on_bars(self, page: ScannerPage, widths: Sequence[int]) -> None:
        if page in self._pages:
            page.show_bars(widths)

    def _print_code(self, page: ScannerPage) -> None:
        printer, paper = printer_of(self.workplace, self.kept), self._paper()
        self._background.run(
            lambda: print_test(printer, PrintKind.LABEL, paper),
            lambda outcome: self._on_code_printed(page, outcome),
        )

    def _on_code_printed(self, page: ScannerPage, outcome: PrintOutcome) -> None:
        if page in self._pages:
            page.show_printed(outcome.message, is_printed=outcome.printed)

    def _on_learnt(self, wedge: Wedge) -> None:
        self._keep(structs.replace(self.workplace, scanner=wedge))

    def _keep(self, workplace: Workplace) -> bool:
        """Whether it is on the disk; where that refuses, the choice lasts until the program ends."""
        self.workplace = workplace
        self.trouble = self._unkept = ""
        try:
            keep_workplace(self._folder, workplace)
        except OSError as error:
            sentence = self.tr("This could not be kept ({answer}): it lasts until the program is closed.")
            self._unkept = sentence.format(answer=error.strerror or error)
            self._pages[-1].notice.say(Kind.DANGER, self._unkept)
        self.changed.emit()
        return not self._unkept
