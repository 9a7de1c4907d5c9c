"""The HTTP line below the provider's own client: proxy, time limits, stop, and a copy of what was sent."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

from hms_server.contract.relay import Trouble
from hms_server.relay.exchange import trusted
from hms_server.relay.outside import Outside, OutsideFault, classify
from hms_server.relay.troubles import fault_of

CONNECT_S = 10.0
SILENCE_S = 60.0
"""A model may think for long before its first word."""
SLICE_S = 0.2
"""So soon a stop is noticed while nothing comes."""
MAX_ANSWER_BYTES = 4 << 20
JSON_TYPES = ("application/json", "text/event-stream")
HTTP_REDIRECT, HTTP_CLIENT, HTTP_SERVER = 300, 400, 500
HTTP_PROXY, HTTP_PORTAL = 407, 511


class Stopped(Exception):  # noqa: N818 - not an error: somebody wished it
    """The person or the server wants no more of the answer."""


class Patience:
    """How long one conversation with the provider may last, and whether it shall end now."""

    def __init__(self, outside: Outside, *, stopped: Callable[[], bool]) -> None:
        self._outside = outside
        self._stopped = stopped
        self._until = time.monotonic() + outside.time_limit.total_seconds()

    def left(self) -> float:
        """Seconds; raises `Stopped` where it shall end, and the error of a silent line where time is up."""
        if self._outside.stop.is_set() or self._stopped():
            raise Stopped
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time for the whole answer is over")
        return left


class _Stream(httpcore2.NetworkStream):
    """Reads in short slices, since a socket that waits cannot be told to stop."""

    def __init__(self, connected: socket.socket, patience: Patience) -> None:
        self._socket = connected
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        silent_until = time.monotonic() + min(timeout or SILENCE_S, SILENCE_S)
        while True:
            self._socket.settimeout(min(SLICE_S, self._patience.left()))
            try:
                return self._socket.recv(max_bytes)
            except TimeoutError as error:
                if time.monotonic() >= silent_until:
                    raise httpcore2.ReadTimeout from error
            except OSError as error:
                raise httpcore2.ReadError from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._socket.settimeout(min(timeout or SILENCE_S, self._patience.left()))
        try:
            self._socket.sendall(buffer)
        except TimeoutError as error:
            raise httpcore2.WriteTimeout from error
        except OSError as error:
            raise httpcore2.WriteError from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        self._socket.settimeout(min(timeout or CONNECT_S, CONNECT_S, self._patience.left()))
        try:
            encrypted = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except OSError as error:
            self._socket.close()
            raise httpcore2.ConnectError from error
        return _Stream(encrypted, self._patience)

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "socket" else None


class _Backend(httpcore2.NetworkBackend):
    """Connects by the relay's own rules; only the way to a proxy inside the house is a plain one."""

    def __init__(self, outside: Outside, patience: Patience) -> None:
        self._outside = outside
        self._patience = patience

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the signature of the base
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore2.NetworkStream:
        left = self._patience.left()
        if self._outside.proxy is None:
            return _Stream(self._connect(host, port), self._patience)
        try:
            connected = socket.create_connection((host, port), min(timeout or CONNECT_S, CONNECT_S, left))
        except OSError as error:
            raise fault_of(Trouble.PROXY, host) from error
        return _Stream(connected, self._patience)

    def _connect(self, host: str, port: int) -> socket.socket:
        try:
            return self._outside.connect(host, port)
        except OutsideFault:
            # A connection that was ended from here is a stop, and no trouble of the line.
            self._patience.left()
            raise


class Line(httpx2.BaseTransport):
    """One way to one provider. `sent` is told every address and body as it leaves, and before it does."""

    def __init__(self, outside: Outside, patience: Patience, *, sent: Callable[[str, bytes], None]) -> None:
        self._sent = sent
        self._patience = patience
        context = trusted(outside.authorities)
        backend = _Backend(outside, patience)
        self._pool: httpcore2.ConnectionPool = (
            httpcore2.ConnectionPool(ssl_context=context, network_backend=backend)
            if outside.proxy is None
            else _proxy(outside.proxy, context, backend)
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        self._sent(str(request.url), body)
        self._patience.left()
        host = request.url.host
        with _told_apart(host):
            answer = self._pool.handle_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=body,
                    extensions=request.extensions,
                )
            )
        response = httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, host), extensions=answer.extensions
        )
        try:
            _refuse_strangers(response, host)
        except OutsideFault:
            answer.close()
            raise
        return response

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    """The answer as it comes, up to a limit."""

    def __init__(self, answer: httpcore2.Response, host: str) -> None:
        self._answer = answer
        self._host = host

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        with _told_apart(self._host):
            for part in self._answer.iter_stream():
                size += len(part)
                if size > MAX_ANSWER_BYTES:
                    raise OutsideFault(
                        Trouble.GARBLED, "The assistant's answer was too long.", may_have_arrived=True
                    )
                yield part

    def close(self) -> None:
        self._answer.close()


def _proxy(
    address: str, context: ssl.SSLContext, backend: httpcore2.NetworkBackend
) -> httpcore2.ConnectionPool:
    url = httpx2.URL(address)
    auth = (url.username, url.password) if url.username else None
    return httpcore2.HTTPProxy(
        httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/"),
        proxy_auth=auth,
        ssl_context=context,
        network_backend=backend,
    )


def _refuse_strangers(response: httpx2.Response, host: str) -> None:
    """What was not said by the provider itself: a page of the internet line, or of a proxy."""
    status = response.status_code
    if status == HTTP_PROXY:
        raise fault_of(Trouble.PROXY, host)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    foreign = kind not in JSON_TYPES and status < HTTP_SERVER
    if HTTP_REDIRECT <= status < HTTP_CLIENT or status == HTTP_PORTAL or foreign:
        raise fault_of(Trouble.CAPTIVE_PORTAL, host)


@contextmanager
def _told_apart(host: str) -> Iterator[None]:
    """The failures of the line as faults; what the provider says is not touched."""
    try:
        yield
    except httpcore2.ProxyError as error:
        raise fault_of(Trouble.PROXY, host) from error
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
        raise classify(error, host=host) from error
