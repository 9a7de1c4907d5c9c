"""What is wrong with a line of the week or an exception, said at the line and the field."""

from collections.abc import Collection, Sequence
from datetime import time
from itertools import combinations

from hms_server.contract.scheduling import AddException, ExceptionKind, Hours
from hms_server.faults import Refused
from hms_server.scheduling.rules import MIDNIGHT
from hms_server.scheduling.timetable import check_year, is_likely_year
from hms_server.work import Work

MAX_LINES = 100
MIN_SLOT, MAX_SLOT = 5, 480
LONGEST_EXCEPTION_DAYS = 400
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def check_hours(work: Work, hours: Sequence[Hours]) -> None:
    """Refuses the first line that is wrong, or two that overlap; `data["line"]` counts from 0."""
    if len(hours) > MAX_LINES:
        raise Refused("scheduling.hours_many", f"A week has at most {MAX_LINES} lines.", field="hours")
    rooms, services, specialities = (
        {value for (value,) in work.connection.execute(sql)} for sql in (ROOMS, SERVICES, SPECIALITIES)
    )
    for number, line in enumerate(hours):
        _check_line(number, line)
        _check_known(number, "room_id", line.room_id, rooms, "This room does not exist any more.")
        _check_known(number, "service", line.service, services, "There is no such queue.")
        _check_known(number, "speciality", line.speciality, specialities, "There is no such speciality.")
    for (_, one), (number, other) in combinations(enumerate(hours), 2):
        if _overlap(one, other):
            day = WEEKDAYS[other.weekday - 1]
            message = f"{day}: {_said(other)} overlaps {_said(one)}. Change one of the two."
            raise _at(number, "starts", message, code="scheduling.hours_overlap")


def check_exception(request: AddException) -> None:
    """Refuses what is incomplete for its kind, in the order of the form."""
    until_day = request.until_day or request.from_day
    check_year(request.from_day, "from_day")
    check_year(until_day, "until_day")
    length = (until_day - request.from_day).days
    if length < 0:
        raise Refused("scheduling.days", "The last day lies before the first one.", field="until_day")
    if length > LONGEST_EXCEPTION_DAYS:
        message = f"An exception lasts at most {LONGEST_EXCEPTION_DAYS} days."
        raise Refused("scheduling.days", message, field="until_day")
    _check_times(request)
    _check_complete(request)


def _check_times(request: AddException) -> None:
    if (request.starts is None) != (request.ends is None):
        field = "ends" if request.ends is None else "starts"
        message = "Give both times, or none for the whole day."
        raise Refused("scheduling.times", message, field=field)
    if request.starts is None or request.ends is None:
        return
    if not _in_order(request.starts, request.ends):
        raise Refused("scheduling.times", "The end has to be later than the beginning.", field="ends")


def _check_complete(request: AddException) -> None:
    if request.kind is ExceptionKind.ABSENCE:
        return
    if request.practitioner_id is None:
        message = "Only an absence can be for the whole clinic. Choose a doctor."
        raise Refused("scheduling.exception", message, field="practitioner_id")
    if request.kind is ExceptionKind.EXTRA and request.starts is None:
        raise Refused("scheduling.exception", "Extra hours need a beginning and an end.", field="starts")
    if request.room_id is None:
        raise Refused("scheduling.exception", "Choose a room.", field="room_id")
    minutes = request.slot_minutes
    if minutes is not None and not MIN_SLOT <= minutes <= MAX_SLOT:
        message = f"A slot takes {MIN_SLOT} to {MAX_SLOT} minutes."
        raise Refused("scheduling.exception", message, field="slot_minutes")


def _check_line(number: int, line: Hours) -> None:
    if not 1 <= line.weekday <= len(WEEKDAYS):
        raise _at(number, "weekday", "Choose a day of the week.")
    if not _in_order(line.starts, line.ends):
        raise _at(number, "ends", "The end has to be later than the beginning.")
    if not MIN_SLOT <= line.slot_minutes <= MAX_SLOT:
        raise _at(number, "slot_minutes", f"A slot takes {MIN_SLOT} to {MAX_SLOT} minutes.")
    for field, day in (("valid_from", line.valid_from), ("valid_until", line.valid_until)):
        if day is not None and not is_likely_year(day):
            raise _at(number, field, f"Check the year: {day.year}.")
    if line.valid_from is not None and line.valid_until is not None and line.valid_until < line.valid_from:
        raise _at(number, "valid_until", "The last day lies before the first one.")


def _check_known(number: int, field: str, value: object, known: Collection[object], message: str) -> None:
    if value is not None and value not in known:
        raise _at(number, field, f"{message} Choose another one.")


def _overlap(one: Hours, other: Hours) -> bool:
    """As the exclusion in the database sees it: on the clock, and in the days for which both hold."""
    return (
        one.weekday == other.weekday
        and one.starts < _end(other)
        and other.starts < _end(one)
        and (one.valid_until is None or other.valid_from is None or other.valid_from <= one.valid_until)
        and (other.valid_until is None or one.valid_from is None or one.valid_from <= other.valid_until)
    )


def _end(line: Hours) -> time:
    return time.max if line.ends == MIDNIGHT else line.ends


def _in_order(starts: time, ends: time) -> bool:
    return starts < ends or ends == MIDNIGHT


def _said(line: Hours) -> str:
    return f"{line.starts:%H:%M}–{line.ends:%H:%M}"


def _at(number: int, field: str, message: str, *, code: str = "scheduling.hours") -> Refused:
    return Refused(code, message, field=field, data={"line": str(number)})


ROOMS = "select id from room"
SERVICES = "select code from service"
SPECIALITIES = "select code from speciality"
