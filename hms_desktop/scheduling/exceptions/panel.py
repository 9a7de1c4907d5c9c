"""Absences, extra hours and other rooms of one doctor, and days on which the clinic is closed."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from hms_desktop.scheduling.chosen import chosen_in
from hms_desktop.scheduling.schedule_table import Names, exception_columns, kind_word
from hms_desktop.scheduling.typed import UnclearError, typed_day, typed_time
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field, FieldFrame
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space
from hms_server.contract.accounts import Room
from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import AddException, ExceptionKind, Schedule, ScheduleException
from hms_server.contract.values import RoomId

CLOSED = "closed"
"""In the list of kinds: an absence of everybody."""


class ExceptionsCard(Card):
    """What differs from the week, in the order of days."""

    adding_wanted = Signal(object)
    """An `AddException`."""
    removal_wanted = Signal(object)
    """A `ScheduleException`."""

    def __init__(
        self, rooms: Sequence[Room], names: Names, *, today: Callable[[], date], parent: QWidget | None = None
    ) -> None:
        super().__init__("", parent)
        self._today = today
        self._schedule: Schedule | None = None
        self._model = RowsModel(exception_columns(names), key=lambda row: row.id, parent=self)
        self.table: TableView[ScheduleException] = TableView(self._model, name=self.tr("Exceptions"))
        self._list = ListState(self.table, empty=self.tr("No exceptions from today on"))
        kinds: list[tuple[str, str]] = [(kind.value, kind_word(kind)) for kind in ExceptionKind]
        kinds.append((CLOSED, self.tr("Clinic closed")))
        self.kind: ChoiceField[str] = ChoiceField(self.tr("What"), kinds)
        self.from_day = Field(self.tr("From day"), placeholder="12/3", max_length=40)
        self.until_day = Field(self.tr("Until day"), placeholder=self.tr("same day"), max_length=40)
        self.reason = Field(self.tr("Reason"), placeholder=self.tr("Annual leave"), max_length=200)
        self.starts = Field(self.tr("From"), placeholder=self.tr("all day"), max_length=8)
        self.ends = Field(self.tr("Until"), placeholder=self.tr("all day"), max_length=8)
        self.room: ChoiceField[RoomId] = ChoiceField(
            self.tr("Room"), [(each.id, each.name) for each in rooms]
        )
        self.add_button = SecondaryButton(self.tr("Add exception"), key="F6", icon_name="plus")
        self.remove_button = SecondaryButton(self.tr("Take back"), key="F9")
        self.kind.set_value(ExceptionKind.ABSENCE.value)
        self._lay_out()
        self._connect()
        self._show_kind()

    def show_schedule(self, schedule: Schedule, closures: Sequence[ScheduleException]) -> None:
        """Shows what is stored; what is typed stays."""
        self._schedule = schedule
        self.set_title(self.tr("Exceptions: {doctor}").format(doctor=schedule.practitioner.name))
        rows = sorted([*schedule.exceptions, *closures], key=lambda row: (row.from_day, row.id))
        self._model.replace(rows)
        self._list.show_rows()

    def add_typed(self) -> None:
        """Enters the exception that is typed; says what is unclear at its field."""
        schedule = self._schedule
        if schedule is None:
            return
        try:
            self.adding_wanted.emit(self._read(schedule))
        except UnclearError:
            return

    def finish(self) -> None:
        """Stored: ready for the next one."""
        for field in (self.from_day, self.until_day, self.reason, self.starts, self.ends):
            field.set_text("")
        self.kind.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_buttons(self, *, busy: bool) -> None:
        self.add_button.setEnabled(self._schedule is not None and not busy)
        self.remove_button.setEnabled(chosen_in(self.table) is not None and not busy)

    def show_fault(self, fault: Fault) -> bool:
        """Shows what the server refused at its field; says whether it has one."""
        by_name: dict[str, FieldFrame[Any]] = {
            "kind": self.kind,
            "from_day": self.from_day,
            "until_day": self.until_day,
            "starts": self.starts,
            "ends": self.ends,
            "room_id": self.room,
            "reason": self.reason,
        }
        field = by_name.get(fault.field or "")
        if field is None:
            return False
        field.set_error(fault.message)
        return True

    def _read(self, schedule: Schedule) -> AddException:
        is_closure = self.kind.value() == CLOSED
        today = self._today()
        from_day = typed_day(self.from_day, today=today)
        if from_day is None:
            self.from_day.set_error(self.tr("Write the day, such as 12/3 or tomorrow."))
            raise UnclearError
        return AddException(
            kind=ExceptionKind.ABSENCE if is_closure else ExceptionKind(self.kind.value() or "absence"),
            practitioner_id=None if is_closure else schedule.practitioner.id,
            from_day=from_day,
            until_day=typed_day(self.until_day, today=from_day),
            starts=typed_time(self.starts),
            ends=typed_time(self.ends),
            room_id=self.room.value() if self._has_room() else None,
            reason=self.reason.text(),
        )

    def _has_room(self) -> bool:
        return self.kind.value() in {ExceptionKind.EXTRA.value, ExceptionKind.ROOM.value}

    def _show_kind(self) -> None:
        self.room.setEnabled(self._has_room())

    def _lay_out(self) -> None:
        self.add(self._list, stretch=1)
        grid = QGridLayout()
        grid.setSpacing(Space.S)
        fields: list[tuple[FieldFrame[Any], int]] = [
            (self.kind, 1),
            (self.from_day, 1),
            (self.until_day, 1),
            (self.starts, 1),
            (self.ends, 1),
            (self.room, 1),
        ]
        for number, (field, stretch) in enumerate(fields):
            grid.addWidget(field, number // 3, number % 3)
            grid.setColumnStretch(number % 3, stretch)
        grid.addWidget(self.reason, 2, 0, 1, 3)
        self.add(grid)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        row.addWidget(self.add_button)
        self.add(row)

    def _connect(self) -> None:
        self.kind.chosen.connect(lambda _kind: self._show_kind())
        self.table.chosen.connect(
            lambda row: self.remove_button.setEnabled(row is not None and self.add_button.isEnabled())
        )
        self.add_button.clicked.connect(self.add_typed)
        self.remove_button.clicked.connect(self._remove)
        for field in (self.from_day, self.until_day, self.reason, self.starts, self.ends):
            field.editor.returnPressed.connect(self.add_typed)

    def _remove(self) -> None:
        row = chosen_in(self.table)
        if row is not None:
            self.removal_wanted.emit(row)
