"""The administrator's view outside: who can be reached, and every job that is on its way."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtWidgets import QVBoxLayout, QWidget

from hms_desktop.relay.jobs.panel import JobsPanel
from hms_desktop.relay.state import OutsideState
from hms_desktop.relay.table import destination_columns
from hms_desktop.session import Session
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space
from hms_server.contract.relay import Reachability


class OutsidePanel(QWidget):
    """Destinations above, since what is wrong with one explains its jobs below."""

    def __init__(
        self,
        session: Session,
        *,
        outside: OutsideState,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._outside = outside
        self._model: RowsModel[Reachability] = RowsModel(
            destination_columns(zone=zone, clock=clock), key=lambda row: row.destination, parent=self
        )
        self.destinations: TableView[Reachability] = TableView(self._model, name=self.tr("Outside"))
        self._list = ListState(self.destinations, empty=self.tr("Nothing is switched on; see Providers"))
        self.jobs = JobsPanel(session, outside=outside, clock=clock, zone=zone)
        card = Card(self.tr("Who can be reached"))
        card.add(self._list, stretch=1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(card, 2)
        column.addWidget(self.jobs, 5)
        outside.changed.connect(self._show)
        self._list.retried.connect(outside.reload)
        self._list.show_loading()
        if outside.rows is not None:
            self._show()

    def _show(self) -> None:
        rows = self._outside.rows
        if rows is None:
            self._list.show_error(self.tr("The server does not say at the moment who can be reached."))
            return
        self._model.replace(rows)
        self._list.show_rows()
