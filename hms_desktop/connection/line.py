"""The wire itself: one CURVE socket to one of the clinic's servers, watched and replaced when it is dead."""

import socket
from collections.abc import Iterator
from enum import Enum

import zmq
from zmq.utils.monitor import recv_monitor_message

from hms_desktop.connection.identity import KeyPair, PinnedServer
from hms_server.contract.envelope import MAX_MESSAGE_BYTES

_WATCHED = zmq.Event.HANDSHAKE_SUCCEEDED | zmq.Event.DISCONNECTED | zmq.Event.HANDSHAKE_FAILED_AUTH
RECONNECT_MS = 100
RECONNECT_AT_MOST_MS = 2000


class Change(Enum):
    """What has happened to the connection below the messages."""

    UP = zmq.Event.HANDSHAKE_SUCCEEDED
    DOWN = zmq.Event.DISCONNECTED
    REFUSED = zmq.Event.HANDSHAKE_FAILED_AUTH


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
    """Belongs to one thread. Sending never blocks: what a dead server lost is the caller's to repeat."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], server: PinnedServer, keys: KeyPair, *, bell: Bell
    ) -> None:
        self._context = context
        self._server = server
        self._keys = keys
        self._bell = bell
        self._turn = 0
        self._open()

    @property
    def address(self) -> str:
        """The server in use at the moment."""
        return self._server.addresses[self._turn % len(self._server.addresses)]

    def wait(self, timeout_ms: int) -> tuple[bool, bool, bool]:
        """Waits for work: whether the bell rang, the connection changed, frames came."""
        ready = dict(self._poller.poll(timeout_ms))
        return self._bell.fileno() in ready, self._monitor in ready, self._socket in ready

    def changes(self) -> Iterator[Change]:
        """What has happened to the connection since the last look."""
        while self._monitor.poll(0):
            yield Change(recv_monitor_message(self._monitor)["event"])

    def received(self) -> Iterator[list[bytes]]:
        """The messages that are there, each as its frames."""
        # Asking for the state costs less than the exception that a socket without messages raises.
        while int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            frames = [self._socket.recv(zmq.NOBLOCK)]
            while self._socket.getsockopt(zmq.RCVMORE):
                frames.append(self._socket.recv(zmq.NOBLOCK))
            yield frames

    def send(self, frame: bytes) -> None:
        self._socket.send(frame, zmq.NOBLOCK)

    def try_next_server(self) -> None:
        """Begins again with a fresh socket: nothing that was queued for the dead one is left over."""
        self.close()
        self._turn += 1
        self._open()

    def close(self) -> None:
        self._poller.unregister(self._socket)
        self._poller.unregister(self._monitor)
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close(linger=0)

    def _open(self) -> None:
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.linger = 0
        self._socket.ipv6 = True
        # Without a limit sending never blocks; the calls are kept by the client anyway.
        self._socket.sndhwm = 0
        self._socket.rcvhwm = 0
        self._socket.maxmsgsize = 16 * MAX_MESSAGE_BYTES
        self._socket.reconnect_ivl = RECONNECT_MS
        self._socket.reconnect_ivl_max = RECONNECT_AT_MOST_MS
        self._socket.curve_publickey = self._keys.public_key.encode()
        self._socket.curve_secretkey = self._keys.secret_key.encode()
        self._socket.curve_serverkey = self._server.public_key.encode()
        self._monitor = self._socket.get_monitor_socket(_WATCHED)
        self._socket.connect(self.address)
        self._poller = zmq.Poller()
        self._poller.register(self._bell, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        self._poller.register(self._socket, zmq.POLLIN)
