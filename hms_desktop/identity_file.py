"""A pairing in one file of its own, for a display or a test rig that has no keyring."""

from pathlib import Path

import msgspec

from hms_desktop.connection.identity import Pairing, PinnedServer, with_addresses
from hms_desktop.connection.pairings import PairingsError
from hms_server.contract.private_files import is_private, replace_private


class IdentityFile:
    """Takes the place of `Pairings` where `--identity` names a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self) -> Pairing | None:
        """The pairing, None while there is none."""
        if not self._path.exists():
            return None
        if not is_private(self._path):
            raise PairingsError(
                f"The file {self._path} can be read by other users of this machine. "
                "Delete it and pair the workstation anew."
            )
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Pairing)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PairingsError(
                f"The file {self._path} is damaged. Delete it and pair the workstation anew."
            ) from error

    def keep(self, pairing: Pairing) -> None:
        """Remembers the pairing in place of the one before."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_private(self._path, msgspec.json.encode(pairing))

    def remember(self, server: PinnedServer) -> None:
        """Keeps where the clinic's servers were reached last."""
        known = self.find()
        if known is not None and known.server.public_key == server.public_key:
            moved = with_addresses(known.server, server.addresses)
            if moved != known.server:
                self.keep(msgspec.structs.replace(known, server=moved))
