"""A physical count of one batch, with the difference in words before it is stored."""

from hms_desktop.pharmacy.stock.form.panel import StockForm, whole_number
from hms_desktop.pharmacy.stock.table import amount_text, change_text
from hms_desktop.widgets.fields import Field
from hms_server.contract.pharmacy import BatchRow, CountStock

LONGEST_NOTE = 200


class CountForm(StockForm):
    """Compares with what the list said when the number was typed; refuses when it has changed since."""

    def __init__(self) -> None:
        super().__init__()
        self._batch: BatchRow | None = None
        self._seen = 0
        self.counted = Field(self.tr("Counted"), max_length=9, required=True)
        self.note = Field(self.tr("Note"), max_length=LONGEST_NOTE)
        # Before the form itself hears of it, and keeps what is typed.
        self.counted.edited.connect(self._on_counted)
        self.hold("count", {"counted": self.counted, "note": self.note}, save=self.tr("Store the count"))

    def show_batch(self, batch: BatchRow | None) -> None:
        same = batch is not None and self._batch is not None and batch.id == self._batch.id
        self._batch = batch
        if batch is None:
            return
        self.set_title(self.tr("Count: {medicine}, lot {lot}").format(medicine=batch.product, lot=batch.lot))
        if not (same and self.counted.text()):
            self._seen = batch.on_hand
        elif batch.on_hand != self._seen and not self.counted.error():
            self.counted.mark_error(self._changed_words(batch))
        self.refresh()

    def typed(self) -> dict[str, str]:
        return super().typed() | ({"seen": str(self._seen)} if self.counted.text() else {})

    def restore(self, typed: dict[str, str]) -> None:
        seen = whole_number(typed.get("seen", ""))
        super().restore(typed)
        if self._batch is not None and seen is not None:
            self._seen = seen
            self.show_batch(self._batch)

    def request(self) -> CountStock | None:
        counted, batch = whole_number(self.counted.text()), self._batch
        if batch is None:
            self.counted.set_error(self.tr("This batch is not in the list any more. Leave with Esc."))
        elif counted is None:
            self.counted.set_error(self.tr("Count single units and write a whole number, 0 for none."))
        elif batch.on_hand != self._seen:
            self.counted.set_error(self._changed_words(batch))
        else:
            return CountStock(batch_id=batch.id, counted=counted, seen=self._seen, note=self.note.text())
        return None

    def read_back(self) -> str:
        if self._batch is None:
            return ""
        unit = self.product.dispensing_unit
        listed = self.tr("The list says {amount}.").format(amount=amount_text(self._batch.on_hand, unit))
        counted = whole_number(self.counted.text())
        if counted is None:
            return listed
        change = counted - self._batch.on_hand
        if not change:
            return self.tr("{listed} The count agrees.").format(listed=listed)
        return self.tr("{listed} Difference: {change}.").format(
            listed=listed, change=change_text(change, unit)
        )

    def refresh(self) -> None:
        if self._product is not None:
            self.counted.set_unit(self._product.dispensing_unit)
        super().refresh()

    def _on_counted(self, _text: str) -> None:
        # Whoever types the number has the newest list before their eyes.
        if self._batch is not None:
            self._seen = self._batch.on_hand

    def _changed_words(self, batch: BatchRow) -> str:
        words = self.tr("Meanwhile the list went from {seen} to {now}. Count again and type the number.")
        return words.format(seen=self._seen, now=batch.on_hand)
