"""Stored answers may hold names and secrets: they are sealed with a key outside the database."""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class SealBroken(Exception):  # noqa: N818 - says what happened to the stored text
    """The stored text was changed, or sealed with other keys."""


class Vault:
    """Seals answers (AES-256-GCM) and fingerprints requests (keyed BLAKE2b); safe to share between threads.

    Without the key, a stolen database gives no session secret and no way to try passwords against a hash
    that is faster than argon2.
    """

    def __init__(self, key: bytes, *, purpose: str = "answers") -> None:
        self._key = key
        self._cipher = AESGCM(_derive(key, purpose.encode()))
        self._fingerprint_key = _derive(key, b"requests")

    def kept_for(self, purpose: str) -> "Vault":
        """A vault of the same server with a key of its own: what one seals, another does not open."""
        return Vault(self._key, purpose=purpose)

    def fingerprint(self, body: bytes | memoryview) -> bytes:
        """The same for the same body, and of no use to anybody without the key."""
        return hashlib.blake2b(body, key=self._fingerprint_key, digest_size=16).digest()

    def seal(self, answer: bytes, *, bound_to: bytes) -> bytes:
        """The answer as it may be stored; it opens only together with what it is bound to."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, answer, bound_to)

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        """What was sealed; `SealBroken` when it does not fit."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except InvalidTag as error:
            raise SealBroken("A stored answer does not fit the server's keys.") from error


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hms vault " + purpose).derive(key)
