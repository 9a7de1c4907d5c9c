"""The second server's half of joining: from a typed code to the clinic's keys, over the pairing's channel."""

import hmac

import msgspec
import zmq
from spake2 import SPAKE2_A

from hms_server.contract.pairing import (
    MAX_PAIRING_BYTES,
    PAIRING_PROTOCOL,
    SERVER_IDENTITY,
    WORKSTATION_IDENTITY,
    Challenge,
    FromDesk,
    Handover,
    Hello,
    Introduction,
    PairingKeys,
    Proof,
    Purpose,
    Rejection,
    ToDesk,
    Welcome,
    derive_keys,
    digits_of,
)
from hms_server.pairing_seals import seal, shared_secret, unseal

ANSWER_WITHIN_S = 10.0

_decode = msgspec.msgpack.Decoder(FromDesk).decode


class JoinRefused(Exception):  # noqa: N818 - an answer to the person who starts the command
    """The machine has not become a server of the clinic; one sentence says why and what to do."""


def fetch_keys(endpoint: str, code: str, *, machine: str, timeout_s: float = ANSWER_WITHIN_S) -> Handover:
    """The clinic's keys from the server whose pairing desk is at this ZeroMQ address; else `JoinRefused`.

    Neither a listener nor a false server learns anything: both sides show that they know the code first.
    """
    try:
        digits = digits_of(code)
    except ValueError as error:
        raise JoinRefused(str(error)) from error
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger, socket.ipv6, socket.maxmsgsize = 0, True, MAX_PAIRING_BYTES
        try:
            socket.connect(endpoint)
        except zmq.ZMQError as error:
            raise _no_answer(endpoint) from error
        return _Conversation(socket, endpoint, timeout_s).fetch(digits, machine)


class _Conversation:
    """One attempt on one socket."""

    def __init__(self, socket: zmq.Socket[bytes], endpoint: str, timeout_s: float) -> None:
        self._socket = socket
        self._endpoint = endpoint
        self._timeout_s = timeout_s

    def fetch(self, digits: str, machine: str) -> Handover:
        spake = SPAKE2_A(digits.encode(), idA=WORKSTATION_IDENTITY, idB=SERVER_IDENTITY)
        hello = Hello(PAIRING_PROTOCOL, spake.start())
        challenge = self._ask(hello)
        if not isinstance(challenge, Challenge):
            raise self._false_server()
        try:
            keys = derive_keys(shared_secret(spake, challenge.message), hello, challenge)
        except ValueError as error:
            raise self._false_server() from error
        return self._open(self._ask(_prove(challenge, keys, machine)), keys)

    def _open(self, welcome: FromDesk, keys: PairingKeys) -> Handover:
        if not isinstance(welcome, Welcome) or not hmac.compare_digest(
            welcome.confirmation, keys.server_confirmation
        ):
            raise self._false_server()
        try:
            return unseal(welcome.sealed, keys.to_workstation, Handover, transcript=keys.transcript)
        except ValueError as error:
            raise self._false_server() from error

    def _ask(self, message: ToDesk) -> FromDesk:
        self._socket.send(msgspec.msgpack.encode(message))
        if not self._socket.poll(int(self._timeout_s * 1000)):
            raise _no_answer(self._endpoint)
        try:
            answer: FromDesk = _decode(self._socket.recv_multipart()[-1])
        except msgspec.DecodeError as error:
            raise self._false_server() from error
        if isinstance(answer, Rejection):
            raise JoinRefused(answer.fault.message)
        return answer

    def _false_server(self) -> JoinRefused:
        return JoinRefused(
            f"Whatever answers at {self._endpoint} does not know the code: "
            "it has learnt nothing, but it is not the clinic's server."
        )


def _prove(challenge: Challenge, keys: PairingKeys, machine: str) -> Proof:
    # The desk wants a key of everybody; this machine will use the clinic's own, so it makes one up.
    public_key = zmq.curve_keypair()[0].decode()
    introduction = Introduction(public_key=public_key, device_name=machine, purpose=Purpose.SERVER)
    sealed = seal(introduction, keys.to_server, transcript=keys.transcript)
    return Proof(challenge.attempt, keys.workstation_confirmation, sealed)


def _no_answer(endpoint: str) -> JoinRefused:
    return JoinRefused(
        f"Nothing answers at {endpoint}. Check the address, that no firewall is in the way, and that "
        "'hms-server server-code' on the first server has printed a code within the last ten minutes."
    )
