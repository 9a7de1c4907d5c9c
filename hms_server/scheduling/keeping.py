"""Keeping the schedules: specialities, the week of each doctor, and exceptions."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from hms_server.contract.scheduling import (
    AddException,
    ExceptionKind,
    ExceptionStored,
    Hours,
    RemoveException,
    ScheduleChanged,
    ScheduleStored,
    SetSpecialities,
    SetWorkingHours,
)
from hms_server.contract.values import StaffId
from hms_server.contract.visits import TRIAGE
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.scheduling.checking import check_exception, check_hours
from hms_server.scheduling.models import (
    BESIDE,
    EXCEPTION,
    SEES_PATIENTS,
    SHOWN,
    StoredAppointment,
    StoredException,
)
from hms_server.scheduling.placing import USUAL_MINUTES
from hms_server.scheduling.queries import unknown_practitioner
from hms_server.scheduling.rules import Span, days, local_day, span_of
from hms_server.scheduling.timetable import Timetable, zone_of
from hms_server.work import Work


def set_specialities(work: Work, request: SetSpecialities) -> ScheduleStored:
    """Replaces them; appointments that are booked stay as they are."""
    version = _next_version(work, request.practitioner_id, request.version)
    work.execute("delete from staff_speciality where staff_id = %s", (request.practitioner_id,))
    work.execute(ADD_SPECIALITIES, (request.practitioner_id, sorted(set(request.specialities))))
    _tell(work, request.practitioner_id)
    return ScheduleStored(version=version, affected=0)


def set_working_hours(work: Work, request: SetWorkingHours) -> ScheduleStored:
    """Replaces the week, and names the appointments that were inside it and are not any more."""
    check_hours(work, request.hours)
    version = _next_version(work, request.practitioner_id, request.version)
    booked = _booked(work, request.practitioner_id)
    covered = _covered(work, booked)
    work.execute("delete from working_hours where practitioner_id = %s", (request.practitioner_id,))
    for line in request.hours:
        work.send(ADD_HOURS, _hours_params(request.practitioner_id, line))
    _tell(work, request.practitioner_id)
    left = _covered(work, booked)
    return _stored(work, version, [each for each in booked if each.id in covered - left])


def add_exception(work: Work, request: AddException) -> ExceptionStored:
    """Stores it, and names the appointments that are booked in that time: they stay until somebody acts."""
    check_exception(request)
    if request.practitioner_id is not None and not _sees_patients(work, request.practitioner_id):
        raise unknown_practitioner()
    exception_id = work.value(ADD_EXCEPTION, _exception_params(work, request))
    stored = work.one(StoredException, f"{EXCEPTION} where exception.id = %s", (exception_id,))
    assert stored is not None
    _tell(work, request.practitioner_id)
    affected = _within(work, stored)
    answer = _stored(work, 0, affected)
    return ExceptionStored(exception=stored.row(), affected=answer.affected, appointments=answer.appointments)


def remove_exception(work: Work, request: RemoveException) -> ScheduleStored:
    """The usual hours hold again; taking back extra hours names the appointments booked in them."""
    found = work.one(StoredException, f"{EXCEPTION} {STANDING}", (request.exception_id,))
    if found is None:
        raise Refused(
            "scheduling.exception_unknown",
            "Somebody has taken this exception back already.",
            field="exception_id",
        )
    booked = [] if found.practitioner_id is None else _booked(work, found.practitioner_id)
    covered = _covered(work, booked)
    work.execute(REMOVE, (work.now, work.actor.staff_id, found.id))
    _tell(work, found.practitioner_id)
    left = _covered(work, booked)
    version = work.value("select version from schedule where practitioner_id = %s", (found.practitioner_id,))
    return _stored(work, version or 0, [each for each in booked if each.id in covered - left])


def _next_version(work: Work, practitioner_id: StaffId, version: int) -> int:
    """Counts the change, or refuses it because somebody else was faster."""
    if not _sees_patients(work, practitioner_id):
        raise unknown_practitioner()
    params = {"id": practitioner_id, "version": version, "now": work.now, "by": work.actor.staff_id}
    stored: int | None = work.value(NEXT_VERSION, params)
    if stored is not None:
        return stored
    name = work.value(LAST_CHANGED_BY, (practitioner_id,)) or "Somebody"
    raise Refused(
        "scheduling.edited_meanwhile",
        f"{name} has changed these working hours meanwhile. Nothing was stored; look at them again.",
        field="version",
        data={"by": name},
    )


def _sees_patients(work: Work, practitioner_id: StaffId) -> bool:
    sql = f"select staff.id from staff where staff.id = %s and {SEES_PATIENTS}"
    return work.value(sql, (practitioner_id,)) is not None


def _booked(work: Work, practitioner_id: StaffId | None) -> list[StoredAppointment]:
    """What is still to come, of one or of all."""
    return work.rows(StoredAppointment, BOOKED, {"id": practitioner_id, "now": work.now})


def _covered(work: Work, booked: Sequence[StoredAppointment]) -> set[int]:
    """Which of them lie within working time as it is now."""
    if not booked:
        return set()
    zone = zone_of(work)
    first, last = local_day(booked[0].starts_at, zone), local_day(booked[-1].starts_at, zone)
    timetable = Timetable(work, first, last, practitioners=[each.practitioner_id for each in booked])
    return {
        each.id
        for each in booked
        if timetable.day(each.practitioner_id, local_day(each.starts_at, zone)).covers(each.span)
    }


def _within(work: Work, stored: StoredException) -> list[StoredAppointment]:
    """The appointments that an absence makes impossible, or that are booked into the usual room."""
    if stored.kind == ExceptionKind.EXTRA:
        return []
    zone = zone_of(work)
    booked = _booked(work, stored.practitioner_id)
    return [
        each
        for each in booked
        if each.room_id != stored.room_id
        and any(each.span.overlaps(span) for span in _spans(stored, each, zone))
    ]


def _spans(stored: StoredException, appointment: StoredAppointment, zone: Any) -> Iterable[Span]:
    begins, ends = local_day(appointment.starts_at, zone), local_day(appointment.ends_at, zone)
    first, last = max(stored.from_day, begins), min(stored.until_day, ends)
    return (span_of(day, stored.starts, stored.ends, zone) for day in days(first, last))


def _stored(work: Work, version: int, affected: Sequence[StoredAppointment]) -> ScheduleStored:
    """Names patients only to those who may read appointments; the number is no secret."""
    if Permission.APPOINTMENTS_READ not in work.actor.permissions:
        return ScheduleStored(version=version, affected=len(affected))
    work.concerns(*(each.patient_id for each in affected))
    return ScheduleStored(
        version=version, affected=len(affected), appointments=[each.row() for each in affected]
    )


def _tell(work: Work, practitioner_id: StaffId | None) -> None:
    """Everybody may know that hours have changed; what they are, is asked for with a permission."""
    work.emit(ScheduleChanged(practitioner_id=practitioner_id), audience=Permission.OWN_SESSION)


def _hours_params(practitioner_id: StaffId, line: Hours) -> dict[str, Any]:
    return {
        "practitioner_id": practitioner_id,
        "weekday": line.weekday,
        "starts": line.starts,
        "ends": line.ends,
        "room_id": line.room_id,
        "slot_minutes": line.slot_minutes,
        "service": line.service,
        "speciality": line.speciality,
        "valid_from": line.valid_from,
        "valid_until": line.valid_until,
    }


def _exception_params(work: Work, request: AddException) -> dict[str, Any]:
    is_extra = request.kind is ExceptionKind.EXTRA
    until_day: date = request.until_day or request.from_day
    return {
        "kind": request.kind,
        "practitioner_id": request.practitioner_id,
        "from_day": request.from_day,
        "until_day": until_day,
        "starts": request.starts,
        "ends": request.ends,
        "room_id": None if request.kind is ExceptionKind.ABSENCE else request.room_id,
        "slot_minutes": (request.slot_minutes or USUAL_MINUTES) if is_extra else None,
        "service": (request.service or TRIAGE) if is_extra else None,
        "speciality": request.speciality if is_extra else None,
        "reason": request.reason.strip(),
        "now": work.now,
        "by": work.actor.staff_id,
    }


NEXT_VERSION = """
insert into schedule as stored (practitioner_id, version, changed_at, changed_by)
select %(id)s, 1, %(now)s, %(by)s
where %(version)s = 0 or exists (select from schedule where practitioner_id = %(id)s)
on conflict (practitioner_id) do update
set version = stored.version + 1, changed_at = %(now)s, changed_by = %(by)s
where stored.version = %(version)s
returning version
"""

LAST_CHANGED_BY = "select name from schedule join staff on staff.id = changed_by where practitioner_id = %s"

ADD_SPECIALITIES = "insert into staff_speciality (staff_id, speciality) select %s, unnest(%s::text[])"

ADD_HOURS = """
insert into working_hours (practitioner_id, weekday, starts, ends, room_id, slot_minutes, service,
    speciality, valid_from, valid_until)
values (%(practitioner_id)s, %(weekday)s, %(starts)s, %(ends)s, %(room_id)s, %(slot_minutes)s, %(service)s,
    %(speciality)s, %(valid_from)s, %(valid_until)s)
"""

ADD_EXCEPTION = """
insert into schedule_exception (kind, practitioner_id, from_day, until_day, starts, ends, room_id,
    slot_minutes, service, speciality, reason, made_at, made_by)
values (%(kind)s, %(practitioner_id)s, %(from_day)s, %(until_day)s, %(starts)s, %(ends)s, %(room_id)s,
    %(slot_minutes)s, %(service)s, %(speciality)s, %(reason)s, %(now)s, %(by)s)
returning id
"""

STANDING = "where exception.id = %s and removed_at is null for update of exception"

REMOVE = "update schedule_exception set removed_at = %s, removed_by = %s where id = %s"

BOOKED = f"""
select {SHOWN} from appointment {BESIDE}
where appointment.status = 'booked' and appointment.ends_at > %(now)s
    and (%(id)s::bigint is null or appointment.practitioner_id = %(id)s)
order by appointment.starts_at, appointment.id
"""
