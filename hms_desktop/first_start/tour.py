"""Leads through the pages of a first start, and joins them to printers and server."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import structs
from PySide6.QtCore import QObject, Signal

from hms_desktop.first_start.chosen import Chosen, Outlets, Station
from hms_desktop.first_start.panel import StepPage
from hms_desktop.first_start.papers import code_bars, print_test
from hms_desktop.first_start.place.panel import PlacePage
from hms_desktop.first_start.printers.panel import PrintersPage
from hms_desktop.first_start.rules import Guess, guess
from hms_desktop.first_start.scanner.panel import ScannerPage
from hms_desktop.printing.documents import SCAN_TEXT, TestPaper
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.printing.printer import FolderPrinter, PrintKind, PrintOutcome
from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.tokens import Kind
from hms_desktop.workplace import ScreenAccount, Wedge, Workplace, printer_of
from hms_server.contract.accounts import Clinic, GetClinic
from hms_server.contract.envelope import Fault

UNKNOWN_ZONE = "UTC"


class Keeper(Protocol):
    """Where the workplace is known and kept."""

    workplace: Workplace

    @property
    def kept(self) -> FolderPrinter: ...
    def keep(self, workplace: Workplace) -> str: ...


class Tour(QObject):
    """Place, printers, scanner; each page is kept when it is left forwards, and may be gone back to."""

    ended = Signal()
    """The person is through, or has left."""
    account_offered = Signal()
    """An account is about to be tried at the server."""

    def __init__(
        self,
        keeper: Keeper,
        window: MainWindow,
        session: Session,
        station: Station,
        *,
        outlets: Outlets,
        is_first: bool,
    ) -> None:
        super().__init__(window)
        self._keeper = keeper
        self._window = window
        self._session = session
        self._station = station
        self._outlets = outlets
        self._is_first = is_first
        self._background = Background(self)
        self._clinic: Clinic | None = None
        self._unkept = ""
        self._pages: list[StepPage] = []
        page = self._place = PlacePage(is_first=is_first, key=station.key)
        page.back_requested.connect(self.ended)
        page.chosen.connect(self._on_chosen)
        page.retried.connect(self._fetch_rooms)

    @property
    def _workplace(self) -> Workplace:
        return self._keeper.workplace

    def start(self) -> None:
        """Shows the first page."""
        self._place.start(self._workplace, self._guess())
        self._show(self._place)
        self._fetch_rooms()

    def scanned(self, code: str) -> None:
        """A scan came while one of the pages is in front; only the last one wants any."""
        page = self._pages[-1]
        if isinstance(page, ScannerPage):
            page.show_scanned(code)

    def drop_pages(self) -> None:
        """Takes them from the window for good."""
        pages, self._pages = self._pages, []
        for page in reversed(pages):
            self._window.drop_page(page)

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

    # Place

    def _guess(self) -> Guess:
        return guess(self._station.device, self._clinic.rooms if self._clinic else [])

    def _fetch_rooms(self) -> None:
        # A paired workstation may ask for the clinic before anybody has signed in.
        self._session.ask(GetClinic(), done=self._on_clinic, failed=self._on_no_clinic)

    def _on_clinic(self, clinic: Clinic) -> None:
        first_time = self._clinic is None
        self._clinic = clinic
        if not self._pages:
            return
        self._place.show_rooms(clinic.rooms, self._guess())
        if first_time and self._workplace.place is None and self._guess().place is not None:
            self._place.prefer(self._guess())

    def _on_no_clinic(self, fault: Fault) -> None:
        if self._pages:
            self._place.show_no_rooms(fault.message)

    def _on_chosen(self, chosen: Chosen) -> None:
        if not chosen.place.is_unattended:
            self._keep(structs.replace(self._workplace, place=chosen.place, room=chosen.room, account=None))
            self._open_printers()
        elif chosen.password:
            self._place.set_busy(self._place.next_button)
            self.account_offered.emit()
            account = self._outlets.account
            self._background.run(lambda: account(chosen), lambda outcome: self._on_account(chosen, outcome))
        elif self._workplace.account is not None:
            self._finish_screen(chosen, self._workplace.account)

    def _on_account(self, chosen: Chosen, outcome: ScreenAccount | Fault) -> None:
        if not self._pages:
            return
        if isinstance(outcome, Fault):
            self._place.show_refusal(outcome.message, field=outcome.field)
            return
        self._place.set_ready(self._place.next_button)
        self._finish_screen(chosen, outcome)

    def _finish_screen(self, chosen: Chosen, account: ScreenAccount) -> None:
        if self._keep(structs.replace(self._workplace, place=chosen.place, room="", account=account)):
            self.ended.emit()

    # Printers

    def _open_printers(self) -> None:
        page = PrintersPage()
        page.back_requested.connect(self._back)
        page.next_requested.connect(lambda: self._on_printers_chosen(page))
        page.tested.connect(lambda kind: self._test(page, kind))
        page.start(self._workplace, is_new=self._is_first)
        self._show(page)
        self._background.run(self._outlets.printers, lambda known: self._on_printers(page, known))

    def _on_printers(self, page: PrintersPage, known: Sequence[KnownPrinter]) -> None:
        if page in self._pages:
            page.show_printers(known)

    def _test(self, page: PrintersPage, kind: PrintKind) -> None:
        page.show_under_way(kind)
        printer, paper = printer_of(self._chosen_on(page), self._keeper.kept), self._paper()
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
            self._workplace,
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
            made_at=self._outlets.clock(),
        )

    # Scanner

    def _open_scanner(self) -> None:
        page = ScannerPage(code=SCAN_TEXT)
        page.back_requested.connect(self._back)
        page.next_requested.connect(self.ended)
        page.learnt.connect(self._on_learnt)
        page.label_wanted.connect(lambda: self._print_code(page))
        page.start()
        self._show(page)
        self._background.run(code_bars, lambda widths: self._on_bars(page, widths))

    def _on_bars(self, page: ScannerPage, widths: Sequence[int]) -> None:
        if page in self._pages:
            page.show_bars(widths)

    def _print_code(self, page: ScannerPage) -> None:
        printer, paper = printer_of(self._workplace, self._keeper.kept), self._paper()
        self._background.run(
            lambda: print_test(printer, PrintKind.LABEL, paper),
            lambda outcome: self._on_code_printed(page, outcome),
        )

    def _on_code_printed(self, page: ScannerPage, outcome: PrintOutcome) -> None:
        if page in self._pages:
            page.show_printed(outcome.message, is_printed=outcome.printed)

    def _on_learnt(self, wedge: Wedge) -> None:
        self._keep(structs.replace(self._workplace, scanner=wedge))

    def _keep(self, workplace: Workplace) -> bool:
        """Whether it is on the disk."""
        self._unkept = self._keeper.keep(workplace)
        if self._unkept:
            self._pages[-1].notice.say(Kind.DANGER, self._unkept)
        return not self._unkept
