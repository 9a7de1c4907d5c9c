"""Notices of Paystack as raw bytes on a socket, and who takes them."""

import socket
from collections.abc import Callable
from contextlib import suppress

from hms_server.paystack.webhook import PATH, WebhookEndpoint, sign

SECRET = "sk_test_" + "5a" * 20
RAW = b'{"event":"charge.success","data":{"reference":"HMS-1","amount":5000}}'


class Counter:
    """Takes notices as the server would, and can be made to fail or to wait."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.secret: str | None = SECRET
        self.before: Callable[[], object] = lambda: None

    def key(self) -> str | None:
        return self.secret

    def __call__(self, event: str, raw: bytes, /) -> None:
        self.before()
        self.taken.append((event, raw))


def listen(counter: Counter, *, deadline_s: float = 30.0, max_connections: int = 32) -> WebhookEndpoint:
    return WebhookEndpoint(
        "127.0.0.1",
        0,
        secret=counter.key,
        received=counter,
        deadline_s=deadline_s,
        max_connections=max_connections,
    )


def connect(endpoint: WebhookEndpoint) -> socket.socket:
    return socket.create_connection(("127.0.0.1", endpoint.port), timeout=30)


def head(raw: bytes = RAW, *, path: str = PATH, method: str = "POST", **headers: str | None) -> bytes:
    """The head of a right request; each header can be replaced, or left out with None."""
    lines = {"host": "clinic", "x_paystack_signature": sign(SECRET, raw), "content_length": str(len(raw))}
    named = {**lines, **headers}
    written = [f"{name.replace('_', '-')}: {value}" for name, value in named.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *written, "", ""]).encode("latin-1")


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """The status (0 where the connection only ended), and everything that came."""
    whole = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            whole += part
    return (int(whole.split(b" ", 2)[1]) if whole else 0), whole


def send(endpoint: WebhookEndpoint, sent: bytes) -> int:
    with connect(endpoint) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        return answer(connection)[0]
