"""Where a wanted time falls in a doctor's hours, and what could be offered instead."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hms_server.contract.scheduling import AppointmentId, Slot
from hms_server.contract.values import PatientId, RoomId, StaffId
from hms_server.contract.visits import TRIAGE
from hms_server.faults import Refused
from hms_server.scheduling import faults
from hms_server.scheduling.models import BESIDE, HOLDS, SHOWN, StoredAppointment
from hms_server.scheduling.queries import unknown_practitioner
from hms_server.scheduling.rules import Day, Shift, Span, days, local_day
from hms_server.scheduling.timetable import Practitioner, Timetable, check_year, zone_of
from hms_server.work import Work

LATE = timedelta(minutes=5)
"""A time that began so short a while ago may still be booked: the desk was just talking about it."""
USUAL_MINUTES = 20
OFFERED_DAYS = timedelta(days=13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A time that somebody wants; None is filled in as the hours say, the end from `length` first."""

    patient_id: PatientId
    practitioner_id: StaffId
    starts_at: datetime
    ends_at: datetime | None
    room_id: RoomId | None
    speciality: str | None
    confirmed: bool
    length: timedelta | None = None
    leaving_out: AppointmentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A wish with all that an appointment needs."""

    patient_id: PatientId
    practitioner_id: StaffId
    span: Span
    room_id: RoomId
    service: str
    speciality: str | None
    leaving_out: AppointmentId | None

    def params(self) -> dict[str, Any]:
        return {
            "patient_id": self.patient_id,
            "practitioner_id": self.practitioner_id,
            "room_id": self.room_id,
            "service": self.service,
            "speciality": self.speciality,
            "starts_at": self.span.starts_at,
            "ends_at": self.span.ends_at,
            "leaving_out": self.leaving_out,
        }


def place(work: Work, wish: Wish) -> Place:
    """Refuses the past, an unknown doctor, and what is outside the hours unless it is confirmed."""
    starts_at = _moment(wish.starts_at, "starts_at")
    if starts_at < work.now - LATE:
        raise faults.in_the_past()
    zone = zone_of(work)
    day = local_day(starts_at, zone)
    timetable = Timetable(work, day, day, practitioners=[wish.practitioner_id])
    doctor = timetable.practitioners.get(wish.practitioner_id)
    if doctor is None:
        raise unknown_practitioner()
    plan = timetable.day(doctor.id, day)
    shift = plan.nearest(starts_at)
    span = Span(starts_at, _end(wish, starts_at, shift))
    if span.ends_at <= span.starts_at:
        raise faults.length()
    if not wish.confirmed and not plan.covers(span):
        raise faults.outside_hours(
            doctor.name,
            working=_hours_said(plan, timetable),
            absence=timetable.absence(doctor.id, day),
            alternatives=alternatives(work, wish),
        )
    return _filled(wish, doctor, span, shift)


def refuse_if_taken(work: Work, wanted: Place) -> None:
    """Says who has the time; what slips through in between is held up by the database."""
    other = work.one(StoredAppointment, IN_THE_WAY, wanted.params())
    if other is not None:
        raise _taken(work, wanted, other)


def now_taken(work: Work, wanted: Place) -> Refused:
    """Why the database has just refused the time."""
    return _taken(work, wanted, work.one(StoredAppointment, IN_THE_WAY, wanted.params()))


def alternatives(work: Work, wish: Wish | Place) -> list[Slot]:
    """The free slots nearest to the wanted time: of the same doctor first, then of the same speciality."""
    around = wish.span.starts_at if isinstance(wish, Place) else wish.starts_at
    day = local_day(max(around, work.now), zone_of(work))
    last = day + OFFERED_DAYS
    timetable = Timetable(work, day, last, patient_id=wish.patient_id, leaving_out=wish.leaving_out)
    doctor = timetable.practitioners[wish.practitioner_id]
    specialities = {wish.speciality} if wish.speciality else set(doctor.specialities)
    found = [
        timetable.slot(other, block, speciality=wish.speciality)
        for other in timetable.practitioners.values()
        for each in days(day, last)
        for block in timetable.free(other.id, each, after=work.now)
        if other.id == doctor.id
        or any(other.practises(code, in_shift=block.shift.speciality) for code in specialities)
    ]
    return sorted(found, key=lambda slot: (slot.practitioner.id != doctor.id, abs(slot.starts_at - around)))


def _taken(work: Work, wanted: Place, other: StoredAppointment | None) -> Refused:
    return faults.taken(
        other,
        patient_id=wanted.patient_id,
        practitioner_id=wanted.practitioner_id,
        alternatives=alternatives(work, wanted),
        zone=zone_of(work),
    )


def _filled(wish: Wish, doctor: Practitioner, span: Span, shift: Shift | None) -> Place:
    room_id = wish.room_id or (shift.room_id if shift else None)
    if room_id is None:
        raise Refused(
            "scheduling.room_missing",
            f"{doctor.name} has no room on that day. Choose a room.",
            field="room_id",
        )
    return Place(
        patient_id=wish.patient_id,
        practitioner_id=doctor.id,
        span=span,
        room_id=room_id,
        service=shift.service if shift else TRIAGE,
        speciality=wish.speciality or (shift.speciality if shift else None),
        leaving_out=wish.leaving_out,
    )


def _end(wish: Wish, starts_at: datetime, shift: Shift | None) -> datetime:
    if wish.ends_at is not None:
        return _moment(wish.ends_at, "ends_at")
    usual = timedelta(minutes=shift.slot_minutes if shift else USUAL_MINUTES)
    return starts_at + (wish.length or usual)


def _moment(moment: datetime, field: str) -> datetime:
    """In UTC; refused without a zone, and in a year that nobody means."""
    if moment.tzinfo is None:
        raise Refused("scheduling.zone", "A time needs its time zone.", field=field)
    check_year(moment.date(), field)
    return moment.astimezone(UTC)


def _hours_said(plan: Day, timetable: Timetable) -> str:
    spans = [[faults.clock(moment, timetable.zone) for moment in block.span] for block in plan.working()]
    return " and ".join("–".join(span) for span in spans)


IN_THE_WAY = f"""
select {SHOWN} from appointment {BESIDE}
where appointment.{HOLDS}
    and tstzrange(appointment.starts_at, appointment.ends_at, '[)')
        && tstzrange(%(starts_at)s, %(ends_at)s, '[)')
    and (appointment.patient_id = %(patient_id)s or appointment.practitioner_id = %(practitioner_id)s
        or appointment.room_id = %(room_id)s)
    and (%(leaving_out)s::bigint is null or appointment.id <> %(leaving_out)s)
order by appointment.patient_id <> %(patient_id)s, appointment.practitioner_id <> %(practitioner_id)s,
    appointment.starts_at
limit 1
"""
