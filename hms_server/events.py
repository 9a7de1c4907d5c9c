"""Reads committed events in an order that cannot be missed, and wakes the other servers."""

import select
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

import psycopg
import structlog

from hms_server.contract.envelope import Position
from hms_server.contract.values import StaffId

log = structlog.get_logger()

CHANNEL = "hms_events"
BATCH = 500
LATE_COMMIT_PAUSE_S = 0.004
"""How soon the reader looks again when an older transaction is still open below a committed event."""
GATHER_S = 0.002
"""An event may wait this long behind the one before it."""
IDLE_LOOK_S = 1.0
"""A lost notification costs at most this long."""
RECONNECT_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """A committed event with whoever may see it; the body stays packed."""

    transaction: int
    number: int
    name: str
    audience: str
    staff_id: StaffId | None
    at: datetime
    body: bytes

    @property
    def position(self) -> Position:
        return Position(self.transaction, self.number)


# Every transaction below the snapshot's xmin has ended, so nothing can appear any more at or before the
# events that are settled. What began earlier and is still open holds back all that came after it.
READ = """
select transaction::text::bigint, number, name, audience, staff_id, at, body,
    transaction < settled_order() as settled
from event
where (transaction, number) > (%s::text::xid8, %s)
order by event.transaction, number
limit %s
"""

START = "select settled_order()::text::bigint - 1"
LARGEST_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The next events, oldest first; `held_back`: more are committed, behind a transaction still open."""

    events: list[StoredEvent]
    held_back: bool


def read_stretch(connection: psycopg.Connection[Any], position: Position, *, limit: int) -> Stretch:
    """The next events after a position; none that a later commit could still precede."""
    rows = connection.execute(READ, (str(position.transaction), position.number, limit)).fetchall()
    settled = list(takewhile(lambda row: row[-1], rows))
    return Stretch(events=[_stored(row) for row in settled], held_back=len(settled) < len(rows))


def read_after(connection: psycopg.Connection[Any], position: Position, *, limit: int) -> list[StoredEvent]:
    """The events of `read_stretch` alone."""
    return read_stretch(connection, position, limit=limit).events


def _stored(row: tuple[Any, ...]) -> StoredEvent:
    transaction, number, name, audience, staff_id, at, body, _ = row
    return StoredEvent(
        transaction=transaction,
        number=number,
        name=name,
        audience=audience,
        staff_id=staff_id,
        at=at,
        body=bytes(body),
    )


def current_position(connection: psycopg.Connection[Any]) -> Position:
    """Where a reader starts that wants only what is still to come."""
    row = connection.execute(START).fetchone()
    if row is None:
        raise LookupError("the database gave no snapshot")
    return Position(row[0], LARGEST_NUMBER)


def forget_before(connection: psycopg.Connection[Any], moment: datetime) -> int:
    """Drops events that no workstation will come back for; who asks for them is told of a gap."""
    return connection.execute(FORGET, (moment,)).rowcount


FORGET = """
with dropped as (delete from event where at < %s returning transaction, number),
last as (
    select transaction::text::bigint as transaction, number
    from dropped order by dropped.transaction desc, number desc limit 1
)
insert into event_horizon (transaction, number) select transaction, number from last
on conflict (only_one) do update set transaction = excluded.transaction, number = excluded.number
"""


class EventPump(threading.Thread):
    """Hands every committed event of the database to `publish`, in order, once."""

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        publish: Callable[[Sequence[StoredEvent]], None],
    ) -> None:
        super().__init__(name="hms-events", daemon=True)
        self._connect = connect
        self._publish = publish
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._stopping = threading.Event()
        self._local_commit = threading.Event()
        self.started = threading.Event()
        self.position = Position(0, 0)

    def committed(self) -> None:
        """Called by any thread after its commit: look now, and tell the other servers."""
        if not self._local_commit.is_set():
            self._local_commit.set()
            self._wake()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._stopping.set()
        self._wake()
        self.join()
        self._wake_in.close()
        self._wake_out.close()

    def run(self) -> None:
        known = False
        while not self._stopping.is_set():
            try:
                with self._connect() as connection:
                    connection.autocommit = True
                    connection.execute(f"listen {CHANNEL}")
                    if not known:
                        self.position, known = current_position(connection), True
                    self.started.set()
                    self._follow(connection)
            except psycopg.Error as error:
                log.warning("events wait for the database", error=str(error))
                self._stopping.wait(RECONNECT_PAUSE_S)

    def _follow(self, connection: psycopg.Connection[Any]) -> None:
        while not self._stopping.is_set():
            local = self._local_commit.is_set()
            self._local_commit.clear()
            if local:
                connection.execute(f"notify {CHANNEL}")
            pause_s = LATE_COMMIT_PAUSE_S if self._drain(connection) else IDLE_LOOK_S
            # In a rush, what is committed within this moment is told and read together.
            self._stopping.wait(GATHER_S)
            self._sleep(connection, pause_s)

    def _drain(self, connection: psycopg.Connection[Any]) -> bool:
        """Publishes what there is; True when a late commit still holds something back."""
        while True:
            stretch = read_stretch(connection, self.position, limit=BATCH)
            if stretch.events:
                self.position = stretch.events[-1].position
                self._publish(stretch.events)
            if len(stretch.events) < BATCH:
                return stretch.held_back

    def _sleep(self, connection: psycopg.Connection[Any], pause_s: float) -> None:
        database, wake = connection.fileno(), self._wake_out.fileno()
        ready, _, _ = select.select([database, wake], [], [], pause_s)
        if wake in ready:
            self._wake_out.recv(4096)
        if database in ready:
            for _ in connection.notifies(timeout=0):
                pass

    def _wake(self) -> None:
        try:
            self._wake_in.send(b".")
        except BlockingIOError:
            log.debug("the event reader is awake already")
        except OSError:
            # A server that stops still finishes what it holds; the other servers look by themselves.
            log.debug("the event reader has ended")
