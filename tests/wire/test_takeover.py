"""Two servers of one clinic: when one is killed, its workstations work on at the other within seconds."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hms_desktop.connection.client import Client
from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import PinnedServer
from hms_server.accounts.sessions import NOT_SIGNED_IN, Sessions
from hms_server.contract.accounts import ListStaff
from hms_server.contract.envelope import Event, Refusal
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn, ListQueue, TicketRow
from hms_server.database import connect
from hms_server.faults import DATABASE_AWAY
from hms_server.work import Actor
from tests.faults.rush import assert_stored_once, check_in_persistently, told
from tests.wire.gates import Gate, answer_all, client_of, router_on
from tests.wire.ports import free_port
from tests.wire.processes import LIVELY, House, Process, Seat, open_house, within

DESKS = 12
EACH = 10


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with open_house(database, tmp_path) as house:
        yield house


@dataclass
class Desk:
    """A workstation that follows the events and knows one server only, until that tells of the other."""

    client: Client
    seen: list[Event] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    lapsed: list[object] = field(default_factory=list)


def open_desk(stack: ExitStack, house: House, seat: Seat, server: Process) -> Desk:
    pinned = PinnedServer(
        name="Sunrise Clinic",
        addresses=[server.address],
        public_key=house.keys.public_key,
        device_name="Desk",
    )
    desk = Desk(stack.enter_context(Client(pinned, seat.keys, timings=LIVELY, interfaces=[])))
    desk.client._session = seat.secret
    desk.client.on_event(desk.seen.append)
    desk.client.on_gap(lambda: desk.gaps.append("gap"))
    desk.client.on_lapsed(desk.lapsed.append)
    desk.client.follow()
    return desk


def knows_both(desk: Desk, *servers: Process) -> bool:
    return {server.address for server in servers} <= set(desk.client.server.addresses)


def test_all_workstations_are_at_the_other_server_within_seconds_and_nothing_is_lost(house: House) -> None:
    """Nobody signs in again; what was acknowledged is stored once; the killed server comes back."""
    seats = [house.seat(Role.NURSE) for _ in range(DESKS)]
    patients = house.patients(DESKS * EACH)
    first, second = house.serve(port=free_port()), house.serve("second", port=free_port())
    with ExitStack() as stack:
        desks = [open_desk(stack, house, seat, first) for seat in seats]
        within(lambda: all(knows_both(desk, first, second) for desk in desks), 60)
        answered = threading.Semaphore(0)
        killed_at_s: list[float] = []

        def work(number: int) -> list[TicketRow]:
            tickets = []
            for patient in patients[number * EACH : (number + 1) * EACH]:
                tickets.append(check_in_persistently(desks[number].client, patient, uuid4()))
                answered.release()
            return tickets

        with ThreadPoolExecutor(DESKS) as pool:
            rush = [pool.submit(work, number) for number in range(DESKS)]
            for _ in range(len(patients) // 3):
                answered.acquire()
            first.kill()
            killed_at_s.append(time.monotonic())
            within(lambda: all(desk.client.link.server == second.address for desk in desks), 30)
            tickets = [ticket for desk in rush for ticket in desk.result()]
        assert_stored_once(house, tickets)
        wanted = {ticket.id for ticket in tickets}
        within(lambda: all(set(told(desk.seen)) == wanted or desk.gaps for desk in desks), 60)
        queues = [{one.id for one in desk.client.ask(ListQueue()).tickets} for desk in desks]

        assert all(len(told(desk.seen)) == len(set(told(desk.seen))) for desk in desks)
        assert queues == [wanted] * DESKS
        assert [desk.lapsed for desk in desks] == [[]] * DESKS

        back = house.serve(port=first.port)
        second.kill()
        within(lambda: all(desk.client.link.connected for desk in desks), 30)
        assert {desk.client.link.server for desk in desks} == {back.address}
        late = desks[0].client.ask(CheckIn(patient_id=house.patients(1)[0])).ticket
        within(lambda: all(late.id in told(desk.seen) or desk.gaps for desk in desks), 60)


def test_a_second_server_is_known_before_it_is_needed_and_first_to_be_tried_is_the_one_in_use(
    house: House,
) -> None:
    nurse, doctor = house.seat(Role.NURSE), house.seat(Role.DOCTOR)
    first, second = house.serve(port=free_port()), house.serve("second", port=free_port())
    with ExitStack() as stack:
        one = open_desk(stack, house, nurse, first)
        other = open_desk(stack, house, doctor, second)
        within(lambda: knows_both(one, first, second) and knows_both(other, first, second), 60)

        assert one.client.server.addresses == [first.address, second.address]
        assert other.client.server.addresses == [second.address, first.address]


def test_a_server_with_other_keys_is_refused_before_it_can_harm(house: House, tmp_path: Path) -> None:
    """Without the clinic's keys nobody could connect to it, and what it sealed nobody else could open."""
    house.serve()
    folder = tmp_path / "stranger"
    folder.mkdir(mode=0o700)

    stranger = Process(folder, database=house.dsn)
    code = stranger.popen.wait(60)
    output = stranger.output
    stranger.close()

    assert code == 1
    assert "hms-server join" in output
    assert "Traceback" not in output
    assert not (folder / "keys.json").exists()


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


def test_who_worked_at_the_other_server_meanwhile_is_not_idle_here(house: House) -> None:
    """The other server was used for an hour and is killed: here nobody was heard of for all that time."""
    seat, clock = house.seat(Role.NURSE), Clock()
    idle_after = timedelta(minutes=30)
    with psycopg.connect(house.dsn, autocommit=True) as connection:
        here, there = (Sessions(clock=clock, idle_after=idle_after) for _ in range(2))
        for server in (here, there):
            server.load_devices(connection)
            server.load(connection, seat.secret, seat.keys.public_key)
        for _ in range(6):
            clock.now += timedelta(minutes=10)
            assert isinstance(there.cached(seat.secret, seat.keys.public_key), Actor)
            there.sweep(connection)

        in_memory = here.cached(seat.secret, seat.keys.public_key)
        found = here.load(connection, seat.secret, seat.keys.public_key)
        clock.now += timedelta(minutes=31)
        later = here.cached(seat.secret, seat.keys.public_key)
        idle = here.load(connection, seat.secret, seat.keys.public_key)

    assert in_memory is None
    assert isinstance(found, Actor)
    assert later is None
    assert idle == NOT_SIGNED_IN


def test_a_server_that_has_lost_its_database_is_left_for_one_that_has_it() -> None:
    """The request was refused with its reason; asked again, it is answered by the other server."""
    cut_off, whole = free_port(), free_port()
    refusing = Gate(lambda call: Refusal(call.id, DATABASE_AWAY))
    with router_on(cut_off, refusing), client_of(cut_off, whole) as client:
        within(lambda: client.link.connected)
        with router_on(whole, Gate(answer_all)):
            with pytest.raises(FaultError) as raised:
                client.ask(ListStaff())
            within(lambda: client.link.server.endswith(str(whole)) and client.link.connected)

            assert client.ask(ListStaff()).staff == []

    assert raised.value.fault == DATABASE_AWAY


def test_of_several_databases_the_one_that_may_be_written_to_is_found(house: House) -> None:
    """As the manual says for a cluster: a member that is down is passed over."""
    given = {name: str(value) for name, value in conninfo_to_dict(house.dsn).items()}
    members = {
        "host": f"127.0.0.1,{given['host']}",
        "port": f"{free_port()},{given['port']}",
        "target_session_attrs": "read-write",
    }

    with connect(make_conninfo(**(given | members)), application_name="tests") as connection:
        row = connection.execute("select name from clinic").fetchone()

    assert row == ("Sunrise Clinic",)
