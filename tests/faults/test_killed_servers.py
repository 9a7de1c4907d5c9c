"""Servers that die in the middle of the day: what was acknowledged is stored once, and told once."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hms_server.contract.envelope import Event
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn, ListQueue
from tests.faults.rush import assert_stored_once, check_in_all, told
from tests.wire.processes import House, open_house, within


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with open_house(database, tmp_path) as house:
        yield house


def test_a_server_killed_under_load_loses_and_doubles_nothing(house: House) -> None:
    """It is started again on the same port, and the workstation goes on by itself."""
    nurse, patients = house.seat(Role.NURSE), house.patients(300)
    server = house.serve()
    seen: list[Event] = []

    def kill_and_start_again() -> None:
        server.kill()
        house.serve(port=server.port)

    with house.at(nurse, server) as client:
        client.on_event(seen.append)
        client.follow()
        tickets = check_in_all(client, patients, at=100, then=kill_and_start_again)
        within(lambda: len(told(seen)) == len(patients))

    assert_stored_once(house, tickets)
    assert sorted(told(seen)) == sorted(ticket.id for ticket in tickets)


def test_workstations_fail_over_to_the_other_server(house: House) -> None:
    """Nobody starts the killed one again: all goes on with the second, events too."""
    nurse, patients = house.seat(Role.NURSE), house.patients(200)
    first, second = house.serve(), house.serve("second")
    seen: list[Event] = []
    with house.at(nurse, first, second) as client:
        client.on_event(seen.append)
        client.follow()
        tickets = check_in_all(client, patients, at=60, then=first.kill)
        within(lambda: len(told(seen)) == len(patients))

        assert client.link.server == second.address

    assert_stored_once(house, tickets)


def test_what_happened_while_a_screen_was_cut_off_is_told_afterwards_or_called_a_gap(house: House) -> None:
    """Stored by the second server while the first was dead; the screen knows only the first."""
    away, busy = house.seat(Role.NURSE), house.seat(Role.NURSE)
    first, second = house.serve(), house.serve("second")
    gaps, seen = list[str](), list[Event]()
    with house.at(away, first) as screen, house.at(busy, second) as desk:
        screen.on_event(seen.append)
        screen.on_gap(lambda: gaps.append("gap"))
        screen.follow()
        first.kill()
        tickets = [desk.ask(CheckIn(patient_id=one)).ticket for one in house.patients(20)]
        again = house.serve(port=first.port)
        within(lambda: len(told(seen)) == len(tickets), 20)
        assert gaps == []

        again.kill()
        late = desk.ask(CheckIn(patient_id=house.patients(1)[0])).ticket
        house.forget_events()
        house.serve(port=first.port)
        within(lambda: bool(gaps), 20)
        queue = screen.ask(ListQueue()).tickets

    assert told(seen) == [ticket.id for ticket in tickets]
    # A screen that asks again while the server is slow may be told more than once.
    assert set(gaps) == {"gap"}
    assert {one.id for one in queue} == {one.id for one in (*tickets, late)}


def test_an_orderly_end_finishes_what_was_begun_and_leaves_no_process(house: House) -> None:
    """Who was answered is stored, nobody is told of a mistake, and no child stays behind."""
    nurse, patients = house.seat(Role.NURSE), house.patients(150)
    server = house.serve()
    family = [psutil.Process(server.popen.pid), *psutil.Process(server.popen.pid).children(recursive=True)]
    codes: list[int] = []

    def end_and_start_again() -> None:
        codes.append(server.terminate())
        house.serve(port=server.port)

    with house.at(nurse, server) as client:
        tickets = check_in_all(client, patients, at=50, then=end_and_start_again)

    assert codes == [0]
    # A child ends by itself a moment after the pipe to its parent is gone.
    within(lambda: not any(process.is_running() for process in family))
    assert "Traceback" not in server.output
    assert_stored_once(house, tickets)
