"""A handler's unit of work for tests of functions that no request calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from hms_server.contract.values import Role
from hms_server.routes import SUBSCRIBERS
from hms_server.work import Work
from tests.server.desk import Desk


@contextmanager
def working(desk: Desk, role: Role = Role.CASHIER) -> Iterator[Work]:
    """One transaction as somebody with that role; its events go to subscribers, and are not stored."""
    with desk.connect() as connection, connection.transaction():
        yield Work(connection, desk.actor(role), desk.now, uuid4(), SUBSCRIBERS)
