"""The billing desk: one bill, how it is paid, the receipt, what goes back, and who still owes."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hms_desktop.billing.aside.panel import Aside
from hms_desktop.billing.cash.panel import CashForm
from hms_desktop.billing.receipt import letterhead_of, print_receipt, print_refund
from hms_desktop.billing.refund.panel import RefundForm
from hms_desktop.billing.sheet.panel import BillSheet
from hms_desktop.billing.state import BillState
from hms_desktop.printing.printer import Printer, PrintOutcome
from hms_desktop.session import Session
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import time_text
from hms_server.contract.accounts import Clinic
from hms_server.contract.billing import (
    Invoice,
    InvoiceState,
    PaymentMethod,
    Receipt,
    RefundReceipt,
    RefundState,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.money import format_money
from hms_server.contract.values import EncounterId, Money, PaymentId, TicketId
from hms_server.contract.visits import TicketRow


class OnlinePart(Protocol):
    """The part of the desk that takes payments online; the bill tells it whose turn it is."""

    def show_bill(self, invoice: Invoice | None, ticket_id: TicketId | None) -> None:
        """Another bill is open now, or the open one has changed."""

    def primary(self) -> None:
        """Ctrl+Enter, while this part is shown."""

    def primary_words(self) -> str:
        """What Ctrl+Enter would do; empty for nothing."""

    def is_busy(self) -> bool:
        """Whether something is typed that was not asked for yet."""

    def awaited(self) -> Money | None:
        """What payers may still pay online for this bill, None for nothing."""


class BillingPanel(QWidget):
    """Takes money for one bill at a time, and gives it back."""

    sent_on = Signal()
    """The bill is paid in full and the patient has gone."""
    cash_chosen = Signal()
    """Cash it is, after something else was shown."""

    def __init__(
        self,
        session: Session,
        *,
        clinic: Clinic,
        clock: Callable[[], datetime],
        zone: tzinfo,
        printer: Printer,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clinic = clinic
        self._clock = clock
        self._zone = zone
        self._printer = printer
        self._background = Background(self)
        self._asked_version: int | None = None
        self._online: OnlinePart | None = None
        self.state = BillState(session, parent=self)
        self._build_parts()
        self._lay_out()
        self._connect()
        self._show_invoice()

    def set_online(self, part: OnlinePart, widget: QWidget, ways: Sequence[SecondaryButton]) -> None:
        """Offers online payments beside cash; each of the buttons leads to `widget`."""
        self._online = part
        self._pages.addWidget(widget)
        for button in ways:
            self._ways.addButton(button)
            self._way_row.addWidget(button)
            button.clicked.connect(lambda: self._turn_to(widget))
        part.show_bill(self.state.invoice, self.state.ticket_id)

    def add_aside(self, widget: QWidget) -> None:
        """Puts a list at the side, below the drawer."""
        self.aside.add(widget)

    def open_ticket(self, ticket: TicketRow) -> None:
        """Shows the bill of the visit to which the ticket belongs."""
        self.open_bill(ticket.encounter_id, ticket)

    def open_bill(self, encounter_id: EncounterId, ticket: TicketRow | None = None) -> None:
        """Shows the bill of that visit, with cash as the way to pay."""
        self._begin()
        self.state.open(encounter_id, ticket)

    def primary(self) -> None:
        """Ctrl+Enter: does what the one coloured button says."""
        page = self._pages.currentWidget()
        if page is self.refund:
            self._return_money()
        elif page is self.cash:
            self._take_cash()
        elif self._online is not None:
            self._online.primary()

    def is_busy(self) -> bool:
        """Whether something was typed that is not stored yet."""
        online = self._online is not None and self._online.is_busy()
        return self.cash.is_edited or self.refund.is_edited or online

    def show_primary(self) -> None:
        """Says on the one coloured button what it does now, and whether it can."""
        page, invoice = self._pages.currentWidget(), self.state.invoice
        words = self.tr("Take payment")
        can = bool(invoice and invoice.due.amount_minor)
        if page is self.refund:
            words, can = self.tr("Return it"), self.refund.payment is not None
        elif page is not self.cash and self._online is not None:
            words = self._online.primary_words()
            can = bool(words)
        self.take_button.set_words(words or self.tr("Nothing to do"))
        self.take_button.setEnabled(can and not self.state.saving)

    def paid_online(self, encounter_id: EncounterId, payment_id: PaymentId) -> bool:
        """Prints the receipt of a payment that is just known, where its bill is still open; else False."""
        invoice = self.state.invoice
        if invoice is None or invoice.encounter_id != encounter_id:
            return False
        self.state.copy_receipt(payment_id, is_news=True)
        return True

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.reload()

    def _build_parts(self) -> None:
        currency = self._clinic.currency
        self.notice = Notice()
        self.bill = BillSheet(zone=self._zone)
        self.payments = self.bill.payments
        self.cash = CashForm(currency=currency)
        self.tendered, self.amount = self.cash.tendered, self.cash.amount
        self.refund = RefundForm(currency=currency)
        self._pages = QStackedWidget()
        self.cash_button = SecondaryButton(self.tr("Cash"), key="F3")
        self._ways = QButtonGroup(self)
        self._way_row = FlowLayout(spacing=Space.XS)
        self.take_button = PrimaryButton(self.tr("Take payment"), key="Ctrl+Enter", icon_name="cash-check")
        self.print_button = SecondaryButton(self.tr("Print"), key="Ctrl+P", icon_name="printer-outline")
        self.refund_button = SecondaryButton(self.tr("Refund"), key="Ctrl+R", icon_name="cash-refund")
        self.aside = Aside()
        self.owing = self.aside.owing

    def _lay_out(self) -> None:
        middle = QVBoxLayout()
        middle.setSpacing(Space.S)
        middle.addWidget(self.notice)
        middle.addWidget(self.bill, 1)
        middle.addWidget(self._payment_card())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addLayout(middle, 1)
        row.addWidget(self.aside)

    def _payment_card(self) -> Card:
        card = Card()
        self.cash_button.setCheckable(True)
        self.cash_button.setChecked(True)
        self._ways.addButton(self.cash_button)
        self._way_row.addWidget(self.cash_button)
        card.add(self._way_row)
        for page in (self.cash, self.refund):
            self._pages.addWidget(page)
        card.add(self._pages)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self.refund_button)
        buttons.addWidget(self.print_button)
        buttons.addStretch(1)
        buttons.addWidget(self.take_button)
        card.add(buttons)
        return card

    def _connect(self) -> None:
        state = self.state
        state.invoice_changed.connect(self._show_invoice)
        state.owing_changed.connect(lambda: self.aside.show_owing(state.owing))
        state.drawer_changed.connect(lambda: self.aside.show_drawer(state.drawer))
        state.paid.connect(self._on_paid)
        state.refused.connect(self._on_refused)
        state.failed.connect(lambda fault: self.bill.list.show_error(fault.message))
        state.copied.connect(self._on_copied)
        state.refunded.connect(self._on_refunded)
        state.refund_refused.connect(self._on_refund_refused)
        state.refund_copied.connect(self._print)
        state.copy_failed.connect(lambda fault: self.notice.say(Kind.WARNING, fault.message))
        self.aside.opened.connect(lambda row: self.open_bill(row.encounter_id))
        self.bill.retried.connect(state.reload)
        self.take_button.clicked.connect(self.primary)
        self.print_button.clicked.connect(self._print_again)
        self.refund_button.clicked.connect(self._begin_refund)
        self.cash_button.clicked.connect(self._choose_cash)
        self.cash.edited.connect(self._forget_question)

    def _begin(self) -> None:
        """A new bill: nothing of the one before stays in the fields, and cash comes first."""
        self._asked_version = None
        self.notice.take_back()
        self.cash.begin()
        self.refund.close_form()
        self.bill.begin()
        self._choose_cash()

    def _choose_cash(self) -> None:
        self.cash_button.setChecked(True)
        self._turn_to(self.cash)
        self.cash.take_focus()
        self.cash_chosen.emit()

    def _turn_to(self, page: QWidget) -> None:
        if page is not self.refund:
            self.refund.close_form()
        self._pages.setCurrentWidget(page)
        self.show_primary()

    def _show_invoice(self) -> None:
        invoice = self.state.invoice
        self.bill.show_bill(invoice)
        self.print_button.setEnabled(self.bill.has_money)
        self.refund_button.setEnabled(self.bill.has_money)
        if self._online is not None:
            self._online.show_bill(invoice, self.state.ticket_id)
        self.cash.show_due(invoice)
        self.show_primary()

    def _take_cash(self) -> None:
        invoice = self.state.invoice
        if invoice is None or not invoice.due.amount_minor:
            return
        accepted = self.cash.accepted(invoice)
        if accepted is None or not self._may_take(invoice):
            return
        self._forget_question()
        self.take_button.setEnabled(False)
        self.state.take(amount=accepted[0], tendered=accepted[1])

    def _may_take(self, invoice: Invoice) -> bool:
        """Asks once where the same bill may be paid online at any moment."""
        awaited = self._online.awaited() if self._online is not None else None
        if awaited is None or self._asked_version == invoice.version:
            return True
        self._asked_version = invoice.version
        title = self.tr("{amount} may still be paid online for this bill.")
        sentence = self.tr(
            "Stop that payment first: if both come, somebody has to return one. "
            "Ctrl+Enter again takes the cash nevertheless."
        )
        actions = [Action(self.tr("Take no cash"), self._forget_question)]
        self.notice.say(Kind.WARNING, title.format(amount=format_money(awaited)), sentence, actions=actions)
        return False

    def _forget_question(self) -> None:
        if self._asked_version is not None:
            self._asked_version = None
            self.notice.take_back()

    def _on_paid(self, receipt: Receipt) -> None:
        self.cash.taken()
        self._show_invoice()
        self._say_paid(receipt, self._change_sentence(receipt))
        self._print(receipt)
        if receipt.invoice.state is InvoiceState.PAID:
            self.sent_on.emit()

    def _say_paid(self, receipt: Receipt, sentence: str) -> None:
        payment = receipt.payment
        title = self.tr("Receipt {number} · stored {time}").format(
            number=payment.receipt_number, time=time_text(payment.taken_at, self._zone)
        )
        self.notice.say(Kind.OK, title, sentence)

    def _change_sentence(self, receipt: Receipt) -> str:
        words = self.tr("Give {change} change.").format(change=format_money(receipt.payment.change))
        if receipt.invoice.due.amount_minor:
            owing = self.tr("{due} stays owing.").format(due=format_money(receipt.invoice.due))
            return f"{words} {owing}"
        return words

    def _on_refused(self, fault: Fault) -> None:
        self._show_invoice()
        if not self.cash.refuse(fault.field or "", fault.message):
            self.notice.say(Kind.WARNING, fault.message)

    def _on_copied(self, receipt: Receipt, is_news: bool) -> None:  # noqa: FBT001 - a slot
        if is_news:
            self._say_paid(receipt, self._online_sentence(receipt))
        self._print(receipt)

    def _online_sentence(self, receipt: Receipt) -> str:
        words = self.tr("{amount} were paid through Paystack.")
        words = words.format(amount=format_money(receipt.payment.amount))
        if receipt.invoice.due.amount_minor:
            owing = self.tr("{due} stays owing.").format(due=format_money(receipt.invoice.due))
            return f"{words} {owing}"
        return words

    def _begin_refund(self) -> None:
        payment = self.bill.returnable()
        if payment is None:
            self.notice.say(Kind.INFO, self.tr("Of this payment nothing is left that could go back."))
            return
        self.notice.take_back()
        self.refund.begin(payment)
        self._turn_to(self.refund)
        self._ways.setExclusive(False)
        for button in self._ways.buttons():
            button.setChecked(False)
        self._ways.setExclusive(True)

    def _return_money(self) -> None:
        request = self.refund.request()
        if request is not None:
            self.take_button.setEnabled(False)
            self.state.refund(request)

    def _on_refunded(self, receipt: RefundReceipt) -> None:
        refund = receipt.refund
        self._choose_cash()
        self._show_invoice()
        amount = format_money(refund.amount)
        if refund.state is RefundState.PROCESSED:
            title = self.tr("Refund {number} · give {amount} back").format(
                number=refund.number, amount=amount
            )
            self.notice.say(Kind.OK, title)
        else:
            title = self.tr("{amount} go back through Paystack. Give no cash.").format(amount=amount)
            words = self.tr("It is not there yet: the list of payments says “Refund waits” until it is.")
            self.notice.say(Kind.INFO, title, words)
        self._print(receipt)

    def _on_refund_refused(self, fault: Fault) -> None:
        self.show_primary()
        if not self.refund.refuse(fault.field or "", fault.message):
            self.notice.say(Kind.WARNING, fault.message)

    def _print_again(self) -> None:
        row = self.bill.chosen()
        if row is not None and row.payment is not None:
            self.state.copy_receipt(row.payment.id)
        elif row is not None and row.refund is not None:
            self.state.copy_refund(row.refund.id)

    def _print(self, receipt: Receipt | RefundReceipt) -> None:
        printer, head = self._printer, letterhead_of(self._clinic.name, self._zone)

        def work() -> PrintOutcome:
            if isinstance(receipt, Receipt):
                return print_receipt(printer, receipt, letterhead=head)
            return print_refund(printer, receipt, letterhead=head)

        self._background.run(work, lambda outcome: self._on_printed(receipt, outcome))

    def _on_printed(self, receipt: Receipt | RefundReceipt, outcome: PrintOutcome) -> None:
        if outcome.printed:
            return
        is_cash = isinstance(receipt, Receipt) and receipt.payment.method is PaymentMethod.CASH
        words = self._change_sentence(receipt) if isinstance(receipt, Receipt) and is_cash else ""
        self.notice.say(Kind.WARNING, outcome.message, words)
