"""(h) How far one machine goes: a mixed clinic day at a growing pace, until p95 passes 100 ms."""

import os
import random
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import msgspec
import zmq

from hms_server.contract.envelope import Call, Done, Follow, Following, FromServer, Request
from hms_server.contract.patients import SearchPatients
from hms_server.contract.pharmacy import ReceiveStock
from hms_server.contract.values import PatientId, ProductId, Role
from hms_server.contract.visits import ListQueue
from tests.benchmarks.bench_search import fill
from tests.benchmarks.bench_throughput import ADULTS, NO_ALLERGIES, PRODUCTS
from tests.benchmarks.followers import following
from tests.benchmarks.people import people
from tests.benchmarks.report import Figure, Report, quantile
from tests.benchmarks.stage import RefusedError, Seat, Stage
from tests.benchmarks.visit import Visit

SESSIONS = (50, 200, 500)
QUICK_SESSIONS = (50, 200)
PACE = 0.1
"""Requests a second of one workstation in a rush: a patient in two minutes, with all the lists."""
FASTER = 1.4
SLOWEST = 4.0
RUNG_S = 6.0
QUICK_RUNG_S = 3.0
PATIENCE_S = 10.0
LIMIT_MS = 100
LOOKS = 0.5
"""The share of requests that only look: lists that an event has made stale, and searches."""
BUSY = 5
"""So many desks of each role are typed at; at the others people read what is shown."""
IN_HOUSE = 80
"""So many patients are on their way at most; the lists of a real clinic are not longer either."""
SEARCHES = 0.15
"""Of those."""
PEOPLE = 30_000
QUICK_PEOPLE = 8_000
DELIVERIES, DELIVERED = 5, 100_000
KEEPS = timedelta(days=700)
SEED = 23
STAFF = {
    Role.NURSE: 0.35,
    Role.DOCTOR: 0.25,
    Role.RECEPTIONIST: 0.2,
    Role.PHARMACIST: 0.1,
    Role.CASHIER: 0.1,
}


@dataclass
class Rung:
    """One pace that was tried: moments from when a request was due until its answer was there."""

    per_second: float
    latencies_s: list[float] = field(default_factory=list)
    unanswered: int = 0
    server_cpu: float = 0.0

    @property
    def p95_ms(self) -> float:
        return quantile(self.latencies_s, 0.95) * 1000 if self.latencies_s else float("inf")

    @property
    def holds(self) -> bool:
        return self.unanswered == 0 and self.p95_ms <= LIMIT_MS


class Crowd:
    """The workstations at which somebody types; they follow the events too."""

    def __init__(self, stage: Stage, context: zmq.Context[zmq.Socket[bytes]], seats: dict[Role, list[Seat]]):
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(FromServer).decode
        self._poller = zmq.Poller()
        self._desks: dict[Role, Iterator[tuple[zmq.Socket[bytes], str]]] = {}
        self._closing = ExitStack()
        joined = 0
        for role, sitting in seats.items():
            desks = [
                (self._closing.enter_context(stage.dealer(context, seat)), seat.secret) for seat in sitting
            ]
            for dealer, secret in desks:
                self._poller.register(dealer, zmq.POLLIN)
                dealer.send(self._encode(Follow(secret, None)))
            joined += len(desks)
            self._desks[role] = cycle(desks)
        there = 0
        while there < joined:
            there += sum(isinstance(message, Following) for message in self.arrived(10_000))

    def send(self, role: Role, request: Request[Any]) -> UUID:
        """Asks as the next workstation of that role."""
        dealer, secret = next(self._desks[role])
        call = Call(uuid4(), type(request).__name__, secret, msgspec.Raw(self._encode(request)))
        dealer.send(self._encode(call))
        return call.id

    def arrived(self, wait_ms: int) -> list[FromServer]:
        """All answers that have come to any workstation."""
        messages = []
        for dealer, _ in self._poller.poll(wait_ms):
            while int(dealer.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
                frames = dealer.recv_multipart()
                # Events come with a position before them; nobody has to look at these here.
                if len(frames) == 1:
                    messages.append(self._decode(frames[0]))
        return messages

    def close(self) -> None:
        self._closing.close()


class Rush:
    """Patients on their way through the clinic, and people who look at lists; goes on from rung to rung."""

    def __init__(self, crowd: Crowd, patients: list[PatientId], products: list[ProductId]) -> None:
        self._crowd = crowd
        self._patients = patients
        self._products = products
        self._ready: deque[Visit] = deque()
        self._due_s: dict[UUID, float] = {}
        self._asked: dict[UUID, Visit] = {}
        self._chance = random.Random(SEED)  # noqa: S311 - repeatable on purpose

    def climb(self, per_second: float, *, lasts_s: float) -> Rung:
        """Requests come when they are due, whether or not the one before has been answered."""
        rung = Rung(per_second)
        began_s = time.perf_counter()
        due_s, end_s = began_s, began_s + lasts_s
        while due_s < end_s:
            now_s = time.perf_counter()
            while due_s <= now_s:
                self._ask(due_s)
                due_s += 1 / per_second
            self._take(rung, wait_ms=max(0, int((due_s - time.perf_counter()) * 1000)))
        while self._due_s and time.perf_counter() < end_s + PATIENCE_S:
            self._take(rung, wait_ms=10)
        rung.unanswered = len(self._due_s)
        return rung

    def _ask(self, due_s: float) -> None:
        is_full = not self._ready and len(self._asked) >= IN_HOUSE
        if is_full or self._chance.random() < LOOKS:
            self._due_s[self._look()] = due_s
            return
        visit = self._ready.popleft() if self._ready else Visit(self._patients.pop(), self._products)
        role, request = visit.next_request()
        call_id = self._crowd.send(role, request)
        self._due_s[call_id], self._asked[call_id] = due_s, visit

    def _look(self) -> UUID:
        chance = self._chance.random()
        if chance < SEARCHES:
            return self._crowd.send(Role.RECEPTIONIST, SearchPatients(text=self._chance.choice(NAMES)))
        service, role = self._chance.choice((("T", Role.NURSE), ("D", Role.DOCTOR)))
        return self._crowd.send(role, ListQueue(service=service))

    def _take(self, rung: Rung, *, wait_ms: int) -> None:
        for message in self._crowd.arrived(wait_ms):
            if not isinstance(message, Done):
                raise RefusedError(message)
            rung.latencies_s.append(time.perf_counter() - self._due_s.pop(message.id))
            visit = self._asked.pop(message.id, None)
            if visit is not None and visit.goes_on(message.body):
                self._ready.append(visit)


GO_HOME = "update ticket set state = 'left', ended_at = now() where state in ('waiting', 'called')"
NAMES = ("adeyemi", "okaf", "bello ib", "mens", "fatima", "mohamed", "chukw", "diallo")


def run(stage: Stage, report: Report, *, quick: bool) -> None:
    with stage.connect() as connection:
        fill(connection, list(people(QUICK_PEOPLE if quick else PEOPLE, seed=SEED)))
        connection.execute(NO_ALLERGIES)
        patients = [row[0] for row in connection.execute(ADULTS)]
        products = [row[0] for row in connection.execute(PRODUCTS)]
    with stage.caller(stage.seats(1, Role.PHARMACIST)[0]) as pharmacist:
        for product_id in products:
            for _ in range(DELIVERIES):
                pharmacist.ask(
                    ReceiveStock(
                        product_id=product_id,
                        lot="BENCH",
                        expires_on=datetime.now(UTC).date() + KEEPS,
                        quantity=DELIVERED,
                    )
                )
    for count in QUICK_SESSIONS if quick else SESSIONS:
        measure(stage, report, count, patients, products, lasts_s=QUICK_RUNG_S if quick else RUNG_S)


def measure(
    stage: Stage,
    report: Report,
    count: int,
    patients: list[PatientId],
    products: list[ProductId],
    *,
    lasts_s: float,
) -> None:
    """Climbs as long as answers come in time; the last rung that held is the figure."""
    idle_mb = stage.process.memory_info().rss / 2**20
    seats = {role: stage.seats(round(count * share), role) for role, share in STAFF.items()}
    typing = {role: sitting[:BUSY] for role, sitting in seats.items()}
    looking = [seat for sitting in seats.values() for seat in sitting[BUSY:]]
    with following(stage, looking), zmq.Context(1) as context:
        context.max_sockets = 2 * count + 100
        crowd = Crowd(stage, context, typing)
        try:
            rush = Rush(crowd, patients, products)
            rush.climb(max(10.0, count * PACE), lasts_s=lasts_s)
            best, failed = climb(rush, stage, begin=max(10.0, count * PACE), lasts_s=lasts_s)
        finally:
            crowd.close()
    with stage.connect() as connection:
        connection.execute(GO_HOME)
    tell(report, count, best, failed)
    busy_mb = stage.process.memory_info().rss / 2**20
    report.add(
        Figure(
            part="h",
            what=f"memory of the server with {count} sessions",
            value=f"{busy_mb:.0f} MB",
            against=f"before them {idle_mb:.0f} MB",
            limit=f"({(busy_mb - idle_mb) / count:.2f} MB a session)",
        )
    )


def climb(rush: Rush, stage: Stage, *, begin: float, lasts_s: float) -> tuple[Rung | None, Rung]:
    """The last rung that held, and the first that did not, twice: other programs may have had the cores.

    Begins slower where the first pace is too much already.
    """
    best, per_second, slipped = None, begin, False
    while True:
        cpu_s = stage.server_cpu_s()
        rung = rush.climb(per_second, lasts_s=lasts_s)
        rung.server_cpu = (stage.server_cpu_s() - cpu_s) / lasts_s
        if rung.holds:
            best, per_second, slipped = rung, per_second * FASTER, False
        elif slipped and (best is not None or per_second < SLOWEST):
            return best, rung
        elif slipped:
            per_second, slipped = per_second / 2, False
        else:
            slipped = True


def tell(report: Report, count: int, best: Rung | None, failed: Rung) -> None:
    need = count * PACE
    load = os.getloadavg()[0]
    reached = best.per_second if best else 0.0
    words = f"{reached:.0f}/s (p95 {best.p95_ms:.0f} ms, {best.server_cpu:.2f} cores)" if best else "none"
    report.add(
        Figure(
            part="h",
            what=f"mixed clinic day with {count} sessions following, p95 up to {LIMIT_MS} ms",
            value=words,
            against=f"a rush of that many desks {need:.0f}/s; at {failed.per_second:.0f}/s p95 "
            f"{failed.p95_ms:.0f} ms; load generator on the same cores, load {load:.1f}",
            limit=f"≥ 1 × the rush (is {reached / need:.1f} ×)",
            holds=reached >= need,
        )
    )
