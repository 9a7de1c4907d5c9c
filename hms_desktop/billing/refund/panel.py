"""Returning a payment: how much, why, and whether the bill owes it again."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.money_field import MoneyField
from hms_desktop.widgets.tokens import Space
from hms_server.contract.billing import PaymentMethod, PaymentRow, RefundPayment
from hms_server.contract.money import format_money


class RefundForm(QWidget):
    """For one payment at a time; the person decides about the charge, nothing is preset."""

    def __init__(self, *, currency: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.payment: PaymentRow | None = None
        self.is_edited = False
        self._words = label("", TextRole.STRONG, wraps=True)
        self.amount = MoneyField(self.tr("Goes back"), currency=currency, required=True)
        self.credit: ChoiceField[bool] = ChoiceField(
            self.tr("And the bill"),
            [
                (True, self.tr("Owes less: the charge was wrong or not delivered")),
                (False, self.tr("Owes it again: it will be paid in another way")),
            ],
            required=True,
        )
        self.reason = Field(self.tr("Reason"), required=True, max_length=300)
        first = QHBoxLayout()
        first.setSpacing(Space.M)
        first.addWidget(self.amount, 2)
        first.addWidget(self.credit, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._words)
        column.addLayout(first)
        column.addWidget(self.reason)
        self.amount.edited.connect(self._on_edited)
        self.reason.edited.connect(self._on_edited)
        self.credit.chosen.connect(self._on_edited)

    def begin(self, payment: PaymentRow) -> None:
        """Offers all that is left of this payment."""
        self.payment = payment
        self.is_edited = False
        left = payment.refundable or payment.amount
        cash = self.tr("{number}: {left} can go back in cash, from your drawer, now.")
        paystack = self.tr("{number}: {left} can go back through Paystack, in some days. Give no cash.")
        words = cash if payment.method is PaymentMethod.CASH else paystack
        self._words.setText(words.format(left=format_money(left), number=payment.receipt_number))
        self.amount.set_money(left)
        self.credit.set_value(None)
        self.reason.set_text("")
        for each in (self.amount, self.credit, self.reason):
            each.clear_error()
        self.amount.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.amount.editor.selectAll()

    def close_form(self) -> None:
        """The refund is stored, or nobody wants it any more."""
        self.payment = None
        self.is_edited = False

    def request(self) -> RefundPayment | None:
        """The order as it stands; None where a field says what is missing."""
        payment, amount = self.payment, self.amount.money()
        if payment is None:
            return None
        left = payment.refundable or payment.amount
        if amount is None:
            self.amount.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not 0 < amount.amount_minor <= left.amount_minor:
            words = self.tr("Between one and {left}, which is left of this payment.")
            self.amount.set_error(words.format(left=format_money(left)))
        elif (credit := self.credit.value()) is None:
            self.credit.set_error(self.tr("Choose what becomes of the charge."))
        elif not self.reason.text():
            self.reason.set_error(self.tr("Write why the money goes back."))
        else:
            return RefundPayment(
                payment_id=payment.id, amount=amount, reason=self.reason.text(), credit=credit
            )
        return None

    def refuse(self, field: str, sentence: str) -> bool:
        """Shows the server's refusal at its field; False where it is not about one of these."""
        if field == "amount":
            self.amount.set_error(sentence)
        elif field == "reason":
            self.reason.set_error(sentence)
        else:
            return False
        return True

    def _on_edited(self, *_: object) -> None:
        self.is_edited = True
