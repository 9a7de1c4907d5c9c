"""A real server process and what may knock at its door."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy2
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
import zmq

from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import KeyPair, new_key_pair
from hms_server.contract.accounts import (
    EndSessions,
    GetClinic,
    ListStaff,
    RevokeDevice,
    SessionEnded,
)
from hms_server.contract.envelope import (
    MAX_MESSAGE_BYTES,
    Call,
    Done,
    Event,
    Fault,
    FromServer,
    Ping,
    Pong,
    Refusal,
)
from hms_server.contract.patients import Demographics, RegisterPatient
from hms_server.contract.values import DeviceId, Role, Sex
from hms_server.contract.visits import CheckIn, ListQueue, QueueChanged
from tests.databases import _lend
from tests.wire.processes import House, Process, Seat, open_house, within

SPARE = 12


@pytest.fixture(scope="module")
def house(
    database_server: str,
    database_template: str,
    database_steward: psycopg.Connection[Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """One clinic for the file: a server takes seconds to start."""
    for dsn in _lend(database_server, database_steward, template=database_template):
        with open_house(dsn, tmp_path_factory.mktemp("house")) as house:
            yield house


@pytest.fixture(scope="module")
def seats(house: House) -> list[Seat]:
    """Nurses' workstations, each used by one test."""
    return [house.seat(Role.NURSE) for _ in range(SPARE)]


@pytest.fixture(scope="module")
def by_role(house: House) -> dict[Role, Seat]:
    return {role: house.seat(role) for role in Role}


@pytest.fixture(scope="module")
def server(house: House, seats: list[Seat], by_role: dict[Role, Seat]) -> Process:
    """Knows all workstations from its start."""
    return house.serve()


@pytest.fixture(scope="module")
def second(house: House, server: Process) -> Process:
    """Another server of the same clinic."""
    return house.serve("second")


@contextmanager
def dealer(house: House, server: Process, keys: KeyPair) -> Iterator[zmq.Socket[bytes]]:
    """A bare socket that sends what it likes, with any keys."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as bare:
        bare.curve_serverkey = house.keys.public_key.encode()
        bare.curve_publickey = keys.public_key.encode()
        bare.curve_secretkey = keys.secret_key.encode()
        bare.linger, bare.rcvtimeo = 0, 5000
        bare.connect(server.address)
        yield bare


def packed(name: str, secret: str = "", body: object = None) -> bytes:
    raw = msgspec.Raw(msgspec.msgpack.encode({} if body is None else body))
    return msgspec.msgpack.encode(Call(uuid4(), name, secret, raw))


def answer(bare: zmq.Socket[bytes]) -> FromServer:
    reply: FromServer = msgspec.msgpack.Decoder(FromServer).decode(bare.recv_multipart()[-1])
    return reply


def refused(reply: FromServer) -> Fault:
    assert isinstance(reply, Refusal)
    return reply.fault


def test_a_device_that_is_not_paired_learns_nothing(house: House, server: Process) -> None:
    """Not even whether its frame was understood."""
    with dealer(house, server, new_key_pair()) as bare:
        bare.rcvtimeo = 1000
        bare.send(msgspec.msgpack.encode(Ping(1)))
        bare.send(packed("GetClinic"))
        with pytest.raises(zmq.Again):
            bare.recv()


def test_a_socket_without_encryption_learns_nothing(server: Process) -> None:
    with zmq.Context() as context, context.socket(zmq.DEALER) as bare:
        bare.linger, bare.rcvtimeo = 0, 1000
        bare.connect(server.address)
        bare.send(msgspec.msgpack.encode(Ping(1)))
        with pytest.raises(zmq.Again):
            bare.recv()


RUBBISH = [
    [b""],
    [b"\xc1"],
    [b"\x00" * 500],
    [msgspec.msgpack.encode(["call"])],
    [msgspec.msgpack.encode(["call", "no uuid", "GetClinic", "", {}])],
    [msgspec.msgpack.encode(["follow", 1, 2, 3])],
    [msgspec.msgpack.encode(["done", "x", {}])],
    [packed("GetClinic")[:-3]],
    [b"one", b"two", b"three"],
    [msgspec.msgpack.encode(["ping", "soon"])],
    [b"\x93" * 100_000],
    [os.urandom(4096)],
]


def test_rubbish_harms_nobody(house: House, server: Process, seats: list[Seat]) -> None:
    """Malformed, truncated and random frames get no answer; the same workstation and others go on."""
    with dealer(house, server, seats[0].keys) as bare, house.at(seats[1], server) as other:
        for frames in RUBBISH:
            bare.send_multipart(frames)
        bare.send(msgspec.msgpack.encode(Ping(7)))

        pong = answer(bare)
        clinic = other.ask(GetClinic())

    assert isinstance(pong, Pong)
    assert pong.sent_ns == 7
    assert clinic.name == "Sunrise Clinic"


def test_an_oversized_frame_ends_its_connection_only(
    house: House, server: Process, seats: list[Seat]
) -> None:
    with house.at(seats[1], server) as other, dealer(house, server, seats[0].keys) as bare:
        other.ask(GetClinic())
        bare.send(bytes(MAX_MESSAGE_BYTES + 1))
        bare.rcvtimeo = 300
        with pytest.raises(zmq.Again):
            bare.recv()

        assert other.ask(GetClinic()).name == "Sunrise Clinic"


def test_unknown_requests_and_fields_are_refused_by_name(
    house: House, server: Process, seats: list[Seat]
) -> None:
    with dealer(house, server, seats[0].keys) as bare:
        bare.send(packed("DropDatabase", seats[0].secret))
        unknown = refused(answer(bare))
        bare.send(packed("ListQueue", seats[0].secret, {"servce": "T"}))
        misspelt = refused(answer(bare))
        bare.send(packed("CheckIn", seats[0].secret, {"patient_id": "one"}))
        mistyped = refused(answer(bare))

    assert unknown.code == "request.unknown"
    assert "DropDatabase" in unknown.message
    assert misspelt.code == mistyped.code == "request.malformed"
    assert "servce" in misspelt.message
    assert mistyped.field == "patient_id"


def test_a_frame_played_back_is_answered_and_not_carried_out_again(
    house: House, server: Process, seats: list[Seat]
) -> None:
    (patient_id,) = house.patients(1)
    frame = packed("CheckIn", seats[0].secret, CheckIn(patient_id=patient_id))

    with dealer(house, server, seats[0].keys) as bare:
        for _ in range(5):
            bare.send(frame)
        answers = [answer(bare) for _ in range(5)]

    assert all(isinstance(one, Done) for one in answers)
    assert len({bytes(one.body) for one in answers if isinstance(one, Done)}) == 1
    assert house.count("select count(*) from encounter where patient_id = %s", (patient_id,)) == 1


def test_a_secret_is_worth_nothing_on_another_workstation(
    house: House, server: Process, seats: list[Seat]
) -> None:
    with dealer(house, server, seats[2].keys) as rightful, dealer(house, server, seats[3].keys) as thief:
        thief.send(packed("ListQueue", seats[2].secret))
        before = refused(answer(thief))
        rightful.send(packed("ListQueue", seats[2].secret))
        used = answer(rightful)
        thief.send(packed("ListQueue", seats[2].secret))
        after = refused(answer(thief))

    assert isinstance(used, Done)
    assert before.code == after.code == "session.ended"


def test_the_administrator_signs_in_with_the_password_and_out_again(
    house: House, server: Process, seats: list[Seat]
) -> None:
    with house.client(seats[4].keys, server) as client:
        client.sign_in("admin", "correct horse battery")
        secret = client.session
        staff = client.ask(ListStaff())
        client.sign_out()
        client._session = secret
        with pytest.raises(FaultError) as raised:
            client.ask(ListStaff())

    assert "admin" in {member.user_name for member in staff.staff}
    assert raised.value.fault.code == "session.ended"


def test_a_session_that_is_ended_ends_on_its_screen_at_once(
    house: House, server: Process, second: Process, by_role: dict[Role, Seat], seats: list[Seat]
) -> None:
    """The administrator's server is another one than the nurse's."""
    seen: list[Event] = []
    lapsed: list[Fault] = []
    nurse = seats[5]
    with house.at(nurse, server) as client, house.at(by_role[Role.ADMINISTRATOR], second) as admin:
        client.on_event(seen.append)
        client.on_lapsed(lapsed.append)
        client.follow()
        admin.ask(EndSessions(staff_id=nurse.staff_id))

        within(lambda: bool(lapsed))
        with pytest.raises(FaultError, match="signed out"):
            client.ask(ListQueue())

    assert lapsed[0].code == "session.ended"
    assert SessionEnded(session_id=nurse.session_id, reason="ended_by_administrator") in seen


def test_who_was_away_too_long_is_signed_out(house: House, server: Process, seats: list[Seat]) -> None:
    """Housekeeping ends the session in the database and on the screen."""
    nurse, lapsed, seen = seats[6], list[Fault](), list[Event]()
    with house.at(nurse, server) as client:
        client.on_event(seen.append)
        client.on_lapsed(lapsed.append)
        client.follow()
        # What the server has in memory is stored first, else it would count as a later sign of life.
        stored = "select last_seen_at from session where id = %s"
        before = house.sql(stored, (nurse.session_id,))
        within(lambda: house.sql(stored, (nurse.session_id,)) != before)
        house.sql(
            "update session set last_seen_at = now() - interval '2 hours' where id = %s", (nurse.session_id,)
        )

        within(lambda: bool(lapsed))

    assert SessionEnded(session_id=nurse.session_id, reason="idle") in seen


def test_a_revoked_workstation_is_cut_off_on_every_server(
    house: House, server: Process, second: Process, by_role: dict[Role, Seat], seats: list[Seat]
) -> None:
    nurse, lapsed = seats[7], list[Fault]()
    ((device_id,),) = house.sql("select device_id from session where id = %s", (nurse.session_id,))
    with house.at(nurse, server) as client, house.at(by_role[Role.ADMINISTRATOR], second) as admin:
        client.on_lapsed(lapsed.append)
        client.follow()
        admin.ask(RevokeDevice(device_id=DeviceId(device_id)))
        within(lambda: bool(lapsed))

        with pytest.raises(FaultError):
            client.ask(GetClinic(), timeout_s=0.5)


def test_each_role_is_told_only_what_it_may_see(
    house: House, server: Process, by_role: dict[Role, Seat]
) -> None:
    """Registration and check-in reach every desk; a display hears of the ticket and never of a person."""
    heard: dict[Role, list[Event]] = {role: [] for role in Role}
    receptionist = by_role[Role.RECEPTIONIST]
    ada = Demographics(family_name="Obi", given_names="Ada", sex=Sex.FEMALE, age_years=30, no_phone=True)
    with house.at(receptionist, server) as desk:
        followers = [
            (role, house.client(seat.keys, server))
            for role, seat in by_role.items()
            if role is not Role.RECEPTIONIST
        ]
        for role, client in followers:
            client._session = by_role[role].secret
            client.on_event(heard[role].append)
            client.follow()
        patient = desk.ask(RegisterPatient(demographics=ada)).patient
        ticket = desk.ask(CheckIn(patient_id=patient.id)).ticket
        within(lambda: all(told_of(ticket.id, heard[role]) for role in Role if role in HEAR_OF_TICKETS))
        for _, client in followers:
            client.close()

    names = {role: {type(event).__name__ for event in events} for role, events in heard.items()}
    assert names[Role.DISPLAY] == {"QueueChanged"}
    assert all("patient_id" not in type(event).__struct_fields__ for event in heard[Role.DISPLAY])
    assert not names[Role.ADMINISTRATOR] & {"QueueChanged", "PatientAdded", "EncounterOpened"}
    for role in (Role.NURSE, Role.DOCTOR, Role.PHARMACIST, Role.CASHIER):
        assert names[role] >= {"PatientAdded", "EncounterOpened", "QueueChanged"}


HEAR_OF_TICKETS = {Role.NURSE, Role.DOCTOR, Role.PHARMACIST, Role.CASHIER, Role.DISPLAY}


def told_of(ticket_id: int, events: list[Event]) -> bool:
    return any(isinstance(event, QueueChanged) and event.ticket_id == ticket_id for event in events)


def test_what_one_server_stores_the_screens_of_the_other_are_told(
    house: House, server: Process, second: Process, seats: list[Seat]
) -> None:
    (patient_id,) = house.patients(1)
    seen: list[Event] = []
    with house.at(seats[8], server) as here, house.at(seats[9], second) as there:
        there.on_event(seen.append)
        there.follow()

        ticket = here.ask(CheckIn(patient_id=patient_id)).ticket
        within(lambda: told_of(ticket.id, seen))


def test_one_id_sent_to_two_servers_at_once_has_one_effect(
    house: House, server: Process, second: Process, seats: list[Seat]
) -> None:
    patients = house.patients(20)
    nurse = seats[10]
    with dealer(house, server, nurse.keys) as here, dealer(house, second, nurse.keys) as there:
        frames = [packed("CheckIn", nurse.secret, CheckIn(patient_id=one)) for one in patients]
        for frame in frames:
            here.send(frame)
            there.send(frame)
        answers = [answer(bare) for _ in frames for bare in (here, there)]

    by_id: dict[object, set[bytes]] = {}
    for one in answers:
        assert isinstance(one, Done)
        by_id.setdefault(one.id, set()).add(bytes(one.body))
    assert [len(bodies) for bodies in by_id.values()] == [1] * len(patients)
    stored = "select count(*) from encounter where patient_id = any (%s)"
    assert house.count(stored, (patients,)) == len(patients)


def test_a_second_server_on_the_same_port_gives_way_with_a_sentence(
    house: House, server: Process, tmp_path: Path
) -> None:
    """The first goes on."""
    folder = tmp_path / "again"
    folder.mkdir(mode=0o700)
    copy2(house.keys_file, folder)
    again = Process(folder, database=house.dsn, port=server.port)

    code = again.popen.wait(60)

    output = again.output
    again.close()
    assert code == 1
    assert "Traceback" not in output
    assert str(server.port) in output
    assert server.popen.poll() is None
