"""The line that tests let fail does what it says, so that surviving it means something."""

import random
import socket
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from hms_server.contract.relay import Trouble
from hms_server.relay.outside import Outside, OutsideFault
from tests.outside.local import LocalServer, Reply, within
from tests.outside.proxy import PASS, FaultyLine, Passage, Weather

QUICK = timedelta(seconds=1)


@pytest.fixture
def provider() -> Iterator[LocalServer]:
    with LocalServer(lambda _: Reply.of({"text": "x" * 400})) as server:
        yield server


@pytest.fixture
def line(provider: LocalServer) -> Iterator[FaultyLine]:
    with FaultyLine(provider.port) as line:
        yield line


def call(line: FaultyLine, limit: timedelta = timedelta(seconds=30)) -> Trouble | None:
    """The trouble of one call, or None."""
    try:
        Outside(time_limit=limit).request("POST", line.url, json={})
    except OutsideFault as fault:
        return fault.trouble
    return None


def test_good_weather_passes(line: FaultyLine, provider: LocalServer) -> None:
    assert [call(line) for _ in range(5)] == [None] * 5
    assert (line.passed, len(provider.seen)) == (5, 5)


def test_it_goes_down_and_comes_up_at_the_same_port(line: FaultyLine) -> None:
    for _ in range(3):
        line.go_down()
        assert call(line) is Trouble.CLOSED
        line.come_up()
        assert call(line) is None


def test_going_down_breaks_what_is_under_way(line: FaultyLine, provider: LocalServer) -> None:
    line.always(Passage(half_open=True))
    with socket.create_connection(("127.0.0.1", line.port)) as under_way:
        under_way.sendall(b"POST / HTTP/1.1\r\n\r\n")
        within(lambda: line.passed == 1)
        line.go_down()

        under_way.settimeout(20)
        with pytest.raises(ConnectionResetError):
            assert under_way.recv(1) == b"?"
    assert provider.seen == []


@pytest.mark.parametrize("after", [0, 1, 40, 300])
def test_an_answer_is_cut(line: FaultyLine, provider: LocalServer, after: int) -> None:
    line.always(Passage(cut_after=after))

    assert call(line) is Trouble.CUT
    assert len(provider.seen) == 1


def test_an_answer_is_swallowed(line: FaultyLine, provider: LocalServer) -> None:
    line.always(Passage(swallow_answer=True))

    assert call(line, QUICK) is Trouble.SILENT
    assert len(provider.seen) == 1


def test_a_half_open_line_lets_nothing_through(line: FaultyLine, provider: LocalServer) -> None:
    line.always(Passage(half_open=True))

    assert call(line, QUICK) is Trouble.SILENT
    assert provider.seen == []


def test_a_request_arrives_twice(line: FaultyLine, provider: LocalServer) -> None:
    line.always(Passage(twice=True))

    assert call(line) is None
    within(lambda: len(provider.seen) == 2)
    assert provider.seen[0] == provider.seen[1]


def test_weather_is_the_same_for_the_same_chance() -> None:
    weather = Weather(cut=0.2, half_open=0.1, swallow=0.1, twice=0.1, delayed=0.5, longest_delay_s=60)

    def day(seed: int) -> list[Passage]:
        chance = random.Random(seed)  # noqa: S311 - weather, no secret
        return [weather.passage(chance) for _ in range(200)]

    assert day(1) == day(1) != day(2)
    kinds = Counter(
        (one.cut_after is not None, one.half_open, one.swallow_answer, one.twice, one.delay_s > 0)
        for one in day(1)
    )
    assert len(kinds) > 5
    assert {Weather().passage(random.Random(1)) for _ in range(50)} == {PASS}  # noqa: S311 - as above
