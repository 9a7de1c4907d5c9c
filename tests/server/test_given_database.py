"""A password of the database stands in no list of processes for longer than it takes to begin anew."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from hms_server.console.given_database import VARIABLE, given_database, without_database

DSN = "postgresql://clinic:secret@127.0.0.1:1/clinic?connect_timeout=2"


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        (["--database", DSN, "run"], ["run"]),
        ([f"--database={DSN}", "run", "--port", "7727"], ["run", "--port", "7727"]),
        (["--datab", DSN, "join", "host", f"--database={DSN}"], ["join", "host"]),
        (["--data-dir", "/srv", "run"], ["--data-dir", "/srv", "run"]),
    ],
)
def test_the_option_goes_and_all_else_stays(given: list[str], rest: list[str]) -> None:
    assert without_database(given) == rest


def test_the_variable_is_taken_where_no_option_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """And once: a program that is started from here has no business with it."""
    monkeypatch.setenv(VARIABLE, DSN)

    assert [given_database(None), given_database(None)] == [DSN, None]
    monkeypatch.setenv(VARIABLE, DSN)
    assert given_database("host=other") == "host=other"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the list of processes of Linux")
def test_a_command_with_a_password_begins_anew_without_it(tmp_path: Path) -> None:
    """It waits for the other address of the move meanwhile, as a server would for its workstations."""
    command = [sys.executable, "-m", "hms_server", "--data-dir", str(tmp_path), "--database", DSN]
    with subprocess.Popen(
        [*command, "move", "--to", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        shown = Path(f"/proc/{process.pid}/cmdline")
        deadline = time.monotonic() + 120
        words: list[str] = []
        while (not any(words) or DSN in words) and time.monotonic() < deadline:
            time.sleep(0.05)
            words = shown.read_text().split("\0")
        _, said = process.communicate("host=127.0.0.1 port=2 connect_timeout=2\n", timeout=120)

    assert words[-6:] == ["--data-dir", str(tmp_path), "move", "--to", "-", ""]
    assert "everybody on this machine can read it" in said
    assert "secret" not in said
    # It went on with the address that it was given.
    assert "port 1 failed" in said
