"""How long a search takes among ever more patients: by part of a name, misspelt, by phone."""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any
from uuid import uuid4

import psycopg

from hms_server.contract.patients import FindLookAlikes, SearchPatients
from hms_server.contract.values import DeviceId, StaffId
from hms_server.patients.models import rebuild_search
from hms_server.patients.queries import find_look_alikes
from hms_server.patients.search import search_patients
from hms_server.work import Actor, Work
from tests.benchmarks.people import Somebody, misspell, people

SIZES = (10_000, 50_000, 100_000, 1_000_000)
QUERIES = 300
MAX_GROWTH = 2.0
LIMIT_MS_UP_TO_50K, LIMIT_MS = 10.0, 50.0
SEED = 7
HEADINGS = "  patients search by                p50 ms   p95 ms   max ms  limit  growth"
HEADINGS = (
    f"{'patients':>10} {'search by':<22} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8} {'limit':>6} {'growth':>7}"
)


@dataclass(frozen=True, slots=True)
class Figure:
    patients: int
    kind: str
    p50_ms: float
    p95_ms: float
    longest_ms: float

    @property
    def limit_ms(self) -> float:
        return LIMIT_MS_UP_TO_50K if self.patients <= 50_000 else LIMIT_MS


def run(dsn: str, sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Fills the migrated, still empty database step by step, measures at each size and prints the table."""
    figures: list[Figure] = []
    print(HEADINGS)
    with psycopg.connect(dsn, autocommit=True) as connection:
        source = people(max(sizes), seed=SEED)
        filled = 0
        for size in sorted(sizes):
            more = list(islice(source, size - filled))
            fill(connection, more)
            filled = size
            known = random.Random(SEED).choices(more, k=QUERIES)  # noqa: S311 - repeatable on purpose
            for kind, ask in asks(connection, known).items():
                figure = measure(kind, size, ask)
                figures.append(figure)
                print_line(figure, figures)
    return figures


def fill(connection: psycopg.Connection[Any], more: Sequence[Somebody]) -> None:
    """Adds patients in bulk, some of whom were here lately."""
    columns = "family_name, given_names, sex, birth_date, phone, birth_precision, no_phone, deceased"
    now = datetime.now(UTC)
    with connection.transaction(), connection.cursor() as cursor:
        copy = f"copy patient ({columns}, registered_at, changed_at) from stdin"
        with cursor.copy(copy) as stored:
            for one in more:
                traits = (one.family_name, one.given_names, one.sex, one.birth_date, one.phone)
                stored.write_row((*traits, "day", False, False, now, now))
        rebuild_search(connection)
        connection.execute(SEEN, (now, now))
    connection.execute("vacuum analyze")


def asks(
    connection: psycopg.Connection[Any], known: Sequence[Somebody]
) -> dict[str, Callable[[int], object]]:
    """What people type, for the n-th of the known patients."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable on purpose
    texts = {
        "part of a name": [one.family_name[: chance.randint(3, 5)] for one in known],
        "parts of two names": [f"{one.given_names[:4]} {one.family_name[:4]}" for one in known],
        "full name": [f"{one.family_name} {one.given_names}" for one in known],
        "misspelt name": [misspell(one.family_name, chance) for one in known],
        "two misspelt names": [
            f"{misspell(one.given_names, chance)} {misspell(one.family_name, chance)}" for one in known
        ],
        "phone": [one.phone for one in known],
        "end of a phone": [one.phone[-5:] for one in known],
        "beginning of a phone": [one.phone[:6] for one in known],
    }
    searches = {kind: partial(_search, connection, typed) for kind, typed in texts.items()}
    return {**searches, "look-alikes": partial(_look_alikes, connection, known)}


def _search(connection: psycopg.Connection[Any], typed: Sequence[str], nth: int) -> object:
    return search_patients(work(connection), SearchPatients(text=typed[nth]))


def _look_alikes(connection: psycopg.Connection[Any], known: Sequence[Somebody], nth: int) -> object:
    one = known[nth]
    request = FindLookAlikes(
        family_name=one.family_name, given_names=one.given_names, birth_date=one.birth_date, phone=one.phone
    )
    return find_look_alikes(work(connection), request)


def work(connection: psycopg.Connection[Any]) -> Work:
    return Work(connection, Actor(device_id=DeviceId(1), staff_id=StaffId(1)), datetime.now(UTC), uuid4())


def measure(kind: str, size: int, ask: Callable[[int], object]) -> Figure:
    times_ms = []
    for nth in range(-20, QUERIES):
        begun = time.perf_counter()
        ask(nth % QUERIES)
        times_ms.append((time.perf_counter() - begun) * 1000)
    times_ms = times_ms[20:]
    hundredths = statistics.quantiles(times_ms, n=100)
    return Figure(size, kind, hundredths[49], hundredths[94], max(times_ms))


def print_line(figure: Figure, figures: Sequence[Figure]) -> None:
    smallest = next(other for other in figures if other.kind == figure.kind)
    growth = figure.p95_ms / smallest.p95_ms
    verdict = "" if figure.p95_ms < figure.limit_ms and growth < MAX_GROWTH else "  over the limit"
    print(
        f"{figure.patients:>10,} {figure.kind:<22} {figure.p50_ms:>8.2f} {figure.p95_ms:>8.2f} "
        f"{figure.longest_ms:>8.2f} {figure.limit_ms:>6.0f} {growth:>6.1f}×{verdict}"
    )


SEEN = """
insert into patient_seen (patient_id, seen_at, words)
select patient_id, %s - random() * interval '60 days', words from patient_search where random() < 0.02
on conflict (patient_id) do update set seen_at = %s
"""
