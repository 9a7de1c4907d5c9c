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
from hms_server.relay.outside import Outside, OutsideFault

CONNECT_S = 10.0
SILENCE_S = 60.0
"""A model may think for long before its first word."""
SLICE_S = 0.2
"""So soon a stop is noticed while nothing comes."""
MAX_ANSWER_BYTES = 4 << 20
JSON_TYPES = ("application/json", "text/event-stream")
HTTP_REDIRECT, HTTP_SERVER = 300, 500
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
        """Seconds; raises `Stopped` where it shall end, and the fault of a silent line where time is up."""
        if self._outside.stop.is_set() or self._stopped():
            raise Stopped
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time for the whole answer is over")
        return left


class _Stream(httpcore2.NetworkStream):
    """Reads in short slices, since a socket that waits cannot be told to stop."""

    def __init__(self, inner: httpcore2.NetworkStream, patience: Patience) -> None:
        self._inner = inner
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        silent_until = time.monotonic() + min(timeout or SILENCE_S, SILENCE_S)
        while True:
            left = self._patience.left()
            try:
                return self._inner.read(max_bytes, min(SLICE_S, left))
            except httpcore2.ReadTimeout:
                if time.monotonic() >= silent_until:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, min(timeout or SILENCE_S, self._patience.left()))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        limit = min(timeout or CONNECT_S, CONNECT_S, self._patience.left())
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, limit), self._patience)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, patience: Patience) -> None:
        self._inner = httpcore2.SyncBackend()
        self._patience = patience

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        limit = min(timeout or CONNECT_S, CONNECT_S, self._patience.left())
        stream = self._inner.connect_tcp(
            host, port, timeout=limit, local_address=local_address, socket_options=socket_options
        )
        return _Stream(stream, self._patience)


class Line(httpx2.BaseTransport):
    """One way to one provider. `sent` is told every address and body as it leaves, and before it does."""

    def __init__(self, outside: Outside, patience: Patience, *, sent: Callable[[str, bytes], None]) -> None:
        self._sent = sent
        self._patience = patience
        context = httpx2.create_ssl_context(trust_env=False)
        backend = _Backend(patience)
        self._pool: httpcore2.ConnectionPool = (
            httpcore2.ConnectionPool(ssl_context=context, network_backend=backend)
            if outside.proxy is None
            else _proxy(outside.proxy, context, backend)
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        self._sent(str(request.url), body)
        self._patience.left()
        with _told_apart():
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
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )
        try:
            _refuse_strangers(response)
        except OutsideFault:
            answer.close()
            raise
        return response

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    """The answer as it comes, up to a limit."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        with _told_apart():
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


def _refuse_strangers(response: httpx2.Response) -> None:
    """What was not said by the provider itself: a page of the internet line, or of a proxy."""
    status = response.status_code
    if status == HTTP_PROXY:
        raise OutsideFault(
            Trouble.PROXY,
            "The clinic's proxy wants a user name and password: enter them in the network settings.",
            may_have_arrived=False,
            status=status,
        )
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    foreign = kind not in JSON_TYPES and status < HTTP_SERVER
    if HTTP_REDIRECT <= status < 400 or status == HTTP_PORTAL or foreign:  # noqa: PLR2004 - the end of 3xx
        raise OutsideFault(
            Trouble.CAPTIVE_PORTAL,
            "Another page answers instead of Gemini: sign in to the internet line in a browser.",
            may_have_arrived=False,
            status=status,
        )


@contextmanager
def _told_apart() -> Iterator[None]:
    """The failures of the line as faults; what the provider says is not touched."""
    try:
        yield
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as error:
        raise fault_of(error) from error
    except httpcore2.ProxyError as error:
        raise OutsideFault(
            Trouble.PROXY, "The clinic's proxy refuses the way to Gemini.", may_have_arrived=False
        ) from error


def fault_of(error: Exception) -> OutsideFault:
    """What stood in the way, from the error of the line and those that caused it."""
    if isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout):
        trouble, sentence = next(filter(None, map(_cause_of, _chain(error))), NO_WAY)
        return OutsideFault(trouble, sentence, may_have_arrived=False)
    if isinstance(error, httpcore2.TimeoutException):
        return OutsideFault(Trouble.SILENT, "Gemini did not answer in time.", may_have_arrived=True)
    return OutsideFault(
        Trouble.CUT, "The line broke in the middle of the assistant's answer.", may_have_arrived=True
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _cause_of(error: BaseException) -> tuple[Trouble, str] | None:
    """The first of these that an error is; `ssl.SSLError` and `socket.gaierror` are `OSError`s themselves."""
    return next((said for kind, said in CAUSES if isinstance(error, kind)), None)


NO_WAY = (Trouble.NO_NETWORK, "There is no way to the internet from this server.")
CAUSES: tuple[tuple[type[BaseException], tuple[Trouble, str]], ...] = (
    (
        ssl.SSLError,
        (Trouble.TLS, "The certificate does not belong to Gemini, or this server's clock is wrong."),
    ),
    (socket.gaierror, (Trouble.NAME_UNKNOWN, "The name service does not know Gemini's address.")),
    (ConnectionRefusedError, (Trouble.CLOSED, "Gemini's address refuses the connection.")),
    (httpcore2.ConnectTimeout, (Trouble.SILENT, "Gemini cannot be reached: nothing answers.")),
)
