"""Free slots, availability, schedules and the list of appointments."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from hms_server.contract.scheduling import (
    MAX_SLOTS,
    Appointments,
    Availability,
    DayAvailability,
    FindSlots,
    GetAvailability,
    ListAppointments,
    ListSchedules,
    PractitionerAvailability,
    Schedule,
    Schedules,
    Slot,
    Slots,
    WorkingTime,
)
from hms_server.contract.values import StaffId
from hms_server.faults import Refused
from hms_server.patients.names import words_of
from hms_server.scheduling.models import (
    BESIDE,
    EXCEPTION,
    SHOWN,
    StoredAppointment,
    StoredException,
    StoredHours,
)
from hms_server.scheduling.rules import days, local_day, span_of
from hms_server.scheduling.specialities import all_specialities, meant_by
from hms_server.scheduling.timetable import (
    HOURS,
    PRACTITIONERS,
    Practitioner,
    Timetable,
    check_days,
    today_of,
    zone_of,
)
from hms_server.work import Work

SLOT_DAYS = timedelta(days=27)
AVAILABILITY_DAYS = timedelta(days=6)
MAX_APPOINTMENTS = 500
_END_OF_DAYS = date(2200, 12, 31)


def find_slots(work: Work, request: FindSlots) -> Slots:
    """The free slots of the period that lie ahead, soonest first."""
    today = today_of(work)
    first = request.from_day or today
    check_days(first, first)
    last = request.until_day or max(first, today) + SLOT_DAYS
    check_days(first, last)
    wanted = None if request.practitioner_id is None else [request.practitioner_id]
    timetable = Timetable(work, first, last, practitioners=wanted, patient_id=request.patient_id)
    if wanted and not timetable.practitioners:
        raise unknown_practitioner()
    found = _free_slots(work, timetable, first=max(first, today), last=last, speciality=request.speciality)
    limit = min(max(request.limit, 1), MAX_SLOTS)
    slots = list(islice(found, limit + 1))
    return Slots(slots=slots[:limit], more=len(slots) > limit)


def _free_slots(
    work: Work, timetable: Timetable, *, first: date, last: date, speciality: str | None
) -> Iterator[Slot]:
    for day in days(first, last):
        found = [
            timetable.slot(doctor, block, speciality=speciality)
            for doctor in timetable.practitioners.values()
            for block in timetable.free(doctor.id, day, after=work.now)
            if doctor.practises(speciality, in_shift=block.shift.speciality)
        ]
        yield from sorted(found, key=lambda slot: (slot.starts_at, slot.practitioner.name))


def get_availability(work: Work, request: GetAvailability) -> Availability:
    """When the doctors that are meant work, and how much of it is free."""
    first = request.from_day or today_of(work)
    check_days(first, first)
    last = request.until_day or first + AVAILABILITY_DAYS
    check_days(first, last)
    known = all_specialities(work)
    names = {each.code: each.name for each in known}
    codes = None
    if request.speciality.strip():
        codes = {each.code for each in meant_by(known, request.speciality)}
    doctors = _doctors_meant(work, request.practitioner, codes)
    timetable = Timetable(work, first, last, practitioners=[doctor.id for doctor in doctors])
    return Availability(
        practitioners=[
            PractitionerAvailability(
                practitioner=doctor.person,
                specialities=[names[code] for code in doctor.specialities],
                days=[
                    found
                    for day in days(first, last)
                    if (found := _day_of(work, timetable, doctor, day, codes)) is not None
                ],
            )
            for doctor in doctors
        ],
        time_zone=timetable.zone.key,
    )


def _doctors_meant(work: Work, text: str, codes: set[str] | None) -> list[Practitioner]:
    """By parts of the name; of a speciality are also those who have hours for it."""
    wanted = [word for word in words_of(text) if word not in {"dr", "doctor"}]
    everybody = work.rows(Practitioner, PRACTITIONERS, {"ids": None})
    in_hours: dict[StaffId, set[str]] = defaultdict(set)
    if codes is not None:
        for practitioner_id, speciality in work.connection.execute(SPECIALITIES_OF_HOURS):
            in_hours[practitioner_id].add(speciality)
    return [
        doctor
        for doctor in everybody
        if all(any(part.startswith(word) for part in words_of(doctor.name)) for word in wanted)
        and (codes is None or codes & {*doctor.specialities, *in_hours[doctor.id]})
    ]


def _day_of(
    work: Work, timetable: Timetable, doctor: Practitioner, day: date, codes: set[str] | None
) -> DayAvailability | None:
    def is_meant(speciality: str | None) -> bool:
        return codes is None or any(doctor.practises(code, in_shift=speciality) for code in codes)

    plan = timetable.day(doctor.id, day)
    absence = timetable.absence(doctor.id, day)
    working = [block for block in plan.working() if is_meant(block.shift.speciality)]
    if not working and absence is None:
        return None
    slots = [block for block in plan.slots() if is_meant(block.shift.speciality)]
    free = [
        block for block in timetable.free(doctor.id, day, after=work.now) if is_meant(block.shift.speciality)
    ]
    return DayAvailability(
        day=day,
        working=[
            WorkingTime(
                starts=block.span.starts_at.astimezone(timetable.zone).time(),
                ends=block.span.ends_at.astimezone(timetable.zone).time(),
                room=timetable.rooms.get(block.shift.room_id, ""),
            )
            for block in working
        ],
        slots=len(slots),
        free=len(free),
        first_free=timetable.slot(doctor, free[0]) if free else None,
        absence=absence,
    )


def list_schedules(work: Work, request: ListSchedules) -> Schedules:
    """The weeks of all doctors or of one, with the exceptions that are not over."""
    ids = None if request.practitioner_id is None else [request.practitioner_id]
    today = today_of(work)
    params = {"ids": ids, "first": today, "last": _END_OF_DAYS}
    hours = work.rows(StoredHours, f"{HOURS} {IN_WEEK_ORDER}", params)
    exceptions = work.rows(StoredException, f"{EXCEPTION} {NOT_OVER}", params)
    versions = dict(work.connection.execute("select practitioner_id, version from schedule").fetchall())
    return Schedules(
        schedules=[
            Schedule(
                practitioner=doctor.person,
                specialities=doctor.specialities,
                hours=[line.hours() for line in hours if line.practitioner_id == doctor.id],
                exceptions=[line.row() for line in exceptions if line.practitioner_id == doctor.id],
                version=versions.get(doctor.id, 0),
            )
            for doctor in work.rows(Practitioner, PRACTITIONERS, params)
        ],
        closures=[line.row() for line in exceptions if line.practitioner_id is None],
        specialities=all_specialities(work),
    )


def list_appointments(work: Work, request: ListAppointments) -> Appointments:
    """All of the days, whatever became of them."""
    zone = zone_of(work)
    today = local_day(work.now, zone)
    first = request.from_day or today
    ahead = request.patient_id is not None and request.from_day is None and request.until_day is None
    last = request.until_day or (_END_OF_DAYS if ahead else first)
    if not ahead:
        check_days(first, last)
    params = {
        "starts_at": span_of(first, None, None, zone).starts_at,
        "ends_at": span_of(last, None, None, zone).ends_at,
        "practitioner_id": request.practitioner_id,
        "patient_id": request.patient_id,
        "limit": MAX_APPOINTMENTS + 1,
    }
    found = work.rows(StoredAppointment, APPOINTMENTS, params)
    shown = found[:MAX_APPOINTMENTS]
    work.concerns(*dict.fromkeys(each.patient_id for each in shown))
    return Appointments(appointments=[each.row() for each in shown], more=len(found) > len(shown))


def unknown_practitioner() -> Refused:
    """The person chosen is no doctor here, or no longer."""
    return Refused(
        "scheduling.practitioner_unknown",
        "This person does not see patients here. Choose a doctor from the list.",
        field="practitioner_id",
    )


SPECIALITIES_OF_HOURS = """
select practitioner_id, speciality from working_hours where speciality is not null
union select practitioner_id, speciality from schedule_exception
where kind = 'extra' and speciality is not null and removed_at is null
"""

IN_WEEK_ORDER = "order by weekday, starts, valid_from nulls first"

NOT_OVER = """
where removed_at is null and until_day >= %(first)s
    and (%(ids)s::bigint[] is null or practitioner_id is null or practitioner_id = any (%(ids)s))
order by from_day, exception.starts nulls first, exception.id
"""

APPOINTMENTS = f"""
select {SHOWN} from appointment {BESIDE}
where appointment.starts_at >= %(starts_at)s and appointment.starts_at < %(ends_at)s
    and (%(practitioner_id)s::bigint is null or appointment.practitioner_id = %(practitioner_id)s)
    and (%(patient_id)s::bigint is null or appointment.patient_id = %(patient_id)s)
order by appointment.starts_at, practitioner.name, appointment.id limit %(limit)s
"""
