"""Ports for servers that a test stops and starts again."""

import random
import socket
from contextlib import suppress

BELOW_THE_SYSTEMS_OWN = range(20_000, 32_000)
"""The system gives higher ports to outgoing connections; one might take ours between two starts."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on and that the system gives to nobody by itself."""
    while True:
        port = random.choice(BELOW_THE_SYSTEMS_OWN)  # noqa: S311 - no secret
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
