"""The demo's server as a process of its own, and one workstation that is paired with it."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
import zmq

from hms_server import database
from hms_server.contract.demo import DemoPerson, DemoSignIn
from hms_server.contract.private_files import replace_private
from hms_server.demo.home import SIGN_IN, DemoUnfit
from hms_server.demo.seed import CLINIC
from hms_server.keys import load_or_create

_SERVING = "Serving at "
_PATIENCE_S = 60.0
_STOPS_WITHIN_S = 15.0
_DEVICE = "Demo"


@contextmanager
def running_server(folder: Path, dsn: str) -> Iterator[str]:
    """The address of a server on this machine only, on a free port; stopped at the end."""
    log_path = folder / "server.log"
    command = [
        sys.executable, "-m", "hms_server", "--data-dir", str(folder), "--database", dsn,
        "run", "--bind", "127.0.0.1", "--port", "0", "--pairing-port", "0", "--no-announce",
        "--metrics-port", "0",
    ]  # fmt: skip
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)  # noqa: S603 - our own program
    assert process.stdout is not None
    with process.stdout as output:
        try:
            yield _address(output, log_path)
        finally:
            process.terminate()
            _wait(process)


@dataclass(frozen=True, kw_only=True)
class Workstation:
    """The keys of a paired device, and of the server that it trusts."""

    public_key: str
    secret_key: str = field(repr=False)
    server_key: str


def pair_workstation(folder: Path, dsn: str, *, now: datetime) -> Workstation:
    """The same workstation as long as the clinic is the same, so that its drafts can be read again.

    To be paired before the server starts, which then reads its devices.
    """
    workstation = _earlier(folder / SIGN_IN) or _new_workstation(folder)
    with database.connect(dsn, application_name="hms-server demo", autocommit=True) as connection:
        connection.execute(PAIR, (workstation.public_key, _DEVICE, now))
    return workstation


def _earlier(path: Path) -> Workstation | None:
    if not path.exists():
        return None
    known = msgspec.json.decode(path.read_bytes(), type=DemoSignIn)
    return Workstation(
        public_key=known.device_public_key,
        secret_key=known.device_secret_key,
        server_key=known.server_key,
    )


def _new_workstation(folder: Path) -> Workstation:
    public_key, secret_key = (key.decode() for key in zmq.curve_keypair())
    server_key = load_or_create(folder / "keys.json").public_key
    return Workstation(public_key=public_key, secret_key=secret_key, server_key=server_key)


def write_sign_in(folder: Path, workstation: Workstation, *, address: str, people: list[DemoPerson]) -> Path:
    """A file with all that the window needs, readable by this user alone."""
    sign_in = DemoSignIn(
        server=CLINIC.name,
        address=address,
        server_key=workstation.server_key,
        device_public_key=workstation.public_key,
        device_secret_key=workstation.secret_key,
        device_name=_DEVICE,
        people=people,
    )
    path = folder / SIGN_IN
    replace_private(path, msgspec.json.format(msgspec.json.encode(sign_in)))
    return path


def _address(output: IO[bytes], log_path: Path) -> str:
    """The line that the server prints when it is ready; a server that ends before is told with its reason."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in output:
            lines.put(line.decode().strip())
            if line.startswith(_SERVING.encode()):
                return
        lines.put("")

    threading.Thread(target=read, name="hms-demo-server", daemon=True).start()
    try:
        while line := lines.get(timeout=_PATIENCE_S):
            if line.startswith(_SERVING):
                return line.removeprefix(_SERVING)
    except queue.Empty:
        raise DemoUnfit(
            f"The server was not ready within {_PATIENCE_S:.0f} seconds; see {log_path}."
        ) from None
    raise DemoUnfit(f"The server did not start; {log_path} says why.")


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


PAIR = """
insert into device (public_key, name, paired_at) values (%s, %s, %s) on conflict (public_key) do nothing
"""
