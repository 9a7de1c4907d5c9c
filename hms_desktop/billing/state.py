"""One bill as the server has it, what is still owed elsewhere, and the cashier's drawer."""

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_desktop.visit_state import VisitState
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
from hms_server.contract.values import EncounterId, Money, PaymentId
from hms_server.contract.visits import TicketRow

GATHER_MS = 70


class BillState(VisitState):
    """A payment always names the version of the bill that the cashier has seen."""

    invoice_changed = Signal()
    """`invoice` is new, or None."""
    owing_changed = Signal()
    """`owing` is new."""
    drawer_changed = Signal()
    """`drawer` is new."""
    paid = Signal(object)
    """A `Receipt`: the payment is stored."""
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

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, changes=(InvoiceChanged,), gather_ms=GATHER_MS, parent=parent)
        self.invoice: Invoice | None = None
        self.owing: list[ToPayRow] = []
        self.drawer: DrawerState | None = None

    def open(self, encounter_id: EncounterId, ticket: TicketRow | None) -> None:
        """Shows the bill of that visit."""
        self.begin(encounter_id, ticket)
        self.invoice = None
        self.invoice_changed.emit()
        self.reload()

    def fetch_visit(self, encounter_id: EncounterId) -> None:
        self.ask_about(encounter_id, GetInvoice(encounter_id=encounter_id), done=self._on_invoice)

    def fetch_lists(self) -> None:
        self.ask_aside(ListToPay(), done=self._on_owing)
        self.ask_aside(GetDrawer(), done=self._on_drawer)

    def take(self, *, amount: Money, tendered: Money) -> None:
        """Takes a payment for the bill that is shown."""
        if self.invoice is None:
            return
        request = TakePayment(
            invoice_id=self.invoice.id,
            version=self.invoice.version,
            amount=amount,
            tendered=tendered,
            ticket_id=self.ticket_id,
        )
        self.store(request, done=self._on_receipt)

    def refund(self, request: RefundPayment) -> None:
        """Returns a payment or a part of it; once, however often it is pressed."""
        self.store(request, done=self._on_refunded, refused=self.refund_refused)

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

    def _on_invoice(self, invoice: Invoice) -> None:
        if invoice.encounter_id == self.encounter_id:
            self.invoice = invoice
            self.invoice_changed.emit()

    def _on_owing(self, answer: ToPay) -> None:
        self.owing = [row for row in answer.rows if row.ticket is None]
        self.owing_changed.emit()

    def _on_drawer(self, answer: DrawerState) -> None:
        self.drawer = answer
        self.drawer_changed.emit()

    def _on_receipt(self, receipt: Receipt) -> None:
        self._on_invoice(receipt.invoice)
        self.paid.emit(receipt)

    def _on_refunded(self, answer: RefundReceipt) -> None:
        self._on_invoice(answer.invoice)
        self.refunded.emit(answer)
