"""A short day on which the internet comes and goes and servers die: nothing is lost, nothing doubled."""

from pathlib import Path

from tests.faults.internet_day import SCALED, open_day


def test_after_a_day_of_bad_internet_our_books_and_theirs_agree(database: str, tmp_path: Path) -> None:
    """The full day is `python -m tests.faults.internet_day --full`; this one has a tenth of everything."""
    with open_day(database, tmp_path, SCALED, seed=16) as day:
        day.live()

        print(day.check())
