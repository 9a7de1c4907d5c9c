"""The desk where new workstations are paired: a socket of its own, bound only while a code is open."""

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec
import psycopg
import structlog
import zmq
from spake2 import SPAKE2_B
from zmq.utils import z85

from hms_server.contract.envelope import Fault
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
    Invitation,
    PairingKeys,
    Proof,
    Purpose,
    Rejection,
    ToDesk,
    Welcome,
    derive_keys,
)
from hms_server.pairing_seals import seal, shared_secret, unseal

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
POLL_MS = 200
ATTEMPT_LASTS_S = 60.0
ATTEMPTS_AT_ONCE = 32
HELLOS_PER_SECOND = 10
MAX_NAME_LENGTH = 80

CLOSED = Fault(code="pairing.closed", message="No pairing code is open. Ask the administrator for a new one.")
OVER = Fault(code="pairing.over", message="This attempt is over. Start the pairing again.")
MALFORMED = Fault(code="pairing.malformed", message="The server did not understand the workstation.")
BUSY = Fault(code="pairing.busy", message="Too many attempts at once. Wait a moment and try again.")
OTHER_PURPOSE = {
    Purpose.SERVER: Fault(
        code="pairing.for_server",
        message="This code lets a second server join. For a workstation, ask for a pairing code.",
        field="code",
    ),
    Purpose.WORKSTATION: Fault(
        code="pairing.for_workstation",
        message="This code pairs a workstation. For a second server, run 'hms-server server-code'.",
        field="code",
    ),
}
AWAY = Fault(code="server.database_away", message="The server cannot reach its database. Try again soon.")
NEWER = Fault(
    code="protocol.newer",
    message="This workstation's program is newer than the server. Update the server first.",
)


@dataclass(frozen=True, kw_only=True)
class OpenCode:
    """A code that may be used now, and what the administrator called the new workstation or server."""

    id: int
    code: str
    name: str
    purpose: str = Purpose.WORKSTATION


class Codes(Protocol):
    """The pairing codes in the database, shared by all servers of the clinic."""

    def current(self) -> OpenCode | None: ...

    def take_try(self, code_id: int) -> int | None:
        """Counts one try, before it is looked at: how many are left, or None when the code is not open."""

    def record_wrong_try(self, code_id: int) -> None: ...

    def redeem(self, code_id: int, *, public_key: str, device_name: str) -> bool:
        """Stores the device and uses the code up, both or neither; False when somebody else was faster."""

    def redeem_for_server(self, code_id: int) -> bool:
        """Uses the code of a second server up; False when somebody else was faster."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Attempt:
    """Begun by a `Hello`, good for one `Proof` of the same peer."""

    peer: bytes
    code: OpenCode
    keys: PairingKeys
    begun_s: float


class PairingDesk:
    """Answers on one thread. `invite` tells what a new workstation called so is to know of the clinic.

    `hand_over` gives the clinic's keys to a second server, under a code that was opened for that alone.

    `paired` is called when a device is stored, before the workstation hears of it and connects. While
    `is_open` is set, `endpoint` is where the socket really is, also when any free port was asked for.
    """

    def __init__(
        self,
        codes: Codes,
        *,
        bind: str,
        invite: Callable[[str], Invitation],
        paired: Callable[[], None],
        hand_over: Callable[[], Handover] | None = None,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._codes = codes
        self._bind = bind
        self._invite = invite
        self._hand_over = hand_over
        self._paired = paired
        self._look_every_s = look_every_s
        self._attempts: dict[bytes, Attempt] = {}
        self._hellos_s: list[float] = []
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._decode = msgspec.msgpack.Decoder(ToDesk).decode
        self._stopping = threading.Event()
        self._told_problem = ""
        self.is_open = threading.Event()
        self.endpoint = bind
        self._thread = threading.Thread(target=self._run, name="hms-pairing", daemon=True)

    def start(self) -> None:
        """Begins to look for open codes."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and closes the socket."""
        self._stopping.set()
        self._thread.join()
        self._context.term()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._codes.current() is not None:
                    self._serve()
                self._told_problem = ""
            except (psycopg.Error, zmq.ZMQError) as error:
                self._tell_problem(str(error))
            except Exception:
                # One strange workstation must not end pairing until the next start.
                log.exception("pairing failed")
            self._stopping.wait(self._look_every_s)
        self._codes.close()

    def _tell_problem(self, problem: str) -> None:
        if problem != self._told_problem:
            self._told_problem = problem
            log.warning("pairing has to wait", problem=problem)

    def _serve(self) -> None:
        desk = self._context.socket(zmq.ROUTER)
        desk.maxmsgsize = MAX_PAIRING_BYTES
        desk.linger = 1000
        desk.ipv6 = True
        try:
            desk.bind(self._bind)
            self.endpoint = desk.getsockopt_string(zmq.LAST_ENDPOINT)
            self.is_open.set()
            look_at_s = time.monotonic() + self._look_every_s
            while not self._stopping.is_set():
                if desk.poll(POLL_MS):
                    self._answer(desk)
                if time.monotonic() >= look_at_s:
                    look_at_s = time.monotonic() + self._look_every_s
                    if self._codes.current() is None:
                        return
        finally:
            self.is_open.clear()
            self._attempts.clear()
            desk.close()

    def _answer(self, desk: zmq.Socket[bytes]) -> None:
        peer, *frames = desk.recv_multipart()
        if len(frames) != 1:
            return
        answer = self._answer_message(peer, frames[0])
        desk.send_multipart([peer, msgspec.msgpack.encode(answer)])

    def _answer_message(self, peer: bytes, frame: bytes) -> FromDesk:
        try:
            message = self._decode(frame)
        except msgspec.DecodeError:
            return Rejection(MALFORMED)
        try:
            if isinstance(message, Hello):
                return self._begin(peer, message)
            return self._finish(peer, message)
        except psycopg.Error as error:
            self._tell_problem(str(error))
            return Rejection(AWAY)

    def _begin(self, peer: bytes, hello: Hello) -> FromDesk:
        if hello.protocol != PAIRING_PROTOCOL:
            return Rejection(NEWER)
        if not self._has_room():
            return Rejection(BUSY)
        code = self._codes.current()
        if code is None:
            return Rejection(CLOSED)
        spake = SPAKE2_B(code.code.encode(), idA=WORKSTATION_IDENTITY, idB=SERVER_IDENTITY)
        challenge = Challenge(secrets.token_bytes(16), spake.start())
        try:
            shared = shared_secret(spake, hello.message)
        except ValueError:
            return Rejection(MALFORMED)
        keys = derive_keys(shared, hello, challenge)
        self._attempts[challenge.attempt] = Attempt(peer, code, keys, time.monotonic())
        return challenge

    def _has_room(self) -> bool:
        """Whether one more attempt may begin; whoever floods the desk only makes it wait."""
        now_s = time.monotonic()
        self._hellos_s = [at_s for at_s in self._hellos_s if now_s - at_s < 1]
        for attempt, begun in list(self._attempts.items()):
            if now_s - begun.begun_s > ATTEMPT_LASTS_S:
                del self._attempts[attempt]
        if len(self._hellos_s) >= HELLOS_PER_SECOND or len(self._attempts) >= ATTEMPTS_AT_ONCE:
            return False
        self._hellos_s.append(now_s)
        return True

    def _finish(self, peer: bytes, proof: Proof) -> FromDesk:
        attempt = self._attempts.get(proof.attempt)
        if attempt is None or attempt.peer != peer:
            return Rejection(OVER)
        del self._attempts[proof.attempt]
        tries_left = self._codes.take_try(attempt.code.id)
        if tries_left is None:
            return Rejection(CLOSED)
        if not hmac.compare_digest(proof.confirmation, attempt.keys.workstation_confirmation):
            self._codes.record_wrong_try(attempt.code.id)
            log.warning("wrong pairing code", tries_left=tries_left)
            return Rejection(_wrong_code(tries_left))
        return self._admit(attempt, proof)

    def _admit(self, attempt: Attempt, proof: Proof) -> FromDesk:
        keys = attempt.keys
        try:
            introduction = unseal(proof.sealed, keys.to_server, Introduction, transcript=keys.transcript)
            _refuse_bad_key(introduction.public_key)
        except ValueError:
            return Rejection(MALFORMED)
        if introduction.purpose != attempt.code.purpose:
            return Rejection(OTHER_PURPOSE[Purpose(attempt.code.purpose)])
        name = (attempt.code.name or introduction.device_name).strip()[:MAX_NAME_LENGTH] or "Workstation"
        if introduction.purpose is Purpose.SERVER:
            return self._admit_server(attempt, introduction.device_name[:MAX_NAME_LENGTH])
        if not self._codes.redeem(attempt.code.id, public_key=introduction.public_key, device_name=name):
            return Rejection(CLOSED)
        self._paired()
        log.info("workstation paired", device=name)
        return _welcome(keys, self._invite(name))

    def _admit_server(self, attempt: Attempt, machine: str) -> FromDesk:
        if self._hand_over is None or not self._codes.redeem_for_server(attempt.code.id):
            return Rejection(CLOSED)
        log.warning("the clinic's keys were given to a second server", machine=machine)
        return _welcome(attempt.keys, self._hand_over())


def _welcome(keys: PairingKeys, content: Invitation | Handover) -> Welcome:
    sealed = seal(content, keys.to_workstation, transcript=keys.transcript)
    return Welcome(keys.server_confirmation, sealed)


def _refuse_bad_key(public_key: str) -> None:
    if len(z85.decode(public_key.encode("ascii"))) != 32:  # noqa: PLR2004 - bytes of a CURVE key
        raise ValueError("not a CurveZMQ key")


def _wrong_code(tries_left: int) -> Fault:
    left = f"Tries left: {tries_left}." if tries_left else "Ask the administrator for a new one."
    return Fault(
        code="pairing.wrong_code",
        message=f"The code is not right. {left}",
        field="code",
        data={"tries_left": str(tries_left)},
    )
