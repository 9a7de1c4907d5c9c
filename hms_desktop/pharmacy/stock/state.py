"""The stock as the server has it: the list, one medicine with batches and ledger, and what changes them."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault, Request
from hms_server.contract.pharmacy import (
    Batches,
    BatchRow,
    ListBatches,
    ListStock,
    ListStockMovements,
    Movements,
    StockChanged,
    StockRow,
    StockRows,
)
from hms_server.contract.values import BatchId, ProductId

A = TypeVar("A")
GATHER_MS = 90


class StockState(QObject):
    """Follows the list and the chosen medicine; stores one thing at a time."""

    list_changed = Signal()
    """`rows` are new."""
    list_failed = Signal(object)
    """A `Fault`: the list could not be fetched."""
    product_changed = Signal()
    """Another medicine is chosen, or `product` is newer."""
    batches_changed = Signal()
    """`batches` are new."""
    movements_changed = Signal()
    """`movements` are new."""
    failed = Signal(object)
    """A `Fault`: the chosen medicine could not be fetched."""
    stored = Signal(object)
    """A `BatchRow`: what was asked for is stored."""
    refused = Signal(object)
    """A `Fault`: nothing was stored."""
    saving_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._watched = False
        self._text = ""
        self._asked = 0
        self._round = 0
        self.rows: list[StockRow] = []
        self.more = False
        self.product: StockRow | None = None
        self.batches: list[BatchRow] | None = None
        """None until the server has said which there are."""
        self.movements: Movements | None = None
        self.saving = False
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.mark_stale)

    def watch(self) -> None:
        self._watched = True
        self.reload()

    def look_away(self) -> None:
        self._watched = False
        self._gather.stop()

    def mark_stale(self) -> None:
        """What is shown may be old."""
        if self._watched:
            self._gather.start()

    def reload(self) -> None:
        """Fetches everything that is shown."""
        self._fetch_list()
        if self.product is not None:
            self._fetch_product(self.product.product_id)

    def look_for(self, text: str) -> None:
        """From now on the list shows what fits these words."""
        self._text = text
        self._fetch_list()

    def find_pack(self, gtin: str, *, found: Callable[[list[StockRow]], None]) -> None:
        """Which medicines have this number on their packs."""
        self._find(ListStock(text=gtin), found)

    def find_product(self, product_id: ProductId, *, found: Callable[[list[StockRow]], None]) -> None:
        """The medicine with this id, if it is still offered."""
        self._find(ListStock(product_id=product_id), found)

    def choose(self, product: StockRow) -> None:
        """Shows the batches and movements of this medicine."""
        if self.product is not None and self.product.product_id == product.product_id:
            return
        self.product = product
        self.batches = None
        self.movements = None
        self.product_changed.emit()
        self._fetch_product(product.product_id)

    def batch(self, batch_id: BatchId | None) -> BatchRow | None:
        """The batch as it was last fetched."""
        return next((row for row in self.batches or () if row.id == batch_id), None)

    def store(self, request: Request[BatchRow]) -> None:
        """Stores something once, however often it is pressed."""
        if self.saving:
            return
        self._set_saving(saving=True)
        self._session.save(request, done=self._on_stored, failed=self._on_refused, owner=self)

    def _find(self, request: ListStock, found: Callable[[list[StockRow]], None]) -> None:
        self._session.ask(
            request, done=lambda answer: found(answer.rows), failed=self.refused.emit, owner=self
        )

    def _fetch_list(self) -> None:
        self._asked += 1
        number = self._asked

        def on_rows(answer: StockRows) -> None:
            if number == self._asked:
                self.rows, self.more = answer.rows, answer.more
                self.list_changed.emit()

        def on_fault(fault: Fault) -> None:
            if number == self._asked:
                self.list_failed.emit(fault)

        self._session.ask(ListStock(text=self._text), done=on_rows, failed=on_fault, owner=self)

    def _fetch_product(self, product_id: ProductId) -> None:
        self._round += 1
        self._about(ListStock(product_id=product_id), self._on_product)
        self._about(ListBatches(product_id=product_id), self._on_batches)
        self._about(ListStockMovements(product_id=product_id), self._on_movements)

    def _about(self, request: Request[A], done: Callable[[A], None]) -> None:
        """An answer that was overtaken by a newer question, or by another medicine, is dropped."""
        number = self._round

        def on_answer(answer: A) -> None:
            if number == self._round:
                done(answer)

        def on_fault(fault: Fault) -> None:
            if number == self._round:
                self.failed.emit(fault)

        self._session.ask(request, done=on_answer, failed=on_fault, owner=self)

    def _on_product(self, answer: StockRows) -> None:
        if answer.rows:
            self.product = answer.rows[0]
            self.product_changed.emit()

    def _on_batches(self, answer: Batches) -> None:
        self.batches = answer.batches
        self.batches_changed.emit()

    def _on_movements(self, answer: Movements) -> None:
        self.movements = answer
        self.movements_changed.emit()

    def _on_stored(self, batch: BatchRow) -> None:
        self._set_saving(saving=False)
        self.stored.emit(batch)
        self.reload()

    def _on_refused(self, fault: Fault) -> None:
        self._set_saving(saving=False)
        self.refused.emit(fault)
        # Somebody else may have been faster: what is shown may be old.
        self.reload()

    def _set_saving(self, *, saving: bool) -> None:
        self.saving = saving
        self.saving_changed.emit()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StockChanged):
            self.mark_stale()
