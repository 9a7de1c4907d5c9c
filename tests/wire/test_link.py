"""The link to a server that comes, goes, says nothing or starts anew: nothing is lost or told twice."""

from queue import SimpleQueue

import msgspec
import pytest

from hms_desktop.connection.engine import Timings
from hms_desktop.connection.faults import FaultError
from hms_server.contract.accounts import (
    DeviceChanged,
    EndSessions,
    ListStaff,
    Nothing,
    StaffChanged,
    StaffList,
)
from hms_server.contract.envelope import Event, Fault, Position
from hms_server.contract.values import DeviceId, StaffId
from tests.wire.gates import (
    PATIENCE_S,
    SIGNED_IN,
    Gate,
    Stored,
    answer_all,
    bare_router,
    client_of,
    done,
    next_call,
    numbers,
    publish,
    router_on,
    staff_changed,
    until,
)
from tests.wire.ports import free_port

HASTY = Timings(ping_every_s=0.1, dead_after_s=1, answer_within_s=PATIENCE_S)
"""Gives a server up that says nothing for a second."""


def test_what_was_submitted_while_the_server_was_away_is_sent_when_it_comes(port: int) -> None:
    outcomes: SimpleQueue[Nothing | Fault] = SimpleQueue()

    with client_of(port) as client:
        client.submit(EndSessions(staff_id=StaffId(4)), outcomes.put)
        waiting_before = client.waiting
        with router_on(port, Gate(answer_all)):
            outcome = outcomes.get(timeout=PATIENCE_S)
        waiting_after = client.waiting

    assert (waiting_before, outcome, waiting_after) == (1, Nothing(), 0)


def test_a_call_interrupted_by_a_server_crash_is_sent_again_under_the_same_id(port: int) -> None:
    outcomes: SimpleQueue[Nothing | Fault] = SimpleQueue()
    with bare_router(port) as dying, client_of(port) as client:
        call_id = client.submit(EndSessions(staff_id=StaffId(4)), outcomes.put)
        first = next_call(dying)
        dying.close(linger=0)
        gate = Gate(answer_all)

        with router_on(port, gate):
            outcome = outcomes.get(timeout=PATIENCE_S)

    assert outcome == Nothing()
    assert first == gate.calls[0]
    assert first.id == call_id


def test_a_silent_server_is_given_up_for_the_next_one() -> None:
    silent_port, good_port = free_port(), free_port()
    good = (True, f"tcp://127.0.0.1:{good_port}")
    states: list[tuple[bool, str]] = []

    with (
        bare_router(silent_port),
        router_on(good_port, Gate(answer_all)),
        client_of(silent_port, good_port, timings=HASTY) as client,
    ):
        client.on_link(lambda link: states.append((link.connected, link.server)))
        answer = client.ask(ListStaff())
        until(lambda: good in states)

    assert answer == StaffList(staff=[])


def test_link_news_tell_the_loss_and_the_return_of_the_server(port: int) -> None:
    states: list[bool] = []
    with client_of(port) as client:
        client.on_link(lambda link: states.append(link.connected))
        with router_on(port, Gate(answer_all)):
            until(lambda: client.link.connected)
            round_trip_ms = client.link.round_trip_ms
        until(lambda: not client.link.connected)
        with router_on(port, Gate(answer_all)):
            until(lambda: client.link.connected)

    changes = [state for state, before in zip(states, [None, *states], strict=False) if state != before]
    assert changes[:3] == [True, False, True]
    assert round_trip_ms is not None
    assert round_trip_ms >= 0


def test_events_arrive_decoded_and_in_order(port: int) -> None:
    gate = Gate(answer_all)
    seen: list[Event] = []
    with router_on(port, gate) as router, client_of(port) as client:
        client.on_event(seen.append)
        client.follow()

        publish(router, gate, staff_changed(5), staff_changed(6))
        body = msgspec.msgpack.encode(DeviceChanged(device_id=DeviceId(3)))
        publish(router, gate, Stored(Position(7, 7), "DeviceChanged", body))
        until(lambda: len(seen) == 3)

    assert seen == [
        StaffChanged(staff_id=StaffId(5)),
        StaffChanged(staff_id=StaffId(6)),
        DeviceChanged(device_id=DeviceId(3)),
    ]


def test_events_of_a_newer_server_are_passed_over(port: int) -> None:
    gate = Gate(answer_all)
    seen: list[Event] = []
    with router_on(port, gate) as router, client_of(port) as client:
        client.on_event(seen.append)
        client.follow()

        publish(router, gate, Stored(Position(5, 5), "RobotArrived", b"\x80"), staff_changed(6))
        until(lambda: bool(seen))

    assert numbers(seen) == [6]


def test_events_of_an_outage_are_caught_up_once_each_after_a_restart(port: int) -> None:
    gate = Gate(answer_all)
    seen: list[Event] = []
    with client_of(port) as client:
        client.on_event(seen.append)
        with router_on(port, gate) as router:
            client.follow()
            publish(router, gate, staff_changed(5))
            until(lambda: len(seen) == 1)

        gate.log.extend([staff_changed(6), staff_changed(7)])
        with router_on(port, gate) as router:
            until(lambda: len(seen) == 3)
            publish(router, gate, staff_changed(8))
            until(lambda: len(seen) == 4)

    assert numbers(seen) == [5, 6, 7, 8]


def test_events_that_are_gone_for_good_are_reported_as_a_gap(port: int) -> None:
    gate = Gate(answer_all)
    seen: list[Event] = []
    gaps: list[str] = []
    with client_of(port) as client:
        client.on_event(seen.append)
        client.on_gap(lambda: gaps.append("gap"))
        with router_on(port, gate):
            client.follow()

        gate.log.append(staff_changed(6))
        gate.forgotten = True
        with router_on(port, gate) as router:
            until(lambda: bool(gaps))
            publish(router, gate, staff_changed(7))
            until(lambda: bool(seen))

    assert gaps == ["gap"]
    assert numbers(seen) == [7]


def test_a_session_that_has_ended_cannot_follow(port: int) -> None:
    lapsed: list[Fault] = []
    ended = msgspec.structs.replace(SIGNED_IN, secret="ended")
    with router_on(port, Gate(lambda call: done(call, ended))), client_of(port) as client:
        client.on_lapsed(lapsed.append)
        client.sign_in("ada", "pass word")
        with pytest.raises(FaultError, match="not signed in") as raised:
            client.follow()

    assert lapsed == [raised.value.fault]
