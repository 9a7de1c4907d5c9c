"""A second machine becomes a server of the clinic by a code, and by nothing less."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hms_desktop.connection.endpoints import DeskAddress
from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.pairing import pair
from hms_server.accounts.pairing_codes import open_code
from hms_server.chosen_database import chosen_database
from hms_server.clock import system_clock
from hms_server.console.joining import desk_of
from hms_server.contract.pairing import Purpose, digits_of
from hms_server.contract.values import Role
from hms_server.contract.visits import ListQueue
from hms_server.joining import JoinRefused, fetch_keys
from hms_server.keys import load, load_or_create, read_keys
from hms_server.neighbours import replace_key
from tests.wire.ports import free_port
from tests.wire.processes import House, Process, open_house, within


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with open_house(database, tmp_path) as house:
        yield house


@pytest.fixture
def desk_port(house: House) -> int:
    """The first server's pairing desk."""
    port = free_port()
    house.serve("server", "--pairing-port", str(port))
    return port


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "hms_server", "--data-dir", str(folder), *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


def server_code(house: House) -> str:
    """What the administrator reads on the first machine."""
    printed = command(house.keys_file.parent, "--database", house.dsn, "server-code")
    assert printed.returncode == 0, printed.stderr
    return printed.stdout.partition("valid")[0].strip()


def open_as(house: House, purpose: Purpose) -> str:
    with psycopg.connect(house.dsn) as connection:
        return open_code(connection, device_name="x", now=system_clock(), purpose=purpose).code


def endpoint(port: int) -> str:
    return f"tcp://127.0.0.1:{port}"


def test_a_second_machine_gets_the_keys_and_serves_the_same_workstations(
    house: House, desk_port: int, tmp_path: Path
) -> None:
    """Afterwards it knows the database by itself, and the code is used up."""
    folder, nurse = tmp_path / "second machine", house.seat(Role.NURSE)
    join = ("join", f"127.0.0.1:{desk_port}", "--database", house.dsn, "--code", server_code(house))

    joined = command(folder, *join)
    again = command(folder, *join)
    second = Process(folder, database=None)
    try:
        second.wait_until_serving()
        with house.at(nurse, second) as client:
            queue = client.ask(ListQueue())
    finally:
        second.close()

    assert joined.returncode == 0, joined.stderr
    assert "server of “Sunrise Clinic”" in joined.stdout
    assert load(folder / "keys.json") == house.keys
    assert chosen_database(folder) == house.dsn
    assert queue.tickets == []
    assert again.returncode == 1
    assert house.sql("select outcome from audit where request = 'JoinServer'") == [("done",)]


def test_a_code_for_a_workstation_gives_no_keys(house: House, desk_port: int) -> None:
    code = open_as(house, Purpose.WORKSTATION)

    with pytest.raises(JoinRefused, match="pairs a workstation"):
        fetch_keys(endpoint(desk_port), code, machine="second", timeout_s=60)


def test_a_code_for_a_server_pairs_no_workstation(house: House, desk_port: int) -> None:
    code = open_as(house, Purpose.SERVER)

    with pytest.raises(FaultError, match="second server") as raised:
        pair(DeskAddress("127.0.0.1", desk_port), code, device_name="Desk")

    assert raised.value.fault.code == "pairing.for_server"
    assert house.count("select count(*) from device") == 0


def test_a_wrong_code_is_counted_and_gives_nothing(house: House, desk_port: int) -> None:
    code = open_as(house, Purpose.SERVER)
    wrong = f"{(int(digits_of(code)) + 1) % 10**8:08}"

    with pytest.raises(JoinRefused, match="Tries left: 4"):
        fetch_keys(endpoint(desk_port), wrong, machine="second", timeout_s=60)

    handover = fetch_keys(endpoint(desk_port), code, machine="second", timeout_s=60)
    assert read_keys(handover.keys) == house.keys
    assert house.keys.secret_key not in repr(handover)


def test_where_no_code_is_open_nothing_answers() -> None:
    with pytest.raises(JoinRefused, match="server-code"):
        fetch_keys(endpoint(free_port()), "1234 5678", machine="second", timeout_s=0.3)


def test_a_database_of_another_clinic_stores_nothing(house: House, desk_port: int, tmp_path: Path) -> None:
    folder, code = tmp_path / "second", server_code(house)
    with psycopg.connect(house.dsn) as connection:
        replace_key(connection, load_or_create(tmp_path / "other.json").public_key)

    refused = command(folder, "join", f"127.0.0.1:{desk_port}", "--database", house.dsn, "--code", code)

    assert refused.returncode == 1
    assert "another clinic" in refused.stderr
    assert not folder.exists() or not list(folder.iterdir())


def test_other_keys_are_never_overwritten(house: House, desk_port: int, tmp_path: Path) -> None:
    """They may be all that opens the records of another clinic."""
    folder = tmp_path / "second"
    own = load_or_create(folder / "keys.json")

    refused = command(
        folder, "join", f"127.0.0.1:{desk_port}", "--database", house.dsn, "--code", server_code(house)
    )

    assert refused.returncode == 1
    assert "Move that file away" in refused.stderr
    assert load(folder / "keys.json") == own
    assert chosen_database(folder) is None


def test_a_server_with_its_own_postgresql_opens_no_code(tmp_path: Path) -> None:
    """No other machine could reach its records."""
    refused = command(tmp_path, "server-code")

    assert refused.returncode == 1
    assert "Move them" in refused.stderr


def test_keys_that_are_lost_are_replaced_only_by_who_names_the_clinic(house: House, tmp_path: Path) -> None:
    server = house.serve()
    folder = tmp_path / "anew"
    fresh = load_or_create(folder / "keys.json")
    line = ("--database", house.dsn, "new-keys", "--clinic")

    busy = command(folder, *line, "Sunrise Clinic")
    server.terminate()
    doubtful = command(folder, *line, "Sunset Clinic")
    done = command(folder, *line, "Sunrise Clinic")

    assert [one.returncode for one in (busy, doubtful, done)] == [1, 1, 0]
    assert "Stop all of them" in busy.stderr
    assert "enter the providers' keys anew" in done.stdout
    assert house.sql("select server_key from clinic") == [(fresh.public_key,)]


def test_keys_that_were_copied_are_of_no_use_afterwards(house: House) -> None:
    """A workstation that trusts the old key does not talk to the server any more; what is sealed opens."""
    nurse, server = house.seat(Role.NURSE), house.serve()
    server.terminate()
    folder = house.keys_file.parent

    changed = command(folder, "--database", house.dsn, "new-keys", "--clinic", "Sunrise Clinic")
    keys = load(folder / "keys.json")
    again = house.serve()
    with house.at(nurse, again) as client, pytest.raises(FaultError) as raised:
        client.ask(ListQueue(), timeout_s=1)

    assert changed.returncode == 0, changed.stderr
    assert keys.audit_key == house.keys.audit_key
    assert keys.public_key != house.keys.public_key
    assert raised.value.fault.code == "link.down"


@pytest.mark.parametrize(
    ("typed", "desk"),
    [
        ("192.168.1.5", "tcp://192.168.1.5:7718"),
        ("tcp://192.168.1.5:7717", "tcp://192.168.1.5:7718"),
        ("clinic.local:9000", "tcp://clinic.local:9000"),
        ("[fe80::1]:9000", "tcp://[fe80::1]:9000"),
        ("[fe80::1]", "tcp://[fe80::1]:7718"),
    ],
)
def test_the_address_of_the_first_server_may_be_typed_in_many_ways(typed: str, desk: str) -> None:
    assert desk_of(typed) == desk


@pytest.mark.parametrize("typed", ["", "the server", "10.0.0.5:port", "10.0.0.5:0", "10.0.0.5:70000", "a/b"])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(JoinRefused, match="is not an address"):
        desk_of(typed)


def test_the_key_file_of_the_second_server_is_private(house: House, desk_port: int, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    command(folder, "join", f"127.0.0.1:{desk_port}", "--database", house.dsn, "--code", server_code(house))

    within((folder / "keys.json").exists)
    assert (folder / "keys.json").stat().st_mode & 0o077 == 0
    assert set(json.loads((folder / "keys.json").read_text())) == {"public_key", "secret_key", "audit_key"}
