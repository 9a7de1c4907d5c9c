"""Jobs are stored with what asked for them, run once, and are seen by people the whole time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from hms_server.contract.relay import (
    CancelJob,
    JobGivenUp,
    JobRow,
    JobState,
    ListJobs,
    RetryJob,
    Trouble,
)
from hms_server.contract.values import Role
from hms_server.relay import jobs
from hms_server.relay.kinds import (
    Again,
    Claimed,
    Destination,
    Finished,
    GiveUp,
    JobKind,
    NewJob,
    Next,
    Policy,
)
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work
from tests.server.desk import Desk
from tests.server.relays import Relay

ADMIN = Role.ADMINISTRATOR


class Parcel(msgspec.Struct, frozen=True):
    number: int


@dataclass
class Post:
    """A made-up provider: it keeps what arrives, and answers as it was told."""

    answers: list[Exception | Next] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    uncertain: list[bool] = field(default_factory=list)
    stored: list[Any] = field(default_factory=list)
    gave_up: list[str] = field(default_factory=list)
    ready: Callable[[Claimed[Parcel]], Any] = lambda job: job.payload.number

    def kind(self, **policy: Any) -> JobKind[Parcel, Any, Any]:
        return JobKind(
            name="post.parcel",
            destination="post",
            payload=Parcel,
            prepare=self._prepare,
            perform=self._perform,
            store=self._store,
            gave_up=lambda _work, _job, reason: self.gave_up.append(reason),
            policy=Policy(**policy),
        )

    def _prepare(self, _work: Work, job: Claimed[Parcel]) -> Any:
        self.uncertain.append(job.uncertain)
        return self.ready(job)

    def _perform(self, number: int, _outside: Outside) -> Next:
        self.arrived.append(number)
        answer = self.answers.pop(0) if self.answers else Finished()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _store(self, _work: Work, _job: Claimed[Parcel], result: Next) -> Next:
        self.stored.append(result)
        return result


POST = Destination(name="post", title="The post", waiting_word=("parcel waits", "parcels wait"))


def fault(trouble: Trouble, *, may_have_arrived: bool = False, **others: Any) -> OutsideFault:
    return OutsideFault(trouble, f"It is {trouble.value}.", may_have_arrived=may_have_arrived, **others)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def relay(desk: Desk, post: Post) -> Relay:
    return Relay(desk, [post.kind()], [POST])


def send(desk: Desk, number: int = 1) -> None:
    job = NewJob(kind="post.parcel", key=str(number), payload=Parcel(number), summary=f"Parcel {number}")
    desk.act(lambda work: jobs.ask_outside(work, job))


def only(desk: Desk) -> JobRow:
    """The one job there is."""
    [row] = desk.ask(ListJobs(), ADMIN).rows
    return row


def test_a_job_runs_once_and_is_done(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)

    assert relay.run_due() == 1
    assert relay.run_due() == 0

    assert (post.arrived, post.stored) == ([1], [Finished()])
    assert only(desk).state is JobState.DONE


def test_the_same_key_again_is_the_same_job(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)
    relay.run_due()
    send(desk)
    send(desk)

    relay.run_due()

    assert post.arrived == [1]
    assert only(desk).state is JobState.DONE


def test_a_poll_that_found_nothing_runs_again_and_counts_no_attempt(
    desk: Desk, relay: Relay, post: Post
) -> None:
    post.answers = [Again(timedelta(minutes=1))] * 20
    send(desk)

    assert relay.run_until_quiet() == 21

    assert only(desk).attempts == 0


def test_trouble_is_told_and_tried_again_after_growing_pauses(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.GARBLED)] * 2
    send(desk)
    relay.run_due()

    assert (only(desk).state, only(desk).why) == (JobState.WAITING, "It is garbled.")
    assert only(desk).next_at == desk.now + timedelta(seconds=2)
    desk.pass_time(seconds=2)
    relay.run_due()
    assert only(desk).next_at == desk.now + timedelta(seconds=4)
    desk.pass_time(seconds=4)
    relay.run_due()
    assert only(desk).state is JobState.DONE


def test_what_is_declined_is_given_up_with_an_alert(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.DECLINED)]
    send(desk)

    relay.run_due()

    [alert] = desk.events(JobGivenUp)
    assert (alert.summary, alert.why, alert.destination) == ("Parcel 1", "It is declined.", "post")
    assert post.gave_up == ["It is declined."]
    assert only(desk).state is JobState.FAILED


def test_a_failed_job_may_be_let_run_again(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [GiveUp("No such street."), Finished()]
    send(desk)
    relay.run_due()
    desk.pass_time(days=9)

    desk.ask(RetryJob(job_id=only(desk).id), ADMIN)
    relay.run_due()

    assert only(desk).state is JobState.DONE


def test_a_waiting_job_that_was_called_off_never_runs_and_its_slice_is_told(
    desk: Desk, relay: Relay, post: Post
) -> None:
    send(desk)

    desk.ask(CancelJob(job_id=only(desk).id), ADMIN)
    relay.run_due()

    assert post.arrived == []
    assert post.gave_up == ["It was called off by Esi Owusu."]
    assert only(desk).state is JobState.CANCELLED


def test_crash_after_the_claim_leaves_no_doubt(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)
    assert relay.die_after_claim("post")
    assert relay.run_due() == 0

    relay.let_claims_lapse()
    relay.run_due()

    assert (post.arrived, post.uncertain) == ([1], [False])


def test_crash_before_the_store_leaves_a_doubt(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)
    assert relay.die_before_store("post")
    assert relay.run_due() == 0

    relay.let_claims_lapse()
    relay.run_due()

    assert (post.arrived, post.uncertain, post.stored) == ([1, 1], [False, True], [Finished()])
