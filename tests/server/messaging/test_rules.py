"""Quiet hours, addresses in lists, and how often a provider is asked what became of a message."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.contract.messaging import Channel
from hms_server.messaging.rules import end_of_quiet, hidden, pause_before_report

LAGOS = ZoneInfo("Africa/Lagos")
NINE_AT_NIGHT, SEVEN = time(21, 0), time(7, 0)


def at(text: str) -> datetime:
    """That time in Lagos, as the server keeps it."""
    return datetime.fromisoformat(text).replace(tzinfo=LAGOS).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-03-02 20:59", None),
        ("2026-03-02 21:00", "2026-03-03 07:00"),
        ("2026-03-02 23:59", "2026-03-03 07:00"),
        ("2026-03-03 00:00", "2026-03-03 07:00"),
        ("2026-03-03 06:59", "2026-03-03 07:00"),
        ("2026-03-03 07:00", None),
    ],
)
def test_a_night_is_quiet_on_the_clinics_clock(now: str, ends: str | None) -> None:
    found = end_of_quiet(at(now), quiet_from=NINE_AT_NIGHT, quiet_until=SEVEN, zone=LAGOS)

    assert found == (at(ends) if ends else None)


@pytest.mark.parametrize(("now", "ends"), [("11:59", None), ("12:00", "14:00"), ("14:00", None)])
def test_a_rest_at_noon_is_quiet_too(now: str, ends: str | None) -> None:
    found = end_of_quiet(at(f"2026-03-02 {now}"), quiet_from=time(12), quiet_until=time(14), zone=LAGOS)

    assert found == (at(f"2026-03-02 {ends}") if ends else None)


def test_the_same_time_twice_means_no_quiet_hours() -> None:
    assert end_of_quiet(at("2026-03-02 03:00"), quiet_from=SEVEN, quiet_until=SEVEN, zone=LAGOS) is None


@given(
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)),  # noqa: DTZ001 - hypothesis adds the zone
    st.times(),
    st.times(),
    st.sampled_from(["Africa/Lagos", "Europe/London", "America/New_York", "UTC"]),
)
def test_quiet_hours_end_within_a_day_and_are_over_then(
    naive: datetime, quiet_from: time, quiet_until: time, name: str
) -> None:
    """Also over a change of the clocks; a job that waits for the end never waits twice."""
    now, zone = naive.replace(tzinfo=UTC), ZoneInfo(name)

    end = end_of_quiet(now, quiet_from=quiet_from, quiet_until=quiet_until, zone=zone)

    if end is not None:
        assert now <= end <= now + timedelta(hours=26)
        assert end_of_quiet(end, quiet_from=quiet_from, quiet_until=quiet_until, zone=zone) is None


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_end_the_second_time() -> None:
    """In London on 25 October 2026 it is half past one at 00:30 and again at 01:30 UTC."""
    now = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)

    end = end_of_quiet(now, quiet_from=time(22), quiet_until=time(1, 30), zone=ZoneInfo("Europe/London"))

    assert end == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_list_shows_enough_of_an_address_to_tell_it_from_another() -> None:
    assert hidden("+2348035550182", Channel.SMS) == "+234 ••• 0182"
    assert hidden("ada.obi@example.com", Channel.EMAIL) == "a•••@example.com"


def test_a_report_is_asked_for_ever_less_often_and_not_for_ever() -> None:
    pauses = [pause_before_report(timedelta(minutes=minutes)) for minutes in (0, 5, 60, 24 * 60)]

    assert pauses == sorted(pauses, key=lambda pause: pause or timedelta())
    assert pause_before_report(timedelta(days=3)) is None
