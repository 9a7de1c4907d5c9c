"""A table model of typed rows whose columns are data, and that changes only what has changed."""

import html
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from hms_desktop.widgets.tokens import Kind

T = TypeVar("T")
AnyIndex = QModelIndex | QPersistentModelIndex

_NOWHERE = QModelIndex()


class Role(IntEnum):
    """What a delegate may ask for beyond Qt's own roles."""

    PILL = Qt.ItemDataRole.UserRole + 1
    STRONG = Qt.ItemDataRole.UserRole + 2
    ELIDES = Qt.ItemDataRole.UserRole + 3


class Align(Enum):
    """Numbers and money stand at the end, so that their digits stand below each other."""

    START = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    END = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, kw_only=True)
class Column(Generic[T]):
    """One column: its title, what it says of a row, and how.

    With `pill` the text stands in a coloured pill where the function gives a kind. `stretch` is the share
    of room that is left over; where room is missing, a column with `stretch` wraps its words, one that
    `may_elide` cuts them off, and all others keep their width.
    """

    title: str
    text: Callable[[T], str]
    align: Align = Align.START
    pill: Callable[[T], Kind | None] | None = None
    tooltip: Callable[[T], str] | None = None
    strong: bool = False
    stretch: int = 0
    may_elide: bool = False


class RowsModel(QAbstractTableModel, Generic[T]):
    """Rows of one type, told apart by `key`."""

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        key: Callable[[T], Hashable],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._key = key
        self._rows: list[T] = []

    @property
    def rows(self) -> tuple[T, ...]:
        """What is shown, in order."""
        return tuple(self._rows)

    def row_at(self, index: AnyIndex) -> T | None:
        """The row below an index, None for no row."""
        return self._rows[index.row()] if index.isValid() else None

    def index_of(self, key: Hashable) -> QModelIndex:
        """The first cell of the row with this key, an invalid index where there is none."""
        for number, row in enumerate(self._rows):
            if self._key(row) == key:
                return self.index(number, 0)
        return QModelIndex()

    def key_of(self, row: T) -> Hashable:
        """What tells this row from others."""
        return self._key(row)

    def replace(self, rows: Sequence[T]) -> None:
        """Shows these rows; whoever stays keeps selection, and nothing moves where nothing changed."""
        new = list(rows)
        if new == self._rows:
            return
        wanted = {self._key(row): row for row in new}
        if len(wanted) != len(new):
            raise ValueError("Two rows have the same key.")
        self._remove_all_but(wanted)
        self._reorder(wanted)
        self._insert_missing(new)
        self._update(new)

    def _remove_all_but(self, wanted: dict[Hashable, T]) -> None:
        gone = [number for number, row in enumerate(self._rows) if self._key(row) not in wanted]
        for first, last in reversed(_runs(gone)):
            self.beginRemoveRows(_NOWHERE, first, last)
            del self._rows[first : last + 1]
            self.endRemoveRows()

    def _reorder(self, wanted: dict[Hashable, T]) -> None:
        place = {key: number for number, key in enumerate(wanted)}
        ordered = sorted(self._rows, key=lambda row: place[self._key(row)])
        if [self._key(row) for row in ordered] == [self._key(row) for row in self._rows]:
            return
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        keys = [self._key(self._rows[index.row()]) for index in old]
        self._rows = ordered
        now_at = {self._key(row): number for number, row in enumerate(ordered)}
        new = [self.index(now_at[key], index.column()) for key, index in zip(keys, old, strict=True)]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def _insert_missing(self, new: list[T]) -> None:
        known = {self._key(row) for row in self._rows}
        fresh = [number for number, row in enumerate(new) if self._key(row) not in known]
        for first, last in _runs(fresh):
            self.beginInsertRows(_NOWHERE, first, last)
            self._rows[first:first] = new[first : last + 1]
            self.endInsertRows()

    def _update(self, new: list[T]) -> None:
        changed = [number for number, row in enumerate(new) if row != self._rows[number]]
        for first, last in _runs(changed):
            self._rows[first : last + 1] = new[first : last + 1]
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def rowCount(self, parent: AnyIndex = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self.columns)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.columns[section].align.value
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        say = _BY_ROLE.get(role)
        if say is None or not index.isValid():
            return None
        return say(self.columns[index.column()], self._rows[index.row()])


def _plain_tooltip(text: str) -> str:
    # A tooltip that looks like HTML is drawn as HTML: a patient's name must not be able to do that.
    return f"<span>{html.escape(text)}</span>" if text else ""


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as (first, last) of each unbroken run."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


_BY_ROLE: dict[int, Callable[[Column[Any], Any], Any]] = {
    Qt.ItemDataRole.DisplayRole: lambda column, row: column.text(row),
    Qt.ItemDataRole.ToolTipRole: lambda column, row: _plain_tooltip((column.tooltip or column.text)(row)),
    Qt.ItemDataRole.TextAlignmentRole: lambda column, _row: column.align.value,
    Qt.ItemDataRole.AccessibleTextRole: lambda column, row: f"{column.title}: {column.text(row)}",
    Role.PILL: lambda column, row: column.pill(row) if column.pill else None,
    Role.STRONG: lambda column, _row: column.strong,
    Role.ELIDES: lambda column, _row: column.may_elide,
}
