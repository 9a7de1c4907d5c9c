"""The table: keyboard, selection, and nothing cut off that must be read."""

from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.columns import Want, column_widths, measure_columns
from hms_desktop.widgets.rows import Column, RowsModel
from hms_desktop.widgets.table import ROWS_AT_ONCE, WIDEST_DEMAND, TableView
from tests.desktop.samples import LONG_NAME


@dataclass(frozen=True)
class Row:
    """A waiting patient."""

    ticket: str
    name: str


ROWS = [Row(f"T-{number:03d}", f"Patient {number}") for number in range(60)]


@pytest.fixture
def table(qtbot: QtBot) -> TableView[Row]:
    columns = [
        Column[Row](title="#", text=lambda row: row.ticket),
        Column[Row](title="Patient", text=lambda row: row.name, stretch=1),
    ]
    view = TableView(RowsModel(columns, key=lambda row: row.ticket), name="Queue")
    qtbot.addWidget(view)
    view.resize(200, 200)
    view.rows_model.replace(ROWS)
    view.show()
    qtbot.wait(10)
    return view


def test_selection_and_scroll_survive_a_refresh(qtbot: QtBot, table: TableView[Row]) -> None:
    """Whoever reads in the middle of a list stays there when somebody is called at its top."""
    table.choose("T-030")
    before = table.verticalScrollBar().value()

    table.rows_model.replace([*ROWS[1:], Row("T-099", "New")])
    qtbot.wait(10)

    chosen = table.chosen_row()
    assert chosen is not None
    assert chosen.ticket == "T-030"
    assert table.verticalScrollBar().value() == before


def test_selected_row_that_leaves_is_chosen_no_more(table: TableView[Row]) -> None:
    """A patient who was called elsewhere does not stay selected under another name."""
    table.choose("T-000")

    table.rows_model.replace([])

    assert table.chosen_row() is None


def test_up_down_choose_and_enter_opens(qtbot: QtBot, table: TableView[Row]) -> None:
    """The list is operated by keys alone."""
    table.choose_first()

    with qtbot.waitSignal(table.chosen) as chosen:
        QTest.keyClick(table, Qt.Key.Key_Down)
    with qtbot.waitSignal(table.opened) as opened:
        QTest.keyClick(table, Qt.Key.Key_Return)

    assert chosen.args == [ROWS[1]]
    assert opened.args == [ROWS[1]]


def test_tab_leaves_the_table(qtbot: QtBot, table: TableView[Row]) -> None:
    """Tab moves on to the next field instead of walking through cells."""
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    field = QLineEdit()
    column.addWidget(table)
    column.addWidget(field)
    page.show()
    page.activateWindow()
    QTest.qWaitForWindowActive(page)
    table.setFocus()

    QTest.keyClick(table, Qt.Key.Key_Tab)
    left = field.hasFocus()
    table.setParent(None)

    assert left


def test_long_name_wraps_and_its_row_grows(qtbot: QtBot, table: TableView[Row]) -> None:
    """In a narrow list the longest name is read in full, on as many lines as it needs."""
    table.rows_model.replace([Row("T-001", LONG_NAME), Row("T-002", "Ada")])
    qtbot.wait(10)

    metrics = QFontMetrics(table.font())
    longest = max(LONG_NAME.replace("-", "- ").split(), key=len)
    assert table.columnWidth(1) >= metrics.horizontalAdvance(longest)
    assert table.rowHeight(0) >= 3 * metrics.height()
    assert table.rowHeight(0) > table.rowHeight(1)
    assert table.columnWidth(0) + table.columnWidth(1) <= table.viewport().width()


def test_in_a_long_list_those_in_sight_grow_first_and_the_others_in_the_pauses(
    qtbot: QtBot, table: TableView[Row]
) -> None:
    many = [Row(f"T-{number:03}", LONG_NAME) for number in range(5 * ROWS_AT_ONCE)]
    table.rows_model.replace(many)
    qtbot.waitUntil(lambda: table.rowHeight(len(many) - 1) > 50)
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum() // 2)
    in_sight, wrapped = table.rowAt(1), table.rowHeight(0)

    table.resize(table.width() + 400, table.height())

    assert table.rowHeight(in_sight) < wrapped
    assert table.rowHeight(0) == wrapped
    qtbot.waitUntil(lambda: table.rowHeight(0) < wrapped)


def test_at_its_least_width_a_list_that_scrolls_cuts_nothing_off(qtbot: QtBot, table: TableView[Row]) -> None:
    table.rows_model.replace([Row(f"T-{number:03}", "Nwachukwu Okafor") for number in range(50)])
    qtbot.waitUntil(lambda: table.verticalScrollBar().maximum() > 0)
    qtbot.wait(10)

    table.resize(table.minimumSizeHint().width(), table.height())
    qtbot.wait(10)

    assert table.minimumSizeHint().width() < WIDEST_DEMAND
    assert table.horizontalScrollBar().maximum() == 0


def test_ticket_is_never_narrower_than_its_text(qtbot: QtBot, table: TableView[Row]) -> None:
    """A column that does not wrap keeps its width, however little room there is."""
    table.resize(90, 200)
    qtbot.wait(10)

    assert table.columnWidth(0) >= QFontMetrics(table.font()).horizontalAdvance("T-000")


def test_missing_room_is_taken_from_those_that_can_spare_it() -> None:
    """Columns shrink to their minimum and no further; spare room goes to those that stretch."""
    ticket = Want(full=50, minimum=50, stretch=0)
    name = Want(full=300, minimum=100, stretch=1)

    assert column_widths([ticket, name], 200) == [50, 150]
    assert column_widths([ticket, name], 100) == [50, 100]
    assert column_widths([ticket, name], 400) == [50, 350]


def test_thousands_of_rows_are_fitted_quickly(qtbot: QtBot, table: TableView[Row]) -> None:
    """A long list does not stall the window for more than a blink."""
    many = [Row(f"T-{number:05d}", f"Patient {number}") for number in range(3000)]

    with qtbot.waitSignal(table.rows_model.rowsInserted):
        table.rows_model.replace(many)
    qtbot.wait(10)

    assert table.rows_model.rowCount() == 3000


def test_a_number_and_its_unit_keep_their_room_together() -> None:
    """Where 29 min cannot break, a column too narrow for it would show 9 min."""
    column: Column[str] = Column(title="", text=lambda row: row, stretch=1)
    model = RowsModel([column], key=lambda row: row)
    model.replace(["29\N{NO-BREAK SPACE}min"])

    [want] = measure_columns(model, QFont())

    assert want.minimum == want.full
