"""The providers outside: the list at the left, the form of the chosen one at the right."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from hms_desktop.relay.provider.panel import ProviderCard
from hms_desktop.relay.state import ProvidersState
from hms_desktop.relay.table import ProviderLine, provider_columns
from hms_desktop.session import Session
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space
from hms_server.contract.envelope import Fault
from hms_server.contract.relay import ProviderRow, SetProvider


class ProvidersPanel(QWidget):
    """Each provider has a form of its own: what is typed into one stays while another is looked at."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._zone = zone
        self.state = ProvidersState(session, parent=self)
        self._rows: dict[str, ProviderRow] = {}
        self.cards: dict[str, ProviderCard] = {}
        """The forms that somebody has looked at, by the provider's name."""
        self._model: RowsModel[ProviderLine] = RowsModel(
            provider_columns(), key=lambda line: line.row.name, parent=self
        )
        self.table: TableView[ProviderLine] = TableView(self._model, name=self.tr("Providers"))
        self._list = ListState(self.table, empty=self.tr("This program knows no provider"))
        self._stack = QStackedWidget()
        self._stack.addWidget(QWidget())
        self._lay_out()
        self._connect()
        self._list.show_loading()

    @property
    def current(self) -> ProviderCard | None:
        """The form that is shown."""
        shown = self._stack.currentWidget()
        return shown if isinstance(shown, ProviderCard) else None

    def primary(self) -> None:
        """Ctrl+Enter: stores the form that is shown."""
        if self.current is not None:
            self.current.primary()

    def take_focus(self) -> None:
        """The focus goes to the list."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.fetch()

    def _lay_out(self) -> None:
        card = Card(self.tr("Providers"))
        card.add(self._list, stretch=1)
        hint = self.tr("Keys are kept encrypted on the server and never shown again. Enter opens the form.")
        card.add(label(hint, TextRole.MUTED, wraps=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(card, 2)
        row.addWidget(self._stack, 5)

    def _connect(self) -> None:
        self.state.came.connect(self._on_came)
        self.state.failed.connect(self._on_failed)
        self.state.stored.connect(self._on_stored)
        self.state.refused.connect(self._on_refused)
        self._list.retried.connect(self.state.fetch)
        self.table.chosen.connect(self._on_chosen)
        self.table.opened.connect(self._on_opened)

    def _on_came(self, rows: Sequence[ProviderRow]) -> None:
        self._rows = {row.name: row for row in rows}
        for row in rows:
            if row.name in self.cards:
                self.cards[row.name].show_row(row)
        self._show_list()
        self._list.show_rows()
        self.table.choose_first()

    def _card(self, name: str) -> ProviderCard:
        # All forms at once would hold the window up for longer than a key may wait.
        card = self.cards.get(name)
        if card is None:
            card = self.cards[name] = ProviderCard(self._rows[name], clock=self._clock, zone=self._zone)
            card.store_requested.connect(self.state.store)
            card.edited.connect(self._show_list)
            self._stack.addWidget(card)
        return card

    def _show_list(self) -> None:
        self._model.replace([self._line(row) for row in self._rows.values()])

    def _line(self, row: ProviderRow) -> ProviderLine:
        card = self.cards.get(row.name)
        return ProviderLine(row=row, edited=card is not None and card.is_edited())

    def _on_failed(self, fault: Fault) -> None:
        if not any(card.is_edited() for card in self.cards.values()):
            self._list.show_error(fault.message)

    def _on_stored(self, _request: SetProvider, row: ProviderRow) -> None:
        self._rows[row.name] = row
        self.cards[row.name].show_stored(row)
        self._show_list()

    def _on_refused(self, request: SetProvider, fault: Fault) -> None:
        self.cards[request.name].show_refused(fault)

    def _on_chosen(self, line: ProviderLine | None) -> None:
        if line is not None:
            self._stack.setCurrentWidget(self._card(line.row.name))

    def _on_opened(self, line: ProviderLine) -> None:
        self._on_chosen(line)
        self.cards[line.row.name].take_focus()
