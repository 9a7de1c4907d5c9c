"""Puts a dump into a database, as one step that happens or does not."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from hms_server.backup.dumping import load
from hms_server.backup.proving import counted
from hms_server.backup.trouble import BackupFailed
from hms_server.database import connect, refuse_old_server
from hms_server.epoch import epoch_statement

ASIDE = "before_restore_"
"""The beginning of a schema's name; a dump leaves such schemas out."""


class TargetRefused(BackupFailed):
    """The database cannot be restored into; nothing was changed."""


def arrive(
    dump: Iterator[bytes],
    dsn: str,
    *,
    rows: Mapping[str, int],
    now: datetime,
    lost_since: datetime | None = None,
    aside: str = "",
) -> None:
    """Loads the dump, counts every table, and begins a new epoch, in one transaction.

    `lost_since`: work may have been done after that moment which is not in the dump. Then nobody is signed in
    any more, open pairing codes are void, what was to leave the premises counts as perhaps sent, ids go on
    above all that the lost work may have had, and the books are compared with Paystack's before any refund.
    `aside` names the schema to which what is there now is moved first.
    """
    before = _set_aside(dsn, aside) if aside else ""
    after = [PATH, counted(rows), epoch_statement(now).as_string()]
    if lost_since is not None:
        moments = {"now": now.isoformat(), "since": lost_since.isoformat()}
        literals = {name: sql.Literal(moment) for name, moment in moments.items()}
        after.append(sql.SQL(LOST_WORK).format(**literals).as_string())
    after.append(STILL_UNUSED)
    load(dump, dsn, before=before, after="\n".join(after))
    with connect(dsn, application_name="hms-server restore", autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        connection.execute("analyze")


def refuse_used(dsn: str) -> None:
    """`TargetRefused` while a server works on that database."""
    with connect(dsn, application_name="hms-server restore", autocommit=True) as connection:
        refuse_old_server(connection.info.server_version)
        if connection.execute(SERVERS).fetchone() is not None:
            raise TargetRefused(
                "A server works on this database at the moment: stop it first, on every machine that has one."
            )


def is_empty(dsn: str) -> bool:
    """Whether there is nothing of anybody's in the database."""
    with connect(dsn, application_name="hms-server restore", autocommit=True) as connection:
        return connection.execute(CONTENT).fetchone() is None


def clear(dsn: str) -> None:
    """Removes what `arrive` has put into a database that was empty before."""
    with connect(dsn, application_name="hms-server restore") as connection:
        for (what,) in connection.execute(OURS).fetchall():
            # PostgreSQL itself has written and quoted the name. One may have gone with another.
            connection.execute(f"drop {_if_exists(what)} cascade".encode())


def _if_exists(what: str) -> str:
    """Puts “if exists” between the kind and the name."""
    kind = next(kind for kind in KINDS if what.startswith(f"{kind} "))
    return f"{kind} if exists {what.removeprefix(kind)}"


def _set_aside(dsn: str, name: str) -> str:
    """The statements that move everything to another schema; extensions stay, which are not ours to move."""
    with connect(dsn, application_name="hms-server restore", autocommit=True) as connection:
        found = connection.execute(OURS).fetchall()
    schema = sql.Identifier(name).as_string()
    moves = (f"alter {what} set schema {schema};" for (what,) in found)
    return "\n".join([f"create schema {schema};", *moves])


def describe(connection: psycopg.Connection[Any]) -> str:
    """Where a database is, in words without its password."""
    info = connection.info
    return f"PostgreSQL {info.server_version // 10_000} at {info.host}, database {info.dbname}"


SERVERS = """
select from pg_stat_activity
where application_name = 'hms-server' and datname = current_database() limit 1
"""
CONTENT = """
select from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    and not exists (select from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')
limit 1
"""
KINDS = ("table", "view", "materialized view", "foreign table", "routine", "type")
OURS = """
with ours as (
    select 'pg_class'::regclass as catalog, oid,
        case relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'f' then 'foreign table '
            else 'table ' end || oid::regclass as what
    from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
    union all
    select 'pg_proc'::regclass, oid, 'routine ' || oid::regprocedure
    from pg_proc where pronamespace = 'public'::regnamespace
    union all
    select 'pg_type'::regclass, oid, 'type ' || oid::regtype
    from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
)
select what from ours
where not exists (select from pg_depend
    where classid = catalog and objid = ours.oid and deptype = 'e')
"""
PATH = "set local search_path = public;"
# A server that was started in the midst would go on with what it had read before.
STILL_UNUSED = """
do $used$
begin
    if exists (select from pg_stat_activity
        where application_name = 'hms-server' and datname = current_database()) then
        raise exception 'A server was started on this database meanwhile: stop it, and begin again.';
    end if;
end $used$;
"""
# A message whose time is still to come cannot have been sent; an hour is for clocks that differ, and one that
# is behind the backup's says nothing.
# An id that was given after the dump is known to drafts, to requests under way and to printed cards: given
# again, it would bring one patient's text into another's chart.
# What Paystack did after the dump is not in the books: whoever enters a refund again from paper must not send
# the money twice. A comparison that waits and says why holds refunds back (`paystack.refund_jobs`).
LOST_WORK = """
update session set ended_at = {now}, end_reason = 'restored' where ended_at is null;
update pairing_code set tries_left = 0 where used_at is null;
update relay_job set uncertain = true
where state in ('waiting', 'running')
    and (kind <> 'messaging.send' or run_at <= {now}::timestamptz + interval '1 hour'
        or {now}::timestamptz < {since}::timestamptz);
do $numbers$
declare
    one record;
begin
    for one in select sequencename, coalesce(last_value, 0) as last from pg_sequences
        where schemaname = 'public' and data_type = 'bigint'::regtype
    loop
        perform setval(format('public.%I', one.sequencename)::regclass, one.last + 100000);
    end loop;
end $numbers$;
with days as (
    select ({now}::timestamptz at time zone time_zone)::date as today,
        ({since}::timestamptz at time zone time_zone)::date as since
    from clinic
), run as (
    insert into reconciliation (first_day, last_day, asked_at, why)
    select least(today - 8, since), today, {now}::timestamptz, 'The clinic was restored from a backup.'
    from days where exists (select from relay_provider where name = 'paystack' and enabled)
    returning id
)
insert into relay_job (kind, key, payload, summary, run_at, asked_at, asked_by, patience_from, since)
select 'paystack.reconcile', id::text, jsonb_build_object('reconciliation_id', id),
    'Compare with Paystack''s list: the clinic was restored', {now}::timestamptz, {now}::timestamptz,
    'restore', {now}::timestamptz, {now}::timestamptz
from run;
"""
