"""A ticket that was just issued: shown across the counter, and its label printed."""

from collections.abc import Callable
from datetime import tzinfo

from PySide6.QtCore import QObject, Signal

from hms_desktop.patients.label import print_ticket
from hms_desktop.patients.ticket.panel import TicketCard
from hms_desktop.printing.documents import Letterhead
from hms_desktop.printing.printer import Printer, PrintOutcome
from hms_desktop.widgets.background import Background
from hms_server.contract.accounts import Clinic
from hms_server.contract.visits import TicketRow


class IssuedTicket(QObject):
    """Holds the card that a workspace shows; prints away from the thread of the windows."""

    not_printed = Signal(str)
    """Why there is no label on paper."""

    def __init__(
        self, *, clinic: Clinic, zone: tzinfo, printer: Printer, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._clinic = clinic
        self._printer = printer
        self._services = {service.code: service.name for service in clinic.services}
        self._background = Background(self)
        self._print: Callable[[], PrintOutcome] | None = None
        self.card = TicketCard(zone=zone)
        self.card.print_again.connect(self._start_printing)

    def issue(self, ticket: TicketRow) -> None:
        """Shows it and prints its label."""
        name = self._services.get(ticket.service, ticket.service)
        letterhead = Letterhead(name=self._clinic.name, time_zone=self._clinic.time_zone)
        printer = self._printer
        self._print = lambda: print_ticket(printer, ticket, letterhead=letterhead, service_name=name)
        self.card.show_ticket(ticket, service_name=name)
        self._start_printing()

    def _start_printing(self) -> None:
        if self._print is not None:
            self._background.run(self._print, self._on_printed)

    def _on_printed(self, outcome: PrintOutcome) -> None:
        self.card.show_label(outcome.message)
        if not outcome.printed:
            self.not_printed.emit(outcome.message)
