"""The slip by which a patient pays online, on paper."""

from datetime import tzinfo

from PySide6.QtCore import QObject, Signal

from hms_desktop.printing import documents
from hms_desktop.printing.printer import Printer, PrintKind, PrintOutcome
from hms_desktop.printing.words import Words
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.paystack import OnlinePayment


class SlipPrinter(QObject):
    """Prints away from the thread of the windows, and says what became of it."""

    told = Signal(object, str)
    """A `Kind` and a sentence."""

    def __init__(
        self, printer: Printer, *, clinic_name: str, zone: tzinfo, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._printer = printer
        self._head = documents.Letterhead(name=clinic_name, time_zone=str(zone))
        self._background = Background(self)

    def print(self, payment: OnlinePayment) -> None:
        """The code and the link of a payment that waits."""
        slip = documents.PaymentSlip(
            clinic=self._head,
            reference=payment.reference,
            invoice_number=payment.invoice_number,
            amount=payment.amount,
            url=payment.url,
            asked_at=payment.started_at,
        )

        def work() -> PrintOutcome:
            # The library that draws PDFs takes a quarter of a second to load.
            from hms_desktop.printing.bills import slip_pdf  # noqa: PLC0415 - see above

            return self._printer.print(
                slip_pdf(slip, Words()), title=payment.reference, kind=PrintKind.RECEIPT
            )

        self._background.run(work, self._on_printed)

    def _on_printed(self, outcome: PrintOutcome) -> None:
        self.told.emit(Kind.INFO if outcome.printed else Kind.WARNING, outcome.message)
