"""What the workstation remembers, with a keyring that works, fails, lies or hangs, and without one."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailingKeyring
from keyring.backends.null import Keyring as ForgetfulKeyring

from hms_desktop.connection.identity import Pairing, PinnedServer, new_key_pair
from hms_desktop.connection.keychain import Keychain, system_keychain
from hms_desktop.connection.pairings import Pairings, PairingsError
from hms_desktop.identity_file import IdentityFile


class MemoryKeyring(KeyringBackend):
    """A keyring that keeps secrets as long as the test runs."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring has no types here
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]


class HangingKeyring(MemoryKeyring):
    """A keyring that waits for somebody to unlock it."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.unlocked.wait(10)
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.unlocked.wait(10)
        super().set_password(service, username, password)


def a_pairing(name: str = "Harmony Clinic") -> Pairing:
    server = PinnedServer(
        name=name,
        addresses=["tcp://10.0.0.5:7717"],
        public_key=new_key_pair().public_key,
        device_name="Front desk 1",
    )
    return Pairing(server=server, keys=new_key_pair())


def content(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.fixture
def hanging() -> Iterator[HangingKeyring]:
    backend = HangingKeyring()
    yield backend
    backend.unlocked.set()


def test_a_new_workstation_knows_no_clinic(tmp_path: Path) -> None:
    pairings = Pairings(tmp_path / "none", keychain=None)

    assert pairings.find() is None
    assert pairings.all() == []


def test_with_a_keyring_the_file_holds_no_secret(tmp_path: Path) -> None:
    backend, pairing = MemoryKeyring(), a_pairing()

    Pairings(tmp_path, keychain=Keychain(backend)).keep(pairing)

    assert Pairings(tmp_path, keychain=Keychain(backend)).find() == pairing
    assert pairing.keys.secret_key not in content(tmp_path).decode()
    assert list(backend.secrets.values()) == [pairing.keys.secret_key]


def test_without_a_keyring_the_file_is_for_the_user_alone(tmp_path: Path) -> None:
    pairing = a_pairing()

    Pairings(tmp_path, keychain=None).keep(pairing)

    assert Pairings(tmp_path, keychain=None).find() == pairing
    if os.name == "posix":
        assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]


@pytest.mark.parametrize("backend", [FailingKeyring, ForgetfulKeyring])
def test_a_keyring_that_fails_or_forgets_is_replaced_by_the_file(
    tmp_path: Path, backend: type[KeyringBackend]
) -> None:
    pairing = a_pairing()
    pairings = Pairings(tmp_path, keychain=Keychain(backend()))

    pairings.keep(pairing)

    assert pairings.find() == pairing


def test_a_keyring_that_hangs_is_not_waited_for_when_a_key_is_stored(
    tmp_path: Path, hanging: HangingKeyring
) -> None:
    pairing = a_pairing()
    pairings = Pairings(tmp_path, keychain=Keychain(hanging, patience_s=0.1))

    pairings.keep(pairing)

    assert pairings.find() == pairing


def test_a_keyring_that_stays_locked_is_said_and_the_pairing_is_kept(
    tmp_path: Path, hanging: HangingKeyring
) -> None:
    pairing = a_pairing()
    hanging.unlocked.set()
    pairings = Pairings(tmp_path, keychain=Keychain(hanging, patience_s=0.1))
    pairings.keep(pairing)
    hanging.unlocked.clear()

    with pytest.raises(PairingsError, match="Unlock the keyring"):
        pairings.find()
    known = pairings.all()
    hanging.unlocked.set()

    assert known == [pairing.server]
    assert pairings.find() == pairing


def test_the_newest_clinic_is_the_first_and_each_can_be_found(tmp_path: Path) -> None:
    pairings = Pairings(tmp_path, keychain=Keychain(MemoryKeyring()))
    old, new = a_pairing("Old"), a_pairing("New")
    pairings.keep(old)
    pairings.keep(new)

    assert pairings.find() == new
    assert pairings.find(old.server.public_key) == old
    assert [server.name for server in pairings.all()] == ["New", "Old"]


def test_pairing_again_replaces_the_key_for_that_clinic(tmp_path: Path) -> None:
    pairings = Pairings(tmp_path, keychain=None)
    first = a_pairing()
    again = Pairing(server=first.server, keys=new_key_pair())
    pairings.keep(first)

    pairings.keep(again)

    assert pairings.find() == again
    assert len(pairings.all()) == 1


def test_a_forgotten_clinic_leaves_no_key(tmp_path: Path) -> None:
    backend, kept, gone = MemoryKeyring(), a_pairing("Kept"), a_pairing("Gone")
    pairings = Pairings(tmp_path, keychain=Keychain(backend))
    pairings.keep(kept)
    pairings.keep(gone)

    pairings.forget(gone.server.public_key)

    assert pairings.all() == [kept.server]
    assert list(backend.secrets.values()) == [kept.keys.secret_key]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such mode")
def test_a_file_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    pairings = Pairings(tmp_path, keychain=None)
    pairings.keep(a_pairing())
    (tmp_path / "pairings.json").chmod(0o644)

    with pytest.raises(PairingsError, match="other users"):
        pairings.find()


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b'{"pairings": [{}]}'])
def test_a_damaged_file_is_said_and_not_overwritten(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "pairings.json"
    path.write_bytes(damage)
    path.chmod(0o600)
    pairings = Pairings(tmp_path, keychain=None)

    with pytest.raises(PairingsError, match="damaged"):
        pairings.keep(a_pairing())

    assert path.read_bytes() == damage


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="D-Bus is Linux's")
def test_without_a_session_the_keyring_is_not_even_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)

    assert system_keychain() is None


def test_secrets_stay_out_of_tracebacks() -> None:
    pairing = a_pairing()

    assert pairing.keys.secret_key not in repr(pairing)


def test_a_new_address_of_the_server_is_remembered_without_the_keyring(tmp_path: Path) -> None:
    """The new address goes first, the old one stays: the server may go back there."""
    pairing = a_pairing()
    Pairings(tmp_path, keychain=Keychain(MemoryKeyring())).keep(pairing)
    moved = msgspec.structs.replace(pairing.server, addresses=["tcp://10.0.0.9:7717"])

    Pairings(tmp_path, keychain=None).remember(moved)

    (known,) = Pairings(tmp_path, keychain=None).all()
    assert known.addresses == ["tcp://10.0.0.9:7717", "tcp://10.0.0.5:7717"]


def test_a_clinic_that_is_not_known_is_not_remembered(tmp_path: Path) -> None:
    pairings = Pairings(tmp_path, keychain=None)
    pairings.keep(a_pairing())
    before = pairings.all()

    pairings.remember(a_pairing().server)

    assert pairings.all() == before


def test_a_pairing_in_one_file_remembers_too_and_forgets_the_oldest_of_many(tmp_path: Path) -> None:
    pairing, book = a_pairing(), IdentityFile(tmp_path / "identity.json")
    book.keep(pairing)

    for number in range(20):
        book.remember(msgspec.structs.replace(pairing.server, addresses=[f"tcp://10.0.1.{number}:7717"]))

    known = book.find()
    assert known is not None
    assert known.keys == pairing.keys
    assert known.server.addresses == [f"tcp://10.0.1.{number}:7717" for number in range(19, 11, -1)]
