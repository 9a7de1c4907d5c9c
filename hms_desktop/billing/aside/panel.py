"""What stands beside the bill: the cashier's drawer, and who still owes."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hms_desktop.billing.table import owing_columns
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space, current_tokens
from hms_server.contract.billing import DrawerState, ToPayRow
from hms_server.contract.money import format_money

WIDTH = 292


class Aside(QWidget):
    """Three lists at most; what the workspace adds stands between drawer and debts."""

    opened = Signal(object)
    """The `ToPayRow` of an old debt."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: RowsModel[ToPayRow] = RowsModel(
            owing_columns(), key=lambda row: row.invoice_id, parent=self
        )
        drawer = Card(self.tr("My cash today"))
        self._taken = label("", TextRole.VALUE)
        self._words = label("", TextRole.MUTED, wraps=True)
        drawer.add(self._taken)
        drawer.add(self._words)
        self.owing: TableView[ToPayRow] = TableView(self._rows, name=self.tr("Still owing"))
        self._state = ListState(self.owing, empty=self.tr("Nobody owes anything"))
        owing = Card(self.tr("Still owing"))
        owing.add(self._state, stretch=1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.S)
        self._column.addWidget(drawer)
        self._column.addWidget(owing, 1)
        self.setFixedWidth(current_tokens().px(WIDTH))
        self.owing.opened.connect(self.opened)

    def add(self, widget: QWidget) -> None:
        """Puts a list below the drawer."""
        self._column.insertWidget(1, widget, 1)

    def show_owing(self, rows: list[ToPayRow]) -> None:
        """Who left with something unpaid."""
        self._rows.replace(rows)
        self._state.show_rows()

    def show_drawer(self, drawer: DrawerState | None) -> None:
        """What should lie in the drawer, and what it is made of."""
        if drawer is None:
            return
        self._taken.setText(format_money(drawer.cash_taken))
        words = self.tr("{count} payments, {change} given as change").format(
            count=drawer.payments, change=format_money(drawer.change_given)
        )
        if drawer.refunds and drawer.cash_refunded is not None:
            returned = self.tr("{count} refunds, {amount}")
            words += "\n" + returned.format(count=drawer.refunds, amount=format_money(drawer.cash_refunded))
        self._words.setText(words)
