"""Asks for jobs outside the premises, cancels and hurries them: what slices call in their own transaction.

The table is our own and small, where a queue library (procrastinate was considered) would have been ready
made: the state that people see, the claim of a server and the breaker that holds a whole destination back
have to be read and changed in one statement, or a job is shown as waiting while it runs, or runs twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from hms_server.contract.relay import JobChanged, JobId, JobState
from hms_server.permissions import Permission
from hms_server.relay.kinds import NewJob
from hms_server.work import Work


def ask_outside(work: Work, job: NewJob) -> JobId:
    """Stores the job in the caller's transaction; it runs after the commit, on whichever server is free.

    The same kind and key again gives the id of the first job, which stays as it is.
    """
    params = {
        "kind": job.kind,
        "key": job.key,
        "payload": msgspec.json.encode(job.payload).decode(),
        "summary": job.summary,
        "run_at": job.run_at,
        "now": work.now,
        "by": work.actor.name,
    }
    job_id: JobId | None = work.value(ASK, params)
    if job_id is None:
        # Asked for before, perhaps by a transaction that has committed while this statement waited for it.
        return JobId(work.value(FIND, (job.kind, job.key)))
    _told(work, job_id, JobState.WAITING)
    return job_id


def hold(work: Work, kind: str, keys: Sequence[str]) -> None:
    """Locks those jobs until the end of the transaction.

    Whoever locks rows that a job's `store` changes, and then cancels or hurries the job, holds it first: the
    runner takes the two in this order, and two orders end in a deadlock.
    """
    work.send(HOLD, (kind, list(keys)))


def cancel(work: Work, kind: str, key: str) -> bool:
    """A waiting job will never run, a running one is told to stop; whether there was one of either.

    For slices, which know what they take back: `gave_up` is not called for a job that had not begun. One
    whose call may have arrived is not called off in silence: it is given up, and `gave_up` says why.
    """
    job = work.one(_Cancelled, CANCEL, {"kind": kind, "key": key, "now": work.now})
    if job is None:
        return False
    _told(work, job.id, JobState(job.state))
    return True


def hurry(work: Work, kind: str, key: str) -> bool:
    """Lets a waiting job run now; one that runs just now, and is not over then, runs again at once."""
    job_id = work.value(HURRY, {"kind": kind, "key": key, "now": work.now})
    if job_id is None:
        return False
    _told(work, job_id, JobState.WAITING)
    return True


def retry(work: Work, kind: str, key: str) -> bool:
    """Lets a job that failed or was cancelled run again, with new patience; whether there was one."""
    job_id = work.value(RETRY, {"kind": kind, "key": key, "now": work.now})
    if job_id is None:
        return False
    _told(work, job_id, JobState.WAITING)
    return True


def forget_before(connection: psycopg.Connection[Any], moment: datetime) -> int:
    """Drops jobs that ended well, or were called off, before that; what failed stays for people to see."""
    return connection.execute(FORGET, (moment,)).rowcount


class _Cancelled(msgspec.Struct, frozen=True):
    """What became of a job that was to be cancelled."""

    id: JobId
    state: str


def _told(work: Work, job_id: JobId, state: JobState) -> None:
    # The event also wakes the runners, of this server at its commit, of the others when they read it.
    work.emit(JobChanged(job_id=job_id, state=state), audience=Permission.ADMINISTER)


# What is to run at once has the earlier of two times: the runner counts by the database's clock, and this
# server's own may be ahead of it.
ASK = """
insert into relay_job (kind, key, payload, summary, run_at, asked_at, asked_by, patience_from, since)
values (%(kind)s, %(key)s, %(payload)s::jsonb, %(summary)s,
    coalesce(%(run_at)s, least(%(now)s, clock_timestamp())), %(now)s, %(by)s, %(now)s, %(now)s)
on conflict on constraint relay_job_once do nothing
returning id
"""

FIND = "select id from relay_job where kind = %s and key = %s"

HOLD = "select from relay_job where kind = %s and key = any(%s) order by id for update"

CANCEL = """
update relay_job set
    state = case when state = 'waiting' and not uncertain then 'cancelled' else state end,
    since = case when state = 'waiting' and not uncertain then %(now)s else since end,
    why = 'It was called off.',
    cancel_requested = true
where kind = %(kind)s and key = %(key)s and state in ('waiting', 'running')
returning id, state
"""

FORGET = "delete from relay_job where state in ('done', 'cancelled') and since < %s"
HURRY = """
update relay_job set
    run_at = case state when 'waiting' then least(run_at, %(now)s, clock_timestamp()) else run_at end,
    hurried = state = 'running'
where kind = %(kind)s and key = %(key)s and state in ('waiting', 'running')
returning id
"""

RETRY = """
update relay_job set state = 'waiting', attempts = 0, run_at = least(%(now)s, clock_timestamp()),
    patience_from = %(now)s, since = %(now)s, cancel_requested = false
where kind = %(kind)s and key = %(key)s and state in ('failed', 'cancelled')
returning id
"""
