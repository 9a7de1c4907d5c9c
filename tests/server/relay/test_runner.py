"""The relay's threads: work is found by itself, a slow destination holds up nobody, and the end is quick."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from hms_server.clock import system_clock
from hms_server.contract.relay import CancelJob, JobState, ReachabilityChanged, Trouble
from hms_server.relay import jobs
from hms_server.relay import runner as runners
from hms_server.relay.kinds import Destination, JobKind
from hms_server.relay.queries import ReachabilityDesk
from hms_server.relay.runner import GIVE_WAY_S, Runner
from hms_server.relay.running import Runs
from tests.guards import LogGuard
from tests.outside.local import LocalServer, Reply, Seen, within
from tests.server.desk import Desk
from tests.server.relay.post import ADMIN, POST, Post, fault, only, parcel, send

GENEROUS_S = 30.0


@contextmanager
def running(
    desk: Desk,
    kinds: Sequence[JobKind[Any, Any, Any]],
    *destinations: Destination,
    desks_are_busy: Callable[[], bool] = lambda: False,
) -> Iterator[Runner]:
    """A server's relay with its threads, at the true time."""
    runs = Runs(
        desk.dispatcher, desk.providers, kinds, destinations or [POST], clock=system_clock, chance=lambda: 1.0
    )
    reachability = ReachabilityDesk(desk.providers, destinations or [POST])
    runner = Runner(runs, reachability, desks_are_busy=desks_are_busy)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.now = system_clock()
    return desk


@pytest.fixture
def post() -> Post:
    return Post()


def test_it_gives_way_to_desks_after_every_job_and_still_comes_to_an_end(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However busy the desks are all day, no job is left lying."""
    rests: list[float] = []
    wait = threading.Event.wait

    def counted(event: threading.Event, timeout: float | None = None) -> bool:
        if timeout == GIVE_WAY_S:
            rests.append(timeout)
        return wait(event, timeout)

    monkeypatch.setattr(threading.Event, "wait", counted)
    with running(desk, [post.kind()], desks_are_busy=lambda: True) as runner:
        for number in range(10):
            send(desk, number)
        runner.wake()
        within(lambda: len(post.stored) == 10 <= len(rests), GENEROUS_S)

    assert sorted(post.arrived) == list(range(10))


def test_jobs_are_found_and_carried_out(desk: Desk, post: Post) -> None:
    with running(desk, [post.kind()]) as runner:
        for number in range(20):
            send(desk, number)
        runner.wake()
        within(lambda: len(post.stored) == 20, GENEROUS_S)

    assert sorted(post.arrived) == list(range(20))


def test_jobs_that_were_asked_for_while_no_server_ran_are_found_by_the_next(desk: Desk, post: Post) -> None:
    send(desk)

    with running(desk, [post.kind()]):
        within(lambda: post.stored, GENEROUS_S)


def test_screens_are_told(desk: Desk, post: Post) -> None:
    with running(desk, [post.kind()]):
        within(lambda: desk.events(ReachabilityChanged), GENEROUS_S)


def test_a_slow_destination_holds_up_nobody_else(desk: Desk, post: Post) -> None:
    slow = Post()
    begun, released = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        released.wait(GENEROUS_S)

    slow.during = hold
    slow_kind = replace(slow.kind(), name="slow.parcel", destination="slow")
    with running(desk, [post.kind(), slow_kind], POST, replace(POST, name="slow")) as runner:
        for number in range(4):
            job = replace(parcel(number), kind="slow.parcel")
            desk.act(partial(jobs.ask_outside, job=job))
        runner.wake()
        within(begun.is_set, GENEROUS_S)
        send(desk)
        runner.wake()
        within(lambda: post.stored, GENEROUS_S)
        assert slow.stored == []
        released.set()


def test_a_call_that_hangs_in_a_socket_ends_with_the_server_and_its_job_waits(desk: Desk, post: Post) -> None:
    def hang(seen: Seen) -> Reply:
        del seen
        return Reply(delay_s=120)

    with LocalServer(hang) as provider:
        kind = replace(post.kind(), perform=lambda _, outside: outside.request("POST", provider.url, json={}))
        send(desk)
        with running(desk, [kind]) as runner:
            within(lambda: provider.seen, GENEROUS_S)
            begun_s = time.monotonic()
            runner.stop()
            took_s = time.monotonic() - begun_s

    assert took_s < GENEROUS_S
    assert (only(desk).state, only(desk).why) == (JobState.WAITING, "")
    assert desk.sql("select uncertain, attempts from relay_job") == [(True, 0)]
    assert desk.sql("select failures from relay_destination") == [(0,)]


def test_a_call_that_cannot_be_interrupted_is_left_behind(
    desk: Desk, post: Post, log_guard: LogGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_guard.allow("calls outside did not end")
    monkeypatch.setattr(runners, "STOP_WITHIN_S", 0.2)
    begun, released = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        released.wait(GENEROUS_S)

    post.during = hold
    send(desk)
    with running(desk, [post.kind()]):
        within(begun.is_set, GENEROUS_S)
    assert only(desk).state is JobState.RUNNING

    released.set()
    within(lambda: only(desk).state is JobState.DONE, GENEROUS_S)


def test_a_call_past_its_time_makes_room_for_others(
    desk: Desk, post: Post, log_guard: LogGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread is lost in a library; another takes its place, and the job itself counts as in doubt."""
    log_guard.allow("a call outside does not end")
    monkeypatch.setattr(runners, "GRACE_S", 0.0)
    released = threading.Event()
    holding = iter([True])

    def hold() -> None:
        if next(holding, False):
            released.wait(GENEROUS_S)

    post.during = hold
    send(desk, 1)
    with running(desk, [post.kind(time_limit=timedelta(seconds=0.2))], replace(POST, threads=1)) as runner:
        within(lambda: post.arrived == [1], GENEROUS_S)
        send(desk, 2)
        runner.wake()
        within(lambda: 2 in post.arrived, GENEROUS_S)
        released.set()
        within(lambda: len(post.stored) == 2, GENEROUS_S)


def test_a_running_call_that_is_called_off_stops(desk: Desk, post: Post) -> None:
    with LocalServer(lambda _: Reply(delay_s=120)) as provider:
        kind = replace(post.kind(), perform=lambda _, outside: outside.request("POST", provider.url, json={}))
        send(desk)
        with running(desk, [kind]) as runner:
            within(lambda: provider.seen, GENEROUS_S)
            desk.ask(CancelJob(job_id=only(desk).id), ADMIN)
            runner.wake()
            within(lambda: only(desk).state is JobState.FAILED, GENEROUS_S)

    assert "not known" in only(desk).why
    assert desk.sql("select failures from relay_destination") == [(0,)]


def test_a_result_is_stored_over_a_new_connection_when_the_old_one_is_lost(
    desk: Desk, post: Post, log_guard: LogGuard
) -> None:
    log_guard.allow("waits for the database|the connection is lost")
    begun, released = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        released.wait(GENEROUS_S)

    post.during = hold
    send(desk)
    with running(desk, [post.kind()]):
        within(begun.is_set, GENEROUS_S)
        with desk.connect() as steward:
            name = steward.info.dbname
            steward.execute(END_SESSIONS, (name,))
        released.set()
        within(lambda: only(desk).state is JobState.DONE, GENEROUS_S)

    assert len(post.arrived) == 1


def test_a_destination_that_is_away_is_left_in_peace_by_all_threads(desk: Desk, post: Post) -> None:
    post.answers = [fault(Trouble.CLOSED)] * 99
    for number in range(8):
        send(desk, number)
    with running(desk, [post.kind()]) as runner:
        within(lambda: len(post.arrived) >= 3, GENEROUS_S)
        runner.wake()
        threading.Event().wait(0.3)
        assert len(post.arrived) <= 3 + POST.threads


END_SESSIONS = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = %s and pid <> pg_backend_pid() and application_name = 'tests'
"""


def test_a_server_whose_clock_is_wrong_counts_by_the_databases(desk: Desk, post: Post) -> None:
    """A small computer without a battery starts years ago, and jumps when the internet is back."""
    true = system_clock()
    desk.now = true - timedelta(days=2000)
    runs = Runs(
        desk.dispatcher, desk.providers, [post.kind()], [POST], clock=lambda: desk.now, chance=lambda: 1.0
    )
    runs.know_destinations()
    runs.follow_database_clock()
    send(desk)
    runs.route()

    run = runs.claim("post")
    assert run is not None
    assert abs(only(desk).since - true) < timedelta(minutes=5)
    post.answers = [fault(Trouble.CLOSED)]
    runs.carry_out(run)

    next_at = only(desk).next_at
    assert next_at is not None
    assert next_at >= true


def test_what_is_to_run_at_once_does_whatever_the_clock_of_the_server_that_asks(
    desk: Desk, post: Post
) -> None:
    desk.now = system_clock() + timedelta(hours=2)
    send(desk)

    with running(desk, [post.kind()]):
        within(lambda: post.stored, GENEROUS_S)
