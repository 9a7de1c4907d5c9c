"""The server's secrets: its CurveZMQ key pair, pinned by every workstation, and the audit chain's key."""

import json
import os
import secrets
import stat
from pathlib import Path
from typing import Annotated

import msgspec
import zmq

AUDIT_KEY_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO

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
        _create(path)
    return _load(path)


def _create(path: Path) -> None:
    public_key, secret_key = zmq.curve_keypair()
    keys = ServerKeys(
        public_key=public_key.decode(),
        secret_key=secret_key.decode(),
        audit_key=secrets.token_bytes(AUDIT_KEY_BYTES),
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        _write_for_owner(draft, json.dumps(msgspec.to_builtins(keys), indent=2).encode())
        # A link, not a rename: of two servers that start at once the second must take the first one's keys.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _write_for_owner(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder; NTFS journals the new name by itself.
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _load(path: Path) -> ServerKeys:
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
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
