"""The form of a backup file: a header in clear, then chunks that only the recovery key opens.

    magic · version (2 bytes) · length of the header (4) · header (JSON) · SHA-256 of all before
    then for each chunk: length (4) · last (1) · AES-256-GCM of at most a mebibyte

Each chunk is bound to the header, its own number and whether it is the last: one that was changed, moved,
repeated, left out or cut off is found. The data key is random, used for this file alone, and sealed to the
public half of the recovery key (X25519, HKDF-SHA-256).
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hms_server.backup.recovery import RecoveryKey, mark_of
from hms_server.backup.trouble import BackupFailed

MAGIC = b"HMS backup\n"
FORMAT = 1
CHUNK_BYTES = 1 << 20
TAG_BYTES = 16
KEY_BYTES = 32
LARGEST_HEADER = 1 << 16
_START = struct.Struct(">HI")
_CHUNK = struct.Struct(">IB")
_WRAP_NONCE = bytes(12)
"""Each file has a wrapping key of its own, used once."""

Key = Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]


class BadBackup(BackupFailed):
    """The file is no backup, is damaged, or is not opened by this key; nothing was changed."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What can be read without the key: nothing of it names a patient.

    `revision` is the newest migration of the database, `server` the fingerprint of the server's public key.
    """

    made_at: datetime
    clinic: str
    server: str
    program: str
    revision: str
    postgres: int
    mark: str
    ephemeral: Key
    sealed_key: bytes


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a header says of the clinic and its programs."""

    made_at: datetime
    clinic: str
    server: str
    program: str
    revision: str
    postgres: int


class Sealer:
    """Gives the bytes of a backup one after the other; `start` first, then chunks, the last one marked."""

    def __init__(self, about: About, recovery_public: bytes) -> None:
        data_key = AESGCM.generate_key(bit_length=8 * KEY_BYTES)
        ephemeral = X25519PrivateKey.generate()
        public = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recovery_public))
        header = Header(
            **msgspec.structs.asdict(about),
            mark=mark_of(recovery_public),
            ephemeral=public,
            sealed_key=_wrapper(shared, public, recovery_public).encrypt(_WRAP_NONCE, data_key, None),
        )
        body = msgspec.json.encode(header)
        start = MAGIC + _START.pack(FORMAT, len(body)) + body
        self._bound = hashlib.sha256(start).digest()
        self.start = start + self._bound
        self._cipher = AESGCM(data_key)
        self._number = 0

    def chunk(self, plain: bytes, *, last: bool) -> bytes:
        """The chunk as it is written; at most `CHUNK_BYTES` go into one."""
        sealed = self._cipher.encrypt(
            _nonce(self._number), plain, _bound(self._bound, self._number, last=last)
        )
        self._number += 1
        return _CHUNK.pack(len(sealed), last) + sealed


class Backup:
    """A backup file that was opened as far as that goes without its key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self.header, self._bound = _read_start(file, path)
                self._begin = file.tell()
                self.size = os.fstat(file.fileno()).st_size
        except OSError as error:
            raise BadBackup(f"The backup {path} cannot be read: {error.strerror or error}.") from error

    def chunks(self, key: RecoveryKey) -> Iterator[bytes]:
        """The content, chunk by chunk, each checked before it is given; `BadBackup` at the first bad one.

        The content is complete only when the iteration has come to its end.
        """
        cipher = AESGCM(self._data_key(key))
        try:
            with self.path.open("rb") as file:
                file.seek(self._begin)
                yield from self._opened(file, cipher)
        except OSError as error:
            raise BadBackup(f"The backup {self.path} cannot be read: {error.strerror or error}.") from error

    def _opened(self, file: IO[bytes], cipher: AESGCM) -> Iterator[bytes]:
        number, last = 0, False
        while not last:
            place = file.tell()
            length, last = _CHUNK.unpack(self._exactly(file, _CHUNK.size))
            if length > CHUNK_BYTES + TAG_BYTES:
                raise self._damaged(place)
            sealed = self._exactly(file, length)
            try:
                yield cipher.decrypt(_nonce(number), sealed, _bound(self._bound, number, last=last))
            except InvalidTag as error:
                raise self._damaged(place) from error
            number += 1
        if file.read(1):
            raise self._damaged(file.tell() - 1)

    def _exactly(self, file: IO[bytes], count: int) -> bytes:
        found = file.read(count)
        if len(found) < count:
            raise BadBackup(
                f"The backup {self.path} is cut off after {file.tell()} bytes: use another backup, or copy "
                "it again from where it came."
            )
        return found

    def _damaged(self, place: int) -> BadBackup:
        return BadBackup(
            f"The backup {self.path} is damaged at byte {place}: use another backup, or copy it again from "
            "where it came."
        )

    def _data_key(self, key: RecoveryKey) -> bytes:
        if key.mark != self.header.mark:
            raise BadBackup(
                f"This is not the recovery key of the backup: it was made for the key with the mark "
                f"{self.header.mark}, and the mark of this key is {key.mark}."
            )
        ephemeral = X25519PublicKey.from_public_bytes(self.header.ephemeral)
        try:
            shared = key.private.exchange(ephemeral)
            wrapper = _wrapper(shared, self.header.ephemeral, key.public)
            return wrapper.decrypt(_WRAP_NONCE, self.header.sealed_key, None)
        except (InvalidTag, ValueError) as error:
            raise self._damaged(0) from error


def _read_start(file: IO[bytes], path: Path) -> tuple[Header, bytes]:
    fixed = file.read(len(MAGIC) + _START.size)
    if len(fixed) < len(MAGIC) + _START.size or not fixed.startswith(MAGIC):
        raise BadBackup(f"The file {path} is no backup of this program, or its beginning is damaged.")
    version, length = _START.unpack(fixed[len(MAGIC) :])
    _refuse_version(version, path)
    body, digest = file.read(min(length, LARGEST_HEADER)), file.read(hashlib.sha256().digest_size)
    if hashlib.sha256(fixed + body).digest() != digest:
        raise BadBackup(f"The backup {path} is damaged in its first part: use another backup.")
    return msgspec.json.decode(body, type=Header), digest


def _refuse_version(version: int, path: Path) -> None:
    if version > FORMAT:
        raise BadBackup(
            f"The backup {path} has format {version} and this program knows formats up to {FORMAT}: install "
            "the newer version of the program that made it, or one after that."
        )
    if version < FORMAT:
        raise BadBackup(
            f"The backup {path} has format {version}, which this program does not read any more: restore it "
            "with the version of the program that made it, and make a new backup there."
        )


def _wrapper(shared: bytes, ephemeral: bytes, recovery: bytes) -> AESGCM:
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=ephemeral + recovery, info=b"hms backup data key")
    return AESGCM(kdf.derive(shared))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(start: bytes, number: int, *, last: bool) -> bytes:
    return start + _nonce(number) + bytes([last])
