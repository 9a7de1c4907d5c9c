"""Writes made-up rows in bulk; the database's own triggers and constraints see every one of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from hms_server.contract.values import StaffId
from hms_server.demo.people import MadeUp
from hms_server.demo.stock import Shelves
from hms_server.patients.models import rebuild_search

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class StaffOfThePast:
    """Whose names stand under the visits of the past weeks."""

    reception: StaffId
    nurse: StaffId
    doctors: tuple[StaffId, ...]
    pharmacist: StaffId
    cashier: StaffId


def copy_rows(
    connection: psycopg.Connection[Any], table: LiteralString, columns: Sequence[LiteralString], rows: Rows
) -> None:
    """Appends the rows in one statement."""
    names = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), names)
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def continue_ids(connection: psycopg.Connection[Any], *tables: LiteralString) -> None:
    """Lets the next row get the number after the last one that was written here."""
    for table in tables:
        last = sql.SQL("select coalesce(max(id), 0) + 1 from {}").format(sql.Identifier(table))
        connection.execute(
            sql.SQL("select setval(pg_get_serial_sequence({}, 'id'), ({}), false)").format(table, last)
        )


def write_people(
    connection: psycopg.Connection[Any], people: Sequence[MadeUp], *, at: datetime, by: StaffId
) -> None:
    """The patients, and all that searches find them by."""
    rows = (
        (
            each.id, each.family_name, each.given_names, each.sex, each.birth_date, each.birth_precision,
            each.phone, each.phone is None, each.address, each.next_of_kin_name, each.next_of_kin_phone,
            each.deceased, at, by, at, by,
        )
        for each in people
    )  # fmt: skip
    copy_rows(connection, "patient", PATIENT, rows)
    continue_ids(connection, "patient")
    rebuild_search(connection)


def write_stock(connection: psycopg.Connection[Any], shelves: Shelves, *, at: datetime, by: StaffId) -> None:
    """The deliveries; the ledger's own trigger fills the batches."""
    batches = shelves.batches
    rows = ((each.id, each.product_id, each.lot, each.expires_on, each.shelf) for each in batches)
    copy_rows(connection, "batch", ("id", "product_id", "lot", "expires_on", "shelf"), rows)
    moved = ((each.id, each.received, "received", at, by) for each in batches)
    copy_rows(connection, "stock_movement", ("batch_id", "quantity", "kind", "at", "staff_id"), moved)
    continue_ids(connection, "batch")


PATIENT = (
    "id", "family_name", "given_names", "sex", "birth_date", "birth_precision", "phone", "no_phone",
    "address", "next_of_kin_name", "next_of_kin_phone", "deceased", "registered_at", "registered_by",
    "changed_at", "changed_by",
)  # fmt: skip
