"""Queries on the router's own thread: an answer at once, or none, and then a worker gives it."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest

from hms_server.contract.accounts import DeviceList, ListDevices
from hms_server.contract.envelope import Call, Done, Refusal
from hms_server.contract.values import Role
from hms_server.database import HurriedConnection, connect
from hms_server.dispatch import Task
from hms_server.quick import QuickLane
from tests.server.desk import Desk


@pytest.fixture
def lane(desk: Desk, database: str) -> Iterator[QuickLane]:
    def connect_hurried() -> psycopg.Connection[Any]:
        return connect(database, application_name="tests", autocommit=True, kind=HurriedConnection)

    quick = QuickLane(desk.dispatcher, connect=connect_hurried)
    yield quick
    quick.close()


def task_of(desk: Desk, body: bytes = msgspec.msgpack.encode(ListDevices())) -> Task:
    task = desk.dispatcher.admit(
        Call(uuid4(), "ListDevices", "", msgspec.Raw(body)), desk.actor(Role.ADMINISTRATOR)
    )
    assert isinstance(task, Task)
    return task


def test_nothing_is_answered_at_once_before_a_worker_has_connected(desk: Desk, lane: QuickLane) -> None:
    assert lane.attempt(task_of(desk)) is None
    lane.open()
    answer = lane.attempt(task_of(desk))
    assert isinstance(answer, Done)
    assert msgspec.msgpack.decode(answer.body, type=DeviceList) == DeviceList([])


def test_what_is_not_understood_is_refused_as_everywhere(desk: Desk, lane: QuickLane) -> None:
    lane.open()
    answer = lane.attempt(task_of(desk, msgspec.msgpack.encode({"page": 1})))
    assert isinstance(answer, Refusal)
    assert answer.fault.code == "request.malformed"


def test_a_table_that_is_locked_holds_nobody_up(desk: Desk, lane: QuickLane) -> None:
    lane.open()
    with desk.connect() as locking:
        locking.execute("begin")
        locking.execute("lock table device in access exclusive mode")
        assert lane.attempt(task_of(desk)) is None
        locking.execute("rollback")
    assert lane.attempt(task_of(desk)) is None
    lane.open()
    assert isinstance(lane.attempt(task_of(desk)), Done)


def test_a_connection_that_was_cut_is_opened_anew_by_a_worker(desk: Desk, lane: QuickLane) -> None:
    lane.open()
    desk.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid() and query not like '%%advisory%%'"
    )
    assert lane.attempt(task_of(desk)) is None
    lane.open()
    assert isinstance(lane.attempt(task_of(desk)), Done)


def test_workers_that_open_at_once_open_one(desk: Desk, database: str) -> None:
    opened: list[psycopg.Connection[Any]] = []

    def connect_counted() -> psycopg.Connection[Any]:
        opened.append(connect(database, application_name="tests", autocommit=True, kind=HurriedConnection))
        return opened[-1]

    quick = QuickLane(desk.dispatcher, connect=connect_counted)
    threads = [threading.Thread(target=quick.open) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    quick.close()
    assert len(opened) == 1
    assert opened[0].closed
