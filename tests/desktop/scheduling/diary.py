"""A day of appointments, free slots and a week of hours that tests and pictures share."""

from datetime import date, datetime, time, timedelta

import msgspec

from hms_server.contract.scheduling import (
    AppointmentId,
    AppointmentRow,
    AppointmentStatus,
    ExceptionKind,
    Hours,
    Schedule,
    ScheduleException,
    ScheduleExceptionId,
    Schedules,
    Slot,
    Specialities,
    Speciality,
)
from hms_server.contract.values import EncounterId, Moment, PatientHeader, Person, RoomId, StaffId
from tests.desktop.samples import LONG_NAME, NOW, ZONE
from tests.desktop.visits.tickets import patient

TODAY = date(2026, 11, 20)
"""A Friday; the clock of the samples shows 10:42."""
KOFI = Person(StaffId(4), "Dr Kofi Asante")
AMINA = Person(StaffId(5), "Dr Amina Bello")
GRACE = Person(StaffId(1), "Grace Mensah")
ROOMS = {KOFI.id: (RoomId(2), "Room 1"), AMINA.id: (RoomId(3), "Room 2")}
SPECIALITIES = Specialities(
    [
        Speciality(code="general", name="General practice", practitioners=[KOFI, AMINA]),
        Speciality(code="cardiology", name="Heart", practitioners=[AMINA]),
        Speciality(code="dermatology", name="Skin"),
    ]
)


def at(wall: str, *, days: int = 0) -> datetime:
    """A time of the clinic's clock, counted in days from today."""
    return datetime.combine(TODAY + timedelta(days=days), time.fromisoformat(wall), tzinfo=ZONE)


def appointment(
    number: int,
    wall: str,
    *,
    who: PatientHeader | None = None,
    doctor: Person = KOFI,
    days: int = 0,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    reason: str = "",
    proposed_by: str | None = None,
) -> AppointmentRow:
    room_id, room = ROOMS[doctor.id]
    here = status in {AppointmentStatus.ARRIVED, AppointmentStatus.FULFILLED}
    return AppointmentRow(
        id=AppointmentId(number),
        status=status,
        patient=who or patient(number, "Kwame Mensah"),
        practitioner=doctor,
        speciality=None,
        room_id=room_id,
        room=room,
        service="T",
        starts_at=at(wall, days=days),
        ends_at=at(wall, days=days) + timedelta(minutes=20),
        reason=reason,
        cancel_reason="Travels to Kumasi" if status is AppointmentStatus.CANCELLED else "",
        made=Moment(NOW - timedelta(days=2), GRACE),
        changed=Moment(NOW, GRACE),
        proposed_by=proposed_by,
        encounter_id=EncounterId(number) if here else None,
        version=1,
    )


def slot(wall: str, *, doctor: Person = KOFI, days: int = 0) -> Slot:
    room_id, room = ROOMS[doctor.id]
    return Slot(
        practitioner=doctor,
        room_id=room_id,
        room=room,
        service="T",
        speciality=None,
        starts_at=at(wall, days=days),
        ends_at=at(wall, days=days) + timedelta(minutes=20),
    )


KWAME = appointment(1, "11:00", reason="Blood pressure check")
ADA = appointment(2, "11:20", who=patient(2, "Ada Obi"), doctor=AMINA, proposed_by="assistant")
DAY = [
    appointment(3, "08:20", who=patient(3, "Fatima Bello"), status=AppointmentStatus.FULFILLED),
    appointment(4, "09:00", who=patient(4, "Tunde Bakare"), status=AppointmentStatus.NO_SHOW),
    appointment(5, "10:40", who=patient(5, LONG_NAME), doctor=AMINA, status=AppointmentStatus.ARRIVED),
    KWAME,
    ADA,
    appointment(6, "11:40", who=patient(6, "Chidi Eze"), status=AppointmentStatus.CANCELLED),
]
SLOTS = [
    slot("11:40"),
    slot("11:40", doctor=AMINA),
    *[slot(wall, days=3) for wall in ("08:00", "08:20", "08:40", "09:00")],
    slot("09:00", doctor=AMINA, days=3),
]


def hours(
    weekday: int, starts: str = "08:00", ends: str = "12:00", *, speciality: str | None = None
) -> Hours:
    return Hours(
        weekday=weekday,
        starts=time.fromisoformat(starts),
        ends=time.fromisoformat(ends),
        room_id=RoomId(2),
        speciality=speciality,
    )


WEEK = [*[hours(day) for day in range(1, 6)], hours(3, "14:00", "17:00", speciality="cardiology")]
LEAVE = ScheduleException(
    id=ScheduleExceptionId(1),
    kind=ExceptionKind.ABSENCE,
    practitioner=KOFI,
    from_day=date(2026, 12, 21),
    until_day=date(2027, 1, 4),
    starts=None,
    ends=None,
    room_id=None,
    slot_minutes=None,
    service=None,
    speciality=None,
    reason="Annual leave",
    made=Moment(NOW, GRACE),
)
CHRISTMAS = msgspec.structs.replace(LEAVE, id=ScheduleExceptionId(2), practitioner=None, reason="Christmas")
SCHEDULES = Schedules(
    schedules=[
        Schedule(
            practitioner=AMINA, specialities=["cardiology", "general"], hours=[], exceptions=[], version=0
        ),
        Schedule(
            practitioner=KOFI,
            specialities=["general"],
            hours=sorted(WEEK, key=lambda line: (line.weekday, line.starts)),
            exceptions=[LEAVE],
            version=3,
        ),
    ],
    closures=[CHRISTMAS],
    specialities=SPECIALITIES.specialities,
)
