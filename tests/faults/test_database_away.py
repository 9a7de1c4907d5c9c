"""PostgreSQL stops, starts again or is killed: clear faults meanwhile, and afterwards all goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from hms_desktop.connection.client import Client
from hms_desktop.connection.faults import FaultError
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.values import PatientId, Role
from hms_server.contract.visits import CheckIn, ListQueue
from hms_server.database import migrate, migrations_folder
from hms_server.postgres import EmbeddedPostgres
from tests.faults.rush import assert_stored_once, check_in_all, told
from tests.server.clusters import running_pid
from tests.wire.processes import House, Process, open_house, within


@pytest.fixture
def house(postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[House]:
    """A clinic whose PostgreSQL belongs to this test alone."""
    dsn = postgres.ensure_running()
    migrate(dsn, migrations_folder())
    with open_house(dsn, tmp_path) as house:
        yield house


def test_a_database_that_stops_under_load_is_said_and_survived(
    house: House, postgres: EmbeddedPostgres
) -> None:
    """No request is lost or doubled, nobody is signed out, and screens hear of everything."""
    nurse, patients = house.seat(Role.NURSE), house.patients(150)
    faults, lapsed, seen = list[Fault](), list[Fault](), list[Event]()
    server = house.serve()
    with house.at(nurse, server) as client:
        client.on_lapsed(lapsed.append)
        client.on_event(seen.append)
        client.follow()

        def stop_and_start() -> None:
            postgres.stop()
            with pytest.raises(FaultError) as raised:
                client.ask(ListQueue())
            faults.append(raised.value.fault)
            postgres.ensure_running()
            house.reconnect()

        tickets = check_in_all(client, patients, at=50, then=stop_and_start)
        within(lambda: len(told(seen)) == len(patients))

    assert [fault.code for fault in faults] == ["server.database_away"]
    assert lapsed == []
    assert_stored_once(house, tickets)
    assert sorted(told(seen)) == sorted(ticket.id for ticket in tickets)


def test_server_and_its_postgresql_killed_together_come_back_by_themselves(
    house: House, postgres: EmbeddedPostgres, data_dir: Path
) -> None:
    """As after a power cut: what was acknowledged is there when the server has been started again."""
    nurse, patients = house.seat(Role.NURSE), house.patients(30)
    (data_dir / "keys.json").write_bytes(house.keys_file.read_bytes())
    (data_dir / "keys.json").chmod(0o600)
    first = Process(data_dir, database=None)
    first.wait_until_serving()
    with house.at(nurse, first) as client:
        tickets = [client.ask(CheckIn(patient_id=patient_id)).ticket for patient_id in patients]
        first.kill()
        os.kill(running_pid(data_dir), signal.SIGKILL)

        again = Process(data_dir, database=None, port=first.port)
        again.wait_until_serving()
        queue = client.ask(ListQueue()).tickets
    code = again.terminate()
    first.close()
    again.close()

    assert [ticket.id for ticket in queue] == [ticket.id for ticket in tickets]
    assert code == 0
    assert not postgres.is_running()


def test_postgresql_that_dies_alone_is_brought_back_by_the_server(
    house: House, postgres: EmbeddedPostgres, data_dir: Path
) -> None:
    """Nobody has to start anything: the server notices, starts it again and serves."""
    nurse, patients = house.seat(Role.NURSE), house.patients(2)
    (data_dir / "keys.json").write_bytes(house.keys_file.read_bytes())
    (data_dir / "keys.json").chmod(0o600)
    server = Process(data_dir, database=None)
    server.wait_until_serving()
    with house.at(nurse, server) as client:
        before = client.ask(CheckIn(patient_id=patients[0])).ticket
        os.kill(running_pid(data_dir), signal.SIGKILL)

        within(lambda: _serves(client, patients[1]), seconds=40)
        queue = client.ask(ListQueue()).tickets
    server.terminate()
    server.close()

    assert before.id in [ticket.id for ticket in queue]
    assert len(queue) == 2
    assert not postgres.is_running()


def _serves(client: Client, patient_id: PatientId) -> bool:
    try:
        client.ask(CheckIn(patient_id=patient_id))
    except FaultError as error:
        return error.fault.code == "visits.already_waiting"
    return True
