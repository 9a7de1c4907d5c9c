"""Writes what became of a job: its state, what the slice stores, and what the destination was found to be."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hms_server.contract.relay import JobChanged, JobGivenUp, JobId, JobState, Trouble
from hms_server.permissions import Permission
from hms_server.relay.claims import Claim, Unrouted
from hms_server.relay.kinds import Again, Claimed, Finished, GiveUp, JobKind, Next
from hms_server.relay.outside import OutsideFault
from hms_server.relay.rules import Failure, decide
from hms_server.work import Work

NOT_KNOWN = "It was called off while it ran, and it is not known whether it arrived."


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A claimed job with its kind, in the hands of this server."""

    claim: Claim
    kind: JobKind[Any, Any, Any]
    chance: Callable[[], float]
    """Chance for the pauses, 0 to 1."""

    def opened(self) -> Claimed[Any]:
        return self.claim.opened(self.kind)

    def knowing(self, *, uncertain: bool) -> "Held":
        """The same job once its last call is over; `uncertain`: a call may have arrived unanswered."""
        return replace(self, claim=replace(self.claim, uncertain=uncertain))


@dataclass(frozen=True, slots=True)
class Standing:
    """What the row says at the moment of settling."""

    cancel_requested: bool
    hurried: bool
    why: str


def still_held(work: Work, held: Held) -> Standing | None:
    """Locks the job's row; None where another server has taken the job since, so that nothing is written."""
    return work.one(Standing, LOCK, (held.claim.id, held.claim.lease))


def store_result(work: Work, held: Held, result: Any) -> bool:
    """What the slice stores, with the job's new state; False where the claim was lost."""
    standing = still_held(work, held)
    if standing is None:
        return False
    outcome = held.kind.store(work, held.opened(), result)
    settle(work, held, outcome, standing, answered=True)
    return True


def store_trouble(work: Work, held: Held, fault: OutsideFault) -> bool:
    """The slice's decision on a trouble, or the policy's; False where the claim was lost."""
    standing = still_held(work, held)
    if standing is None:
        return False
    if fault.may_have_arrived:
        work.send(UNCERTAIN, (held.claim.id,))
    after = held.knowing(uncertain=fault.may_have_arrived or held.claim.uncertain)
    if standing.cancel_requested:
        _end_cancelled(work, after, standing.why)
        return True
    decision = held.kind.on_trouble(work, held.opened(), fault)
    if decision is not None:
        settle(work, after, decision, standing, answered=False, after=fault)
    else:
        _by_policy(work, after, Failure(
            trouble=fault.trouble, sentence=fault.sentence, retry_after=fault.retry_after
        ), standing)  # fmt: skip
    return True


def store_mistake(work: Work, held: Held, sentence: str, *, called: bool) -> bool:
    """A fault of this program: counted as an attempt; `called` says whether the provider was called."""
    standing = still_held(work, held)
    if standing is None:
        return False
    if called:
        work.send(UNCERTAIN, (held.claim.id,))
    after = held.knowing(uncertain=called or held.claim.uncertain)
    if standing.cancel_requested:
        _end_cancelled(work, after, standing.why)
        return True
    _by_policy(work, after, Failure(trouble=None, sentence=sentence), standing)
    return True


def release(work: Work, held: Held, *, uncertain: bool) -> bool:
    """Gives the job back as it was, for another server to take at once; False where the claim was lost."""
    standing = still_held(work, held)
    if standing is None:
        return False
    work.send(RELEASE, {"id": held.claim.id, "now": work.now, "uncertain": uncertain})
    return True


def store_unfit(work: Work, held: Held, sentence: str) -> bool:
    """Ends a job that the slice's own code cannot end; False where the claim was lost."""
    if still_held(work, held) is None:
        return False
    _end(work, held.claim.id, JobState.FAILED, sentence)
    _tell_given_up(work, held.claim, sentence)
    return True


def give_up_unread(work: Work, job: Unrouted, sentence: str) -> None:
    """Ends a locked job that cannot be read, so that nobody knows where it was to go."""
    _end(work, job.id, JobState.FAILED, sentence)
    news = JobGivenUp(job_id=job.id, destination="", summary=job.summary, why=sentence)
    work.emit(news, audience=Permission.ADMINISTER)


def settle(
    work: Work,
    held: Held,
    outcome: Next,
    standing: Standing,
    *,
    answered: bool,
    after: OutsideFault | None = None,
) -> None:
    """The job's next state as the slice has decided it; `answered`: the provider's answer is known."""
    match outcome:
        case Finished():
            _end(work, held.claim.id, JobState.DONE, "")
        case GiveUp(reason):
            _give_up(work, held, reason)
        case Again() if standing.cancel_requested:
            # What came back is stored, and there will be no other call.
            known = held.knowing(uncertain=not answered and held.claim.uncertain)
            _end_cancelled(work, known, standing.why)
        case Again(pause) if after is not None:
            _wait_after(work, held.claim, pause, after.trouble, after.sentence)
        case Again(pause):
            run_at = work.now if standing.hurried else work.now + pause
            work.send(WAIT, {"id": held.claim.id, "run_at": run_at, "now": work.now, "answered": answered})


def end_called_off(work: Work, held: Held) -> None:
    """The end of a job that was called off before it ran, or whose server died while it ran."""
    _end_cancelled(work, held, held.claim.why)


def _end_cancelled(work: Work, held: Held, why: str) -> None:
    if held.claim.uncertain:
        _give_up(work, held, NOT_KNOWN)
        return
    _end(work, held.claim.id, JobState.CANCELLED, why)
    held.kind.gave_up(work, held.opened(), why)


def _by_policy(work: Work, held: Held, failure: Failure, standing: Standing) -> None:
    claim = held.claim
    attempts = claim.attempts + failure.counts
    decision = decide(
        failure,
        held.kind.policy,
        attempts=attempts,
        patience_from=claim.patience_from,
        now=work.now,
        chance=held.chance(),
    )
    if isinstance(decision, GiveUp):
        _give_up(work, held, decision.reason)
        return
    # Somebody has reason to believe that it goes better now.
    pause = timedelta() if standing.hurried else decision.after
    _wait_after(work, claim, pause, failure.trouble, failure.sentence, attempts=attempts)


def _wait_after(
    work: Work,
    claim: Claim,
    pause: timedelta,
    trouble: Trouble | None,
    why: str,
    *,
    attempts: int | None = None,
) -> None:
    params = {
        "id": claim.id,
        "run_at": work.now + pause,
        "attempts": claim.attempts if attempts is None else attempts,
        "now": work.now,
        "trouble": trouble,
        "why": why,
    }
    work.send(WAIT_AFTER_TROUBLE, params)


def _give_up(work: Work, held: Held, reason: str) -> None:
    claim = held.claim
    _end(work, claim.id, JobState.FAILED, reason)
    _tell_given_up(work, claim, reason)
    held.kind.gave_up(work, held.opened(), reason)


def _tell_given_up(work: Work, claim: Claim, why: str) -> None:
    news = JobGivenUp(job_id=claim.id, destination=claim.destination, summary=claim.summary, why=why)
    work.emit(news, audience=Permission.ADMINISTER)


def _end(work: Work, job_id: JobId, state: JobState, why: str) -> None:
    work.send(END, {"id": job_id, "state": state, "why": why, "now": work.now})
    work.emit(JobChanged(job_id=job_id, state=state), audience=Permission.ADMINISTER)


LOCK = "select cancel_requested, hurried, why from relay_job where id = %s and lease = %s for update"
UNCERTAIN = "update relay_job set uncertain = true where id = %s"
# An answer that is known clears what was in doubt before it, and the count of attempts in a row.
WAIT = """
update relay_job set state = 'waiting', lease = null, calling = false, hurried = false,
    uncertain = uncertain and not %(answered)s,
    attempts = case when %(answered)s then 0 else attempts end,
    trouble = null, why = '', troubled_since = null, run_at = %(run_at)s, since = %(now)s
where id = %(id)s
"""
WAIT_AFTER_TROUBLE = """
update relay_job set state = 'waiting', lease = null, calling = false, hurried = false,
    attempts = %(attempts)s, trouble = %(trouble)s, why = %(why)s,
    troubled_since = coalesce(troubled_since, %(now)s), since = coalesce(troubled_since, %(now)s),
    run_at = %(run_at)s
where id = %(id)s
"""
RELEASE = """
update relay_job set state = 'waiting', lease = null, calling = false, run_at = %(now)s, since = %(now)s,
    uncertain = uncertain or %(uncertain)s
where id = %(id)s
"""
END = """
update relay_job set state = %(state)s, lease = null, calling = false, hurried = false,
    cancel_requested = false, since = %(now)s, why = %(why)s
where id = %(id)s
"""
