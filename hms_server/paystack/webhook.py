"""A small HTTP endpoint for Paystack's notices, apart from everything else and open to nobody but Paystack.

It has a socket and threads of its own, understands one request (a signed POST to one path), and knows
neither sessions nor the clinic's other requests. It speaks plain HTTP: a clinic with a public address puts
its tunnel or reverse proxy with TLS in front. The standard library's server is enough for a few notices a
minute; what it lacks against a hostile internet is here: one deadline for a whole request, a limit of
connections, one request for each, and nothing read of a body that is unsigned or too long.
"""

import hashlib
import hmac
import io
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol

import structlog

from hms_server.paystack.messages import UnreadableError, read_webhook

log = structlog.get_logger()

PATH = "/paystack"
SIGNATURE = "x-paystack-signature"
MAX_BODY = 256 * 1024
MAX_CONNECTIONS = 32
DEADLINE_S = 10.0
"""For all of a request. Paystack itself waits 30 seconds for the answer, and sends again for three days."""
LINGER_S = 1.0
LINGER_BYTES = 1024 * 1024


class Received(Protocol):
    """Stores a notice durably before it returns; what it raises makes Paystack send the notice again."""

    def __call__(self, event: str, raw: bytes, /) -> None:
        """`event` is empty where the signed body names none."""


def sign(secret: str, raw: bytes) -> str:
    """The signature that Paystack sends with these bytes: HMAC-SHA512 in hexadecimal digits."""
    return hmac.new(secret.encode(), raw, hashlib.sha512).hexdigest()


def is_signed(secret: str, raw: bytes, signature: str) -> bool:
    """Takes the same time wherever the two begin to differ."""
    return hmac.compare_digest(sign(secret, raw).encode(), signature.strip().lower().encode())


class WebhookEndpoint:
    """Serves between `start` and `stop`; `port` is the real one, also where 0 was asked for.

    The constructor listens already, and raises OSError where the address cannot be had. `secret` is asked at
    every notice, so that a new key counts at once; without one nothing is taken.
    """

    def __init__(
        self,
        bind: str,
        port: int,
        *,
        secret: Callable[[], str | None],
        received: Received,
        path: str = PATH,
        deadline_s: float = DEADLINE_S,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._server = _Server(bind, port, max_connections=max_connections)
        self._server.desk = _Desk(secret=secret, received=received, path=path, deadline_s=deadline_s)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="webhook", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends what waits for a client; what is being stored is finished first."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Desk:
    """What the handlers share."""

    def __init__(
        self, *, secret: Callable[[], str | None], received: Received, path: str, deadline_s: float
    ) -> None:
        self.secret = secret
        self.received = received
        self.path = path
        self.deadline_s = deadline_s


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64
    # On Windows the same option would let another program take over the port.
    allow_reuse_address = os.name == "posix"
    desk: _Desk

    def __init__(self, bind: str, port: int, *, max_connections: int) -> None:
        self._places = threading.BoundedSemaphore(max_connections)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        super().__init__((bind, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        # Who comes when all places are taken is sent away at once: a queue would be what an attacker wants.
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        with self._lock:
            self._open.add(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            # No thread could be started; its place would otherwise be lost for good.
            self._leave(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(request)

    def _leave(self, request: socket.socket) -> None:
        with self._lock:
            self._open.discard(request)
        self._places.release()

    def server_close(self) -> None:
        with self._lock:
            waiting = list(self._open)
        for connection in waiting:
            # Reading ends, so that a handler that waits for bytes leaves; an answer can still be written.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle of its request is nothing to report."""


class _Refusal(Exception):  # noqa: N818 - an answer, not an error
    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a moment, however slowly the bytes drip."""

    def __init__(self, connection: socket.socket, ends_at: float) -> None:
        self._connection = connection
        self._ends_at = ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "hms"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        ends_at = time.monotonic() + self.server.desk.deadline_s
        self.rfile.close()
        self.rfile = io.BufferedReader(_DeadlineReader(self.connection, ends_at))

    def handle(self) -> None:
        self.close_connection = True
        # One request a connection: whatever is sent behind it is never looked at.
        with suppress(OSError):
            self.handle_one_request()

    def do_POST(self) -> None:
        try:
            status = self._take()
        except _Refusal as refusal:
            status = refusal.status
        self._answer(status)

    def _take(self) -> HTTPStatus:
        # The line as it came: the standard library forgives a second slash in `self.path`.
        if self.requestline.split()[1] != self.server.desk.path:
            raise _Refusal(HTTPStatus.NOT_FOUND)
        signature = self._one_header(SIGNATURE) or ""
        if not signature:
            raise _Refusal(HTTPStatus.UNAUTHORIZED)
        raw = self._body()
        try:
            return self._keep(raw, signature)
        except Exception:
            # The top of a thread. Anything but 200 makes Paystack send the notice again.
            log.exception("a notice of Paystack could not be stored")
            return HTTPStatus.INTERNAL_SERVER_ERROR

    def _keep(self, raw: bytes, signature: str) -> HTTPStatus:
        secret = self.server.desk.secret()
        if not secret:
            return HTTPStatus.SERVICE_UNAVAILABLE
        if not is_signed(secret, raw, signature):
            return HTTPStatus.UNAUTHORIZED
        self.server.desk.received(_event_of(raw), raw)
        return HTTPStatus.OK

    def _body(self) -> bytes:
        length = self._one_header("content-length")
        # A length that is given twice or beside chunks could be read in two ways; Paystack gives it once.
        if self.headers.get("transfer-encoding") is not None or length is None:
            raise _Refusal(HTTPStatus.LENGTH_REQUIRED)
        if not (length.isascii() and length.isdigit()):
            raise _Refusal(HTTPStatus.BAD_REQUEST)
        # Compared by digits first: Python refuses to read a number of thousands of them.
        if len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            raw = self.rfile.read(int(length))
        except TimeoutError:
            raise _Refusal(HTTPStatus.REQUEST_TIMEOUT) from None
        if len(raw) < int(length):
            raise _Refusal(HTTPStatus.BAD_REQUEST)
        return raw

    def _one_header(self, name: str) -> str | None:
        values = self.headers.get_all(name, [])
        if len(values) > 1:
            raise _Refusal(HTTPStatus.BAD_REQUEST)
        return values[0] if values else None

    def _answer(self, status: HTTPStatus) -> None:
        # What is left of the deadline may be nothing, and the answer fits any send buffer.
        self.connection.settimeout(LINGER_S)
        self.send_response(status)
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        if status is not HTTPStatus.OK:
            self._linger()

    def _linger(self) -> None:
        """Lets the client read the refusal: closing with bytes unread would break the connection instead."""
        ends_at, left = time.monotonic() + LINGER_S, LINGER_BYTES
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            while left > 0 and (wait := ends_at - time.monotonic()) > 0:
                self.connection.settimeout(wait)
                taken = len(self.connection.recv(65536))
                left = left - taken if taken else 0

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the standard library refuses by itself (no HTTP, too many headers), without a page of HTML."""
        refused = HTTPStatus(code)
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED if refused is HTTPStatus.NOT_IMPLEMENTED else refused)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Strangers who knock are not worth a line each; a full disk would be what they want."""


def _event_of(raw: bytes) -> str:
    try:
        return read_webhook(raw).event
    except UnreadableError:
        return ""
