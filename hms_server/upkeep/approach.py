"""Comes near a clinic without touching it: what commands that only look stand on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from hms_server import database
from hms_server.announce import local_addresses
from hms_server.chosen_database import ChoiceUnreadable, chosen_database
from hms_server.clock import Clock, system_clock
from hms_server.contract.upkeep import ServerConditions
from hms_server.postgres import EmbeddedPostgres
from hms_server.upkeep.checking import Ground
from hms_server.upkeep.neighbours import look_around
from hms_server.upkeep.queries import read_conditions
from hms_server.upkeep.watch import Identity


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the database is reached: a DSN, or why there is none."""

    dsn: str | None
    embedded: bool
    why: str = ""


def find_way(data_dir: Path, given: str | None) -> Way:
    """Starts nothing: a database that does not run is a finding."""
    try:
        dsn = given or chosen_database(data_dir)
        if dsn is not None:
            return Way(dsn=dsn, embedded=False)
        found = EmbeddedPostgres(data_dir).find()
    except (OSError, ChoiceUnreadable) as error:
        return Way(dsn=None, embedded=True, why=str(error))
    return Way(dsn=found, embedded=True, why="" if found else "it does not run")


@contextmanager
def come_near(
    data_dir: Path, given: str | None, *, port: int, pairing_port: int, clock: Clock = system_clock
) -> Iterator[Ground]:
    """What the checks stand on, as far as it can be reached; nothing is started, migrated or written."""
    way = find_way(data_dir, given)
    connection, why = _connect(way)
    try:
        told = _told(connection, clock)
        server_id = Identity.here(data_dir=data_dir, port=port, embedded=way.embedded).id
        servers = told.servers if told is not None else []
        yield Ground(
            data_dir=data_dir,
            embedded=way.embedded,
            port=port,
            pairing_port=pairing_port,
            clock=clock,
            connection=connection,
            why=why,
            told=told,
            server=next((row for row in servers if row.id == server_id), None),
            addresses=local_addresses,
            look_around=look_around,
        )
    finally:
        if connection is not None:
            connection.close()


def _connect(way: Way) -> tuple[psycopg.Connection[Any] | None, str]:
    if way.dsn is None:
        return None, way.why
    try:
        return database.connect(way.dsn, application_name="hms-server doctor", autocommit=True), ""
    except psycopg.Error as error:
        lines = str(error).strip().splitlines()
        return None, lines[-1].strip() if lines else "it refuses the connection"


def _told(connection: psycopg.Connection[Any] | None, clock: Clock) -> ServerConditions | None:
    if connection is None:
        return None
    try:
        return read_conditions(connection, now=clock())
    except psycopg.Error:
        # An older version's database has no such table, and an empty one has none at all.
        return None
