"""One bill as the server has it, what is still owed elsewhere, and the cashier's drawer."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.billing import (
    DrawerState,
    GetDrawer,
    GetInvoice,
    GetReceipt,
    GetRefund,
    Invoice,
    InvoiceChanged,
    ListToPay,
    Receipt,
    RefundId,
    RefundPayment,
    RefundReceipt,
    TakePayment,
    ToPay,
    ToPayRow,
)
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.values import EncounterId, Money, PaymentId, TicketId
from hms_server.contract.visits import TicketRow

GATHER_MS = 70


class BillState(QObject):
    """A payment always names the version of the bill that the cashier has seen."""

    invoice_changed = Signal()
    """`invoice` is new, or None."""
    owing_changed = Signal()
    """`owing` is new."""
    drawer_changed = Signal()
    """`drawer` is new."""
    paid = Signal(object)
    """A `Receipt`: the payment is stored."""
    refused = Signal(object)
    """A `Fault`: the payment was not taken."""
    copied = Signal(object, bool)
    """A `Receipt` of an earlier payment, and whether it is news: paid online a moment ago."""
    refunded = Signal(object)
    """A `RefundReceipt`: the money goes back, or waits for Paystack."""
    refund_refused = Signal(object)
    """A `Fault`: nothing goes back."""
    refund_copied = Signal(object)
    """The `RefundReceipt` of an earlier refund."""
    copy_failed = Signal(object)
    """A `Fault`: the copy of a receipt could not be fetched."""
    failed = Signal(object)
    """A `Fault`: the bill could not be fetched."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._encounter_id: EncounterId | None = None
        self.ticket_id: TicketId | None = None
        """The ticket with which this bill was called, None for an old debt."""
        self.paying = False
        self.invoice: Invoice | None = None
        self.owing: list[ToPayRow] = []
        self.drawer: DrawerState | None = None
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def open(self, encounter_id: EncounterId, ticket: TicketRow | None) -> None:
        """Shows the bill of that visit."""
        self._encounter_id = encounter_id
        self.ticket_id = ticket.id if ticket is not None else None
        self.invoice = None
        self.invoice_changed.emit()
        self.reload()

    def reload(self) -> None:
        """Fetches everything that is shown."""
        if self._encounter_id is not None:
            self._fetch_invoice(self._encounter_id)
        self._session.ask(ListToPay(), done=self._on_owing, failed=self._on_quiet_failure)
        self._session.ask(GetDrawer(), done=self._on_drawer, failed=self._on_quiet_failure)

    def take(self, *, amount: Money, tendered: Money) -> None:
        """Takes a payment for the bill that is shown."""
        if self.invoice is None or self.paying:
            return
        self.paying = True
        request = TakePayment(
            invoice_id=self.invoice.id,
            version=self.invoice.version,
            amount=amount,
            tendered=tendered,
            ticket_id=self.ticket_id,
        )
        self._session.save(request, done=self._on_receipt, failed=self._on_refused)

    def refund(self, request: RefundPayment) -> None:
        """Returns a payment or a part of it; once, however often it is pressed."""
        if self.paying:
            return
        self.paying = True
        self._session.save(request, done=self._on_refunded, failed=self._on_refund_refused)

    def copy_receipt(self, payment_id: PaymentId, *, is_news: bool = False) -> None:
        """Fetches the receipt of a payment as it was at that moment."""
        self._session.ask(
            GetReceipt(payment_id=payment_id),
            done=lambda receipt: self.copied.emit(receipt, is_news),
            failed=self.copy_failed.emit,
            owner=self,
        )

    def copy_refund(self, refund_id: RefundId) -> None:
        """Fetches the receipt of a refund."""
        self._session.ask(
            GetRefund(refund_id=refund_id),
            done=self.refund_copied.emit,
            failed=self.copy_failed.emit,
            owner=self,
        )

    def _fetch_invoice(self, encounter_id: EncounterId) -> None:
        self._session.ask(
            GetInvoice(encounter_id=encounter_id),
            done=self._on_invoice,
            failed=lambda fault: self._on_failed(encounter_id, fault),
            owner=self,
        )

    def _on_invoice(self, invoice: Invoice) -> None:
        if invoice.encounter_id == self._encounter_id:
            self.invoice = invoice
            self.invoice_changed.emit()

    def _on_failed(self, encounter_id: EncounterId, fault: Fault) -> None:
        if encounter_id == self._encounter_id:
            self.failed.emit(fault)

    def _on_owing(self, answer: ToPay) -> None:
        self.owing = [row for row in answer.rows if row.ticket is None]
        self.owing_changed.emit()

    def _on_drawer(self, answer: DrawerState) -> None:
        self.drawer = answer
        self.drawer_changed.emit()

    def _on_quiet_failure(self, _fault: Fault) -> None:
        # The lists at the side stay as they were; the status bar says that the server is away.
        return

    def _on_receipt(self, receipt: Receipt) -> None:
        self.paying = False
        self._on_invoice(receipt.invoice)
        self.paid.emit(receipt)
        self._gather.start()

    def _on_refused(self, fault: Fault) -> None:
        self.paying = False
        self.refused.emit(fault)
        # Somebody else may have been faster: what is shown may be old.
        self.reload()

    def _on_refunded(self, answer: RefundReceipt) -> None:
        self.paying = False
        self._on_invoice(answer.invoice)
        self.refunded.emit(answer)
        self._gather.start()

    def _on_refund_refused(self, fault: Fault) -> None:
        self.paying = False
        self.refund_refused.emit(fault)
        self.reload()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, InvoiceChanged):
            self._gather.start()
