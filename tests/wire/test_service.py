"""The server under a service manager: it waits for its clinic, says when it serves, gives signs of life."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from hms_server.accounts.setup import ClinicPlan, create_clinic
from hms_server.console.service import watch_over
from hms_server.database import connect
from hms_server.notify import Notifier
from tests.guards import LogGuard

PATIENCE_S = 120
QUIET = ("--bind", "127.0.0.1", "--port", "0", "--pairing-port", "0", "--no-announce")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(PATIENCE_S)
        yield listening


@contextmanager
def started(manager: socket.socket, data_dir: Path, database: str) -> Iterator[subprocess.Popen[str]]:
    """The unit's command; ended in any case."""
    told = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "2000000"}
    arguments = ("--data-dir", str(data_dir), "--database", database, "run", *QUIET)
    with subprocess.Popen(
        [sys.executable, "-m", "hms_server", *arguments],
        env=os.environ | told,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def hears(manager: socket.socket, words: str) -> str:
    """The first message with these words in it."""
    give_up_s = time.monotonic() + PATIENCE_S
    while words not in (message := manager.recv(4096).decode()):
        assert time.monotonic() < give_up_s, f"never heard {words!r}, but {message!r}"
    return message


def make_clinic(database: str) -> None:
    plan = ClinicPlan(name="Sunrise Clinic", time_zone="Africa/Lagos", currency="NGN")
    with connect(database, application_name="tests", autocommit=True) as connection:
        create_clinic(
            connection, plan, admin_name="admin", password="correct horse battery", now=datetime.now(UTC)
        )


def test_it_waits_for_its_clinic_and_then_serves_it(
    manager: socket.socket, database: str, tmp_path: Path
) -> None:
    """A fresh machine that is switched on before anybody has set it up is no failure."""
    with started(manager, tmp_path / "server", database) as process:
        waiting = hears(manager, "READY=1")
        make_clinic(database)
        serving = hears(manager, "STATUS=serving")
        alive = [hears(manager, "WATCHDOG=1") for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        hears(manager, "STOPPING=1")
        process.wait(PATIENCE_S)
        assert process.stdout is not None
        said = process.stdout.read()

    assert "waiting for 'sudo hms-server setup'" in waiting
    assert serving.startswith("READY=1\nSTATUS=serving at tcp://127.0.0.1:")
    assert alive
    assert process.returncode == 0
    assert said.count("Serving at") == 1


def test_it_can_be_stopped_while_it_waits(manager: socket.socket, database: str, tmp_path: Path) -> None:
    with started(manager, tmp_path / "server", database) as process:
        hears(manager, "waiting for")
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0


def test_trying_a_version_touches_nobody(database: str, tmp_path: Path) -> None:
    """What an upgrade asks before it lets the new version serve."""
    make_clinic(database)
    command = [sys.executable, "-m", "hms_server", "--data-dir", str(tmp_path / "server")]
    command += ["--database", database, "run", "--once"]

    tried = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    assert (tried.returncode, tried.stdout) == (0, "This version starts with the data of this clinic.\n"), (
        tried
    )


def test_trying_a_version_tells_of_a_database_that_it_cannot_use(database: str, tmp_path: Path) -> None:
    with connect(database, application_name="tests", autocommit=True) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    command = [sys.executable, "-m", "hms_server", "--data-dir", str(tmp_path / "server")]
    command += ["--database", database, "run", "--once"]

    tried = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    assert tried.returncode == 1
    assert "newer version" in tried.stderr


class Failing:
    """A server that stops answering after its second sign."""

    def __init__(self, stop: Event) -> None:
        self.asked = 0
        self._stop = stop

    def trouble(self) -> str:
        self.asked += 1
        if self.asked == 5:
            self._stop.set()
        return "every worker is stuck" if self.asked > 2 else ""


def test_a_server_that_does_not_answer_gives_no_sign(manager: socket.socket, log_guard: LogGuard) -> None:
    """So that the service manager starts it anew; the reason is told once."""
    log_guard.allow("the server does not answer")
    stop = Event()

    watch_over(Failing(stop), stop, Notifier(manager.getsockname(), watchdog_s=0.04))
    Notifier(manager.getsockname()).stopping()
    heard = list(iter(lambda: manager.recv(4096).decode(), "STOPPING=1\nSTATUS=stopping"))

    assert heard == ["WATCHDOG=1", "WATCHDOG=1", "STATUS=does not answer: every worker is stuck"]
    assert len(log_guard.lines) == 1
