"""Which row of a table a key acts on: the one that the person sees highlighted, and no other."""

from typing import TypeVar

from hms_desktop.widgets.table import TableView

T = TypeVar("T")


def chosen_in(table: TableView[T]) -> T | None:
    """The highlighted row, None where there is none.

    Qt makes the first row current, without highlighting it, whenever a table without a current row gets the
    focus: a key must not act on what nobody has chosen.
    """
    index = table.currentIndex()
    return table.rows_model.row_at(index) if table.selectionModel().isSelected(index) else None


def choose_first_in(table: TableView[T]) -> None:
    """Highlights the first row where none is."""
    if chosen_in(table) is None and table.rows_model.rows:
        table.choose(table.rows_model.key_of(table.rows_model.rows[0]))
