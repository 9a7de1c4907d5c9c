"""A server that has moved is found again, because its key is what is trusted and not its address."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import pytest
import zmq

from hms_desktop.connection.addresses import Outcome, Tried
from hms_desktop.connection.client import Client
from hms_desktop.connection.identity import KeyPair, Pairing, PinnedServer, new_key_pair
from hms_desktop.connection.remembered import remembered_client
from hms_desktop.identity_file import IdentityFile
from hms_server.announce import Announcement, Announcer
from hms_server.contract.envelope import Fault
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckedIn, CheckIn, ListQueue
from tests.wire.ports import free_port
from tests.wire.processes import LIVELY, House, open_house, within

LOOPBACK = ["127.0.0.1"]
ELSEWHERE = "127.0.0.2"
"""Another address of this machine, where a server may move to."""
QUICK = replace(LIVELY, look_after_s=0.3, patience_s=2)


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with open_house(database, tmp_path) as house:
        yield house


def workstation(house: House, keys: KeyPair, *addresses: str, looks: bool = True) -> Client:
    server = PinnedServer(
        name="Sunrise Clinic",
        addresses=list(addresses),
        public_key=house.keys.public_key,
        device_name="Desk",
    )
    return Client(server, keys, timings=QUICK, interfaces=LOOPBACK if looks else [])


@contextmanager
def impostor(house: House) -> Iterator[zmq.Socket[bytes]]:
    """Announces the clinic's own fingerprint and has another key; gives the socket that would hear."""
    false_keys = new_key_pair()
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    wire = context.socket(zmq.ROUTER)
    wire.curve_server = True
    wire.curve_secretkey = false_keys.secret_key.encode()
    wire.curve_publickey = false_keys.public_key.encode()
    port = wire.bind_to_random_port("tcp://127.0.0.1")
    announcement = Announcement(
        clinic_name="Sunrise Clinic",
        public_key=house.keys.public_key,
        port=port,
        pairing_port=1,
        version="0.1.0",
    )
    announcer = Announcer(announcement, addresses=lambda: LOOPBACK)
    announcer.start()
    try:
        assert announcer.is_announced.wait(20)
        yield wire
    finally:
        announcer.stop()
        wire.close(linger=0)
        context.term()


@contextmanager
def deaf() -> Iterator[str]:
    """Something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"tcp://127.0.0.1:{listening.getsockname()[1]}"


def test_a_running_workstation_follows_its_server_and_remembers_where(house: House, tmp_path: Path) -> None:
    """What was typed meanwhile is stored once the server is found at the address that a router gave it."""
    nurse, (patient,) = house.seat(Role.NURSE), house.patients(1)
    first = house.serve()
    book = IdentityFile(tmp_path / "identity.json")
    moves: SimpleQueue[PinnedServer] = SimpleQueue()
    outcomes: SimpleQueue[CheckedIn | Fault] = SimpleQueue()

    with workstation(house, nurse.keys, first.address) as client:
        book.keep(Pairing(server=client.server, keys=nurse.keys))
        client.on_moved(book.remember)
        client.on_moved(moves.put)
        client._session = nurse.secret
        client.follow()
        first.kill()
        client.submit(CheckIn(patient_id=patient), outcomes.put)
        moved = house.serve("server", "--bind", ELSEWHERE, port=free_port(), announce=True)

        answer = outcomes.get(timeout=60)
        assert moves.get(timeout=60).addresses[0] == moved.address
        assert client.link.server == moved.address

    known = book.find()
    assert isinstance(answer, CheckedIn)
    assert known is not None
    assert known.server.addresses[:2] == [moved.address, first.address]
    with Client(known.server, known.keys, timings=QUICK, interfaces=[]) as again:
        again._session = nurse.secret
        assert [one.id for one in again.ask(ListQueue()).tickets] == [answer.ticket.id]


def test_a_starting_workstation_finds_a_server_that_moved_while_it_was_off(house: House) -> None:
    nurse = house.seat(Role.NURSE)
    server = house.serve("server", "--bind", ELSEWHERE, port=free_port(), announce=True)

    with workstation(house, nurse.keys, f"tcp://127.0.0.1:{free_port()}") as client:
        within(lambda: client.link.connected, 30)

        assert client.server.addresses[0] == server.address
        assert client.search.since is None


class FullDisk:
    """A folder in which nothing can be written."""

    def __init__(self) -> None:
        self.tries: list[PinnedServer] = []

    def remember(self, server: PinnedServer) -> None:
        self.tries.append(server)
        raise OSError(28, "No space left on device")


@pytest.mark.allow_log("not remembered")
def test_the_desktop_s_own_connection_writes_the_address_down_and_works_on_where_it_cannot(
    house: House, tmp_path: Path
) -> None:
    nurse, book, full = house.seat(Role.NURSE), IdentityFile(tmp_path / "identity.json"), FullDisk()
    server = house.serve(port=free_port(), announce=True)
    dead = f"tcp://127.0.0.1:{free_port()}"
    pinned = PinnedServer(
        name="Sunrise Clinic", addresses=[dead], public_key=house.keys.public_key, device_name="Desk"
    )
    pairing = Pairing(server=pinned, keys=nurse.keys)
    book.keep(pairing)

    with remembered_client(pairing, book, interfaces=LOOPBACK) as client:
        within(lambda: client.link.connected, 30)
    with remembered_client(pairing, full, interfaces=LOOPBACK) as unlucky:
        within(lambda: unlucky.link.connected, 30)

    known = book.find()
    assert known is not None
    assert known.server.addresses == [server.address, dead]
    assert [one.addresses[0] for one in full.tries] == [server.address]


def test_a_false_server_with_the_same_fingerprint_gets_nothing_and_stops_nobody(house: House) -> None:
    """Only it is announced at first; the real one comes later, and the search has gone on."""
    nurse = house.seat(Role.NURSE)
    dead = f"tcp://127.0.0.1:{free_port()}"
    with (
        impostor(house) as false_server,
        deaf() as silent,
        workstation(house, nurse.keys, dead, silent) as client,
    ):
        within(lambda: Outcome.STRANGER in {one.outcome for one in client.search.tried[2:]}, 30)
        assert not client.link.connected
        server = house.serve(port=free_port(), announce=True)
        within(lambda: client.link.connected, 30)

        assert client.link.server == server.address
        assert false_server.poll(0) == 0
        assert client.server.addresses == [server.address, dead, silent]


def test_a_typed_address_is_tried_and_the_search_says_what_became_of_the_others(house: House) -> None:
    """Where multicast is blocked, a person reads which addresses were tried and types another one."""
    nurse = house.seat(Role.NURSE)
    server = house.serve(port=free_port())
    dead = f"tcp://127.0.0.1:{free_port()}"
    with deaf() as silent, workstation(house, nurse.keys, dead, silent, looks=False) as client:
        expected = (
            Tried(address=dead, outcome=Outcome.SILENT),
            Tried(address=silent, outcome=Outcome.STRANGER),
        )
        within(lambda: client.search.tried == expected, 30)
        since = client.search.since
        with pytest.raises(ValueError, match="is not an address"):
            client.try_address("the server in the cellar")

        client.try_address(f"localhost:{server.port}")
        within(lambda: client.link.connected, 30)

    assert since is not None


def test_a_display_that_was_never_paired_at_the_new_server_is_told_so(house: House) -> None:
    """Being found is not being let in."""
    server = house.serve(port=free_port(), announce=True)
    dead = f"tcp://127.0.0.1:{free_port()}"

    with workstation(house, new_key_pair(), dead) as stranger:
        within(lambda: stranger.link.problem is not None, 30)

        tried = {one.address: one.outcome for one in stranger.search.tried}
        assert stranger.link.problem is not None
        assert stranger.link.problem.code == "link.not_paired"
        assert tried[server.address] is Outcome.NOT_PAIRED


def test_closing_in_the_middle_of_a_search_leaves_nothing_behind(house: House) -> None:
    before = threading.active_count()
    client = workstation(house, new_key_pair(), f"tcp://127.0.0.1:{free_port()}")
    within(lambda: threading.active_count() > before + 1, 30)

    client.close()

    assert threading.active_count() == before
