"""Proof that two databases hold the same: every row, every sequence, every rule of the schema."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from hms_server.backup.content import tables

TRANSIENT = ("event", "event_horizon")
"""A new epoch begins without them: workstations fetch everything again."""
_READINGS = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # Whatever a server's own defaults are, the same value has the same text.
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "search_path": "public",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """What a table comes to: `digest` is SHA-256 over all its rows in the order of their keys."""

    rows: int
    size: int
    digest: str


Prints = dict[str, Print]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the proof; `there` is None where the other side lacks it."""

    name: str
    here: Print | None
    there: Print | None

    @property
    def equal(self) -> bool:
        return self.here == self.there


def take_prints(connection: psycopg.Connection[Any], say: Callable[[str], object]) -> Prints:
    """Reads the whole database in one snapshot, row by row; no more than a few of them are in memory."""
    connection.execute("set transaction isolation level repeatable read read only")
    for name, value in _READINGS.items():
        connection.execute("select set_config(%s, %s, true)", (name, value))
    prints: Prints = {}
    for table in tables(connection):
        if table not in TRANSIENT:
            say(table)
            prints[table] = _print_table(connection, table)
    prints["sequences"] = _print_rows(connection, sql.SQL(SEQUENCES))
    prints["large objects"] = _print_rows(connection, sql.SQL(LARGE_OBJECTS))
    prints["rules of the schema"] = _print_rows(connection, sql.SQL(SCHEMA))
    return prints


def compare(here: Prints, there: Prints) -> list[Line]:
    """One line for each thing that either side has."""
    names = [*here, *(name for name in there if name not in here)]
    return [Line(name=name, here=here.get(name), there=there.get(name)) for name in names]


def as_table(lines: list[Line]) -> str:
    """The proof as people read it and keep it."""
    width = max(len(line.name) for line in lines)
    head = f"{'':{width}}  {'rows':>9}  {'bytes':>12}  SHA-256 of the rows"
    return "\n".join([head, *(_row(line, width) for line in lines), ""])


def _row(line: Line, width: int) -> str:
    one = line.here or line.there
    if one is None:
        raise ValueError(f"{line.name} is on neither side")
    told = f"{line.name:{width}}  {one.rows:>9}  {one.size:>12}  {one.digest[:32]}"
    if line.equal:
        return f"{told}  equal"
    other = line.there if line.here else None
    said = f"{other.rows} rows, {other.digest[:32]}" if other else "missing on one side"
    return f"{told}  DIFFERS: {said}"


def _print_table(connection: psycopg.Connection[Any], table: str) -> Print:
    keys = [row[0] for row in connection.execute(KEYS, (table,)).fetchall()]
    # Two servers may sort text differently; by its bytes they agree.
    order = [sql.SQL('{}::text collate "C"').format(sql.Identifier(key)) for key in keys]
    whole = sql.Composed([sql.SQL('whole::text collate "C"')])
    rows = sql.SQL("select * from {} as whole order by {}").format(
        sql.Identifier("public", table), sql.SQL(", ").join(order or [whole])
    )
    return _print_rows(connection, rows)


def _print_rows(connection: psycopg.Connection[Any], rows: sql.Composable) -> Print:
    digest, size = hashlib.sha256(), 0
    with connection.cursor() as cursor:
        with cursor.copy(sql.SQL("copy ({}) to stdout").format(rows)) as copy:
            for block in copy:
                digest.update(block)
                size += len(block)
        return Print(rows=cursor.rowcount, size=size, digest=digest.hexdigest())


KEYS = """
select attname from pg_index
join pg_attribute on attrelid = indrelid and attnum = any(indkey)
where indrelid = ('public.' || quote_ident(%s))::regclass and indisprimary
order by array_position(indkey, attnum)
"""
SEQUENCES = """
select sequencename, last_value, start_value, increment_by from pg_sequences
where schemaname = 'public' order by sequencename collate "C"
"""
# Their content is for superusers alone; a clinic has none of them.
LARGE_OBJECTS = "select oid from pg_largeobject_metadata order by oid"
# By name: how a definition is written differs between versions of PostgreSQL, and so does whether "not null"
# counts as a constraint.
SCHEMA = """
select kind, name from (
    select 'column' as kind, attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod)
        || case when attnotnull then ' not null' else '' end as name
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and attnum > 0 and not attisdropped
    union all
    select 'constraint', conrelid::regclass || '.' || conname from pg_constraint
    where connamespace = 'public'::regnamespace and contype <> 'n'
    union all
    select 'index', indexrelid::regclass::text from pg_index
    join pg_class on pg_class.oid = indrelid where relnamespace = 'public'::regnamespace
    union all
    select 'trigger', tgrelid::regclass || '.' || tgname from pg_trigger where not tgisinternal
    union all
    select 'routine', pg_proc.oid::regprocedure::text from pg_proc
    where pronamespace = 'public'::regnamespace
        and not exists (select from pg_depend
            where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
    union all
    select 'view', oid::regclass::text from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
) as part
order by kind collate "C", name collate "C"
"""
