"""How long a job waits after trouble, and when it is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.contract.relay import Trouble
from hms_server.relay.kinds import NOT_REACHED, Again, GiveUp, Policy
from hms_server.relay.rules import LONGEST_WISH, SHORTEST_PAUSE, Failure, decide, pause_after

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
POLICY = Policy()


def decided(failure: Failure, *, attempts: int = 1, waited: timedelta = timedelta()) -> Again | GiveUp:
    return decide(failure, POLICY, attempts=attempts, patience_from=NOW - waited, now=NOW, chance=1.0)


def failure(trouble: Trouble | None, **others: timedelta) -> Failure:
    return Failure(trouble=trouble, sentence="It failed.", **others)


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_a_pause_grows_and_has_its_bounds(attempts: int, chance: float) -> None:
    pause = pause_after(POLICY, attempts, chance=chance)

    assert SHORTEST_PAUSE <= pause <= POLICY.longest
    assert pause <= pause_after(POLICY, attempts + 1, chance=chance)
    assert pause <= pause_after(POLICY, attempts, chance=1.0)


def test_pauses_double() -> None:
    assert [pause_after(POLICY, one, chance=1.0).total_seconds() for one in range(1, 6)] == [2, 4, 8, 16, 32]


@pytest.mark.parametrize(
    "trouble", [None, *sorted(set(Trouble) - NOT_REACHED - {Trouble.KEY, Trouble.DECLINED})]
)
def test_a_job_that_reaches_its_provider_in_vain_is_given_up(trouble: Trouble | None) -> None:
    assert isinstance(decided(failure(trouble), attempts=POLICY.attempts - 1), Again)
    assert isinstance(decided(failure(trouble), attempts=POLICY.attempts), GiveUp)
    assert isinstance(decided(failure(trouble), waited=POLICY.give_up_after), GiveUp)


@pytest.mark.parametrize("trouble", sorted(NOT_REACHED))
def test_a_job_waits_as_long_as_its_destination_is_away(trouble: Trouble) -> None:
    """The internet may be gone for a week."""
    assert not failure(trouble).counts
    assert isinstance(decided(failure(trouble), attempts=99, waited=timedelta(days=30)), Again)


def test_a_job_waits_for_the_key_to_be_mended_but_not_for_ever() -> None:
    assert isinstance(decided(failure(Trouble.KEY), attempts=99), Again)
    assert decided(failure(Trouble.KEY), waited=timedelta(days=3)) == GiveUp(
        "It did not succeed in 3 days: It failed."
    )


def test_what_is_declined_is_not_asked_again() -> None:
    assert decided(failure(Trouble.DECLINED)) == GiveUp("It failed.")


def test_the_providers_own_wish_goes_first() -> None:
    def after(wish: timedelta) -> timedelta:
        decision = decided(failure(Trouble.BUSY, retry_after=wish))
        assert isinstance(decision, Again)
        return decision.after

    assert after(timedelta(minutes=5)) == timedelta(minutes=5)
    assert after(timedelta(0)) == timedelta(seconds=2)
    assert after(timedelta(days=365)) == LONGEST_WISH
