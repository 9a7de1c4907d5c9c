"""A job that this program cannot read, or cannot end, is given up by itself and holds up no other."""

from dataclasses import replace
from typing import Any

from hms_server.contract.relay import CancelJob, JobGivenUp, JobState, ListJobs
from hms_server.relay import jobs
from hms_server.relay.kinds import JobKind
from tests.guards import LogGuard
from tests.server.desk import Desk
from tests.server.relay.post import ADMIN, POST, Post, parcel, send
from tests.server.relays import Relay


def addressed(post: Post) -> JobKind[Any, Any, Any]:
    """Parcels that go where their payload says."""
    return replace(post.kind(), name="post.addressed", destination=lambda _parcel: "post")


def states(desk: Desk) -> dict[str, JobState]:
    return {row.summary: row.state for row in desk.ask(ListJobs(), ADMIN).rows}


def test_a_payload_of_another_version_holds_up_no_other_new_job(desk: Desk, log_guard: LogGuard) -> None:
    log_guard.allow("a job cannot be read")
    post = Post()
    relay = Relay(desk, [post.kind(), addressed(post)], [POST])
    odd = replace(parcel(1), kind="post.addressed")
    desk.act(lambda work: jobs.ask_outside(work, odd))
    desk.sql("update relay_job set payload = '{\"street\": 7}'")
    send(desk, 2)

    relay.run_due()

    assert post.arrived == [2]
    assert states(desk) == {"Parcel 1": JobState.FAILED, "Parcel 2": JobState.DONE}
    (told,) = desk.events(JobGivenUp)
    assert "another version of the server" in told.why


def test_a_called_off_job_whose_end_fails_holds_up_nothing(desk: Desk, log_guard: LogGuard) -> None:
    log_guard.allow("a job that was called off cannot be ended")
    post = Post()

    def fail(*_: object) -> None:
        raise LookupError("the slice's own code for the end of a job fails")

    relay = Relay(desk, [replace(post.kind(), gave_up=fail)], [POST])
    for number in (1, 2):
        send(desk, number)
    first, second = sorted(row.id for row in desk.ask(ListJobs(), ADMIN).rows)
    for job_id in (first, second):
        desk.ask(CancelJob(job_id=job_id), ADMIN)
    send(desk, 3)

    relay.run_due()

    assert post.arrived == [3]
    assert states(desk) == {
        "Parcel 1": JobState.FAILED,
        "Parcel 2": JobState.FAILED,
        "Parcel 3": JobState.DONE,
    }
    assert len(desk.events(JobGivenUp)) == 2


def test_a_called_off_job_that_cannot_be_read_ends(desk: Desk, log_guard: LogGuard) -> None:
    log_guard.allow("a job that was called off cannot be ended")
    relay = Relay(desk, [Post().kind()], [POST])
    send(desk)
    (row,) = desk.ask(ListJobs(), ADMIN).rows
    desk.ask(CancelJob(job_id=row.id), ADMIN)
    desk.sql("update relay_job set payload = '[]'")

    relay.run_due()

    assert states(desk) == {"Parcel 1": JobState.FAILED}
