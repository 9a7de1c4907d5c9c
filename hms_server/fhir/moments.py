"""FHIR dates and times with what the source knew of them, and no more."""

import re
from datetime import UTC, date, datetime

from hms_server.contract.values import BirthPrecision
from hms_server.fhir.records import When, WhenPrecision
from hms_server.fhir.report import ResourceRejected
from hms_server.fhir.shapes import PeriodShape

_DATE = re.compile(r"(?P<year>\d{4})(-(?P<month>\d{2})(-(?P<day>\d{2}))?)?")
_TIME_HAS_ZONE = re.compile(r"T.*(Z|[+-]\d{2}:\d{2})")


def read_birth_date(text: str) -> tuple[date, BirthPrecision]:
    """The first day that the text may mean."""
    day, precision = _read_date(text, "birthDate")
    return day, BirthPrecision(precision.value)


def read_when(text: str | None, field: str) -> When | None:
    if text is None:
        return None
    if "T" in text:
        return When(at=_read_time(text, field), precision=WhenPrecision.SECOND, given=text)
    day, precision = _read_date(text, field)
    return When(at=datetime(day.year, day.month, day.day, tzinfo=UTC), precision=precision, given=text)


def read_start(period: PeriodShape | None, field: str) -> When | None:
    return read_when(period.start, f"{field}.start") if period else None


def _read_date(text: str, field: str) -> tuple[date, WhenPrecision]:
    parts = _DATE.fullmatch(text)
    if parts is None:
        raise ResourceRejected(field, "This is not a date as FHIR writes it.")
    precision = WhenPrecision.YEAR
    if parts["month"]:
        precision = WhenPrecision.DAY if parts["day"] else WhenPrecision.MONTH
    try:
        return date(int(parts["year"]), int(parts["month"] or 1), int(parts["day"] or 1)), precision
    except ValueError as error:
        raise ResourceRejected(field, "There is no such day or time.") from error


def _read_time(text: str, field: str) -> datetime:
    if not _TIME_HAS_ZONE.search(text):
        raise ResourceRejected(field, "A time needs its zone.")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    # The first and last hours of the calendar have no time in UTC.
    except (ValueError, OverflowError) as error:
        raise ResourceRejected(field, "There is no such day or time.") from error
