"""Reads what people write as a day, and says days so that nobody mistakes one for another."""

import re
from datetime import date, timedelta

from PySide6.QtCore import QCoreApplication, QDate, QLocale

_NUMBERS = re.compile(r"(\d{1,2})(?:[/. -](\d{1,2}))?(?:[/. -](\d{4}|\d{2}))?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_STEP = re.compile(r"([+-])\s*(\d{1,3})\s*([dw]?)")
_SHORTEST_NAME = 3
_LATER_MONTHS = 12
_NAMED = re.compile(r"(?:[^\W\d]+\.?,? )?(\d{1,2})\.? ([^\W\d]{3,}\.?)(?: (\d{4}))?")


class DayUnclearError(ValueError):
    """What was typed is no day; the sentence says what would be right."""


def read_day(text: str, *, today: date) -> date:
    """Reads "12/3", "12/03/2026", "12", "mon", "tomorrow", "+7", "+2w"; the day before the month.

    A day without its month or year is the next such day from today on, a weekday the next after today.
    """
    written = " ".join(text.lower().split())
    for read in (_from_word, _from_step, _from_iso, _from_numbers, _from_month_name):
        found = read(written, today)
        if found is not None:
            return found
    raise DayUnclearError(_tr("Write a day such as 12/3, Mon, tomorrow, or +7 for in a week."))


def day_text(day: date) -> str:
    """Such as "Mon 12 Mar 2026": with the weekday, and the month in letters."""
    return QLocale().toString(QDate(day.year, day.month, day.day), "ddd d MMM yyyy")


def short_day_text(day: date) -> str:
    """Such as "Mon 12 Mar"."""
    return QLocale().toString(QDate(day.year, day.month, day.day), "ddd d MMM")


def _from_word(written: str, today: date) -> date | None:
    words = {_tr("today"): 0, _tr("tomorrow"): 1, _tr("yesterday"): -1}
    if written in words:
        return today + timedelta(days=words[written])
    if len(written) < _SHORTEST_NAME or not written.isalpha():
        return None
    for ahead in range(1, 8):
        day = today + timedelta(days=ahead)
        if QLocale().dayName(day.isoweekday()).lower().startswith(written):
            return day
    return None


def _from_step(written: str, today: date) -> date | None:
    found = _STEP.fullmatch(written)
    if found is None:
        return None
    sign, count, unit = found.groups()
    days = int(count) * (7 if unit == "w" else 1)
    return today + timedelta(days=days if sign == "+" else -days)


def _from_iso(written: str, _today: date) -> date | None:
    found = _ISO.fullmatch(written)
    return _made(*(int(part) for part in found.groups())) if found else None


def _from_numbers(written: str, today: date) -> date | None:
    found = _NUMBERS.fullmatch(written)
    if found is None:
        return None
    day, month, year = found.groups()
    if year is not None:
        return _made(int(year) if len(year) > 2 else 2000 + int(year), int(month), int(day))  # noqa: PLR2004
    if month is not None:
        return _next(today, [(today.year + ahead, int(month)) for ahead in range(9)], int(day))
    months = [divmod(today.month - 1 + ahead, 12) for ahead in range(_LATER_MONTHS)]
    return _next(today, [(today.year + years, number + 1) for years, number in months], int(day))


def _from_month_name(written: str, today: date) -> date | None:
    """Also what `day_text` writes, so that Enter on it changes nothing."""
    found = _NAMED.fullmatch(written)
    if found is None:
        return None
    day, name, year = found.groups()
    locale = QLocale()
    names = {number: locale.monthName(number).lower() for number in range(1, 13)}
    months = [number for number, whole in names.items() if whole.startswith(name.rstrip("."))]
    if len(months) != 1:
        return None
    if year is not None:
        return _made(int(year), months[0], int(day))
    return _next(today, [(today.year + ahead, months[0]) for ahead in range(9)], int(day))


def _next(today: date, months: list[tuple[int, int]], day: int) -> date | None:
    days = (_made(year, month, day) for year, month in months)
    return next((each for each in days if each is not None and each >= today), None)


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _tr(text: str) -> str:
    return QCoreApplication.translate("scheduling", text)
