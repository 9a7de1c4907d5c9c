"""The wire itself: a CURVE socket to whichever of the clinic's servers answers first."""

import socket
import time
from collections.abc import Iterator, Sequence
from enum import Enum, auto

import zmq

from hms_desktop.connection.addresses import Addresses, Outcome, Tried
from hms_desktop.connection.attempt import Attempt, Sign
from hms_desktop.connection.identity import KeyPair, PinnedServer


class Change(Enum):
    """What has happened to the connection below the messages."""

    UP = auto()
    DOWN = auto()
    REFUSED = auto()


class Bell:
    """Wakes a thread that waits in a poller; may be rung from any thread."""

    def __init__(self) -> None:
        self._ears, self._rope = socket.socketpair()
        self._ears.setblocking(False)
        self._rope.setblocking(False)
        self._ringing = False

    def fileno(self) -> int:
        return self._ears.fileno()

    def ring(self) -> None:
        """Cheap while the bell is still ringing: what was queued before this call will be seen."""
        if not self._ringing:
            self._ringing = True
            self._rope.send(b"!")

    def silence(self) -> None:
        """To be called before the queue is looked through, else a ring in between is lost."""
        self._ears.recv(64)
        self._ringing = False

    def close(self) -> None:
        self._ears.close()
        self._rope.close()


class Line:
    """Belongs to one thread. Sending never blocks: what a dead server lost is the caller's to repeat.

    While no server is there, all addresses are tried side by side, each again after a growing pause; the
    first that proves the pinned key is taken. One without that key learns nothing and holds nobody up.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        server: PinnedServer,
        keys: KeyPair,
        *,
        bell: Bell,
        patience_s: float,
    ) -> None:
        self._context = context
        self._server_key = server.public_key
        self._keys = keys
        self._bell = bell
        self._patience_s = patience_s
        self._addresses = Addresses(server.addresses, time.monotonic())
        self._attempts: dict[str, Attempt] = {}
        self._chosen: Attempt | None = None
        self._confirmed = False
        self._poller = zmq.Poller()
        self._poller.register(self._bell, zmq.POLLIN)
        self.address = server.addresses[0]
        """The server in use, or the one that was used last."""
        self.go_on()

    @property
    def is_up(self) -> bool:
        return self._chosen is not None

    @property
    def proven(self) -> list[str]:
        """The addresses worth remembering, the one in use first."""
        return self._addresses.proven

    @property
    def tried(self) -> tuple[Tried, ...]:
        return self._addresses.tried

    @property
    def next_at_s(self) -> float:
        """When `go_on` has something to do."""
        if self.is_up:
            return float("inf")
        return min([self._addresses.next_at_s, *(attempt.ends_at_s for attempt in self._attempts.values())])

    def wait(self, timeout_ms: int) -> tuple[bool, bool, bool]:
        """Waits for work: whether the bell rang, the connection changed, frames came."""
        ready = dict(self._poller.poll(timeout_ms))
        came = self._chosen is not None and self._chosen.socket in ready
        changed = any(attempt.monitor in ready for attempt in self._attempts.values())
        return self._bell.fileno() in ready, changed, came

    def changes(self) -> Iterator[Change]:
        """What has happened to the connection since the last look."""
        for attempt in list(self._attempts.values()):
            for sign in attempt.signs():
                change = self._on_sign(attempt, sign)
                if change is not None:
                    yield change

    def received(self) -> Iterator[list[bytes]]:
        """The messages that are there, each as its frames."""
        if self._chosen is None:
            return
        wire = self._chosen.socket
        # Asking for the state costs less than the exception that a socket without messages raises.
        while not wire.closed and int(wire.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            frames = [wire.recv(zmq.NOBLOCK)]
            while wire.getsockopt(zmq.RCVMORE):
                frames.append(wire.recv(zmq.NOBLOCK))
            yield frames

    def send(self, frame: bytes) -> None:
        if self._chosen is not None:
            self._chosen.socket.send(frame, zmq.NOBLOCK)

    def go_on(self) -> None:
        """Tries what is due, and ends the tries that have taken too long."""
        if self.is_up:
            return
        now_s = time.monotonic()
        for attempt in list(self._attempts.values()):
            if attempt.ends_at_s <= now_s:
                self._fail(attempt, attempt.outcome)
        for address in self._addresses.take_due(now_s):
            self._open(address, now_s)

    def give_up(self) -> None:
        """The server in use lets us down: searches anew, that one last."""
        if self._chosen is not None:
            self._confirmed = False
            self._lose()

    def confirm(self, servers: Sequence[str]) -> None:
        """The server in use has answered, and says where all servers of the clinic are."""
        self._confirmed = True
        self._addresses.told(servers, at=self.address)

    def hint(self, addresses: Sequence[str]) -> None:
        """A server may be there; whoever it is has to prove it."""
        self._addresses.hint(addresses, time.monotonic())

    def try_now(self, address: str) -> None:
        """The same for what a person has typed; an older try there is given up."""
        self._addresses.try_now(address, time.monotonic())
        if self._chosen is None and address in self._attempts:
            self._end(self._attempts[address])
            self._open(address, time.monotonic())

    def close(self) -> None:
        for attempt in list(self._attempts.values()):
            self._end(attempt)
        self._chosen = None

    def _on_sign(self, attempt: Attempt, sign: Sign) -> Change | None:
        if attempt is self._chosen:
            if sign is Sign.UP:
                return None
            self._lose()
            return Change.DOWN
        if sign is Sign.UP:
            self._choose(attempt)
            return Change.UP
        refused = sign is Sign.REFUSED
        self._fail(attempt, Outcome.NOT_PAIRED if refused else attempt.outcome)
        return Change.REFUSED if refused else None

    def _choose(self, attempt: Attempt) -> None:
        for other in list(self._attempts.values()):
            if other is not attempt:
                self._end(other)
        self._chosen, self._confirmed = attempt, False
        self.address = attempt.address
        self._poller.register(attempt.socket, zmq.POLLIN)

    def _lose(self) -> None:
        """The search begins anew, with the address that worked before the connection broke."""
        self.close()
        if not self._confirmed:
            self._addresses.demote(self.address)
        self._addresses.begin(time.monotonic())
        if not self._confirmed:
            self._addresses.failed(self.address, Outcome.SILENT, time.monotonic())

    def _fail(self, attempt: Attempt, outcome: Outcome) -> None:
        self._end(attempt)
        self._addresses.failed(attempt.address, outcome, time.monotonic())

    def _open(self, address: str, now_s: float) -> None:
        ends_at_s = now_s + self._patience_s
        try:
            attempt = Attempt(
                self._context, address, keys=self._keys, server_key=self._server_key, ends_at_s=ends_at_s
            )
        except zmq.ZMQError:
            self._addresses.failed(address, Outcome.SILENT, now_s)
            return
        self._attempts[address] = attempt
        self._poller.register(attempt.monitor, zmq.POLLIN)

    def _end(self, attempt: Attempt) -> None:
        del self._attempts[attempt.address]
        self._poller.unregister(attempt.monitor)
        if attempt is self._chosen:
            self._poller.unregister(attempt.socket)
        attempt.close()
