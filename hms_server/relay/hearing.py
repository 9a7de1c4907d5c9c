"""What each call says about its destination: its breaker, and since when it is not reached."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hms_server.contract.relay import Trouble
from hms_server.relay.breaker import Breaker, after_failure
from hms_server.relay.kinds import Destination
from hms_server.relay.outside import OutsideFault
from hms_server.work import Work

HEARD_ENOUGH = timedelta(seconds=10)
"""A destination that is well is written down only so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    failures: int
    pause: timedelta | None
    open_until: datetime | None
    trial: UUID | None

    def breaker(self) -> Breaker:
        return Breaker(failures=self.failures, pause=self.pause, open_until=self.open_until, trial=self.trial)


def know(work: Work, destinations: Iterable[Destination]) -> None:
    """Makes the rows of destinations that are new."""
    work.send(KNOW, ([one.name for one in destinations], work.now))


def heard(work: Work, destination: str) -> None:
    """The destination itself has answered: its breaker closes."""
    work.send(HEARD, {"name": destination, "now": work.now, "before": work.now - HEARD_ENOUGH})


def heard_trouble(work: Work, destination: Destination, fault: OutsideFault, *, lease: UUID | None) -> None:
    """A call has failed; the lock on the shared row is held from here to the commit."""
    if fault.trouble is Trouble.DECLINED:
        heard(work, destination.name)
        return
    row = work.one(_Row, LOCK, (destination.name,))
    if row is None:
        return
    wish = fault.retry_after if fault.trouble is Trouble.BUSY else None
    after = after_failure(
        row.breaker(), work.now, lease=lease, open_after=destination.open_after, retry_after=wish
    )
    params = {
        "name": destination.name,
        "failures": after.failures,
        "pause": after.pause,
        "open_until": after.open_until,
        "trial": after.trial,
        "trouble": fault.trouble,
        "sentence": fault.sentence,
        "now": work.now,
        "opens": after.open_until is not None and row.open_until is None,
    }
    work.send(TROUBLED, params)


def end_trial(work: Work, destination: str, lease: UUID) -> None:
    """A trial that made no call says nothing: the next claim may be the trial."""
    work.send(END_TRIAL, (work.now, destination, lease))


def forgive(work: Work, provider: str) -> None:
    """Lets the next call through: somebody has mended a key, or (no destination's name) the way out."""
    work.send(FORGIVE, {"now": work.now, "name": provider})
    work.send(FORGIVE_JOBS, {"now": work.now, "name": provider})


KNOW = """
insert into relay_destination (name, changed_at)
select known.name, known.at from (select unnest(%s::text[]) as name, %s::timestamptz as at) as known
on conflict do nothing
"""
HEARD = """
update relay_destination set failures = 0, pause = null, open_until = null, trial = null,
    trouble = null, sentence = '', failing_since = null, heard_at = %(now)s,
    changed_at = case when open_until is null then changed_at else %(now)s end
where name = %(name)s
    and (failures > 0 or open_until is not null or heard_at is null or heard_at < %(before)s)
"""
LOCK = "select failures, pause, open_until, trial from relay_destination where name = %s for update"
# "Unreachable since" is when the first of the calls failed that opened the breaker.
TROUBLED = """
update relay_destination set failures = %(failures)s, pause = %(pause)s, open_until = %(open_until)s,
    trial = %(trial)s, trouble = %(trouble)s, sentence = %(sentence)s,
    failing_since = coalesce(failing_since, %(now)s),
    changed_at = case when %(opens)s then coalesce(failing_since, %(now)s) else changed_at end,
    heard_at = %(now)s
where name = %(name)s
"""
FORGIVE = """
update relay_destination set open_until = %(now)s, trial = null
where open_until > %(now)s
    and (name = %(name)s or not exists (select from relay_destination where name = %(name)s))
"""
FORGIVE_JOBS = """
update relay_job set run_at = %(now)s
where state = 'waiting' and trouble is not null and run_at > %(now)s
    and (destination = %(name)s or not exists (select from relay_destination where name = %(name)s))
"""
END_TRIAL = "update relay_destination set open_until = %s, trial = null where name = %s and trial = %s"
