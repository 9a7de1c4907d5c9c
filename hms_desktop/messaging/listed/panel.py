"""The messages, what became of each and why, and sending one again."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.messaging.state import MessagesState
from hms_desktop.messaging.table import message_columns, patient_words, state_words, way_words
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import moment_text
from hms_server.contract.envelope import Fault
from hms_server.contract.messaging import MessageRow, Messages, MessageState, MessageText

ALL = ""


class MessagesPanel(QWidget):
    """The list above, the chosen message below."""

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
        self.state = MessagesState(session, parent=self)
        self._model: RowsModel[MessageRow] = RowsModel(
            message_columns(zone=zone, clock=clock), key=lambda row: row.id, parent=self
        )
        self.table: TableView[MessageRow] = TableView(self._model, name=self.tr("Messages"))
        self._list = ListState(self.table, empty=self.tr("No messages"))
        self.only: ChoiceField[str] = ChoiceField("", self._choices({}))
        self.only.editor.setAccessibleName(self.tr("Which messages"))
        self.notice = Notice()
        self.head = label("", TextRole.STRONG, wraps=True)
        self.why = label("", wraps=True)
        self.text = label("", wraps=True)
        self.again_button = SecondaryButton(self.tr("Send again"), key="F6", icon_name="send-outline")
        self._lay_out()
        self._connect()
        self.only.set_value(ALL)
        self._show_chosen(None)
        self._list.show_loading()

    def take_focus(self) -> None:
        """The focus goes to the list."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.fetch()

    def _on_stale(self) -> None:
        # A page that nobody looks at must not write into the audit that somebody did.
        if self.isVisible():
            self.state.fetch()

    def _on_came(self, messages: Messages) -> None:
        self._model.replace(messages.rows)
        self.only.set_choices(self._choices(messages.counts))
        self._list.show_rows()
        self._show_chosen(self.table.chosen_row())

    def _on_chosen(self, row: MessageRow | None) -> None:
        self.notice.take_back()
        self.text.setText("")
        self._show_chosen(row)
        self.state.open(row)

    def _on_opened(self, message: MessageText) -> None:
        self.text.setText(message.text or self.tr("The words are shown to those who may see patients."))

    def _on_not_opened(self, fault: Fault) -> None:
        self.text.setText(fault.message)

    def _on_sent_again(self, row: MessageRow) -> None:
        words = self.tr("A new message is on its way to {to}.").format(to=row.to)
        self.notice.say(Kind.OK, words)

    def _on_refused(self, fault: Fault) -> None:
        self.notice.say(Kind.WARNING, self.tr("Nothing was sent"), fault.message)

    def _send_again(self) -> None:
        row = self.table.chosen_row()
        if row is None or not row.can_send_again:
            return
        if row.state is not MessageState.UNCERTAIN:
            self.state.send_again(row)
            return
        # It may have arrived: whoever sends it again takes that upon themselves, once, by a second key.
        self.notice.say(
            Kind.WARNING,
            self.tr("It may have arrived already. Has the patient been asked?"),
            self.tr("Sent again, the patient may get it twice."),
            actions=[
                Action(self.tr("Send it again"), lambda: self._send_surely(row), key="F7"),
                Action(self.tr("Leave it"), self.notice.take_back, key="Esc"),
            ],
        )

    def _send_surely(self, row: MessageRow) -> None:
        self.notice.take_back()
        self.state.send_again(row)

    def _show_chosen(self, row: MessageRow | None) -> None:
        self.again_button.setEnabled(row is not None and row.can_send_again)
        if row is None:
            self.head.setText(self.tr("Choose a message to see what became of it."))
            self.why.setText("")
            return
        self.head.setText(f"{row.title} · {patient_words(row)} · {way_words(row)}")
        self.why.setText(" ".join(self._sentences(row)))

    def _sentences(self, row: MessageRow) -> list[str]:
        today = self._clock().astimezone(self._zone).date()
        asked = moment_text(row.asked_at, self._zone, today=today)
        by = row.asked_by or self.tr("the server")
        said = [self.tr("Asked for: {time}, {name}.").format(time=asked, name=by)]
        if row.why:
            said.append(row.why)
        elif row.state is MessageState.QUEUED and row.send_at is not None:
            at = moment_text(row.send_at, self._zone, today=today)
            said.append(self.tr("Leaves: {time}.").format(time=at))
        if row.again_of is not None:
            said.append(self.tr("It repeats an earlier message."))
        if row.sent_again:
            said.append(self.tr("It was sent again."))
        return said

    def _choices(self, counts: dict[str, int]) -> list[tuple[str, str]]:
        total = sum(counts.values())
        everything = self.tr("All ({count})").format(count=total) if counts else self.tr("All")
        return [
            (ALL, everything),
            *((state.value, f"{state_words(state)} ({counts.get(state, 0)})") for state in MessageState),
        ]

    def _connect(self) -> None:
        state = self.state
        state.stale.connect(self._on_stale)
        state.came.connect(self._on_came)
        state.failed.connect(lambda fault: self._list.show_error(fault.message))
        state.opened.connect(self._on_opened)
        state.not_opened.connect(self._on_not_opened)
        state.sent_again.connect(self._on_sent_again)
        state.refused.connect(self._on_refused)
        self._list.retried.connect(state.fetch)
        self.table.chosen.connect(self._on_chosen)
        self.only.chosen.connect(lambda value: state.show_only(MessageState(value) if value else None))
        self.again_button.clicked.connect(self._send_again)

    def _lay_out(self) -> None:
        messages = Card(self.tr("Messages"))
        messages.add_to_heading(self.only)
        messages.add(self._list, stretch=1)
        chosen = Card()
        chosen.add(self.head)
        chosen.add(self.why)
        chosen.add(self.text)
        chosen.add(self.notice)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.again_button)
        chosen.add(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(messages, 1)
        column.addWidget(chosen)
