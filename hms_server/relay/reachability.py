"""Measures each destination where nothing was heard for a while, and tells every screen what has changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from hms_server.contract.relay import Reachability, ReachabilityChanged
from hms_server.permissions import Permission
from hms_server.relay.kinds import Destination, no_probe
from hms_server.relay.outside import Outside
from hms_server.relay.queries import ReachabilityDesk
from hms_server.work import Work

PROBE_AFTER = timedelta(seconds=60)
"""Of silence; every call of a job is heard too."""
PROBE_AGAIN = timedelta(seconds=5)
"""After a failure, until the breaker has decided."""
PROBE_LIMIT = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A probe that this server has taken upon itself; with a lease, it is the trial of an open breaker."""

    destination: Destination
    call: Callable[[Outside], None]
    lease: UUID | None


def can_probe(destination: Destination) -> bool:
    """Whether the destination is asked at all when nothing else is heard of it."""
    return destination.prepare_probe is not None or destination.probe is not no_probe


def due_probe(work: Work, destination: Destination, *, now: datetime) -> Probe | None:
    """The probe, where it is due and no other server has it in hand."""
    if not can_probe(destination):
        return None
    lease = uuid4()
    params = {
        "name": destination.name,
        "now": now,
        "silent": now - PROBE_AFTER,
        "again": now - PROBE_AGAIN,
        "limit": PROBE_LIMIT + PROBE_AGAIN,
        "lease": lease,
    }
    is_trial = work.value(TAKE_PROBE, params)
    if is_trial is None:
        return None
    prepare = destination.prepare_probe
    call = destination.probe if prepare is None else prepare(work)
    return Probe(destination=destination, call=call, lease=lease if is_trial else None)


def tell(work: Work, desk: ReachabilityDesk) -> int:
    """Tells all screens of the destinations that changed since they were told last, and how many.

    Called about once a second, so that a rush of jobs is one event; one server tells, whichever comes first.
    """
    return sum(_tell(work, row) for row in desk.rows(work))


def _tell(work: Work, row: Reachability) -> bool:
    told = msgspec.msgpack.encode(row)
    params = {"name": row.destination, "told": told, "now": work.now, "on": row.switched_on}
    if not work.value(TELL, params):
        return False
    work.emit(ReachabilityChanged(row=row), audience=Permission.OWN_SESSION)
    return True


def due(work: Work, destinations: Iterable[Destination], *, now: datetime) -> list[str]:
    """Destinations at which there is something to do now: a job, or a probe."""
    among = list(destinations)
    params = {
        "names": [one.name for one in among],
        "probing": [one.name for one in among if can_probe(one)],
        "now": now,
        "silent": now - PROBE_AFTER,
        "again": now - PROBE_AGAIN,
    }
    return [name for (name,) in work.connection.execute(DUE, params).fetchall()]


# Nothing heard for long; failures that do not make up a verdict yet; or a pause that is over.
PROBE_IS_DUE = """(
    (open_until is null and coalesce(greatest(heard_at, probed_at), '-infinity')
        <= case when failures > 0 then %(again)s else %(silent)s end::timestamptz)
    or open_until <= %(now)s
)"""
TAKE_PROBE = f"""
update relay_destination set probed_at = %(now)s,
    trial = case when open_until is null then trial else %(lease)s end,
    open_until = case when open_until is null then null else %(now)s + %(limit)s end
where name = %(name)s and {PROBE_IS_DUE}
returning open_until is not null
"""
DUE = f"""
select name from relay_destination as destination
where name = any(%(names)s) and ((name = any(%(probing)s) and {PROBE_IS_DUE}) or (
    (open_until is null or open_until <= %(now)s) and exists (
        select from relay_job
        where relay_job.destination = destination.name and state in ('waiting', 'running')
            and run_at <= %(now)s and not cancel_requested
    )
))
"""
TELL = """
update relay_destination set told = %(told)s, told_at = %(now)s
where name = %(name)s and told is distinct from %(told)s and (told is not null or %(on)s)
returning true
"""
