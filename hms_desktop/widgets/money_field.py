"""A field for an amount of money, in minor units inside and as people write it outside."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from hms_desktop.widgets.fields import Field
from hms_server.contract.money import format_amount, parse_money, symbol_of
from hms_server.contract.values import Money


class MoneyField(Field):
    """Right-aligned, with the sign of the currency as its unit."""

    def __init__(
        self,
        title: str,
        *,
        currency: str,
        hint: str = "",
        required: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(
            title, unit=symbol_of(currency), hint=hint, required=required, max_length=24, parent=parent
        )
        self._currency = currency
        self.editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.finished.connect(self._on_finished)

    def money(self) -> Money | None:
        """What is typed; None with the reason at the field where it is not an amount."""
        try:
            return parse_money(self.text(), self._currency)
        except ValueError as error:
            self.mark_error(str(error))
            return None

    def set_money(self, money: Money | None) -> None:
        """Shows an amount, or nothing."""
        self.set_text(format_amount(money) if money is not None else "")

    def _on_finished(self) -> None:
        if self.text():
            money = self.money()
            if money is not None:
                self.set_money(money)
