"""The one table of the desktop: by keyboard, with pills, and without cutting off what must be read."""

from collections.abc import Iterator
from itertools import islice
from operator import length_hint
from typing import Generic, TypeVar

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from hms_desktop.widgets.columns import Want, column_widths, measure_columns
from hms_desktop.widgets.delegate import CellDelegate
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.tokens import current_tokens

T = TypeVar("T")

ROWS_AT_ONCE = 60
"""More than fit on a screen: a long list gets the heights of the others in the pauses of the event loop."""
WIDEST_DEMAND = 380
"""A table asks its neighbours for no more width than this; a wider one scrolls sideways."""


class TableView(QTableView, Generic[T]):
    """Rows of a `RowsModel`. Up and down select, Enter opens, Tab leaves."""

    chosen = Signal(object)
    """The row that is selected now, None for no row."""
    opened = Signal(object)
    """The row on which Enter was pressed or which was double-clicked."""

    def __init__(self, model: RowsModel[T], *, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows_model = model
        self._refit = QTimer(self, singleShot=True, interval=0)
        self._refit.timeout.connect(self._fit)
        self._wants: list[Want] = []
        self._narrow: list[int] = []
        self._unfitted: Iterator[int] = iter(())
        self._fitting = QTimer(self, singleShot=True, interval=0)
        self._fitting.timeout.connect(self._fit_some)
        self.setAccessibleName(name)
        self.setModel(model)
        self._cells = CellDelegate(self)
        self.setItemDelegate(self._cells)
        self._behave()
        self._look()
        for changed in (model.rowsInserted, model.rowsRemoved, model.dataChanged, model.layoutChanged):
            changed.connect(self._on_changed)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        self.doubleClicked.connect(self._on_opened)
        self._refit.start()

    def chosen_row(self) -> T | None:
        """The selected row."""
        return self.rows_model.row_at(self.currentIndex())

    def choose(self, key: object) -> bool:
        """Selects the row with this key; says whether there is one."""
        index = self.rows_model.index_of(key)
        if not index.isValid():
            return False
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)
        return True

    def choose_first(self) -> None:
        """Selects the first row, if there is one and none is selected."""
        if not self.currentIndex().isValid() and self.rows_model.rows:
            self.choose(self.rows_model.key_of(self.rows_model.rows[0]))

    def clear_choice(self) -> None:
        """No row is selected any more."""
        self.setCurrentIndex(QModelIndex())
        self.clearSelection()

    def _behave(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def _look(self) -> None:
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(self._row_height())
        self.verticalHeader().setDefaultSectionSize(self._row_height())
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setMinimumSectionSize(16)

    def _row_height(self) -> int:
        return current_tokens().px(34)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(240, self._row_height() * 4)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        # With room for the scroll bar, so that a list which grows longer cuts nothing off.
        bar = self.verticalScrollBar().sizeHint().width()
        needed = sum(want.minimum for want in self._wants) + bar + 2
        return QSize(min(needed, current_tokens().px(WIDEST_DEMAND)), self._row_height() * 3)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if self._wants:
            self._share()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier
        ):
            self._on_opened(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _on_changed(self, *_: object) -> None:
        self._refit.start()

    def _on_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        self.chosen.emit(self.rows_model.row_at(index))

    def _on_opened(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(self.rows_model.row_at(index))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self._wants:
            self._refit.start()
        super().changeEvent(event)

    def _fit(self) -> None:
        self._wants = measure_columns(self.rows_model, self.font())
        self.verticalHeader().setMinimumSectionSize(self._row_height())
        self._share()
        self.updateGeometry()

    def _share(self) -> None:
        widths = column_widths(self._wants, self.viewport().width())
        for number, width in enumerate(widths):
            self.setColumnWidth(number, width)
        narrow = [
            number
            for number, (want, width) in enumerate(zip(self._wants, widths, strict=True))
            if width < want.full and not self.rows_model.columns[number].may_elide
        ]
        first, count = max(0, self.rowAt(0)), self.rows_model.rowCount()
        self._narrow, self._unfitted = narrow, iter([*range(first, count), *range(first)])
        self._fit_some()

    def _fit_some(self) -> None:
        """A row in which a text has to wrap gets as many lines as it needs; those in sight are the first."""
        for row in islice(self._unfitted, ROWS_AT_ONCE):
            needed = [self._text_height(self.rows_model.index(row, column)) for column in self._narrow]
            height = max([self._row_height(), *needed])
            if self.rowHeight(row) != height:
                self.setRowHeight(row, height)
        if length_hint(self._unfitted):
            self._fitting.start()

    def _text_height(self, index: QModelIndex) -> int:
        return self._cells.height_for(index, self.columnWidth(index.column()), self.font())
