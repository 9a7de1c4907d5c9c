"""Working hours: each line is stored at once, a fault stands at its field, and nobody is overwritten."""

from collections.abc import Callable
from datetime import date, time

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.scheduling.hours.panel import HoursPanel
from hms_desktop.session import Session
from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import (
    AddException,
    ExceptionKind,
    ExceptionStored,
    ListSchedules,
    RemoveException,
    ScheduleChanged,
    Schedules,
    ScheduleStored,
    SetSpecialities,
    SetWorkingHours,
)
from hms_server.contract.values import RoomId
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE
from tests.desktop.scheduling.diary import ADA, KOFI, KWAME, LEAVE, SCHEDULES, hours
from tests.desktop.visits.tickets import CLINIC

Open = Callable[[], HoursPanel]
STORED = ScheduleStored(version=4, affected=0)
WEEK = SCHEDULES.schedules[1].hours
SATURDAY = msgspec.structs.replace(hours(6, "08:30", "13:00"), slot_minutes=30)


def with_week(*week: object) -> Schedules:
    """The schedules as they are after Dr Kofi's week was replaced."""
    amina, kofi = SCHEDULES.schedules
    changed = msgspec.structs.replace(kofi, hours=list(week), version=4)
    return msgspec.structs.replace(SCHEDULES, schedules=[amina, changed])


@pytest.fixture
def open_hours(connection: FakeConnection, session: Session, qtbot: QtBot) -> Open:
    """Shows the hours with Dr Kofi Asante chosen."""
    connection.answer(ListSchedules, SCHEDULES)

    def make() -> HoursPanel:
        panel = HoursPanel(session, clinic=CLINIC, clock=lambda: NOW, zone=ZONE)
        qtbot.addWidget(panel)
        panel.resize(1170, 610)
        with qtbot.waitExposed(panel):
            panel.show()
        qtbot.waitUntil(lambda: panel.doctors.model().rowCount() == 2)
        panel.doctors.choose(KOFI.id)
        panel.take_focus()
        return panel

    return make


def type_saturday(panel: HoursPanel) -> None:
    """Saturday, 8:30 to 13:00, Room 1, half an hour each."""
    week = panel.week
    week.weekday.set_value(6)
    week.room.set_value(RoomId(2))
    for field, text in ((week.starts, "0830"), (week.ends, "13"), (week.minutes, "30")):
        field.set_text(text)


def shown(panel: HoursPanel) -> list[list[str]]:
    model = panel.week.table.model()
    return [
        [str(model.index(row, column).data()).replace("\N{NO-BREAK SPACE}", " ") for column in range(6)]
        for row in range(model.rowCount())
    ]


def test_the_week_of_the_chosen_doctor_is_shown_in_order(open_hours: Open) -> None:
    panel = open_hours()

    lines = shown(panel)

    assert len(lines) == 6
    assert lines[2:4] == [
        ["Wed", "08:00–12:00", "Room 1", "20 min", "All", "always"],
        ["Wed", "14:00–17:00", "Room 1", "20 min", "Heart", "always"],
    ]
    model = panel.doctors.model()
    assert [model.index(row, 2).data() for row in range(2)] == [
        "None yet",
        "23\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}a\N{NO-BREAK SPACE}week",
    ]


def test_a_line_is_added_to_the_week_and_can_be_taken_back(
    open_hours: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The form is then ready for the same hours on the next day."""
    panel = open_hours()
    connection.answer(SetWorkingHours, STORED)
    type_saturday(panel)
    connection.answer(ListSchedules, with_week(*WEEK, SATURDAY))

    QTest.keyClick(panel.week.ends.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.notice.text() == "Stored.")
    qtbot.waitUntil(lambda: panel.week.weekday.value() == 7)
    assert panel.week.starts.text() == "0830"
    QTest.keyClick(panel.week.starts.editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    panel.week.undo_button.click()
    qtbot.waitUntil(lambda: len(connection.requests(SetWorkingHours)) == 2)

    added, undone = connection.requests(SetWorkingHours)
    assert added == SetWorkingHours(practitioner_id=KOFI.id, version=3, hours=[*WEEK, SATURDAY])
    assert undone == SetWorkingHours(practitioner_id=KOFI.id, version=4, hours=WEEK)


def test_a_line_is_removed(open_hours: Open, connection: FakeConnection, qtbot: QtBot) -> None:
    panel = open_hours()
    connection.answer(SetWorkingHours, STORED)

    panel.week.table.setFocus()
    panel.week.table.choose(3)
    QTest.keyClick(panel.week.table, Qt.Key.Key_F7)

    qtbot.waitUntil(lambda: len(connection.requests(SetWorkingHours)) == 1)
    assert connection.requests(SetWorkingHours)[0].hours == [*WEEK[:3], *WEEK[4:]]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("starts", "", "Write a time"),
        ("ends", "late", "Write a time"),
        ("minutes", "many", "how many minutes"),
        ("valid_from", "soon", "Write a day"),
    ],
)
def test_what_is_unclear_is_said_at_its_field_before_anything_is_sent(
    open_hours: Open, connection: FakeConnection, name: str, text: str, sentence: str
) -> None:
    panel = open_hours()
    type_saturday(panel)
    field = getattr(panel.week, name)
    field.set_text(text)

    panel.week.add_line()

    assert sentence in field.error()
    assert connection.requests(SetWorkingHours) == []


def test_a_line_that_the_server_refuses_says_so_at_its_field(
    open_hours: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """A fault of an older line is not blamed on the new one."""
    panel = open_hours()
    fault = Fault(code="scheduling.hours", message="Overlaps.", field="starts", data={"line": "6"})
    connection.answer(SetWorkingHours, fault)
    type_saturday(panel)

    panel.week.add_line()
    qtbot.waitUntil(lambda: panel.week.starts.error() == "Overlaps.")
    connection.answer(SetWorkingHours, msgspec.structs.replace(fault, data={"line": "0"}))
    panel.week.starts.clear_error()
    panel.week.add_line()

    qtbot.waitUntil(lambda: panel.notice.text() == "Overlaps.")
    assert panel.week.starts.error() == ""
    assert panel.week.ends.text() == "13"


def test_an_edit_by_somebody_else_is_told_and_shown(
    open_hours: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_hours()
    message = "Esi Owusu has changed these working hours meanwhile."
    connection.answer(
        SetWorkingHours, Fault(code="scheduling.edited_meanwhile", message=message, field="version")
    )
    type_saturday(panel)
    connection.answer(ListSchedules, with_week(WEEK[0]))

    panel.week.add_line()

    qtbot.waitUntil(lambda: panel.notice.text() == message)
    qtbot.waitUntil(lambda: len(shown(panel)) == 1)
    assert panel.week.ends.text() == "13"


def test_what_happens_elsewhere_appears_and_what_is_typed_stays(
    open_hours: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_hours()
    type_saturday(panel)
    connection.answer(ListSchedules, with_week())

    connection.happen(ScheduleChanged(practitioner_id=KOFI.id))

    qtbot.waitUntil(lambda: panel.week._list.state() == "empty")
    assert panel.week.starts.text() == "0830"
    chosen = panel.doctors.chosen_row()
    assert chosen is not None
    assert chosen.practitioner == KOFI


def test_an_absence_is_entered_and_names_whom_to_call(
    open_hours: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The appointments stay; the administrator, who may not read them, learns the number."""
    panel = open_hours()
    connection.answer(AddException, ExceptionStored(exception=LEAVE, affected=3, appointments=[KWAME, ADA]))
    form = panel.exceptions
    for field, text in ((form.from_day, "21/12"), (form.until_day, "4/1"), (form.reason, "Annual leave")):
        field.set_text(text)

    QTest.keyClick(form.reason.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "3 booked appointments" in panel.notice.text())

    assert connection.requests(AddException) == [
        AddException(
            kind=ExceptionKind.ABSENCE,
            practitioner_id=KOFI.id,
            from_day=date(2026, 12, 21),
            until_day=date(2027, 1, 4),
            reason="Annual leave",
        )
    ]
    assert "Kwame Mensah, Fri 20 Nov, 11:00 with Dr Kofi Asante" in panel.notice.text()
    assert "1 more. They stay booked" in panel.notice.text()
    assert form.from_day.text() == ""


def test_extra_hours_need_a_room_and_a_closed_clinic_is_everybodys(
    open_hours: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_hours()
    connection.answer(AddException, ExceptionStored(exception=LEAVE, affected=0))
    form = panel.exceptions
    absent = form.room.isEnabled()
    form.kind.set_value(ExceptionKind.EXTRA.value)
    form.kind.chosen.emit(form.kind.value())
    form.room.set_value(RoomId(3))
    for field, text in ((form.from_day, "+1"), (form.starts, "9"), (form.ends, "12:30")):
        field.set_text(text)

    form.add_typed()
    qtbot.waitUntil(lambda: form.from_day.text() == "")
    form.kind.set_value("closed")
    form.from_day.set_text("1/1")
    form.add_typed()
    qtbot.waitUntil(lambda: len(connection.requests(AddException)) == 2)

    extra, closed = connection.requests(AddException)
    assert not absent
    assert (extra.kind, extra.starts, extra.ends, extra.room_id) == (
        ExceptionKind.EXTRA,
        time(9),
        time(12, 30),
        RoomId(3),
    )
    assert (closed.kind, closed.practitioner_id, closed.from_day, closed.room_id) == (
        ExceptionKind.ABSENCE,
        None,
        date(2027, 1, 1),
        None,
    )


def test_a_refused_exception_says_so_at_its_field_and_keeps_what_is_typed(
    open_hours: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_hours()
    connection.answer(AddException, Fault(code="scheduling.days", message="Too long.", field="until_day"))
    panel.exceptions.from_day.set_text("1/1")

    panel.exceptions.add_typed()

    qtbot.waitUntil(lambda: panel.exceptions.until_day.error() == "Too long.")
    assert panel.exceptions.from_day.text() == "1/1"


def test_an_exception_is_taken_back(open_hours: Open, connection: FakeConnection, qtbot: QtBot) -> None:
    panel = open_hours()
    connection.answer(RemoveException, STORED)

    panel.exceptions.table.choose(LEAVE.id)
    QTest.keyClick(panel.exceptions.table, Qt.Key.Key_F9)

    qtbot.waitUntil(lambda: connection.requests(RemoveException) == [RemoveException(exception_id=LEAVE.id)])


def test_specialities_are_added_and_taken_away(
    open_hours: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_hours()
    connection.answer(SetSpecialities, STORED)

    panel.speciality.chosen.emit("cardiology")
    qtbot.waitUntil(lambda: not panel.state.busy)
    panel._held_buttons[0].click()
    qtbot.waitUntil(lambda: len(connection.requests(SetSpecialities)) == 2)

    added, removed = connection.requests(SetSpecialities)
    assert (added.specialities, removed.specialities) == (["general", "cardiology"], [])


def test_ctrl_enter_stores_the_form_in_which_the_focus_is(
    open_hours: Open, connection: FakeConnection
) -> None:
    panel = open_hours()

    panel.exceptions.reason.editor.setFocus()
    panel.primary()
    exception_error = panel.exceptions.from_day.error()
    panel.week.starts.editor.setFocus()
    panel.primary()

    assert "Write the day" in exception_error
    assert "Write a time" in panel.week.starts.error()


def test_schedules_that_cannot_be_fetched_are_not_shown_as_none(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    connection.answer(ListSchedules, Fault(code="server.bug", message="The server made a mistake."))
    panel = HoursPanel(session, clinic=CLINIC, clock=lambda: NOW, zone=ZONE)
    qtbot.addWidget(panel)

    panel.show()

    qtbot.waitUntil(lambda: panel._list.state() == "error")
