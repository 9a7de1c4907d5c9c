"""Opens a server's address, and says in a sentence why it cannot."""

import time

import zmq

PATIENCE_S = 2.0
"""A server that was killed may hold its address for a moment longer than its process lives."""
PAUSE_S = 0.1


class ListenRefused(Exception):  # noqa: N818 - an answer to the person who starts the server
    """The address is taken or is not this machine's; the sentence says which."""


def listen(socket: zmq.Socket[bytes], address: str) -> None:
    """Binds the socket; waits a little where somebody is just leaving the address."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.bind(address)
        except zmq.ZMQError as error:
            if error.errno == zmq.EADDRINUSE and time.monotonic() < give_up_at:
                time.sleep(PAUSE_S)
                continue
            raise ListenRefused(
                f"The server cannot listen on {address}: {error.strerror}. If a server runs on this machine "
                "already, stop it or choose another port."
            ) from error
        return
