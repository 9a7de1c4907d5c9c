"""The queue that is docked at the left of every station: the way back to the next patient."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.session import Session
from hms_desktop.visits.acts import TicketActs
from hms_desktop.visits.rooms import Rooms
from hms_desktop.visits.state import QueueState
from hms_desktop.visits.table import QueueLine, key_of, station_columns, station_lines
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.envelope import Fault
from hms_server.contract.values import PatientId, RoomId
from hms_server.contract.visits import TicketRow, TicketState

Leave = Callable[[Callable[[], object]], None]
"""Carries out what it is given, now or once the person has agreed to leave the open patient."""


def _at_once(go: Callable[[], object]) -> None:
    go()


class QueuePanel(Card):
    """Calls, recalls and opens patients of one service for the person who sits here."""

    called = Signal(object)
    """The `TicketRow` that was called here."""
    chosen = Signal(object)
    """The `TicketRow`, called earlier, that the person wants to see again."""

    def __init__(
        self,
        session: Session,
        *,
        service: str,
        title: str,
        rooms: Rooms,
        clock: Callable[[], datetime],
        zone: tzinfo,
        leave: Leave = _at_once,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, parent)
        self._zone = zone
        self._service = service
        self._rooms = rooms
        self._leave = leave
        self._wanted: TicketRow | None = None
        self.state = QueueState(session, service=service, mine=True, clock=clock, parent=self)
        self.acts = TicketActs(session, parent=self)
        self._model = RowsModel(station_columns(), key=key_of, parent=self)
        self.table: TableView[QueueLine] = TableView(self._model, name=title)
        self._list = ListState(self.table, empty=self.tr("Nobody is waiting"))
        self._count = Pill()
        self.notice = Notice()
        self.room: ChoiceField[RoomId] = ChoiceField(
            self.tr("I call to"), [], placeholder=self.tr("Choose your room…")
        )
        self.call_button = PrimaryButton(self.tr("Call next"), key="F8", icon_name="bullhorn-outline")
        self.recall_button = SecondaryButton(self.tr("Recall"), key="F9")
        self.no_show_button = SecondaryButton(self.tr("No show"), key="F10")
        self.undo_button = SecondaryButton(self.tr("Undo"), key="Ctrl+Z")
        self._lay_out()
        self._connect()
        self._show_room()
        self._show_buttons()

    def call_next(self) -> None:
        """F8: calls whoever is next, or asks for the room first."""
        self._with_room(lambda room: self._leave(lambda: self.acts.call_next(self._service, room)))

    def select(self, ticket: TicketRow) -> None:
        """Marks a patient in the list, as soon as the list shows them."""
        self._wanted = ticket
        self._mark_wanted()

    def ticket_of(self, patient_id: PatientId) -> TicketRow | None:
        """The ticket of this patient, None for somebody who does not stand in this queue."""
        tickets = (ticket for ticket in self.state.tickets if ticket.patient.id == patient_id)
        return next(tickets, None)

    def take_focus(self) -> None:
        """The keys go to the list: Down, Enter, F8."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        self.table.choose_first()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.look_away()

    def _lay_out(self) -> None:
        self.add_to_heading(self._count)
        self.add(self._list, stretch=1)
        self.add(self.notice)
        acts = FlowLayout(spacing=Space.XS)
        for button in (self.recall_button, self.no_show_button):
            acts.addWidget(button)
        self.add(acts)
        below = QHBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self.room, 1)
        below.addWidget(self.undo_button, 0, Qt.AlignmentFlag.AlignBottom)
        self.add(below)
        self.add(self.call_button)
        self._list.show_loading()

    def _connect(self) -> None:
        self.state.changed.connect(self._show_queue)
        self.state.failed.connect(self._on_failed)
        self._list.retried.connect(self.state.reload)
        self.table.chosen.connect(self._show_buttons)
        self.table.opened.connect(self._on_opened)
        self.room.chosen.connect(self._rooms.choose)
        self._rooms.changed.connect(self._show_room)
        self._rooms.refused.connect(self._on_room_refused)
        self.call_button.clicked.connect(self.call_next)
        self.recall_button.clicked.connect(lambda: self._on_chosen_ticket(self.acts.recall))
        self.no_show_button.clicked.connect(lambda: self._on_chosen_ticket(self.acts.mark_no_show))
        self.undo_button.clicked.connect(self.acts.undo)
        self._connect_acts()

    def _connect_acts(self) -> None:
        self.acts.called.connect(self._on_called)
        self.acts.recalled.connect(
            lambda ticket: self._say_done(self.tr("{code} is announced again."), ticket)
        )
        self.acts.gone.connect(
            lambda ticket: self._say_done(
                self.tr("{name} ({code}) did not come. Ctrl+Z takes it back."), ticket
            )
        )
        self.acts.undone.connect(
            lambda ticket: self._say_done(self.tr("{name} ({code}) stands in the queue as before."), ticket)
        )
        self.acts.nobody_waiting.connect(
            lambda: self._say(Kind.INFO, self.tr("Nobody is waiting to be called."))
        )
        self.acts.refused.connect(lambda fault: self._say(Kind.WARNING, fault.message))

    def _show_queue(self) -> None:
        waiting = len(self.state.waiting)
        self._count.set(
            self.tr("{count} waiting").format(count=waiting), Kind.INFO if waiting else Kind.NEUTRAL
        )
        self._model.replace(station_lines(self.state.tickets, now=self.state.now, zone=self._zone))
        self._list.show_rows()
        self._mark_wanted()
        self._show_buttons()

    def _on_failed(self, fault: Fault) -> None:
        self._count.set("", Kind.NEUTRAL)
        self._list.show_error(fault.message)

    def _mark_wanted(self) -> None:
        if self._wanted is not None and self.table.choose(self._wanted.id):
            self._wanted = None

    def _show_room(self) -> None:
        self.room.set_choices([(room.id, room.name) for room in self._rooms.offered(self._service)])
        current = self._rooms.current
        self.room.set_value(current.id if current else None)

    def _show_buttons(self, *_: object) -> None:
        line = self.table.chosen_row()
        self.recall_button.setEnabled(line is not None and line.ticket.state is TicketState.CALLED)
        self.no_show_button.setEnabled(line is not None)
        self.undo_button.setEnabled(self.acts.may_undo)

    def _with_room(self, call: Callable[[RoomId], None]) -> None:
        room = self._rooms.current
        if room is None:
            self.room.set_error(self.tr("Choose the room to which you call, then press F8 again."))
        else:
            call(room.id)

    def _on_opened(self, line: QueueLine) -> None:
        ticket = line.ticket
        if ticket.state is TicketState.CALLED:
            self._leave(lambda: self.chosen.emit(ticket))
        else:
            self._with_room(lambda room: self._leave(lambda: self.acts.call(ticket, room)))

    def _on_chosen_ticket(self, act: Callable[[TicketRow], None]) -> None:
        line = self.table.chosen_row()
        if line is not None:
            act(line.ticket)

    def _on_called(self, ticket: TicketRow) -> None:
        self.notice.take_back()
        self.state.mark_stale()
        self.select(ticket)
        self._show_buttons()
        self.called.emit(ticket)

    def _on_room_refused(self, fault: Fault) -> None:
        self._show_room()
        self.room.set_error(fault.message)

    def _say_done(self, sentence: str, ticket: TicketRow) -> None:
        self._say(Kind.INFO, sentence.format(name=ticket.patient.name, code=ticket.code))

    def _say(self, kind: Kind, sentence: str) -> None:
        self.state.mark_stale()
        self._show_buttons()
        self.notice.say(kind, sentence)
