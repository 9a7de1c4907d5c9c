"""The chosen row: what it costs, a field for the new price with its question, and what it has cost before."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.billing.prices.state import Line, PricesState, Stage
from hms_desktop.billing.prices.table import by_words, from_words, history_columns
from hms_desktop.widgets.buttons import PrimaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import Field, FieldSize
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.billing import PriceChange
from hms_server.contract.envelope import Fault
from hms_server.contract.money import format_money, parse_money, symbol_of
from hms_server.contract.price_rules import is_jump, price_fault
from hms_server.contract.values import Money

EACH = "each"
"""The unit of a service."""


class ChosenPrice(Card):
    """What is wrong or doubtful is said here, before anything leaves the desk."""

    went_on = Signal()
    """This row is done with: it is on its way to the server, or nothing was typed."""

    def __init__(
        self,
        state: PricesState,
        *,
        currency: str,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", parent)
        self._state = state
        self._currency = currency
        self._clock = clock
        self._zone = zone
        self._line: Line | None = None
        self._asked: Money | None = None
        self._unit = label("", TextRole.MUTED, wraps=True)
        self._now = label("", TextRole.TITLE)
        self._since = label("", TextRole.MUTED, wraps=True)
        self.amount = Field(
            self.tr("New price"), unit=symbol_of(currency), size=FieldSize.VALUE, max_length=24
        )
        self.amount.editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.question = Notice()
        self.store_button = PrimaryButton(
            self.tr("Store, next row"), key="Ctrl+Enter", icon_name="content-save-outline"
        )
        self._model: RowsModel[PriceChange] = RowsModel(
            history_columns(zone=zone, clock=clock), key=lambda change: change.id, parent=self
        )
        self.history: TableView[PriceChange] = TableView(self._model, name=self.tr("Earlier prices"))
        self._list = ListState(self.history, empty=self.tr("It has never had a price"))
        self._more = label(self.tr("Older prices are not shown."), TextRole.MUTED)
        self._lay_out()
        state.history_came.connect(self._show_history)
        state.history_failed.connect(self._on_history_failed)
        self._list.retried.connect(state.fetch)
        self.amount.edited.connect(self._on_edited)
        self.amount.editor.returnPressed.connect(self.primary)
        self.store_button.clicked.connect(self.primary)
        self.show_line(None)

    def show_line(self, line: Line | None) -> None:
        """Shows a row; the field keeps what is being typed for the same one."""
        other = _code(line) != _code(self._line)
        was_saving = self._is(Stage.SAVING)
        self._line = line
        self._show_facts()
        saving = self._is(Stage.SAVING)
        self.amount.setEnabled(line is not None)
        self.amount.editor.setReadOnly(saving)
        self.store_button.setEnabled(line is not None and not saving)
        if other or saving or was_saving:
            self._forget_question()
            self._show_entry()
        elif line is not None and line.entry is None and self.amount.text():
            self._show_entry()

    def primary(self) -> None:
        """Stores what is typed and goes on; an empty field only goes on."""
        line = self._line
        if line is None or self._is(Stage.SAVING):
            return
        if not self.amount.text():
            self.went_on.emit()
            return
        amount = self._typed()
        if amount is None:
            return
        before = line.row.price
        if amount == before:
            self._state.forget(line.row.code)
            self.amount.set_text("")
            self.went_on.emit()
            return
        confirmed = self._asked == amount
        if before is not None and is_jump(amount, before) and not confirmed:
            self._ask(amount, before)
            return
        self._forget_question()
        self._state.store(line.row.code, amount, confirmed=confirmed)
        self.went_on.emit()

    def escape(self) -> None:
        """Takes the question back, else what is typed for this row."""
        if self._asked is not None:
            self._keep_old()
        elif self._line is not None:
            self._state.forget(self._line.row.code)
            self.amount.set_text("")

    def _lay_out(self) -> None:
        self.add(self._unit)
        self.add(self._now)
        self.add(self._since)
        self.add(self.amount)
        self.add(self.question)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.store_button)
        self.add(row)
        self.add(label(self.tr("What it has cost"), TextRole.LABEL))
        self.add(self._list, stretch=1)
        self.add(self._more)

    def _show_facts(self) -> None:
        line = self._line
        self.set_title(line.row.what if line is not None else self.tr("Choose a row"))
        if line is None:
            for each in (self._unit, self._now, self._since):
                each.setText("")
            return
        row = line.row
        words = self.tr("Price of one") if row.unit == EACH else self.tr("Price of one {unit}")
        self._unit.setText(words.format(unit=row.unit))
        self._now.setText(format_money(row.price) if row.price is not None else self.tr("No price"))
        if row.price is None:
            self._since.setText(
                self.tr("It is charged as zero, and the bill says that the price is missing.")
            )
            return
        words = self.tr("From {moment}, by {person}")
        self._since.setText(
            words.format(moment=from_words(row, self._zone, self._clock), person=by_words(row))
        )

    def _show_entry(self) -> None:
        entry = self._line.entry if self._line is not None else None
        text = entry.text if entry is not None and entry.stage is not Stage.STORED else ""
        self.amount.set_text(text)
        if entry is not None and entry.sentence:
            # Marked, not focused: the person may be typing elsewhere.
            self.amount.mark_error(entry.sentence)

    def _show_history(self) -> None:
        history = self._state.history
        self._model.replace(history.rows if history is not None else [])
        self._more.setVisible(history is not None and history.more)
        if not self._state.code:
            self._list.show_empty("")
        elif history is None:
            self._list.show_loading()
        else:
            self._list.show_rows()

    def _on_history_failed(self, fault: Fault) -> None:
        self._list.show_error(fault.message)

    def _typed(self) -> Money | None:
        """What is typed as a price; None with the reason at the field where it is none."""
        try:
            amount = parse_money(self.amount.text(), self._currency)
        except ValueError as error:
            self.amount.set_error(str(error))
            return None
        if fault := price_fault(amount):
            self.amount.set_error(fault)
            return None
        return amount

    def _ask(self, amount: Money, before: Money) -> None:
        self._asked = amount
        more = amount.amount_minor > before.amount_minor
        times = amount.amount_minor // before.amount_minor or before.amount_minor // amount.amount_minor
        words = (
            self.tr("{times} times as much as until now?") if more else self.tr("1/{times} of what it was?")
        )
        sentence = self.tr("{amount} in place of {before}. Enter again stores it.")
        self.question.say(
            Kind.WARNING,
            words.format(times=f"{times:,}"),
            sentence.format(amount=format_money(amount), before=format_money(before)),
            actions=[Action(self.tr("Correct it"), self._keep_old, key="Esc")],
        )
        self.amount.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _keep_old(self) -> None:
        self._forget_question()
        self.amount.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.amount.editor.selectAll()

    def _forget_question(self) -> None:
        self._asked = None
        self.question.take_back()

    def _on_edited(self, text: str) -> None:
        self._forget_question()
        if self._line is not None:
            self._state.type_in(self._line.row.code, text)

    def _is(self, stage: Stage) -> bool:
        entry = self._line.entry if self._line is not None else None
        return entry is not None and entry.stage is stage


def _code(line: Line | None) -> str:
    return line.row.code if line is not None else ""
