"""What administrators and commands ask: every server of the clinic with its conditions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec import structs
from psycopg.rows import class_row

from hms_server.contract.upkeep import GetServerConditions, ServerConditions, ServerRow
from hms_server.upkeep.rules import HEARD_WITHIN, judge_silent
from hms_server.work import Work


def get_server_conditions(work: Work, _request: GetServerConditions) -> ServerConditions:
    """As the servers told it within the last minute."""
    return read_conditions(work.connection, now=work.now)


def read_conditions(connection: psycopg.Connection[Any], *, now: datetime) -> ServerConditions:
    """The same for a command that has no request."""
    counts = connection.execute(COUNTS).fetchone()
    devices, sessions, sealed_up_to, unsealed = counts or (0, 0, None, 0)
    return ServerConditions(
        servers=[row for row in (_row(state, now=now) for state in _states(connection)) if row is not None],
        devices=devices,
        sessions=sessions,
        sealed_up_to=sealed_up_to,
        unsealed=unsealed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    told: bytes
    seen_at: datetime
    stopped_at: datetime | None


def _states(connection: psycopg.Connection[Any]) -> list[_State]:
    with connection.cursor(row_factory=class_row(_State)) as cursor:
        return cursor.execute(STATES).fetchall()


def _row(state: _State, *, now: datetime) -> ServerRow | None:
    try:
        row = msgspec.msgpack.decode(state.told, type=ServerRow)
    except msgspec.DecodeError:
        # A server of another version tells more than this one understands, and tells it itself.
        return None
    running = state.stopped_at is None and now - state.seen_at < HEARD_WITHIN
    if running:
        return row
    # What it told last is as old as its last word.
    silent = state.stopped_at is None
    conditions = judge_silent(row.host, seen_at=state.seen_at, now=now) if silent else []
    return structs.replace(row, stopped_at=state.stopped_at, running=False, conditions=conditions)


STATES = "select told, seen_at, stopped_at from server_state order by started_at, id"
# The chain follows the order of the rows, so what lies behind the last seal is what waits for the next one.
COUNTS = """
select
    (select count(*) from device where revoked_at is null),
    (select count(*) from session where ended_at is null),
    (select at from audit where number = (select number from audit_seal order by position desc limit 1)),
    (select count(*) from audit where (transaction, number) > (
        coalesce((select transaction from audit_seal order by position desc limit 1), '0'::xid8),
        coalesce((select number from audit_seal order by position desc limit 1), 0)
    ))
"""
