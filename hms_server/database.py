"""Connections to PostgreSQL, and the migrations that bring a database up to this program."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection as AlchemyConnection

OLDEST_SERVER = 15
EXTENSIONS = ("pg_trgm", "fuzzystrmatch", "unaccent", "btree_gist")

_MIGRATION_LOCK = 0x686D73_0001
_LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "timezone": "UTC",
    # An acknowledged request is on the disk, whatever the default of a server that is not ours.
    "synchronous_commit": "on",
    # A server that is not ours took seconds to compile statements that run for milliseconds, each time.
    "jit": "off",
}
# A cable that is pulled out is noticed in seconds; sockets of this machine ignore it.
_LIVELINESS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
_INSTALLED = Path(__file__).with_name("_migrations")
_CHECKOUT = Path(__file__).parents[1] / "migrations"


class DatabaseUnfit(Exception):  # noqa: N818 - "unfit" says more than the suffix would
    """Work on that database is impossible; the message is one sentence for whoever starts it."""


class DatabaseTooNew(DatabaseUnfit):
    """A newer version of the program has already changed the database."""


class HurriedConnection(psycopg.Connection[Any]):
    """Waits a moment for an answer and no longer: the thread that uses it serves the whole clinic.

    A statement that takes longer raises `psycopg.OperationalError`; the connection is then of no more use.
    """

    patience_s = 0.03

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Like psycopg's own, with a limit."""
        return super().wait(gen, interval, self.patience_s if timeout is None else timeout)


def connect(
    dsn: str,
    *,
    application_name: str,
    autocommit: bool = False,
    kind: type[psycopg.Connection[Any]] = psycopg.Connection,
) -> psycopg.Connection[Any]:
    """A connection in UTC on which no statement waits for ever; what the DSN itself says goes first.

    A statement is prepared when it comes for the second time: those of the hot path stay prepared for good
    (there is room for all of them), and one that comes once does not pay for it.
    """
    given = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    limits = " ".join(f"-c {name}={value}" for name, value in _LIMITS.items())
    given["options"] = f"{limits} {given.get('options', '')}".strip()
    given["application_name"] = application_name
    conninfo = make_conninfo("", **(_LIVELINESS | given))
    connection = kind.connect(conninfo, autocommit=autocommit, prepare_threshold=1)
    connection.prepared_max = 1000
    return connection


def migrations_folder() -> Path:
    """Where the migrations lie: in an installed wheel inside the package, in a checkout beside it."""
    return _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def migrate(dsn: str, folder: Path) -> None:
    """Brings the database up to the newest migration in `folder`; one process does it, others wait for it.

    `DatabaseTooNew` and `DatabaseUnfit` leave it as it was.
    """
    with connect(dsn, application_name="hms-server migrations") as connection:
        refuse_old_server(connection.info.server_version)
        with _only_migrator(connection):
            refuse_missing_extensions(connection)
            _upgrade(connection, folder)


def refuse_old_server(server_version: int) -> None:
    """Takes libpq's number, such as 150004 for 15.4."""
    major = server_version // 10_000
    if major < OLDEST_SERVER:
        message = f"PostgreSQL {major} is too old: this program needs PostgreSQL {OLDEST_SERVER} or newer."
        raise DatabaseUnfit(message)


@contextmanager
def _only_migrator(connection: psycopg.Connection[Any]) -> Iterator[None]:
    # The lock is the session's, since every migration ends a transaction; it falls with the connection.
    connection.execute("set statement_timeout = 0")
    connection.execute("set lock_timeout = 0")
    connection.execute("select pg_advisory_lock(%s)", [_MIGRATION_LOCK])
    # A migration that cannot get its table lock fails, instead of stopping the whole clinic behind it.
    connection.execute("set lock_timeout = '10s'")
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute("select pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
        connection.commit()


def refuse_missing_extensions(connection: psycopg.Connection[Any]) -> None:
    """`DatabaseUnfit` names what the server lacks, or what its user may not add."""
    rows = connection.execute(_EXTENSION_STATE, [list(EXTENSIONS)]).fetchall()
    connection.rollback()
    if absent := [name for name, available, _ in rows if not available]:
        message = f"The PostgreSQL server lacks {', '.join(absent)}: install its contrib package there."
        raise DatabaseUnfit(message)
    if forbidden := [name for name, _, allowed in rows if not allowed]:
        names = "; ".join(f"create extension {name}" for name in forbidden)
        message = f"The user of the database may not create extensions: let its administrator run “{names}”."
        raise DatabaseUnfit(message)


def _upgrade(connection: psycopg.Connection[Any], folder: Path) -> None:
    # Workers connect and never migrate: Alembic would cost each of them most of a second at its start.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above
    from sqlalchemy import StaticPool, create_engine  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    # A migration holds many statements in one string, which cannot be prepared.
    connection.prepare_threshold = None
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    with engine.connect() as alchemy:
        _refuse_newer(alchemy, ScriptDirectory.from_config(config))
        config.attributes["connection"] = alchemy
        command.upgrade(config, "head")


def _refuse_newer(alchemy: "AlchemyConnection", scripts: "ScriptDirectory") -> None:
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - see `_upgrade`

    found = set(MigrationContext.configure(alchemy).get_current_heads())
    alchemy.rollback()
    known = {script.revision for script in scripts.walk_revisions()}
    if unknown := found - known:
        message = (
            f"The database was changed by a newer version of this program (it is at {_listed(unknown)}, "
            f"this program knows {_listed(scripts.get_heads())}): install that version here too."
        )
        raise DatabaseTooNew(message)


def _listed(revisions: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(revisions)) or "nothing"


_EXTENSION_STATE = """
select wanted.name,
       available.name is not null,
       available.installed_version is not null
           or (select rolsuper from pg_roles where rolname = current_user)
           or (has_database_privilege(current_database(), 'create') and exists (
               select from pg_available_extension_versions version
               where version.name = wanted.name and version.trusted
                   and version.version = available.default_version))
from unnest(%s::text[]) with ordinality as wanted (name, place)
left join pg_available_extensions available on available.name = wanted.name
order by wanted.place
"""
