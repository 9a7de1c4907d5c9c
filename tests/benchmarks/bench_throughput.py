"""(a) Check-in, vital signs and prescribing through the whole stack, against psycopg and the same rows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from hms_server.contract.values import PatientId, ProductId
from tests.benchmarks.acts import ROLE_OF, Act, Job, Lap, Seated, Subject
from tests.benchmarks.bench_search import fill
from tests.benchmarks.generators import Generator, generators, run_together
from tests.benchmarks.people import people
from tests.benchmarks.report import Figure, Report, quantile
from tests.benchmarks.stage import Seat, Stage

CLIENTS = (1, 8, 32)
MOST = max(CLIENTS)
REQUESTS = {1: 400, 8: 2000, 32: 3200}
QUICK_SHARE = 5
ROUNDS = 2
PEOPLE_FOR_AN_ADULT = 1.4
"""The vital signs of the load are those of an adult."""
WARM_UP = 10
"""Requests of each client that do not count."""
MIN_SHARE_OF_RAW = 1 / 3
MAX_P50_MS = 2.0
MAX_CPU_MS = 1.5
NO_LOSS = 0.97
"""Two laps of the same load differ by about three hundredths."""
SEED = 19


@dataclass
class Tally:
    """All laps of one kind."""

    latencies_s: list[float] = field(default_factory=list)
    lasted_s: float = 0.0
    server_cpu_s: float = 0.0

    def add(self, lap: Lap, *, server_cpu_s: float) -> None:
        self.latencies_s += lap.latencies_s
        self.lasted_s += lap.ended_s - lap.began_s
        self.server_cpu_s += server_cpu_s

    @property
    def per_second(self) -> float:
        return len(self.latencies_s) / self.lasted_s

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.server_cpu_s / len(self.latencies_s)

    @property
    def words(self) -> str:
        return (
            f"{self.per_second:.0f}/s (p50 {self.quantile_ms(0.5):.2f}, p95 {self.quantile_ms(0.95):.2f} ms)"
        )

    def quantile_ms(self, share: float) -> float:
        return 1000 * quantile(self.latencies_s, share)


@dataclass(frozen=True, kw_only=True)
class Clinic:
    """All that laps need: the stage, who sits where, and whom they act on."""

    stage: Stage
    connection: psycopg.Connection[Any]
    generators: Sequence[Generator]
    seats: dict[Act, list[Seat]]
    products: list[ProductId]
    patients: list[PatientId]

    def next_patients(self, count: int) -> list[PatientId]:
        """Patients on whom nobody has acted yet."""
        taken = self.patients[:count]
        del self.patients[:count]
        if len(taken) < count:
            raise LookupError("the benchmark has too few patients")
        return taken

    def lap(self, act: Act, patients: list[PatientId], *, clients: int, raw: bool) -> tuple[Lap, float]:
        """Every client acts on its own share of the patients; the lap and the server's CPU seconds in it."""
        subjects = self._subjects(act, patients)
        seated = [
            _seated(seat, subjects[number::clients]) for number, seat in enumerate(self.seats[act][:clients])
        ]
        chosen = self.generators[: min(clients, len(self.generators))]
        jobs = [self._job(act, seated[number :: len(chosen)], raw=raw) for number in range(len(chosen))]
        before_s = self.stage.server_cpu_s()
        lap = run_together(chosen, jobs)
        return lap, self.stage.server_cpu_s() - before_s

    def _job(self, act: Act, seated: list[Seated], *, raw: bool) -> Job:
        return Job(
            act=act,
            dsn=self.stage.dsn,
            address=None if raw else self.stage.address,
            server_key=self.stage.server_key,
            products=self.products,
            clients=seated,
        )

    def _subjects(self, act: Act, patients: list[PatientId]) -> list[Subject]:
        if act is Act.CHECK_IN:
            return [Subject(patient_id) for patient_id in patients]
        return [Subject(*row) for row in self.connection.execute(SUBJECTS, (patients,))]


def _seated(seat: Seat, subjects: list[Subject]) -> Seated:
    return Seated(
        public_key=seat.keys.public_key,
        secret_key=seat.keys.secret_key,
        session=seat.secret,
        subjects=subjects,
    )


def run(stage: Stage, report: Report, *, quick: bool) -> None:
    requests = {clients: count // (QUICK_SHARE if quick else 1) for clients, count in REQUESTS.items()}
    rounds = 1 if quick else ROUNDS
    needed = 2 * (WARM_UP * MOST + 1 + rounds * sum(requests.values()))
    with generators() as pair, stage.connect() as connection:
        clinic = prepare(stage, connection, pair, needed=needed)
        warm_up(clinic)
        tallies = measure(clinic, requests, rounds=rounds)
    tell(tallies, report)


def prepare(
    stage: Stage, connection: psycopg.Connection[Any], pair: Sequence[Generator], *, needed: int
) -> Clinic:
    """Patients without allergies, two medicines, and desks with staff."""
    everybody = int(needed * PEOPLE_FOR_AN_ADULT)
    fill(connection, list(people(everybody, seed=SEED)))
    connection.execute(NO_ALLERGIES)
    connection.execute("vacuum analyze")
    return Clinic(
        stage=stage,
        connection=connection,
        generators=pair,
        seats={act: stage.seats(MOST, ROLE_OF[act]) for act in Act},
        products=[row[0] for row in connection.execute(PRODUCTS)],
        patients=[row[0] for row in connection.execute(ADULTS)],
    )


def warm_up(clinic: Clinic) -> None:
    """Connections, prepared statements and sessions are in memory; both ways write the same rows."""
    stack, bare = (clinic.next_patients(WARM_UP * MOST) for _ in range(2))
    for act in Act:
        clinic.lap(act, stack, clients=MOST, raw=False)
        clinic.lap(act, bare, clients=MOST, raw=True)
    stack, bare = (clinic.next_patients(1) for _ in range(2))
    for act in Act:
        ours = clinic.lap(act, stack, clients=1, raw=False)[0]
        theirs = clinic.lap(act, bare, clients=1, raw=True)[0]
        ours_rows, their_rows = (rows_of(clinic.connection, lap.last_id) for lap in (ours, theirs))
        if ours_rows != their_rows:
            raise AssertionError(f"{act}: the server writes {ours_rows}, the comparison {their_rows}")
        print(f"  {act}: {sum(ours_rows.values())} rows a request, both ways", flush=True)


def rows_of(connection: psycopg.Connection[Any], request_id: UUID | None) -> dict[str, int]:
    """How many rows of each table the transaction of that request has written."""
    rows = {}
    for (table,) in connection.execute(TABLES).fetchall():
        count = connection.execute(ROWS_OF.format(table=table), (request_id,)).fetchone()
        if count is not None and count[0]:
            rows[table] = count[0]
    return rows


def measure(clinic: Clinic, requests: dict[int, int], *, rounds: int) -> dict[tuple[int, Act, bool], Tally]:
    """All laps; the two ways take turns, so that what else the machine does falls on both."""
    tallies: dict[tuple[int, Act, bool], Tally] = defaultdict(Tally)
    for clients, count in requests.items():
        for _ in range(rounds):
            stack, bare = clinic.next_patients(count), clinic.next_patients(count)
            for act in Act:
                for patients, raw in ((stack, False), (bare, True)):
                    lap, cpu_s = clinic.lap(act, patients, clients=clients, raw=raw)
                    tallies[clients, act, raw].add(lap, server_cpu_s=cpu_s)
    return tallies


def tell(tallies: dict[tuple[int, Act, bool], Tally], report: Report) -> None:
    for act in Act:
        for clients in CLIENTS:
            _tell_rate(
                act,
                clients,
                ours=tallies[clients, act, False],
                raw=tallies[clients, act, True],
                report=report,
            )
        _tell_single(act, tallies[1, act, False], report)
        _tell_loss(act, tallies[8, act, False], tallies[32, act, False], report=report)


def _tell_rate(act: Act, clients: int, *, ours: Tally, raw: Tally, report: Report) -> None:
    share = ours.per_second / raw.per_second
    limited = clients > 1
    report.add(
        Figure(
            part="a",
            what=f"{act}, {clients} client{'s' if limited else ''}",
            value=ours.words,
            against=f"psycopg, same rows: {raw.words}",
            limit=f"≥ 1/3 (is {share:.2f})" if limited else f"(is {share:.2f})",
            holds=share >= MIN_SHARE_OF_RAW if limited else None,
        )
    )
    report.add(
        Figure(
            part="a",
            what=f"{act}, server CPU for one request of {clients}",
            value=f"{ours.cpu_ms:.2f} ms",
            limit=f"≤ {MAX_CPU_MS} ms",
            holds=ours.cpu_ms <= MAX_CPU_MS,
        )
    )


def _tell_single(act: Act, ours: Tally, report: Report) -> None:
    p50_ms = ours.quantile_ms(0.5)
    report.add(
        Figure(
            part="a",
            what=f"{act}, p50 of one client",
            value=f"{p50_ms:.2f} ms",
            limit=f"≤ {MAX_P50_MS:.0f} ms",
            holds=p50_ms <= MAX_P50_MS,
        )
    )


def _tell_loss(act: Act, at_8: Tally, at_32: Tally, *, report: Report) -> None:
    kept = at_32.per_second / at_8.per_second
    report.add(
        Figure(
            part="a",
            what=f"{act}, throughput from 8 to 32 clients",
            value=f"{kept:.2f} ×",
            against=f"8 clients {at_8.per_second:.0f}/s",
            limit="no loss",
            holds=kept >= NO_LOSS,
        )
    )


SUBJECTS = """
select patient_id, encounter_id, id from ticket
where state in ('waiting', 'called') and patient_id = any (%s) order by patient_id
"""
NO_ALLERGIES = """
insert into patient_allergy_status (patient_id, status, at) select id, 'none_known', now() from patient
on conflict (patient_id) do nothing
"""
PRODUCTS = (
    "select id from product where offered and not dispensed_whole and form = 'tablet' order by id limit 2"
)
TABLES = (
    "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
)
ADULTS = "select id from patient where birth_date < now() - interval '17 years' order by id"
ROWS_OF = "select count(*) from {table} where xmin = (select xmin from request where id = %s)"
