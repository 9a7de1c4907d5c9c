"""How patiently a job is repeated: pauses, and when it is given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hms_server.contract.relay import Trouble
from hms_server.relay.kinds import NOT_REACHED, Again, GiveUp, Policy

SHORTEST_PAUSE = timedelta(milliseconds=250)
LONGEST_WISH = timedelta(hours=6)
"""A provider that asks for more than this is not believed."""
PATIENT_WITH = NOT_REACHED | {Trouble.KEY}
"""Nothing about the job itself: the breaker paces it, and no attempt is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failed run. `trouble` is None where the server itself made the mistake."""

    trouble: Trouble | None
    sentence: str
    retry_after: timedelta | None = None

    @property
    def counts(self) -> bool:
        return self.trouble not in PATIENT_WITH


def pause_after(policy: Policy, attempts: int, *, chance: float) -> timedelta:
    """Full jitter: anywhere (`chance`, 0 to 1) up to a pause that doubles with every counted attempt."""
    doublings = min(max(attempts - 1, 0), 32)
    longest = min(policy.first * (1 << doublings), policy.longest)
    return max(longest * chance, SHORTEST_PAUSE)


def decide(
    failure: Failure,
    policy: Policy,
    *,
    attempts: int,
    patience_from: datetime,
    now: datetime,
    chance: float,
) -> Again | GiveUp:
    """Whether a job is tried again, and when; `attempts` counts this failure already where it counts.

    A job whose destination was not reached waits as long as that lasts. One whose key is not accepted
    waits until its time is over, for somebody to mend the key.
    """
    if failure.trouble is Trouble.DECLINED:
        return GiveUp(failure.sentence)
    if failure.trouble not in NOT_REACHED and now - patience_from >= policy.give_up_after:
        return GiveUp(f"It did not succeed in {_words(policy.give_up_after)}: {failure.sentence}")
    if failure.counts and attempts >= policy.attempts:
        return GiveUp(f"It did not succeed in {attempts} attempts: {failure.sentence}")
    pause = pause_after(policy, attempts, chance=chance)
    if failure.retry_after is not None:
        return Again(max(pause, min(failure.retry_after, LONGEST_WISH)))
    return Again(pause)


def _words(span: timedelta) -> str:
    if span >= timedelta(days=2):
        return f"{span.days} days"
    if span >= timedelta(hours=2):
        return f"{int(span.total_seconds() // 3600)} hours"
    return f"{int(span.total_seconds() // 60)} minutes"
