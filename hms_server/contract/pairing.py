"""How a new workstation and the server come to trust each other by a short code.

The two run SPAKE2 over the code, so neither a listener nor a false partner can test guesses offline. The
workstation proves first that it knows the code, so that a wrong guess is counted before the server has
proved anything. The public keys then cross encrypted, each direction under a key of its own.
"""

import hashlib
import hmac
from enum import StrEnum

import msgspec

from hms_server.contract.envelope import Fault

PAIRING_PROTOCOL = 1
PAIRING_PORT = 7718
SERVICE_TYPE = "_hms._tcp.local."
"""The name under which servers announce themselves in the local network (DNS-SD, RFC 6763)."""
MAX_PAIRING_BYTES = 4096
CODE_DIGITS = 8
SPAKE_MESSAGE_BYTES = 33
NONCE = bytes(12)
"""AES-GCM's nonce: every key seals exactly one message, so that it need not differ."""
WORKSTATION_IDENTITY = b"hms workstation"
SERVER_IDENTITY = b"hms server"

_LABEL = b"hms pairing %d" % PAIRING_PROTOCOL


class Hello(msgspec.Struct, frozen=True, tag="hello", array_like=True):
    """Begins an attempt with the workstation's half of SPAKE2."""

    protocol: int
    message: bytes


class Challenge(msgspec.Struct, frozen=True, tag="challenge", array_like=True):
    """The server's half; `attempt` is good for one proof."""

    attempt: bytes
    message: bytes


class Proof(msgspec.Struct, frozen=True, tag="proof", array_like=True):
    """Shows that the workstation knows the code; `sealed` holds its `Introduction`."""

    attempt: bytes
    confirmation: bytes
    sealed: bytes


class Welcome(msgspec.Struct, frozen=True, tag="welcome", array_like=True):
    """Shows that the server knew it too; `sealed` holds the `Invitation`. The device is stored by now."""

    confirmation: bytes
    sealed: bytes


class Rejection(msgspec.Struct, frozen=True, tag="rejection", array_like=True):
    """Ends the attempt; nothing was stored but the wrong try."""

    fault: Fault


ToDesk = Hello | Proof
FromDesk = Challenge | Welcome | Rejection


class Purpose(StrEnum):
    """What a code was opened for; it is good for nothing else."""

    WORKSTATION = "workstation"
    SERVER = "server"


class Introduction(msgspec.Struct, frozen=True, kw_only=True):
    """What the server is to know of the workstation, or of the machine that becomes a second server."""

    public_key: str
    device_name: str
    purpose: Purpose = Purpose.WORKSTATION


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What the workstation is to know of its clinic; `addresses` are ZeroMQ addresses of all servers."""

    clinic_name: str
    device_name: str
    public_key: str
    addresses: list[str]


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """What a second server gets in place of an invitation: `keys` is the clinic's key file."""

    clinic_name: str
    keys: bytes

    def __repr__(self) -> str:
        # Whoever has the keys is the clinic.
        return f"Handover(clinic_name={self.clinic_name!r})"


class PairingKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What both sides derive when they knew the same code, and nobody else can."""

    transcript: bytes
    workstation_confirmation: bytes
    server_confirmation: bytes
    to_server: bytes
    to_workstation: bytes

    def __repr__(self) -> str:
        # Keys in a traceback would be keys in a log.
        return f"PairingKeys(transcript={self.transcript.hex()[:8]}…)"


def derive_keys(shared: bytes, hello: Hello, challenge: Challenge) -> PairingKeys:
    """HKDF-SHA256 (RFC 5869) over SPAKE2's result, bound to every byte that was exchanged."""
    parts = (_LABEL, hello.protocol.to_bytes(4), hello.message, challenge.attempt, challenge.message)
    transcript = hashlib.sha256(b"".join(len(part).to_bytes(4) + part for part in parts)).digest()
    extracted = hmac.digest(transcript, shared, "sha256")

    def expand(purpose: bytes) -> bytes:
        return hmac.digest(extracted, _LABEL + b" " + purpose + b"\x01", "sha256")

    return PairingKeys(
        transcript=transcript,
        workstation_confirmation=hmac.digest(expand(b"workstation confirms"), transcript, "sha256"),
        server_confirmation=hmac.digest(expand(b"server confirms"), transcript, "sha256"),
        to_server=expand(b"to server"),
        to_workstation=expand(b"to workstation"),
    )


def digits_of(code: str) -> str:
    """The code without the spaces and dashes that people put into it; `ValueError` if it is no code."""
    digits = "".join(character for character in code if character not in " -\u2009\u00a0")
    if len(digits) != CODE_DIGITS or not digits.isascii() or not digits.isdigit():
        raise ValueError(f"A pairing code has {CODE_DIGITS} digits.")
    return digits


def fingerprint(public_key: str) -> str:
    """A short name of a public key that two people can compare, in groups of four."""
    digest = hashlib.sha256(public_key.encode()).hexdigest()[:16].upper()
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))
