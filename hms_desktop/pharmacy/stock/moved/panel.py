"""What happened to a medicine: when, what, how much, and who it was."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from hms_desktop.pharmacy.stock.table import movement_columns
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_server.contract.pharmacy import MovementRow, Movements


class MovementsCard(Card):
    """The ledger in words, the newest line first."""

    retried = Signal()

    def __init__(
        self,
        unit: Callable[[], str],
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("What happened"))
        model: RowsModel[MovementRow] = RowsModel(
            movement_columns(unit, zone=zone, clock=clock), key=lambda row: row.id, parent=self
        )
        self.table = TableView(model, name=self.tr("What happened"))
        self._list = ListState(self.table, empty=self.tr("Nothing has happened yet"))
        self._more = label(self.tr("Older entries are not shown."), TextRole.MUTED)
        self.add(self._list, stretch=1)
        self.add(self._more)
        self._more.hide()
        self._list.retried.connect(self.retried)

    def show_movements(self, movements: Movements | None) -> None:
        """None while nobody knows what happened."""
        self.table.rows_model.replace(movements.rows if movements else [])
        if movements is None:
            self._list.show_loading()
        else:
            self._list.show_rows()
        self._more.setVisible(movements is not None and movements.more)

    def show_error(self, sentence: str) -> None:
        """It could not be fetched, which is not the same as nothing."""
        self._list.show_error(sentence)
