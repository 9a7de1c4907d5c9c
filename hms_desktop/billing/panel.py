"""The billing desk: one bill, cash with its change, the receipt, and who still owes."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.billing.receipt import letterhead_of, print_receipt
from hms_desktop.billing.state import BillState
from hms_desktop.billing.table import charge_columns, owing_columns, payment_columns, state_words
from hms_desktop.printing.printer import Printer, PrintOutcome
from hms_desktop.session import Session
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.money_field import MoneyField
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.words import sex_word, time_text
from hms_server.contract.accounts import Clinic
from hms_server.contract.billing import ChargeRow, Invoice, InvoiceState, PaymentRow, Receipt, ToPayRow
from hms_server.contract.envelope import Fault
from hms_server.contract.money import format_money
from hms_server.contract.values import Money
from hms_server.contract.visits import TicketRow

SIDE_WIDTH = 280


class BillingPanel(QWidget):
    """Takes cash for one bill at a time."""

    sent_on = Signal()
    """The bill is paid in full and the patient has gone."""

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
        self._receipt: Receipt | None = None
        self._edited = False
        self.state = BillState(session, parent=self)
        self._charges: RowsModel[ChargeRow] = RowsModel(
            charge_columns(), key=lambda row: (row.description, row.charged_at), parent=self
        )
        self._payments: RowsModel[PaymentRow] = RowsModel(
            payment_columns(zone), key=lambda row: row.id, parent=self
        )
        self._owing: RowsModel[ToPayRow] = RowsModel(
            owing_columns(), key=lambda row: row.invoice_id, parent=self
        )
        self._build_parts()
        self._lay_out()
        self._connect()
        self._show_invoice()

    def open_ticket(self, ticket: TicketRow) -> None:
        """Shows the bill of the visit to which the ticket belongs."""
        self._begin()
        self.state.open(ticket.encounter_id, ticket)

    def primary(self) -> None:
        """Ctrl+Enter: takes the payment that stands in the fields."""
        invoice = self.state.invoice
        if invoice is None or not invoice.due.amount_minor:
            return
        amount, tendered = self.amount.money(), self.tendered.money()
        if amount is None or tendered is None:
            (self.amount if amount is None else self.tendered).editor.setFocus()
            return
        if self._accept(invoice, amount, tendered):
            self.take_button.setEnabled(False)
            self.state.take(amount=amount, tendered=tendered)

    def is_busy(self) -> bool:
        """Whether a payment was typed that is not taken yet."""
        return self._edited

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.reload()

    def _build_parts(self) -> None:
        currency = self._clinic.currency
        self.notice = Notice()
        self.bill = Card(self.tr("Bill"))
        self._state_pill = Pill()
        self._patient = label("", TextRole.STRONG, wraps=True)
        self.charges = TableView(self._charges, name=self.tr("Charges"))
        self._charges_state = ListState(self.charges, empty=self.tr("Call a patient to see the bill"))
        self.payments = TableView(self._payments, name=self.tr("Payments taken"))
        self._total, self._paid = label(), label()
        self._due = label("", TextRole.TITLE)
        self.tendered = MoneyField(self.tr("Cash received"), currency=currency)
        self.amount = MoneyField(
            self.tr("Pays now"), currency=currency, hint=self.tr("Less than the due amount: part payment")
        )
        self._change = label("", TextRole.TITLE)
        self.take_button = PrimaryButton(self.tr("Take payment"), key="Ctrl+Enter", icon_name="cash-check")
        self.print_button = SecondaryButton(
            self.tr("Print receipt again"), key="Ctrl+P", icon_name="printer-outline"
        )
        self.print_button.setEnabled(False)
        self.drawer = Card(self.tr("My cash today"))
        self._drawer_taken = label("", TextRole.VALUE)
        self._drawer_words = label("", TextRole.MUTED, wraps=True)
        self.owing = TableView(self._owing, name=self.tr("Still owing"))
        self._owing_state = ListState(self.owing, empty=self.tr("Nobody owes anything"))

    def _lay_out(self) -> None:
        self.bill.add_to_heading(self._state_pill)
        self.bill.add(self._patient)
        self.bill.add(self._charges_state, stretch=3)
        self.bill.add(self.payments, stretch=1)
        self.bill.add(self._sums())
        middle = QVBoxLayout()
        middle.setSpacing(Space.M)
        middle.addWidget(self.notice)
        middle.addWidget(self.bill, 1)
        middle.addWidget(self._payment_card())
        self.drawer.add(self._drawer_taken)
        self.drawer.add(self._drawer_words)
        owing = Card(self.tr("Still owing"))
        owing.add(self._owing_state, stretch=1)
        side = QVBoxLayout()
        side.setSpacing(Space.M)
        side.addWidget(self.drawer)
        side.addWidget(owing, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addLayout(middle, 1)
        row.addLayout(side)
        for card in (self.drawer, owing):
            card.setMinimumWidth(current_tokens().px(SIDE_WIDTH))

    def _sums(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        rows = ((self.tr("Total"), self._total), (self.tr("Paid"), self._paid), (self.tr("Due"), self._due))
        for number, (words, amount) in enumerate(rows):
            role = TextRole.TITLE if amount is self._due else TextRole.MUTED
            grid.addWidget(label(words, role), number, 1, Qt.AlignmentFlag.AlignRight)
            amount.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(amount, number, 2)
        grid.setHorizontalSpacing(Space.L)
        return grid

    def _payment_card(self) -> Card:
        card = Card(self.tr("Take cash"))
        fields = QHBoxLayout()
        fields.setSpacing(Space.M)
        fields.addWidget(self.tendered, 1)
        fields.addWidget(self.amount, 1)
        change = QVBoxLayout()
        change.addWidget(label(self.tr("Change"), TextRole.LABEL))
        change.addWidget(self._change)
        change.addStretch(1)
        fields.addLayout(change, 1)
        card.add(fields)
        buttons = QHBoxLayout()
        buttons.addWidget(self.print_button)
        buttons.addStretch(1)
        buttons.addWidget(self.take_button)
        card.add(buttons)
        return card

    def _connect(self) -> None:
        self.state.invoice_changed.connect(self._show_invoice)
        self.state.owing_changed.connect(self._show_owing)
        self.state.drawer_changed.connect(self._show_drawer)
        self.state.paid.connect(self._on_paid)
        self.state.refused.connect(self._on_refused)
        self.state.failed.connect(self._on_failed)
        self.owing.opened.connect(self._on_owing_opened)
        self._charges_state.retried.connect(self.state.reload)
        self.take_button.clicked.connect(self.primary)
        self.print_button.clicked.connect(self._print)
        for each in (self.tendered, self.amount):
            each.edited.connect(self._on_edited)

    def _begin(self) -> None:
        """A new bill: nothing of the one before stays in the fields."""
        self._edited = False
        self._receipt = None
        self.print_button.setEnabled(False)
        self.notice.take_back()
        for each in (self.tendered, self.amount):
            each.clear_error()
            each.set_money(None)
        self._charges_state.show_loading()
        self.tendered.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_invoice(self) -> None:
        invoice = self.state.invoice
        self._charges.replace(invoice.charges if invoice else [])
        self._payments.replace(invoice.payments if invoice else [])
        self.payments.setVisible(bool(invoice and invoice.payments))
        self.take_button.setEnabled(bool(invoice and invoice.due.amount_minor) and not self.state.paying)
        if invoice is None:
            self.bill.set_title(self.tr("Bill"))
            self._state_pill.set("", Kind.NEUTRAL)
            for each in (self._patient, self._total, self._paid, self._due):
                each.setText("")
            self._show_change()
            return
        self.bill.set_title(invoice.number)
        words, kind = state_words(invoice.state)
        self._state_pill.set(words, kind)
        patient = invoice.patient
        self._patient.setText(f"{patient.name} · {sex_word(patient.sex)} · {patient.number}")
        self._total.setText(format_money(invoice.total))
        self._paid.setText(format_money(invoice.paid))
        self._due.setText(format_money(invoice.due))
        self._charges_state.show_rows()
        if not self._edited:
            self.amount.set_money(invoice.due if invoice.due.amount_minor else None)
        self._show_change()

    def _show_change(self) -> None:
        amount, tendered = self._typed(self.amount), self._typed(self.tendered)
        if amount is None or tendered is None or tendered.amount_minor < amount.amount_minor:
            self._change.setText("–")
        else:
            change = Money(tendered.amount_minor - amount.amount_minor, amount.currency)
            self._change.setText(format_money(change))

    def _typed(self, field: MoneyField) -> Money | None:
        return field.money() if field.text().strip() else None

    def _on_edited(self, _text: str) -> None:
        self._edited = True
        for each in (self.tendered, self.amount):
            each.clear_error()
        self._show_change()

    def _accept(self, invoice: Invoice, amount: Money, tendered: Money) -> bool:
        due = format_money(invoice.due)
        if not 0 < amount.amount_minor <= invoice.due.amount_minor:
            self.amount.set_error(self.tr("Between one and {due}, which is due.").format(due=due))
        elif tendered.amount_minor < amount.amount_minor:
            self.tendered.set_error(
                self.tr("Less than what is to be paid now. For a part payment, lower “Pays now”.")
            )
        else:
            return True
        return False

    def _on_paid(self, receipt: Receipt) -> None:
        self._edited = False
        self._receipt = receipt
        self.print_button.setEnabled(True)
        self.tendered.set_money(None)
        self._show_invoice()
        payment = receipt.payment
        title = self.tr("Receipt {number} · stored {time}").format(
            number=payment.receipt_number, time=time_text(payment.taken_at, self._zone)
        )
        self.notice.say(Kind.OK, title, self._change_sentence(receipt))
        self._print()
        if receipt.invoice.state is InvoiceState.PAID:
            self.sent_on.emit()

    def _change_sentence(self, receipt: Receipt) -> str:
        words = self.tr("Give {change} change.").format(change=format_money(receipt.payment.change))
        if receipt.invoice.due.amount_minor:
            owing = self.tr("{due} stays owing.").format(due=format_money(receipt.invoice.due))
            return f"{words} {owing}"
        return words

    def _on_refused(self, fault: Fault) -> None:
        self._show_invoice()
        field = {"amount": self.amount, "tendered": self.tendered}.get(fault.field or "")
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)

    def _on_failed(self, fault: Fault) -> None:
        self._charges_state.show_error(fault.message)

    def _on_owing_opened(self, row: ToPayRow) -> None:
        self._begin()
        self.state.open(row.encounter_id, None)

    def _show_owing(self) -> None:
        self._owing.replace(self.state.owing)
        self._owing_state.show_rows()

    def _show_drawer(self) -> None:
        drawer = self.state.drawer
        if drawer is None:
            return
        self._drawer_taken.setText(format_money(drawer.cash_taken))
        self._drawer_words.setText(
            self.tr("{count} payments, {change} given as change").format(
                count=drawer.payments, change=format_money(drawer.change_given)
            )
        )

    def _print(self) -> None:
        receipt = self._receipt
        if receipt is None:
            return
        head = letterhead_of(self._clinic.name, self._zone)
        self._background.run(lambda: print_receipt(self._printer, receipt, letterhead=head), self._on_printed)

    def _on_printed(self, outcome: PrintOutcome) -> None:
        if not outcome.printed and self._receipt is not None:
            self.notice.say(Kind.WARNING, outcome.message, self._change_sentence(self._receipt))
