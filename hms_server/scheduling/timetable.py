"""Hours, exceptions and taken times of some practitioners over some days, read at once."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from hms_server.contract.scheduling import MAX_DAYS, AppointmentId, Slot
from hms_server.contract.values import PatientId, Person, RoomId, StaffId
from hms_server.faults import Refused
from hms_server.scheduling.models import (
    EXCEPTION,
    HOLDS,
    SEES_PATIENTS,
    StoredException,
    StoredHours,
    weekly_of,
)
from hms_server.scheduling.rules import Block, Day, Exceptional, Span, Weekly, local_day, plan_day, span_of
from hms_server.work import Work

_FIRST_YEAR, _LAST_YEAR = 2000, 2200


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """A doctor who may sign in, with the codes of the specialities."""

    id: StaffId
    name: str
    specialities: list[str]

    @property
    def person(self) -> Person:
        return Person(self.id, self.name)

    def practises(self, speciality: str | None, *, in_shift: str | None) -> bool:
        """Whether a shift is for that speciality: its own if it has one, otherwise any of the doctor's."""
        if speciality is None:
            return True
        return in_shift == speciality or (in_shift is None and speciality in self.specialities)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    practitioner_id: StaffId
    room_id: RoomId
    patient_id: PatientId
    starts_at: datetime
    ends_at: datetime


class Timetable:
    """A snapshot: what looks free here may be taken a moment later, and the database then says so."""

    def __init__(
        self,
        work: Work,
        first: date,
        last: date,
        *,
        practitioners: Sequence[StaffId] | None = None,
        patient_id: PatientId | None = None,
        leaving_out: AppointmentId | None = None,
    ) -> None:
        """Reads the days from `first` to `last` of those practitioners, or of all.

        With a patient, that patient's other appointments count as taken; `leaving_out` is one that moves.
        """
        self._work = work
        self.zone = zone_of(work)
        self._patient_id = patient_id
        period = Span(span_of(first, None, None, self.zone)[0], span_of(last, None, None, self.zone)[1])
        params = {
            "ids": None if practitioners is None else list(practitioners),
            "first": first,
            "last": last,
            "starts_at": period.starts_at,
            "ends_at": period.ends_at,
            "leaving_out": leaving_out,
        }
        self.practitioners = {each.id: each for each in work.rows(Practitioner, PRACTITIONERS, params)}
        self._weekly = self._read_hours(params)
        self._exceptions = self._read_exceptions(params)
        self._taken = self._read_taken(params)

    @cached_property
    def rooms(self) -> dict[RoomId, str]:
        return dict(self._work.connection.execute(ROOMS).fetchall())

    def day(self, practitioner_id: StaffId, day: date) -> Day:
        exceptions = [*self._exceptions[practitioner_id], *self._exceptions[None]]
        return plan_day(day, self._weekly[practitioner_id], exceptions, self.zone)

    def absence(self, practitioner_id: StaffId, day: date) -> str | None:
        """The reason of an absence on that day, None where there is none."""
        reasons = [
            each.reason or "Away"
            for each in (*self._exceptions[practitioner_id], *self._exceptions[None])
            if each.kind == "absence" and each.holds_on(day)
        ]
        return reasons[0] if reasons else None

    def free(self, practitioner_id: StaffId, day: date, *, after: datetime) -> Iterator[Block]:
        """The slots of that day that begin after the moment, where doctor, room and patient are free."""
        for slot in self.day(practitioner_id, day).slots():
            if slot.span.starts_at > after and self._is_free(practitioner_id, slot):
                yield slot

    def slot(self, practitioner: Practitioner, block: Block, *, speciality: str | None = None) -> Slot:
        """As a screen shows it."""
        return Slot(
            practitioner=practitioner.person,
            room_id=block.shift.room_id,
            room=self.rooms.get(block.shift.room_id, ""),
            service=block.shift.service,
            speciality=block.shift.speciality or speciality,
            starts_at=block.span.starts_at,
            ends_at=block.span.ends_at,
        )

    def _is_free(self, practitioner_id: StaffId, slot: Block) -> bool:
        keys = (("doctor", practitioner_id), ("room", slot.shift.room_id), ("patient", self._patient_id))
        return not any(_meets(self._taken.get(key, []), slot.span) for key in keys)

    def _read_hours(self, params: dict[str, Any]) -> dict[StaffId, list[Weekly]]:
        found: dict[StaffId, list[Weekly]] = defaultdict(list)
        for line in self._work.rows(StoredHours, HOURS, params):
            found[line.practitioner_id].append(weekly_of(line.hours()))
        return found

    def _read_exceptions(self, params: dict[str, Any]) -> dict[StaffId | None, list[Exceptional]]:
        found: dict[StaffId | None, list[Exceptional]] = defaultdict(list)
        for line in self._work.rows(StoredException, EXCEPTIONS, params):
            found[line.practitioner_id].append(line.exceptional())
        return found

    def _read_taken(self, params: dict[str, Any]) -> dict[tuple[str, int | None], list[Span]]:
        found: dict[tuple[str, int | None], list[Span]] = defaultdict(list)
        for line in self._work.rows(_Taken, TAKEN, params):
            span = Span(line.starts_at, line.ends_at)
            found["doctor", line.practitioner_id].append(span)
            found["room", line.room_id].append(span)
            found["patient", line.patient_id].append(span)
        return found


def zone_of(work: Work) -> ZoneInfo:
    """The zone of the clinic's clock."""
    return ZoneInfo(work.value("select time_zone from clinic"))


def today_of(work: Work) -> date:
    """The day that it is in the clinic."""
    return local_day(work.now, zone_of(work))


def is_likely_year(day: date) -> bool:
    return _FIRST_YEAR <= day.year <= _LAST_YEAR


def check_year(day: date, field: str) -> None:
    """Refuses a year that is a slip of the finger."""
    if not is_likely_year(day):
        raise Refused("scheduling.year", f"Check the year: {day.year}.", field=field)


def check_days(first: date, last: date) -> None:
    """Refuses a period that is upside down, too long, or in a year that nobody means."""
    check_year(first, "from_day")
    check_year(last, "until_day")
    if last < first:
        raise Refused("scheduling.days", "The last day lies before the first one.", field="until_day")
    if (last - first).days >= MAX_DAYS:
        raise Refused("scheduling.days", f"Ask for at most {MAX_DAYS} days at once.", field="until_day")


def _meets(taken: list[Span], span: Span) -> bool:
    """Whether one of the spans overlaps; they are in order and none overlaps another."""
    place = bisect_left(taken, (span.ends_at,))
    return place > 0 and taken[place - 1].ends_at > span.starts_at


PRACTITIONERS = f"""
select staff.id, staff.name, array(
    select speciality from staff_speciality where staff_id = staff.id order by speciality) as specialities
from staff
where {SEES_PATIENTS} and (%(ids)s::bigint[] is null or staff.id = any (%(ids)s))
order by staff.name, staff.id
"""

HOURS = """
select practitioner_id, weekday, starts, ends, room_id, slot_minutes, service, speciality, valid_from,
    valid_until
from working_hours
where (%(ids)s::bigint[] is null or practitioner_id = any (%(ids)s))
    and coalesce(valid_from <= %(last)s, true) and coalesce(valid_until >= %(first)s, true)
"""

EXCEPTIONS = f"""{EXCEPTION}
where removed_at is null and from_day <= %(last)s and until_day >= %(first)s
    and (%(ids)s::bigint[] is null or practitioner_id is null or practitioner_id = any (%(ids)s))
order by exception.id
"""

# No appointment is longer than eight hours, which lets the index on the beginning find them all.
TAKEN = f"""
select practitioner_id, room_id, patient_id, starts_at, ends_at from appointment
where {HOLDS} and starts_at < %(ends_at)s and starts_at > %(starts_at)s - interval '8 hours'
    and ends_at > %(starts_at)s and (%(leaving_out)s::bigint is null or id <> %(leaving_out)s)
order by starts_at
"""

ROOMS = "select id, name from room"
