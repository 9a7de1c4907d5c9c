"""Which backups are kept: seven days, four weeks, twelve months, and never fewer because time has passed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hms_server.backup.rotation import kept

START = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
MOMENTS = st.sets(st.integers(0, 1000 * 24).map(lambda hours: START + timedelta(hours=hours)))


def test_a_year_of_nightly_backups() -> None:
    nights = [START + timedelta(days=day) for day in range(365)]

    left = sorted(kept(nights), reverse=True)

    assert left[:7] == nights[:-8:-1]
    assert len({(day.isocalendar().year, day.isocalendar().week) for day in left[:11]}) >= 4
    assert {day.month for day in left} == set(range(1, 13))
    assert len(left) <= 7 + 4 + 12


@given(MOMENTS)
def test_what_is_kept_today_is_enough_to_be_kept_tomorrow(moments: set[datetime]) -> None:
    """Rotating twice drops nothing more, the newest always stays, and few are many."""
    left = kept(moments)

    assert left <= moments
    assert kept(left) == left
    assert not moments or max(moments) in left
    assert len(left) >= min(7, len({moment.date() for moment in moments}))
    assert len(left) <= 23


@given(MOMENTS)
def test_the_last_of_a_day_and_of_a_month_is_kept(moments: set[datetime]) -> None:
    left = kept(moments)

    for day in sorted({moment.date() for moment in moments}, reverse=True)[:7]:
        assert max(moment for moment in moments if moment.date() == day) in left
    months = sorted({(moment.year, moment.month) for moment in moments}, reverse=True)[:12]
    for month in months:
        assert max(moment for moment in moments if (moment.year, moment.month) == month) in left


@given(MOMENTS, st.integers(1, 400))
def test_rotating_every_night_keeps_what_rotating_once_would(moments: set[datetime], nights: int) -> None:
    """A month's last backup must still be there when the month is over."""
    night = [START + timedelta(days=day) for day in range(nights)]
    left: set[datetime] = set()
    for moment in night:
        left = kept(left | {moment})

    assert {moment.month for moment in left} >= {night[-1].month}
    assert left >= set(night[-7:])
    assert kept(night) == left
