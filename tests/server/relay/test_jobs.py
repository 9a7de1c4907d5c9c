"""Jobs are stored with what asked for them, run once, and are seen by people the whole time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hms_server.contract.relay import (
    CancelJob,
    JobChanged,
    JobGivenUp,
    JobId,
    JobState,
    ListJobs,
    RetryJob,
    SetProvider,
    Trouble,
)
from hms_server.relay import jobs
from hms_server.relay.jobs import forget_before
from hms_server.relay.kinds import Again, Finished, GiveUp
from hms_server.relay.providers import ProviderSpec
from hms_server.work import Work
from tests.server.desk import Desk
from tests.server.relay.post import ADMIN, POST, Post, fault, only, parcel, send
from tests.server.relays import Relay
from tests.server.working import working


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def relay(desk: Desk, post: Post) -> Relay:
    return Relay(desk, [post.kind()], [POST])


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


def test_what_is_rolled_back_was_never_asked_for(desk: Desk, relay: Relay, post: Post) -> None:
    def ask_and_fail(work: Work) -> None:
        jobs.ask_outside(work, parcel(1))
        raise LookupError

    with pytest.raises(LookupError):
        desk.act(ask_and_fail)

    assert relay.run_due() == 0
    assert desk.ask(ListJobs(), ADMIN).rows == []


def test_a_job_for_later_waits_for_its_time(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk, run_at=desk.now + timedelta(hours=8))
    assert relay.run_due() == 0

    desk.pass_time(hours=8)

    assert relay.run_due() == 1


def test_a_hurried_job_runs_now(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk, run_at=desk.now + timedelta(hours=8))

    assert desk.act(lambda work: jobs.hurry(work, "post.parcel", "1"))

    assert relay.run_due() == 1
    assert not desk.act(lambda work: jobs.hurry(work, "post.parcel", "1"))


def test_a_job_that_is_hurried_while_it_runs_runs_again_at_once(desk: Desk, relay: Relay, post: Post) -> None:
    """The provider's notice comes just after the poll has looked and found nothing."""
    post.during = lambda: desk.act(lambda work: jobs.hurry(work, "post.parcel", "1"))
    post.answers = [Again(timedelta(hours=1))]
    send(desk)

    assert relay.run_due() == 2

    assert only(desk).state is JobState.DONE
    assert len(post.arrived) == 2


def test_a_job_that_its_slice_takes_back_never_runs(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)

    assert desk.act(lambda work: jobs.cancel(work, "post.parcel", "1"))

    assert relay.run_due() == 0
    assert (post.arrived, post.gave_up) == ([], [])
    assert only(desk).state is JobState.CANCELLED
    assert not desk.act(lambda work: jobs.cancel(work, "post.parcel", "1"))


def test_a_job_may_be_asked_for_again_after_it_failed(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.DECLINED)]
    send(desk)
    relay.run_due()

    assert desk.act(lambda work: jobs.retry(work, "post.parcel", "1"))
    relay.run_due()

    assert only(desk).state is JobState.DONE
    assert not desk.act(lambda work: jobs.retry(work, "post.parcel", "1"))


def test_a_job_in_doubt_that_is_called_off_is_not_called_off_in_silence(
    desk: Desk, relay: Relay, post: Post
) -> None:
    post.answers = [fault(Trouble.SILENT, may_have_arrived=True)]
    send(desk)
    relay.run_due()

    desk.ask(CancelJob(job_id=only(desk).id), ADMIN)
    relay.run_due()

    assert only(desk).state is JobState.FAILED
    [reason] = post.gave_up
    assert "not known" in reason
    assert [alert.why for alert in desk.events(JobGivenUp)] == [reason]


def call_off(desk: Desk) -> None:
    desk.ask(CancelJob(job_id=only(desk).id), ADMIN)


def test_a_job_that_is_called_off_while_it_runs_keeps_its_outcome(
    desk: Desk, relay: Relay, post: Post
) -> None:
    post.during = lambda: call_off(desk)
    send(desk)

    relay.run_due()

    assert (only(desk).state, post.arrived, post.gave_up) == (JobState.DONE, [1], [])


def test_a_job_that_is_called_off_while_it_polls_stops_polling(desk: Desk, relay: Relay, post: Post) -> None:
    post.during, post.answers = lambda: call_off(desk), [Again(timedelta(minutes=1))]
    send(desk)

    relay.run_due()

    assert only(desk).state is JobState.CANCELLED
    assert post.gave_up == ["It was called off by Esi Owusu."]


@pytest.mark.parametrize("may_have_arrived", [False, True])
def test_a_call_that_fails_after_it_was_called_off_is_over(
    desk: Desk, relay: Relay, post: Post, *, may_have_arrived: bool
) -> None:
    post.during = lambda: call_off(desk)
    post.answers = [fault(Trouble.SILENT, may_have_arrived=may_have_arrived)]
    send(desk)

    relay.run_due()

    assert only(desk).state is (JobState.FAILED if may_have_arrived else JobState.CANCELLED)
    assert len(post.gave_up) == 1


def test_a_job_that_was_called_off_when_its_server_died_is_given_up(
    desk: Desk, relay: Relay, post: Post
) -> None:
    send(desk)
    relay.die_before_store("post")
    call_off(desk)
    assert relay.run_due() == 0

    relay.let_claims_lapse()
    relay.run_due()

    assert (only(desk).state, len(post.arrived)) == (JobState.FAILED, 1)
    assert "not known" in post.gave_up[0]


def test_a_job_that_needs_no_call_makes_none(desk: Desk, relay: Relay, post: Post) -> None:
    post.ready = lambda _: Finished()
    send(desk)

    relay.run_due()

    assert (only(desk).state, post.arrived) == (JobState.DONE, [])


def test_waiting_for_the_right_hour_keeps_the_doubt(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.CUT, may_have_arrived=True)]
    send(desk)
    relay.run_due()
    post.ready = lambda _: Again(timedelta(hours=1))
    desk.pass_time(seconds=2)
    relay.run_due()
    post.ready = lambda job: job.payload.number
    desk.pass_time(hours=1)

    relay.run_due()

    assert post.uncertain == [False, True, True]


def test_a_known_answer_ends_the_doubt(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.CUT, may_have_arrived=True), Again(timedelta(minutes=1)), Finished()]
    send(desk)

    relay.run_until_quiet()

    assert post.uncertain == [False, True, False]


def test_a_late_finisher_writes_nothing(desk: Desk, relay: Relay, post: Post) -> None:
    """Its claim has lapsed, and another server has carried the job out meanwhile."""
    other = Relay(desk, [post.kind()], [POST])
    send(desk)
    other.runs.route()
    late = other.runs.claim("post")
    assert late is not None
    prepared = other.runs.prepare(late)
    assert prepared is not None
    relay.let_claims_lapse()
    relay.run_due()
    before = desk.sql("select * from relay_job")

    result = other.runs.perform(late, prepared)
    other.runs.finish(late, result)

    assert desk.sql("select * from relay_job") == before
    assert len(post.stored) == 1


def test_a_server_does_not_take_what_it_still_holds(desk: Desk, relay: Relay, post: Post) -> None:
    """Its machine's clock may jump when the internet comes back."""
    send(desk)
    relay.runs.route()
    assert relay.runs.claim("post") is not None
    desk.pass_time(days=400)

    assert relay.runs.claim("post") is None


def test_a_job_that_kills_its_server_every_time_is_given_up(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)
    for _ in range(12):
        assert relay.die_during_call("post")
        relay.let_claims_lapse()
    assert only(desk).state is JobState.RUNNING

    relay.run_due()

    assert only(desk).state is JobState.FAILED
    assert post.arrived == []


@pytest.mark.allow_log("a job failed")
def test_a_mistake_of_ours_is_seen_and_not_repeated_for_ever(desk: Desk, post: Post) -> None:
    relay = Relay(desk, [post.kind(attempts=3)], [POST])
    post.answers = [ValueError("a bug")] * 3
    send(desk)

    relay.run_until_quiet()

    assert (only(desk).state, len(post.arrived)) == (JobState.FAILED, 3)
    assert post.uncertain == [False, True, True]
    assert "ValueError" not in only(desk).why


@pytest.mark.allow_log("a job failed", "a job cannot be given up")
def test_a_slice_that_cannot_even_give_up_does_not_hold_its_job(desk: Desk, post: Post) -> None:
    def broken(*_: object) -> None:
        raise ValueError("another bug")

    relay = Relay(desk, [replace(post.kind(), gave_up=broken)], [POST])
    post.answers = [GiveUp("No such street.")] * 99
    send(desk)

    relay.run_until_quiet()

    assert (only(desk).state, len(post.arrived)) == (JobState.FAILED, 12)
    assert len(desk.events(JobGivenUp)) == 1


@pytest.mark.allow_log("a job failed")
def test_a_result_that_cannot_be_stored_leaves_a_doubt(desk: Desk, relay: Relay, post: Post) -> None:
    post.store_mistakes = [ValueError("cannot store")]
    send(desk)

    relay.run_until_quiet()

    assert post.uncertain == [False, True]
    assert only(desk).state is JobState.DONE


@pytest.mark.allow_log("a job failed")
def test_a_job_of_another_version_is_left_to_people(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)
    desk.sql("update relay_job set payload = '{}'")

    relay.run_due()

    assert only(desk).state is JobState.FAILED
    assert "version" in only(desk).why


def test_a_kind_that_this_server_does_not_know_waits_for_one_that_does(desk: Desk, post: Post) -> None:
    send(desk)

    assert Relay(desk, [], [POST]).run_due() == 0
    assert only(desk).state is JobState.WAITING
    assert Relay(desk, [post.kind()], [POST]).run_due() == 1


def test_the_destination_may_follow_from_the_payload(desk: Desk, post: Post) -> None:
    kind = replace(post.kind(), destination=lambda parcel: "post" if parcel.number == 1 else "courier")
    courier = replace(POST, name="courier")
    relay = Relay(desk, [kind], [POST, courier])
    send(desk, 1)
    send(desk, 2)

    relay.run_due()

    assert {row.summary: row.destination for row in desk.ask(ListJobs(), ADMIN).rows} == {
        "Parcel 1": "post",
        "Parcel 2": "courier",
    }


def test_an_open_breaker_holds_all_jobs_back_and_one_trial_lets_them_go(
    desk: Desk, relay: Relay, post: Post
) -> None:
    post.answers = [fault(Trouble.SILENT)] * 4
    for number in range(10):
        send(desk, number)
    assert relay.run_due() == 3
    desk.pass_time(seconds=14)
    assert relay.run_due() == 0

    desk.pass_time(seconds=1)
    assert relay.run_due() == 1
    desk.pass_time(seconds=29)
    assert relay.run_due() == 0
    desk.pass_time(seconds=1)

    relay.run_until_quiet(step_s=10)
    assert sorted(set(post.arrived)) == list(range(10))
    assert len(post.arrived) == 14


def test_while_a_trial_is_under_way_no_other_server_gets_past(desk: Desk, relay: Relay, post: Post) -> None:
    other = Relay(desk, [post.kind()], [POST])
    post.answers = [fault(Trouble.SILENT)] * 3
    for number in range(6):
        send(desk, number)
    relay.run_due()
    desk.pass_time(seconds=15)

    trial = relay.runs.claim("post")
    assert trial is not None
    assert other.runs.claim("post") is None
    assert relay.runs.claim("post") is None
    relay.runs.carry_out(trial)

    assert other.runs.claim("post") is not None


def test_a_job_whose_destination_is_away_for_weeks_still_runs(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.NO_NETWORK)] * 100
    send(desk)
    for _ in range(100):
        relay.run_due()
        desk.pass_time(hours=12)

    relay.run_until_quiet()

    assert (only(desk).state, only(desk).attempts) == (JobState.DONE, 0)


def test_a_destination_that_is_switched_off_is_left_alone(desk: Desk, post: Post) -> None:
    spec = ProviderSpec(name="post", title="The post", fields=())
    relay = Relay(desk, [post.kind()], [POST], specs=[spec])
    send(desk)
    assert relay.run_due() == 0

    with working(desk, ADMIN) as work:
        relay.runs.providers.set_provider(work, SetProvider(name="post", settings={}))

    assert relay.run_due() == 1


def test_mending_the_key_lets_jobs_go_at_once(desk: Desk, post: Post) -> None:
    spec = ProviderSpec(name="post", title="The post", fields=())
    relay = Relay(desk, [post.kind()], [POST], specs=[spec])
    mended = SetProvider(name="post", settings={})
    with working(desk, ADMIN) as work:
        relay.runs.providers.set_provider(work, mended)
    post.answers = [fault(Trouble.KEY)] * 3
    send(desk)
    for _ in range(3):
        relay.run_due()
        desk.pass_time(seconds=2)
    assert relay.run_due() == 0

    with working(desk, ADMIN) as work:
        relay.runs.providers.set_provider(work, mended)

    assert relay.run_due() == 1
    assert only(desk).state is JobState.DONE


def test_people_see_what_waits_runs_is_done_and_failed(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.DECLINED)]
    for number in (1, 2):
        send(desk, number)
    relay.run_due()
    send(desk, 3, run_at=desk.now + timedelta(hours=1))

    listed = desk.ask(ListJobs(), ADMIN)

    assert listed.counts == {"waiting": 1, "running": 0, "done": 1, "failed": 1, "cancelled": 0}
    [failed] = desk.ask(ListJobs(state=JobState.FAILED), ADMIN).rows
    assert (failed.summary, failed.why, failed.since) == ("Parcel 1", "It is declined.", desk.now)
    assert failed.asked_by == "The server"
    assert desk.ask(ListJobs(destination="elsewhere"), ADMIN).rows == []
    told = [event.state for event in desk.events(JobChanged)]
    assert told.count(JobState.WAITING) == 3
    assert told.count(JobState.DONE) == told.count(JobState.FAILED) == 1


def test_what_cannot_be_called_off_or_repeated_is_said(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)
    relay.run_due()
    job_id = only(desk).id

    assert desk.fault(CancelJob(job_id=job_id), ADMIN).code == "relay.job_state"
    assert desk.fault(RetryJob(job_id=job_id), ADMIN).code == "relay.job_state"
    assert desk.fault(RetryJob(job_id=JobId(99)), ADMIN).code == "relay.job_unknown"


def test_old_jobs_that_ended_well_are_forgotten(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [Finished(), GiveUp("Lost.")]
    send(desk, 1)
    send(desk, 2)
    relay.run_due()
    send(desk, 3, run_at=desk.now + timedelta(days=900))

    with desk.connect() as connection:
        assert forget_before(connection, desk.now) == 0
        desk.pass_time(days=91)
        assert forget_before(connection, desk.now - timedelta(days=90)) == 1

    states = {row.summary: row.state for row in desk.ask(ListJobs(), ADMIN).rows}
    assert states == {"Parcel 2": JobState.FAILED, "Parcel 3": JobState.WAITING}


def test_each_result_leaves_an_audit_row_that_names_nobody(desk: Desk, relay: Relay, post: Post) -> None:
    send(desk)
    relay.run_due()

    [(staff, device)] = desk.sql("select staff_id, device_id from audit where request = 'post.parcel.store'")
    assert (staff, device) == (None, None)


def test_four_servers_at_once_carry_each_job_out_once(desk: Desk, post: Post) -> None:
    relays = [Relay(desk, [post.kind()], [POST]) for _ in range(4)]
    for number in range(40):
        send(desk, number)

    done = desk.together(4, lambda number: relays[number].run_due())

    assert sum(done) == 40
    assert sorted(post.arrived) == list(range(40))
