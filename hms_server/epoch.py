"""A new epoch of the order of events, after a restore or a move: every older position is a gap."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

PLACES_PER_SECOND = 1 << 30
"""More transactions than any cluster ends in a second: epochs of different times never touch."""
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def begin_epoch(connection: psycopg.Connection[Any], now: datetime) -> None:
    """Called in a transaction of its own, while no server works on the database.

    Transactions count from the beginning in another cluster, and what the lost server told after the backup
    is known to workstations alone. So places go on above all that may ever have been handed out, also by a
    server that was restored from the same backup earlier; whoever comes with an older position fetches
    everything again, and the audit chain goes on behind its last row.
    """
    row = connection.execute(HIGHEST).fetchone()
    if row is None:
        raise LookupError("the database gave no snapshot")
    highest, xmin = row
    by_time = int((now - _SINCE).total_seconds()) * PLACES_PER_SECOND
    start = max(highest + PLACES_PER_SECOND, by_time)
    connection.execute(sql.SQL(OFFSET).format(sql.Literal(start - xmin)))
    connection.execute("delete from event")
    connection.execute(HORIZON, (start - 1,))


HIGHEST = """
select greatest(
        (select transaction::text::bigint from event order by event.transaction desc limit 1),
        (select transaction::text::bigint from audit order by audit.transaction desc limit 1),
        (select transaction from event_horizon),
        settled_order()::text::bigint
    ),
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""
OFFSET = """
create or replace function order_offset() returns bigint language sql immutable parallel safe
    return {}::bigint
"""
HORIZON = """
insert into event_horizon (transaction, number) values (%s, 0)
on conflict (only_one) do update set transaction = excluded.transaction, number = excluded.number
"""
