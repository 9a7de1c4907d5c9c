"""A clinic that is lost while people work, and comes back on another machine from its backup."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import zmq

from hms_desktop.connection.faults import FaultError
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.settings import BackupSettings, save_settings
from hms_server.contract.envelope import Event, Follow, Following, FromServer, Position
from hms_server.contract.values import PatientId, Role
from hms_server.contract.visits import CheckIn, ListQueue, QueueChanged
from tests.faults.rush import check_in_persistently
from tests.wire.processes import House, Process, Seat, open_house, within

PATIENTS = 300
BACKUP_AFTER = 100
"""Answers: the rest of the rush goes on beside the backup."""


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with open_house(database, tmp_path) as house:
        yield house


def command(data_dir: Path, *arguments: str | Path) -> str:
    """What IT types at a terminal; it has to end well."""
    line = [sys.executable, "-m", "hms_server", "--data-dir", data_dir, *arguments]
    done = subprocess.run(line, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


def go_on(server: Process, house: House, seat: Seat, secret: str, position: Position) -> FromServer:
    """What the server says to a workstation that comes back and wants to go on where it was."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.curve_serverkey = house.keys.public_key.encode()
        dealer.curve_publickey = seat.keys.public_key.encode()
        dealer.curve_secretkey = seat.keys.secret_key.encode()
        dealer.linger, dealer.rcvtimeo = 0, 20_000
        dealer.connect(server.address)
        dealer.send(msgspec.msgpack.encode(Follow(secret, position)))
        answer: FromServer = msgspec.msgpack.Decoder(FromServer).decode(dealer.recv_multipart()[-1])
        return answer


def rush_with_backup(
    house: House, seat: Seat, patients: list[PatientId], place: Path
) -> tuple[set[int], Position]:
    """Checks everybody in while a backup is made; the tickets acknowledged before that, the last position."""
    answered: list[int] = []
    enough = threading.Event()
    before: set[int] = set()
    server = house.serve()

    def check_in(patient_id: PatientId) -> None:
        answered.append(check_in_persistently(client, patient_id, uuid4()).id)
        if len(answered) >= BACKUP_AFTER:
            enough.set()

    with house.at(seat, server) as client, ThreadPoolExecutor(4) as pool:
        rush = pool.map(check_in, patients)
        assert enough.wait(60)
        before.update(answered)
        command(house.keys_file.parent, "--database", house.dsn, "backup", place)
        assert len(list(rush)) == PATIENTS
        position = client.follow()
    server.kill()
    return before, position


def test_a_lost_clinic_comes_back_elsewhere(house: House, tmp_path: Path, data_dir: Path) -> None:
    """Acknowledged work is there, the chain holds, pairings hold, an old position is a gap, work goes on."""
    key, place, seat = RecoveryKey.new(), tmp_path / "disk", house.seat(Role.NURSE)
    place.mkdir()
    save_settings(house.keys_file.parent, BackupSettings(recovery_public=key.public))
    (tmp_path / "key.txt").write_text(f"Recovery key:\n  {key.text.lower()}\n")
    patients = house.patients(PATIENTS + 1)
    before, position = rush_with_backup(house, seat, patients[:-1], place)
    (backup,) = place.iterdir()

    told = command(data_dir, "restore", backup, "--key-file", tmp_path / "key.txt")
    assert "Sunrise Clinic" in told
    assert "The audit trail holds" in command(data_dir, "verify")
    password = command(data_dir, "user", "ngozi", "Ngozi Eze", "nurse").split("Password: ")[1].split()[0]

    server = Process(data_dir, database=None)
    try:
        server.wait_until_serving()
        seen: list[Event] = []
        with house.client(seat.keys, server) as client:
            client._session = seat.secret
            with pytest.raises(FaultError, match="You are signed out"):
                client.ask(ListQueue())
            client._session = ""
            secret = client.sign_in("ngozi", password).secret

            answer = go_on(server, house, seat, secret, position)
            assert isinstance(answer, Following)
            assert answer.gap

            client.on_event(seen.append)
            client.follow()
            queue = {ticket.id: ticket.code for ticket in client.ask(ListQueue(service="T")).tickets}
            assert before <= set(queue)
            assert len(queue) <= PATIENTS
            ticket = client.ask(CheckIn(patient_id=patients[-1])).ticket
            assert ticket.id not in queue
            assert ticket.code not in queue.values()
            within(lambda: any(isinstance(event, QueueChanged) for event in seen))
    finally:
        server.close()
