"""What both halves of a pairing do alike: agree on a secret, and seal and open what crosses under it."""

from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from spake2 import SPAKE2_A, SPAKE2_B, SPAKEError
from spake2.ed25519_basic import NotOnCurve

from hms_server.contract.pairing import NONCE, SPAKE_MESSAGE_BYTES, Handover, Introduction, Invitation

T = TypeVar("T")


def shared_secret(spake: SPAKE2_A | SPAKE2_B, message: bytes) -> bytes:
    """What SPAKE2 makes of the other side's message; `ValueError` if that is none."""
    if len(message) != SPAKE_MESSAGE_BYTES:
        raise ValueError("not a SPAKE2 message")
    try:
        shared: bytes = spake.finish(message)
    except (SPAKEError, NotOnCurve) as error:
        raise ValueError("not a SPAKE2 message") from error
    return shared


def seal(content: Introduction | Invitation | Handover, key: bytes, *, transcript: bytes) -> bytes:
    """Readable by whoever derived the same keys from the same exchange; a key seals one message only."""
    return AESGCM(key).encrypt(NONCE, msgspec.msgpack.encode(content), transcript)


def unseal(sealed: bytes, key: bytes, kind: type[T], *, transcript: bytes) -> T:
    """What the other side has sealed; `ValueError` where it was not sealed so, or is something else."""
    try:
        return msgspec.msgpack.decode(AESGCM(key).decrypt(NONCE, sealed, transcript), type=kind)
    except (InvalidTag, msgspec.DecodeError) as error:
        raise ValueError("not sealed by the other side") from error
