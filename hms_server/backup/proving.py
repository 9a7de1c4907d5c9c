"""Loads a dump on its way into a database of its own, so that a backup is known to come back."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from hms_server.backup.draft import open_way
from hms_server.backup.dumping import load
from hms_server.postgres import EmbeddedPostgres

FOLDER = "proof"
_ROOM_BYTES = 512 << 20
_GROWTH = 1.2
_SMALL = {
    # Thrown away in a minute: it need not survive anything, and must leave the memory to the clinic.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "maintenance_work_mem": "32MB",
    "max_connections": "5",
    "autovacuum": "off",
    "max_wal_size": "128MB",
}


@contextmanager
def scratch(data_dir: Path, *, size: int) -> Iterator[str | None]:
    """A PostgreSQL of its own that is gone afterwards; None where there is no room for a second copy.

    Not another database of the clinic's own server: a transaction that lasts there, in whichever database,
    holds back the events of every screen.
    """
    home = data_dir / FOLDER
    _remove(home)
    if shutil.disk_usage(data_dir).free < size * _GROWTH + _ROOM_BYTES:
        yield None
        return
    open_way(data_dir)
    try:
        yield EmbeddedPostgres(home, settings=_SMALL).ensure_running()
    finally:
        _remove(home)


def load_and_count(blocks: Iterator[bytes], dsn: str, rows: Mapping[str, int]) -> None:
    """`ToolFailed` where the dump does not load, or a table has not the rows that it should."""
    load(blocks, dsn, after=counted(rows))


def counted(rows: Mapping[str, int]) -> str:
    """The statements that raise an error where a table has another number of rows."""
    return "\n".join(_count(name, count) for name, count in rows.items())


def passed_on(blocks: Iterator[bytes], take: Callable[[bytes], None]) -> Iterator[bytes]:
    """The same blocks, each handed to `take` as well."""
    for block in blocks:
        take(block)
        yield block


def _count(name: str, count: int) -> str:
    statement = sql.SQL(COUNT).format(
        table=sql.Identifier("public", name), name=sql.Literal(name), count=sql.Literal(count)
    )
    return statement.as_string()


def _remove(home: Path) -> None:
    if home.exists():
        EmbeddedPostgres(home).stop()
        shutil.rmtree(home)


COUNT = """
do $count$
declare
    found bigint := (select count(*) from {table});
begin
    if found <> {count} then
        raise exception 'The table % has % rows after loading, and % were stored.', {name}, found, {count};
    end if;
end $count$;
"""
