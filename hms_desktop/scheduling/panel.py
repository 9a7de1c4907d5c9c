"""The appointments of a day at the front desk: who is expected, who is here, and booking beside it."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.scheduling.acts import AppointmentActs
from hms_desktop.scheduling.booking.panel import BookingCard
from hms_desktop.scheduling.chosen import chosen_in
from hms_desktop.scheduling.days import DayUnclearError, day_text, read_day
from hms_desktop.scheduling.state import AppointmentsState
from hms_desktop.scheduling.table import about_text, appointment_columns, slot_text
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import AppointmentRow, AppointmentStatus, Slot, alternatives_of
from hms_server.contract.values import PatientHeader, StaffId
from hms_server.contract.visits import TicketRow

EVERYBODY = StaffId(0)
"""Stands for all doctors in the list; no member of staff has it."""


class AppointmentsPanel(QWidget):
    """One day as a list; every act has a key, and the last one can be taken back.

    `booking` is a card of its own, which the workspace puts beside this one.
    """

    checked_in = Signal(object)
    """The `TicketRow` that was issued."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._zone = zone
        self._opens_day = True
        self.state = AppointmentsState(session, clock=clock, zone=zone, parent=self)
        self.acts = AppointmentActs(session, parent=self)
        self.booking = BookingCard(session, zone=zone, today=lambda: self.state.today)
        self.day = Field(self.tr("Day"), max_length=40)
        self.doctor: ChoiceField[StaffId] = ChoiceField(self.tr("Doctor"), [])
        self._model = RowsModel(appointment_columns(zone), key=lambda row: row.id, parent=self)
        self.table: TableView[AppointmentRow] = TableView(self._model, name=self.tr("Appointments"))
        self._list = ListState(self.table, empty=self.tr("No appointments on this day"))
        self._count = Pill()
        self._about = label("", TextRole.MUTED, wraps=True)
        self.notice = Notice()
        self.cancelling = _CancelRow()
        self.before_button = SecondaryButton("", key="Alt+Left", icon_name="chevron-left")
        self.after_button = SecondaryButton("", key="Alt+Right", icon_name="chevron-right")
        self.today_button = SecondaryButton(self.tr("Today"), key="Alt+Home")
        self.check_in_button = SecondaryButton(self.tr("Check in"), key="F4", icon_name="login")
        self.book_button = SecondaryButton(self.tr("Book"), key="F5", icon_name="calendar-plus")
        self.move_button = SecondaryButton(self.tr("Move"), key="F6")
        self.cancel_button = SecondaryButton(self.tr("Cancel"), key="F7")
        self.missed_button = SecondaryButton(self.tr("Not come"), key="F10")
        self.undo_button = SecondaryButton(self.tr("Undo"), key="Ctrl+Z")
        self._build_list()
        self._lay_out()
        self._connect()
        self._show_doctors()
        self._show_day()
        self._list.show_loading()

    def primary(self) -> None:
        """Ctrl+Enter: books, or moves."""
        if not self.acts.busy:
            self.notice.take_back()
            self.booking.primary()

    def take_focus(self) -> None:
        """The keys go to the list: Down, F4."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_patient(self, patient: PatientHeader) -> None:
        """Somebody was found: their appointment of this day if there is one, otherwise a new booking."""
        row = next((each for each in self._model.rows if each.patient.id == patient.id), None)
        if row is None:
            self._begin(patient)
        else:
            self.table.choose(row.id)
            self.take_focus()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.look_away()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape and not self.cancelling.isHidden():
            self._close_cancelling()
            return
        super().keyPressEvent(event)

    def _build_list(self) -> None:
        self.card = Card()
        self.card.add_to_heading(self._count)
        chooser = QHBoxLayout()
        chooser.setSpacing(Space.S)
        end = Qt.AlignmentFlag.AlignBottom
        for button in (self.before_button, self.after_button, self.today_button):
            chooser.addWidget(button, 0, end)
        self.before_button.setAccessibleName(self.tr("The day before"))
        self.after_button.setAccessibleName(self.tr("The day after"))
        chooser.addWidget(self.day, 1)
        chooser.addWidget(self.doctor, 1)
        self.card.add(chooser)
        self.card.add(self._list, stretch=1)
        self.card.add(self._about)
        self.card.add(self.notice)
        self.card.add(self.cancelling)
        self.cancelling.hide()
        acts = FlowLayout(spacing=Space.XS)
        for button in self._acts():
            acts.addWidget(button)
        self.card.add(acts)

    def _acts(self) -> tuple[SecondaryButton, ...]:
        return (
            self.check_in_button,
            self.book_button,
            self.move_button,
            self.cancel_button,
            self.missed_button,
            self.undo_button,
        )

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.card)

    def _connect(self) -> None:
        self.state.changed.connect(self._show_list)
        self.state.day_changed.connect(self._on_day_changed)
        self.state.failed.connect(self._on_failed)
        self._list.retried.connect(self.state.reload)
        self.table.chosen.connect(self._on_selected)
        self.day.editor.returnPressed.connect(self._on_day_typed)
        self.doctor.chosen.connect(self._on_doctor_chosen)
        self.booking.state.choices_changed.connect(self._show_doctors)
        self.before_button.clicked.connect(lambda: self.state.turn_by(-1))
        self.after_button.clicked.connect(lambda: self.state.turn_by(1))
        self.today_button.clicked.connect(lambda: self.state.turn_to(self.state.today))
        for keys, days in (("Alt+PgUp", -7), ("Alt+PgDown", 7)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(lambda days=days: self.state.turn_by(days))
        self.check_in_button.clicked.connect(lambda: self._on_chosen(self.acts.check_in))
        self.book_button.clicked.connect(lambda: self._begin(None))
        self.move_button.clicked.connect(lambda: self._on_chosen(self._move))
        self.cancel_button.clicked.connect(lambda: self._on_chosen(self.cancelling.start))
        self.missed_button.clicked.connect(lambda: self._on_chosen(self.acts.mark_missed))
        self.undo_button.clicked.connect(self.acts.undo)
        self.cancelling.cancelled.connect(self._on_cancel)
        self._connect_acts()

    def _connect_acts(self) -> None:
        acts, booking = self.acts, self.booking
        booking.booking_wanted.connect(lambda who, slot, reason: acts.book(who, slot, reason=reason))
        booking.move_wanted.connect(acts.move)
        booking.left.connect(self.take_focus)
        booking.slot_gone.connect(self._on_slot_gone)
        acts.booked.connect(lambda row: self._on_stored(self.tr("{patient} is booked: {time}."), row))
        acts.moved.connect(self._on_moved)
        acts.cancelled.connect(
            lambda row: self._say_done(self.tr("Cancelled: {patient}, {time}. Ctrl+Z takes it back."), row)
        )
        acts.missed.connect(
            lambda row: self._say_done(self.tr("{patient} did not come. Ctrl+Z takes it back."), row)
        )
        acts.undone.connect(self._on_undone)
        acts.checked_in.connect(self._on_checked_in)
        acts.refused.connect(self._on_refused)
        acts.busy_changed.connect(self._show_buttons)

    def _show_list(self) -> None:
        rows = self.state.appointments
        chosen = chosen_in(self.table)
        self._model.replace(rows)
        self._list.show_rows()
        if self._opens_day:
            self._opens_day = False
            self._choose_expected()
        elif chosen is not None and all(row.id != chosen.id for row in rows):
            self._on_gone(chosen)
        here = sum(row.status is AppointmentStatus.ARRIVED for row in rows)
        expected = sum(row.status is AppointmentStatus.BOOKED for row in rows)
        words = self.tr("{expected} expected · {here} here").format(expected=expected, here=here)
        if self.state.more:
            words = self.tr("Only the first {count}: choose a doctor").format(count=len(rows))
        self._count.set(words, Kind.WARNING if self.state.more else Kind.INFO if expected else Kind.NEUTRAL)
        self._show_about()

    def _choose_expected(self) -> None:
        """Who comes next is chosen on a day that was just opened."""
        booked = (row for row in self._model.rows if row.status is AppointmentStatus.BOOKED)
        first = next(booked, None) or next(iter(self._model.rows), None)
        if first is not None:
            self.table.choose(first.id)

    def _on_gone(self, row: AppointmentRow) -> None:
        """The chosen one is not on this list any more; its neighbour must not get the key meant for it."""
        self.table.clear_choice()
        self._close_cancelling(to_table=False)
        words = self.tr("The appointment of {patient} is not on this list any more. Look for it again.")
        self.notice.say(Kind.WARNING, words.format(patient=row.patient.name))

    def _on_day_changed(self) -> None:
        self._opens_day = True
        self._close_cancelling(to_table=False)
        self._model.replace([])
        self._count.set("", Kind.NEUTRAL)
        self._list.show_loading()
        self._show_day()

    def _show_day(self) -> None:
        day = self.state.day
        self.day.set_text(day_text(day))
        title = day_text(day)
        if day == self.state.today:
            title = self.tr("Today, {day}").format(day=title)
        self.card.set_title(title)
        # Nobody books the past: on an old day, the times from today on are offered.
        self.booking.show_day(max(day, self.state.today))
        self._show_about()

    def _on_day_typed(self) -> None:
        try:
            day = read_day(self.day.text(), today=self.state.today)
        except DayUnclearError as unclear:
            self.day.set_error(str(unclear))
            return
        self.state.turn_to(day)
        self._show_day()
        self.take_focus()

    def _on_doctor_chosen(self, doctor: StaffId) -> None:
        self._opens_day = True
        self.state.show_only(doctor or None)

    def _show_doctors(self) -> None:
        doctors = [(person.id, person.name) for person in self.booking.state.practitioners]
        self.doctor.set_choices([(EVERYBODY, self.tr("All doctors")), *doctors])
        self.doctor.set_value(self.state.practitioner_id or EVERYBODY)

    def _on_failed(self, fault: Fault) -> None:
        self._count.set("", Kind.NEUTRAL)
        self._list.show_error(fault.message)

    def _on_selected(self, _row: AppointmentRow | None) -> None:
        # A row that was opened for one patient must never act on another.
        self._close_cancelling(to_table=False)
        self._show_about()

    def _show_about(self) -> None:
        row = chosen_in(self.table)
        today: date = self.state.today
        self._about.setText(about_text(row, self._zone, today=today) if row else "")
        self._about.setHidden(row is None)
        self._show_buttons()

    def _show_buttons(self) -> None:
        row = chosen_in(self.table)
        free = not self.acts.busy
        is_booked = free and row is not None and row.status is AppointmentStatus.BOOKED
        is_today = self.state.day == self.state.today
        may_come = row is not None and row.status in {AppointmentStatus.BOOKED, AppointmentStatus.NO_SHOW}
        self.check_in_button.setEnabled(free and is_today and may_come)
        self.move_button.setEnabled(is_booked)
        self.cancel_button.setEnabled(is_booked)
        self.missed_button.setEnabled(is_booked and is_today)
        self.undo_button.setEnabled(free and self.acts.may_undo)
        self.booking.set_busy(busy=self.acts.busy)

    def _begin(self, patient: PatientHeader | None) -> None:
        self._close_cancelling(to_table=False)
        self.notice.take_back()
        self.booking.begin(patient)

    def _move(self, row: AppointmentRow) -> None:
        self.notice.take_back()
        self.booking.begin_move(row)

    def _on_chosen(self, act: Callable[[AppointmentRow], None]) -> None:
        row = chosen_in(self.table)
        if row is not None:
            self._close_cancelling(to_table=False)
            act(row)

    def _on_cancel(self, row: AppointmentRow, reason: str) -> None:
        self._close_cancelling()
        self.acts.cancel(row, reason)

    def _close_cancelling(self, *, to_table: bool = True) -> None:
        self.cancelling.hide()
        if to_table:
            self.take_focus()

    def _on_stored(self, sentence: str, row: AppointmentRow) -> None:
        self.booking.finish()
        self._say_done(f"{sentence} {self.tr('Ctrl+Z takes it back.')}", row)
        self.take_focus()

    def _on_moved(self, _before: AppointmentRow, row: AppointmentRow) -> None:
        # It may go from this list by our own hand, which is no news.
        self.table.clear_choice()
        self._on_stored(self.tr("{patient} is moved: {time}."), row)

    def _on_undone(self, row: AppointmentRow) -> None:
        self.table.clear_choice()
        self._say_done(self.tr("Taken back: {patient}, {time}."), row)

    def _on_checked_in(self, ticket: TicketRow) -> None:
        words = self.tr("{patient} is checked in as {code}.")
        self._say(Kind.OK, words.format(patient=ticket.patient.name, code=ticket.code))
        self.checked_in.emit(ticket)

    def _on_slot_gone(self, slot: Slot) -> None:
        words = self.tr("{time} is not free any more. Choose another time.")
        self.notice.say(Kind.WARNING, words.format(time=slot_text(slot, self._zone)))

    def _on_refused(self, fault: Fault) -> None:
        self.state.mark_stale()
        self.booking.state.mark_stale()
        if self.booking.show_fault(fault):
            return
        offered = " · ".join(slot_text(slot, self._zone) for slot in alternatives_of(fault))
        nearest = self.tr("Free instead: {times}").format(times=offered) if offered else ""
        self.notice.say(Kind.WARNING, fault.message, nearest)

    def _say_done(self, sentence: str, row: AppointmentRow) -> None:
        time = slot_text(row, self._zone)
        self._say(Kind.OK, sentence.format(patient=row.patient.name, time=time))

    def _say(self, kind: Kind, sentence: str) -> None:
        self.state.mark_stale()
        self._show_buttons()
        self.notice.say(kind, sentence)


class _CancelRow(QWidget):
    """Why one appointment is cancelled."""

    cancelled = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self._row: AppointmentRow | None = None
        self.reason = Field(self.tr("Why is it cancelled?"), max_length=500)
        self.button = SecondaryButton(self.tr("Cancel the appointment"), key="Enter")
        self.reason.editor.returnPressed.connect(self._submit)
        self.button.clicked.connect(self._submit)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self.reason, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)

    def start(self, row: AppointmentRow) -> None:
        """Asks for the reason."""
        self._row = row
        self.reason.set_text("")
        self.reason.set_hint(self.tr("{patient} · Esc goes back").format(patient=row.patient.name))
        self.show()
        self.reason.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        if self.reason.text():
            self.cancelled.emit(self._row, self.reason.text())
        else:
            self.reason.set_error(self.tr("Say in a word why, such as “travels” or “doctor is ill”."))
