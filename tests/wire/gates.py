"""A server without a clinic: the real router on encrypted sockets, before a gate that answers as told."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import zmq

from hms_desktop.connection.client import Client
from hms_desktop.connection.engine import Timings
from hms_desktop.connection.identity import KeyPair, PinnedServer, new_key_pair
from hms_server.clock import system_clock
from hms_server.contract.accounts import Nothing, SignedIn, StaffChanged, StaffList
from hms_server.contract.envelope import (
    Call,
    Done,
    Event,
    Fault,
    FromServer,
    Ping,
    Position,
    Refusal,
    ToServer,
)
from hms_server.contract.values import Person, Role, StaffId
from hms_server.router import Router

SERVER = new_key_pair()
WORKSTATION = new_key_pair()
PATIENCE_S = 60.0
"""For whatever must happen: a machine with too much to do needs long, and a good one never waits so long."""
PATIENT = Timings(ping_every_s=0.1, dead_after_s=PATIENCE_S, answer_within_s=PATIENCE_S)
"""Looks often, and gives up no server that is merely slow: what was asked there would be asked twice."""
SIGNED_IN = SignedIn(
    secret="s3cret",
    session_id=1,
    person=Person(id=StaffId(1), name="Ada Obi"),
    roles=[Role.NURSE],
    room_id=None,
    idle_minutes=30,
)


@dataclass(frozen=True)
class Somebody:
    """An actor who may see everything with the audience "all"."""

    permissions: frozenset[str] = frozenset({"all"})
    staff_id: StaffId | None = None


@dataclass(frozen=True)
class Stored:
    """An event as the pump would hand it over."""

    position: Position
    name: str
    body: bytes
    audience: str = "all"
    staff_id: StaffId | None = None
    at: datetime = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class Gate:
    """Answers as told, and keeps each request that it was asked; may stand behind several routers."""

    answer: Callable[[Call], FromServer]
    devices: set[str] = field(default_factory=lambda: {WORKSTATION.public_key})
    calls: list[Call] = field(default_factory=list)
    log: list[Stored] = field(default_factory=list)
    forgotten: bool = False

    def knows_device(self, public_key: str) -> bool:
        return public_key in self.devices

    def identify(self, secret: str, public_key: str) -> Somebody | Fault | None:
        return self.identify_slowly(secret, public_key)

    def peek(self, secret: str, public_key: str) -> Somebody | Fault | None:
        return self.identify_slowly(secret, public_key)

    def identify_slowly(self, secret: str, public_key: str) -> Somebody | Fault:
        if secret == "ended" or public_key not in self.devices:
            return Fault(code="session.ended", message="You are not signed in any more.")
        return Somebody()

    def admit(self, call: Call, actor: Somebody) -> Call | Refusal:
        assert actor == Somebody()
        # A workstation says again what may be lost, under the same id; that is one request.
        if all(known.id != call.id for known in self.calls):
            self.calls.append(msgspec.structs.replace(call, body=msgspec.Raw(bytes(call.body))))
        return call

    def at_once(self, call: Call, public_key: str) -> None:
        """Every answer comes from a worker."""

    def is_slow(self, name: str) -> bool:
        return name == "SignIn"

    def is_spare(self, name: str) -> bool:
        return name == "ReadUpdatePart"

    def run(self, task: Call) -> FromServer:
        return self.answer(task)

    def read_events(self, after: Position) -> Sequence[Stored] | None:
        return None if self.forgotten else [event for event in self.log if event.position > after]

    def close_thread(self) -> None:
        pass


def done(call: Call, answer: object) -> Done:
    return Done(call.id, msgspec.Raw(msgspec.msgpack.encode(answer)))


def answer_all(call: Call) -> FromServer:
    """A server that can do what these tests ask for."""
    if call.name == "SignIn":
        return done(call, SIGNED_IN)
    if call.name == "ListStaff":
        return done(call, StaffList(staff=[]))
    return done(call, Nothing())


@contextmanager
def router_on(port: int, gate: Gate) -> Iterator[Router[Somebody, Call]]:
    """A running server; leaving the block ends it."""
    router = Router[Somebody, Call](
        gate,
        bind=f"tcp://127.0.0.1:{port}",
        secret_key=SERVER.secret_key.encode(),
        public_key=SERVER.public_key.encode(),
        clock=system_clock,
        workers=2,
        slow_workers=1,
    )
    router.start(gate.log[-1].position if gate.log else Position(1, 0))
    try:
        yield router
    finally:
        router.stop()


def client_of(*ports: int, keys: KeyPair = WORKSTATION, timings: Timings = PATIENT) -> Client:
    addresses = [f"tcp://127.0.0.1:{port}" for port in ports]
    pinned = PinnedServer(
        name="Test Clinic", addresses=addresses, public_key=SERVER.public_key, device_name="Desk 1"
    )
    return Client(pinned, keys, timings=timings, interfaces=[])


def until(condition: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, "did not happen in time"
        time.sleep(0.01)


def staff_changed(transaction: int) -> Stored:
    body = msgspec.msgpack.encode(StaffChanged(staff_id=StaffId(transaction)))
    return Stored(Position(transaction, transaction), "StaffChanged", body)


def publish(router: Router[Somebody, Call], gate: Gate, *events: Stored) -> None:
    gate.log.extend(events)
    router.publish(events)


def numbers(seen: list[Event]) -> list[int]:
    return [event.staff_id for event in seen if isinstance(event, StaffChanged)]


@contextmanager
def bare_router(port: int) -> Iterator[zmq.Socket[bytes]]:
    """A server that lets everybody in and says nothing by itself."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    server = context.socket(zmq.ROUTER)
    server.curve_server = True
    server.curve_secretkey = SERVER.secret_key.encode()
    server.rcvtimeo = int(PATIENCE_S * 1000)
    server.bind(f"tcp://127.0.0.1:{port}")
    try:
        yield server
    finally:
        server.close(linger=0)
        context.term()


def receive_call(server: zmq.Socket[bytes]) -> tuple[bytes, Call]:
    while True:
        identity, frame = server.recv_multipart()
        message = msgspec.msgpack.decode(frame, type=ToServer)
        if isinstance(message, Call):
            return identity, message
        assert isinstance(message, Ping)


def next_call(server: zmq.Socket[bytes]) -> Call:
    return receive_call(server)[1]
