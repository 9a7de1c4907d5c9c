"""The week of one doctor as a list, and a line to add to it."""

from collections.abc import Callable, Sequence
from datetime import date, time
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from hms_desktop.scheduling.chosen import chosen_in
from hms_desktop.scheduling.schedule_table import Names, WeekLine, week_columns, weekday_name
from hms_desktop.scheduling.typed import UnclearError, typed_day, typed_number, typed_time
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field, FieldFrame
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space
from hms_server.contract.accounts import Room
from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import Hours, Schedule, Speciality
from hms_server.contract.values import RoomId

ANY = ""
"""Stands for all specialities in the list; no speciality has it as its code."""


class WeekCard(Card):
    """Emits the whole week as it would be; what is shown is always what is stored."""

    week_wanted = Signal(object)
    """The list of `Hours` that the week is to be."""

    def __init__(
        self, rooms: Sequence[Room], names: Names, *, today: Callable[[], date], parent: QWidget | None = None
    ) -> None:
        super().__init__("", parent)
        self._today = today
        self._schedule: Schedule | None = None
        self._adding: Hours | None = None
        self._model = RowsModel(week_columns(names), key=lambda line: line.number, parent=self)
        self.table: TableView[WeekLine] = TableView(self._model, name=self.tr("Hours of the week"))
        self._list = ListState(self.table, empty=self.tr("No hours yet: nobody can book this doctor"))
        days = [(number, weekday_name(number)) for number in range(1, 8)]
        self.weekday: ChoiceField[int] = ChoiceField(self.tr("Day"), days)
        self.starts = Field(self.tr("From"), placeholder="8:00", max_length=8)
        self.ends = Field(self.tr("Until"), placeholder="12:00", max_length=8)
        self.room: ChoiceField[RoomId] = ChoiceField(
            self.tr("Room"), [(each.id, each.name) for each in rooms]
        )
        self.minutes = Field(self.tr("Each"), unit=self.tr("min"), max_length=3)
        self.speciality: ChoiceField[str] = ChoiceField(self.tr("For"), [(ANY, self.tr("All"))])
        self.valid_from = Field(self.tr("Valid from"), placeholder=self.tr("always"), max_length=40)
        self.valid_until = Field(self.tr("Valid until"), placeholder=self.tr("always"), max_length=40)
        self.add_button = SecondaryButton(self.tr("Add hours"), key="F5", icon_name="plus")
        self.remove_button = SecondaryButton(self.tr("Remove line"), key="F7")
        self.undo_button = SecondaryButton(self.tr("Undo"), key="Ctrl+Z")
        self.weekday.set_value(1)
        self.speciality.set_value(ANY)
        self.minutes.set_text("20")
        self._lay_out()
        self._connect()

    def show_schedule(self, schedule: Schedule, specialities: Sequence[Speciality]) -> None:
        """Shows what is stored; what is typed for the next line stays."""
        self._schedule = schedule
        self.set_title(self.tr("Every week: {doctor}").format(doctor=schedule.practitioner.name))
        self._model.replace([WeekLine(number=at, hours=line) for at, line in enumerate(schedule.hours)])
        self._list.show_rows()
        chosen = self.speciality.value() or ANY
        all_of_them = [(ANY, self.tr("All"))]
        self.speciality.set_choices(all_of_them + [(each.code, each.name) for each in specialities])
        self.speciality.set_value(chosen)
        if self._adding is not None and self._adding in schedule.hours:
            self._adding = None
            self._next_line()

    def add_line(self) -> None:
        """Adds what is typed to the week; says what is missing at its field."""
        try:
            line = self._read()
        except UnclearError:
            return
        if self._schedule is not None:
            self._adding = line
            self.week_wanted.emit([*self._schedule.hours, line])

    def remove_line(self) -> None:
        """Takes the chosen line out of the week."""
        line = chosen_in(self.table)
        if line is not None and self._schedule is not None:
            hours = self._schedule.hours
            self.week_wanted.emit([each for at, each in enumerate(hours) if at != line.number])

    def _next_line(self) -> None:
        """Stored: ready for the same hours on the next day."""
        weekday = self.weekday.value() or 1
        self.weekday.set_value(weekday % 7 + 1)
        self.weekday.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_buttons(self, *, may_undo: bool, busy: bool = False) -> None:
        self.add_button.setEnabled(self._schedule is not None and not busy)
        self.remove_button.setEnabled(chosen_in(self.table) is not None and not busy)
        self.undo_button.setEnabled(may_undo and not busy)

    def show_fault(self, fault: Fault) -> bool:
        """Shows what the server refused in the line that was added at its field; says whether it has one."""
        by_name: dict[str, FieldFrame[Any]] = {
            "weekday": self.weekday,
            "starts": self.starts,
            "ends": self.ends,
            "room_id": self.room,
            "slot_minutes": self.minutes,
            "speciality": self.speciality,
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
        }
        self._adding = None
        field = by_name.get(fault.field or "")
        added_at = str(len(self._schedule.hours)) if self._schedule else ""
        if field is None or fault.data.get("line") != added_at:
            return False
        field.set_error(fault.message)
        return True

    def _read(self) -> Hours:
        starts, ends = self._needed_time(self.starts), self._needed_time(self.ends)
        room_id = self.room.value()
        if room_id is None:
            self.room.set_error(self.tr("Choose a room."))
            raise UnclearError
        minutes = typed_number(self.minutes, wrong=self.tr("Write how many minutes, such as 20."))
        return Hours(
            weekday=self.weekday.value() or 1,
            starts=starts,
            ends=ends,
            room_id=room_id,
            slot_minutes=20 if minutes is None else minutes,
            speciality=self.speciality.value() or None,
            valid_from=typed_day(self.valid_from, today=self._today()),
            valid_until=typed_day(self.valid_until, today=self._today()),
        )

    def _needed_time(self, field: Field) -> time:
        found = typed_time(field)
        if found is None:
            field.set_error(self.tr("Write a time, such as 8:00."))
            raise UnclearError
        return found

    def _lay_out(self) -> None:
        self.add(self._list, stretch=1)
        grid = QGridLayout()
        grid.setSpacing(Space.S)
        fields: list[FieldFrame[Any]] = [
            self.weekday,
            self.starts,
            self.ends,
            self.room,
            self.minutes,
            self.speciality,
            self.valid_from,
            self.valid_until,
        ]
        for number, field in enumerate(fields):
            grid.addWidget(field, number // 4, number % 4)
            grid.setColumnStretch(number % 4, 1)
        self.add(grid)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.remove_button)
        row.addWidget(self.undo_button)
        row.addStretch(1)
        row.addWidget(self.add_button)
        self.add(row)

    def _connect(self) -> None:
        self.table.chosen.connect(
            lambda line: self.remove_button.setEnabled(line is not None and self.add_button.isEnabled())
        )
        self.add_button.clicked.connect(self.add_line)
        self.remove_button.clicked.connect(self.remove_line)
        for field in (self.starts, self.ends, self.minutes, self.valid_from, self.valid_until):
            field.editor.returnPressed.connect(self.add_line)
