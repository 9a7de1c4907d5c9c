"""From the clock on the wall to slots: none overlaps, none is outside the hours, also when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hms_server.contract.scheduling import ExceptionKind
from hms_server.contract.values import RoomId
from hms_server.scheduling.rules import (
    MIDNIGHT,
    Day,
    Exceptional,
    Shift,
    Span,
    Weekly,
    instant,
    plan_day,
    span_of,
    without,
)

LAGOS = ZoneInfo("Africa/Lagos")
CAIRO, CASABLANCA = ZoneInfo("Africa/Cairo"), ZoneInfo("Africa/Casablanca")
CAIRO_SKIPS, CAIRO_REPEATS = date(2026, 4, 24), date(2026, 10, 29)
"""Summer time begins at midnight (0:00 becomes 1:00), and ends at midnight (0:00 becomes 23:00 again)."""
CASABLANCA_REPEATS, CASABLANCA_SKIPS = date(2026, 2, 15), date(2026, 3, 22)
"""Ramadan: at 3:00 the clock goes back to 2:00, and five weeks later at 2:00 forward to 3:00."""
DAYS = (date(2026, 3, 2), CAIRO_SKIPS, CAIRO_REPEATS, CASABLANCA_REPEATS, CASABLANCA_SKIPS)
ROOM, OTHER_ROOM = RoomId(1), RoomId(2)


def shift(minutes: int = 20, *, room_id: RoomId = ROOM) -> Shift:
    return Shift(room_id=room_id, slot_minutes=minutes, service="T", speciality=None)


def weekly(day: date, starts: str, ends: str, minutes: int = 20) -> Weekly:
    return Weekly(
        weekday=day.isoweekday(),
        starts=time.fromisoformat(starts),
        ends=time.fromisoformat(ends),
        shift=shift(minutes),
    )


def exception(
    kind: ExceptionKind, day: date, starts: str | None = None, ends: str | None = None
) -> Exceptional:
    return Exceptional(
        kind=kind,
        from_day=day,
        until_day=day,
        starts=time.fromisoformat(starts) if starts else None,
        ends=time.fromisoformat(ends) if ends else None,
        shift=shift(),
        room_id=OTHER_ROOM,
    )


def walls(day: Day, zone: ZoneInfo) -> list[str]:
    return [f"{slot.span.starts_at.astimezone(zone):%H:%M}" for slot in day.slots()]


def test_hours_give_slots_one_after_the_other_and_no_piece_of_one() -> None:
    """From 8:00 to 9:30 there are four times twenty minutes; the last ten are not enough."""
    monday = date(2026, 3, 2)

    plan = plan_day(monday, [weekly(monday, "08:00", "09:30")], [], LAGOS)

    assert walls(plan, LAGOS) == ["08:00", "08:20", "08:40", "09:00"]
    assert next(plan.slots()).span == Span(
        datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 2, 7, 20, tzinfo=UTC)
    )


def test_hours_hold_on_their_weekday_and_as_long_as_they_are_valid() -> None:
    monday = date(2026, 3, 2)
    hours = Weekly(
        weekday=1,
        starts=time(8),
        ends=time(9),
        shift=shift(),
        valid_from=date(2026, 3, 9),
        valid_until=date(2026, 3, 16),
    )

    worked = [
        day
        for count in range(28)
        if plan_day(day := monday + timedelta(days=count), [hours], [], LAGOS).blocks
    ]

    assert worked == [date(2026, 3, 9), date(2026, 3, 16)]


def test_an_absence_takes_slots_away_without_moving_the_others() -> None:
    """Away from 8:30 to 9:10: the slots that it touches are gone, the rest stay at their times."""
    monday = date(2026, 3, 2)
    away = exception(ExceptionKind.ABSENCE, monday, "08:30", "09:10")

    plan = plan_day(monday, [weekly(monday, "08:00", "10:00")], [away], LAGOS)

    assert walls(plan, LAGOS) == ["08:00", "09:20", "09:40"]
    assert [block.span.ends_at - block.span.starts_at for block in plan.working()] == [
        timedelta(minutes=30),
        timedelta(minutes=50),
    ]


def test_an_absence_of_all_day_leaves_nothing_also_of_extra_hours() -> None:
    monday = date(2026, 3, 2)
    exceptions = [
        exception(ExceptionKind.EXTRA, monday, "14:00", "15:00"),
        exception(ExceptionKind.ABSENCE, monday),
    ]

    plan = plan_day(monday, [weekly(monday, "08:00", "10:00")], exceptions, LAGOS)

    assert (list(plan.slots()), plan.working()) == ([], [])


def test_extra_hours_add_only_what_is_not_working_time_already() -> None:
    monday = date(2026, 3, 2)
    extra = exception(ExceptionKind.EXTRA, monday, "09:00", "10:40")

    plan = plan_day(monday, [weekly(monday, "08:00", "10:00", 30)], [extra], LAGOS)

    assert walls(plan, LAGOS) == ["08:00", "08:30", "09:00", "09:30", "10:00", "10:20"]


def test_another_room_holds_for_the_slots_that_it_touches() -> None:
    monday = date(2026, 3, 2)
    moved = exception(ExceptionKind.ROOM, monday, "08:30", "09:00")

    plan = plan_day(monday, [weekly(monday, "08:00", "09:20")], [moved], LAGOS)

    assert [slot.shift.room_id for slot in plan.slots()] == [ROOM, OTHER_ROOM, OTHER_ROOM, ROOM]


def test_hours_until_midnight_end_with_the_day() -> None:
    monday = date(2026, 3, 2)

    plan = plan_day(monday, [weekly(monday, "23:00", "00:00")], [], LAGOS)

    assert walls(plan, LAGOS) == ["23:00", "23:20", "23:40"]


def test_what_is_asked_for_may_lie_across_two_blocks_that_touch() -> None:
    monday = date(2026, 3, 2)
    hours = [weekly(monday, "08:00", "09:00"), weekly(monday, "09:00", "10:00", 30)]

    plan = plan_day(monday, hours, [], LAGOS)

    assert plan.covers(span_of(monday, time(8, 50), time(9, 20), LAGOS))
    assert not plan.covers(span_of(monday, time(9, 50), time(10, 20), LAGOS))


@pytest.mark.parametrize(
    ("zone", "day", "wall", "utc"),
    [
        (CAIRO, CAIRO_SKIPS, "00:00", "2026-04-23T22:00"),
        (CAIRO, CAIRO_SKIPS, "00:30", "2026-04-23T22:00"),
        (CAIRO, CAIRO_SKIPS, "01:00", "2026-04-23T22:00"),
        (CAIRO, CAIRO_SKIPS, "08:00", "2026-04-24T05:00"),
        (CAIRO, CAIRO_REPEATS, "22:59", "2026-10-29T19:59"),
        (CAIRO, CAIRO_REPEATS, "23:30", "2026-10-29T20:30"),
        (CASABLANCA, CASABLANCA_REPEATS, "02:30", "2026-02-15T01:30"),
        (CASABLANCA, CASABLANCA_REPEATS, "03:00", "2026-02-15T03:00"),
        (CASABLANCA, CASABLANCA_SKIPS, "02:30", "2026-03-22T02:00"),
        (CASABLANCA, CASABLANCA_SKIPS, "03:00", "2026-03-22T02:00"),
    ],
)
def test_a_time_that_is_skipped_or_shown_twice_is_one_moment(
    zone: ZoneInfo, day: date, wall: str, utc: str
) -> None:
    """Skipped: the moment of the skip. Twice: the first."""
    moment = instant(day, time.fromisoformat(wall), zone)

    assert moment == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (CAIRO, CAIRO_SKIPS, 23),
        (CAIRO, CAIRO_REPEATS, 25),
        (CASABLANCA, CASABLANCA_REPEATS, 25),
        (CASABLANCA, CASABLANCA_SKIPS, 23),
        (LAGOS, CAIRO_SKIPS, 24),
    ],
)
def test_a_whole_day_is_as_long_as_the_day_is(zone: ZoneInfo, day: date, hours: int) -> None:
    span = span_of(day, None, None, zone)

    assert span.ends_at - span.starts_at == timedelta(hours=hours)


def test_a_night_in_which_the_clock_is_put_back_has_an_hour_more_to_offer() -> None:
    """Casablanca, 1:00 to 4:00: three hours on the wall, four to work; forward: two."""
    longer = plan_day(CASABLANCA_REPEATS, [weekly(CASABLANCA_REPEATS, "01:00", "04:00", 60)], [], CASABLANCA)
    shorter = plan_day(CASABLANCA_SKIPS, [weekly(CASABLANCA_SKIPS, "01:00", "04:00", 60)], [], CASABLANCA)

    assert walls(longer, CASABLANCA) == ["01:00", "02:00", "02:00", "03:00"]
    assert walls(shorter, CASABLANCA) == ["01:00", "03:00"]


def test_an_absence_in_the_hour_that_is_skipped_takes_nothing_away() -> None:
    hours = weekly(CASABLANCA_SKIPS, "01:40", "04:00", 40)
    away = exception(ExceptionKind.ABSENCE, CASABLANCA_SKIPS, "02:10", "02:50")

    plan = plan_day(CASABLANCA_SKIPS, [hours], [away], CASABLANCA)

    assert walls(plan, CASABLANCA) == ["01:40", "03:20"]


TIMES = st.integers(0, 24 * 12 - 1).map(lambda count: time(count // 12, count % 12 * 5))


@st.composite
def periods(draw: st.DrawFn) -> tuple[time, time]:
    """Two times in order, the end possibly at midnight."""
    starts, ends = draw(TIMES), draw(st.one_of(TIMES, st.just(MIDNIGHT)))
    return (starts, ends) if ends == MIDNIGHT or starts < ends else (ends, starts)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[date, ZoneInfo, list[Weekly], list[Exceptional]]:
    """Any hours and exceptions of a day, also those that overlap each other."""
    day = draw(st.sampled_from(DAYS))
    hours = [
        Weekly(weekday=day.isoweekday(), starts=starts, ends=ends, shift=shift(minutes))
        for (starts, ends), minutes in draw(st.lists(st.tuples(periods(), st.integers(5, 90)), max_size=4))
        if starts != ends or ends == MIDNIGHT
    ]
    exceptions = [
        Exceptional(
            kind=kind,
            from_day=day - timedelta(days=before),
            until_day=day,
            starts=None if whole else starts,
            ends=None if whole else ends,
            shift=shift(minutes),
            room_id=OTHER_ROOM,
        )
        for kind, (starts, ends), before, minutes, whole in draw(
            st.lists(
                st.tuples(
                    st.sampled_from(ExceptionKind),
                    periods(),
                    st.integers(0, 3),
                    st.integers(5, 90),
                    st.booleans(),
                ),
                max_size=4,
            )
        )
        if starts != ends or ends == MIDNIGHT
    ]
    return day, draw(st.sampled_from((LAGOS, CAIRO, CASABLANCA))), hours, exceptions


@settings(max_examples=300, deadline=None)
@given(schedules())
def test_slots_never_overlap_and_lie_in_working_time_and_in_no_absence(
    schedule: tuple[date, ZoneInfo, list[Weekly], list[Exceptional]],
) -> None:
    """Whatever is entered, also on days when clocks change."""
    day, zone, hours, exceptions = schedule
    plan = plan_day(day, hours, exceptions, zone)
    whole = span_of(day, None, None, zone)
    entered = [span_of(day, each.starts, each.ends, zone) for each in hours] + [
        span_of(day, each.starts, each.ends, zone) for each in exceptions if each.kind is ExceptionKind.EXTRA
    ]

    slots = list(plan.slots())

    assert all(one.span.ends_at <= other.span.starts_at for one, other in pairwise(slots))
    for slot in slots:
        length = timedelta(minutes=slot.shift.slot_minutes)
        assert slot.span.ends_at - slot.span.starts_at == length
        assert whole.holds(slot.span)
        assert any(span.holds(slot.span) for span in entered)
        assert not any(slot.span.overlaps(absence) for absence in plan.absences)
        assert plan.covers(slot.span)


@given(st.sampled_from(DAYS), st.sampled_from((LAGOS, CAIRO, CASABLANCA)), TIMES, TIMES)
def test_a_later_time_on_the_clock_is_never_an_earlier_moment(
    day: date, zone: ZoneInfo, one: time, other: time
) -> None:
    earlier, later = sorted((one, other))

    assert instant(day, earlier, zone) <= instant(day, later, zone)


MOMENTS = st.integers(0, 48).map(lambda hours: datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hours))
SPANS = st.tuples(MOMENTS, MOMENTS).map(lambda pair: Span(min(pair), max(pair)))


@given(SPANS, st.lists(SPANS, max_size=5))
def test_what_is_taken_out_of_a_span_is_gone_and_nothing_else(span: Span, others: list[Span]) -> None:
    left = without(span, others)

    half = timedelta(minutes=30)
    for hour in range(48):
        moment = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour) + half
        is_in = span.starts_at <= moment < span.ends_at
        is_out = any(other.starts_at <= moment < other.ends_at for other in others)
        assert any(piece.starts_at <= moment < piece.ends_at for piece in left) == (is_in and not is_out)
