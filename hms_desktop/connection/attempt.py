"""One try to reach one address: a CURVE socket with its monitor, which never tries again by itself."""

import ipaddress
from collections.abc import Iterator
from enum import Enum

import zmq
from zmq.utils.monitor import recv_monitor_message

from hms_desktop.connection.addresses import Outcome
from hms_desktop.connection.identity import KeyPair
from hms_server.contract.envelope import MAX_MESSAGE_BYTES

NUMBERS, NAMES = 1, 2
"""ZeroMQ looks names up on the thread that moves the bytes: names get one where numbers are not."""


class Sign(Enum):
    """What has become of the connection below the messages."""

    CONNECTED = zmq.Event.CONNECTED
    """Something takes connections there; who it is, is still to be shown."""
    UP = zmq.Event.HANDSHAKE_SUCCEEDED
    """It has the clinic's secret key, and lets this workstation in."""
    REFUSED = zmq.Event.HANDSHAKE_FAILED_AUTH
    STRANGER = zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
    STRANGE_WORDS = zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    DISCONNECTED = zmq.Event.DISCONNECTED
    CLOSED = zmq.Event.CLOSED


_WATCHED = 0
for _sign in Sign:
    _WATCHED |= _sign.value


class Attempt:
    """Belongs to one thread. `socket` is for messages, once the server has shown who it is."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        address: str,
        *,
        keys: KeyPair,
        server_key: str,
        ends_at_s: float,
    ) -> None:
        self.address = address
        self.ends_at_s = ends_at_s
        self._connected = False
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.ipv6 = True
        # Without a limit sending never blocks; the calls are kept by the client anyway.
        self.socket.sndhwm = 0
        self.socket.rcvhwm = 0
        self.socket.maxmsgsize = 16 * MAX_MESSAGE_BYTES
        self.socket.reconnect_ivl = -1
        if int(context.get(zmq.IO_THREADS)) > 1:
            self.socket.affinity = NUMBERS if _is_number(address) else NAMES
        self.socket.curve_publickey = keys.public_key.encode()
        self.socket.curve_secretkey = keys.secret_key.encode()
        self.socket.curve_serverkey = server_key.encode()
        self.monitor = self.socket.get_monitor_socket(_WATCHED)
        self.socket.connect(address)

    @property
    def outcome(self) -> Outcome:
        """What a try without success has shown."""
        return Outcome.STRANGER if self._connected else Outcome.SILENT

    def signs(self) -> Iterator[Sign]:
        """What has happened since the last look."""
        while not self.monitor.closed and self.monitor.poll(0):
            sign = Sign(recv_monitor_message(self.monitor)["event"])
            if sign is Sign.CONNECTED:
                self._connected = True
            else:
                yield sign

    def close(self) -> None:
        """Ends the try; what was queued for that server is not sent."""
        self.socket.disable_monitor()
        self.monitor.close(linger=0)
        self.socket.close(linger=0)


def _is_number(address: str) -> bool:
    host = address.removeprefix("tcp://").rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
