"""A tiny HTTP server on this machine alone: `/health` for whoever watches, `/metrics` for Prometheus."""

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog

log = structlog.get_logger()

HOST = "127.0.0.1"
PORT = 7719
PATIENCE_S = 5.0
WHOLE_S = 10.0
"""For a whole question, however little comes of it at a time."""
MOST = 16
"""At once; each takes a thread."""
LOOK_EVERY_S = 0.2
OWN_NAMES = frozenset({"127.0.0.1", "localhost"})
TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""The name of Prometheus' text format."""


class MetricsEndpoint:
    """Serves between `start` and `stop`; `port` is the real one, also where 0 was asked for.

    `health` gives JSON and whether all is well. A port that is taken is told once and costs nobody anything
    but the numbers. Whoever asks too slowly, or too often at once, is hung up on.
    """

    def __init__(
        self,
        port: int,
        *,
        health: Callable[[], tuple[bytes, bool]],
        metrics: Callable[[], bytes],
        whole_s: float = WHOLE_S,
    ) -> None:
        self.port = port
        self._whole_s = whole_s
        self._health = health
        self._metrics = metrics
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns at once; where the port cannot be had, nothing is served."""
        try:
            self._server = _Server(self.port, whole_s=self._whole_s)
        except OSError as error:
            log.warning("no metrics: the port is taken", port=self.port, error=error.strerror)
            return
        self._server.health, self._server.metrics = self._health, self._metrics
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(LOOK_EVERY_S,), name="hms-metrics", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Closes the port; a reading that is under way is finished."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up_on_slow(sys.float_info.max)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    health: Callable[[], tuple[bytes, bool]]
    metrics: Callable[[], bytes]

    def __init__(self, port: int, *, whole_s: float) -> None:
        self._whole_s = whole_s
        self._lock = threading.Lock()
        self._until_s: dict[Any, float] = {}
        super().__init__((HOST, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            has_room = len(self._until_s) < MOST
            if has_room:
                self._until_s[request] = time.monotonic() + self._whole_s
        if has_room:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._until_s.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        super().service_actions()
        self.hang_up_on_slow(time.monotonic())

    def hang_up_on_slow(self, now_s: float) -> None:
        """Reads no more from whoever had the time for a question; an answer under way is finished."""
        with self._lock:
            for request in [each for each, until_s in self._until_s.items() if until_s <= now_s]:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RD)


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server: _Server

    def handle(self) -> None:
        # Whoever went away, or was hung up on, is no trouble of the server's.
        with suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        if self.headers.get("Host", "").partition(":")[0].lower() not in OWN_NAMES:
            # A page in a browser of this machine must not read it under a name of its own.
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self.path == "/health":
            body, well = self.server.health()
            self._give(body, "application/json", HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)
        elif self.path == "/metrics":
            self._give(self.server.metrics(), TEXT, HTTPStatus.OK)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def version_string(self) -> str:
        return "hms"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
        """Readings come every few seconds and are no news."""

    def _give(self, body: bytes, kind: str, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
