"""How every destination is doing is measured, stored, and told to every screen when it changes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hms_server.contract.relay import (
    GetReachability,
    Reachability,
    ReachabilityChanged,
    SetProvider,
    Trouble,
)
from hms_server.contract.values import Role
from hms_server.relay.kinds import Destination
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.relay.providers import ProviderSpec
from tests.server.desk import Desk
from tests.server.relay.post import ADMIN, POST, Post, fault, send
from tests.server.relays import Relay
from tests.server.working import working


class Line:
    """The way to the post, which a test can cut."""

    def __init__(self) -> None:
        self.faults: list[OutsideFault] = []
        self.probes = 0

    def probe(self, _outside: Outside) -> None:
        self.probes += 1
        if self.faults:
            raise self.faults.pop(0)

    def destination(self) -> Destination:
        return replace(POST, probe=self.probe)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def relay(desk: Desk, post: Post, line: Line) -> Relay:
    return Relay(desk, [post.kind()], [line.destination()])


def state(desk: Desk, relay: Relay) -> Reachability:
    """Of the one destination, as a status bar asks for it."""
    with working(desk, Role.NURSE) as work:
        [row] = relay.reachability.get_reachability(work, GetReachability()).rows
    return row


def told(desk: Desk) -> list[Reachability]:
    return [event.row for event in desk.events(ReachabilityChanged)]


def test_a_destination_is_asked_when_nothing_was_heard_of_it(desk: Desk, relay: Relay, line: Line) -> None:
    relay.probe()
    relay.probe()
    assert line.probes == 1

    desk.pass_time(seconds=59)
    relay.probe()
    assert line.probes == 1
    desk.pass_time(seconds=1)
    relay.probe()

    assert line.probes == 2


def test_a_job_that_gets_through_is_as_good_as_a_probe(desk: Desk, relay: Relay, line: Line) -> None:
    relay.probe()
    desk.pass_time(seconds=50)
    send(desk)
    relay.run_due()
    desk.pass_time(seconds=50)

    relay.probe()

    assert line.probes == 1


def test_a_destination_that_fails_is_asked_soon_again_until_it_is_known(
    desk: Desk, relay: Relay, line: Line
) -> None:
    line.faults = [fault(Trouble.NO_NETWORK)] * 3
    first = desk.now
    for _ in range(3):
        assert state(desk, relay).reachable
        relay.probe()
        desk.pass_time(seconds=5)

    row = state(desk, relay)

    assert (row.reachable, row.trouble, row.sentence) == (False, Trouble.NO_NETWORK, "It is no_network.")
    assert row.since == first


def test_one_failure_among_many_calls_worries_nobody(desk: Desk, relay: Relay, line: Line) -> None:
    line.faults = [fault(Trouble.SILENT)]
    for _ in range(3):
        relay.probe()
        relay.tell()
        desk.pass_time(seconds=5)

    assert [row.reachable for row in told(desk)] == [True]


def test_a_probe_is_the_trial_of_an_open_breaker(desk: Desk, relay: Relay, line: Line, post: Post) -> None:
    line.faults = [fault(Trouble.SILENT)] * 4
    for _ in range(3):
        relay.probe()
        desk.pass_time(seconds=5)
    send(desk)
    assert relay.run_due() == 0
    desk.pass_time(seconds=10)

    relay.probe()
    desk.pass_time(seconds=29)
    assert relay.run_due() == 0
    relay.probe()
    assert line.probes == 4
    desk.pass_time(seconds=1)
    relay.probe()

    assert state(desk, relay).reachable
    assert relay.run_due() == 1


def test_screens_are_told_once_of_each_change(desk: Desk, relay: Relay, line: Line, post: Post) -> None:
    other = Relay(desk, [post.kind()], [line.destination()])
    assert (relay.tell(), other.tell(), relay.tell()) == (1, 0, 0)
    post.answers = [fault(Trouble.CLOSED)] * 3
    for number in range(5):
        send(desk, number)
    relay.run_due()
    desk.pass_time(seconds=3)

    assert (other.tell(), relay.tell()) == (1, 0)

    row = told(desk)[-1]
    assert (row.reachable, row.waiting, row.waiting_words) == (False, 5, "5 parcels wait")
    desk.pass_time(seconds=15)
    relay.run_due()
    assert relay.tell() == 1
    row = told(desk)[-1]
    assert (row.reachable, row.waiting, row.waiting_words, row.sentence) == (True, 0, "", "")


def test_one_that_waits_is_one(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.CLOSED)]
    send(desk)
    relay.run_due()

    assert state(desk, relay).waiting_words == "1 parcel waits"


def test_what_is_not_due_yet_waits_for_nobody(desk: Desk, relay: Relay) -> None:
    send(desk, run_at=desk.now + timedelta(hours=1))
    relay.runs.route()
    assert state(desk, relay).waiting == 0

    desk.pass_time(hours=1, seconds=1)
    assert state(desk, relay).waiting == 0
    desk.pass_time(seconds=1)

    assert state(desk, relay).waiting == 1


def test_a_key_that_is_not_accepted_holds_jobs_back_and_says_so(desk: Desk, relay: Relay, post: Post) -> None:
    post.answers = [fault(Trouble.KEY)] * 3
    for number in range(3):
        send(desk, number)

    relay.run_due()

    assert (state(desk, relay).reachable, state(desk, relay).trouble) == (False, Trouble.KEY)


def test_a_refusal_shows_that_the_destination_is_there(desk: Desk, relay: Relay, post: Post) -> None:
    troubles = (Trouble.SILENT, Trouble.SILENT, Trouble.DECLINED, Trouble.SILENT)
    post.answers = [fault(trouble) for trouble in troubles]
    for number in range(4):
        send(desk, number)

    relay.run_due()

    assert state(desk, relay).reachable


def test_a_destination_without_a_probe_is_not_made_up(desk: Desk, post: Post) -> None:
    relay = Relay(desk, [post.kind()], [POST])

    relay.probe()

    assert desk.sql("select heard_at, probed_at from relay_destination") == [(None, None)]


def test_the_probe_may_need_what_was_entered(desk: Desk) -> None:
    asked: list[str] = []
    destination = replace(
        POST, prepare_probe=lambda work: lambda _outside: asked.append(work.now.isoformat())
    )

    Relay(desk, [], [destination]).probe()

    assert asked == [desk.now.isoformat()]


def test_only_what_is_switched_on_is_shown_asked_and_told(desk: Desk, line: Line, post: Post) -> None:
    spec = ProviderSpec(
        name="post", title="The post", fields=(), test_mode=lambda _, settings: "test" in settings
    )
    relay = Relay(desk, [post.kind()], [line.destination()], specs=[spec])
    relay.probe()
    assert (relay.tell(), line.probes) == (0, 0)
    with working(desk, ADMIN) as work:
        assert relay.reachability.get_reachability(work, GetReachability()).rows == []

    def switch(*, on: bool) -> None:
        with working(desk, ADMIN) as work:
            relay.runs.providers.set_provider(work, SetProvider(name="post", settings={}, enabled=on))

    switch(on=True)
    relay.probe()
    assert (relay.tell(), line.probes) == (1, 1)
    switch(on=False)
    assert relay.tell() == 1

    assert [row.switched_on for row in told(desk)] == [True, False]


def test_every_role_may_ask(desk: Desk) -> None:
    rows = desk.ask(GetReachability(), Role.DISPLAY).rows

    assert rows == []
