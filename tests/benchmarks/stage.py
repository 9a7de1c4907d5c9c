"""A real server process on a real, durable PostgreSQL in its own folder, with paired, signed-in devices."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
import psutil
import psycopg
import zmq

from hms_desktop.connection.identity import KeyPair, new_key_pair
from hms_server import database
from hms_server.accounts.sessions import hash_secret
from hms_server.accounts.setup import ClinicPlan, add_staff, create_clinic
from hms_server.contract.accounts import DeviceChanged
from hms_server.contract.envelope import Call, Done, FromServer, Ping, Request
from hms_server.contract.values import DeviceId, Role
from hms_server.dispatch import answer_type
from hms_server.postgres import EmbeddedPostgres

A = TypeVar("A")
PASSWORD = "benchmark-password"


@dataclass(frozen=True)
class Seat:
    """A paired device with an open session."""

    keys: KeyPair
    secret: str


@dataclass(frozen=True)
class Stage:
    dsn: str
    address: str
    server_key: str
    process: psutil.Process

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of the benchmark's own."""
        return database.connect(self.dsn, application_name="benchmark", autocommit=True)

    def seats(self, count: int, role: Role) -> list[Seat]:
        """So many devices, each with its own member of staff and session."""
        seats = [self._seat(role) for _ in range(count)]
        # A bare DEALER that is turned away does not try again: the server must know the devices first.
        time.sleep(1)
        return seats

    @contextmanager
    def caller(self, seat: Seat) -> Iterator["Caller"]:
        """A bare, blocking caller in that seat: what is measured is the server, not the client."""
        with zmq.Context() as context, self.dealer(context, seat) as dealer:
            yield Caller(dealer, seat.secret)

    def dealer(self, context: zmq.Context[zmq.Socket[bytes]], seat: Seat) -> zmq.Socket[bytes]:
        """A bare DEALER with the seat's keys."""
        return open_dealer(context, seat, address=self.address, server_key=self.server_key)

    def server_cpu_s(self) -> float:
        """Processor time that the server's process has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def _seat(self, role: Role) -> Seat:
        keys, secret = new_key_pair(), os.urandom(16).hex()
        with self.connect() as connection:
            told = msgspec.msgpack.encode(DeviceChanged(device_id=DeviceId(0)))
            connection.execute(
                ADD_SEAT,
                {
                    "told": told,
                    "key": keys.public_key,
                    "hash": hash_secret(secret),
                    "user": f"{role}-{secret[:12]}",
                    "roles": [role],
                },
            )
            connection.execute("notify hms_events")
        return Seat(keys, secret)


def open_dealer(
    context: zmq.Context[zmq.Socket[bytes]], seat: Seat, *, address: str, server_key: str
) -> zmq.Socket[bytes]:
    """A bare DEALER with the seat's keys."""
    socket = context.socket(zmq.DEALER)
    socket.curve_serverkey = server_key.encode()
    socket.curve_publickey = seat.keys.public_key.encode()
    socket.curve_secretkey = seat.keys.secret_key.encode()
    socket.linger = 0
    socket.rcvhwm = 0
    socket.connect(address)
    return socket


class RefusedError(Exception):
    """A benchmark's request must not be refused."""


class Caller:
    """Sends one request after the other and waits for each answer."""

    def __init__(self, dealer: zmq.Socket[bytes], secret: str) -> None:
        self._dealer = dealer
        self._secret = secret
        self._decode = msgspec.msgpack.Decoder(FromServer).decode
        self._answers: dict[type[Any], msgspec.msgpack.Decoder[Any]] = {}

    def greet(self) -> None:
        """Waits until the encrypted connection stands."""
        self._dealer.send(msgspec.msgpack.encode(Ping(0)))
        self._dealer.recv()

    def send(self, request: Request[Any]) -> Done:
        """The answer, still packed; RefusedError for a fault."""
        body = msgspec.Raw(msgspec.msgpack.encode(request))
        call = Call(uuid4(), type(request).__name__, self._secret, body)
        self._dealer.send(msgspec.msgpack.encode(call))
        reply = self._decode(self._dealer.recv())
        if not isinstance(reply, Done):
            raise RefusedError(reply)
        return reply

    def ask(self, request: Request[A]) -> A:
        """The answer; RefusedError for a fault."""
        kind = type(request)
        reply = self.send(request)
        decoder = self._answers.get(kind)
        if decoder is None:
            decoder = self._answers[kind] = msgspec.msgpack.Decoder(answer_type(kind))
        answer: A = decoder.decode(reply.body)
        return answer


# The event makes the running server know the new device, as pairing does.
ADD_SEAT = """
with staff_row as (
    insert into staff (user_name, name, password_hash, roles, created_at)
    values (%(user)s, %(user)s, 'none', %(roles)s, now()) returning id
), device_row as (
    insert into device (public_key, name, paired_at) values (%(key)s, 'benchmark', now()) returning id
), told as (
    insert into event (name, audience, at, body)
    select 'DeviceChanged', 'administer', now(), %(told)s::bytea
)
insert into session (secret_hash, staff_id, device_id, started_at, last_seen_at)
select %(hash)s, staff_row.id, device_row.id, now(), now() from staff_row, device_row
"""


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Starts everything, and ends and removes it afterwards."""
    with tempfile.TemporaryDirectory(prefix="hms-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        postgres = EmbeddedPostgres(folder)
        dsn = postgres.ensure_running()
        try:
            database.migrate(dsn, database.migrations_folder())
            found_clinic(dsn)
            with _server(folder) as (process, address):
                keys = json.loads((folder / "keys.json").read_text())
                yield Stage(dsn, address, keys["public_key"], psutil.Process(process.pid))
        finally:
            postgres.stop()


def found_clinic(dsn: str) -> None:
    """A clinic with an administrator and a nurse, who have the same password."""
    plan = ClinicPlan(name="Benchmark", time_zone="Africa/Lagos", currency="NGN")
    now = datetime.now(UTC)
    with database.connect(dsn, application_name="benchmark", autocommit=True) as connection:
        create_clinic(connection, plan, admin_name="admin", password=PASSWORD, now=now)
        add_staff(connection, user_name="nurse", name="Nurse", roles=[Role.NURSE], password=PASSWORD, now=now)


@contextmanager
def _server(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "hms_server", "--data-dir", str(folder), "run"]
    command += ["--bind", "127.0.0.1", "--port", "0", "--pairing-port", "0", "--no-announce"]
    command += ["--metrics-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Serving at "):
                yield process, line.split()[-1]
                break
    finally:
        process.terminate()
        process.wait(30)
