"""The bill itself: its lines, what came and went back, and what is due."""

from datetime import tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from hms_desktop.billing.table import MoneyRow, charge_columns, money_columns, money_rows, state_words
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.words import sex_word
from hms_server.contract.billing import ChargeRow, Invoice, PaymentRow
from hms_server.contract.money import format_money

LEAST_HEIGHT = 66
"""The heading and one row."""


class BillSheet(Card):
    """Shows one bill, or says that none is open."""

    retried = Signal()

    def __init__(self, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._state_pill = Pill()
        self._patient = label("", TextRole.STRONG, wraps=True)
        self._charges: RowsModel[ChargeRow] = RowsModel(
            charge_columns(), key=lambda row: (row.description, row.charged_at), parent=self
        )
        self._money: RowsModel[MoneyRow] = RowsModel(money_columns(zone), key=_key_of, parent=self)
        self.charges: TableView[ChargeRow] = TableView(self._charges, name=self.tr("Charges"))
        self.list = ListState(self.charges, empty=self.tr("Call a patient to see the bill"))
        self.payments: TableView[MoneyRow] = TableView(self._money, name=self.tr("Payments and refunds"))
        for table in (self.charges, self.list, self.payments):
            # Low screens need the room for the code that is scanned; longer lists scroll.
            table.setMinimumHeight(current_tokens().px(LEAST_HEIGHT))
        self._total, self._paid = label(), label()
        self.due = label("", TextRole.TITLE)
        self.add_to_heading(self._state_pill)
        self.add(self._patient)
        self.add(self.list, stretch=3)
        self.add(self.payments, stretch=2)
        self.add(self._sums())
        self.list.retried.connect(self.retried)

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        # Else the height that it would like counts as its least, and pushes the code off low screens.
        return False

    @property
    def has_money(self) -> bool:
        """Whether anything was paid yet."""
        return bool(self._money.rows)

    def begin(self) -> None:
        """Another bill is on its way."""
        self.payments.clear_choice()
        self.list.show_loading()

    def chosen(self) -> MoneyRow | None:
        """The payment or refund that is selected, else the last of them."""
        rows = self._money.rows
        return self.payments.chosen_row() or (rows[-1] if rows else None)

    def returnable(self) -> PaymentRow | None:
        """The selected payment, else the first of which something can go back."""
        row = self.payments.chosen_row()
        if row is not None and row.payment is not None:
            return row.payment if _left(row.payment) else None
        payments = (row.payment for row in self._money.rows if row.payment is not None)
        return next((payment for payment in payments if _left(payment)), None)

    def show_bill(self, invoice: Invoice | None) -> None:
        """Shows this bill; None clears the sheet."""
        self._charges.replace(invoice.charges if invoice else [])
        self._money.replace(money_rows(invoice) if invoice else [])
        self.payments.setVisible(self.has_money)
        if invoice is None:
            self.set_title(self.tr("Bill"))
            self._state_pill.set("", Kind.NEUTRAL)
            for each in (self._patient, self._total, self._paid, self.due):
                each.setText("")
            return
        self.set_title(invoice.number)
        self._state_pill.set(*state_words(invoice.state))
        patient = invoice.patient
        self._patient.setText(f"{patient.name} · {sex_word(patient.sex)} · {patient.number}")
        self._total.setText(format_money(invoice.total))
        self._paid.setText(format_money(invoice.paid))
        self.due.setText(format_money(invoice.due))
        self.list.show_rows()

    def _sums(self) -> QGridLayout:
        """In one line, so that low screens keep room for the lines of the bill."""
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        for place, (words, amount) in enumerate(
            ((self.tr("Total"), self._total), (self.tr("Paid"), self._paid))
        ):
            grid.addWidget(label(words, TextRole.MUTED), 0, 1 + 2 * place)
            grid.addWidget(amount, 0, 2 + 2 * place)
        grid.addWidget(label(self.tr("Due"), TextRole.TITLE), 0, 5)
        grid.addWidget(self.due, 0, 6)
        grid.setHorizontalSpacing(Space.M)
        return grid


def _left(payment: PaymentRow) -> bool:
    return payment.refundable is None or payment.refundable.amount_minor > 0


def _key_of(row: MoneyRow) -> tuple[str, int]:
    if row.payment is not None:
        return "payment", row.payment.id
    assert row.refund is not None
    return "refund", row.refund.id
