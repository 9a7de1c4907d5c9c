"""Installers leave slowly and to few at a time, and yet everybody gets one."""

from hypothesis import given
from hypothesis import strategies as st

from hms_server.updates.pacing import BURST_S, BUSY_WAIT_MS, SILENT_AFTER_S, Pacer

PART = 64 << 10


class Clock:
    """Seconds that a test turns on."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_no_more_workstations_at_a_time_than_allowed() -> None:
    clock = Clock()
    pacer = Pacer(clock, at_once=2, bytes_per_second=1 << 30)

    waits = [pacer.wait_ms(device, PART) for device in (1, 2, 3)]

    assert waits == [0, 0, BUSY_WAIT_MS]


def test_who_has_everything_makes_room() -> None:
    pacer = Pacer(Clock(), at_once=1, bytes_per_second=1 << 30)
    pacer.wait_ms(1, PART)

    pacer.done(1)

    assert pacer.wait_ms(2, PART) == 0


def test_who_was_switched_off_makes_room() -> None:
    clock = Clock()
    pacer = Pacer(clock, at_once=1, bytes_per_second=1 << 30)
    pacer.wait_ms(1, PART)

    clock.now_s += SILENT_AFTER_S

    assert pacer.wait_ms(2, PART) == 0
    assert pacer.wait_ms(1, PART) == BUSY_WAIT_MS


@given(
    st.lists(st.tuples(st.integers(1, 8), st.floats(0, 0.1)), min_size=1, max_size=200),
    st.integers(PART, 8 << 20),
)
def test_never_faster_than_the_rate(asked: list[tuple[int, float]], rate: int) -> None:
    """Whoever asks how often: beyond one burst and one part, the sum stays under the line."""
    clock = Clock()
    pacer = Pacer(clock, at_once=4, bytes_per_second=rate)
    sent = 0

    for device, pause_s in asked:
        clock.now_s += pause_s
        if pacer.wait_ms(device, PART) == 0:
            sent += PART

    assert sent <= rate * (clock.now_s - 100.0 + BURST_S) + PART + 1


def test_who_waits_as_told_gets_the_whole_rate() -> None:
    clock = Clock()
    pacer = Pacer(clock, at_once=4, bytes_per_second=10 * PART)
    sent = 0

    while clock.now_s < 110.0:
        wait_ms = pacer.wait_ms(1, PART)
        sent += not wait_ms
        clock.now_s += wait_ms / 1000

    assert 100 <= sent <= 104
