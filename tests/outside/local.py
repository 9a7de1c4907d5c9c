"""A real HTTP server on loopback that stands for somebody outside, with every oddity of the real ones."""

import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request as it arrived. `path` has no query; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """The fields of a form; the last one counts where a name comes twice."""
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What goes back. `cut_after` breaks the connection after that many bytes of the body.

    With `chunks` the body is streamed as it comes, each chunk at once. `swallow` answers nothing at all and
    closes the connection, as a line that breaks after the request has arrived.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay_s: float = 0.0
    cut_after: int | None = None
    chunks: Iterable[bytes] | None = None
    swallow: bool = False

    @classmethod
    def of(cls, value: object, *, status: int = 200, **others: Any) -> Self:
        """A JSON answer."""
        return cls(status=status, body=json.dumps(value).encode(), **others)


CAPTIVE_PORTAL = Reply(
    body=b"<html><body><form action='/login'>Welcome! Sign in to go on.</form></body></html>",
    content_type="text/html; charset=utf-8",
)


class LocalServer:
    """Serves from a thread of its own. Troubles that were queued go first, one for each request."""

    def __init__(self, answer: Callable[[Seen], Reply], *, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self.seen: list[Seen] = []
        self.troubles: deque[Reply | Callable[[Seen], Reply | None]] = deque()
        """Each is used up by the next request; a function looks at it first, and may let it pass (None)."""
        self._leaving = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            # The handshake belongs to the thread of the connection, not to the one that takes them all.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="outside", daemon=True
        )

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply_to(self, seen: Seen) -> Reply:
        """The queued trouble, or the true answer."""
        self.seen.append(seen)
        if self.troubles:
            trouble = self.troubles.popleft()
            reply = trouble(seen) if callable(trouble) else trouble
            if reply is not None:
                return reply
        return self._answer(seen)

    def wait(self, seconds: float) -> None:
        """A delay that does not outlive the server."""
        self._leaving.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is what these tests are about."""


def _handler_of(local: LocalServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            seen = Seen(
                method=self.command,
                path=parts.path,
                query={name: values[-1] for name, values in parse_qs(parts.query).items()},
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            reply = local.reply_to(seen)
            local.wait(reply.delay_s) if reply.delay_s else None
            self.close_connection = True
            if reply.swallow:
                self._break_off()
                return
            self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Connection", "close")
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.chunks is not None:
                self.end_headers()
                for chunk in reply.chunks:
                    self.wfile.write(chunk)
                    self.wfile.flush()
                return
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body if reply.cut_after is None else reply.body[: reply.cut_after])
            if reply.cut_after is not None:
                self.wfile.flush()
                self._break_off()

        def _break_off(self) -> None:
            # A reset instead of an orderly end: the other side sees that the line broke.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the standard library

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
            """The test reads `seen`, nobody reads a log."""

    return Handler


def within(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits until it holds; an assertion fails when it never does."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)
