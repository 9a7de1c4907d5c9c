"""Whoever calls a job off takes its lock before those of its own rows, as the runner does: no deadlock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import LiteralString

import pytest

from hms_server.assistant.waiting import give_back_waiting
from hms_server.contract.assistant import DropParked, StopAnswer
from hms_server.contract.values import Role
from tests.outside.gemini import FakeGemini
from tests.outside.sms import FakeTwilio
from tests.server.assistant.talk import Talk
from tests.server.desk import Desk
from tests.server.messaging.post import KEY, Post

MESSAGE: LiteralString = "select id from message for update nowait"
ANSWER: LiteralString = "select id from assistant_message for update nowait"
WAITS: LiteralString = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


@pytest.fixture
def talk(desk: Desk) -> Iterator[Talk]:
    with FakeGemini() as fake:
        yield Talk(desk, fake)


@contextmanager
def waiting(desk: Desk, act: Callable[[], object]) -> Iterator[None]:
    """`act` runs in another thread and has come to a lock; it goes on afterwards, and must end well."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as fault:  # noqa: BLE001 - told by the test's own thread
            faults.append(fault)
        finally:
            desk.dispatcher.close_thread()

    thread = threading.Thread(target=run)
    thread.start()
    for _ in range(1000):
        if desk.sql(WAITS) != [(0,)] or not thread.is_alive():
            break
        thread.join(0.01)
    assert thread.is_alive(), f"it did not wait for the job: {faults}"
    yield
    thread.join(20)
    assert not thread.is_alive()
    assert faults == []


def assert_job_first(desk: Desk, act: Callable[[], object], rows: LiteralString) -> None:
    """While the runner holds the job, whoever calls it off holds none of the rows that the runner needs."""
    with desk.connect() as runner:
        runner.autocommit = False
        runner.execute("select from relay_job for update")
        with waiting(desk, act):
            assert runner.execute(rows).fetchall()
            runner.commit()


def test_stopping_an_answer(desk: Desk, talk: Talk) -> None:
    question = talk.put("How many beds are free?")

    assert_job_first(desk, lambda: desk.ask(StopAnswer(message_id=question.answer.id), Role.DOCTOR), ANSWER)


def test_dropping_a_question(desk: Desk, talk: Talk) -> None:
    question = talk.put("How many beds are free?")

    assert_job_first(desk, lambda: desk.ask(DropParked(message_id=question.answer.id), Role.DOCTOR), ANSWER)


def test_giving_questions_back(desk: Desk, talk: Talk) -> None:
    talk.put("How many beds are free?")
    until = desk.now + timedelta(days=1)
    desk.sql("update relay_destination set open_until = %s, pause = interval '1 hour'", (until,))
    desk.pass_time(minutes=10)

    assert_job_first(desk, lambda: give_back_waiting(desk.dispatcher, desk.ground), ANSWER)


def test_taking_messages_back(desk: Desk) -> None:
    post = Post(desk)
    with FakeTwilio(key=KEY, clock=lambda: desk.now) as provider:
        post.use_twilio(provider)
    post.say(post.patient(), about="appointment:7")

    assert_job_first(
        desk,
        lambda: desk.act(lambda work: post.messaging.take_back(work, "appointment:7", "It is over.")),
        MESSAGE,
    )
