"""Which program of this machine has a port, and whether it is the clinic's server."""

from pathlib import Path

import psutil

OUR_NAMES = frozenset({"hms-server", "hms-server.exe", "hms_server"})


def holder_of(port: int) -> psutil.Process | None:
    """Who listens there; None where nobody does, or the system does not say who."""
    try:
        listening = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    for each in listening:
        if each.status == psutil.CONN_LISTEN and each.laddr and each.laddr.port == port and each.pid:
            try:
                return psutil.Process(each.pid)
            except psutil.NoSuchProcess:
                continue
    return None


def is_ours(process: psutil.Process) -> bool:
    """Whether it is a server of a clinic, by what it was started as."""
    try:
        words = [process.name(), *process.cmdline()]
    except psutil.Error:
        return False
    return any(Path(word).name in OUR_NAMES or word.startswith("hms_server.") for word in words)


def open_files_of(process: psutil.Process) -> int | None:
    """How many files it may open; None where the system does not say."""
    try:
        return int(process.rlimit(psutil.RLIMIT_NOFILE)[0])
    except (AttributeError, psutil.Error, OSError):
        return None
