"""The whole waiting room, as the front desk sees it and keeps it in order."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.session import Session
from hms_desktop.visits.acts import TicketActs
from hms_desktop.visits.state import QueueState
from hms_desktop.visits.table import QueueLine, key_of, room_columns, room_lines
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.accounts import Service
from hms_server.contract.envelope import Fault
from hms_server.contract.visits import TicketRow


class WaitingRoomPanel(Card):
    """Live; a patient is moved, marked absent or let go by keys, and every step can be taken back."""

    opened = Signal(object)
    """The `TicketRow` on which Enter was pressed."""

    def __init__(
        self,
        session: Session,
        *,
        services: Sequence[Service],
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("Waiting now"))
        self._zone = zone
        self._services = {service.code: service.name for service in services}
        self.state = QueueState(session, service=None, mine=False, clock=clock, parent=self)
        self.acts = TicketActs(session, parent=self)
        self._model = RowsModel(room_columns(self._services), key=key_of, parent=self)
        self.table: TableView[QueueLine] = TableView(self._model, name=self.title())
        self._list = ListState(self.table, empty=self.tr("Nobody is waiting"))
        self._count = Pill()
        self.notice = Notice()
        self.moving = _MoveRow(services)
        self.leaving = _LeaveRow()
        self.move_button = SecondaryButton(self.tr("Move"), key="F6")
        self.left_button = SecondaryButton(self.tr("Left"), key="F7")
        self.no_show_button = SecondaryButton(self.tr("No show"), key="F10")
        self.undo_button = SecondaryButton(self.tr("Undo"), key="Ctrl+Z")
        self._lay_out()
        self._connect()
        self._show_buttons()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.look_away()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape and not (self.moving.isHidden() and self.leaving.isHidden()):
            self._close_rows()
            return
        super().keyPressEvent(event)

    def _lay_out(self) -> None:
        self.add_to_heading(self._count)
        self.add(self._list, stretch=1)
        self.add(self.notice)
        self.add(self.moving)
        self.add(self.leaving)
        self.moving.hide()
        self.leaving.hide()
        acts = FlowLayout(spacing=Space.S)
        for button in (self.move_button, self.left_button, self.no_show_button, self.undo_button):
            acts.addWidget(button)
        self.add(acts)
        self._list.show_loading()

    def _connect(self) -> None:
        self.state.changed.connect(self._show_queue)
        self.state.failed.connect(self._on_failed)
        self._list.retried.connect(self.state.reload)
        self.table.chosen.connect(self._on_selected)
        self.table.opened.connect(lambda line: self.opened.emit(line.ticket))
        self.move_button.clicked.connect(lambda: self._open_row(self.moving))
        self.left_button.clicked.connect(lambda: self._open_row(self.leaving))
        self.no_show_button.clicked.connect(lambda: self._on_chosen_ticket(self.acts.mark_no_show))
        self.undo_button.clicked.connect(self.acts.undo)
        self.moving.moved.connect(self._on_move)
        self.leaving.left.connect(self._on_leave)
        self.acts.moved.connect(self._on_moved)
        self.acts.gone.connect(
            lambda ticket: self._say_done(
                self.tr("{name} ({code}) is out of the queue. Ctrl+Z takes it back."), ticket
            )
        )
        self.acts.undone.connect(
            lambda ticket: self._say_done(self.tr("{name} ({code}) stands in the queue as before."), ticket)
        )
        self.acts.refused.connect(lambda fault: self._say(Kind.WARNING, fault.message))

    def _show_queue(self) -> None:
        waits = sorted(self.state.now - ticket.queued_at for ticket in self.state.waiting)
        if waits:
            minutes = round(waits[len(waits) // 2].total_seconds() / 60)
            words = self.tr("{count} waiting · median {minutes} min")
            self._count.set(words.format(count=len(waits), minutes=minutes), Kind.INFO)
        else:
            self._count.set("", Kind.NEUTRAL)
        self._model.replace(room_lines(self.state.tickets, now=self.state.now, zone=self._zone))
        self._list.show_rows()
        self._show_buttons()

    def _on_failed(self, fault: Fault) -> None:
        self._count.set("", Kind.NEUTRAL)
        self._list.show_error(fault.message)

    def _on_selected(self, _line: QueueLine | None) -> None:
        # A row that was opened for one patient must never act on another.
        self._close_rows(to_table=False)
        self._show_buttons()

    def _show_buttons(self) -> None:
        chosen = self.table.chosen_row() is not None
        for button in (self.move_button, self.left_button, self.no_show_button):
            button.setEnabled(chosen)
        self.undo_button.setEnabled(self.acts.may_undo)

    def _open_row(self, row: "_MoveRow | _LeaveRow") -> None:
        line = self.table.chosen_row()
        if line is not None:
            self._close_rows(to_table=False)
            row.start(line.ticket)

    def _close_rows(self, *, to_table: bool = True) -> None:
        self.moving.hide()
        self.leaving.hide()
        if to_table:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_move(self, ticket: TicketRow, service: str) -> None:
        self._close_rows()
        self.acts.move(ticket, service)

    def _on_leave(self, ticket: TicketRow, reason: str) -> None:
        self._close_rows()
        self.acts.mark_left(ticket, reason)

    def _on_moved(self, before: TicketRow, after: TicketRow) -> None:
        words = self.tr("{name} waits for {service} as {code}. Ctrl+Z takes it back.")
        service = self._services.get(after.service, after.service)
        self._say(Kind.OK, words.format(name=before.patient.name, service=service, code=after.code))

    def _on_chosen_ticket(self, act: Callable[[TicketRow], None]) -> None:
        line = self.table.chosen_row()
        if line is not None:
            act(line.ticket)

    def _say_done(self, sentence: str, ticket: TicketRow) -> None:
        self._say(Kind.INFO, sentence.format(name=ticket.patient.name, code=ticket.code))

    def _say(self, kind: Kind, sentence: str) -> None:
        self.state.mark_stale()
        self._show_buttons()
        self.notice.say(kind, sentence)


class _MoveRow(QWidget):
    """Where one patient is sent instead."""

    moved = Signal(object, str)

    def __init__(self, services: Sequence[Service]) -> None:
        super().__init__()
        self._services = services
        self._ticket: TicketRow | None = None
        self.service: ChoiceField[str] = ChoiceField(self.tr("Send to"), [])
        self.button = SecondaryButton(self.tr("Move"))
        self.button.clicked.connect(self._submit)
        _beside(self, self.service, self.button)

    def start(self, ticket: TicketRow) -> None:
        """Asks where this patient goes."""
        self._ticket = ticket
        self.service.set_choices([(s.code, s.name) for s in self._services if s.code != ticket.service])
        self.service.set_value(None)
        self.service.set_hint(ticket.patient.name)
        self.show()
        self.service.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._submit()
            return
        super().keyPressEvent(event)

    def _submit(self) -> None:
        service = self.service.value()
        if service is None:
            self.service.set_error(self.tr("Choose a queue."))
        else:
            self.moved.emit(self._ticket, service)


class _LeaveRow(QWidget):
    """Why one patient went home before the end."""

    left = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self._ticket: TicketRow | None = None
        self.reason = Field(self.tr("Why does the patient leave?"), max_length=500)
        self.button = SecondaryButton(self.tr("Left"))
        self.reason.editor.returnPressed.connect(self._submit)
        self.button.clicked.connect(self._submit)
        _beside(self, self.reason, self.button)

    def start(self, ticket: TicketRow) -> None:
        """Asks for the reason."""
        self._ticket = ticket
        self.reason.set_text("")
        self.reason.set_hint(ticket.patient.name)
        self.show()
        self.reason.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        if self.reason.text():
            self.left.emit(self._ticket, self.reason.text())
        else:
            self.reason.set_error(self.tr("Say in a word why, such as “went home”."))


def _beside(row: QWidget, field: QWidget, button: QWidget) -> None:
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(Space.S)
    layout.addWidget(field, 1)
    layout.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
