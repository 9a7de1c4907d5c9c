"""Days and times typed into fields; what is unclear is said at the field."""

from datetime import date, time

from hms_desktop.scheduling.days import DayUnclearError, read_day
from hms_desktop.scheduling.times import TimeUnclearError, read_time
from hms_desktop.widgets.fields import Field


class UnclearError(Exception):
    """A field cannot be read; it says so itself and has the focus."""


def typed_day(field: Field, *, today: date) -> date | None:
    """The day that stands there, None for an empty field; raises UnclearError."""
    if not field.text():
        return None
    try:
        return read_day(field.text(), today=today)
    except DayUnclearError as unclear:
        field.set_error(str(unclear))
        raise UnclearError from unclear


def typed_time(field: Field) -> time | None:
    """The time that stands there, None for an empty field; raises UnclearError."""
    if not field.text():
        return None
    try:
        return read_time(field.text())
    except TimeUnclearError as unclear:
        field.set_error(str(unclear))
        raise UnclearError from unclear


def typed_number(field: Field, *, wrong: str) -> int | None:
    """The whole number that stands there, None for an empty field; raises UnclearError."""
    text = field.text()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    field.set_error(wrong)
    raise UnclearError


def needed(field: Field, value: time | date | None, *, sentence: str) -> None:
    """Raises UnclearError with this sentence at the field where nothing stands."""
    if value is None:
        field.set_error(sentence)
        raise UnclearError
