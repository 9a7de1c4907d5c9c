"""The server's secrets: its CurveZMQ key pair, pinned by every workstation, and the audit chain's key."""

import secrets
from pathlib import Path
from typing import Annotated

import msgspec
import zmq

from hms_server.contract.private_files import create_private, is_private

AUDIT_KEY_BYTES = 32

Z85Key = Annotated[str, msgspec.Meta(min_length=40, max_length=40)]


class KeyFileError(Exception):
    """The key file exists and must not be used; the sentence says why and what to do."""


class ServerKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`public_key` and `secret_key` are Z85 text; several servers of one clinic share them."""

    public_key: Z85Key
    secret_key: Z85Key
    audit_key: Annotated[bytes, msgspec.Meta(min_length=AUDIT_KEY_BYTES, max_length=AUDIT_KEY_BYTES)]

    def __repr__(self) -> str:
        # A key pair ends up in a traceback or a log line sooner or later: only its public half may.
        return f"ServerKeys(public_key={self.public_key!r})"


def load_or_create(path: Path) -> ServerKeys:
    """The keys in the file at `path`, made on the first call and never changed afterwards."""
    if not path.exists():
        create_private(path, msgspec.json.format(msgspec.json.encode(_new_keys())))
    return _load(path)


def _new_keys() -> ServerKeys:
    public_key, secret_key = zmq.curve_keypair()
    return ServerKeys(
        public_key=public_key.decode(),
        secret_key=secret_key.decode(),
        audit_key=secrets.token_bytes(AUDIT_KEY_BYTES),
    )


def _load(path: Path) -> ServerKeys:
    if not is_private(path):
        raise KeyFileError(
            f"The key file {path} can be read by other users of this machine. Make it private with "
            f"'chmod 600 {path}'; if it may have been copied, delete it and pair all workstations again."
        )
    try:
        keys = msgspec.json.decode(path.read_bytes(), type=ServerKeys)
        matching = zmq.curve_public(keys.secret_key.encode()) == keys.public_key.encode()
    except (msgspec.DecodeError, ValueError, zmq.ZMQError) as error:
        raise KeyFileError(f"The key file {path} is damaged ({error}). Restore it from a backup.") from error
    if not matching:
        raise KeyFileError(
            f"The key file {path} is damaged: its two keys do not belong together. Restore it from a backup."
        )
    return keys
