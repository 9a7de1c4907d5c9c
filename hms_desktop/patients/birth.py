"""Reads what people write as date of birth or age, and says how it was understood."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.words import age_text, date_text
from hms_server.contract.values import BirthPrecision

OLDEST_YEARS = 130
_DATE = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4}|\d{2})")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_MONTH = re.compile(r"(\d{1,2})[/.-](\d{4})")
_AGE = re.compile(r"~?\s*(\d{1,4})\s*([a-z]*)\.?")
_UNITS = {
    "": "years",
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "years"),
    **dict.fromkeys(("m", "mo", "mos", "month", "months"), "months"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "weeks"),
    **dict.fromkeys(("d", "day", "days"), "days"),
}
_DAYS = {"days": 1, "weeks": 7}
_FIRST_YEAR = 1000
"""A number with four digits is a year, one with fewer an age."""


class BirthUnclearError(ValueError):
    """What was typed is no date of birth and no age; the sentence says what would be right."""


@dataclass(frozen=True, kw_only=True)
class Birth:
    """Either a birth date, as far as it is known, or an age."""

    birth_date: date | None = None
    precision: BirthPrecision = BirthPrecision.DAY
    age_years: int | None = None
    age_months: int | None = None


def read_birth(text: str, *, today: date) -> Birth:
    """Reads "12/03/1980", "3/1980", "1980", "46", "8 mo", "3 w" or "5 d"; the day before the month."""
    written = " ".join(text.lower().split())
    for pattern, read in ((_DATE, _from_date), (_ISO, _from_iso), (_MONTH, _from_month), (_AGE, _from_age)):
        if found := pattern.fullmatch(written):
            return _checked(read(found, today), today)
    raise BirthUnclearError(_tr("Write a date such as 12/03/1980, a year, or an age such as 46 or 8 mo."))


def say_birth(birth: Birth, *, today: date) -> str:
    """How it was understood: "12 Mar 1980 · 46 y"."""
    if birth.birth_date is None:
        if birth.age_months is not None:
            return _tr("about {months} months old").format(months=birth.age_months)
        return _tr("about {years} years old").format(years=birth.age_years)
    age = age_text(birth.birth_date, birth.precision, today=today)
    written = {
        BirthPrecision.YEAR: str(birth.birth_date.year),
        BirthPrecision.MONTH: f"{birth.birth_date:%m/%Y}",
    }.get(birth.precision, date_text(birth.birth_date))
    return f"{written} · {age}"


def write_birth(birth_date: date | None, precision: BirthPrecision) -> str:
    """What one would type for a stored birth date; "~1980" for an estimate."""
    if birth_date is None:
        return ""
    return {
        BirthPrecision.DAY: f"{birth_date:%d/%m/%Y}",
        BirthPrecision.MONTH: f"{birth_date:%m/%Y}",
        BirthPrecision.YEAR: str(birth_date.year),
        BirthPrecision.ESTIMATED: f"~{birth_date.year}",
    }[precision]


def _from_date(found: re.Match[str], today: date) -> Birth:
    day, month, year = (int(part) for part in found.groups())
    if len(found.group(3)) == 2:  # noqa: PLR2004 - two digits of a year
        year += today.year // 100 * 100
        year -= 100 if year > today.year else 0
    return Birth(birth_date=_day(year, month, day))


def _from_iso(found: re.Match[str], _today: date) -> Birth:
    year, month, day = (int(part) for part in found.groups())
    return Birth(birth_date=_day(year, month, day))


def _from_month(found: re.Match[str], _today: date) -> Birth:
    month, year = (int(part) for part in found.groups())
    return Birth(birth_date=_day(year, month, 1), precision=BirthPrecision.MONTH)


def _from_age(found: re.Match[str], today: date) -> Birth:
    number, unit = int(found.group(1)), _UNITS.get(found.group(2))
    if unit is None:
        raise BirthUnclearError(_tr("Write an age with y, mo, w or d behind it, such as 8 mo."))
    if unit == "years" and number >= _FIRST_YEAR:
        return Birth(birth_date=_day(number, 1, 1), precision=BirthPrecision.YEAR)
    if unit == "years":
        return Birth(age_years=number)
    if unit == "months":
        return Birth(age_months=number)
    if number * _DAYS[unit] > OLDEST_YEARS * 365:
        raise _too_old()
    born = today - timedelta(days=number * _DAYS[unit])
    precision = BirthPrecision.DAY if unit == "days" else BirthPrecision.MONTH
    return Birth(birth_date=born, precision=precision)


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise BirthUnclearError(_tr("There is no such day. Write the day before the month.")) from None


def _checked(birth: Birth, today: date) -> Birth:
    if birth.birth_date is not None and birth.birth_date > today:
        raise BirthUnclearError(_tr("This date is in the future. Check day, month and year."))
    years = today.year - birth.birth_date.year if birth.birth_date else birth.age_years or 0
    if max(years, (birth.age_months or 0) // 12) > OLDEST_YEARS:
        raise _too_old()
    return birth


def _too_old() -> BirthUnclearError:
    sentence = _tr("That would be more than {years} years. Check the year.")
    return BirthUnclearError(sentence.format(years=OLDEST_YEARS))


def _tr(text: str) -> str:
    return QCoreApplication.translate("birth", text)
