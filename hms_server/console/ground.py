"""What the commands stand on: the database of the data directory, running and migrated."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from hms_server import database
from hms_server.backup.draft import finish_interrupted
from hms_server.config import prepare_data_dir
from hms_server.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse names it so
else:
    Commands = object

ASK = "-"
"""In the place of a DSN, whose password would stand in the list of processes, and in the log of sudo."""


@contextmanager
def running_database(options: argparse.Namespace) -> Iterator[str]:
    """The DSN of a migrated database; an embedded one that nobody else uses is stopped afterwards."""
    prepare_data_dir(options.data_dir)
    finish_interrupted(options.data_dir)
    dsn = options.database or embedded(options).ensure_running()
    try:
        database.migrate(dsn, database.migrations_folder())
        yield dsn
    finally:
        if not options.database and not is_used_by_a_server(dsn):
            embedded(options).stop()


def typed_address(given: str) -> str:
    """The DSN of a command line; where that is “-”, a line that somebody types or another program writes.

    `DatabaseUnfit` for an empty one, since going on with the embedded database would be something else.
    """
    if given != ASK:
        return given
    if sys.stdin.isatty():
        print("Address of the database (DSN): ", end="", file=sys.stderr, flush=True)
    typed = sys.stdin.readline().strip()
    if not typed:
        raise database.DatabaseUnfit("No address of a database was typed. Nothing was changed.")
    return typed


def embedded(options: argparse.Namespace) -> EmbeddedPostgres:
    """The PostgreSQL inside the data directory, running or not."""
    return EmbeddedPostgres(options.data_dir, progress=print)


def connect(dsn: str) -> psycopg.Connection[Any]:
    """A connection for a command, on which every statement commits by itself."""
    return database.connect(dsn, application_name="hms-server command", autocommit=True)


def is_used_by_a_server(dsn: str) -> bool:
    """Whether a server process works on that database."""
    try:
        with connect(dsn) as connection:
            # PostgreSQL needs a moment to notice that our own connections are closed.
            for _ in range(10):
                if connection.execute(SERVERS).fetchone() is None:
                    return False
                time.sleep(0.1)
            return True
    except psycopg.OperationalError:
        return False


SERVERS = """
select from pg_stat_activity
where application_name = 'hms-server' and datname = current_database() limit 1
"""
