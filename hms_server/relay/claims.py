"""Takes the next job of a destination: one statement for the job, its lease and the breaker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from hms_server.contract.relay import JobId
from hms_server.relay.kinds import Claimed, JobKind
from hms_server.work import Work

LEASE_MARGIN = timedelta(seconds=30)
"""How long after its time limit a call that did not come back is believed to be lost."""

Kinds = Mapping[str, JobKind[Any, Any, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job as this server holds it; whoever comes back without the lease writes nothing."""

    id: JobId
    kind: str
    key: str
    destination: str
    payload: str
    summary: str
    attempts: int
    asked_at: datetime
    patience_from: datetime
    lease: UUID
    uncertain: bool
    lapsed: bool
    """A server took it before, and did not come back."""
    why: str
    troubled_since: datetime | None

    def opened(self, kind: JobKind[Any, Any, Any]) -> Claimed[Any]:
        """As the slice sees it; raises `msgspec.ValidationError` where the payload is of another version."""
        return Claimed(
            id=self.id,
            key=self.key,
            payload=msgspec.json.decode(self.payload, type=kind.payload),
            attempt=self.attempts + 1,
            asked_at=self.asked_at,
            uncertain=self.uncertain,
        )


def claim(
    work: Work, destination: str, limits: Mapping[str, timedelta], *, now: datetime, held: Sequence[UUID] = ()
) -> Claim | None:
    """The oldest job that is due, or None; `limits` are the time limits of the kinds this server knows.

    `held` are leases under which this very process is still working, whatever the clock says meanwhile.
    """
    params = {
        "destination": destination,
        "kinds": list(limits),
        "limits": [limit + LEASE_MARGIN for limit in limits.values()],
        "longest": max(limits.values(), default=timedelta()) + LEASE_MARGIN,
        "now": now,
        "lease": uuid4(),
        "held": list(held),
    }
    return work.one(Claim, CLAIM, params)


def called_off(work: Work, kinds: Sequence[str], *, now: datetime, held: Sequence[UUID]) -> Claim | None:
    """A job that is to end without another run; locked, and held under a lease, until the commit."""
    return work.one(
        Claim, CALLED_OFF, {"kinds": list(kinds), "now": now, "held": list(held), "lease": uuid4()}
    )


def to_be_stopped(work: Work, leases: Sequence[UUID]) -> list[UUID]:
    """Of these claims, the ones whose job somebody has called off."""
    return [lease for (lease,) in work.connection.execute(TO_BE_STOPPED, (list(leases),)).fetchall()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrouted:
    """A job that was just asked for; nobody has looked yet where it goes."""

    id: JobId
    kind: str
    payload: str
    summary: str


def route(work: Work, kinds: Kinds) -> tuple[int, list[Unrouted]]:
    """Names the destination of jobs that were just asked for: how many it were, and which cannot be read."""
    fresh = work.rows(Unrouted, UNROUTED, (list(kinds),))
    unreadable = []
    for job in fresh:
        try:
            destination = _destination(kinds[job.kind], job.payload)
        except msgspec.DecodeError:
            unreadable.append(job)
        else:
            work.send(ROUTE, (destination, job.id))
    return len(fresh), unreadable


def _destination(kind: JobKind[Any, Any, Any], payload: str) -> str:
    if isinstance(kind.destination, str):
        return kind.destination
    return kind.destination(msgspec.json.decode(payload, type=kind.payload))


def begin_call(work: Work, claim: Claim, time_limit: timedelta, *, now: datetime) -> None:
    """Notes that the call is about to be made, and counts the time of the claim from here on."""
    work.send(BEGIN_CALL, (now + time_limit + LEASE_MARGIN, claim.id, claim.lease))


# A job that is running and whose time has come was claimed by a server that died; if that had begun its
# call, the call may have arrived. An open breaker lets nothing past; one whose pause is over lets one claim
# past, which moves the end of the pause behind its own time limit: two servers at once find the row locked,
# and the second sees that its turn is gone.
CLAIM = """
with breaker as materialized (
    select open_until from relay_destination where name = %(destination)s
), due as (
    select job.id, job.state = 'running' as lapsed
    from relay_job as job
    where job.destination = %(destination)s and job.state in ('waiting', 'running')
        and job.run_at <= %(now)s and not job.cancel_requested
        and job.kind = any(%(kinds)s) and (job.lease is null or job.lease <> all(%(held)s::uuid[]))
        and not exists (select from breaker where open_until > %(now)s)
    order by job.run_at, job.id limit 1
    for update of job skip locked
), trial as (
    update relay_destination set open_until = %(now)s + %(longest)s, trial = %(lease)s
    where name = %(destination)s and open_until <= %(now)s and exists (select from due)
    returning name
)
update relay_job as job set state = 'running', since = %(now)s, lease = %(lease)s,
    run_at = %(now)s + known.time_limit,
    uncertain = uncertain or calling, calling = false, hurried = false,
    attempts = attempts + case when due.lapsed and calling then 1 else 0 end
from due, unnest(%(kinds)s::text[], %(limits)s::interval[]) as known (kind, time_limit)
where job.id = due.id and known.kind = job.kind
    and (not exists (select from breaker where open_until is not null) or exists (select from trial))
returning job.id, job.kind, key, destination, payload::text, summary, attempts, asked_at, patience_from,
    lease, uncertain, lapsed, why, troubled_since
"""

CALLED_OFF = """
with one as (
    select id, state = 'running' as lapsed from relay_job
    where cancel_requested and kind = any(%(kinds)s)
        and (state = 'waiting' or (state = 'running' and run_at <= %(now)s))
        and (lease is null or lease <> all(%(held)s::uuid[]))
    order by id limit 1 for update skip locked
)
update relay_job as job set state = 'running', lease = %(lease)s, uncertain = uncertain or calling,
    calling = false
from one where job.id = one.id
returning job.id, kind, key, coalesce(destination, '') as destination, payload::text, summary, attempts,
    asked_at, patience_from, lease, uncertain, lapsed, why, troubled_since
"""

TO_BE_STOPPED = """
select lease from relay_job where state = 'running' and cancel_requested and lease = any(%s)
"""
UNROUTED = """
select id, kind, payload::text, summary from relay_job
where destination is null and state = 'waiting' and kind = any(%s)
order by id limit 200 for update skip locked
"""
ROUTE = "update relay_job set destination = %s where id = %s"
BEGIN_CALL = "update relay_job set calling = true, run_at = %s where id = %s and lease = %s"
