"""The machine's clock: late ones are waited for, jumps are told, and nothing is recorded in the past."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from hms_server.contract.accounts import SignOut
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn, ListQueue
from hms_server.dispatch import Dispatcher
from hms_server.faults import Refused
from hms_server.upkeep.rules import Jump
from hms_server.upkeep.time_watch import (
    PATIENCE_S,
    ClockWatch,
    elapsed_s,
    hold_back,
    is_synchronised,
    read_trust,
    trust_clock,
)
from tests.guards import LogGuard
from tests.server.desk import Desk, FaultRaised

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Machine:
    """A clock that can be set, and time that passes."""

    def __init__(self) -> None:
        self.shows = NOW
        self.passed = 0.0
        self.watch = ClockWatch(lambda: self.shows, lambda: self.passed)

    def wait(self, seconds: float) -> None:
        self.shows += timedelta(seconds=seconds)
        self.passed += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_a_clock_that_goes_right_is_no_news(machine: Machine) -> None:
    for _ in range(20):
        machine.watch.look(machine.shows)
        machine.wait(30.0)

    assert machine.watch.jumped is None
    assert machine.watch.behind is None


@pytest.mark.parametrize("minutes", [-60, -3, 3, 60 * 24])
def test_a_jump_is_told_with_both_moments(machine: Machine, log_guard: LogGuard, minutes: int) -> None:
    log_guard.allow("the clock jumped|waiting for the clock")
    machine.watch.look(None)
    machine.wait(5)
    machine.shows += timedelta(minutes=minutes)

    machine.watch.look(None)

    due = NOW + timedelta(seconds=5)
    assert machine.watch.jumped == Jump(due=due, to=due + timedelta(minutes=minutes))


def test_small_corrections_are_no_jump(machine: Machine) -> None:
    machine.watch.look(None)
    machine.shows += timedelta(seconds=110)
    machine.watch.look(None)

    assert machine.watch.jumped is None


def test_a_late_clock_is_waited_for_and_comes_right_by_itself(machine: Machine, log_guard: LogGuard) -> None:
    """First people are told to wait; when it does not come right, to call somebody."""
    log_guard.allow("waiting for the clock|the clock jumped")
    newest = NOW + timedelta(days=40)
    machine.watch.look(newest)

    with pytest.raises(Refused, match="try again in a minute"):
        machine.watch.refuse()
    machine.wait(PATIENCE_S + 1)
    with pytest.raises(Refused, match="set its clock"):
        machine.watch.refuse()
    machine.shows = newest + timedelta(minutes=1)
    machine.watch.refuse()
    machine.watch.look(newest)

    assert machine.watch.behind is None


def test_what_was_built_later_than_now_says_that_the_clock_is_wrong(log_guard: LogGuard) -> None:
    log_guard.allow("waiting for the clock")
    watch = ClockWatch(lambda: NOW, lambda: 0.0, floor=NOW + timedelta(days=100))

    watch.look(None)

    assert watch.behind == NOW + timedelta(days=100)


def test_a_person_may_say_that_the_clock_is_right(tmp_path: Path, log_guard: LogGuard) -> None:
    """After a day with a clock in the far future; what is stored later counts again."""
    log_guard.allow("waiting for the clock")
    wrong = NOW + timedelta(days=4000)
    trust_clock(tmp_path, wrong)
    watch = ClockWatch(lambda: NOW, lambda: 0.0, trusted=read_trust(tmp_path))

    watch.look(wrong)
    trusted = watch.behind
    watch.look(wrong + timedelta(days=1))

    assert trusted is None
    assert watch.behind == wrong + timedelta(days=1)


def test_without_a_word_of_anybody_nothing_is_trusted(tmp_path: Path) -> None:
    assert read_trust(tmp_path) is None


def test_the_system_is_asked_whether_its_clock_is_kept_right() -> None:
    assert is_synchronised() in (True, False, None)
    assert elapsed_s() <= elapsed_s()


class HeldDesk(Desk):
    """The clinic's desk with the clock watched as the server does."""

    watch: ClockWatch

    def watch_clock(self) -> None:
        self.watch = ClockWatch(lambda: self.now, lambda: 0.0)
        held = hold_back(list(self.dispatcher.routes.values()), self.watch.refuse)
        self.dispatcher = Dispatcher(
            held,
            subscribers={},
            constraints={},
            connect=self.connect,
            clock=lambda: self.now,
            committed=_ignore,
            vault=self.vault,
        )


def _ignore(_: object) -> None:
    """Nobody listens for events here."""


@pytest.fixture
def held(database: str) -> Iterator[HeldDesk]:
    with HeldDesk(database) as desk:
        desk.watch_clock()
        yield desk


def test_no_ticket_is_numbered_in_the_past(held: HeldDesk, log_guard: LogGuard) -> None:
    """Reading goes on, and so does signing out."""
    log_guard.allow("waiting for the clock")
    first, second = held.patient("Ada Obi"), held.patient("Kofi Annan")
    held.ask(CheckIn(patient_id=first), Role.RECEPTIONIST)
    newest = held.now
    held.now -= timedelta(days=400)
    held.watch.look(newest)

    with pytest.raises(FaultRaised, match="clock_late"):
        held.ask(CheckIn(patient_id=second), Role.RECEPTIONIST)
    held.ask(ListQueue(service="T"), Role.NURSE)
    held.ask(SignOut(), Role.NURSE)
    held.now = newest + timedelta(seconds=1)
    held.ask(CheckIn(patient_id=second), Role.RECEPTIONIST)

    assert held.sql("select count(*) from ticket") == [(2,)]


def test_what_was_stored_before_keeps_its_answer(held: HeldDesk, log_guard: LogGuard) -> None:
    """A workstation that asks again must not believe that nothing was stored."""
    log_guard.allow("waiting for the clock")
    patient = held.patient()
    request_id = uuid4()
    first = held.ask(CheckIn(patient_id=patient), Role.RECEPTIONIST, request_id=request_id)
    newest = held.now
    held.now -= timedelta(days=400)
    held.watch.look(newest)

    again = held.ask(CheckIn(patient_id=patient), Role.RECEPTIONIST, request_id=request_id)

    assert again == first
