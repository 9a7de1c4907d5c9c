"""What a backup holds besides the dump: keys, settings, and the number of rows of each table."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.sealing import CHUNK_BYTES, Backup, BadBackup

_LENGTH = struct.Struct(">I")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Comes before the dump. `keys` and `settings` are files; `size` is that of the database, in bytes."""

    made_at: datetime
    keys: bytes
    settings: bytes
    rows: dict[str, int]
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """An opened backup; the dump is checked while it is read."""

    manifest: Manifest
    dump: Iterator[bytes]


class Packer:
    """Cuts the content into pieces of `CHUNK_BYTES`: the manifest first, then what is added."""

    def __init__(self, manifest: Manifest) -> None:
        body = msgspec.msgpack.encode(manifest)
        self._waiting = bytearray(_LENGTH.pack(len(body)) + body)

    def add(self, block: bytes) -> Iterator[bytes]:
        """The pieces that are full now."""
        self._waiting += block
        while len(self._waiting) > CHUNK_BYTES:
            yield bytes(self._waiting[:CHUNK_BYTES])
            del self._waiting[:CHUNK_BYTES]

    def last(self) -> bytes:
        """The piece that ends the content."""
        return bytes(self._waiting)


def unpacked(backup: Backup, key: RecoveryKey) -> Content:
    """Opens the backup as far as the manifest; the dump follows."""
    chunks = backup.chunks(key)
    start = next(chunks, b"")
    if len(start) < _LENGTH.size:
        raise BadBackup(f"The backup {backup.path} is empty.")
    end = _LENGTH.size + _LENGTH.unpack_from(start)[0]
    manifest = msgspec.msgpack.decode(start[_LENGTH.size : end], type=Manifest)
    return Content(manifest, _rest(start[end:], chunks))


def check_whole(backup: Backup, key: RecoveryKey) -> Manifest:
    """Reads every chunk to the end; `BadBackup` where one is wrong or missing."""
    content = unpacked(backup, key)
    for _ in content.dump:
        pass
    return content.manifest


def _rest(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from chunks


def tables(connection: psycopg.Connection[Any]) -> list[str]:
    """The clinic's tables by name; none in a database without a clinic."""
    return [name for (name,) in connection.execute(TABLES).fetchall()]


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """The exact number of rows of every table, in the snapshot of the caller's transaction."""
    counts = {}
    for name in tables(connection):
        query = sql.SQL("select count(*) from {}").format(sql.Identifier("public", name))
        row = connection.execute(query).fetchone()
        counts[name] = int(row[0]) if row else 0
    return counts


TABLES = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
    and not exists (select from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')
order by relname
"""
