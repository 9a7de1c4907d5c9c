"""The keys whose signature on an installer is believed, as the build has put them in."""

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hms_server.contract.updates import KEY_BYTES, SignedManifest

KEYS_FILE = Path(__file__).with_name("trusted.keys")
"""One key a line, in base 64; lines that begin with # are remarks. A tree of sources has none."""


def trusted_keys(path: Path = KEYS_FILE) -> tuple[bytes, ...]:
    """The public keys of that file, none where there is no file; ValueError for one that is damaged."""
    if not path.exists():
        return ()
    return read_keys(path.read_text(encoding="utf-8"))


def read_keys(text: str) -> tuple[bytes, ...]:
    """One key a line; ValueError, with a sentence, for a line that is none."""
    lines = [line.strip() for line in text.splitlines()]
    return tuple(_read_key(line) for line in lines if line and not line.startswith("#"))


def is_signed(signed: SignedManifest, keys: Iterable[bytes]) -> bool:
    """Whether one of these keys has signed it."""
    return any(_verifies(signed, key) for key in keys)


def _verifies(signed: SignedManifest, key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, signed.signed_bytes)
    except (InvalidSignature, ValueError):
        return False
    return True


def _read_key(line: str) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{line[:60]!r} is not a public key for updates.")
    return key
