"""Keeping the place in the order of events."""

from datetime import UTC, datetime

import msgspec
import pytest

from hms_desktop.connection.stream import EventStream
from hms_server.contract.accounts import StaffChanged
from hms_server.contract.envelope import Event, EventItem, Follow, Following, Position
from hms_server.contract.values import StaffId

AT = datetime(2025, 1, 1, tzinfo=UTC)


def item(transaction: int, number: int = 1) -> EventItem:
    body = msgspec.msgpack.encode(StaffChanged(staff_id=StaffId(transaction)))
    return EventItem(Position(transaction, number), "StaffChanged", AT, msgspec.Raw(body))


def taken(events: list[Event]) -> list[int]:
    return [event.staff_id for event in events if isinstance(event, StaffChanged)]


@pytest.fixture
def stream() -> EventStream:
    """One that follows from transaction 10 on."""
    stream = EventStream("secret")
    stream.ask()
    stream.answered(Following(Position(10, 0), gap=False))
    return stream


def test_the_first_follow_asks_from_now_on_and_later_ones_from_the_last_event(stream: EventStream) -> None:
    first = EventStream("secret").ask()
    stream.take([item(11), item(12)])

    later = stream.ask()

    assert first == Follow("secret", None)
    assert later == Follow("secret", Position(12, 1))


def test_a_run_that_does_not_join_on_is_noticed(stream: EventStream) -> None:
    stream.take([item(11)])

    assert not stream.missed(Position(11, 1))
    assert stream.missed(Position(12, 1))


def test_events_that_come_twice_after_a_repeated_follow_are_taken_once(stream: EventStream) -> None:
    stream.take([item(11), item(12)])
    stream.ask()

    stream.answered(Following(Position(11, 1), gap=False))
    again = stream.take([item(12), item(13)])

    assert taken(again) == [13]
    assert not stream.missed(Position(13, 1))


def test_after_a_gap_the_servers_place_is_ours_even_when_it_lies_behind(stream: EventStream) -> None:
    stream.take([item(11), item(12)])
    stream.ask()

    settled = stream.answered(Following(Position(4, 0), gap=True))

    assert settled
    assert taken(stream.take([item(5)])) == [5]


def test_an_answer_ahead_of_what_was_taken_leaves_a_hole_and_has_to_be_asked_again() -> None:
    """Two "from now on" were under way: what was committed between them must not be passed over."""
    stream = EventStream("secret")
    stream.ask()
    stream.ask()

    first = stream.answered(Following(Position(10, 0), gap=False))
    second = stream.answered(Following(Position(12, 0), gap=False))

    assert (first, second) == (True, False)
    assert stream.ask() == Follow("secret", Position(10, 0))


def test_it_waits_for_every_answer_until_an_interruption(stream: EventStream) -> None:
    stream.ask()
    stream.ask()
    stream.answered(Following(Position(10, 0), gap=False))
    waiting_for_second = stream.waiting

    stream.interrupted()

    assert waiting_for_second
    assert not stream.waiting


@pytest.mark.allow_log("event not understood")
def test_an_event_that_cannot_be_read_is_logged_and_its_place_counts(stream: EventStream) -> None:
    broken = EventItem(Position(11, 1), "StaffChanged", AT, msgspec.Raw(b"\xc1"))

    events = stream.take([broken, item(12)])

    assert taken(events) == [12]
    assert stream.position == Position(12, 1)
