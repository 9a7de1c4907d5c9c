"""Booking: one of many gets the time, the others learn who and what is free, and nothing overlaps."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import psycopg
import pytest

from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import (
    AppointmentChanged,
    AppointmentStatus,
    BookAppointment,
    ListAppointments,
    alternatives_of,
)
from hms_server.contract.values import PatientId, Role, RoomId, StaffId
from tests.server.desk import Desk, FaultRaised
from tests.server.scheduling.diary import MONDAY, Diary

RECEPTION = Role.RECEPTIONIST


def test_a_booking_takes_room_length_and_queue_from_the_hours(diary: Diary) -> None:
    request = diary.booking("10:00", reason=" Check blood pressure ")

    row = diary.desk.ask(request, RECEPTION).appointment

    assert (row.status, row.practitioner.name, row.room, row.service) == (
        AppointmentStatus.BOOKED,
        "Dr Kofi Asante",
        "Room 1",
        "T",
    )
    assert (row.starts_at, row.ends_at - row.starts_at) == (diary.at("10:00"), timedelta(minutes=20))
    assert (row.reason, row.made.at, row.made.by and row.made.by.name) == (
        "Check blood pressure",
        diary.desk.now,
        "Grace Mensah",
    )
    assert (row.patient.name, row.proposed_by, row.version) == ("Ada Obi", None, 1)
    assert diary.desk.events(AppointmentChanged) == [
        AppointmentChanged(
            appointment_id=row.id,
            patient_id=row.patient.id,
            practitioner_id=diary.doctor,
            status=AppointmentStatus.BOOKED,
            starts_at=diary.at("10:00"),
        )
    ]
    assert diary.desk.sql("select audience from event where name = 'AppointmentChanged'") == [
        ("appointments_read",)
    ]


def test_what_the_assistant_suggested_carries_its_mark_and_who_accepted_it(diary: Diary) -> None:
    request = msgspec.structs.replace(diary.booking("10:00"), proposed_by="assistant")

    row = diary.desk.ask(request, Role.DOCTOR).appointment

    assert (row.proposed_by, row.made.by and row.made.by.name) == ("assistant", "Dr Kofi Asante")
    wrong = msgspec.structs.replace(diary.booking("11:00"), proposed_by="a friend")
    assert diary.desk.fault(wrong, RECEPTION).field == "proposed_by"


def test_the_same_request_again_gives_the_same_appointment(diary: Diary) -> None:
    request, request_id = diary.booking("10:00"), uuid4()

    first = diary.desk.ask(request, RECEPTION, request_id=request_id)
    again = diary.desk.ask(request, RECEPTION, request_id=request_id)

    assert first == again
    assert diary.desk.sql("select count(*) from appointment") == [(1,)]


def test_of_ten_desks_that_want_one_slot_exactly_one_gets_it(diary: Diary) -> None:
    """The others learn who was faster, and get three free times that are really free."""
    patients = diary.desk.patients(10)
    clerks = [diary.desk.add_staff(RECEPTION, f"Clerk {number}") for number in range(10)]

    def book(number: int) -> Fault | None:
        try:
            diary.desk.ask(diary.booking("10:00", patient_id=patients[number]), by=clerks[number])
        except FaultRaised as raised:
            return raised.fault
        return None

    faults = [fault for fault in diary.desk.together(10, book) if fault is not None]

    assert {fault.code for fault in faults} == {"scheduling.taken"}
    assert len(faults) == 9
    booked = diary.desk.ask(ListAppointments(), RECEPTION).appointments
    assert [each.starts_at for each in booked] == [diary.at("10:00")]
    for fault in faults:
        assert booked[0].patient.name in fault.message
        assert diary.shown(alternatives_of(fault)) == ["09:40", "10:20", "09:20"]


def test_the_database_itself_refuses_an_overlap_of_doctor_room_or_patient(diary: Diary) -> None:
    """Whatever the program believes: each of the three alone is enough."""
    first = diary.book("10:00")
    other_doctor, other_patient = diary.other_doctor(), diary.desk.patient("Bola Ade")
    rooms = diary.rooms
    insert = """
        insert into appointment (patient_id, practitioner_id, room_id, service, starts_at, ends_at, made_at,
            made_by, changed_at)
        values (%s, %s, %s, 'T', %s, %s, %s, 1, %s)"""

    def added(patient: PatientId, doctor: StaffId, room: RoomId, starts: str) -> str | None:
        starts_at, ends_at = diary.at(starts), diary.at(starts) + timedelta(minutes=20)
        try:
            diary.desk.sql(insert, (patient, doctor, room, starts_at, ends_at, starts_at, starts_at))
        except psycopg.errors.ExclusionViolation as violation:
            return violation.diag.constraint_name
        return None

    patient, doctor = first.patient.id, diary.doctor
    assert added(other_patient, doctor, rooms["Room 2"], "10:10") == "appointment_practitioner_free"
    assert added(other_patient, other_doctor, rooms["Room 1"], "09:50") == "appointment_room_free"
    assert added(patient, other_doctor, rooms["Room 2"], "10:19") == "appointment_patient_free"
    assert added(other_patient, doctor, rooms["Room 1"], "10:20") is None


@pytest.mark.parametrize("status", ["cancelled", "noshow"])
def test_only_what_is_booked_or_here_holds_its_time(diary: Diary, status: str) -> None:
    first = diary.book("10:00")
    reason = "x" if status == "cancelled" else ""
    diary.desk.sql(
        "update appointment set status = %s, cancel_reason = %s, version = 2 where id = %s",
        (status, reason, first.id),
    )

    assert diary.book("10:00").status is AppointmentStatus.BOOKED


def test_a_refusal_says_what_stands_in_the_way(diary: Diary) -> None:
    """The patient's own appointment first, then the doctor's, then the room's."""
    other = diary.other_doctor()
    here = diary.other_doctor("Dr Yaw Mensah", room="Room 1")
    first = diary.book("10:00")
    someone = diary.desk.patient("Bola Ade")

    patient = diary.desk.fault(diary.booking("10:00", patient_id=first.patient.id, doctor=other), RECEPTION)
    doctor = diary.desk.fault(diary.booking("10:00", patient_id=someone), RECEPTION)
    room = diary.desk.fault(diary.booking("10:00", patient_id=someone, doctor=here), RECEPTION)

    span, booked = "Mon 2 Mar, 10:00–10:20", "booked by Grace Mensah. Choose another time."
    assert (patient.field, patient.message) == (
        "patient_id",
        f"Ada Obi has an appointment with Dr Kofi Asante then: {span}, {booked}",
    )
    assert (doctor.field, doctor.message) == (
        "starts_at",
        f"Dr Kofi Asante is taken: {span}, Ada Obi, {booked}",
    )
    assert (room.field, room.message) == (
        "room_id",
        f"Room 1 is taken: {span}, Dr Kofi Asante, {booked}",
    )


def test_alternatives_may_be_of_a_colleague_with_the_same_speciality(diary: Diary) -> None:
    """When the doctor has nothing left for two weeks."""
    diary.set_hours(diary.doctor, diary.hours(2, "10:00", "10:20"), diary.hours(1, "10:00", "10:20"))
    diary.set_specialities(diary.doctor, "cardiology")
    other = diary.other_doctor()
    diary.set_specialities(other, "cardiology")
    for days in (0, 1, 7, 8):
        diary.book("10:00", days=days, patient_id=diary.desk.patient(f"Busy{days} Person"))

    fault = diary.desk.fault(diary.booking("10:00"), RECEPTION)

    assert [slot.practitioner.id for slot in alternatives_of(fault)] == [other] * 3


@pytest.mark.parametrize(
    ("wall", "days", "message"),
    [
        ("13:00", 0, "outside the working hours of Dr Kofi Asante, who works 08:00–12:00 on that day."),
        ("11:50", 0, "who works 08:00–12:00"),
        ("10:00", 5, "Dr Kofi Asante does not work on that day."),
    ],
)
def test_a_time_outside_the_hours_is_asked_about_and_booked_when_confirmed(
    diary: Diary, wall: str, days: int, message: str
) -> None:
    request = msgspec.structs.replace(
        diary.booking(wall, days=days), room_id=diary.rooms["Room 1"], ends_at=None
    )

    fault = diary.desk.fault(request, RECEPTION)
    row = diary.desk.ask(msgspec.structs.replace(request, confirmed=True), RECEPTION).appointment

    assert (fault.code, fault.field) == ("scheduling.outside_hours", "starts_at")
    assert message in fault.message
    assert len(alternatives_of(fault)) == 3
    assert row.starts_at == diary.at(wall, days=days)


def test_a_confirmed_time_still_overlaps_nothing(diary: Diary) -> None:
    diary.book("13:00", confirmed=True)

    fault = diary.desk.fault(diary.booking("13:10", confirmed=True), RECEPTION)

    assert fault.code == "scheduling.taken"


def test_a_day_without_any_room_asks_for_one(diary: Diary) -> None:
    fault = diary.desk.fault(diary.booking("10:00", days=5, confirmed=True), RECEPTION)

    assert (fault.code, fault.field) == ("scheduling.room_missing", "room_id")


def test_the_past_is_refused_but_not_what_began_while_people_talked(diary: Diary) -> None:
    diary.desk.pass_time(minutes=4)
    just = diary.book("09:00")
    diary.desk.pass_time(minutes=20)

    fault = diary.desk.fault(diary.booking("09:15", confirmed=True), RECEPTION)

    assert just.starts_at == diary.at("09:00")
    assert (fault.code, fault.field) == ("scheduling.past", "starts_at")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"patient_id": PatientId(999)}, "patient_id"),
        ({"practitioner_id": StaffId(999)}, "practitioner_id"),
        ({"room_id": RoomId(999)}, "room_id"),
        ({"speciality": "magic"}, "speciality"),
        ({"reason": "x" * 501}, "reason"),
        ({"starts_at": datetime(2026, 3, 2, 10)}, "starts_at"),  # noqa: DTZ001 - that is what is refused
        ({"starts_at": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)}, "starts_at"),
        ({"ends_at": datetime(2026, 3, 2, 9, tzinfo=UTC)}, "ends_at"),
        ({"ends_at": datetime(2026, 3, 3, 9, tzinfo=UTC), "confirmed": True}, "ends_at"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(diary: Diary, change: dict[str, object], field: str) -> None:
    """10:00 in Lagos is nine in UTC, so the third last end is the beginning."""
    request = msgspec.structs.replace(diary.booking("10:00"), **change)

    fault = diary.desk.fault(request, RECEPTION)

    assert fault.field == field
    assert diary.desk.sql("select count(*) from appointment") == [(0,)]


def test_nobody_books_for_a_patient_who_has_died(diary: Diary) -> None:
    patient_id = diary.desk.patient("Late Obi", deceased=True)

    fault = diary.desk.fault(diary.booking("10:00", patient_id=patient_id), RECEPTION)

    assert (fault.code, fault.field) == ("scheduling.deceased", "patient_id")


def test_the_list_of_a_day_shows_all_in_the_order_of_time(desk: Desk, diary: Diary) -> None:
    other = diary.other_doctor()
    late, early = diary.book("11:00"), diary.book("09:20", doctor=other)
    tomorrow = diary.book("08:00", days=1, patient_id=desk.patient("Bola Ade"))

    def listed(request: ListAppointments) -> list[int]:
        return [each.id for each in desk.ask(request, RECEPTION).appointments]

    assert listed(ListAppointments()) == [early.id, late.id]
    assert listed(ListAppointments(practitioner_id=other)) == [early.id]
    assert listed(ListAppointments(from_day=MONDAY + timedelta(days=1))) == [tomorrow.id]
    assert listed(ListAppointments(patient_id=tomorrow.patient.id)) == [tomorrow.id]
    assert listed(ListAppointments(from_day=MONDAY, until_day=MONDAY + timedelta(days=1))) == [
        early.id,
        late.id,
        tomorrow.id,
    ]


def test_reading_the_list_is_audited_with_its_patients(diary: Diary) -> None:
    booked = diary.book("10:00")

    diary.desk.ask(ListAppointments(), RECEPTION)

    assert diary.desk.sql("select patients from audit where request = 'ListAppointments'") == [
        ([booked.patient.id],)
    ]


def test_a_booking_request_without_a_right_never_reaches_the_slice(diary: Diary) -> None:
    assert diary.desk.fault(diary.booking("10:00"), Role.CASHIER).code == "request.forbidden"
    assert isinstance(diary.booking("10:00"), BookAppointment)
