"""Cash: what the patient gives, what is paid of it, and the change that goes back."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.money_field import MoneyField
from hms_desktop.widgets.tokens import Space
from hms_server.contract.billing import Invoice
from hms_server.contract.money import format_money
from hms_server.contract.values import Money


class CashForm(QWidget):
    """Two amounts, checked against what is due before they leave the desk."""

    edited = Signal()

    def __init__(self, *, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_edited = False
        self.tendered = MoneyField(self.tr("Cash received"), currency=currency)
        self.amount = MoneyField(
            self.tr("Pays now"), currency=currency, hint=self.tr("Less than the due amount: part payment")
        )
        self._change = label("", TextRole.TITLE)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(self.tendered, 1)
        row.addWidget(self.amount, 1)
        change = QVBoxLayout()
        change.addWidget(label(self.tr("Change"), TextRole.LABEL))
        change.addWidget(self._change)
        change.addStretch(1)
        row.addLayout(change, 1)
        for each in (self.tendered, self.amount):
            each.edited.connect(self._on_edited)

    def begin(self) -> None:
        """A new bill: nothing of the one before stays in the fields."""
        self.is_edited = False
        for each in (self.tendered, self.amount):
            each.clear_error()
            each.set_money(None)

    def take_focus(self) -> None:
        """The cashier types what is given."""
        self.tendered.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_due(self, invoice: Invoice | None) -> None:
        """Presets what is due, unless the cashier has typed already."""
        if invoice is not None and not self.is_edited:
            self.amount.set_money(invoice.due if invoice.due.amount_minor else None)
        self._show_change()

    def taken(self) -> None:
        """The payment is stored."""
        self.is_edited = False
        self.tendered.set_money(None)

    def accepted(self, invoice: Invoice) -> tuple[Money, Money] | None:
        """What is paid now and what was given; None where a field says what is wrong with it."""
        amount, tendered = self.amount.money(), self.tendered.money()
        if amount is None or tendered is None:
            (self.amount if amount is None else self.tendered).editor.setFocus()
            return None
        if not 0 < amount.amount_minor <= invoice.due.amount_minor:
            due = format_money(invoice.due)
            self.amount.set_error(self.tr("Between one and {due}, which is due.").format(due=due))
            return None
        if tendered.amount_minor < amount.amount_minor:
            self.tendered.set_error(
                self.tr("Less than what is to be paid now. For a part payment, lower “Pays now”.")
            )
            return None
        return amount, tendered

    def refuse(self, field: str, sentence: str) -> bool:
        """Shows the server's refusal at its field; False where it is not about one of these."""
        at = {"amount": self.amount, "tendered": self.tendered}.get(field)
        if at is not None:
            at.set_error(sentence)
        return at is not None

    def _show_change(self) -> None:
        amount, tendered = _typed(self.amount), _typed(self.tendered)
        if amount is None or tendered is None or tendered.amount_minor < amount.amount_minor:
            self._change.setText("–")
        else:
            change = Money(tendered.amount_minor - amount.amount_minor, amount.currency)
            self._change.setText(format_money(change))

    def _on_edited(self, _text: str) -> None:
        self.is_edited = True
        for each in (self.tendered, self.amount):
            each.clear_error()
        self._show_change()
        self.edited.emit()


def _typed(field: MoneyField) -> Money | None:
    return field.money() if field.text().strip() else None
