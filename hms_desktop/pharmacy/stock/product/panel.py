"""One medicine: what there is of it, its batches, and below them what happened."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.pharmacy.stock.table import (
    amount_text,
    batch_columns,
    need_words,
)
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import date_text
from hms_server.contract.pharmacy import BatchRow, StockRow
from hms_server.contract.values import BatchId


class ProductView(QWidget):
    """`slot` is the place between heading and batches where a form stands."""

    batch_chosen = Signal(object)
    """A `BatchRow` that the person has chosen."""
    retried = Signal()

    def __init__(self, *, clock: Callable[[], datetime], zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._product: StockRow | None = None
        self._batch_id: BatchId | None = None
        self._filling = False
        self.receive_button = SecondaryButton(
            self.tr("Receive"), key="F5", icon_name="truck-delivery-outline"
        )
        self.count_button = SecondaryButton(self.tr("Count"), key="F6", icon_name="counter")
        self.loss_button = SecondaryButton(self.tr("Write off"), key="F7", icon_name="trash-can-outline")
        self.facts = label("", TextRole.MUTED, wraps=True)
        self._pills = FlowLayout()

        def today() -> date:
            return clock().astimezone(zone).date()

        self._batches: RowsModel[BatchRow] = RowsModel(
            batch_columns(self.unit, today=today), key=lambda row: row.id, parent=self
        )
        self.batches = TableView(self._batches, name=self.tr("Batches"))
        self._batches_state = ListState(
            self.batches, empty=self.tr("No batch is there. Receive one with F5.")
        )
        self.slot = QVBoxLayout()
        self._again = QTimer(self, singleShot=True, interval=0)
        self._lay_out()
        self._again.timeout.connect(self._mark)
        self.batches.chosen.connect(self._on_batch)
        self._batches_state.retried.connect(self.retried)
        self.show_product(None)

    def show_product(self, product: StockRow | None) -> None:
        """The heading, as the server has it now."""
        self._product = product
        self._pills.clear()
        for button in (self.receive_button, self.count_button, self.loss_button):
            button.setEnabled(product is not None)
        if product is None:
            self._head.set_title(self.tr("Choose a medicine"))
            self.facts.setText(self.tr("At the left, or scan a pack."))
            return
        self._head.set_title(product.product)
        self.facts.setText(self._facts_of(product))
        for row in product.attention:
            word, kind = need_words(row)
            self._pills.addWidget(Pill(word, kind=kind))

    def show_batches(self, rows: list[BatchRow] | None) -> None:
        """None while nobody knows which there are."""
        self._filling = True
        self._batches.replace(rows or [])
        self._filling = False
        if rows is None:
            self._batches_state.show_loading()
        else:
            self._batches_state.show_rows()
        self._mark()

    def show_error(self, sentence: str) -> None:
        """What is there could not be fetched, which is not the same as nothing."""
        self._batches_state.show_error(sentence)

    def put_below(self, part: QWidget) -> None:
        """Puts something below the batches."""
        self._column.addWidget(part, 3)

    def mark_batch(self, batch_id: BatchId | None) -> None:
        """On this batch the keys act."""
        self._batch_id = batch_id
        # Later, since Qt goes on selecting the row that was clicked after it has said so.
        self._again.start()

    def _lay_out(self) -> None:
        self._head = Card("")
        for button in (self.receive_button, self.count_button, self.loss_button):
            self._head.add_to_heading(button)
        below = QHBoxLayout()
        below.setSpacing(Space.M)
        below.addWidget(self.facts, 1)
        below.addLayout(self._pills)
        self._head.add(below)
        batches = Card(self.tr("Batches"))
        batches.add(self._batches_state, stretch=1)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(self._head)
        column.addLayout(self.slot)
        column.addWidget(batches, 2)

    def _facts_of(self, product: StockRow) -> str:
        there = self.tr("{amount} can be dispensed").format(
            amount=amount_text(product.in_stock, product.dispensing_unit)
        )
        parts = [there]
        if product.next_expiry is not None:
            parts.append(self.tr("next expiry {day}").format(day=date_text(product.next_expiry)))
        if product.pack_size > 1:
            parts.append(self.tr("packs of {size}").format(size=product.pack_size))
        return " · ".join(parts)

    def unit(self) -> str:
        """In what the medicine is counted, empty while none is shown."""
        return self._product.dispensing_unit if self._product else ""

    def _on_batch(self, row: BatchRow | None) -> None:
        if row is not None and not self._filling and row.id != self._batch_id:
            self.batch_chosen.emit(row)

    def _mark(self) -> None:
        self._filling = True
        if self._batch_id is None or not self.batches.choose(self._batch_id):
            self.batches.clear_choice()
        self._filling = False
