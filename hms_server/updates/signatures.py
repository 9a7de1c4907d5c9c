"""Whether a signed description of an installer comes from whom this server trusts."""

from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hms_server.contract.updates import SignedManifest


def is_signed(signed: SignedManifest, keys: Iterable[bytes]) -> bool:
    """Whether one of these Ed25519 keys has signed it."""
    return any(_verifies(signed, key) for key in keys)


def _verifies(signed: SignedManifest, key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, signed.signed_bytes)
    except (InvalidSignature, ValueError):
        return False
    return True
