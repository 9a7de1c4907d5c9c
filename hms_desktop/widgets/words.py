"""How people, ages, dates and times are said on the screen."""

from datetime import date, datetime, tzinfo

from PySide6.QtCore import QCoreApplication, QDate, QLocale

from hms_server.contract.values import BirthPrecision, Sex

MONTHS_SAID_AS_MONTHS = 24
"""A small child's age is said in months: doses and normal ranges depend on it."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("words", text)


def sex_word(sex: Sex) -> str:
    """The word for a sex."""
    return {
        Sex.FEMALE: _tr("Female"),
        Sex.MALE: _tr("Male"),
        Sex.OTHER: _tr("Other"),
        Sex.UNKNOWN: _tr("Sex not known"),
    }[sex]


def age_in_months(birth_date: date, today: date) -> int:
    """Whole months lived; never negative."""
    months = (today.year - birth_date.year) * 12 + today.month - birth_date.month
    return max(0, months - (today.day < birth_date.day))


def age_text(birth_date: date | None, precision: BirthPrecision, *, today: date) -> str:
    """Such as "46 y", "8 mo", "5 d", or "~46 y" where the birth date is not known to the month."""
    if birth_date is None:
        return _tr("age not known")
    months = age_in_months(birth_date, today)
    if precision in (BirthPrecision.YEAR, BirthPrecision.ESTIMATED):
        return _tr("~{years} y").format(years=months // 12)
    if precision is BirthPrecision.DAY and not months:
        return _tr("{days} d").format(days=max(0, (today - birth_date).days))
    if months < MONTHS_SAID_AS_MONTHS:
        return _tr("{months} mo").format(months=months)
    return _tr("{years} y").format(years=months // 12)


def born_text(birth_date: date | None, precision: BirthPrecision) -> str:
    """Such as "born 12 Mar 1980", and no more than is known."""
    if birth_date is None:
        return _tr("birth date not known")
    match precision:
        case BirthPrecision.DAY:
            return _tr("born {date}").format(date=date_text(birth_date))
        case BirthPrecision.MONTH:
            month = QLocale().toString(_qt(birth_date), "MMM yyyy")
            return _tr("born {month}").format(month=month)
        case BirthPrecision.YEAR:
            return _tr("born {year}").format(year=birth_date.year)
        case BirthPrecision.ESTIMATED:
            return _tr("born about {year}").format(year=birth_date.year)


def date_text(day: date) -> str:
    """Such as "12 Mar 1980": the month in letters, since 03/12 is read in two ways."""
    return QLocale().toString(_qt(day), "d MMM yyyy")


def time_text(moment: datetime, zone: tzinfo) -> str:
    """Such as "10:42", in the clinic's zone."""
    return f"{moment.astimezone(zone):%H:%M}"


def moment_text(moment: datetime, zone: tzinfo, *, today: date) -> str:
    """The time alone for today, else the date with the time."""
    local = moment.astimezone(zone)
    if local.date() == today:
        return f"{local:%H:%M}"
    return f"{date_text(local.date())} {local:%H:%M}"


def since_text(moment: datetime, *, zone: tzinfo, now: datetime) -> str:
    """The same, where the moment that it is now is at hand."""
    return moment_text(moment, zone, today=now.astimezone(zone).date())


def wait_text(since: datetime, now: datetime) -> str:
    """Such as "4 min" or "1 h 05": how long somebody has been waiting."""
    minutes = max(0, int((now - since).total_seconds())) // 60
    if minutes < 60:  # noqa: PLR2004 - minutes of an hour
        return _tr("{minutes} min").format(minutes=minutes)
    return _tr("{hours} h {minutes:02d}").format(hours=minutes // 60, minutes=minutes % 60)


def _qt(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
