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
        create_private(path, encode(_new_keys()))
    return load(path)


def encode(keys: ServerKeys) -> bytes:
    """The content of a key file."""
    return msgspec.json.format(msgspec.json.encode(keys))


def with_new_pair(keys: ServerKeys) -> ServerKeys:
    """Other keys for the wire; what the earlier ones have sealed and chained still opens."""
    new = _new_keys()
    return msgspec.structs.replace(keys, public_key=new.public_key, secret_key=new.secret_key)


def read_keys(content: bytes) -> ServerKeys:
    """Keys that another server has handed over; `KeyFileError` where they are none."""
    return _read(content, "that the other server sent")


def _new_keys() -> ServerKeys:
    public_key, secret_key = zmq.curve_keypair()
    return ServerKeys(
        public_key=public_key.decode(),
        secret_key=secret_key.decode(),
        audit_key=secrets.token_bytes(AUDIT_KEY_BYTES),
    )


def load(path: Path) -> ServerKeys:
    """The keys in the file at `path`; `KeyFileError` where it is missing, open to others or damaged."""
    if not path.exists():
        raise KeyFileError(f"There is no key file {path}: no server has been started with this folder yet.")
    if not is_private(path):
        raise KeyFileError(
            f"The key file {path} can be read by other users of this machine. Make it private with "
            f"'chmod 600 {path}'; if it may have been copied, delete it and pair all workstations again."
        )
    return _read(path.read_bytes(), str(path))


def _read(content: bytes, source: str) -> ServerKeys:
    try:
        keys = msgspec.json.decode(content, type=ServerKeys)
        matching = zmq.curve_public(keys.secret_key.encode()) == keys.public_key.encode()
    except (msgspec.DecodeError, ValueError, zmq.ZMQError) as error:
        raise KeyFileError(
            f"The key file {source} is damaged ({error}). Restore it from a backup."
        ) from error
    if not matching:
        raise KeyFileError(
            f"The key file {source} is damaged: its two keys do not belong together. "
            "Restore it from a backup."
        )
    return keys
