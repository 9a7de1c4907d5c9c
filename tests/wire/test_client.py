"""The desktop's client against the real router over real encrypted sockets."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue

import msgspec
import pytest
import zmq

from hms_desktop.connection.client import Client
from hms_desktop.connection.engine import Timings
from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import KeyPair, PinnedServer, new_key_pair
from hms_server.clock import system_clock
from hms_server.contract.accounts import (
    DeviceChanged,
    EndSessions,
    ListStaff,
    Nothing,
    SignedIn,
    SignIn,
    StaffChanged,
    StaffList,
)
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
from hms_server.contract.values import DeviceId, Person, Role, StaffId
from hms_server.router import Router
from tests.wire.ports import free_port

SERVER = new_key_pair()
WORKSTATION = new_key_pair()
FAST = Timings(ping_every_s=0.1, dead_after_s=0.6, answer_within_s=5)
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
    """Answers as told, and keeps what it was asked; one gate may stand behind several routers."""

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


def client_of(*ports: int, keys: KeyPair = WORKSTATION, timings: Timings = FAST) -> Client:
    addresses = [f"tcp://127.0.0.1:{port}" for port in ports]
    pinned = PinnedServer(
        name="Test Clinic", addresses=addresses, public_key=SERVER.public_key, device_name="Desk 1"
    )
    return Client(pinned, keys, timings=timings, interfaces=[])


def until(condition: Callable[[], bool], *, within_s: float = 5) -> None:
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


@pytest.fixture
def port() -> int:
    return free_port()


def test_an_answer_comes_back_as_the_type_the_request_promises(port: int) -> None:
    with router_on(port, Gate(answer_all)), client_of(port) as client:
        answer = client.ask(ListStaff())

    assert answer == StaffList(staff=[])


def test_a_refusal_is_raised_with_the_fault_the_server_gave(port: int) -> None:
    fault = Fault(code="staff.unknown", message="There is no such person.", field="staff_id")

    with (
        router_on(port, Gate(lambda call: Refusal(call.id, fault))),
        client_of(port) as client,
        pytest.raises(FaultError, match="no such person") as raised,
    ):
        client.ask(EndSessions(staff_id=StaffId(9)))

    assert raised.value.fault == fault


def test_sign_in_speaks_for_every_later_request_until_sign_out(port: int) -> None:
    gate = Gate(answer_all)

    with router_on(port, gate), client_of(port) as client:
        assert client.sign_in("ada", "pass word").person.name == "Ada Obi"
        client.ask(ListStaff())
        client.sign_out()
        client.ask(ListStaff())

    assert [call.session for call in gate.calls] == ["", "s3cret", "s3cret", ""]


def test_without_a_server_the_wait_ends_with_a_sentence_about_the_connection(port: int) -> None:
    with client_of(port) as client, pytest.raises(FaultError, match="no connection") as raised:
        client.ask(ListStaff(), timeout_s=0.3)

    assert raised.value.fault.code == "link.down"


def test_a_server_that_does_not_answer_in_time_leaves_the_id_for_asking_again(port: int) -> None:
    release = threading.Event()

    def slowly(call: Call) -> FromServer:
        release.wait(5)
        return answer_all(call)

    gate = Gate(slowly)
    with router_on(port, gate), client_of(port) as client:
        until(lambda: client.link.connected)
        with pytest.raises(FaultError, match="not answered within") as raised:
            client.ask(ListStaff(), timeout_s=0.2)
        release.set()

    assert raised.value.fault.code == "link.timeout"
    assert raised.value.fault.data["request_id"] == str(gate.calls[0].id)
    assert client.waiting == 0


def test_a_workstation_that_is_not_paired_is_told_so(port: int) -> None:
    with (
        router_on(port, Gate(answer_all, devices=set())),
        client_of(port) as client,
        pytest.raises(FaultError, match="paired again") as raised,
    ):
        client.ask(ListStaff(), timeout_s=0.5)

    assert raised.value.fault.code == "link.not_paired"


def test_a_server_with_another_key_is_never_talked_to(port: int) -> None:
    other = new_key_pair()
    pinned = PinnedServer(
        name="Other", addresses=[f"tcp://127.0.0.1:{port}"], public_key=other.public_key, device_name="D"
    )
    gate = Gate(answer_all)

    with (
        router_on(port, gate),
        Client(pinned, WORKSTATION, timings=FAST, interfaces=[]) as client,
        pytest.raises(FaultError) as raised,
    ):
        client.ask(ListStaff(), timeout_s=0.5)

    assert raised.value.fault.code == "link.down"
    assert gate.calls == []


def test_what_was_submitted_while_the_server_was_away_is_sent_when_it_comes(port: int) -> None:
    outcomes: SimpleQueue[Nothing | Fault] = SimpleQueue()

    with client_of(port) as client:
        client.submit(EndSessions(staff_id=StaffId(4)), outcomes.put)
        waiting_before = client.waiting
        with router_on(port, Gate(answer_all)):
            outcome = outcomes.get(timeout=5)
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
            outcome = outcomes.get(timeout=5)

    assert outcome == Nothing()
    assert first == gate.calls[0]
    assert first.id == call_id


def test_a_silent_server_is_given_up_for_the_next_one() -> None:
    silent_port, good_port = free_port(), free_port()
    states: list[tuple[bool, str]] = []

    with (
        bare_router(silent_port),
        router_on(good_port, Gate(answer_all)),
        client_of(silent_port, good_port) as client,
    ):
        client.on_link(lambda link: states.append((link.connected, link.server)))
        answer = client.ask(ListStaff())
        until(lambda: client.link.connected)

    assert answer == StaffList(staff=[])
    assert states[-1] == (True, f"tcp://127.0.0.1:{good_port}")


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
    assert 0 <= round_trip_ms < 1000


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


@pytest.mark.allow_log("message not understood")
def test_rubbish_from_the_server_is_logged_and_harms_nothing(port: int) -> None:
    with bare_router(port) as server, client_of(port) as client:
        answers: SimpleQueue[StaffList | Fault] = SimpleQueue()
        client.submit(ListStaff(), answers.put)
        identity, call = receive_call(server)

        for rubbish in (b"", b"\xc1", b"\x93\x01\x02\x03", msgspec.msgpack.encode(["done", "no id", {}])):
            server.send_multipart([identity, rubbish])
        server.send_multipart([identity, msgspec.msgpack.encode(done(call, StaffList(staff=[])))])

        assert answers.get(timeout=5) == StaffList(staff=[])


@pytest.mark.allow_log("answer not understood")
def test_an_answer_that_this_program_cannot_read_is_a_fault_and_not_a_crash(port: int) -> None:
    with (
        router_on(port, Gate(lambda call: done(call, {"staff": 7}))),
        client_of(port) as client,
        pytest.raises(FaultError, match="too old") as raised,
    ):
        client.ask(ListStaff())

    assert raised.value.fault.code == "link.not_understood"


@pytest.mark.allow_log("callback failed")
def test_a_failing_callback_stops_neither_the_others_nor_the_connection(port: int) -> None:
    outcomes: SimpleQueue[StaffList | Fault] = SimpleQueue()

    def fail(outcome: object) -> None:
        raise ValueError(outcome)

    with router_on(port, Gate(answer_all)), client_of(port) as client:
        client.submit(ListStaff(), fail)
        client.submit(ListStaff(), outcomes.put)

        assert outcomes.get(timeout=5) == StaffList(staff=[])


def test_asking_inside_a_callback_is_refused_instead_of_hanging(port: int) -> None:
    outcomes: SimpleQueue[str] = SimpleQueue()

    with router_on(port, Gate(answer_all)), client_of(port) as client:

        def ask_again(_: object) -> None:
            try:
                client.ask(ListStaff())
            except RuntimeError as error:
                outcomes.put(str(error))

        client.submit(ListStaff(), ask_again)

        assert "submit()" in outcomes.get(timeout=5)


def test_close_settles_every_call_and_leaves_no_thread(port: int) -> None:
    before = threading.active_count()
    outcomes: list[Nothing | Fault] = []
    client = client_of(port)
    client.submit(EndSessions(staff_id=StaffId(4)), outcomes.append)

    client.close()
    client.close()

    assert [outcome.code for outcome in outcomes if isinstance(outcome, Fault)] == ["link.closed"]
    assert threading.active_count() == before
    with pytest.raises(FaultError, match="closed"):
        client.ask(ListStaff())


def test_many_threads_share_one_client(port: int) -> None:
    answers: SimpleQueue[object] = SimpleQueue()

    def ask_often(client: Client) -> None:
        for _ in range(50):
            answers.put(client.ask(SignIn(user_name="ada", password="pass word")))

    with router_on(port, Gate(answer_all)), client_of(port) as client:
        threads = [threading.Thread(target=ask_often, args=(client,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert answers.qsize() == 400
    assert all(answers.get() == SIGNED_IN for _ in range(400))


@contextmanager
def bare_router(port: int) -> Iterator[zmq.Socket[bytes]]:
    """A server that lets everybody in and says nothing by itself."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    server = context.socket(zmq.ROUTER)
    server.curve_server = True
    server.curve_secretkey = SERVER.secret_key.encode()
    server.rcvtimeo = 5000
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
