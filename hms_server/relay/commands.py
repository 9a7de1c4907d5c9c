"""What the administrator does with jobs: call one off, let one run."""

from hms_server.contract.accounts import Nothing
from hms_server.contract.relay import CancelJob, JobChanged, JobState, RetryJob
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.work import Work


def cancel_job(work: Work, request: CancelJob) -> Nothing:
    """The runner ends it a moment later, so that the slice that asked for it learns of it."""
    why = f"It was called off by {work.actor.name}."
    state = work.value(CANCEL, {"id": request.job_id, "why": why})
    if state is None:
        raise _unfit(work, request.job_id, "This job is over already.")
    work.emit(JobChanged(job_id=request.job_id, state=JobState(state)), audience=Permission.ADMINISTER)
    return Nothing()


def retry_job(work: Work, request: RetryJob) -> Nothing:
    """A failed job gets new patience; a waiting one goes first."""
    if work.value(RETRY, {"id": request.job_id, "now": work.now}) is None:
        raise _unfit(work, request.job_id, "This job runs just now, or is done.")
    news = JobChanged(job_id=request.job_id, state=JobState.WAITING)
    work.emit(news, audience=Permission.ADMINISTER)
    return Nothing()


def _unfit(work: Work, job_id: int, sentence: str) -> Refused:
    if work.value("select true from relay_job where id = %s", (job_id,)):
        return Refused("relay.job_state", sentence, field="job_id")
    return Refused("relay.job_unknown", "There is no such job.", field="job_id")


CANCEL = """
update relay_job set cancel_requested = true, why = %(why)s
where id = %(id)s and state in ('waiting', 'running') and not cancel_requested
returning state
"""
RETRY = """
update relay_job set state = 'waiting', run_at = least(%(now)s, clock_timestamp()), since = %(now)s,
    attempts = case state when 'waiting' then attempts else 0 end,
    patience_from = case state when 'waiting' then patience_from else %(now)s end
where id = %(id)s and state in ('waiting', 'failed') and not cancel_requested
returning id
"""
