"""A new epoch of the order of events, after a restore or a move: every older position is a gap."""

import hmac
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

PLACES_PER_SECOND = 1 << 30
"""More transactions than any cluster ends in a second: epochs of different times never touch."""
_PROOF_SIGNS = 32
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def begin_epoch(connection: psycopg.Connection[Any], now: datetime) -> None:
    """Called in a transaction of its own, while no server works on the database."""
    connection.execute(epoch_statement(now))


def epoch_text(connection: psycopg.Connection[Any]) -> str:
    """The same at every server of one database, another one after each restore or move of it."""
    row = connection.execute("select order_offset()").fetchone()
    return str(row[0]) if row else ""


def epoch_proof(audit_key: bytes, epoch: str) -> str:
    """Shows that somebody with the clinic's keys serves this epoch; it may be said again by anybody."""
    return hmac.digest(audit_key, f"epoch {epoch}".encode(), "sha256").hex()[:_PROOF_SIGNS]


def epoch_statement(now: datetime) -> sql.Composed:
    """The same as one statement, for whoever has no connection but a script.

    Transactions count from the beginning in another cluster, and what the lost server told after the backup
    is known to workstations alone. So places go on above all that may ever have been handed out, also by a
    server that was restored from the same backup earlier; whoever comes with an older position fetches
    everything again, and the audit chain goes on behind its last row.
    """
    by_time = int((now - _SINCE).total_seconds()) * PLACES_PER_SECOND
    return sql.SQL(BEGIN_EPOCH).format(gap=sql.Literal(PLACES_PER_SECOND), by_time=sql.Literal(by_time))


BEGIN_EPOCH = """
do $epoch$
declare
    settled bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    start bigint := greatest({by_time}, {gap} + greatest(
        (select transaction::text::bigint from public.event order by event.transaction desc limit 1),
        (select transaction::text::bigint from public.audit order by audit.transaction desc limit 1),
        (select transaction from public.event_horizon),
        public.settled_order()::text::bigint));
begin
    execute format('create or replace function public.order_offset() returns bigint language sql immutable '
        'parallel safe return %s::bigint', start - settled);
    delete from public.event;
    insert into public.event_horizon (transaction, number) values (start - 1, 0)
    on conflict (only_one) do update set transaction = excluded.transaction, number = excluded.number;
end $epoch$;
"""
