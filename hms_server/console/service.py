"""Under a service manager: waits until there is a clinic, and proves that the server still answers."""

import argparse
import time
from threading import Event
from typing import Protocol

import psycopg
import structlog

from hms_server.accounts.setup import is_set_up
from hms_server.chosen_database import chosen_database
from hms_server.console.ground import connect, embedded
from hms_server.notify import Notifier
from hms_server.postgres import EmbeddedPostgres
from hms_server.postgres_cluster import Cluster

log = structlog.get_logger()

WAITING = "waiting for 'sudo hms-server setup'"
LOOK_EVERY_S = 2.0
PAUSE_S = 0.5
SIGNS_IN_ONE_WATCH = 4
OTHERS = """
select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1
"""


class Serving(Protocol):
    """What is watched over."""

    def trouble(self) -> str: ...


def watch_over(server: Serving, stop: Event, notifier: Notifier) -> None:
    """Tells the watchdog that the server answers, as long as it does, until `stop` is set."""
    every_s = (notifier.watchdog_s or SIGNS_IN_ONE_WATCH) / SIGNS_IN_ONE_WATCH
    told, due_s = "", 0.0
    while not stop.wait(min(PAUSE_S, every_s)):
        if time.monotonic() < due_s:
            continue
        due_s = time.monotonic() + every_s
        trouble = server.trouble()
        if not trouble:
            notifier.alive()
        elif trouble != told:
            log.error("the server does not answer", reason=trouble)
            notifier.status(f"does not answer: {trouble}")
        told = trouble


class Anteroom:
    """Where a server that a service manager has started waits for its clinic, without a port open."""

    def __init__(self, options: argparse.Namespace, stop: Event, notifier: Notifier) -> None:
        self._options = options
        self._stop = stop
        self._notifier = notifier
        self._cluster = Cluster(options.data_dir.resolve() / "postgres")
        self._looked_at_ns: int | None = None

    def waits_for_database(self) -> bool:
        """Returns when it is worth while to look for a clinic; False where the server was stopped before.

        `options.database` is set where somebody chooses a PostgreSQL of their own meanwhile. An embedded one
        that a command is working with is left alone.
        """
        while not self._stop.is_set():
            self._options.database = self._options.database or chosen_database(self._options.data_dir)
            if not self._notifier.is_heard or self._options.clinic or self._is_worth_a_look():
                return True
            self._wait()
        return False

    def finds_clinic(self, dsn: str) -> bool:
        """Whether there is one; only a service manager has the patience to wait for it."""
        if not self._notifier.is_heard or self._options.clinic:
            return True
        with connect(dsn) as connection:
            return is_set_up(connection)

    def remember(self) -> None:
        """Nobody was there: look again when something has changed."""
        self._looked_at_ns = self._changed_ns()
        self._wait()

    def _wait(self) -> None:
        self._notifier.ready(WAITING)
        self._notifier.alive()
        self._stop.wait(LOOK_EVERY_S)

    def _is_worth_a_look(self) -> bool:
        if self._options.database:
            return True
        if not self._cluster.data.exists():
            return False
        postgres = embedded(self._options)
        if postgres.is_running():
            return _holds_clinic_that_nobody_uses(postgres)
        return self._changed_ns() != self._looked_at_ns

    def _changed_ns(self) -> int:
        """PostgreSQL writes this file whenever it starts and stops."""
        path = self._cluster.data / "global" / "pg_control"
        return path.stat().st_mtime_ns if path.exists() else 0


def _holds_clinic_that_nobody_uses(postgres: EmbeddedPostgres) -> bool:
    """Setting up and restoring start the database for themselves; a killed server leaves it running."""
    try:
        with connect(postgres.ensure_running()) as connection:
            return connection.execute(OTHERS).fetchone() is None and is_set_up(connection)
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        # It is being stopped or made this very moment.
        return False
