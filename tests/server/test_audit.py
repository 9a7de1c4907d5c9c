"""The audit chain: whoever changes it behind the server's back is found."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from hms_server.audit import seal, verify
from hms_server.database import connect

KEY = b"k" * 32
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROWS = 7
PATIENCE_S = 15
INSERTED: LiteralString = """
insert into audit (transaction, number, at, request_id, request, outcome, patients)
overriding system value
select transaction, 1000, at, gen_random_uuid(), request, outcome, patients from audit where number = 2
"""


@pytest.fixture
def chain(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Seven sealed rows."""
    with connect(database, application_name="tests", autocommit=True) as connection:
        for number in range(ROWS):
            add(connection, patient=number)
        seal_all(connection, count=ROWS)
        yield connection


def seal_all(connection: psycopg.Connection[Any], *, count: int) -> None:
    """Seals so many rows, as soon as no transaction of another test's database is older than they are."""
    give_up_at = time.monotonic() + PATIENCE_S
    while (count := count - seal(connection, KEY)) > 0:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
    assert count == 0


def add(connection: psycopg.Connection[Any], *, patient: int) -> None:
    connection.execute(
        "insert into audit (at, staff_id, device_id, request_id, request, outcome, patients)"
        " values (%s, 3, 4, %s, 'GetChart', 'done', %s)",
        (NOON, uuid4(), [patient]),
    )


def tamper(connection: psycopg.Connection[Any], table: LiteralString, statement: LiteralString) -> None:
    """What only the owner of the database could do: lift the trigger, change, put it back."""
    connection.execute(f"alter table {table} disable trigger user")
    connection.execute(statement)
    connection.execute(f"alter table {table} enable trigger user")


def test_untouched_chain_verifies(chain: psycopg.Connection[Any]) -> None:
    """All rows fit, and rows that are too new are counted apart."""
    add(chain, patient=99)

    verdict = verify(chain, KEY)

    assert (verdict.checked, verdict.unsealed, verdict.fault) == (ROWS, 1, None)


def test_sealing_goes_on_where_it_ended(chain: psycopg.Connection[Any]) -> None:
    """Every row is sealed once."""
    add(chain, patient=99)

    seal_all(chain, count=1)

    assert seal(chain, KEY) == 0
    assert verify(chain, KEY).checked == ROWS + 1


def test_rows_cannot_be_changed_by_the_program(chain: psycopg.Connection[Any]) -> None:
    """The tables are append-only even for the server itself."""
    for statement in ("update audit set staff_id = 9", "delete from audit", "delete from audit_seal"):
        with pytest.raises(errors.RestrictViolation):
            chain.execute(statement)


@pytest.mark.parametrize(
    ("table", "statement", "words"),
    [
        ("audit", "update audit set patients = '{77}' where number = 4", "row 4 of .* was altered"),
        ("audit", "update audit set staff_id = 1 where number = 1", "row 1 of .* was altered"),
        ("audit", "delete from audit where number = 5", "row 5 was removed"),
        ("audit_seal", "delete from audit_seal where position = 3", "seal at position 3 was removed"),
        ("audit_seal", "delete from audit_seal where position = 1", "seal at position 1 was removed"),
        (
            "audit",
            INSERTED,
            "row 1000 was inserted",
        ),
    ],
)
def test_tampering_is_found_and_named(
    chain: psycopg.Connection[Any], table: LiteralString, statement: LiteralString, words: str
) -> None:
    """An altered, removed or inserted row is told by its number."""
    tamper(chain, table, statement)

    fault = verify(chain, KEY).fault

    assert fault is not None
    assert re.search(words, fault), fault


def test_rows_that_changed_places_are_found(chain: psycopg.Connection[Any]) -> None:
    """Two rows with exchanged contents do not fit any more."""
    tamper(
        chain,
        "audit",
        "update audit set patients = array[case number when 2 then 2 else 1 end] where number in (2, 3)",
    )

    assert "row 2" in str(verify(chain, KEY).fault)


def test_chain_of_another_key_does_not_verify(chain: psycopg.Connection[Any]) -> None:
    """Who has the database but not the server's key cannot write a new chain."""
    assert "row 1" in str(verify(chain, b"x" * 32).fault)
