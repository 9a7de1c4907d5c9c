"""A workstation and a server with only a short code in common come to trust each other, and nobody else."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import zmq
from spake2 import SPAKE2_A, SPAKE2_B
from zmq.utils import z85

from hms_desktop.connection import pairing as workstation
from hms_desktop.connection.client import Client
from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import new_key_pair
from hms_desktop.connection.pairing import DeskAddress
from hms_server import pairing
from hms_server.accounts.pairing_codes import CODE_LASTS, TRIES, PairingCodes, open_code
from hms_server.app import Server
from hms_server.config import Settings
from hms_server.contract.accounts import SignIn
from hms_server.contract.pairing import (
    MAX_PAIRING_BYTES,
    PAIRING_PROTOCOL,
    SERVER_IDENTITY,
    WORKSTATION_IDENTITY,
    Challenge,
    FromDesk,
    Hello,
    Invitation,
    Proof,
    Rejection,
    Welcome,
    derive_keys,
    digits_of,
)
from hms_server.pairing import PairingDesk
from tests.wire.ports import free_port
from tests.wire.processes import within

SERVER = new_key_pair()
NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
PATIENCE_S = 60.0
"""For whatever must happen; a good machine never waits so long."""
pair = partial(workstation.pair, timeout_s=PATIENCE_S)


class Clock:
    """The time that a test wants it to be."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Clinic:
    """A running desk on a database of its own."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.clock = Clock()
        self.port = free_port()
        self.paired = 0
        self.desk = self.new_desk(self.port)

    @property
    def address(self) -> DeskAddress:
        return DeskAddress("127.0.0.1", self.port)

    def new_desk(self, port: int) -> PairingDesk:
        return PairingDesk(
            PairingCodes(lambda: psycopg.connect(self.dsn), clock=self.clock),
            bind=f"tcp://127.0.0.1:{port}",
            invite=lambda name: Invitation(
                clinic_name="Harmony Clinic",
                device_name=name,
                public_key=SERVER.public_key,
                addresses=["tcp://10.1.2.3:7717"],
            ),
            paired=self._count,
            look_every_s=0.05,
        )

    def _count(self) -> None:
        self.paired += 1

    def open_code(self, device_name: str = "Front desk 1") -> str:
        """What `hms-server device code` does, from another connection; waits until the desk has noticed."""
        with psycopg.connect(self.dsn) as connection:
            code = open_code(connection, device_name=device_name, now=self.clock.now).code
        assert self.desk.is_open.wait(PATIENCE_S)
        return code

    def rows(self, sql: str) -> list[Any]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(sql.encode()).fetchall()


@pytest.fixture
def clinic(database: str) -> Iterator[Clinic]:
    clinic = Clinic(database)
    clinic.desk.start()
    yield clinic
    clinic.desk.stop()


def refused(clinic: Clinic, code: str, *, timeout_s: float = PATIENCE_S) -> str:
    with pytest.raises(FaultError) as raised:
        pair(clinic.address, code, device_name="Desk", timeout_s=timeout_s)
    return raised.value.fault.code


def wrong(code: str) -> str:
    return f"{(int(digits_of(code)) + 1) % 10**8:08}"


def test_the_code_gives_the_workstation_the_server_and_the_server_the_workstation(clinic: Clinic) -> None:
    code = clinic.open_code("Front desk 1")

    paired = pair(clinic.address, code, device_name="host-17")

    assert paired.server.name == "Harmony Clinic"
    assert paired.server.public_key == SERVER.public_key
    assert paired.server.device_name == "Front desk 1"
    assert paired.server.addresses == ["tcp://127.0.0.1:7717", "tcp://10.1.2.3:7717"]
    assert clinic.rows("select public_key, name from device") == [(paired.keys.public_key, "Front desk 1")]
    assert clinic.paired == 1


def test_a_code_may_be_typed_with_spaces_dashes_or_neither(clinic: Clinic) -> None:
    code = clinic.open_code()

    paired = pair(clinic.address, f" {code[:4]}-{code[5:]} ", device_name="Desk")

    assert paired.server.name == "Harmony Clinic"


@pytest.mark.parametrize("typed", ["", "1234", "1234 567", "1234 5678 9", "abcd efgh", "١٢٣٤ ٥٦٧٨"])
def test_what_is_no_code_is_refused_before_anything_is_sent(typed: str) -> None:
    with pytest.raises(FaultError, match="8 digits") as raised:
        pair(DeskAddress("127.0.0.1", 1), typed, device_name="Desk")

    assert raised.value.fault.field == "code"


def test_pairing_leaves_an_audit_row_and_tells_the_other_servers(clinic: Clinic) -> None:
    pair(clinic.address, clinic.open_code(), device_name="Desk")

    assert clinic.rows("select request, outcome from audit") == [("PairDevice", "done")]
    assert clinic.rows("select name, audience from event") == [("DeviceChanged", "administer")]


def test_without_an_open_code_the_desk_does_not_even_listen(clinic: Clinic) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", clinic.port), timeout=1)

    assert refused(clinic, "1234 5678", timeout_s=0.5) == "pairing.no_answer"


@pytest.mark.allow_log("wrong pairing code")
def test_a_wrong_code_is_refused_and_counted_in_the_database(clinic: Clinic) -> None:
    code = clinic.open_code()

    with pytest.raises(FaultError, match="Tries left: 4") as raised:
        pair(clinic.address, wrong(code), device_name="Desk")

    assert raised.value.fault.code == "pairing.wrong_code"
    assert clinic.rows("select tries_left from pairing_code") == [(4,)]
    assert clinic.rows("select count(*) from device") == [(0,)]
    assert clinic.rows("select outcome from audit") == [("refused",)]


@pytest.mark.allow_log("wrong pairing code")
def test_five_wrong_tries_end_the_code_also_for_who_knows_it(clinic: Clinic) -> None:
    code = clinic.open_code()

    answers = [refused(clinic, wrong(code)) for _ in range(TRIES)]

    assert answers == ["pairing.wrong_code"] * TRIES
    assert refused(clinic, code, timeout_s=1) in {"pairing.closed", "pairing.no_answer"}


@pytest.mark.allow_log("wrong pairing code")
def test_the_right_code_may_come_with_the_last_try(clinic: Clinic) -> None:
    code = clinic.open_code()
    for _ in range(TRIES - 1):
        refused(clinic, wrong(code))

    paired = pair(clinic.address, code, device_name="Desk")

    assert paired.server.name == "Harmony Clinic"


@pytest.mark.allow_log("wrong pairing code")
def test_tries_are_counted_together_by_all_servers(clinic: Clinic) -> None:
    code = clinic.open_code()
    port = free_port()
    second = clinic.new_desk(port)
    second.start()
    assert second.is_open.wait(PATIENCE_S)

    for _ in range(3):
        refused(clinic, wrong(code))
    answers = []
    for _ in range(2):
        with pytest.raises(FaultError) as raised:
            pair(DeskAddress("127.0.0.1", port), wrong(code), device_name="Desk")
        answers.append(raised.value.fault.data["tries_left"])
    second.stop()

    assert answers == ["1", "0"]


def test_a_code_works_once(clinic: Clinic) -> None:
    code = clinic.open_code()
    pair(clinic.address, code, device_name="Desk")

    assert refused(clinic, code, timeout_s=1) in {"pairing.closed", "pairing.no_answer"}
    assert clinic.rows("select count(*) from device") == [(1,)]
    assert clinic.rows("select code from pairing_code") == [("",)]


def test_two_workstations_with_one_code_at_once_pair_one(clinic: Clinic) -> None:
    code = clinic.open_code()
    outcomes: list[str] = []

    def try_to_pair() -> None:
        try:
            outcomes.append(pair(clinic.address, code, device_name="Desk", timeout_s=15).server.name)
        except FaultError as error:
            outcomes.append(error.fault.code)

    threads = [threading.Thread(target=try_to_pair) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("Harmony Clinic") == 1
    assert clinic.rows("select count(*) from device") == [(1,)]


def test_a_code_ends_after_ten_minutes(clinic: Clinic) -> None:
    code = clinic.open_code()

    clinic.clock.now = NOW + CODE_LASTS + timedelta(seconds=1)

    assert refused(clinic, code, timeout_s=1) in {"pairing.closed", "pairing.no_answer"}


@pytest.mark.allow_log("wrong pairing code")
def test_a_new_code_ends_the_one_before(clinic: Clinic) -> None:
    first = clinic.open_code()
    second = clinic.open_code()

    assert refused(clinic, first) == "pairing.wrong_code"
    assert pair(clinic.address, second, device_name="Desk").server.name == "Harmony Clinic"
    assert refused(clinic, first, timeout_s=1) in {"pairing.closed", "pairing.no_answer"}


def test_a_listener_finds_neither_code_nor_keys_in_what_crossed_the_cable(clinic: Clinic) -> None:
    code = clinic.open_code()

    with listener(clinic.port) as (port, record):
        paired = pair(DeskAddress("127.0.0.1", port), code, device_name="Front desk 1")
        heard = bytes(record)

    assert len(heard) > 300
    for secret in (paired.keys.public_key, paired.keys.secret_key, SERVER.public_key, SERVER.secret_key):
        assert secret.encode() not in heard
        assert z85.decode(secret.encode()) not in heard
    for known in (code, digits_of(code), "Harmony", "Front desk", "10.1.2.3"):
        assert known.encode() not in heard


@pytest.mark.allow_log("wrong pairing code")
def test_a_recording_played_back_pairs_nobody(clinic: Clinic) -> None:
    code = clinic.open_code()
    spake = SPAKE2_A(digits_of(code).encode(), idA=WORKSTATION_IDENTITY, idB=SERVER_IDENTITY)
    hello = Hello(PAIRING_PROTOCOL, spake.start())

    with dealer(clinic.port) as ask:
        challenge = ask(hello)
        assert isinstance(challenge, Challenge)
        keys = derive_keys(spake.finish(challenge.message), hello, challenge)
        proof = Proof(challenge.attempt, keys.workstation_confirmation, b"not sealed by the key")
        first = ask(proof)
        again = ask(proof)

    with dealer(clinic.port) as ask:
        fresh = ask(hello)
        assert isinstance(fresh, Challenge)
        replayed = ask(proof)
        with_new_attempt = ask(Proof(fresh.attempt, keys.workstation_confirmation, b""))

    assert [faulty(answer) for answer in (first, again, replayed)] == [
        "pairing.malformed",
        "pairing.over",
        "pairing.over",
    ]
    assert faulty(with_new_attempt) == "pairing.wrong_code"
    assert clinic.rows("select count(*) from device") == [(0,)]


def test_an_attempt_belongs_to_the_connection_that_began_it(clinic: Clinic) -> None:
    clinic.open_code()

    with dealer(clinic.port) as ask, dealer(clinic.port) as ask_as_another:
        challenge = ask(Hello(PAIRING_PROTOCOL, SPAKE2_A(b"1").start()))
        assert isinstance(challenge, Challenge)
        answer = ask_as_another(Proof(challenge.attempt, b"", b""))

    assert faulty(answer) == "pairing.over"
    assert clinic.rows("select tries_left from pairing_code") == [(TRIES,)]


RUBBISH = [
    b"",
    b"\xc1",
    b"\x00" * 100,
    msgspec.msgpack.encode(["hello"]),
    msgspec.msgpack.encode(["hello", 1, "text"]),
    msgspec.msgpack.encode(["proof", 1, 2, 3]),
    msgspec.msgpack.encode(["welcome", b"", b""]),
    msgspec.msgpack.encode(Hello(PAIRING_PROTOCOL, b"")),
    msgspec.msgpack.encode(Hello(PAIRING_PROTOCOL, b"A" + bytes(31))),
    msgspec.msgpack.encode(Hello(PAIRING_PROTOCOL, b"A" + bytes(32))),
    msgspec.msgpack.encode(Hello(PAIRING_PROTOCOL, b"A" + b"\x01" + bytes(31))),
    msgspec.msgpack.encode(Hello(PAIRING_PROTOCOL, b"A" + b"\xff" * 32)),
    msgspec.msgpack.encode(Hello(PAIRING_PROTOCOL, SPAKE2_B(b"1").start())),
]


def test_malformed_messages_are_refused_by_type_and_cost_no_try(clinic: Clinic) -> None:
    code = clinic.open_code()

    with dealer(clinic.port) as ask:
        answers = [faulty(ask(rubbish)) for rubbish in RUBBISH]

    assert answers == ["pairing.malformed"] * len(RUBBISH)
    assert clinic.rows("select tries_left from pairing_code") == [(TRIES,)]
    assert pair(clinic.address, code, device_name="Desk").server.name == "Harmony Clinic"


def test_an_oversized_frame_is_cut_off_and_the_desk_goes_on(clinic: Clinic) -> None:
    code = clinic.open_code()

    with dealer(clinic.port, timeout_ms=500) as ask, pytest.raises(zmq.Again):
        ask(bytes(MAX_PAIRING_BYTES + 1))

    assert pair(clinic.address, code, device_name="Desk").server.name == "Harmony Clinic"


def test_a_newer_workstation_is_told_to_update_the_server(clinic: Clinic) -> None:
    clinic.open_code()

    with dealer(clinic.port) as ask:
        answer = ask(Hello(PAIRING_PROTOCOL + 1, SPAKE2_A(b"1").start()))

    assert faulty(answer) == "protocol.newer"


def test_a_flood_of_attempts_is_slowed_down_and_costs_no_try(clinic: Clinic) -> None:
    clinic.open_code()
    hello = Hello(PAIRING_PROTOCOL, SPAKE2_A(b"1").start())

    with dealer(clinic.port) as ask:
        answers = [ask(hello) for _ in range(pairing.HELLOS_PER_SECOND * 2)]

    assert "pairing.busy" in [faulty(answer) for answer in answers if isinstance(answer, Rejection)]
    assert clinic.rows("select tries_left from pairing_code") == [(TRIES,)]


def test_a_key_that_is_already_known_is_not_stored_twice(clinic: Clinic) -> None:
    known = pair(clinic.address, clinic.open_code(), device_name="Desk")
    with psycopg.connect(clinic.dsn) as connection:
        open_code(connection, device_name="Desk", now=NOW)
    codes = PairingCodes(lambda: psycopg.connect(clinic.dsn), clock=clinic.clock)
    code = codes.current()
    assert code is not None

    stored = codes.redeem(code.id, public_key=known.keys.public_key, device_name="Copy")
    codes.close()

    assert not stored
    assert clinic.rows("select name from device") == [("Front desk 1",)]


def test_a_false_server_learns_nothing_and_the_workstation_says_so() -> None:
    """It runs the whole protocol with a guess of its own, and answers as if it had been right."""
    code = "1234 5678"

    def pretend(hello: Hello) -> tuple[Challenge, Callable[[Proof], FromDesk]]:
        spake = SPAKE2_B(b"00000000", idA=WORKSTATION_IDENTITY, idB=SERVER_IDENTITY)
        challenge = Challenge(b"attempt", spake.start())
        keys = derive_keys(spake.finish(hello.message), hello, challenge)
        return challenge, lambda _: Welcome(keys.server_confirmation, b"sealed")

    with false_server(pretend) as (port, heard), pytest.raises(FaultError) as raised:
        pair(DeskAddress("127.0.0.1", port), code, device_name="Front desk 1")

    assert raised.value.fault.code == "pairing.false_server"
    assert "learnt nothing" in raised.value.fault.message
    assert raised.value.fault.message.count(". ") == 0
    assert digits_of(code).encode() not in b"".join(heard)
    assert b"Front desk" not in b"".join(heard)


def test_a_server_that_only_reflects_is_unmasked() -> None:
    def reflect(hello: Hello) -> tuple[Challenge, Callable[[Proof], FromDesk]]:
        return Challenge(b"attempt", b"B" + hello.message[1:]), lambda proof: Welcome(
            proof.confirmation, proof.sealed
        )

    with false_server(reflect) as (port, heard), pytest.raises(FaultError) as raised:
        pair(DeskAddress("127.0.0.1", port), "1234 5678", device_name="Desk")

    assert raised.value.fault.code == "pairing.false_server"
    assert len(heard) == 1


@pytest.mark.allow_log("pairing has to wait")
def test_a_database_that_is_away_is_said_and_waited_for(clinic: Clinic) -> None:
    code = clinic.open_code()
    with psycopg.connect(clinic.dsn) as connection:
        connection.execute("alter table pairing_code rename to pairing_code_away")
        connection.commit()
        away = refused(clinic, code, timeout_s=2)
        connection.execute("alter table pairing_code_away rename to pairing_code")
    assert clinic.desk.is_open.wait(PATIENCE_S)

    paired = pair(clinic.address, code, device_name="Desk")

    assert away in {"server.database_away", "pairing.no_answer"}
    assert paired.server.name == "Harmony Clinic"


@pytest.mark.allow_log("pairing has to wait")
def test_a_port_in_use_is_logged_and_tried_again(clinic: Clinic) -> None:
    with socket.create_server(("127.0.0.1", clinic.port)):
        with psycopg.connect(clinic.dsn) as connection:
            code = open_code(connection, device_name="Desk", now=NOW).code
        assert not clinic.desk.is_open.wait(1.5)

    assert clinic.desk.is_open.wait(PATIENCE_S)
    assert pair(clinic.address, code, device_name="Desk").server.name == "Harmony Clinic"


def test_a_paired_workstation_is_let_in_at_once_and_an_unpaired_one_is_not(
    database: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, bind="127.0.0.1", port=0, pairing_port=free_port(), announce=False)
    server = Server(settings, database)
    server.start()
    with psycopg.connect(database) as connection:
        code = open_code(connection, device_name="Front desk 1", now=datetime.now(UTC)).code
    assert server.pairing.is_open.wait(PATIENCE_S)

    paired = pair(DeskAddress("127.0.0.1", settings.pairing_port), code, device_name="host")
    with Client(paired.server, paired.keys) as client, pytest.raises(FaultError) as let_in:
        client.ask(SignIn(user_name="nobody", password="wrong"), timeout_s=PATIENCE_S)
    with Client(paired.server, new_key_pair()) as stranger:
        within(lambda: stranger.link.problem is not None)
        with pytest.raises(FaultError) as shut_out:
            stranger.ask(SignIn(user_name="nobody", password="wrong"), timeout_s=0.1)
    server.stop()

    assert let_in.value.fault.code == "accounts.wrong_password"
    assert shut_out.value.fault.code == "link.not_paired"


def faulty(answer: FromDesk) -> str:
    assert isinstance(answer, Rejection)
    return answer.fault.code


@contextmanager
def dealer(port: int, *, timeout_ms: int = int(PATIENCE_S * 1000)) -> Iterator[Callable[[Any], FromDesk]]:
    """A stranger who sends what it likes: structs, or bytes as they are."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    desk = context.socket(zmq.DEALER)
    desk.rcvtimeo = timeout_ms
    desk.connect(f"tcp://127.0.0.1:{port}")

    def ask(message: object) -> FromDesk:
        desk.send(message if isinstance(message, bytes) else msgspec.msgpack.encode(message))
        answer: FromDesk = msgspec.msgpack.Decoder(FromDesk).decode(desk.recv())
        return answer

    try:
        yield ask
    finally:
        desk.close(linger=0)
        context.term()


Pretence = Callable[[Hello], tuple[Challenge, Callable[[Proof], FromDesk]]]


@contextmanager
def false_server(pretend: Pretence) -> Iterator[tuple[int, list[bytes]]]:
    """Answers one workstation as `pretend` says, and keeps everything it hears."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    server = context.socket(zmq.ROUTER)
    port = server.bind_to_random_port("tcp://127.0.0.1")
    heard: list[bytes] = []

    def serve() -> None:
        answer: Callable[[Any], FromDesk] | None = None
        while server.poll(1000):
            peer, frame = server.recv_multipart()
            heard.append(frame)
            if answer is None:
                challenge, answer = pretend(msgspec.msgpack.decode(frame, type=Hello))
                server.send_multipart([peer, msgspec.msgpack.encode(challenge)])
            else:
                reply = answer(msgspec.msgpack.decode(frame, type=Proof))
                server.send_multipart([peer, msgspec.msgpack.encode(reply)])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield port, heard
    finally:
        thread.join()
        server.close(linger=0)
        context.term()


@contextmanager
def listener(port: int) -> Iterator[tuple[int, bytearray]]:
    """Passes every byte on to a port, and keeps a copy of both directions."""
    record = bytearray()
    pumps: list[threading.Thread] = []
    sockets: list[socket.socket] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(4096):
                record.extend(chunk)
                sink.sendall(chunk)

    def accept(server: socket.socket) -> None:
        with suppress(OSError):
            near, _ = server.accept()
            far = socket.create_connection(("127.0.0.1", port))
            sockets.extend([near, far])
            for pair_of in ((near, far), (far, near)):
                thread = threading.Thread(target=pump, args=pair_of)
                thread.start()
                pumps.append(thread)

    with socket.create_server(("127.0.0.1", 0)) as server:
        acceptor = threading.Thread(target=accept, args=(server,))
        acceptor.start()
        yield server.getsockname()[1], record
        acceptor.join()
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
    for thread in pumps:
        thread.join()
    for each in sockets:
        each.close()
