"""The order of events goes on after a restore, on a cluster that counts its transactions anew."""

from datetime import UTC, datetime, timedelta

import psycopg

from hms_server.audit import verify
from hms_server.contract.envelope import Position
from hms_server.database import connect
from hms_server.epoch import begin_epoch
from hms_server.events import current_position, forget_before, read_stretch
from hms_server.gate import is_forgotten
from tests.server.test_audit import KEY, add, seal_all
from tests.server.test_events import read_all, tell

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
FAR = 1 << 50
"""A place that no cluster of these tests reaches by itself, as after years in another one."""


def test_every_older_position_is_a_gap(database: str) -> None:
    """Also one that the lost server handed out after the backup was taken."""
    with connect(database, application_name="tests", autocommit=True) as connection:
        tell(connection, "Old")
        before = current_position(connection)
        lost = Position(before.transaction + 1000, 7)

        begin_epoch(connection, NOW)

        assert is_forgotten(connection, before)
        assert is_forgotten(connection, lost)
        assert not is_forgotten(connection, current_position(connection))


def test_a_second_restore_of_the_same_backup_is_another_epoch(database: str) -> None:
    """Who followed the first restored server must not believe that the second one continues it."""
    with connect(database, application_name="tests", autocommit=True) as connection:
        connection.execute("begin")
        begin_epoch(connection, NOW)
        first = current_position(connection)
        connection.execute("rollback")

        begin_epoch(connection, NOW + timedelta(seconds=1))

        assert is_forgotten(connection, Position(first.transaction + 1_000_000, 1))


def test_a_clock_that_is_wrong_takes_no_place_twice(database: str) -> None:
    """A machine without a clock battery restores in 1970."""
    with connect(database, application_name="tests", autocommit=True) as connection:
        begin_epoch(connection, NOW)
        before = current_position(connection)

        begin_epoch(connection, datetime(1970, 1, 1, tzinfo=UTC))

        assert is_forgotten(connection, before)


def test_new_events_come_through_after_rows_of_a_cluster_that_had_counted_further(database: str) -> None:
    """Nothing is held back, though the restored rows have places far above this cluster's transactions."""
    with connect(database, application_name="tests", autocommit=True) as connection:
        connection.execute(
            "insert into event (transaction, name, audience, at, body)"
            " values (%s::text::xid8, 'Old', 'x', %s, '')",
            (str(FAR), NOW),
        )

        begin_epoch(connection, NOW)
        start = current_position(connection)
        tell(connection, "New")

        assert [event.name for event in read_all(connection, count=1, after=start)] == ["New"]
        assert not read_stretch(connection, start, limit=10).held_back
        assert start.transaction > FAR


def test_forgetting_old_events_keeps_the_epoch(database: str) -> None:
    """The retention moves the horizon on, never back."""
    with connect(database, application_name="tests", autocommit=True) as connection:
        before = current_position(connection)
        begin_epoch(connection, NOW)
        tell(connection, "New")

        forget_before(connection, NOW + timedelta(days=900))

        assert is_forgotten(connection, before)


def test_the_audit_chain_goes_on_behind_its_last_row(database: str) -> None:
    """Rows from before, sealed and not, and rows from after form one chain."""
    with connect(database, application_name="tests", autocommit=True) as connection:
        for patient in range(3):
            add(connection, patient=patient)
        seal_all(connection, count=3)
        _as_if_written_far_ahead(connection)

        begin_epoch(connection, NOW)
        add(connection, patient=5)
        seal_all(connection, count=2)

        verdict = verify(connection, KEY)
        assert (verdict.checked, verdict.unsealed, verdict.fault) == (5, 0, None)


def _as_if_written_far_ahead(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """One more row, not sealed yet, from a cluster whose transactions had counted much further."""
    connection.execute(
        "insert into audit (transaction, at, request_id, request, outcome, patients)"
        " values (%s::text::xid8, %s, gen_random_uuid(), 'GetChart', 'done', '{4}')",
        (str(FAR), NOW),
    )
