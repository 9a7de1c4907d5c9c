"""The embedded PostgreSQL: one cluster in the server's data folder, started once, found again, local only."""

import hashlib
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from psycopg.conninfo import make_conninfo

from hms_server import filelock
from hms_server.postgres_cluster import DATABASE, Cluster
from hms_server.postgres_programs import PostgresFailed, Programs, find_owner
from hms_server.postmaster import Postmaster, find_postmaster, forget_stranger

__all__ = ["EmbeddedPostgres", "PostgresFailed"]

Progress = Callable[[str], None]

_UNIX_PORT = 5432
_LONGEST_SOCKET_DIR_BYTES = 100 - len("/.s.PGSQL.5432")
_STOP_PATIENCE_S = 120
# A killed postmaster leaves processes that hold its memory until their statement ends; on Windows a free port
# may be taken by the time it is used. Both pass.
_PASSING_TROUBLES = ("still in use", "could not bind")


def _say_nothing(_: str) -> None:
    """For callers who do not show progress."""


class EmbeddedPostgres:
    """`settings` go over the built-in ones; `progress` hears a sentence a second while a start takes long."""

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        progress: Progress = _say_nothing,
        patience_s: float = 600.0,
    ) -> None:
        self._data_dir = data_dir.resolve()
        self._cluster = Cluster(self._data_dir / "postgres")
        self._settings = settings
        self._progress = progress
        self._patience_s = patience_s

    def ensure_running(self) -> str:
        """Creates, starts or finds the cluster and gives the DSN of its database, without a password in it.

        Any number of processes may ask at once. What was killed recovers first, however long that takes.
        """
        with self._held():
            programs = Programs.find(find_owner(self._cluster.data))
            self._open_way(programs)
            if not self._cluster.data.exists():
                self._progress("PostgreSQL is creating its files.")
                self._cluster.create(programs)
            self._cluster.refuse_foreign(programs)
            return self._dsn(self._wait_until_ready(programs))

    def find(self) -> str | None:
        """The DSN of the cluster where somebody has started it already; starts and changes nothing."""
        if not self._cluster.data.exists():
            return None
        postmaster = find_postmaster(self._cluster.data)
        ready = postmaster is not None and postmaster.ready and postmaster.reachable
        return self._dsn(postmaster) if postmaster is not None and ready else None

    def is_running(self) -> bool:
        """Whether somebody has started the cluster already."""
        return self._cluster.data.exists() and find_postmaster(self._cluster.data) is not None

    def stop(self) -> None:
        """Ends the server once what it has acknowledged is stored; does nothing where none runs."""
        if not self._cluster.data.exists():
            return
        with self._held():
            if find_postmaster(self._cluster.data) is not None:
                self._stop(Programs.find(find_owner(self._cluster.data)))

    def discard(self) -> None:
        """Takes the cluster away for good, of which the caller knows that it holds nothing any more.

        One that runs stays: somebody has begun to use it since, and may have set a clinic up in it.
        """
        if not self._cluster.data.exists():
            return
        with self._held():
            if find_postmaster(self._cluster.data) is None:
                self._cluster.remove()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One holder at a time; whatever the file system refuses becomes a sentence."""
        home = self._cluster.home
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            home.mkdir(exist_ok=True, mode=0o700)
            with filelock.hold(home / "lock", patience_s=self._patience_s):
                yield
        except OSError as error:
            message = f"PostgreSQL cannot use the folder {home}: {error.strerror or error}."
            raise PostgresFailed(message) from error

    def _open_way(self, programs: Programs) -> None:
        """Lets PostgreSQL's user through to its cluster, and never touches a folder that is not ours."""
        if programs.owner is None:
            return
        for folder in (self._data_dir, self._cluster.home):
            # The right to pass through, not to list; the files inside stay closed.
            folder.chmod(folder.stat().st_mode | 0o001)
        if not programs.can_enter(self._cluster.home):
            message = (
                f"PostgreSQL does not run as root and its own user cannot enter {self._data_dir}: "
                "choose a data folder such as /var/lib/hms-server, or start this server as an ordinary user."
            )
            raise PostgresFailed(message)

    def _wait_until_ready(self, programs: Programs) -> Postmaster:
        waiting = _Waiting(self._cluster, self._progress, patience_s=self._patience_s)
        while True:
            postmaster = find_postmaster(self._cluster.data)
            if postmaster is None:
                self._start(programs, waiting)
            elif not postmaster.ready:
                waiting.pause()
            elif not postmaster.reachable:
                # Something swept the socket away, and the server makes a new one only when it starts.
                self._stop(programs)
            else:
                return postmaster

    def _start(self, programs: Programs, waiting: "_Waiting") -> None:
        forget_stranger(self._cluster.data)
        self._cluster.configure({**self._listening(programs), **self._settings})
        self._cluster.start_log.unlink(missing_ok=True)
        patience = str(int(self._patience_s))
        where = ("-D", self._cluster.data, "-l", self._cluster.start_log)
        starting = programs.launch("pg_ctl", "start", "-s", "-w", "-t", patience, *where)
        while starting.poll() is None:
            waiting.pause()
        if starting.returncode == 0:
            return
        reason = self._cluster.last_log_line()
        if not any(trouble in reason for trouble in _PASSING_TROUBLES):
            message = f"PostgreSQL did not start: {reason}"
            raise PostgresFailed(message)
        waiting.pause()

    def _stop(self, programs: Programs) -> None:
        patience = str(_STOP_PATIENCE_S)
        programs.run("pg_ctl", "stop", "-s", "-m", "fast", "-w", "-t", patience, "-D", self._cluster.data)

    def _listening(self, programs: Programs) -> dict[str, str]:
        """Where this machine alone can reach it: a socket in a closed folder, or on Windows the loopback."""
        if sys.platform == "win32":
            port = str(_free_port())
            return {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "port": port}
        folder = _socket_dir(self._cluster.home, programs, ourselves=os.geteuid())
        return {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "unix_socket_permissions": "0700",
            "port": str(_UNIX_PORT),
        }

    def _dsn(self, postmaster: Postmaster) -> str:
        return make_conninfo(
            host=postmaster.socket_dir or "127.0.0.1",
            port=postmaster.port,
            user=DATABASE,
            dbname=DATABASE,
            passfile=str(self._cluster.passwords),
        )


@dataclass(slots=True)
class _Waiting:
    """Patience with a server that starts, and news of it."""

    cluster: Cluster
    progress: Progress
    patience_s: float
    began: float = 0.0
    told: float = 0.0

    def __post_init__(self) -> None:
        self.began = self.told = time.monotonic()

    def pause(self) -> None:
        """Waits a moment, tells once a second what PostgreSQL does, and gives up when its time is over."""
        now = time.monotonic()
        if now - self.began > self.patience_s:
            message = f"PostgreSQL was not ready in {self.patience_s:.0f} s: {self.cluster.last_log_line()}"
            raise PostgresFailed(message)
        if now - self.told >= 1:
            self.told = now
            self.progress(
                f"PostgreSQL is starting ({now - self.began:.0f} s): {self.cluster.last_log_line()}"
            )
        time.sleep(0.05)


def _socket_dir(home: Path, programs: Programs, *, ourselves: int) -> Path:
    """A folder that only PostgreSQL's user may enter, near the cluster unless its path is too long."""
    folder = home / "run"
    if len(os.fsencode(folder)) > _LONGEST_SOCKET_DIR_BYTES:
        name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        folder = Path(f"/tmp/hms-postgres-{name}")  # noqa: S108 - its owner and rights are verified below
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    allowed = {ourselves, programs.owner.uid} if programs.owner else {ourselves}
    if folder.is_symlink() or status.st_uid not in allowed:
        message = f"PostgreSQL needs the folder {folder} for its socket, and it belongs to somebody else."
        raise PostgresFailed(message)
    folder.chmod(0o700)
    programs.give(folder)
    # The lock beside a socket names a process as well, and that too may be a stranger by now.
    # Nothing else lives in this folder, and its server was just seen not to run.
    for remains in folder.iterdir():
        remains.unlink()
    return folder


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
