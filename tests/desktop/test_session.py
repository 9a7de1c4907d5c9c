"""The session: answers on the GUI thread, nothing to those who are gone, honest about what is stored."""

import threading
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from hms_desktop.connection.client import Client
from hms_desktop.session import Connection, Session, Stored
from hms_server.contract.accounts import ChooseRoom, Nothing, SignOut, StaffChanged
from hms_server.contract.envelope import Fault
from hms_server.contract.values import StaffId
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, SampleLink

FAULT = Fault(code="rooms.taken", message="Room 2 is taken by Dr Obi.")


@dataclass
class Heard:
    """What a callback was given, and on which thread."""

    values: list[object]
    threads: list[QThread]

    def __call__(self, value: object) -> None:
        self.values.append(value)
        self.threads.append(QThread.currentThread())


@pytest.fixture
def heard() -> Heard:
    return Heard([], [])


def unexpected(answer: object) -> None:
    """A callback that must not be called."""
    raise AssertionError(answer)


def fits(client: Client) -> Connection:
    """The real client is what the session asks for; the type checker reads this."""
    return client


def test_answer_comes_after_ask_returned(
    qtbot: QtBot, session: Session, connection: FakeConnection, heard: Heard
) -> None:
    """A caller may set itself up after asking: no callback runs inside `ask`."""
    connection.answer(SignOut, Nothing())

    session.ask(SignOut(), done=heard)
    inside = list(heard.values)
    qtbot.waitUntil(lambda: bool(heard.values))

    assert inside == []
    assert heard.values == [Nothing()]


def test_answer_from_another_thread_arrives_on_the_gui_thread(
    qtbot: QtBot, session: Session, connection: FakeConnection, heard: Heard
) -> None:
    """The connection's thread never runs code of a screen."""
    connection.answer(SignOut, Nothing())
    connection.hold()
    session.ask(SignOut(), done=heard)

    thread = threading.Thread(target=connection.release)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(heard.values))

    assert heard.threads == [session.thread()]


def test_events_arrive_in_order_on_the_gui_thread(
    qtbot: QtBot, session: Session, connection: FakeConnection
) -> None:
    """Events come in the order in which the connection gave them."""
    seen: list[object] = []
    session.event_arrived.connect(seen.append)
    events = [StaffChanged(staff_id=StaffId(number)) for number in range(50)]

    def commit_all() -> None:
        for event in events:
            connection.happen(event)

    thread = threading.Thread(target=commit_all)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(seen) == len(events))

    assert seen == events


def test_destroyed_owner_gets_no_answer(
    qtbot: QtBot, session: Session, connection: FakeConnection, heard: Heard
) -> None:
    """A screen that was closed while waiting is not called back, and nothing breaks."""
    connection.answer(SignOut, Nothing())
    connection.hold()
    owner = QObject()
    session.ask(SignOut(), done=heard, owner=owner)
    session.ask(SignOut(), done=heard)

    delete(owner)
    connection.release()
    qtbot.waitUntil(lambda: bool(heard.values))
    qtbot.wait(20)

    assert len(heard.values) == 1


class Screen(QObject):
    """Whose method is called back."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[object] = []

    def take(self, answer: object) -> None:
        self.calls.append(answer)


def test_owner_is_the_object_of_the_method(
    qtbot: QtBot, session: Session, connection: FakeConnection, heard: Heard
) -> None:
    """Without `owner`, a bound method of a destroyed screen is not called either."""
    connection.answer(SignOut, Nothing())
    connection.hold()
    screen = Screen()
    calls = screen.calls
    session.ask(SignOut(), done=screen.take)
    session.ask(SignOut(), done=heard)

    delete(screen)
    connection.release()
    qtbot.waitUntil(lambda: bool(heard.values))

    assert calls == []


def test_fault_goes_to_the_caller_or_to_refused(
    qtbot: QtBot, session: Session, connection: FakeConnection, heard: Heard
) -> None:
    """A refusal is never swallowed: the caller shows it, or the frame does."""
    connection.answer(SignOut, FAULT)
    refused: list[object] = []
    session.refused.connect(refused.append)

    session.ask(SignOut(), done=unexpected, failed=heard)
    session.ask(SignOut(), done=unexpected)
    qtbot.waitUntil(lambda: bool(refused))

    assert heard.values == [FAULT]
    assert refused == [FAULT]


def test_lost_session_ends_instead_of_failing(
    qtbot: QtBot, session: Session, connection: FakeConnection, heard: Heard
) -> None:
    """Who is not signed in any more is brought to the sign-in page, whatever was asked."""
    fault = Fault(code="session.ended", message="You are signed out. Sign in again to go on.")
    connection.answer(SignOut, fault)

    with qtbot.waitSignal(session.ended, timeout=1000) as ended:
        session.ask(SignOut(), done=unexpected, failed=heard)

    assert ended.args == [fault]
    assert heard.values == []


def test_lapsed_subscription_and_gap_are_told(
    qtbot: QtBot, session: Session, connection: FakeConnection
) -> None:
    """A lapse ends the session; a gap asks every screen to fetch again."""
    with qtbot.waitSignals([session.ended, session.events_missed], timeout=1000):
        connection.lapse(FAULT)
        connection.lose_events()


def test_stored_only_after_the_answer(qtbot: QtBot, session: Session, connection: FakeConnection) -> None:
    """Nothing counts as stored before the server has said so."""
    states: list[Stored] = []
    session.stored_changed.connect(states.append)
    connection.answer(ChooseRoom, Nothing())
    connection.hold()

    session.save(ChooseRoom(room_id=None), done=lambda _: None)
    connection.release()
    qtbot.waitUntil(lambda: len(states) == 2)

    assert states == [Stored(saving=1), Stored(stored_at=NOW)]


def test_refused_save_is_not_stored(qtbot: QtBot, session: Session, connection: FakeConnection) -> None:
    """A refusal leaves the time of the last stored change as it was."""
    connection.answer(ChooseRoom, FAULT)

    with qtbot.waitSignal(session.refused, timeout=1000):
        session.save(ChooseRoom(room_id=None), done=unexpected)

    assert session.stored == Stored()


def test_without_a_link_saves_wait_here(qtbot: QtBot, session: Session, connection: FakeConnection) -> None:
    """Without the server, unanswered saves are counted as waiting, questions are not."""
    with qtbot.waitSignal(session.link_changed, timeout=1000):
        connection.link(SampleLink(connected=False))

    session.save(ChooseRoom(room_id=None), done=lambda _: None)
    session.ask(SignOut(), done=lambda _: None)

    assert session.stored == Stored(waiting=1)


def test_closed_session_is_silent(
    qtbot: QtBot, session: Session, connection: FakeConnection, heard: Heard
) -> None:
    """After closing, a late answer or event reaches nobody."""
    connection.answer(SignOut, Nothing())
    connection.hold()
    session.ask(SignOut(), done=heard)
    session.event_arrived.connect(heard)

    session.close()
    connection.release()
    connection.happen(StaffChanged(staff_id=StaffId(1)))
    qtbot.wait(20)

    assert heard.values == []
    assert connection.closed
