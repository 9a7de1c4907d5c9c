"""Tries whether a PostgreSQL of the clinic's own can hold the clinic; each trouble is a sentence."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from hms_server import database
from hms_server.database import DatabaseUnfit

_CONNECTION_TROUBLES = (
    ("password authentication failed", "its user or password is wrong: correct them in the address"),
    ("no password supplied", "it asks for a password: add it to the address"),
    (
        "no pg_hba.conf entry",
        "it lets nobody in from this machine: add this machine and user to its pg_hba.conf and reload it",
    ),
    ('database "', "it has no such database: let its administrator run “create database … owner …”"),
    ('role "', "it has no such user: let its administrator run “create role … login password …”"),
    (
        "connection refused",
        "nothing answers there: start PostgreSQL, let it listen on its network, and check the port",
    ),
    ("timeout", "it does not answer in time: check the address, the cable and the firewall in between"),
    ("not known", "no machine has that name: check the spelling, or write its number such as 192.168.1.5"),
    ("translate host name", "no machine has that name: check the spelling, or write its number"),
    ("no route to host", "its network cannot be reached: check the address and the cable"),
    ("no such file", "no PostgreSQL of this machine has its socket there: check the folder, or name a host"),
    ("does not support ssl", "it offers no encryption, which the address asks for: switch ssl on there"),
    ("certificate", "its certificate does not fit: check sslmode and sslrootcert in the address"),
    ("too many", "it has no connection left: raise its max_connections"),
    ("starting up", "it is still starting: try again in a minute"),
    ("shutting down", "it is being stopped: start it again"),
)
"""What libpq and PostgreSQL say in English, and what to do."""


@dataclass(frozen=True, kw_only=True)
class FoundDatabase:
    """What answers there; `clinic` is the name of the clinic that it holds already, or empty."""

    version: str
    clinic: str


def try_database(dsn: str) -> FoundDatabase:
    """Connects and looks; `DatabaseUnfit` says what stands against it and how to mend it."""
    try:
        named = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError as error:
        raise DatabaseUnfit(
            "This is no address of a PostgreSQL. Write it like postgresql://user:password@host:5432/database."
        ) from error
    try:
        with database.connect(dsn, application_name="hms-server set-up", autocommit=True) as connection:
            return _look(connection)
    except psycopg.OperationalError as error:
        where = named.get("host") or named.get("hostaddr") or "this machine"
        raise DatabaseUnfit(f"The PostgreSQL at {where} cannot be used: {_reason(error)}.") from error


def _look(connection: psycopg.Connection[Any]) -> FoundDatabase:
    database.refuse_old_server(connection.info.server_version)
    row = connection.execute(STATE).fetchone()
    assert row is not None
    name, user, encoding, is_copy, may_create, has_public, may_fill, strangers, is_ours = row
    if is_copy:
        raise DatabaseUnfit("This PostgreSQL is a read-only copy: name the one that takes changes.")
    if encoding != "UTF8":
        raise DatabaseUnfit(
            f"The database {name} keeps texts in {encoding}, which damages names: let its administrator run "
            f"“create database {name}_utf8 owner {user} encoding 'UTF8' template template0” and name that."
        )
    if has_public and not may_fill:
        raise DatabaseUnfit(
            f"The user {user} may not create tables: let its administrator run "
            f"“alter database {name} owner to {user}”."
        )
    if not (has_public or may_create):
        raise DatabaseUnfit(f"The database {name} has no schema “public”: run “create schema public” there.")
    database.refuse_missing_extensions(connection)
    if strangers and not is_ours:
        raise DatabaseUnfit(
            f"The database {name} holds tables of another program ({strangers}): let its administrator "
            f"create an empty one for the clinic."
        )
    return FoundDatabase(
        version=connection.info.parameter_status("server_version") or "", clinic=_clinic(connection)
    )


def _clinic(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("select to_regclass('public.clinic') is not null").fetchone()
    if not (row and row[0]):
        return ""
    clinic = connection.execute("select name from clinic").fetchone()
    return str(clinic[0]) if clinic else ""


def _reason(error: psycopg.OperationalError) -> str:
    said = " ".join(str(error).split())
    small = said.lower()
    for words, remedy in _CONNECTION_TROUBLES:
        if words in small:
            return remedy
    return said.rstrip(".") or "it gives no reason"


STATE = """
select current_database(), current_user, pg_encoding_to_char(encoding), pg_is_in_recovery(),
    has_database_privilege(current_database(), 'create'),
    exists (select from pg_namespace where nspname = 'public'),
    coalesce((select has_schema_privilege(oid, 'create') from pg_namespace where nspname = 'public'), false),
    (select string_agg(tablename, ', ') from (
        select tablename from pg_tables where schemaname = 'public' order by tablename limit 3) as first),
    to_regclass('public.alembic_version') is not null
from pg_database where datname = current_database()
"""
