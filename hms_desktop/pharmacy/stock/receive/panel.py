"""A delivery: lot and last day as they stand on the pack, how much came, and where it is put."""

from collections.abc import Callable, Sequence
from datetime import date

from hms_desktop.pharmacy.gs1 import ScannedPack
from hms_desktop.pharmacy.stock.form.panel import AnyField, StockForm, whole_number
from hms_desktop.pharmacy.stock.table import amount_text, number_text
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.words import date_text
from hms_server.contract.expiry import EXPIRES_SOON_DAYS, last_day
from hms_server.contract.pharmacy import BatchRow, ReceiveStock, StockRow

LONGEST = 40


class ReceiveForm(StockForm):
    """Stays open after each lot, since a delivery has many."""

    def __init__(self, *, today: Callable[[], date]) -> None:
        super().__init__()
        self._today = today
        self._batches: Sequence[BatchRow] = ()
        self.lot = Field(self.tr("Lot"), max_length=LONGEST, required=True)
        self.expires = Field(
            self.tr("Expires"), placeholder=self.tr("06/2027 or 30/06/2027"), max_length=20, required=True
        )
        self.quantity = Field(self.tr("How many came"), max_length=9, required=True)
        self.shelf = Field(self.tr("Shelf"), max_length=LONGEST)
        fields: dict[str, AnyField] = {
            "lot": self.lot,
            "expires_on": self.expires,
            "quantity": self.quantity,
            "shelf": self.shelf,
        }
        self.hold("receive", fields, save=self.tr("Receive"))
        self.refresh()

    def show_product(self, product: StockRow) -> None:
        self.quantity.set_unit(product.dispensing_unit)
        self.set_title(self.tr("Receive: {medicine}").format(medicine=product.product))
        super().show_product(product)

    def show_batches(self, batches: Sequence[BatchRow]) -> None:
        """What is there already: the same lot adds to its batch."""
        self._batches = batches
        self.refresh()

    def take(self, pack: ScannedPack) -> str:
        if not self._typed and self._is_of_another(pack):
            # The day of one lot must not stand beside the number of another.
            self.lot.set_text("")
            self.expires.set_text("")
        self._take(self.lot, pack.lot)
        if pack.expires_on is not None and last_day(self.expires.text()) != pack.expires_on:
            self._take(self.expires, f"{pack.expires_on:%d/%m/%Y}")
        self.refresh()
        differs = []
        if pack.lot and self.lot.text().casefold() != pack.lot.casefold():
            differs.append(self.tr("lot {lot}").format(lot=pack.lot))
        if pack.expires_on is not None and last_day(self.expires.text()) != pack.expires_on:
            differs.append(self.tr("last day {day}").format(day=date_text(pack.expires_on)))
        return ", ".join(differs)

    def request(self) -> ReceiveStock | None:
        day, quantity = last_day(self.expires.text()), whole_number(self.quantity.text())
        if not self.lot.text():
            self.lot.set_error(self.tr("Type the lot number that stands on the pack."))
        elif day is None:
            self.expires.set_error(
                self.tr("Write the day as 30/06/2027 or 2027-06-30, or 06/2027 for the end of that month.")
            )
        elif not quantity:
            self.quantity.set_error(
                self.tr("Count single units and write a whole number, such as {number}.").format(
                    number=self.product.pack_size * 10
                )
            )
        else:
            return ReceiveStock(
                product_id=self.product.product_id,
                lot=self.lot.text(),
                expires_on=day,
                quantity=quantity,
                shelf=self.shelf.text(),
            )
        return None

    def read_back(self) -> str:
        day, quantity = last_day(self.expires.text()), whole_number(self.quantity.text())
        if not (self.lot.text() and day and quantity):
            return ""
        batch = self._batch()
        words = self.tr("{amount}, lot {lot}, to be used up to {day}. Then {total} of this lot are there.")
        return words.format(
            amount=amount_text(quantity, self.product.dispensing_unit),
            lot=batch.lot if batch else self.lot.text(),
            day=date_text(day),
            total=number_text(quantity + (batch.on_hand if batch else 0)),
        )

    def clear(self) -> None:
        # Boxes of one delivery are put beside each other more often than not.
        shelf = self.shelf.text()
        super().clear()
        self.shelf.set_text(shelf)

    def forget(self) -> None:
        """Empty, also of the shelf: another medicine, or the form is left."""
        self.shelf.set_text("")
        self.clear()

    def refresh(self) -> None:
        super().refresh()
        batch = self._batch()
        self.lot.set_hint(
            self.tr("Adds to {count} that are there").format(count=number_text(batch.on_hand))
            if batch
            else ""
        )
        self.shelf.editor.setPlaceholderText(batch.shelf if batch else "")
        self.expires.set_hint(self._day_words())
        self.quantity.set_hint(self._pack_words())

    def _is_of_another(self, pack: ScannedPack) -> bool:
        """Whether this pack bears another lot or day than the one that was scanned before."""
        lot, day = self.lot.text(), last_day(self.expires.text())
        if lot and pack.lot and lot.casefold() != pack.lot.casefold():
            return True
        return day is not None and pack.expires_on is not None and day != pack.expires_on

    def _take(self, field: Field, text: str) -> None:
        """What a person typed stays, whatever is scanned."""
        if text and not (self._typed and field.text()):
            field.set_text(text)

    def _batch(self) -> BatchRow | None:
        lot = " ".join(self.lot.text().split()).upper()
        return next((batch for batch in self._batches if batch.lot.upper() == lot), None)

    def _day_words(self) -> str:
        day = last_day(self.expires.text())
        if day is None:
            return self.tr("As the pack prints it, day before month")
        left = (day - self._today()).days
        if left < 0:
            return self.tr("{day}: has expired, send it back").format(day=date_text(day))
        if left <= EXPIRES_SOON_DAYS:
            return self.tr("{day}: only {count} days from now").format(day=date_text(day), count=left)
        return self.tr("Up to {day}").format(day=date_text(day))

    def _pack_words(self) -> str:
        if self._product is None:
            return ""
        quantity, size = whole_number(self.quantity.text()), self._product.pack_size
        if size == 1:
            return ""
        if not quantity:
            return self.tr("Single units; a pack has {size}").format(size=size)
        packs, rest = divmod(quantity, size)
        if rest:
            return self.tr("{packs} packs of {size} and {rest}").format(packs=packs, size=size, rest=rest)
        return self.tr("{packs} packs of {size}").format(packs=packs, size=size)
