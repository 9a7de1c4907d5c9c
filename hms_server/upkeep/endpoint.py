"""A tiny HTTP server on this machine alone: `/health` for whoever watches, `/metrics` for Prometheus."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog

log = structlog.get_logger()

HOST = "127.0.0.1"
PORT = 7719
PATIENCE_S = 5.0
OWN_NAMES = frozenset({"127.0.0.1", "localhost"})
TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""The name of Prometheus' text format."""


class MetricsEndpoint:
    """Serves between `start` and `stop`; `port` is the real one, also where 0 was asked for.

    `health` gives JSON and whether all is well. A port that is taken is told once and costs nobody anything
    but the numbers.
    """

    def __init__(
        self, port: int, *, health: Callable[[], tuple[bytes, bool]], metrics: Callable[[], bytes]
    ) -> None:
        self.port = port
        self._health = health
        self._metrics = metrics
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns at once; where the port cannot be had, nothing is served."""
        try:
            self._server = _Server((HOST, self.port), _Handler)
        except OSError as error:
            log.warning("no metrics: the port is taken", port=self.port, error=error.strerror)
            return
        self._server.health, self._server.metrics = self._health, self._metrics
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="hms-metrics", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Closes the port; a reading that is under way is finished."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    health: Callable[[], tuple[bytes, bool]]
    metrics: Callable[[], bytes]


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server: _Server

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
