"""Days and times as people write them."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_desktop.scheduling.days import DayUnclearError, day_text, read_day
from hms_desktop.scheduling.times import TimeUnclearError, read_time

FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", FRIDAY),
        (" Tomorrow ", date(2026, 11, 21)),
        ("yesterday", date(2026, 11, 19)),
        ("mon", date(2026, 11, 23)),
        ("Friday", date(2026, 11, 27)),
        ("+7", date(2026, 11, 27)),
        ("+2w", date(2026, 12, 4)),
        ("-1", date(2026, 11, 19)),
        ("25", date(2026, 11, 25)),
        ("3", date(2026, 12, 3)),
        ("31", date(2026, 12, 31)),
        ("3/4", date(2027, 4, 3)),
        ("29/2", date(2028, 2, 29)),
        ("20.11", FRIDAY),
        ("3-4-26", date(2026, 4, 3)),
        ("03/04/2026", date(2026, 4, 3)),
        ("2026-04-03", date(2026, 4, 3)),
        ("3 apr", date(2027, 4, 3)),
        ("Mon 23 Nov", date(2026, 11, 23)),
        ("23 November 2025", date(2025, 11, 23)),
    ],
)
def test_a_day_is_read_the_day_before_the_month(text: str, day: date) -> None:
    """What has no year is still to come."""
    assert read_day(text, today=FRIDAY) == day


@pytest.mark.parametrize(
    "text", ["", "soon", "32", "0", "31/2", "1/13", "3/4/5/6", "mo", "5 ju", "+", "٣/٤x"]
)
def test_what_is_no_day_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(DayUnclearError, match="tomorrow"):
        read_day(text, today=FRIDAY)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-400, 400))
def test_what_is_written_for_a_day_is_read_as_that_day(day: date, ahead: int) -> None:
    """So Enter in the field changes nothing."""
    assert read_day(day_text(day), today=day + timedelta(days=ahead)) == day


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("8", time(8)),
        ("8:30", time(8, 30)),
        ("0830", time(8, 30)),
        ("8.30", time(8, 30)),
        ("17h", time(17)),
        ("8h30", time(8, 30)),
        ("5 pm", time(17)),
        ("12 am", time(0)),
        ("12:15pm", time(12, 15)),
        ("24", time(0)),
        ("24:00", time(0)),
        ("00:00", time(0)),
    ],
)
def test_a_time_is_read(text: str, moment: time) -> None:
    assert read_time(text) == moment


@pytest.mark.parametrize("text", ["", "noon", "25", "24:01", "8:60", "8:5", "13 pm", "1:2:3"])
def test_what_is_no_time_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(TimeUnclearError, match="8:30"):
        read_time(text)
