"""Working hours: the doctors, the week of the chosen one, and what differs from it."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.scheduling.chosen import choose_first_in, chosen_in
from hms_desktop.scheduling.exceptions.panel import ExceptionsCard
from hms_desktop.scheduling.keeping import SchedulesState
from hms_desktop.scheduling.schedule_table import Names, doctor_columns
from hms_desktop.scheduling.table import slot_text
from hms_desktop.scheduling.week.panel import WeekCard
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.accounts import Clinic
from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import ExceptionStored, Hours, Schedule, ScheduleStored
from hms_server.contract.values import RoomId

NAMED = 5
"""So many of the appointments that lie outside the hours now are named; the list shows the others."""


class HoursPanel(QWidget):
    """Every change is stored at once and can be taken back."""

    def __init__(
        self,
        session: Session,
        *,
        clinic: Clinic,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._zone = zone
        self._specialities: dict[str, str] = {}
        rooms: dict[RoomId, str] = {room.id: room.name for room in clinic.rooms}
        names = Names(rooms=rooms, specialities=self._specialities)
        self.state = SchedulesState(session, parent=self)
        self._model = RowsModel(doctor_columns(names), key=lambda row: row.practitioner.id, parent=self)
        self.doctors: TableView[Schedule] = TableView(self._model, name=self.tr("Doctors"))
        self._list = ListState(self.doctors, empty=self.tr("No doctor may sign in yet"))
        self.speciality: ChoiceField[str] = ChoiceField(self.tr("Add a speciality"), [])
        self._held = FlowLayout(spacing=Space.XS)
        self._held_buttons: list[SecondaryButton] = []
        self.notice = Notice()

        def today() -> date:
            return clock().astimezone(zone).date()

        self.week = WeekCard(clinic.rooms, names, today=today)
        self.exceptions = ExceptionsCard(clinic.rooms, names, today=today)
        self._lay_out()
        self._connect()
        self._list.show_loading()

    def primary(self) -> None:
        """Ctrl+Enter: stores the form in which the focus is."""
        focus = QApplication.focusWidget()
        if focus is not None and self.exceptions.isAncestorOf(focus):
            self.exceptions.add_typed()
        elif focus is not None and self.week.isAncestorOf(focus):
            self.week.add_line()

    def take_focus(self) -> None:
        """The focus goes to the doctors."""
        self.doctors.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.look_away()

    def _lay_out(self) -> None:
        doctors = Card(self.tr("Doctors"))
        doctors.add(self._list, stretch=1)
        doctors.add(self._held)
        doctors.add(self.speciality)
        left = QVBoxLayout()
        left.setSpacing(Space.M)
        left.addWidget(doctors, 1)
        left.addWidget(self.notice)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addLayout(left, 3)
        row.addWidget(self.week, 5)
        row.addWidget(self.exceptions, 4)

    def _connect(self) -> None:
        self.state.changed.connect(self._show)
        self.state.failed.connect(lambda fault: self._list.show_error(fault.message))
        self.state.stored.connect(self._on_stored)
        self.state.refused.connect(self._on_refused)
        self.state.busy_changed.connect(self._show_buttons)
        self._list.retried.connect(self.state.reload)
        self.doctors.chosen.connect(lambda _row: self._show_chosen())
        self.speciality.chosen.connect(self._add_speciality)
        self.week.week_wanted.connect(self._set_week)
        self.week.undo_button.clicked.connect(self.state.undo)
        self.exceptions.adding_wanted.connect(self.state.add_exception)
        self.exceptions.removal_wanted.connect(self.state.remove_exception)

    def _show(self) -> None:
        schedules = self.state.schedules
        self._specialities.update({each.code: each.name for each in schedules.specialities})
        self._model.replace(schedules.schedules)
        self._list.show_rows()
        choose_first_in(self.doctors)
        self._show_chosen()

    def _show_chosen(self) -> None:
        row = chosen_in(self.doctors)
        if row is not None:
            self.week.show_schedule(row, self.state.schedules.specialities)
            self.exceptions.show_schedule(row, self.state.schedules.closures)
            self._show_specialities(row)
        self._show_buttons()

    def _show_specialities(self, row: Schedule) -> None:
        for button in self._held_buttons:
            self._held.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._held_buttons = []
        for code in row.specialities:
            button = SecondaryButton(self._specialities.get(code, code), icon_name="close")
            button.setAccessibleDescription(self.tr("Takes this speciality away"))
            button.clicked.connect(lambda _checked=False, code=code: self._remove_speciality(code))
            self._held.addWidget(button)
            self._held_buttons.append(button)
        free = [(code, name) for code, name in self._specialities.items() if code not in row.specialities]
        self.speciality.set_choices(free)
        self.speciality.set_value(None)

    def _show_buttons(self) -> None:
        busy = self.state.busy
        self.week.show_buttons(may_undo=self.state.may_undo, busy=busy)
        self.exceptions.show_buttons(busy=busy)

    def _add_speciality(self, code: str) -> None:
        row = chosen_in(self.doctors)
        if row is not None:
            self.state.set_specialities(row, [*row.specialities, code])

    def _remove_speciality(self, code: str) -> None:
        row = chosen_in(self.doctors)
        if row is not None:
            self.state.set_specialities(row, [each for each in row.specialities if each != code])

    def _set_week(self, hours: list[Hours]) -> None:
        row = chosen_in(self.doctors)
        if row is not None:
            self.state.set_week(row, hours)

    def _on_stored(self, answer: ScheduleStored | ExceptionStored) -> None:
        if isinstance(answer, ExceptionStored):
            self.exceptions.finish()
        if not answer.affected:
            self.notice.say(Kind.OK, self.tr("Stored."))
            return
        title = self.tr("Stored. {count} booked appointments do not fit any more:")
        named = [f"{row.patient.name}, {slot_text(row, self._zone)}" for row in answer.appointments[:NAMED]]
        if answer.affected > len(named):
            named.append(self.tr("{count} more").format(count=answer.affected - len(named)))
        advice = self.tr("They stay booked until somebody moves or cancels them.")
        self.notice.say(Kind.WARNING, title.format(count=answer.affected), f"{' · '.join(named)}. {advice}")

    def _on_refused(self, fault: Fault) -> None:
        # A fault of the week names its line; all others with a field are of the exception that was typed.
        form = self.week if "line" in fault.data else self.exceptions
        if not form.show_fault(fault):
            self.notice.say(Kind.WARNING, fault.message)
