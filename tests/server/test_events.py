"""Events reach every reader in an order that cannot be missed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from hms_server.contract.envelope import Position
from hms_server.database import connect
from hms_server.events import EventPump, StoredEvent, forget_before, read_after
from hms_server.gate import is_forgotten

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENCE_S = 15
BEGINNING = Position(0, 0)
CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where application_name = 'pump' and datname = current_database()
"""


class Screen:
    """Collects what a pump publishes, and lets a test wait for it."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._arrived = threading.Condition()

    def publish(self, events: Sequence[StoredEvent]) -> None:
        with self._arrived:
            self.names += [event.name for event in events]
            self._arrived.notify_all()

    def wait_for(self, *names: str) -> bool:
        """Whether exactly these came, in this order, before the patience ended."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self.names == list(names), PATIENCE_S)

    def stays(self, *names: str, for_s: float) -> bool:
        """Whether nothing else comes for a while."""
        with self._arrived:
            changed = self._arrived.wait_for(lambda: self.names != list(names), for_s)
            return not changed


@pytest.fixture
def session(database: str) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
    opened: list[psycopg.Connection[Any]] = []

    def open_one() -> psycopg.Connection[Any]:
        opened.append(connect(database, application_name="tests"))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@contextmanager
def pumping(database: str, screen: Screen) -> Iterator[EventPump]:
    pump = EventPump(lambda: connect(database, application_name="pump"), screen.publish)
    pump.start()
    assert pump.started.wait(PATIENCE_S)
    try:
        yield pump
    finally:
        pump.stop()


def tell(connection: psycopg.Connection[Any], name: str, *, at: datetime = NOON) -> None:
    connection.execute(
        "insert into event (name, audience, at, body) values (%s, 'own_session', %s, '')", (name, at)
    )


def read_all(
    connection: psycopg.Connection[Any], *, count: int, after: Position = BEGINNING
) -> list[StoredEvent]:
    """The events, as soon as no transaction of another test's database is older than they are."""
    give_up_at = time.monotonic() + PATIENCE_S
    while len(events := read_after(connection, after, limit=10)) < count:
        assert time.monotonic() < give_up_at
        connection.rollback()
        time.sleep(0.02)
    return events


def test_transaction_that_began_first_and_commits_last_is_not_skipped(
    database: str, session: Callable[[], psycopg.Connection[Any]]
) -> None:
    """Nothing after an open transaction is shown before it ends, so that no position jumps over it."""
    screen, early, late = Screen(), session(), session()
    with pumping(database, screen) as pump:
        tell(early, "Early")
        tell(late, "Late")

        late.commit()
        pump.committed()

        assert screen.stays(for_s=0.3)
        early.commit()
        assert screen.wait_for("Early", "Late")


def test_resuming_from_a_position_gets_what_committed_late(
    database: str, session: Callable[[], psycopg.Connection[Any]]
) -> None:
    """A reader that remembers the last position is given the event that began before and committed after."""
    first, second = session(), session()
    tell(first, "Early")
    tell(second, "Late")
    second.commit()
    reader = session()
    seen = read_after(reader, Position(0, 0), limit=10)
    first.commit()
    reader.commit()

    position = seen[-1].position if seen else Position(0, 0)
    rest = read_all(reader, after=position, count=2 - len(seen))

    assert [event.name for event in [*seen, *rest]] == ["Early", "Late"]


def test_transaction_that_is_rolled_back_holds_nothing_up(
    database: str, session: Callable[[], psycopg.Connection[Any]]
) -> None:
    """What waited behind it comes without any further commit."""
    screen, doomed, good = Screen(), session(), session()
    with pumping(database, screen) as pump:
        tell(doomed, "Doomed")
        tell(good, "Good")
        good.commit()
        pump.committed()

        doomed.rollback()

        assert screen.wait_for("Good")


def test_two_servers_both_see_everything_once(
    database: str, session: Callable[[], psycopg.Connection[Any]]
) -> None:
    """The pump of the server that committed wakes the other one."""
    here, there, writer = Screen(), Screen(), session()
    names = [f"Event{number}" for number in range(30)]
    with pumping(database, here) as pump, pumping(database, there):
        for name in names:
            tell(writer, name)
            writer.commit()
            pump.committed()

        assert here.wait_for(*names)
        assert there.wait_for(*names)


def test_more_events_than_a_batch_come_in_order(
    database: str, session: Callable[[], psycopg.Connection[Any]]
) -> None:
    """A thousand events of one transaction are read in several batches, none twice."""
    screen, writer = Screen(), session()
    names = [f"Event{number}" for number in range(1200)]
    with pumping(database, screen) as pump:
        for name in names:
            tell(writer, name)
        writer.commit()
        pump.committed()

        assert screen.wait_for(*names)


@pytest.mark.allow_log("events wait for the database")
def test_pump_survives_a_lost_connection(
    database: str, session: Callable[[], psycopg.Connection[Any]]
) -> None:
    """What was committed while it was away is told as soon as it is back."""
    screen, writer = Screen(), session()
    with pumping(database, screen) as pump:
        tell(writer, "Before")
        writer.commit()
        pump.committed()
        assert screen.wait_for("Before")
        writer.execute(CUT)
        tell(writer, "Meanwhile")
        writer.commit()

        assert screen.wait_for("Before", "Meanwhile")


def test_forgotten_events_are_told_as_a_gap(session: Callable[[], psycopg.Connection[Any]]) -> None:
    """Who comes back for what was dropped is told; who only missed what is still there is not."""
    writer = session()
    tell(writer, "Old", at=NOON - timedelta(days=3))
    writer.commit()
    tell(writer, "New")
    writer.commit()
    old, new = read_all(writer, count=2)

    dropped = forget_before(writer, NOON - timedelta(days=2))

    assert dropped == 1
    assert is_forgotten(writer, Position(old.transaction, old.number - 1))
    assert not is_forgotten(writer, old.position)
    assert not is_forgotten(writer, new.position)
