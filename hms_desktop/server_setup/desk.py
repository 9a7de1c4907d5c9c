"""Leads through the pages of the server's set-up, and joins them to the program that carries it out."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from hms_desktop.server_setup.administrator.panel import AdministratorPage
from hms_desktop.server_setup.clinic.panel import ClinicPage
from hms_desktop.server_setup.database.panel import DatabasePage
from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.server_setup.papers import print_key
from hms_desktop.server_setup.program import SetupProgram
from hms_desktop.server_setup.rooms.panel import RoomsPage
from hms_desktop.server_setup.safety.panel import SafetyPage
from hms_desktop.server_setup.summary.panel import DonePage, SummaryPage
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.widgets.background import Background
from hms_server.contract.setup import PlanFault, SetupDone, SetupPlan

PrintKey = Callable[[str, str], tuple[bool, str]]


class SetupDesk(QObject):
    """Keeps the answers; nothing is stored before the last page has been agreed to."""

    closed = Signal()
    """The person is done, or does not want to go on."""

    def __init__(
        self,
        window: MainWindow,
        program: SetupProgram,
        *,
        zone: str | None = None,
        print_sheet: PrintKey = print_key,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window = window
        self.program = program
        self._print_sheet = print_sheet
        self._background = Background(self)
        self.plan = SetupPlan()
        self.safety = SafetyPage()
        self.summary = SummaryPage()
        self.done_page = DonePage()
        self.pages: list[SetupPage] = [
            ClinicPage(zone=zone),
            RoomsPage(),
            AdministratorPage(),
            self.safety,
            DatabasePage(),
            self.summary,
        ]
        self._connect()

    def start(self) -> None:
        """Shows the first page."""
        self._window.show_page(self.pages[0])

    def close(self) -> None:
        """Leaves nothing running."""
        self.program.stop()
        self._background.finish()

    def _connect(self) -> None:
        for page in self.pages:
            page.next_requested.connect(lambda page=page: self._go_on(page))
            page.back_requested.connect(lambda page=page: self._go_back(page))
        self.done_page.closed.connect(self.closed)
        self.safety.print_requested.connect(self._on_print)
        self.program.news.connect(self.summary.show_progress)
        self.program.done.connect(self._on_done)
        self.program.failed.connect(self.on_failed)

    def _go_on(self, page: SetupPage) -> None:
        plan = page.read_plan(self.plan)
        faults = page.faults_of(plan)
        if faults:
            page.show_faults(faults)
            return
        self.plan = plan
        if page is self.summary:
            self.summary.show_progress(self.tr("The clinic is being set up."))
            self.program.set_up(self.plan)
            return
        self._show(self._neighbour(page, 1))

    def _go_back(self, page: SetupPage) -> None:
        if page is self.pages[0]:
            self.closed.emit()
            return
        # What was typed stays, also where it is not right yet.
        self.plan = page.read_plan(self.plan)
        self._show(self._neighbour(page, -1))

    def _neighbour(self, page: SetupPage, step: int) -> SetupPage:
        place = self.pages.index(page) + step
        while not self.pages[place].is_needed(self.plan):
            place += step
        return self.pages[place]

    def _show(self, page: SetupPage) -> None:
        page.show_plan(self.plan)
        self._window.show_page(page)

    def _on_print(self, key: str) -> None:
        clinic = self.plan.clinic_name
        self._background.run(
            lambda: self._print_sheet(key, clinic),
            lambda printed: self.safety.show_printed(printed[1], ok=printed[0]),
        )

    def _on_done(self, done: SetupDone) -> None:
        self.summary.show_idle()
        self.done_page.show_done(done)
        self._window.show_page(self.done_page)

    def on_failed(self, faults: list[PlanFault]) -> None:
        """A fault leads to the page of its question; one about the whole is said where it was started."""
        self.summary.show_idle()
        for page in self.pages:
            owned = [fault for fault in faults if fault.key and page.owns(fault.key)]
            if owned:
                self._window.show_page(page)
                page.show_faults(owned)
                return
        self.summary.show_refusal(" ".join(fault.sentence for fault in faults))
