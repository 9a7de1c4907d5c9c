"""One call outwards: it always ends in time, and every failure is told apart from every other."""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hms_server.contract.relay import Trouble
from hms_server.relay.exchange import Order, exchange
from hms_server.relay.line import Line, has_way_out, honest, leads_out
from hms_server.relay.outside import Answer, Outside, OutsideFault, classify
from hms_server.relay.portal import portal_answers
from hms_server.relay.verdict import retry_after
from tests.outside.certificates import make_identity
from tests.outside.connect_proxy import ConnectProxy
from tests.outside.local import CAPTIVE_PORTAL, LocalServer, Reply, Seen
from tests.outside.proxy import FaultyLine, Passage

SECRET = "sk_test_51f1ed"
QUICK = timedelta(seconds=1)
GENEROUS_S = 20.0
PUBLIC = "api.provider.example"


def answer(seen: Seen) -> Reply:
    return Reply.of({"path": seen.path, "query": dict(seen.query), "body": seen.body.decode()})


@pytest.fixture
def provider() -> Iterator[LocalServer]:
    with LocalServer(answer) as server:
        yield server


def fault_of(outside: Outside, url: str, method: str = "POST", **others: Any) -> OutsideFault:
    """The fault of one call; it must say nothing of the key, nor keep an error that does."""
    with pytest.raises(OutsideFault) as raised:
        outside.request(method, url, headers={"Authorization": f"Bearer {SECRET}"}, **others)
    fault = raised.value
    assert SECRET not in str(fault)
    assert fault.__cause__ is None
    assert fault.sentence.endswith(".")
    return fault


def verdict(fault: OutsideFault) -> tuple[Trouble, bool]:
    return fault.trouble, fault.may_have_arrived


def test_an_answer_of_the_provider_comes_back_as_it_is(provider: LocalServer) -> None:
    got = Outside().request(
        "POST", f"{provider.url}/pay", json={"amount": 5000}, params={"a": "b c"}, headers={"X-One": "1"}
    )

    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    [seen] = provider.seen
    assert (seen.path, seen.query, seen.json()) == ("/pay", {"a": "b c"}, {"amount": 5000})
    assert (seen.headers["x-one"], seen.headers["content-type"]) == ("1", "application/json")


def test_a_form_is_sent_as_one(provider: LocalServer) -> None:
    Outside().request("POST", provider.url, form={"To": "+2348012345678", "Body": "ẹ kú"})

    assert provider.seen[0].form() == {"To": "+2348012345678", "Body": "ẹ kú"}


def test_a_refusal_of_the_provider_is_its_answer(provider: LocalServer) -> None:
    provider.troubles.append(Reply.of({"message": "Duplicate Transaction Reference"}, status=400))

    got = Outside().request("POST", provider.url)

    assert isinstance(got, Answer)
    assert got.status == 400


def test_an_empty_answer_is_one(provider: LocalServer) -> None:
    provider.troubles.append(Reply(status=204))

    assert Outside().request("POST", provider.url).body == b""


@pytest.mark.parametrize(
    ("reply", "trouble", "may_have_arrived"),
    [
        (CAPTIVE_PORTAL, Trouble.CAPTIVE_PORTAL, False),
        (Reply(status=511, body=b"{}"), Trouble.CAPTIVE_PORTAL, False),
        (Reply(status=302, headers={"Location": "http://login.hotel/"}), Trouble.CAPTIVE_PORTAL, False),
        (Reply(status=403, body=b"<p>Sign in</p>", content_type="text/plain"), Trouble.CAPTIVE_PORTAL, False),
        (Reply(swallow=True), Trouble.CUT, True),
        (Reply(body=b'{"a": 1}', cut_after=3), Trouble.CUT, True),
        (Reply.of({}, status=429), Trouble.BUSY, False),
        (Reply.of({}, status=500), Trouble.DOWN, True),
        (Reply(status=502, body=b"<html>", content_type="text/html"), Trouble.DOWN, True),
        (Reply.of({}, status=401), Trouble.KEY, False),
        (Reply.of({}, status=403), Trouble.KEY, False),
        (Reply.of({}, status=407), Trouble.PROXY, False),
        (Reply(body=b'{"status": tru'), Trouble.GARBLED, True),
        (Reply(body=b"OK"), Trouble.GARBLED, True),
    ],
)
def test_what_comes_back_is_told_apart(
    provider: LocalServer, reply: Reply, trouble: Trouble, *, may_have_arrived: bool
) -> None:
    provider.troubles.append(reply)

    assert verdict(fault_of(Outside(), provider.url)) == (trouble, may_have_arrived)


def test_an_idempotent_call_is_never_in_doubt(provider: LocalServer) -> None:
    provider.troubles.append(Reply(swallow=True))

    assert verdict(fault_of(Outside(), provider.url, "GET", idempotent=True)) == (Trouble.CUT, False)


NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, timedelta(seconds=7)),
        ({"retry-after": " 120 "}, timedelta(seconds=120)),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, timedelta(seconds=30)),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}, timedelta()),
        (
            {"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT", "date": "Sat, 21 Nov 2026 12:00:00 GMT"},
            timedelta(seconds=30),
        ),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 400}, timedelta(seconds=10**8)),
        ({}, None),
    ],
)
def test_the_providers_wish_to_wait_is_understood(headers: dict[str, str], wait: timedelta | None) -> None:
    """A date is measured by the provider's own clock where it says it."""
    assert retry_after(headers, NOW) == wait


def test_the_wish_to_wait_comes_with_the_fault(provider: LocalServer) -> None:
    provider.troubles.append(Reply.of({}, status=503, headers={"Retry-After": "90"}))

    assert fault_of(Outside(), provider.url).retry_after == timedelta(seconds=90)


def test_a_server_that_is_not_there_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert verdict(fault_of(Outside(), f"http://127.0.0.1:{port}")) == (Trouble.CLOSED, False)


def test_a_half_open_line_is_silent_and_the_call_ends(provider: LocalServer) -> None:
    with FaultyLine(provider.port) as line:
        line.always(Passage(half_open=True))
        fault = fault_of(Outside(time_limit=QUICK), line.url)

    assert verdict(fault) == (Trouble.SILENT, True)


def test_a_lost_answer_may_have_arrived(provider: LocalServer) -> None:
    with FaultyLine(provider.port) as line:
        line.always(Passage(swallow_answer=True))
        fault = fault_of(Outside(time_limit=QUICK), line.url)

    assert verdict(fault) == (Trouble.SILENT, True)
    assert len(provider.seen) == 1


def test_an_answer_that_drips_ends_at_the_time_limit(provider: LocalServer) -> None:
    """Every byte would begin a read timeout anew; and a body without a length looks whole when it is cut."""
    dripping = threading.Event()

    def drops() -> Iterator[bytes]:
        while not dripping.wait(0.05):
            yield b" "

    provider.troubles.append(Reply(chunks=drops()))
    begun_s = time.monotonic()
    fault = fault_of(Outside(time_limit=QUICK), provider.url)
    dripping.set()

    assert verdict(fault) == (Trouble.SILENT, True)
    assert time.monotonic() - begun_s < GENEROUS_S


def test_an_answer_without_end_is_not_read_to_its_end(provider: LocalServer) -> None:
    provider.troubles.append(Reply(chunks=(b" " * 100_000 for _ in range(1000))))

    assert fault_of(Outside(), provider.url).trouble is Trouble.GARBLED


def test_a_call_that_is_told_to_stop_ends_soon(provider: LocalServer) -> None:
    stop = threading.Event()

    def stop_then_wait(_seen: Seen) -> Reply:
        stop.set()
        return Reply(delay_s=60)

    provider.troubles.append(stop_then_wait)
    begun_s = time.monotonic()

    assert verdict(fault_of(Outside(stop=stop), provider.url)) == (Trouble.SILENT, True)
    assert time.monotonic() - begun_s < GENEROUS_S


def test_a_call_that_was_stopped_before_it_began_sends_nothing(provider: LocalServer) -> None:
    stop = threading.Event()
    stop.set()

    assert verdict(fault_of(Outside(stop=stop), provider.url)) == (Trouble.SILENT, False)
    assert provider.seen == []


def test_nothing_leaves_unencrypted() -> None:
    fault = fault_of(Outside(), f"http://{PUBLIC}/")

    assert verdict(fault) == (Trouble.TLS, False)
    assert "https://" in fault.sentence


@pytest.mark.parametrize("key", ["sk_live_1\nHost: evil", "sk_live_\ud800"])
def test_a_key_that_cannot_be_sent_is_not_shown(provider: LocalServer, key: str) -> None:
    with pytest.raises(OutsideFault) as raised:
        Outside().request("GET", provider.url, headers={"Authorization": f"Bearer {key}"})

    assert raised.value.trouble is Trouble.KEY
    assert "sk_live" not in repr(raised.value)
    assert raised.value.__cause__ is None
    assert provider.seen == []


# --- TLS


def test_a_certificate_of_the_clinics_own_authority_is_taken(tmp_path: Path) -> None:
    identity = make_identity(tmp_path)
    with LocalServer(answer, tls=identity.server_context()) as provider:
        assert provider.url.startswith("https://")

        got = Outside(authorities=str(identity.path)).request("GET", f"{provider.url}/x")

    assert got.status == 200


def test_a_certificate_that_nobody_vouches_for_ends_the_call_before_it_is_sent(tmp_path: Path) -> None:
    with LocalServer(answer, tls=make_identity(tmp_path).server_context()) as provider:
        fault = fault_of(Outside(), provider.url)

        assert provider.seen == []
    assert verdict(fault) == (Trouble.TLS, False)
    assert "clock" not in fault.sentence


def test_a_certificate_that_has_run_out_points_to_the_clock(tmp_path: Path) -> None:
    identity = make_identity(tmp_path, valid_for=timedelta(days=-1))
    with LocalServer(answer, tls=identity.server_context()) as provider:
        fault = fault_of(Outside(authorities=str(identity.path)), provider.url)

    assert verdict(fault) == (Trouble.TLS, False)
    assert "clock" in fault.sentence


def test_a_certificate_of_somebody_else_is_refused(tmp_path: Path) -> None:
    identity = make_identity(tmp_path, host="other.example")
    with LocalServer(answer, tls=identity.server_context()) as provider:
        fault = fault_of(Outside(authorities=str(identity.path)), provider.url)

    assert verdict(fault) == (Trouble.TLS, False)


def test_a_server_that_does_not_speak_tls_is_not_trusted(provider: LocalServer) -> None:
    fault = fault_of(Outside(), provider.url.replace("http://", "https://"))

    assert verdict(fault) == (Trouble.TLS, False)


def test_a_page_over_a_proven_connection_is_the_providers_own(tmp_path: Path) -> None:
    """Nobody in between can have sent it, so it is no captive portal."""
    identity = make_identity(tmp_path)
    with LocalServer(lambda _: CAPTIVE_PORTAL, tls=identity.server_context()) as provider:
        fault = fault_of(Outside(authorities=str(identity.path)), provider.url)

    assert verdict(fault) == (Trouble.GARBLED, True)
    assert "web page" in fault.sentence


@pytest.mark.parametrize(
    ("reply", "is_portal"),
    [
        (Reply(status=302, headers={"Location": "http://login.hotel/?from=x"}), True),
        (Reply(status=511), True),
        (Reply(status=301, headers={"Location": "https://127.0.0.1/"}), False),
        (Reply(status=404), False),
        (Reply(swallow=True), False),
    ],
)
def test_a_portal_shows_itself_where_nothing_is_encrypted(
    provider: LocalServer, reply: Reply, *, is_portal: bool
) -> None:
    """Looked at when a certificate was wrong; a provider only ever points back to its own name."""
    provider.troubles.append(reply)
    line = Line("127.0.0.1", time_limit=QUICK, stop=threading.Event(), proxied=False)

    with line.watched():
        assert portal_answers("127.0.0.1", line, port=provider.port) is is_portal

    assert provider.seen[0].path == "/"


# --- names


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    expected = Trouble.NAME_UNKNOWN if has_way_out() else Trouble.NO_NETWORK

    assert verdict(fault_of(Outside(), f"https://{PUBLIC}/")) == (expected, False)


def test_a_machine_without_a_way_out_says_so_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setattr("psutil.net_if_addrs", dict)

    assert verdict(fault_of(Outside(), f"https://{PUBLIC}/")) == (Trouble.NO_NETWORK, False)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "127.0.0.1", "169.254.7.7", "100.64.0.1", "::1"]
)
def test_a_name_server_that_lies(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    )

    fault = fault_of(Outside(), f"https://{PUBLIC}/")

    assert verdict(fault) == (Trouble.NAME_LIES, False)
    assert PUBLIC in fault.sentence


def test_a_name_service_that_never_answers_does_not_hold_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(*_: Any, **__: Any) -> Any:
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", silent)

    assert verdict(fault_of(Outside(time_limit=QUICK), f"https://{PUBLIC}/")) == (Trouble.SILENT, False)
    over.set()


@pytest.mark.parametrize("host", ["localhost", "mail", "mail.clinic.lan", "192.168.1.5", "gateway.local"])
def test_an_address_of_the_house_that_was_entered_is_taken_at_its_word(host: str) -> None:
    found = [(socket.AF_INET, ("192.168.1.5", 443))]

    assert honest(host, found) == found


def test_of_several_addresses_the_public_ones_count() -> None:
    found = [(socket.AF_INET, ("10.0.0.1", 443)), (socket.AF_INET, ("8.8.8.8", 443))]

    assert honest(PUBLIC, found) == found[1:]


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("192.168.1.5", True),
        ("8.8.8.8", True),
        ("127.0.0.1", False),
        ("169.254.1.1", False),
        ("fe80::1", False),
    ],
)
def test_an_address_that_leads_out(address: str, *, leads: bool) -> None:
    assert leads_out(address) is leads


# --- the clinic's proxy


@pytest.fixture
def far(tmp_path: Path) -> Iterator[tuple[LocalServer, str]]:
    """A provider with a name that only a proxy can find, and the authority for its certificate."""
    identity = make_identity(tmp_path, host=PUBLIC)
    with LocalServer(answer, tls=identity.server_context()) as provider:
        yield provider, str(identity.path)


def test_a_call_goes_through_the_proxy_with_user_and_password(far: tuple[LocalServer, str]) -> None:
    provider, authorities = far
    with ConnectProxy(provider.port, user="clinic", password="p@ss:word") as proxy:
        outside = Outside(proxy=f"http://clinic:p%40ss%3Aword@{proxy.address}", authorities=authorities)

        assert outside.request("GET", f"https://{PUBLIC}/x").status == 200

        assert proxy.asked == [f"{PUBLIC}:443"]


def test_a_proxy_that_wants_another_password(far: tuple[LocalServer, str]) -> None:
    provider, authorities = far
    with ConnectProxy(provider.port, user="clinic", password="right") as proxy:
        outside = Outside(proxy=f"http://clinic:wrong-word@{proxy.address}", authorities=authorities)
        fault = fault_of(outside, f"https://{PUBLIC}/x")

    assert verdict(fault) == (Trouble.PROXY, False)
    assert "password" in fault.sentence
    assert "wrong-word" not in fault.sentence + repr(outside)


@pytest.mark.parametrize("word", ["502 Bad Gateway", "504 Gateway Timeout", "403 Forbidden"])
def test_a_proxy_that_does_not_get_through(far: tuple[LocalServer, str], word: str) -> None:
    with ConnectProxy(far[0].port, answer=word) as proxy:
        fault = fault_of(Outside(proxy=f"http://{proxy.address}"), f"https://{PUBLIC}/x")

    assert verdict(fault) == (Trouble.PROXY, False)
    assert PUBLIC in fault.sentence


def test_a_proxy_that_says_nothing(far: tuple[LocalServer, str]) -> None:
    with ConnectProxy(far[0].port, answer=None) as proxy:
        outside = Outside(proxy=f"http://{proxy.address}", time_limit=QUICK)
        fault = fault_of(outside, f"https://{PUBLIC}/x")

    assert verdict(fault) == (Trouble.PROXY, False)


def test_a_proxy_that_says_nothing_is_told_whoever_notices_first(far: tuple[LocalServer, str]) -> None:
    """The watch ends the call here, long before the read would give up by itself."""
    line = Line(PUBLIC, time_limit=timedelta(minutes=5), stop=threading.Event(), proxied=True)
    order = Order(method="GET", url=f"https://{PUBLIC}/x", headers={}, params=None, json=None, form=None)
    with ConnectProxy(far[0].port, answer=None) as proxy:

        def run_out() -> None:
            until_s = time.monotonic() + GENEROUS_S
            while not proxy.asked and time.monotonic() < until_s:
                time.sleep(0.01)
            line._deadline_s = 0

        clock = threading.Thread(target=run_out)
        clock.start()
        with pytest.raises(OutsideFault) as raised:
            exchange(order, line, proxy=f"http://{proxy.address}", authorities=far[1])
        clock.join()

    assert line.ended == "late"
    assert verdict(raised.value) == (Trouble.PROXY, False)
    assert PUBLIC in raised.value.sentence


def test_a_proxy_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    fault = fault_of(Outside(proxy=f"http://127.0.0.1:{port}"), f"https://{PUBLIC}/x")

    assert verdict(fault) == (Trouble.PROXY, False)


def test_a_wrong_certificate_behind_the_proxy_is_no_fault_of_the_proxy(far: tuple[LocalServer, str]) -> None:
    with ConnectProxy(far[0].port) as proxy:
        fault = fault_of(Outside(proxy=f"http://{proxy.address}"), f"https://{PUBLIC}/x")

    assert verdict(fault) == (Trouble.TLS, False)


# --- clients of other libraries


class ConnectTimeout(Exception):  # noqa: N818 - the name is what counts
    """As `requests` and `httpx` call theirs."""


class ReadTimeout(Exception):  # noqa: N818 - as above
    """As above."""


@pytest.mark.parametrize(
    ("error", "trouble", "may_have_arrived"),
    [
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Trouble.NO_NETWORK, False),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Trouble.NO_NETWORK, False),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), Trouble.NAME_UNKNOWN, False),
        (ConnectionRefusedError(), Trouble.CLOSED, False),
        (ConnectionResetError(), Trouble.CUT, True),
        (TimeoutError(), Trouble.SILENT, True),
        (ConnectTimeout(), Trouble.SILENT, False),
        (ReadTimeout(), Trouble.SILENT, True),
        (RuntimeError("something else"), Trouble.CUT, True),
    ],
)
def test_errors_of_any_client_are_told_apart(
    error: Exception, trouble: Trouble, *, may_have_arrived: bool
) -> None:
    assert verdict(classify(error, host="provider")) == (trouble, may_have_arrived)
    assert verdict(classify(error, host="provider", sent=False)) == (trouble, False)


def test_the_innermost_cause_knows_best() -> None:
    error = ReadTimeout()
    error.__cause__ = ConnectionRefusedError()

    assert classify(error).trouble is Trouble.CLOSED


def test_a_client_of_ones_own_takes_its_socket_here(provider: LocalServer) -> None:
    with Outside().connect("127.0.0.1", provider.port) as connected:
        assert connected.getpeername() == ("127.0.0.1", provider.port)
