"""The prices: the whole list at the left, filled row by row with Enter; the chosen one at the right."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from enum import Enum

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from hms_desktop.billing.prices.chosen.panel import ChosenPrice
from hms_desktop.billing.prices.kept import KeptPrices
from hms_desktop.billing.prices.state import Line, PricesState
from hms_desktop.billing.prices.table import price_columns
from hms_desktop.drafts import Autosaver
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.one_of import one_of
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.envelope import Fault
from hms_server.contract.values import StaffId

ROW_KEYS = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown})
ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class Shown(Enum):
    """What of the list is shown."""

    ALL = "all"
    MISSING = "missing"
    OPEN = "open"


class PricesPanel(QWidget):
    """The keys stay in the field: arrows lead through the list, Enter stores and goes on.

    A row that has just got its price stays where it is until another filter is chosen, so that it can be
    looked at and corrected.
    """

    def __init__(
        self,
        session: Session,
        *,
        currency: str,
        clock: Callable[[], datetime],
        zone: tzinfo,
        autosaver: Autosaver,
        staff_id: StaffId,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.state = PricesState(session, parent=self)
        self._kept = KeptPrices(autosaver, staff_id=staff_id, parent=self)
        self._keeping = False
        self._wants_first = False
        self.search = Field("", placeholder=self.tr("Words: service, medicine, ingredient"), max_length=100)
        self.search.editor.setAccessibleName(self.tr("Search the prices"))
        self.filters = {
            Shown.ALL: SecondaryButton("", key="F5"),
            Shown.MISSING: SecondaryButton("", key="F6"),
            Shown.OPEN: SecondaryButton("", key="F7"),
        }
        self.count = Pill()
        self._model: RowsModel[Line] = RowsModel(
            price_columns(currency=currency, zone=zone), key=lambda line: line.row.code, parent=self
        )
        self.table: TableView[Line] = TableView(self._model, name=self.tr("Prices"))
        self._list = ListState(self.table, empty="")
        self.notice = Notice()
        self.chosen = ChosenPrice(self.state, currency=currency, clock=clock, zone=zone)
        self.amount = self.chosen.amount
        self._lay_out()
        self._connect()
        self._list.show_loading()

    def primary(self) -> None:
        """Ctrl+Enter: stores what is typed and goes to the next row."""
        self.chosen.primary()

    def take_focus(self) -> None:
        """The focus goes to the field of the chosen row."""
        self.amount.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.set_seen(seen=True)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.set_seen(seen=False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if watched is self.table:
                return self._typed_in_table(event)
            if self._pressed_in_field(watched, event):
                return True
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        card = Card(self.tr("Prices"))
        card.add_to_heading(self.count)
        card.add(self.search)
        card.add(self._filter_row())
        card.add(self._list, stretch=1)
        # Below the list: what is said while somebody types must not move the rows.
        card.add(self.notice)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(card, 5)
        row.addWidget(self.chosen, 3)

    def _filter_row(self) -> FlowLayout:
        flow = one_of(self.filters.values(), owner=self)
        for button in self.filters.values():
            button.clicked.connect(self._on_filter)
        self.filters[Shown.ALL].setChecked(True)
        return flow

    def _connect(self) -> None:
        self.state.changed.connect(self._show)
        self.state.failed.connect(self._on_failed)
        self.state.refused.connect(self._on_refused)
        self._kept.failed.connect(self._on_not_kept)
        self._list.retried.connect(self.state.fetch)
        self.search.edited.connect(self.state.search)
        self.search.editor.returnPressed.connect(self._on_search_entered)
        self.table.chosen.connect(self._on_chosen)
        self.table.opened.connect(lambda _line: self.take_focus())
        self.chosen.went_on.connect(self._to_next)
        for watched in (self.table, self.search.editor, self.amount.editor):
            watched.installEventFilter(self)

    def _show(self) -> None:
        if not self._keeping and self.state.loaded:
            self._keeping = True
            self._kept.find(self._on_kept)
        lines = self._lines()
        self._model.replace(lines)
        if lines:
            self._list.show_rows()
            self._choose_some()
        elif self.state.loaded:
            self._list.show_empty(self._empty_words())
        if self._wants_first and self.state.settled:
            self._to_first()
        self._show_counts()
        self._show_chosen()
        if self._keeping:
            self._kept.keep(self.state.open_lines(), self.state.unplaced)

    def _lines(self) -> list[Line]:
        if self.filters[Shown.OPEN].isChecked():
            return self.state.touched_lines()
        lines = self.state.lines()
        if self.filters[Shown.MISSING].isChecked():
            return [line for line in lines if line.row.price is None or line.entry is not None]
        return lines

    def _empty_words(self) -> str:
        if self.filters[Shown.OPEN].isChecked():
            return self.tr("Everything that was typed is stored")
        if self.search.text():
            return self.tr("Nothing on the list has these words")
        if self.filters[Shown.MISSING].isChecked():
            return self.tr("Everything has a price")
        return self.tr("There is nothing to be charged yet")

    def _show_counts(self) -> None:
        state = self.state
        waiting = len(state.open_lines())
        self.filters[Shown.ALL].set_words(self.tr("All {count}").format(count=state.total))
        words = self.tr("Without a price {count}").format(count=state.missing)
        self.filters[Shown.MISSING].set_words(words)
        self.filters[Shown.OPEN].set_words(self.tr("Typed, not stored {count}").format(count=waiting))
        words = self.tr("{missing} of {total} without a price")
        kind = Kind.WARNING if state.missing else Kind.OK
        said = words.format(missing=state.missing, total=state.total)
        self.count.set(said if state.loaded else "", kind)

    def _choose_some(self) -> None:
        """The first row that wants a price, where nothing is chosen yet."""
        if self.table.chosen_row() is None:
            lines = self._model.rows
            wanting = next((line for line in lines if line.row.price is None), lines[0])
            self.table.choose(wanting.row.code)

    def _on_kept(self, kept: dict[str, str]) -> None:
        if not kept:
            return
        self.state.take_up(kept)
        if self.state.open_lines():
            self.notice.say(
                Kind.INFO,
                self.tr("Prices that you typed here earlier are not stored."),
                actions=[Action(self.tr("Show them"), self._show_open)],
            )

    def _on_not_kept(self, reason: str) -> None:
        title = self.tr("What you type would not survive a crash: {reason}.").format(reason=reason)
        self.notice.say(Kind.WARNING, title, self.tr("Store it soon."))

    def _show_open(self) -> None:
        self.filters[Shown.OPEN].setChecked(True)
        self._on_filter()

    def _on_filter(self, *_: object) -> None:
        self.state.tidy()
        self.notice.take_back()
        self.table.clear_choice()
        self._show()
        self.take_focus()

    def _on_chosen(self, line: Line | None) -> None:
        self.state.look_at(line.row.code if line is not None else "")
        self._show_chosen()

    def _show_chosen(self) -> None:
        self.chosen.show_line(self.table.chosen_row())

    def _on_failed(self, fault: Fault) -> None:
        self._wants_first = False
        if self.state.loaded:
            # The list that is there stays: it is being typed into.
            self.notice.say(Kind.WARNING, fault.message)
        else:
            self._list.show_error(fault.message)

    def _on_refused(self, code: str) -> None:
        line = self.state.line(code)
        chosen = self.table.chosen_row()
        if line is None or line.entry is None or (chosen is not None and chosen.row.code == code):
            return
        self.notice.say(
            Kind.WARNING,
            self.tr("Not stored: {what}").format(what=line.row.what),
            line.entry.sentence,
            actions=[Action(self.tr("Go there"), lambda: self._go_to(code))],
        )

    def _go_to(self, code: str) -> None:
        if not self.table.choose(code):
            self._show_open()
            self.table.choose(code)
        self.notice.take_back()
        self.take_focus()

    def _on_search_entered(self) -> None:
        """Never the first row of another search: a price would be typed for the wrong thing."""
        self._wants_first = True
        if self.state.settled:
            self._to_first()
        else:
            self.state.fetch()

    def _to_first(self) -> None:
        self._wants_first = False
        self.table.clear_choice()
        self.table.choose_first()
        self.take_focus()

    def _to_next(self) -> None:
        row = self.table.currentIndex().row() + 1
        if row < len(self._model.rows):
            self.table.choose(self._model.rows[row].row.code)
        elif not self.notice.text():
            self.notice.say(Kind.INFO, self.tr("That was the last row of this list."))
        self.take_focus()

    def _pressed_in_field(self, watched: QObject, event: QKeyEvent) -> bool:
        if event.key() in ROW_KEYS:
            QApplication.sendEvent(self.table, event)
            if watched is self.search.editor:
                self.take_focus()
            return True
        if event.key() in ENTER and event.isAutoRepeat():
            # A key held down must not answer the question that it has just raised.
            return True
        if event.key() == Qt.Key.Key_Escape and watched is self.amount.editor:
            self.chosen.escape()
            return True
        return False

    def _typed_in_table(self, event: QKeyEvent) -> bool:
        """A digit means the price of the row; the list would search for it."""
        if not event.text().isdigit() or self.table.chosen_row() is None:
            return False
        self.take_focus()
        self.amount.editor.selectAll()
        QApplication.sendEvent(self.amount.editor, event)
        return True
