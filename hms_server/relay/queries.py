"""What the administrator sees of the relay, and every status bar of its destinations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hms_server.contract.relay import (
    GetReachability,
    JobId,
    JobRow,
    Jobs,
    JobState,
    ListJobs,
    Reachabilities,
    Reachability,
    Trouble,
)
from hms_server.relay.kinds import Destination
from hms_server.relay.providers import Condition, Providers
from hms_server.work import Work

MOST_ROWS = 200
ALWAYS_ON = Condition(enabled=True, test_mode=False)
"""A destination without a provider needs no key, and nobody switches it off."""


def list_jobs(work: Work, request: ListJobs) -> Jobs:
    """The last changed first."""
    params = {"state": request.state, "destination": request.destination, "limit": MOST_ROWS}
    rows = [_row(row) for row in work.rows(_Listed, LIST, params)]
    counts = work.connection.execute(COUNTS, params).fetchall()
    return Jobs(rows=rows, counts={state.value: 0 for state in JobState} | dict(counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    id: JobId
    kind: str
    destination: str
    summary: str
    state: str
    asked_at: datetime
    asked_by: str
    since: datetime
    attempts: int
    run_at: datetime
    why: str


def _row(row: _Listed) -> JobRow:
    state = JobState(row.state)
    return JobRow(
        id=row.id,
        kind=row.kind,
        destination=row.destination,
        summary=row.summary,
        state=state,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        since=row.since,
        attempts=row.attempts,
        next_at=row.run_at if state is JobState.WAITING else None,
        why=row.why,
    )


class ReachabilityDesk:
    """Tells how each destination that is switched on is doing."""

    def __init__(self, providers: Providers, destinations: Sequence[Destination]) -> None:
        self._providers = providers
        self._destinations = destinations

    def get_reachability(self, work: Work, _request: GetReachability) -> Reachabilities:
        """In the order of the table."""
        return Reachabilities([row for row in self.rows(work) if row.switched_on])

    def rows(self, work: Work) -> list[Reachability]:
        """Of all destinations, for whoever tells the screens what has changed."""
        names = [one.name for one in self._destinations]
        states = {state.name: state for state in work.rows(_State, STATES, {"names": names, "now": work.now})}
        conditions = self._providers.conditions(work)
        return [
            _reachability(one, states[one.name], conditions.get(one.name, ALWAYS_ON))
            for one in self._destinations
            if one.name in states
        ]


def _reachability(destination: Destination, state: "_State", condition: Condition) -> Reachability:
    one, many = destination.waiting_word
    words = f"{state.waiting} {one if state.waiting == 1 else many}" if state.waiting else ""
    return Reachability(
        destination=destination.name,
        title=destination.title,
        reachable=not state.open,
        since=state.changed_at,
        trouble=Trouble(state.trouble) if state.open and state.trouble else None,
        sentence=state.sentence if state.open else "",
        waiting=state.waiting,
        waiting_words=words,
        test_mode=condition.test_mode,
        switched_on=condition.enabled,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    name: str
    open: bool
    changed_at: datetime
    trouble: str | None
    sentence: str
    waiting: int


LIST = """
select id, kind, coalesce(destination, '') as destination, summary, state, asked_at, asked_by, since,
    attempts, run_at, why
from relay_job
where (%(state)s::text is null or state = %(state)s)
    and (%(destination)s::text is null or destination = %(destination)s)
order by since desc, id desc limit %(limit)s
"""
COUNTS = """
select state, count(*) from relay_job
where %(destination)s::text is null or destination = %(destination)s
group by state
"""
# A job waits for its destination when its time came a moment ago, or when it was in trouble before; a poll
# that is due in an hour waits for nobody.
STATES = """
select name, open_until is not null as open, changed_at, trouble, sentence, (
    select count(*)::int from relay_job
    where relay_job.destination = relay_destination.name and state = 'waiting'
        and (run_at <= %(now)s - interval '2 seconds' or trouble is not null)
) as waiting
from relay_destination where name = any(%(names)s)
"""
