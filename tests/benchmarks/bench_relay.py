"""(g) The relay against the bare provider by `requests`, and check-ins while it is busy against calm."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import requests

from hms_server.billing.ledger import CONSULTATION, charge_consultation
from hms_server.clock import system_clock
from hms_server.contract.billing import GetInvoice
from hms_server.contract.consultations import EncounterSigned
from hms_server.contract.paystack import StartOnlinePayment
from hms_server.contract.relay import SetProvider
from hms_server.contract.values import EncounterId, PatientId, Role
from hms_server.contract.visits import CheckIn
from hms_server.dispatch import SERVER
from hms_server.work import Work
from tests.benchmarks.report import Figure, Report, quantile
from tests.benchmarks.stage import Caller, Stage
from tests.outside.local import Reply, Seen
from tests.outside.paystack import FakePaystack
from tests.server.billing.bills import PRICE_SERVICE, SINCE_EVER
from tests.wire.processes import ADD_PATIENTS

PAYMENTS, QUICK_PAYMENTS = 400, 150
CHECK_INS = 150
THREADS = 4
"""As many as the relay has for this provider."""
MIN_SHARE_OF_BARE = 0.1
MIN_PACE = 0.5
LONGEST_WAIT_MS = 100.0
WITHIN_S = 300.0


def run(stage: Stage, report: Report, *, quick: bool = False) -> None:
    """Every payment is one job that begins it, and then jobs that look whether it was paid."""
    count = QUICK_PAYMENTS if quick else PAYMENTS
    admin, cashier, nurse = (
        stage.seats(1, role)[0] for role in (Role.ADMINISTRATOR, Role.CASHIER, Role.NURSE)
    )
    with (
        FakePaystack() as theirs,
        stage.connect() as connection,
        stage.caller(admin) as administrator,
        stage.caller(cashier) as desk,
        stage.caller(nurse) as other,
    ):
        administrator.ask(
            SetProvider(
                name="paystack", settings={"address": theirs.url}, secrets={"secret_key": theirs.secret}
            )
        )
        bare = _bare_per_second(theirs, count)
        patients = [PatientId(row[0]) for row in connection.execute(ADD_PATIENTS, (3000,)).fetchall()]
        bills = _bills(connection, patients[:count])
        people = iter(patients)
        calm = _check_ins(other, people, _so_many(CHECK_INS))

        with _held_back(theirs) as let_go:
            _start_all(desk, bills)
            served = len(theirs.seen)
            began_s = time.perf_counter()
            let_go.set()
            busy = _check_ins(other, people, lambda: not _all_begun(connection))
            lasted_s = time.perf_counter() - began_s
    _tell_jobs(report, (len(theirs.seen) - served) / lasted_s, bare)
    _tell_pace(report, calm, busy)


def _bills(connection: psycopg.Connection[object], patients: Sequence[PatientId]) -> list[EncounterId]:
    connection.execute("delete from price where service_code = %s", (CONSULTATION,))
    connection.execute(PRICE_SERVICE, (CONSULTATION, 500_000, "NGN", SINCE_EVER))
    now = system_clock()
    visits = []
    for patient_id in patients:
        with connection.transaction():
            row = connection.execute(ADD_ENCOUNTER, (patient_id, now)).fetchone()
            assert isinstance(row, tuple)
            signed = EncounterSigned(encounter_id=row[0], patient_id=patient_id)
            charge_consultation(Work(connection, SERVER, now, uuid4()), signed)
            visits.append(signed.encounter_id)
    return visits


def _start_all(desk: Caller, bills: Sequence[EncounterId]) -> None:
    for bill in bills:
        invoice = desk.ask(GetInvoice(encounter_id=bill))
        desk.ask(StartOnlinePayment(invoice_id=invoice.id, version=invoice.version, amount=invoice.due))


@contextmanager
def _held_back(theirs: FakePaystack) -> Iterator[threading.Event]:
    """The relay's threads wait for their first answers, so that all jobs are there when it begins."""
    let_go = threading.Event()

    def hold(_seen: Seen) -> Reply | None:
        let_go.wait(60)
        return None

    theirs.troubles.extend([hold] * THREADS)
    try:
        yield let_go
    finally:
        let_go.set()


def _bare_per_second(theirs: FakePaystack, count: int) -> float:
    """The same calls without anything around them."""

    def call(number: int) -> None:
        body = {"reference": f"bare-{number}", "amount": 500_000, "currency": "NGN", "email": "a@example.org"}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                f"{theirs.url}/transaction/initialize",
                json=body,
                headers={"Authorization": f"Bearer {theirs.secret}"},
                timeout=30,
            )
        answer.raise_for_status()

    began_s = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(call, range(count)))
    return count / (time.perf_counter() - began_s)


def _so_many(count: int) -> Callable[[], bool]:
    numbers = iter(range(count))
    return lambda: next(numbers, None) is not None


def _check_ins(nurse: Caller, people: Iterator[PatientId], go_on: Callable[[], bool]) -> list[float]:
    """Checks people in, one after the other, for so long; gives how long each took."""
    samples: list[float] = []
    until_s = time.perf_counter() + WITHIN_S
    while go_on():
        began_s = time.perf_counter()
        nurse.ask(CheckIn(patient_id=next(people)))
        samples.append(time.perf_counter() - began_s)
        assert began_s < until_s, "the jobs do not end"
    return samples


def _all_begun(connection: psycopg.Connection[object]) -> bool:
    return connection.execute(NOT_BEGUN).fetchone() is None


def _tell_jobs(report: Report, relayed: float, bare: float) -> None:
    report.add(
        Figure(
            part="g",
            what="jobs through the relay, each stored before and after its call",
            value=f"{relayed:.0f}/s",
            against=f"the same provider by requests, {THREADS} threads: {bare:.0f}/s",
            limit=f"≥ {MIN_SHARE_OF_BARE} (is {relayed / bare:.2f})",
            holds=relayed / bare >= MIN_SHARE_OF_BARE,
        )
    )


def _tell_pace(report: Report, calm: list[float], busy: list[float]) -> None:
    pace = (len(busy) / sum(busy)) / (len(calm) / sum(calm))
    report.add(
        Figure(
            part="g",
            what="check-ins of one client while the relay works off its jobs",
            value=f"{len(busy) / sum(busy):.0f}/s",
            against=f"relay idle: {len(calm) / sum(calm):.0f}/s",
            limit=f"≥ {MIN_PACE} (is {pace:.2f})",
            holds=pace >= MIN_PACE,
        )
    )
    p99_ms = 1000 * quantile(busy, 0.99)
    report.add(
        Figure(
            part="g",
            what="p99 of a check-in meanwhile",
            value=f"{p99_ms:.1f} ms",
            against=f"relay idle: {1000 * quantile(calm, 0.99):.1f} ms",
            limit=f"≤ {LONGEST_WAIT_MS:.0f} ms",
            holds=p99_ms <= LONGEST_WAIT_MS,
        )
    )


ADD_ENCOUNTER = "insert into encounter (patient_id, started_at) values (%s, %s) returning id"
NOT_BEGUN = """
select from relay_job where kind = 'paystack.initialize' and state in ('waiting', 'running') limit 1
"""
