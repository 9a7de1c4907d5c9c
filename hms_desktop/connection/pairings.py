"""What the workstation remembers of its clinics: who they are in a file, its secret keys in the keyring."""

from pathlib import Path

import msgspec
import platformdirs
import structlog

from hms_desktop.connection.identity import KeyPair, Pairing, PinnedServer, with_addresses
from hms_desktop.connection.keychain import Keychain, KeychainError
from hms_server.contract.private_files import is_private, replace_private

log = structlog.get_logger()

FILE_NAME = "pairings.json"


class PairingsError(Exception):
    """The pairings exist and cannot be used now; one sentence for a person."""


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """`secret_key` is there only where no keyring takes it."""

    server: PinnedServer
    public_key: str
    secret_key: str | None = None


class _Entries(msgspec.Struct, frozen=True):
    pairings: list[_Entry]


def default_folder() -> Path:
    """The folder of this user's desktop program."""
    return Path(platformdirs.user_data_dir("hms-desktop", appauthor=False))


class Pairings:
    """Reads and writes at once; the newest pairing is the first."""

    def __init__(self, folder: Path, *, keychain: Keychain | None) -> None:
        self._path = folder / FILE_NAME
        self._keychain = keychain

    def all(self) -> list[PinnedServer]:
        """The clinics this workstation is paired with; needs no keyring."""
        return [entry.server for entry in self._load()]

    def find(self, server_public_key: str | None = None) -> Pairing | None:
        """The pairing with that server, or the newest one; None when there is none."""
        for entry in self._load():
            if server_public_key in (None, entry.server.public_key):
                keys = KeyPair(public_key=entry.public_key, secret_key=self._secret_of(entry))
                return Pairing(server=entry.server, keys=keys)
        return None

    def keep(self, pairing: Pairing) -> None:
        """Remembers the pairing, in the place of an older one with the same server."""
        others = [entry for entry in self._load() if entry.server.public_key != pairing.server.public_key]
        in_keyring = self._hand_to_keychain(pairing)
        entry = _Entry(
            server=pairing.server,
            public_key=pairing.keys.public_key,
            secret_key=None if in_keyring else pairing.keys.secret_key,
        )
        self._save([entry, *others])

    def remember(self, server: PinnedServer) -> None:
        """Keeps where the servers of that clinic were reached last; a clinic that is not known stays so."""
        entries = self._load()
        for index, entry in enumerate(entries):
            if entry.server.public_key == server.public_key:
                moved = with_addresses(entry.server, server.addresses)
                if moved != entry.server:
                    entries[index] = msgspec.structs.replace(entry, server=moved)
                    self._save(entries)
                return

    def forget(self, server_public_key: str) -> None:
        """Forgets a clinic and the key for it."""
        entries = self._load()
        for entry in entries:
            if entry.server.public_key == server_public_key and entry.secret_key is None and self._keychain:
                try:
                    self._keychain.forget(entry.public_key)
                except KeychainError as error:
                    log.info("key stays in the keyring", reason=str(error))
        self._save([entry for entry in entries if entry.server.public_key != server_public_key])

    def _hand_to_keychain(self, pairing: Pairing) -> bool:
        if self._keychain is None:
            return False
        try:
            self._keychain.keep(pairing.keys.public_key, pairing.keys.secret_key)
        except KeychainError as error:
            log.info("key kept in a file", reason=str(error))
            return False
        return True

    def _secret_of(self, entry: _Entry) -> str:
        if entry.secret_key is not None:
            return entry.secret_key
        try:
            secret = self._keychain.find(entry.public_key) if self._keychain else None
        except KeychainError as error:
            log.info("keyring unusable", reason=str(error))
            secret = None
        if secret is None:
            raise PairingsError(
                "The system's keyring does not give out this workstation's key. "
                "Unlock the keyring and start again, or pair the workstation anew."
            )
        return secret

    def _load(self) -> list[_Entry]:
        if not self._path.exists():
            return []
        if not is_private(self._path):
            raise PairingsError(
                f"The file {self._path} can be read by other users of this machine. "
                "Delete it and pair the workstation anew."
            )
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Entries).pairings
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PairingsError(
                f"The file {self._path} is damaged. Delete it and pair the workstation anew."
            ) from error

    def _save(self, entries: list[_Entry]) -> None:
        replace_private(self._path, msgspec.json.format(msgspec.json.encode(_Entries(entries))))
