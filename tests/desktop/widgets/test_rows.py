"""The table model: only what changed changes, and selection survives."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from hms_desktop.widgets.rows import Align, Column, Role, RowsModel
from hms_desktop.widgets.tokens import Kind


@dataclass(frozen=True)
class Row:
    """A row of a test."""

    key: int
    text: str = "a"


def make(rows: Sequence[Row] = ()) -> RowsModel[Row]:
    columns = [
        Column[Row](title="Key", text=lambda row: str(row.key), align=Align.END),
        Column[Row](title="Text", text=lambda row: row.text, pill=lambda _row: Kind.DANGER),
    ]
    model = RowsModel(columns, key=lambda row: row.key)
    model.replace(rows)
    return model


rows_lists = st.lists(st.builds(Row, st.integers(0, 9), st.sampled_from("ab")), unique_by=lambda row: row.key)


@given(rows_lists, rows_lists)
def test_any_replacement_is_shown_and_keeps_what_stays(before: list[Row], after: list[Row]) -> None:
    """After any change the rows are the new ones, and an index follows its row wherever it went."""
    model = make(before)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    followed = {row.key: QPersistentModelIndex(model.index_of(row.key)) for row in before}

    model.replace(after)

    assert list(model.rows) == after
    still = {row.key for row in after}
    for key, index in followed.items():
        row = model.row_at(index)
        assert (row is not None and row.key == key) if key in still else row is None
    tester.deleteLater()


def test_equal_rows_change_nothing() -> None:
    """A refresh without news does not even repaint."""
    model = make([Row(1), Row(2)])
    changes: list[str] = []
    model.dataChanged.connect(lambda *_: changes.append("data"))
    model.rowsInserted.connect(lambda *_: changes.append("inserted"))
    model.modelReset.connect(lambda: changes.append("reset"))

    model.replace([Row(1), Row(2)])

    assert changes == []


def test_one_changed_row_repaints_one_row() -> None:
    """Only the row that changed is drawn anew."""
    model = make([Row(1), Row(2), Row(3)])
    changed: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda top, bottom, *_: changed.append((top.row(), bottom.row())))

    model.replace([Row(1), Row(2, "b"), Row(3)])

    assert changed == [(1, 1)]


def test_two_rows_with_one_key_are_refused() -> None:
    """A key that is not unique would mix patients up, so it is an error at once."""
    with pytest.raises(ValueError, match="same key"):
        make([Row(1), Row(1, "b")])


def test_cell_says_its_column_to_screen_readers() -> None:
    """Whoever hears the table hears what a value means."""
    model = make([Row(7, "b")])
    index = model.index(0, 1)

    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Text: b"
    assert Kind(index.data(Role.PILL)) is Kind.DANGER


def test_tooltip_never_runs_html() -> None:
    """A name with a tag in it is shown as it was typed."""
    model = make([Row(1, "<img src=x>")])

    assert "&lt;img" in model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)
