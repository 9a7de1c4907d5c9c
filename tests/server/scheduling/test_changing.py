"""Moving, cancelling, not coming, and taking it back."""

from datetime import timedelta

import msgspec
import pytest

from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import (
    AppointmentChanged,
    AppointmentId,
    AppointmentRow,
    AppointmentStatus,
    CancelAppointment,
    ListAppointments,
    MarkAppointmentMissed,
    MoveAppointment,
    ReopenAppointment,
    alternatives_of,
)
from hms_server.contract.values import Role
from tests.server.desk import FaultRaised
from tests.server.scheduling.diary import Diary

RECEPTION, NURSE = Role.RECEPTIONIST, Role.NURSE


def move(diary: Diary, row: AppointmentRow, wall: str, *, days: int = 0) -> MoveAppointment:
    return MoveAppointment(appointment_id=row.id, version=row.version, starts_at=diary.at(wall, days=days))


def cancel(row: AppointmentRow, reason: str = "The patient travels") -> CancelAppointment:
    return CancelAppointment(appointment_id=row.id, version=row.version, reason=reason)


def missed(row: AppointmentRow) -> MarkAppointmentMissed:
    return MarkAppointmentMissed(appointment_id=row.id, version=row.version)


def reopen(row: AppointmentRow) -> ReopenAppointment:
    return ReopenAppointment(appointment_id=row.id, version=row.version)


def test_a_move_frees_the_old_time_and_tells_both(diary: Diary) -> None:
    row = diary.book("10:00")

    moved = diary.desk.ask(move(diary, row, "10:20", days=1), NURSE).appointment

    assert (moved.id, moved.starts_at, moved.version) == (row.id, diary.at("10:20", days=1), 2)
    assert moved.ends_at - moved.starts_at == timedelta(minutes=20)
    assert (moved.made, moved.changed.by and moved.changed.by.name) == (row.made, "Ngozi Eze")
    assert "10:00" in diary.free()
    event = diary.desk.events(AppointmentChanged)[-1]
    assert (event.starts_at, event.before) == (moved.starts_at, row.starts_at)


def test_a_move_by_a_part_of_its_own_time_is_no_conflict(diary: Diary) -> None:
    row = diary.book("10:00")

    assert diary.desk.ask(move(diary, row, "10:10"), RECEPTION).appointment.starts_at == diary.at("10:10")


def test_a_move_to_a_colleague_takes_the_colleagues_room(diary: Diary) -> None:
    other = diary.other_doctor()
    row = diary.book("10:00")

    request = msgspec.structs.replace(move(diary, row, "10:00"), practitioner_id=other)
    moved = diary.desk.ask(request, RECEPTION).appointment

    assert (moved.practitioner.name, moved.room) == ("Dr Amina Bello", "Room 2")


def test_a_move_onto_a_taken_time_is_refused_with_free_ones(diary: Diary) -> None:
    """The own time counts as free, since it would be."""
    row = diary.book("10:00", patient_id=diary.desk.patient("Bola Ade"))
    diary.book("10:20")

    fault = diary.desk.fault(move(diary, row, "10:20"), RECEPTION)

    assert (fault.code, diary.shown(alternatives_of(fault))) == (
        "scheduling.taken",
        ["10:00", "10:40", "09:40"],
    )
    assert "Ada Obi" in fault.message


def test_of_many_who_move_to_one_time_one_gets_it(diary: Diary) -> None:
    """Also where all have looked before any has written."""
    walls = ["09:20", "09:40", "10:00", "10:20", "10:40", "11:00"]
    rows = [
        diary.book(wall, patient_id=diary.desk.patient(f"Patient Number{number}"))
        for number, wall in enumerate(walls)
    ]

    def act(number: int) -> str:
        try:
            diary.desk.ask(move(diary, rows[number], "08:00", days=1), RECEPTION)
        except FaultRaised as raised:
            return raised.fault.code
        return "moved"

    outcomes = diary.desk.together(6, act)

    assert sorted(outcomes) == ["moved"] + ["scheduling.taken"] * 5
    booked = diary.desk.ask(ListAppointments(from_day=diary.at("08:00", days=1).date()), RECEPTION)
    assert len(booked.appointments) == 1


def test_a_cancellation_keeps_its_reason_and_frees_the_time(diary: Diary) -> None:
    row = diary.book("10:00")

    cancelled = diary.desk.ask(cancel(row, " The patient travels "), RECEPTION).appointment

    assert (cancelled.status, cancelled.cancel_reason) == (
        AppointmentStatus.CANCELLED,
        "The patient travels",
    )
    assert "10:00" in diary.free()
    assert diary.desk.fault(cancel(cancelled), RECEPTION).code == "scheduling.is_cancelled"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_cancellation_needs_a_reason_of_a_fair_length(diary: Diary, reason: str) -> None:
    row = diary.book("10:00")

    assert diary.desk.fault(cancel(row, reason), RECEPTION).field == "reason"


def test_who_does_not_come_is_marked_when_the_time_has_come(diary: Diary) -> None:
    row = diary.book("10:00")

    early = diary.desk.fault(missed(row), RECEPTION)
    diary.desk.pass_time(hours=1, minutes=1)
    marked = diary.desk.ask(missed(row), RECEPTION).appointment

    assert (early.code, "10:00" in early.message) == ("scheduling.not_yet", True)
    assert marked.status is AppointmentStatus.NO_SHOW


def test_a_mistake_is_taken_back(diary: Diary) -> None:
    cancelled = diary.desk.ask(cancel(diary.book("10:00")), RECEPTION).appointment

    again = diary.desk.ask(reopen(cancelled), RECEPTION).appointment

    assert (again.status, again.cancel_reason, again.version) == (AppointmentStatus.BOOKED, "", 3)
    assert diary.desk.fault(reopen(again), RECEPTION).code == "scheduling.is_booked"


def test_a_time_given_to_somebody_else_does_not_come_back(diary: Diary) -> None:
    cancelled = diary.desk.ask(cancel(diary.book("10:00")), RECEPTION).appointment
    diary.book("10:00", patient_id=diary.desk.patient("Bola Ade"))

    fault = diary.desk.fault(reopen(cancelled), RECEPTION)

    assert (fault.code, "Bola Ade" in fault.message) == ("scheduling.taken", True)


def test_yesterday_does_not_come_back(diary: Diary) -> None:
    cancelled = diary.desk.ask(cancel(diary.book("10:00")), RECEPTION).appointment
    diary.desk.pass_time(days=1)

    assert diary.desk.fault(reopen(cancelled), RECEPTION).code == "scheduling.past"


def test_whoever_saw_an_older_version_learns_what_it_is_now(diary: Diary) -> None:
    row = diary.book("10:00")
    diary.desk.ask(move(diary, row, "11:00"), NURSE)

    def refused(request: MoveAppointment | CancelAppointment | MarkAppointmentMissed) -> Fault:
        return diary.desk.fault(request, RECEPTION)

    faults = [refused(move(diary, row, "10:20")), refused(cancel(row)), refused(missed(row))]

    assert {fault.code for fault in faults} == {"scheduling.edited_meanwhile"}
    assert faults[0].message == (
        "Ngozi Eze changed this appointment at 09:00: it is booked for Mon 2 Mar, 11:00 with Dr Kofi Asante. "
        "Look at it again."
    )


def test_an_unknown_appointment_is_refused(diary: Diary) -> None:
    request = CancelAppointment(appointment_id=AppointmentId(999), version=1, reason="x")

    assert diary.desk.fault(request, RECEPTION).code == "scheduling.unknown"


def test_what_an_appointment_was_before_is_kept_and_cannot_be_changed(diary: Diary) -> None:
    row = diary.book("10:00")
    diary.desk.ask(move(diary, row, "11:00"), NURSE)

    kept = diary.desk.sql(
        "select version, stored ->> 'starts_at', replaced_by from appointment_version where version = %s",
        (row.version,),
    )

    assert kept == [(1, "2026-03-02T09:00:00+00:00", diary.desk.staff[NURSE])]
    for statement in ("delete from appointment", "update appointment_version set version = 9"):
        with pytest.raises(Exception, match="append-only"):
            diary.desk.sql(statement)
