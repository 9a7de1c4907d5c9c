"""Keeping the schedules: who is faster, what is wrong at which line, and what becomes of what is booked."""

from datetime import date, timedelta

import msgspec
import pytest

from hms_server.contract.scheduling import (
    AddException,
    ExceptionKind,
    Hours,
    ListSchedules,
    ListSpecialities,
    RemoveException,
    ScheduleChanged,
    SetSpecialities,
    SetWorkingHours,
)
from hms_server.contract.values import Role, RoomId, StaffId
from tests.server.desk import Desk
from tests.server.scheduling.diary import MONDAY, Diary, clock

ADMIN, RECEPTION = Role.ADMINISTRATOR, Role.RECEPTIONIST
FRIDAY = MONDAY + timedelta(days=4)


def absence(diary: Diary, **changes: object) -> AddException:
    whole = AddException(kind=ExceptionKind.ABSENCE, practitioner_id=diary.doctor, from_day=MONDAY)
    return msgspec.structs.replace(whole, **changes)


def test_a_week_is_stored_as_a_whole_and_read_in_order(diary: Diary) -> None:
    week = [diary.hours(3, "13:00", "00:00"), diary.hours(1), diary.hours(3, "08:00", "10:00", minutes=30)]

    diary.set_hours(diary.doctor, *week)

    assert diary.schedule(diary.doctor).hours == [week[1], week[2], week[0]]
    assert diary.desk.events(ScheduleChanged)[-1] == ScheduleChanged(practitioner_id=diary.doctor)


def test_who_changes_an_old_version_learns_who_was_faster(diary: Diary) -> None:
    """Nothing is stored, and nothing typed by the first is lost."""
    version = diary.schedule(diary.doctor).version
    first = SetWorkingHours(practitioner_id=diary.doctor, version=version, hours=[diary.hours(1)])
    diary.desk.ask(first, RECEPTION)

    fault = diary.desk.fault(msgspec.structs.replace(first, hours=[]), ADMIN)

    assert (fault.code, fault.data["by"]) == ("scheduling.edited_meanwhile", "Grace Mensah")
    assert diary.schedule(diary.doctor).hours == [diary.hours(1)]


def test_of_several_who_change_the_same_version_one_is_stored(diary: Diary) -> None:
    version = diary.schedule(diary.doctor).version
    staff = [diary.desk.add_staff(RECEPTION, f"Clerk {number}") for number in range(6)]

    def change(number: int) -> str:
        hours = [diary.hours(1, minutes=10 + number)]
        request = SetWorkingHours(practitioner_id=diary.doctor, version=version, hours=hours)
        try:
            diary.desk.ask(request, by=staff[number])
        except Exception as refused:  # noqa: BLE001 - whatever it is, it is compared below
            return str(refused).partition(":")[0]
        return "stored"

    outcomes = diary.desk.together(6, change)

    assert sorted(outcomes) == ["scheduling.edited_meanwhile"] * 5 + ["stored"]
    assert len(diary.schedule(diary.doctor).hours) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"weekday": 0}, "weekday"),
        ({"ends": clock("08:00")}, "ends"),
        ({"slot_minutes": 0}, "slot_minutes"),
        ({"room_id": RoomId(999)}, "room_id"),
        ({"service": "X"}, "service"),
        ({"speciality": "magic"}, "speciality"),
        ({"valid_from": date(26, 5, 2)}, "valid_from"),
        ({"valid_from": date(2026, 5, 2), "valid_until": date(2026, 5, 1)}, "valid_until"),
    ],
)
def test_a_fault_names_its_line_and_field(diary: Diary, change: dict[str, object], field: str) -> None:
    before = diary.schedule(diary.doctor)
    wrong = msgspec.structs.replace(diary.hours(2), **change)
    request = SetWorkingHours(
        practitioner_id=diary.doctor, version=before.version, hours=[diary.hours(1), wrong]
    )

    fault = diary.desk.fault(request, ADMIN)

    assert (fault.field, fault.data.get("line")) == (field, "1")
    assert diary.schedule(diary.doctor) == before


def test_lines_that_overlap_are_refused_unless_they_hold_at_different_times(diary: Diary) -> None:
    """Also by the database, whatever the check before it thinks."""
    version = diary.schedule(diary.doctor).version
    until = msgspec.structs.replace(diary.hours(1), valid_until=MONDAY)
    later = msgspec.structs.replace(diary.hours(1, "11:00", "13:00"), valid_from=MONDAY + timedelta(days=1))

    def setting(*hours: Hours) -> SetWorkingHours:
        return SetWorkingHours(practitioner_id=diary.doctor, version=version, hours=list(hours))

    fault = diary.desk.fault(setting(until, diary.hours(1, "11:59", "00:00")), ADMIN)
    diary.desk.ask(setting(until, later, diary.hours(1, "13:00", "14:00")), ADMIN)

    assert (fault.code, fault.data["line"]) == ("scheduling.hours_overlap", "1")
    assert fault.message == "Monday: 11:59–00:00 overlaps 08:00–12:00. Change one of the two."


def test_hours_of_somebody_who_sees_no_patients_are_refused(diary: Diary) -> None:
    nurse = diary.desk.staff[Role.NURSE]

    fault = diary.desk.fault(SetWorkingHours(practitioner_id=nurse, version=0, hours=[]), ADMIN)

    assert (fault.code, fault.field) == ("scheduling.practitioner_unknown", "practitioner_id")


def test_specialities_are_replaced_and_listed_with_their_doctors(diary: Diary) -> None:
    diary.set_specialities(diary.doctor, "general", "cardiology")
    diary.set_specialities(diary.doctor, "cardiology")

    listed = diary.desk.ask(ListSpecialities(), RECEPTION).specialities

    assert diary.schedule(diary.doctor).specialities == ["cardiology"]
    assert [person.name for person in listed[0].practitioners] == ["Dr Kofi Asante"]
    assert (listed[0].name, listed[1].name) == ("Heart", "General practice")
    assert listed[1].practitioners == []


def test_an_unknown_speciality_is_refused_at_its_field(diary: Diary) -> None:
    version = diary.schedule(diary.doctor).version
    request = SetSpecialities(practitioner_id=diary.doctor, version=version, specialities=["magic"])

    fault = diary.desk.fault(request, ADMIN)

    assert (fault.code, fault.field) == ("scheduling.speciality_unknown", "specialities")
    assert diary.schedule(diary.doctor).version == version


def test_an_absence_keeps_what_is_booked_and_names_it(diary: Diary) -> None:
    """Of the day and the time only; the patients are still on the list, to be called and moved."""
    inside = diary.book("10:00")
    diary.book("10:00", days=1, patient_id=inside.patient.id)
    diary.book("11:40")

    request = absence(diary, starts=clock("09:00"), ends=clock("11:00"), reason="Training")
    answer = diary.desk.ask(request, RECEPTION)

    assert (answer.affected, [each.id for each in answer.appointments]) == (1, [inside.id])
    assert diary.desk.sql("select count(*) from appointment where status = 'booked'") == [(3,)]
    assert diary.free() == ["11:00", "11:20"]
    assert [each.reason for each in diary.schedule(diary.doctor).exceptions] == ["Training"]


def test_an_administrator_learns_how_many_are_affected_but_not_who(diary: Diary) -> None:
    """Keeping the hours is not reading appointments."""
    diary.book("10:00")

    answer = diary.desk.ask(absence(diary), ADMIN)

    assert (answer.affected, answer.appointments) == (1, [])


def test_an_absence_also_names_what_was_booked_outside_the_hours(diary: Diary) -> None:
    evening = diary.book("18:00", confirmed=True)

    answer = diary.desk.ask(absence(diary), RECEPTION)

    assert [each.id for each in answer.appointments] == [evening.id]


def test_a_closed_clinic_is_closed_for_everybody(diary: Diary) -> None:
    other = diary.other_doctor()
    booked = diary.book("10:00", doctor=other)

    request = absence(diary, practitioner_id=None, reason="Independence Day")
    answer = diary.desk.ask(request, RECEPTION)

    assert [each.id for each in answer.appointments] == [booked.id]
    assert (diary.free(), diary.free(doctor=other)) == ([], [])
    schedules = diary.desk.ask(ListSchedules(), RECEPTION)
    assert [each.reason for each in schedules.closures] == ["Independence Day"]


def test_shorter_hours_name_what_is_outside_them_now(diary: Diary) -> None:
    """What was outside them before was booked on purpose, and is not named again."""
    diary.book("08:00", days=1)
    late = diary.book("11:40", days=1)
    diary.book("15:00", days=1, confirmed=True)
    version = diary.schedule(diary.doctor).version

    request = SetWorkingHours(
        practitioner_id=diary.doctor, version=version, hours=[diary.hours(2, "08:00", "10:00")]
    )
    answer = diary.desk.ask(request, RECEPTION)

    assert [each.id for each in answer.appointments] == [late.id]


def test_extra_hours_can_be_booked_and_name_their_patients_when_taken_back(diary: Diary) -> None:
    """A Saturday once, in another room."""
    request = AddException(
        kind=ExceptionKind.EXTRA,
        practitioner_id=diary.doctor,
        from_day=MONDAY + timedelta(days=5),
        starts=clock("09:00"),
        ends=clock("10:00"),
        room_id=diary.rooms["Room 2"],
        slot_minutes=30,
    )
    added = diary.desk.ask(request, RECEPTION)
    booked = diary.book("09:30", days=5)

    answer = diary.desk.ask(RemoveException(exception_id=added.exception.id), RECEPTION)

    assert (booked.room, booked.ends_at - booked.starts_at) == ("Room 2", timedelta(minutes=30))
    assert [each.id for each in answer.appointments] == [booked.id]
    assert diary.free(5) == []


def test_another_room_names_what_is_booked_into_the_usual_one(diary: Diary) -> None:
    diary.book("08:00", days=1)
    booked = diary.book("10:00", days=1)
    day = MONDAY + timedelta(days=1)
    request = AddException(
        kind=ExceptionKind.ROOM,
        practitioner_id=diary.doctor,
        from_day=day,
        starts=clock("10:00"),
        ends=clock("12:00"),
        room_id=diary.rooms["Room 2"],
    )

    answer = diary.desk.ask(request, RECEPTION)

    assert [each.id for each in answer.appointments] == [booked.id]
    assert diary.book("10:20", days=1, patient_id=booked.patient.id).room == "Room 2"


def test_an_exception_is_taken_back_once(diary: Diary) -> None:
    added = diary.desk.ask(absence(diary), ADMIN)
    request = RemoveException(exception_id=added.exception.id)

    diary.desk.ask(request, ADMIN)
    fault = diary.desk.fault(request, ADMIN)

    assert fault.code == "scheduling.exception_unknown"
    assert diary.schedule(diary.doctor).exceptions == []
    assert len(diary.free()) > 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"until_day": MONDAY - timedelta(days=1)}, "until_day"),
        ({"until_day": date(9999, 12, 31)}, "until_day"),
        ({"from_day": date(1026, 3, 2), "until_day": None}, "from_day"),
        ({"starts": clock("08:00")}, "ends"),
        ({"ends": clock("08:00")}, "starts"),
        ({"starts": clock("08:00"), "ends": clock("08:00")}, "ends"),
        ({"reason": "x" * 201}, "reason"),
        ({"kind": ExceptionKind.EXTRA}, "starts"),
        ({"kind": ExceptionKind.EXTRA, "practitioner_id": None}, "practitioner_id"),
        ({"kind": ExceptionKind.ROOM}, "room_id"),
        ({"kind": ExceptionKind.ROOM, "room_id": RoomId(999)}, "room_id"),
        ({"practitioner_id": StaffId(999)}, "practitioner_id"),
    ],
)
def test_an_incomplete_exception_is_refused_at_the_field(
    diary: Diary, change: dict[str, object], field: str
) -> None:
    fault = diary.desk.fault(absence(diary, **change), ADMIN)

    assert fault.field == field
    assert diary.desk.sql("select count(*) from schedule_exception") == [(0,)]


def test_exceptions_that_are_over_are_not_listed(diary: Diary) -> None:
    diary.desk.ask(absence(diary, until_day=FRIDAY), ADMIN)

    diary.desk.pass_time(days=4)
    still = diary.schedule(diary.doctor).exceptions
    diary.desk.pass_time(days=1)

    assert (len(still), diary.schedule(diary.doctor).exceptions) == (1, [])


def test_who_may_not_sign_in_any_more_has_no_schedule(desk: Desk, diary: Diary) -> None:
    desk.sql("update staff set active = false where id = %s", (diary.doctor,))

    assert desk.ask(ListSchedules(), ADMIN).schedules == []
