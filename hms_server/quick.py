"""Queries that are answered on the router's own thread, and what happens when the database is slow."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import structlog

from hms_server.contract.envelope import Done, Refusal
from hms_server.dispatch import Dispatcher, Task

log = structlog.get_logger()


class QuickLane:
    """Answers at once or not at all: whatever goes wrong is left to a worker, which may take its time.

    One thread calls `attempt`. Connecting takes too long for it: workers open the next connection.
    """

    def __init__(self, dispatcher: Dispatcher, *, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._dispatcher = dispatcher
        self._connect = connect
        self._connection: psycopg.Connection[Any] | None = None
        self._opening = threading.Lock()

    def attempt(self, task: Task) -> Done | Refusal | None:
        """The answer, or None where a worker has to give it."""
        connection = self._connection
        if connection is None:
            return None
        try:
            return self._dispatcher.look(task, connection)
        except psycopg.Error as error:
            log.info("not answered at once", request=task.call.name, error=str(error))
        except Exception:
            # A worker comes to the same end, and says so to the person.
            log.exception("not answered at once", request=task.call.name)
        self._connection = None
        connection.close()
        return None

    def open(self) -> None:
        """Connects again, if need be; called by a thread that may wait."""
        if self._connection is not None or not self._opening.acquire(blocking=False):
            return
        try:
            if self._connection is None:
                self._connection = self._connect()
        except psycopg.OperationalError:
            # The worker's own request has told already that the database is away.
            return
        finally:
            self._opening.release()

    def close(self) -> None:
        """Gives the connection back; nothing is answered at once any more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
