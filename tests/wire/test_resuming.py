"""Going on after an interruption at the moments when something else happens at the same time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec
import zmq

from hms_server.contract.envelope import (
    Call,
    Events,
    Fault,
    Follow,
    Following,
    FromServer,
    Position,
    ToServer,
)
from hms_server.database import connect
from hms_server.events import EventPump
from hms_server.faults import DATABASE_AWAY
from hms_server.following import AHEAD_PATIENCE_S, Ahead, Resumed, missed_between
from hms_server.router import Router
from tests.wire.gates import (
    PATIENCE_S,
    SERVER,
    WORKSTATION,
    Gate,
    Somebody,
    Stored,
    answer_all,
    client_of,
    router_on,
    staff_changed,
    until,
)
from tests.wire.ports import free_port


@dataclass
class SlowGate(Gate):
    """A gate that needs the database to know a session, as after a restart of the server."""

    routers: list[Router[Somebody, Call]] = field(default_factory=list)
    away: int = 0

    def identify(self, *_: str) -> Somebody | Fault | None:
        return None

    def identify_slowly(self, *_: str) -> Somebody | Fault:
        self.away -= 1
        return DATABASE_AWAY if self.away >= 0 else Somebody()

    def read_events(self, after: Position) -> Sequence[Stored] | None:
        """While the answer of the database is on its way, another event is committed and published."""
        found = [event for event in self.log if event.position > after]
        late = staff_changed(found[-1].position.transaction + 1)
        self.routers[0].publish([late])
        until(lambda: self.routers[0]._position == late.position)
        return found


def exchange(port: int, message: ToServer, *, answers: int) -> list[FromServer]:
    """What comes back to a bare workstation that sends one message."""
    decoder = msgspec.msgpack.Decoder(FromServer)
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.curve_serverkey = SERVER.public_key.encode()
        dealer.curve_publickey = WORKSTATION.public_key.encode()
        dealer.curve_secretkey = WORKSTATION.secret_key.encode()
        dealer.linger, dealer.rcvtimeo = 0, int(PATIENCE_S * 1000)
        dealer.connect(f"tcp://127.0.0.1:{port}")
        dealer.send(msgspec.msgpack.encode(message))
        return [decoder.decode(dealer.recv_multipart()[-1]) for _ in range(answers)]


def test_an_event_published_while_missed_ones_are_read_is_not_lost() -> None:
    """It is in neither the answer of the database nor in what follows the subscription."""
    port = free_port()
    gate = SlowGate(answer_all, log=[staff_changed(4)])
    with router_on(port, gate) as router:
        gate.routers.append(router)
        gate.log.append(staff_changed(5))
        router.publish(gate.log[-1:])
        follow = Follow("s3cret", Position(3, 3))
        until(lambda: router._position == Position(5, 5))

        following, events = exchange(port, follow, answers=2)

    assert following == Following(Position(3, 3), gap=False)
    assert isinstance(events, Events)
    assert [item.position.transaction for item in events.items] == [4, 5, 6]


def test_what_was_read_and_what_was_remembered_is_told_once_each() -> None:
    """Read up to 6, remembered from 5 on: nothing twice, nothing left out, nothing from beyond "now"."""
    earlier = [staff_changed(number) for number in (3, 4, 5, 6)]
    recent = [staff_changed(number) for number in (5, 6, 7, 8)]

    missed = missed_between(Position(3, 3), Position(7, 7), earlier=earlier, recent=recent)

    assert [event.position.transaction for event in missed] == [4, 5, 6, 7]


def test_who_comes_from_a_quicker_server_goes_on_without_a_gap() -> None:
    """The other server has told it of 6 and 7 already; this one has read as far as 5."""
    port = free_port()
    gate = Gate(answer_all)
    with router_on(port, gate) as router:
        router.publish([staff_changed(5)])
        until(lambda: router._position == Position(5, 5))
        follow = Follow("s3cret", Position(7, 7))

        with ThreadPoolExecutor(1) as pool:
            answers = pool.submit(exchange, port, follow, answers=2)
            until(lambda: bool(router._ahead.reached(Position(7, 7))))
            router.publish([staff_changed(6)])
            router.publish([staff_changed(7), staff_changed(8)])
            following, events = answers.result()

    assert following == Following(Position(7, 7), gap=False)
    assert isinstance(events, Events)
    assert [item.position.transaction for item in events.items] == [8]


def test_a_place_that_nobody_ever_reached_is_a_gap() -> None:
    """Asked again, as workstations do that get no answer."""
    ahead: Ahead[Somebody] = Ahead()
    lost = Resumed(b"desk", "key", Follow("s3cret", Position(99, 1)), Somebody(), None)
    now = Position(5, 5)

    assert ahead.holds(lost, now, at_s=100.0)
    assert ahead.holds(lost, now, at_s=100.0 + AHEAD_PATIENCE_S / 2)
    assert not ahead.holds(lost, now, at_s=100.0 + AHEAD_PATIENCE_S)
    assert ahead.holds(lost, now, at_s=200.0)
    ahead.forget(before_s=201.0)
    assert ahead.reached(Position(99, 1)) == []


def test_a_database_that_is_away_ends_nobodys_session() -> None:
    """The workstation asks again until somebody can tell, and is not signed out meanwhile."""
    gate = SlowGate(answer_all, away=2)
    lapsed: list[Fault] = []
    port = free_port()
    with router_on(port, gate), client_of(port) as client:
        client.on_lapsed(lapsed.append)

        position = client.follow()

    assert position == Position(1, 0)
    assert gate.away < 0
    assert lapsed == []


def test_what_commits_while_the_server_stops_is_not_taken_for_a_mistake(database: str) -> None:
    """The workers finish what they hold after the event reader has ended."""
    pump = EventPump(lambda: connect(database, application_name="tests"), lambda _: None)
    pump.start()
    pump.started.wait()
    pump.stop()

    pump.committed()

    assert not pump.is_alive()
