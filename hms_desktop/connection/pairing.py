"""The workstation's half of pairing: from a typed code to a pinned server."""

import hmac
import time
from typing import Self

import msgspec
import zmq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from spake2 import SPAKE2_A, SPAKEError
from spake2.ed25519_basic import NotOnCurve

from hms_desktop.connection.endpoints import HERE, DeskAddress
from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import Pairing, PinnedServer, new_key_pair
from hms_server.contract.envelope import Fault
from hms_server.contract.pairing import (
    MAX_PAIRING_BYTES,
    NONCE,
    PAIRING_PROTOCOL,
    SERVER_IDENTITY,
    SPAKE_MESSAGE_BYTES,
    WORKSTATION_IDENTITY,
    Challenge,
    FromDesk,
    Hello,
    Introduction,
    Invitation,
    PairingKeys,
    Proof,
    Rejection,
    ToDesk,
    Welcome,
    derive_keys,
    digits_of,
)

__all__ = ["DeskAddress", "pair"]

ANSWER_WITHIN_S = 5.0

_decode = msgspec.msgpack.Decoder(FromDesk).decode


def pair(
    address: DeskAddress,
    code: str,
    *,
    device_name: str,
    timeout_s: float = ANSWER_WITHIN_S,
) -> Pairing:
    """Pairs this workstation under a new key; the server knows it from here on. Else `FaultError` says why.

    The administrator's name for the workstation, given with the code, goes before `device_name`.
    """
    try:
        digits = digits_of(code)
    except ValueError as error:
        raise FaultError(Fault(code="pairing.code_format", message=str(error), field="code")) from error
    keys = new_key_pair()
    with _Desk(address, timeout_s) as desk:
        spake = SPAKE2_A(digits.encode(), idA=WORKSTATION_IDENTITY, idB=SERVER_IDENTITY)
        hello = Hello(PAIRING_PROTOCOL, spake.start())
        challenge = desk.ask(hello)
        if not isinstance(challenge, Challenge):
            raise desk.false_server()
        try:
            derived = derive_keys(_shared_secret(spake, challenge.message), hello, challenge)
        except ValueError as error:
            raise desk.false_server() from error
        introduction = Introduction(public_key=keys.public_key, device_name=device_name)
        welcome = desk.ask(_prove(challenge, derived, introduction))
        try:
            invitation = _open(welcome, derived)
        except ValueError as error:
            raise desk.false_server() from error
    return Pairing(server=_pin(address, invitation), keys=keys)


def _prove(challenge: Challenge, keys: PairingKeys, introduction: Introduction) -> Proof:
    packed = msgspec.msgpack.encode(introduction)
    sealed = AESGCM(keys.to_server).encrypt(NONCE, packed, keys.transcript)
    return Proof(challenge.attempt, keys.workstation_confirmation, sealed)


def _open(welcome: FromDesk, keys: PairingKeys) -> Invitation:
    """What the server sent, once it has shown that it knows the code; `ValueError` if it has not."""
    if not isinstance(welcome, Welcome):
        raise ValueError("not a welcome")  # noqa: TRY004 - one kind of error for everything a false server does
    if not hmac.compare_digest(welcome.confirmation, keys.server_confirmation):
        raise ValueError("the server does not know the code")
    try:
        opened = AESGCM(keys.to_workstation).decrypt(NONCE, welcome.sealed, keys.transcript)
        return msgspec.msgpack.decode(opened, type=Invitation)
    except (InvalidTag, msgspec.DecodeError) as error:
        raise ValueError("not sealed by the server") from error


def _shared_secret(spake: SPAKE2_A, message: bytes) -> bytes:
    if len(message) != SPAKE_MESSAGE_BYTES:
        raise ValueError("not a SPAKE2 message")
    try:
        shared: bytes = spake.finish(message)
    except (SPAKEError, NotOnCurve) as error:
        raise ValueError("not a SPAKE2 message") from error
    return shared


def _pin(address: DeskAddress, invitation: Invitation) -> PinnedServer:
    # The way that has just worked goes first: a server behind a router does not know its own address.
    ports = [int(known.rpartition(":")[2]) for known in invitation.addresses[:1]]
    reached = [address.endpoint(port) for port in ports]
    # What is "here" for the server is somewhere else for a workstation that came through the network.
    others = [known for known in invitation.addresses if address.is_here or not known.startswith(HERE)]
    return PinnedServer(
        name=invitation.clinic_name,
        addresses=list(dict.fromkeys(reached + others)),
        public_key=invitation.public_key,
        device_name=invitation.device_name,
    )


class _Desk:
    """A connection to the pairing desk for the time of one pairing."""

    def __init__(self, address: DeskAddress, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.ipv6 = True
        self._socket.maxmsgsize = MAX_PAIRING_BYTES

    def __enter__(self) -> Self:
        try:
            self._socket.connect(self._address.endpoint(self._address.port))
        except zmq.ZMQError as error:
            self.__exit__()
            raise self._no_answer() from error
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._context.term()

    def ask(self, message: ToDesk) -> FromDesk:
        """The desk's answer; a rejection is raised as the server's own fault."""
        self._socket.send(msgspec.msgpack.encode(message))
        end_s = time.monotonic() + self._timeout_s
        while self._socket.poll(max(0, int((end_s - time.monotonic()) * 1000))):
            frames = self._socket.recv_multipart()
            try:
                answer: FromDesk = _decode(frames[-1])
            except msgspec.DecodeError as error:
                raise self.false_server() from error
            if isinstance(answer, Rejection):
                raise FaultError(answer.fault)
            return answer
        raise self._no_answer()

    def false_server(self) -> FaultError:
        message = (
            f"Whatever answers at {self._address.host} does not know the code: "
            "it has learnt nothing, but it is not the clinic's server."
        )
        return FaultError(Fault(code="pairing.false_server", message=message, field="address"))

    def _no_answer(self) -> FaultError:
        message = (
            f"Nothing answers at {self._address.host}. Check the address, and that the administrator "
            "has opened a code: the server pairs only as long as one is open."
        )
        return FaultError(Fault(code="pairing.no_answer", message=message, field="address"))
