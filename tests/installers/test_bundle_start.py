"""Both bundles run without Python: with an empty environment a workstation signs in at a server."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hms_desktop.connection.client import Client
from hms_desktop.connection.identity import Pairing
from hms_desktop.connection.pairing import DeskAddress, pair
from hms_desktop.identity_file import IdentityFile
from hms_server.contract.accounts import ListStaff
from tests.wire.ports import free_port

DIST = Path(__file__).parents[2] / "dist"
SERVER = DIST / "hms-server" / "hms-server"
DESKTOP = DIST / "hms-desktop" / "hms-desktop"
PASSWORD = "correct horse battery"
WITHIN_S = 180
PRINTING_IS_READY_S = 3.0

pytestmark = pytest.mark.skipif(
    not (SERVER.exists() and DESKTOP.exists()), reason="there is no dist/: make bundle"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """Where PostgreSQL's own user may enter as well, if the tests run as root."""
    with TemporaryDirectory(prefix="hms-bundle-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


def bare(**more: str) -> dict[str, str]:
    """Nothing of this machine's settings: no PATH, so neither Python nor any other program is found."""
    return {"LC_ALL": "C.UTF-8", **more}


def within(happened: Callable[[], bool]) -> bool:
    """Whether it happens before the patience ends."""
    deadline = time.monotonic() + WITHIN_S
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose words go to a file; it is asked to end and has to do so by itself."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=bare(**environment))
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(WITHIN_S)
            finally:
                process.kill()
                process.wait()


def answer(command: list[str]) -> str:
    """What a command prints that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, env=bare(), check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def words_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("program", [SERVER, DESKTOP])
def test_a_bundle_names_its_build(program: Path) -> None:
    about = program.parent / "_internal" / "hms_server" / "contract" / "_resources" / "about" / "build.json"
    facts = json.loads(about.read_text())

    printed = answer([str(program), "--version"])

    assert printed == f"{program.name} {facts['version']} ({facts['commit'][:8]}, {facts['built_at']})\n"


def test_what_a_bundle_cannot_do_is_said_in_one_sentence() -> None:
    """The demo starts programs by Python."""
    done = subprocess.run([SERVER, "demo"], capture_output=True, text=True, env=bare(), check=False)

    assert done.returncode == 1
    assert "hms-server setup" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_workstation_signs_in_at_a_server_without_python(home: Path) -> None:
    """The clinic is made, a person added, a workstation paired: all by the two folders alone."""
    port, pairing_port = free_port(), free_port()
    commands = [str(SERVER), "--data-dir", str(home / "clinic")]
    ports = ["--bind", "127.0.0.1", "--port", str(port), "--pairing-port", str(pairing_port)]
    serve = [*commands, "run", *ports, "--no-announce", "--clinic", "Unity Clinic"]
    log = home / "server.log"

    with running(serve, log, HMS_ADMIN_PASSWORD=PASSWORD) as server:
        assert within(lambda: "Serving at" in words_of(log) or server.poll() is not None)
        assert "Serving at" in words_of(log), words_of(log)
        printed = answer([*commands, "user", "ada", "Ada Obi", "nurse"])
        password = printed.partition("Password: ")[2].split()[0]
        pairing = paired(commands, pairing_port)
        IdentityFile(home / "identity.json").keep(pairing)
        desk = [str(DESKTOP), "--folder", str(home / "desk"), "--identity", str(home / "identity.json")]
        told = home / "desktop.log"
        window = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(home), "HMS_DESKTOP_PASSWORD": password}
        with (
            Client(pairing.server, pairing.keys) as client,
            running([*desk, "--user", "ada"], told, **window) as desktop,
        ):
            client.sign_in("admin", PASSWORD)

            assert within(lambda: has_signed_in(client, "ada") or desktop.poll() is not None)
            # By now it makes printing ready, with what is loaded by names alone.
            time.sleep(PRINTING_IS_READY_S)
            assert desktop.poll() is None, words_of(told)

    assert server.returncode == 0, words_of(log)
    assert "Traceback" not in words_of(log) + words_of(told)


def paired(commands: list[str], pairing_port: int) -> Pairing:
    """By a code of the bundle's own command."""
    code = answer([*commands, "device", "code", "--name", "Nurse station"]).partition("   ")[0]
    return pair(DeskAddress(host="127.0.0.1", port=pairing_port), code, device_name="test")


def has_signed_in(client: Client, user_name: str) -> bool:
    people = {member.user_name: member for member in client.ask(ListStaff()).staff}
    return people[user_name].open_sessions > 0
