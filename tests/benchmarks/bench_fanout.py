"""(c) An event from its commit to the last of 500 sessions, against a bare ROUTER sending to 500 DEALERs."""

import time
from contextlib import ExitStack

import msgspec
import zmq

from hms_server.contract.accounts import StaffChanged
from hms_server.contract.envelope import Follow
from hms_server.contract.values import Role, StaffId
from tests.benchmarks.bench_roundtrip import bare_dealer, bare_router
from tests.benchmarks.report import Figure, Report, quantile
from tests.benchmarks.stage import Stage

SESSIONS = 500
EVENTS = 60


def last_arrival_s(poller: zmq.Poller, count: int) -> float:
    """Waits until so many sockets have received one message; the moment of the last."""
    arrived = 0
    while arrived < count:
        for socket, _ in poller.poll(10_000):
            socket.recv_multipart()
            arrived += 1
    return time.perf_counter()


def poller_of(dealers: list[zmq.Socket[bytes]]) -> zmq.Poller:
    poller = zmq.Poller()
    for dealer in dealers:
        poller.register(dealer, zmq.POLLIN)
    return poller


def measure_bare() -> list[float]:
    """Seconds from the order to fan out until the last of 500 bare DEALERs has it."""
    with bare_router() as (address, key), zmq.Context(1) as context, ExitStack() as closing:
        context.max_sockets = 2 * SESSIONS
        dealers = [closing.enter_context(bare_dealer(context, address, key)) for _ in range(SESSIONS)]
        poller = poller_of(dealers)
        for dealer in dealers:
            dealer.send(b"hello")
        last_arrival_s(poller, SESSIONS)
        samples = []
        for _ in range(EVENTS):
            started = time.perf_counter()
            dealers[0].send(b"fan" + b"x" * 60)
            samples.append(last_arrival_s(poller, SESSIONS) - started)
            time.sleep(0.02)
        return samples


def measure_ours(stage: Stage) -> list[float]:
    """Seconds from the commit of an event until the last of 500 sessions has it."""
    seats = stage.seats(SESSIONS, Role.ADMINISTRATOR)
    with zmq.Context(1) as context, stage.connect() as connection, ExitStack() as closing:
        context.max_sockets = 2 * SESSIONS
        dealers = [closing.enter_context(stage.dealer(context, seat)) for seat in seats]
        poller = poller_of(dealers)
        for dealer, seat in zip(dealers, seats, strict=True):
            dealer.send(msgspec.msgpack.encode(Follow(seat.secret, None)))
        last_arrival_s(poller, SESSIONS)
        samples = []
        body = msgspec.msgpack.encode(StaffChanged(staff_id=StaffId(0)))
        for _ in range(EVENTS):
            connection.execute(TELL, (body,))
            started = time.perf_counter()
            connection.execute("notify hms_events")
            samples.append(last_arrival_s(poller, SESSIONS) - started)
            time.sleep(0.02)
        return samples


TELL = "insert into event (name, audience, at, body) values ('StaffChanged', 'administer', now(), %s)"


def run(stage: Stage, report: Report) -> None:
    bare, ours = measure_bare(), measure_ours(stage)
    for name, share, limit_ms in (("p50", 0.5, None), ("p99", 0.99, 50)):
        bare_ms, ours_ms = quantile(bare, share) * 1000, quantile(ours, share) * 1000
        absolute = f"{limit_ms} ms and " if limit_ms else ""
        report.add(
            Figure(
                part="c",
                what=f"event to the last of {SESSIONS} sessions, {name}",
                value=f"{ours_ms:.1f} ms",
                against=f"bare ROUTER to {SESSIONS} DEALERs {bare_ms:.1f} ms",
                limit=f"≤ {absolute}3 × (is {ours_ms / bare_ms:.1f} ×)",
                holds=ours_ms <= 3 * bare_ms and (limit_ms is None or ours_ms < limit_ms),
            )
        )
