"""Real server processes on a test's database, with paired workstations at which somebody is signed in."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from hms_desktop.connection.client import Client
from hms_desktop.connection.engine import Timings
from hms_desktop.connection.identity import KeyPair, PinnedServer, new_key_pair
from hms_server.accounts.sessions import hash_secret
from hms_server.accounts.setup import ClinicPlan, create_clinic
from hms_server.contract.values import PatientId, Role, StaffId
from hms_server.database import connect
from hms_server.events import forget_before
from hms_server.keys import load_or_create
from tests.wire.ports import free_port

LIVELY = Timings(ping_every_s=0.2, dead_after_s=2, answer_within_s=30)
PASSWORD = "correct horse battery"
START_WITHIN_S = 60


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A paired workstation and the session that is open on it."""

    keys: KeyPair
    secret: str
    staff_id: StaffId
    session_id: int


class Process:
    """One `hms-server run`; leaving the block ends it in an orderly way, if it still runs."""

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        database: str | None,
        port: int = 0,
        module: str = "hms_server",
        announce: bool = False,
    ) -> None:
        command = [sys.executable, "-m", module, "--data-dir", str(data_dir)]
        command += ["--database", database] if database else []
        command += ["run", "--bind", "127.0.0.1", "--port", str(port), "--pairing-port", "0"]
        command += ["--metrics-port", "0"]
        # Nobody believes an announcement that does not say where the pairing desk is.
        command += ["--pairing-port", str(free_port())] if announce else ["--no-announce"]
        command += arguments
        self._log = (data_dir.parent / f"{data_dir.name}-{time.monotonic_ns()}.log").open("w+")
        self.popen = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, text=True)
        self.address = ""

    def wait_until_serving(self) -> None:
        """Returns when workstations can connect."""
        within(lambda: "Serving at" in self.output or self.popen.poll() is not None, START_WITHIN_S)
        assert "Serving at" in self.output, self.output
        self.address = self.output.partition("Serving at ")[2].split()[0]

    @property
    def output(self) -> str:
        """All that the process has printed and logged."""
        return Path(self._log.name).read_text()

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """As a power cut or the kernel's memory keeper does: nothing is tidied up."""
        self.popen.kill()
        self.popen.wait(10)

    def terminate(self) -> int:
        """As the service manager does; gives the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(30)

    def close(self) -> None:
        if self.popen.poll() is None:
            self.terminate()
        self._log.close()


class House:
    """A clinic in a database of its own, and the processes that serve it."""

    def __init__(self, dsn: str, folder: Path, stack: ExitStack) -> None:
        self.dsn = dsn
        self._folder = folder
        self._stack = stack
        self._main = folder / "server"
        self._main.mkdir(mode=0o700)
        self.keys_file = self._main / "keys.json"
        self.keys = load_or_create(self.keys_file)
        self._connection = self.reconnect()
        plan = ClinicPlan(name="Sunrise Clinic", time_zone="Africa/Lagos", currency="NGN")
        create_clinic(self._connection, plan, admin_name="admin", password=PASSWORD, now=datetime.now(UTC))

    def serve(
        self,
        name: str = "server",
        *arguments: str,
        port: int = 0,
        module: str = "hms_server",
        announce: bool = False,
    ) -> Process:
        """Starts a server; another name is another server of the clinic, with the same keys."""
        data_dir = self._folder / name
        if not data_dir.exists():
            shutil.copytree(self._main, data_dir)
        process = Process(
            data_dir, *arguments, database=self.dsn, port=port, module=module, announce=announce
        )
        self._stack.callback(process.close)
        process.wait_until_serving()
        return process

    def seat(self, *roles: Role) -> Seat:
        """A workstation that was paired, and where somebody with these roles signed in."""
        keys, secret = new_key_pair(), os.urandom(16).hex()
        user = f"{'-'.join(roles)}-{secret[:6]}"
        params = {"key": keys.public_key, "hash": hash_secret(secret), "user": user, "roles": list(roles)}
        staff_id, session_id = self.sql(ADD_SEAT, params)[0]
        return Seat(keys=keys, secret=secret, staff_id=staff_id, session_id=session_id)

    @contextmanager
    def at(self, seat: Seat, *servers: Process) -> Iterator[Client]:
        """The workstation's own program, connected and signed in."""
        with self.client(seat.keys, *servers) as client:
            client._session = seat.secret
            yield client

    def client(self, keys: KeyPair, *servers: Process) -> Client:
        """The workstation's own program with any keys, before sign-in."""
        addresses = [server.address for server in servers]
        name, key = "Sunrise Clinic", self.keys.public_key
        return Client(
            PinnedServer(name=name, addresses=addresses, public_key=key, device_name="Desk"),
            keys,
            timings=LIVELY,
            interfaces=[],
        )

    def patients(self, count: int) -> list[PatientId]:
        """That many registered patients."""
        return [row[0] for row in self.sql(ADD_PATIENTS, (count,))]

    def sql(self, query: LiteralString, params: Any = ()) -> list[Any]:
        """The rows of a statement that looks behind the curtain; none for one that returns no rows."""
        cursor = self._connection.execute(query, params)
        return cursor.fetchall() if cursor.description else []

    def reconnect(self) -> psycopg.Connection[Any]:
        """Needed where the test has stopped the database."""
        self._connection = connect(self.dsn, application_name="tests", autocommit=True)
        return self._stack.enter_context(self._connection)

    def forget_events(self) -> None:
        """As retention does with what is older than any screen could have been away."""
        forget_before(self._connection, datetime.now(UTC))

    def count(self, query: LiteralString, params: Any = ()) -> int:
        return int(self.sql(query, params)[0][0])


@contextmanager
def open_house(dsn: str, folder: Path) -> Iterator[House]:
    """Every process that was started in it has ended when the block is left."""
    with ExitStack() as stack:
        yield House(dsn, folder, stack)


def within(condition: Callable[[], bool], seconds: float = START_WITHIN_S) -> None:
    """Waits until it is so; a test that waits in vain fails."""
    end_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_s, "did not happen in time"
        threading.Event().wait(0.01)


ADD_SEAT: LiteralString = """
with staff_row as (
    insert into staff (user_name, name, password_hash, roles, created_at)
    values (%(user)s, %(user)s, 'none', %(roles)s, now()) returning id
), device_row as (
    insert into device (public_key, name, paired_at) values (%(key)s, 'Desk', now()) returning id
)
insert into session (secret_hash, staff_id, device_id, started_at, last_seen_at)
select %(hash)s, staff_row.id, device_row.id, now(), now() from staff_row, device_row
returning staff_id, id
"""
ADD_PATIENTS: LiteralString = """
with stored as (
    insert into patient (family_name, given_names, sex, birth_date, birth_precision, no_phone, deceased,
        registered_at, changed_at)
    select 'Obi', 'Ada ' || number, 'female', '1990-05-17', 'day', false, false, now(), now()
    from generate_series(1, %s) as number
    returning id, name
), searched as (
    insert into patient_search (patient_id, words) select id, string_to_array(lower(name), ' ') from stored
)
select id from stored order by id
"""
