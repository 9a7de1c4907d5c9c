"""Joins sessions and dispatch behind the router's door, and watches the frequency of requests."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import structlog

from hms_server.accounts.sessions import Sessions
from hms_server.contract.envelope import Call, Done, Fault, Position, Refusal
from hms_server.dispatch import Dispatcher, Lane, Task
from hms_server.events import StoredEvent, read_after
from hms_server.faults import DATABASE_AWAY
from hms_server.quick import QuickLane
from hms_server.work import Actor

log = structlog.get_logger()

BUSY_FOR_S = 0.1
"""Who has just asked for something asks again soon, or sits beside somebody who does."""
CATCH_UP = 5000
"""More missed events than this, and fetching everything again is cheaper."""


class Limiter:
    """A token bucket for each device: bursts of two seconds' worth are fine."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._buckets: dict[int, tuple[float, float]] = {}

    def allows(self, device_id: int) -> bool:
        """Takes one token. Threads may lose a count to each other; the limit need not be exact."""
        now = time.monotonic()
        tokens, then = self._buckets.get(device_id, (2.0 * self._per_second, now))
        tokens = min(2.0 * self._per_second, tokens + (now - then) * self._per_second)
        self._buckets[device_id] = (max(0.0, tokens - 1), now)
        return tokens >= 1


class ClinicGate:
    """The router's `Gate` for a clinic."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        sessions: Sessions,
        *,
        connect: Callable[[], psycopg.Connection[Any]],
        connect_hurried: Callable[[], psycopg.Connection[Any]],
        requests_per_second: int,
    ) -> None:
        self._dispatcher = dispatcher
        self._sessions = sessions
        self._connect = connect
        self._limiter = Limiter(requests_per_second)
        self._local = threading.local()
        self._busy_until_s = 0.0
        self._quick = QuickLane(dispatcher, connect=connect_hurried)
        self._at_once = frozenset(
            name for name, route in dispatcher.routes.items() if route.lane is Lane.AT_ONCE
        )
        self._slow = frozenset(name for name, route in dispatcher.routes.items() if route.lane is Lane.SLOW)
        self._spare = frozenset(name for name, route in dispatcher.routes.items() if route.lane is Lane.SPARE)

    def knows_device(self, public_key: str) -> bool:
        return self._sessions.knows_device(public_key)

    def identify(self, secret: str, public_key: str) -> Actor | Fault | None:
        return self._sessions.cached(secret, public_key)

    def peek(self, secret: str, public_key: str) -> Actor | Fault | None:
        return self._sessions.peek(secret, public_key)

    def identify_slowly(self, secret: str, public_key: str) -> Actor | Fault:
        try:
            with self._connect() as connection:
                return self._sessions.load(connection, secret, public_key)
        except psycopg.OperationalError:
            return DATABASE_AWAY

    def at_once(self, call: Call, public_key: str) -> Done | Refusal | None:
        if call.name not in self._at_once:
            return None
        actor = self._sessions.cached(call.session, public_key)
        if not isinstance(actor, Actor):
            return None
        task = self.admit(call, actor)
        return task if isinstance(task, Refusal) else self._quick.attempt(task)

    def is_slow(self, name: str) -> bool:
        return name in self._slow

    def is_spare(self, name: str) -> bool:
        return name in self._spare

    def admit(self, call: Call, actor: Actor) -> Task | Refusal:
        if not self._limiter.allows(actor.device_id):
            fault = Fault(
                code="request.too_many",
                message="This workstation asks too often. Wait a second and try again.",
            )
            return Refusal(call.id, fault)
        return self._dispatcher.admit(call, actor)

    @property
    def is_busy(self) -> bool:
        """Whether somebody at a desk has asked for something just now."""
        return time.monotonic() < self._busy_until_s

    def run(self, task: Task) -> Done | Refusal:
        self._busy_until_s = time.monotonic() + BUSY_FOR_S
        if task.route.lane is Lane.AT_ONCE:
            self._quick.open()
        return self._dispatcher.run(task)

    def read_events(self, after: Position) -> list[StoredEvent] | None:
        try:
            with self._connect() as connection:
                connection.autocommit = True
                if is_forgotten(connection, after):
                    return None
                events = read_after(connection, after, limit=CATCH_UP)
        except psycopg.OperationalError as error:
            log.warning("missed events cannot be read", error=str(error))
            return None
        return events if len(events) < CATCH_UP else None

    def close_thread(self) -> None:
        self._dispatcher.close_thread()

    def close(self) -> None:
        self._quick.close()


def is_forgotten(connection: psycopg.Connection[Any], position: Position) -> bool:
    """Whether events after the position have been dropped already."""
    row = connection.execute("select transaction, number from event_horizon").fetchone()
    return row is not None and position < Position(row[0], row[1])
