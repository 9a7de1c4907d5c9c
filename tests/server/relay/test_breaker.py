"""The breaker opens after failures in a row, lets one trial past, and waits longer after each that fails."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from hms_server.relay.breaker import CLOSED, FIRST_PAUSE, LONGEST_PAUSE, Breaker, after_failure

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def fail(breaker: Breaker, now: datetime = NOW, *, lease: UUID | None = None) -> Breaker:
    return after_failure(breaker, now, lease=lease, open_after=3)


def opened() -> Breaker:
    return fail(fail(fail(CLOSED)))


def with_trial(breaker: Breaker, lease: UUID) -> Breaker:
    """As the claim of a job writes it."""
    return Breaker(failures=breaker.failures, pause=breaker.pause, open_until=NOW, trial=lease)


def test_it_opens_after_failures_in_a_row() -> None:
    assert fail(fail(CLOSED)) == Breaker(failures=2)
    assert opened() == Breaker(failures=3, pause=FIRST_PAUSE, open_until=NOW + FIRST_PAUSE)


def test_a_failed_trial_doubles_the_pause_up_to_ten_minutes() -> None:
    breaker, pauses = opened(), list[timedelta]()
    for _ in range(8):
        lease = uuid4()
        breaker = fail(with_trial(breaker, lease), lease=lease)
        assert breaker.open_until is not None
        pauses.append(breaker.open_until - NOW)

    assert [pause.total_seconds() for pause in pauses] == [30, 60, 120, 240, 480, 600, 600, 600]
    assert breaker.trial is None


def test_a_call_from_before_that_fails_late_does_not_lengthen_the_pause() -> None:
    trial = with_trial(opened(), uuid4())

    late = fail(trial, lease=uuid4())

    assert (late.pause, late.open_until, late.trial) == (trial.pause, trial.open_until, trial.trial)


def test_the_providers_own_wish_lengthens_the_pause() -> None:
    two = fail(fail(CLOSED))

    patient = after_failure(two, NOW, lease=None, open_after=3, retry_after=timedelta(minutes=2))
    hasty = after_failure(two, NOW, lease=None, open_after=3, retry_after=timedelta(seconds=1))
    absurd = after_failure(two, NOW, lease=None, open_after=3, retry_after=timedelta(days=9))

    assert patient.open_until == NOW + timedelta(minutes=2)
    assert hasty.open_until == NOW + FIRST_PAUSE
    assert absurd.open_until == NOW + LONGEST_PAUSE


@given(
    st.lists(
        st.tuples(st.booleans(), st.one_of(st.none(), st.timedeltas(timedelta(), timedelta(days=2)))),
        max_size=30,
    ),
    st.integers(1, 5),
)
def test_whatever_happens_it_is_never_shut_for_longer_than_ten_minutes(
    failures: list[tuple[bool, timedelta | None]], open_after: int
) -> None:
    breaker, lease = CLOSED, uuid4()
    for is_trial, wish in failures:
        if is_trial and breaker.open_until is not None:
            breaker = with_trial(breaker, lease)
        breaker = after_failure(breaker, NOW, lease=lease, open_after=open_after, retry_after=wish)

        assert (breaker.open_until is None) == (breaker.pause is None)
        assert breaker.open_until is None or breaker.open_until - NOW <= LONGEST_PAUSE
    assert breaker.failures == len(failures)
    assert (breaker.open_until is not None) == (len(failures) >= open_after)
