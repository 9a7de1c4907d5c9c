"""The doctors' hours and specialities of the demo, and the appointments of today and the next days."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from hms_server.contract.values import RoomId, StaffId
from hms_server.demo.people import MadeUp
from hms_server.demo.staff import DOCTOR, OTHER_DOCTOR, RECEPTION, Hired, Planned
from hms_server.scheduling.rules import Block, Shift, Weekly, plan_day
from hms_server.scheduling.specialities import load_specialities

DAYS_AHEAD = 10
_TAKEN = 0.3
"""How much of the doctors' time is booked."""
_SLOT_MINUTES = 20
_REASONS = (
    "Blood pressure check",
    "Diabetes review",
    "Antenatal visit",
    "Results of the blood test",
    "Cough that does not go away",
    "Dressing",
    "",
)


@dataclass(frozen=True, slots=True)
class _Week:
    """Who works from when to when, on which weekdays, and for what."""

    who: Planned
    specialities: tuple[str, ...]
    hours: tuple[tuple[range, time, time], ...]


_WEEKS = (
    _Week(
        DOCTOR,
        ("general", "internal", "cardiology"),
        (
            (range(1, 6), time(8), time(13)),
            (range(1, 6), time(14), time(18)),
            (range(7, 8), time(10), time(14)),
        ),
    ),
    _Week(
        OTHER_DOCTOR,
        ("general", "paediatrics", "obstetrics-gynaecology"),
        ((range(1, 7), time(8), time(14)), (range(2, 5), time(15), time(19))),
    ),
)


def write_diary(
    connection: psycopg.Connection[Any],
    people: Sequence[MadeUp],
    hired: Hired,
    *,
    now: datetime,
    zone: ZoneInfo,
    chance: random.Random,
) -> None:
    """Writes specialities, hours and appointments that are still to come, in the caller's transaction."""
    load_specialities(connection)
    reception = hired.ids[RECEPTION.user_name]
    patients = _in_turn(people, chance)
    rows: list[dict[str, Any]] = []
    for week in _WEEKS:
        doctor, room = hired.ids[week.who.user_name], hired.rooms[week.who.room]
        _write_week(connection, week, doctor=doctor, room=room, now=now, by=reception)
        for slot in _free_slots(week, room=room, now=now, zone=zone):
            if chance.random() < _TAKEN:
                row = {"patient_id": next(patients).id, "practitioner_id": doctor, "room_id": room}
                reason = {"reason": chance.choice(_REASONS), "now": now - timedelta(days=2), "by": reception}
                rows.append(row | reason | {"starts_at": slot.span.starts_at, "ends_at": slot.span.ends_at})
    connection.cursor().executemany(BOOK, rows)


def _write_week(
    connection: psycopg.Connection[Any],
    week: _Week,
    *,
    doctor: StaffId,
    room: RoomId,
    now: datetime,
    by: StaffId,
) -> None:
    cursor = connection.cursor()
    cursor.execute(ADD_SCHEDULE, (doctor, now, by))
    cursor.executemany(ADD_SPECIALITY, [(doctor, code) for code in week.specialities])
    lines = [
        (doctor, weekday, starts, ends, room, _SLOT_MINUTES)
        for weekdays, starts, ends in week.hours
        for weekday in weekdays
    ]
    cursor.executemany(ADD_HOURS, lines)


def _free_slots(week: _Week, *, room: RoomId, now: datetime, zone: ZoneInfo) -> Iterator[Block]:
    shift = Shift(room_id=room, slot_minutes=_SLOT_MINUTES, service="T", speciality=None)
    weekly = [
        Weekly(weekday=weekday, starts=starts, ends=ends, shift=shift)
        for weekdays, starts, ends in week.hours
        for weekday in weekdays
    ]
    today: date = now.astimezone(zone).date()
    for ahead in range(DAYS_AHEAD):
        day = plan_day(today + timedelta(days=ahead), weekly, (), zone)
        yield from (slot for slot in day.slots() if slot.span.starts_at > now)


def _in_turn(people: Sequence[MadeUp], chance: random.Random) -> Iterator[MadeUp]:
    """Living people one after the other: so many that nobody is expected at two places at once."""
    living = [each for each in people if not each.deceased]
    chance.shuffle(living)
    return cycle(living)


ADD_SCHEDULE = (
    "insert into schedule (practitioner_id, version, changed_at, changed_by) values (%s, 1, %s, %s)"
)
ADD_SPECIALITY = "insert into staff_speciality (staff_id, speciality) values (%s, %s)"
ADD_HOURS = """
insert into working_hours (practitioner_id, weekday, starts, ends, room_id, slot_minutes, service)
values (%s, %s, %s, %s, %s, %s, 'T')
"""
BOOK = """
insert into appointment (patient_id, practitioner_id, room_id, service, starts_at, ends_at, reason,
    made_at, made_by, changed_at, changed_by)
values (%(patient_id)s, %(practitioner_id)s, %(room_id)s, 'T', %(starts_at)s, %(ends_at)s, %(reason)s,
    %(now)s, %(by)s, %(now)s, %(by)s)
"""
