"""When calls to a destination are held back: rules without a clock, a thread or a database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Closed while `open_until` is None. After that moment one call is let through as a trial.

    The claim of a job does that in its own statement: it moves `open_until` behind the trial's time limit, so
    that nobody else gets past, and a trial that never comes back makes room for the next.
    """

    failures: int = 0
    """In a row."""
    pause: timedelta | None = None
    open_until: datetime | None = None
    trial: UUID | None = None
    """The claim whose call is the trial; nobody else gets past while it is under way."""


CLOSED = Breaker()
"""After any answer of the destination itself, whoever got it."""


def after_failure(
    breaker: Breaker,
    now: datetime,
    *,
    lease: UUID | None,
    open_after: int,
    retry_after: timedelta | None = None,
) -> Breaker:
    """Opens after `open_after` failures in a row; a failed trial doubles the pause.

    A call that began before the breaker opened, and fails after, changes nothing but the count. The
    destination's own wish (`retry_after`) lengthens a pause and never shortens it.
    """
    failures = breaker.failures + 1
    if breaker.open_until is not None and breaker.pause is not None:
        if lease is None or lease != breaker.trial:
            return Breaker(
                failures=failures, pause=breaker.pause, open_until=breaker.open_until, trial=breaker.trial
            )
        return _open(failures, now, min(breaker.pause * 2, LONGEST_PAUSE), retry_after)
    if failures < open_after:
        return Breaker(failures=failures)
    return _open(failures, now, FIRST_PAUSE, retry_after)


def _open(failures: int, now: datetime, pause: timedelta, wish: timedelta | None) -> Breaker:
    until = now + max(pause, min(wish or pause, LONGEST_PAUSE))
    return Breaker(failures=failures, pause=pause, open_until=until)
