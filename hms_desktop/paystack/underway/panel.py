"""The online payments under way, beside the bill: the cashier goes on, and sees what became of them."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from hms_desktop.paystack.state import PaymentsState, TasksState
from hms_desktop.paystack.table import payment_columns
from hms_desktop.paystack.words import is_waiting
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.envelope import Fault
from hms_server.contract.paystack import OnlinePayment


class UnderWay(Card):
    """Those that wait stand first; Enter opens the bill."""

    opened = Signal(object)
    """The `OnlinePayment` whose bill is wanted."""

    def __init__(
        self,
        state: PaymentsState,
        tasks: TasksState,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("Online payments"))
        self._state = state
        self._tasks = tasks
        self._rows: RowsModel[OnlinePayment] = RowsModel(
            payment_columns(clock=clock, zone=zone), key=lambda row: row.reference, parent=self
        )
        self.table: TableView[OnlinePayment] = TableView(self._rows, name=self.tr("Online payments"))
        self._list = ListState(self.table, empty=self.tr("No online payment is under way"))
        self.waiting = Pill()
        self.tasks = Pill(icon_name="account-alert-outline")
        self.add_to_heading(self.waiting)
        self.add(self.tasks)
        self.add(self._list, stretch=1)
        self.tasks.set("", Kind.DANGER)
        self.table.opened.connect(self.opened)
        self._list.retried.connect(state.reload)
        state.changed.connect(self._show)
        state.failed.connect(self._on_failed)
        tasks.changed.connect(self._show_tasks)
        self._list.show_loading()

    def _show(self) -> None:
        waiting = [row for row in self._state.rows if is_waiting(row)]
        over = [row for row in self._state.rows if not is_waiting(row)]
        self._rows.replace(waiting + over)
        self._list.show_rows()
        self.waiting.set(self.tr("{n} wait").format(n=len(waiting)) if waiting else "", Kind.WARNING)

    def _show_tasks(self) -> None:
        count = self._tasks.tasks.open_count
        words = self.tr("{n} to settle: see Paystack").format(n=count) if count else ""
        self.tasks.set(words, Kind.DANGER)

    def _on_failed(self, fault: Fault) -> None:
        if not self._state.is_known:
            self._list.show_error(fault.message)
