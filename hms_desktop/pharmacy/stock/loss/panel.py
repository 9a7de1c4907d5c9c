"""Writing off what is expired, broken or missing of one batch; never more than there is."""

from collections.abc import Callable
from datetime import date

from hms_desktop.pharmacy.stock.form.panel import AnyField, StockForm, whole_number
from hms_desktop.pharmacy.stock.table import amount_text, number_text
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_server.contract.pharmacy import BatchRow, CorrectStock, LossReason

LONGEST_NOTE = 200


class LossForm(StockForm):
    """Of an expired batch all is proposed: that is what has to leave the shelf."""

    def __init__(self, *, today: Callable[[], date]) -> None:
        super().__init__()
        self._today = today
        self._batch: BatchRow | None = None
        self.reason: ChoiceField[str] = ChoiceField(
            self.tr("Why"),
            [
                (LossReason.EXPIRED.value, self.tr("Expired")),
                (LossReason.BROKEN.value, self.tr("Broken or spoilt")),
                (LossReason.MISSING.value, self.tr("Missing")),
            ],
            required=True,
        )
        self.quantity = Field(self.tr("How many"), max_length=9, required=True)
        self.note = Field(self.tr("Note"), max_length=LONGEST_NOTE)
        fields: dict[str, AnyField] = {"reason": self.reason, "change": self.quantity, "note": self.note}
        self.hold("loss", fields, save=self.tr("Write off"))

    def show_batch(self, batch: BatchRow | None) -> None:
        self._batch = batch
        if batch is None:
            return
        self.set_title(
            self.tr("Write off: {medicine}, lot {lot}").format(medicine=batch.product, lot=batch.lot)
        )
        if not self.is_touched:
            self._propose(batch)
        self.refresh()

    def request(self) -> CorrectStock | None:
        batch, quantity = self._batch, whole_number(self.quantity.text())
        reason = self.reason.value()
        if batch is None:
            self.quantity.set_error(self.tr("This batch is not in the list any more. Leave with Esc."))
        elif reason is None:
            self.reason.set_error(self.tr("Choose why it leaves the shelf."))
        elif not quantity:
            self.quantity.set_error(self.tr("Count single units and write a whole number."))
        elif quantity > batch.on_hand:
            self.quantity.set_error(
                self.tr("There are only {count}.").format(count=number_text(batch.on_hand))
            )
        else:
            return CorrectStock(
                batch_id=batch.id, change=-quantity, reason=LossReason(reason), note=self.note.text()
            )
        return None

    def read_back(self) -> str:
        if self._batch is None:
            return ""
        unit, there = self.product.dispensing_unit, self._batch.on_hand
        quantity = whole_number(self.quantity.text())
        if not quantity or quantity > there:
            return self.tr("The list says {amount}.").format(amount=amount_text(there, unit))
        return self.tr("{amount} leave the shelf, {rest} stay.").format(
            amount=amount_text(quantity, unit), rest=number_text(there - quantity)
        )

    def clear(self) -> None:
        super().clear()
        self._batch = None

    def refresh(self) -> None:
        if self._product is not None:
            self.quantity.set_unit(self._product.dispensing_unit)
        super().refresh()

    def _propose(self, batch: BatchRow) -> None:
        expired = batch.expires_on < self._today()
        self.reason.set_value(LossReason.EXPIRED.value if expired else None)
        self.quantity.set_text(str(batch.on_hand) if expired and batch.on_hand else "")
