"""The medicines at the left: looked for by words, what needs attention on top."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from hms_desktop.pharmacy.stock.table import stock_columns
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_server.contract.pharmacy import StockRow
from hms_server.contract.values import ProductId

PAUSE_MS = 150
"""Who types on does not want an answer to half a word."""


class StockList(Card):
    """Says which medicine the person wants; which one is shown, the panel decides."""

    text_entered = Signal(str)
    """The person paused after typing this; empty for the whole list."""
    chosen = Signal(object)
    """A `StockRow`."""
    retried = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Stock"), parent)
        self._shown: ProductId | None = None
        self._filling = False
        self._picks_first = False
        self.search = Field("", placeholder=self.tr("Name or strength, or scan a pack"))
        self.search.editor.setAccessibleName(self.tr("Look for a medicine"))
        self._model: RowsModel[StockRow] = RowsModel(
            stock_columns(), key=lambda row: row.product_id, parent=self
        )
        self.table = TableView(self._model, name=self.tr("Medicines"))
        self.list = ListState(self.table, empty="")
        self._more = label(self.tr("There are more. Type a part of the name."), TextRole.MUTED, wraps=True)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._again = QTimer(self, singleShot=True, interval=0)
        self.add(self.search)
        self.add(self.list, stretch=1)
        self.add(self._more)
        self._more.hide()
        self._connect()
        self.list.show_loading()

    def show_rows(self, rows: Sequence[StockRow], *, more: bool) -> None:
        """The newest list; the medicine that is shown stays marked."""
        self._filling = True
        self._model.replace(rows)
        self.list.show_rows()
        if not rows:
            self.list.show_empty(self._empty_words())
        self._more.setVisible(more)
        self._mark()
        self._filling = False
        if self._picks_first and rows:
            self._picks_first = False
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
            self.chosen.emit(rows[0])

    def mark(self, product_id: ProductId | None) -> None:
        """The medicine that is shown beside the list."""
        self._shown = product_id
        # Later, since Qt goes on selecting the row that was clicked after it has said so.
        self._again.start()

    def take_focus(self) -> None:
        """The keys go to the search."""
        self.search.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.search.editor.selectAll()

    def _connect(self) -> None:
        self._pause.timeout.connect(lambda: self.text_entered.emit(self.search.text()))
        self._again.timeout.connect(self._mark_quietly)
        self.search.edited.connect(self._on_edited)
        self.search.editor.returnPressed.connect(self._on_enter)
        self.table.chosen.connect(self._on_row)
        self.list.retried.connect(self.retried)

    def _on_edited(self, _text: str) -> None:
        self._picks_first = False
        self._pause.start()

    def _on_enter(self) -> None:
        """Enter answers the words that stand there now, never a list that belongs to earlier ones."""
        self._pause.stop()
        self._picks_first = bool(self.search.text())
        self.text_entered.emit(self.search.text())

    def _on_row(self, row: StockRow | None) -> None:
        if row is not None and not self._filling and row.product_id != self._shown:
            self.chosen.emit(row)

    def _mark_quietly(self) -> None:
        self._filling = True
        self._mark()
        self._filling = False

    def _mark(self) -> None:
        if self._shown is None or not self.table.choose(self._shown):
            self.table.clear_choice()

    def _empty_words(self) -> str:
        if self.search.text():
            return self.tr("No medicine of the formulary fits. Try a part of the name.")
        return self.tr("Nothing was ever in stock. Type a medicine's name to receive the first delivery.")
