"""What strangers send to the endpoint, however slowly and however much, harms nobody and is not stored."""

import socket
import time
from contextlib import suppress

import pytest

from hms_server.paystack.webhook import MAX_BODY, WebhookEndpoint
from tests.outside.local import within
from tests.server.paystack.notices import RAW, Counter, answer, connect, head, listen, send


@pytest.mark.parametrize(
    "path", ["/", "/paystack/", "/paystack?x=1", "/PAYSTACK", "//paystack", "/../paystack"]
)
def test_only_the_one_path_is_served(endpoint: WebhookEndpoint, counter: Counter, path: str) -> None:
    assert send(endpoint, head(path=path) + RAW) == 404
    assert counter.taken == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "CONNECT", "BREW"])
def test_only_post_is_served(endpoint: WebhookEndpoint, counter: Counter, method: str) -> None:
    with connect(endpoint) as connection:
        connection.sendall(head(method=method) + RAW)
        status, whole = answer(connection)

    assert status == 405
    assert b"Allow: POST" in whole
    assert counter.taken == []


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (None, 411),
        ("", 400),
        ("-1", 400),
        ("+70", 400),
        ("0x46", 400),
        ("7 0", 400),
        ("²", 400),
        (f"{len(RAW)}\r\ncontent-length: {len(RAW)}", 400),
        (str(MAX_BODY + 1), 413),
        ("9" * 5000, 413),
    ],
)
def test_a_length_that_is_none_or_too_much_is_refused(
    endpoint: WebhookEndpoint, counter: Counter, length: str | None, status: int
) -> None:
    assert send(endpoint, head(content_length=length) + RAW) == status
    assert counter.taken == []


def test_the_largest_body_is_taken_and_one_byte_more_is_not(
    endpoint: WebhookEndpoint, counter: Counter
) -> None:
    large, larger = b" " * MAX_BODY, b" " * (MAX_BODY + 1)

    assert send(endpoint, head(large) + large) == 200
    assert send(endpoint, head(larger) + larger) == 413
    assert counter.taken == [("", large)]


def test_a_huge_body_is_not_read_to_its_end(endpoint: WebhookEndpoint, counter: Counter) -> None:
    with connect(endpoint) as connection:
        connection.sendall(head(content_length=str(10**9)))
        sent = 0
        with suppress(OSError):
            while sent < 64 * 1024 * 1024:
                sent += connection.send(b"x" * 65536)

    assert sent < 64 * 1024 * 1024
    assert counter.taken == []


def test_chunks_are_refused(endpoint: WebhookEndpoint, counter: Counter) -> None:
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(RAW), RAW)

    for length in (None, str(len(RAW))):
        asked = head(transfer_encoding="chunked", content_length=length)
        assert send(endpoint, asked + chunked) == 411
    assert counter.taken == []


def test_what_is_sent_behind_a_request_is_never_looked_at(
    endpoint: WebhookEndpoint, counter: Counter
) -> None:
    with connect(endpoint) as connection:
        connection.sendall((head() + RAW) * 5)
        _, whole = answer(connection)

    within(lambda: counter.taken)
    assert whole.count(b"HTTP/1.1") <= 1
    assert len(counter.taken) == 1


def test_a_body_that_breaks_off_is_not_stored(endpoint: WebhookEndpoint, counter: Counter) -> None:
    with connect(endpoint) as connection:
        connection.sendall(head() + RAW[:-1])
        connection.shutdown(socket.SHUT_WR)

        assert answer(connection)[0] == 400
    assert counter.taken == []


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /paystack HTTP/9.9\r\n\r\n",
        b"POST\r\n\r\n",
        b"POST /paystack HTTP/1.1\r\n" + b"a: b\r\n" * 500 + b"\r\n",
        b"POST /paystack HTTP/1.1\r\na: " + b"b" * 100_000 + b"\r\n\r\n",
        b"POST /" + b"p" * 100_000,
        b"\r\n\r\n",
        b"",
    ],
)
def test_rubbish_harms_nobody(endpoint: WebhookEndpoint, counter: Counter, rubbish: bytes) -> None:
    with connect(endpoint) as connection:
        connection.sendall(rubbish)
        connection.shutdown(socket.SHUT_WR)
        status, _ = answer(connection)

    assert status == 0 or 400 <= status < 600
    assert send(endpoint, head() + RAW) == 200
    assert len(counter.taken) == 1


def _drip(endpoint: WebhookEndpoint, start: bytes) -> float:
    """Sends a byte every now and then until the other side has had enough; how long that took."""
    begun = time.monotonic()
    with connect(endpoint) as connection:
        connection.settimeout(0.05)
        connection.sendall(start)
        while time.monotonic() < begun + 60:
            try:
                connection.send(b"a")
                if not connection.recv(4096):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    return time.monotonic() - begun


@pytest.mark.parametrize(
    "start", [b"POST /pay", b"POST /paystack HTTP/1.1\r\nx-slow: ", head(content_length="200000")]
)
def test_who_drips_is_sent_away_however_steadily(counter: Counter, start: bytes) -> None:
    served = listen(counter, deadline_s=0.5)
    served.start()
    try:
        assert _drip(served, start) < 30
        assert counter.taken == []
    finally:
        served.stop()


def test_who_holds_all_places_holds_them_no_longer_than_the_deadline(counter: Counter) -> None:
    served = listen(counter, deadline_s=1.0, max_connections=4)
    served.start()
    idle = [connect(served) for _ in range(4)]
    try:
        # A fifth is sent away at once rather than kept waiting.
        within(lambda: send(served, head() + RAW) == 0 or counter.taken)
        within(lambda: send(served, head() + RAW) == 200)

        assert counter.taken
    finally:
        for connection in idle:
            connection.close()
        served.stop()


def test_places_are_given_back(counter: Counter) -> None:
    served = listen(counter, max_connections=2)
    served.start()
    try:
        for _ in range(20):
            within(lambda: send(served, head() + RAW) == 200)
            within(lambda: send(served, head(x_paystack_signature="0") + RAW) == 401)
    finally:
        served.stop()

    assert len(counter.taken) >= 20
