"""Which backups are kept: the last of seven days, of four weeks and of twelve months."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

DAYS = 7
WEEKS = 4
MONTHS = 12


def kept(made: Iterable[datetime]) -> set[datetime]:
    """The times of the backups to keep; days begin as the times' own zone says.

    Of each of the newest seven days that have one, the last backup is kept; the same for four weeks and
    twelve months. Only what there is counts: after a pause nothing is dropped because it is old.
    """
    newest_first = sorted(made, reverse=True)
    return (
        _last_of_each(newest_first, _day, DAYS)
        | _last_of_each(newest_first, _week, WEEKS)
        | _last_of_each(newest_first, _month, MONTHS)
    )


def _last_of_each(
    newest_first: list[datetime], period: Callable[[datetime], object], count: int
) -> set[datetime]:
    last: dict[object, datetime] = {}
    for moment in newest_first:
        last.setdefault(period(moment), moment)
    return set(sorted(last.values(), reverse=True)[:count])


def _day(moment: datetime) -> date:
    return moment.date()


def _week(moment: datetime) -> tuple[int, int]:
    year, week, _ = moment.isocalendar()
    return year, week


def _month(moment: datetime) -> tuple[int, int]:
    return moment.year, moment.month
