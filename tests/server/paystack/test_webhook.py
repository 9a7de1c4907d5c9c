"""What Paystack signed is stored before it is answered; nothing else gets in, and nobody holds it up."""

import json
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.paystack.webhook import PATH, WebhookEndpoint, is_signed, sign
from tests.guards import LogGuard
from tests.outside.paystack import FakePaystack
from tests.server.paystack.notices import RAW, SECRET, Counter, answer, connect, head, listen, send

SHARED = Path(os.environ.get("HMS_SHARED") or Path(__file__).parents[4] / "shared" / "data") / "paystack"


def test_a_signed_notice_is_handed_over_byte_for_byte(endpoint: WebhookEndpoint, counter: Counter) -> None:
    odd = b'{ "event" : "charge.success",\r\n\t"data":{"amount":5000.0,"x":"\\u00e9\xc3\xa9"}}  '

    assert send(endpoint, head(odd) + odd) == 200
    assert counter.taken == [("charge.success", odd)]


def test_nothing_is_answered_before_it_is_stored(endpoint: WebhookEndpoint, counter: Counter) -> None:
    stored = threading.Event()
    counter.before = lambda: stored.wait(30)
    with connect(endpoint) as connection:
        connection.sendall(head() + RAW)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        stored.set()
        connection.settimeout(30)

        assert answer(connection)[0] == 200


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "0" * 128,
        sign("sk_test_another", RAW),
        sign(SECRET, RAW + b" "),
        sign(SECRET, RAW)[:-1],
        sign(SECRET, RAW) + "0",
        "é" * 64,
    ],
)
def test_what_is_not_signed_with_our_key_is_not_stored(
    endpoint: WebhookEndpoint, counter: Counter, signature: str | None
) -> None:
    assert send(endpoint, head(x_paystack_signature=signature) + RAW) == 401
    assert counter.taken == []


def test_one_changed_byte_is_not_stored(endpoint: WebhookEndpoint, counter: Counter) -> None:
    assert send(endpoint, head() + RAW.replace(b"5000", b"9000")) == 401
    assert counter.taken == []


@given(st.binary(max_size=200), st.integers(0, 1599))
def test_any_other_bytes_have_another_signature(raw: bytes, bit: int) -> None:
    signature = sign(SECRET, raw)
    place = bit % (8 * len(raw)) if raw else 0
    changed = bytearray(raw or b"\0")
    changed[place // 8] ^= 1 << place % 8

    assert is_signed(SECRET, raw, signature)
    assert not is_signed(SECRET, bytes(changed), signature)


def test_two_signatures_are_refused(endpoint: WebhookEndpoint, counter: Counter) -> None:
    twice = f"{'0' * 128}\r\nx-paystack-signature: {sign(SECRET, RAW)}"

    assert send(endpoint, head(x_paystack_signature=twice) + RAW) == 400
    assert counter.taken == []


def test_what_cannot_be_stored_is_sent_again(
    endpoint: WebhookEndpoint, counter: Counter, log_guard: LogGuard
) -> None:
    log_guard.allow("a notice of Paystack could not be stored")

    def fail() -> None:
        raise OSError("the disk is full")

    counter.before = fail
    first = send(endpoint, head() + RAW)
    counter.before = lambda: None
    second = send(endpoint, head() + RAW)

    assert (first, second) == (500, 200)
    assert len(counter.taken) == 1


def test_without_a_key_nothing_is_taken(endpoint: WebhookEndpoint, counter: Counter) -> None:
    counter.secret = None
    closed = send(endpoint, head() + RAW)
    counter.secret = SECRET

    assert (closed, send(endpoint, head() + RAW)) == (503, 200)


@pytest.mark.parametrize(
    ("raw", "event"),
    [
        (b'{"event":"something.new","data":null}', "something.new"),
        (b'{"event":7}', ""),
        (b"[1]", ""),
        (b"\xff\x00 no JSON", ""),
        (b"", ""),
        (b"[" * 100_000, ""),
    ],
)
def test_what_is_signed_but_unknown_is_stored_and_answered(
    endpoint: WebhookEndpoint, counter: Counter, raw: bytes, event: str
) -> None:
    assert send(endpoint, head(raw) + raw) == 200
    assert counter.taken == [(event, raw)]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder shared/data is not beside the checkout")
def test_every_sample_is_taken(endpoint: WebhookEndpoint, counter: Counter) -> None:
    for name, samples in json.loads((SHARED / "webhook_samples.json").read_text()).items():
        raw = json.dumps(samples[0]["body"], indent=1).encode()
        assert send(endpoint, head(raw) + raw) == 200
        assert counter.taken[-1] == (name, raw)


def test_the_local_paystack_is_understood(endpoint: WebhookEndpoint, counter: Counter) -> None:
    theirs = FakePaystack()
    try:
        theirs.webhook_url = f"http://127.0.0.1:{endpoint.port}{PATH}"
        theirs._new_payment({"email": "p@example.com", "amount": 5000, "reference": "HMS-1"})
        theirs.pay("HMS-1", notices=2)

        assert [event for event, _ in counter.taken] == ["charge.success", "charge.success"]
        assert theirs.notify("charge.success", {}, secret="sk_test_other") == 401
    finally:
        theirs._server.server_close()


def test_many_at_once_are_all_stored(endpoint: WebhookEndpoint, counter: Counter) -> None:
    bodies = [b'{"event":"charge.success","data":%d}' % number for number in range(30)]
    threads = [
        threading.Thread(target=send, args=(endpoint, head(raw) + raw), name=f"sender-{number}")
        for number, raw in enumerate(bodies)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {raw for _, raw in counter.taken} == set(bodies)


def test_stopping_does_not_wait_for_who_is_silent(counter: Counter) -> None:
    served = listen(counter, deadline_s=600)
    served.start()
    idle = [connect(served) for _ in range(3)]
    idle[0].sendall(b"POST /paystack")
    idle[1].sendall(head())
    time.sleep(0.2)

    begun = time.monotonic()
    served.stop()

    assert time.monotonic() - begun < 60
    for connection in idle:
        connection.close()


def test_stopping_waits_for_what_is_being_stored(counter: Counter) -> None:
    storing, may_end = threading.Event(), threading.Event()

    def wait() -> None:
        storing.set()
        may_end.wait(30)

    counter.before = wait
    served = listen(counter)
    served.start()
    with connect(served) as connection:
        connection.sendall(head() + RAW)
        assert storing.wait(30)
        stopping = threading.Thread(target=served.stop, name="stopping")
        stopping.start()
        may_end.set()

        assert answer(connection)[0] == 200
        stopping.join()
    assert len(counter.taken) == 1


def test_an_address_that_is_taken_is_told_at_once(endpoint: WebhookEndpoint, counter: Counter) -> None:
    with pytest.raises(OSError, match="in use"):
        WebhookEndpoint("127.0.0.1", endpoint.port, secret=lambda: SECRET, received=counter)


def test_one_that_was_never_started_can_be_stopped(counter: Counter) -> None:
    listen(counter).stop()
