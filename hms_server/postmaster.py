"""Finds the PostgreSQL server that runs on a cluster, and tells it from a stranger with its number."""

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

_LINES = 8


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says of a server that was seen to run."""

    pid: int
    port: int = 0
    socket_dir: str = ""
    ready: bool = False

    @property
    def reachable(self) -> bool:
        """Whether its socket still lies where clients look for it."""
        return not self.socket_dir or Path(self.socket_dir, f".s.PGSQL.{self.port}").exists()


def find_postmaster(cluster: Path) -> Postmaster | None:
    """The server on that cluster, ready or not; None where none runs, whatever `postmaster.pid` claims."""
    lines = _read_lines(cluster)
    if not lines:
        return None
    pid = _number(lines[0])
    if pid is None:
        # A power cut left rubbish, or the file is being written this very moment.
        return next((Postmaster(running) for running in psutil.pids() if _serves(running, cluster)), None)
    if not _serves(pid, cluster):
        return None
    if len(lines) < _LINES:
        return Postmaster(pid)
    ready = lines[7].strip() == "ready"
    return Postmaster(pid, port=_number(lines[3]) or 0, socket_dir=lines[4].strip(), ready=ready)


def forget_stranger(cluster: Path) -> None:
    """Removes a `postmaster.pid` whose number another program has by now; only while no server runs.

    PostgreSQL would wait for that program for ever. Where the number is free it clears the file itself.
    """
    lines = _read_lines(cluster)
    if lines is None:
        return
    pid = _number(lines[0]) if lines else None
    if pid is None or psutil.pid_exists(pid):
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _read_lines(cluster: Path) -> list[str] | None:
    try:
        return (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None


def _number(line: str) -> int | None:
    text = line.strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _serves(pid: int, cluster: Path) -> bool:
    try:
        process = psutil.Process(pid)
        arguments = process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    except psutil.AccessDenied:
        # Some systems hide the arguments of other users' programs, but never the name.
        return process.name().startswith("postgres")
    wanted = os.path.normcase(cluster)
    return any(os.path.normcase(Path(argument)) == wanted for argument in arguments[1:])
