"""The chain of hashes over the audit rows: an altered, removed or inserted row is found."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

SEAL_LOCK = 7_301_001
BATCH = 250
FIRST_HASH = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row as it is hashed; every column counts."""

    transaction: int
    number: int
    at: datetime
    staff_id: int | None
    device_id: int | None
    session_id: int | None
    request_id: UUID
    request: str
    outcome: str
    patients: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`fault` is a sentence that names the first row that does not fit, or None."""

    checked: int
    unsealed: int
    fault: str | None


COLUMNS = """number, transaction::text::bigint as transaction, at, staff_id, device_id, session_id,
    request_id, request, outcome, patients"""

# Sealing follows the same order as events: nothing can commit any more at or before what is sealed.
UNSEALED = f"""
select {COLUMNS} from audit
where (transaction, number) > (%(transaction)s::text::xid8, %(number)s)
    and transaction < settled_order()
order by audit.transaction, number limit %(limit)s
"""

LAST_SEAL = (
    "select position, transaction::text::bigint, number, hash from audit_seal order by position desc limit 1"
)


def chain_hash(key: bytes, previous: bytes, row: AuditRow) -> bytes:
    """The keyed hash of a row and of all before it; without the key nobody can forge the chain."""
    words = (
        row.transaction,
        row.number,
        row.at.astimezone(UTC).isoformat(),
        row.staff_id,
        row.device_id,
        row.session_id,
        row.request_id,
        row.request,
        row.outcome,
        row.patients,
    )
    return hmac.digest(key, previous + repr([str(word) for word in words]).encode(), "sha256")


def seal(connection: psycopg.Connection[Any], key: bytes) -> int:
    """Adds the rows that are not in the chain yet; one server at a time, the others skip their turn."""
    with connection.transaction():
        row = connection.execute("select pg_try_advisory_xact_lock(%s)", (SEAL_LOCK,)).fetchone()
        if row is None or not row[0]:
            return 0
        last = connection.execute(LAST_SEAL).fetchone()
        position, transaction, number, previous = last or (0, 0, 0, FIRST_HASH)
        rows = _read(connection, UNSEALED, transaction=str(transaction), number=number, limit=BATCH)
        seals = []
        for offset, audit_row in enumerate(rows, start=1):
            previous = chain_hash(key, bytes(previous), audit_row)
            seals.append((position + offset, audit_row.number, str(audit_row.transaction), previous))
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into audit_seal (position, number, transaction, hash)"
                " values (%s, %s, %s::text::xid8, %s)",
                seals,
            )
        return len(seals)


def verify(connection: psycopg.Connection[Any], key: bytes) -> Verdict:
    """Walks the whole chain from the first row and stops at the first one that does not fit."""
    previous, checked = FIRST_HASH, 0
    while True:
        with connection.cursor() as cursor:
            seals = cursor.execute(SEALED_PART, (checked, checked + BATCH)).fetchall()
        if not seals:
            break
        rows = {row.number: row for row in _read(connection, ROWS_OF_PART, low=checked, high=checked + BATCH)}
        for position, number, sealed_hash in seals:
            row = rows.get(number)
            fault = _fault_of(position, checked, number, row)
            if fault is None and row is not None:
                previous = chain_hash(key, previous, row)
                if previous != bytes(sealed_hash):
                    fault = f"Audit row {number} of {row.at:%Y-%m-%d %H:%M} UTC was altered."
            if fault is not None:
                return Verdict(checked=checked, unsealed=0, fault=fault)
            checked += 1
    return _verdict_on_rest(connection, checked)


def _fault_of(position: int, checked: int, number: int, row: AuditRow | None) -> str | None:
    if position != checked + 1:
        return f"The seal at position {checked + 1} was removed."
    if row is None:
        return f"Audit row {number} was removed."
    return None


def _verdict_on_rest(connection: psycopg.Connection[Any], checked: int) -> Verdict:
    with connection.cursor() as cursor:
        inserted = cursor.execute(INSERTED_LATER).fetchone()
        unsealed = cursor.execute(COUNT_UNSEALED).fetchone()
    if inserted is not None:
        fault = f"Audit row {inserted[0]} was inserted between sealed rows."
        return Verdict(checked=checked, unsealed=0, fault=fault)
    return Verdict(checked=checked, unsealed=unsealed[0] if unsealed else 0, fault=None)


SEALED_PART = (
    "select position, number, hash from audit_seal where position > %s and position <= %s order by position"
)
ROWS_OF_PART = f"""
select {COLUMNS} from audit
where number in (select number from audit_seal where position > %(low)s and position <= %(high)s)
"""
INSERTED_LATER = """
select number from audit
where (transaction, number) <= (select transaction, number from audit_seal order by position desc limit 1)
    and not exists (select from audit_seal where audit_seal.number = audit.number)
order by number limit 1
"""
COUNT_UNSEALED = """
select count(*) from audit where not exists (select from audit_seal where audit_seal.number = audit.number)
"""


def _read(connection: psycopg.Connection[Any], sql: Any, **params: Any) -> list[AuditRow]:
    with connection.cursor(row_factory=class_row(AuditRow)) as cursor:
        return cursor.execute(sql, params).fetchall()
