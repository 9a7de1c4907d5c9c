"""(b) A small query's round trip, and a doctor's queue of 50 rows, against a bare CURVE echo."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import zmq

from hms_server.contract.accounts import ListDevices
from hms_server.contract.values import Role
from hms_server.contract.visits import DOCTOR, ListQueue
from tests.benchmarks.bench_search import fill
from tests.benchmarks.people import people
from tests.benchmarks.report import Figure, Report, median_ms, time_each
from tests.benchmarks.stage import Stage

TIMES = 2000
QUEUE = 50
MAX_QUEUE_MS = 3.0
SEED = 29


@contextmanager
def bare_router() -> Iterator[tuple[str, bytes]]:
    """Address and key of a bare CURVE ROUTER in another process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.echo"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port, key = process.stdout.readline().split()
    try:
        yield f"tcp://127.0.0.1:{port}", key.encode()
    finally:
        process.terminate()
        process.wait()


def bare_dealer(context: zmq.Context[zmq.Socket[bytes]], address: str, key: bytes) -> zmq.Socket[bytes]:
    """A DEALER of the bare router."""
    dealer = context.socket(zmq.DEALER)
    dealer.curve_serverkey = key
    dealer.curve_publickey, dealer.curve_secretkey = zmq.curve_keypair()
    dealer.linger = 0
    dealer.rcvhwm = 0
    dealer.connect(address)
    return dealer


def measure_echo() -> list[float]:
    """Seconds of one bare round trip each."""
    with (
        bare_router() as (address, key),
        zmq.Context() as context,
        bare_dealer(context, address, key) as dealer,
    ):

        def trip() -> None:
            dealer.send(b"x" * 60)
            dealer.recv()

        return time_each(trip, times=TIMES)


def run(stage: Stage, report: Report) -> None:
    echo_ms = median_ms(measure_echo())
    tell_small_query(stage, report, echo_ms=echo_ms)
    tell_queue(stage, report, echo_ms=echo_ms)


def tell_small_query(stage: Stage, report: Report, *, echo_ms: float) -> None:
    [administrator] = stage.seats(1, Role.ADMINISTRATOR)
    with stage.caller(administrator) as caller:
        query_ms = median_ms(time_each(lambda: caller.ask(ListDevices()), times=TIMES))
    report.add(
        Figure(
            part="b",
            what="small query, round trip p50",
            value=f"{query_ms:.2f} ms",
            against=f"bare CURVE echo {echo_ms:.2f} ms",
            limit=f"≤ 3 × (is {query_ms / echo_ms:.1f} ×)",
            holds=query_ms <= 3 * echo_ms,
        )
    )


def tell_queue(stage: Stage, report: Report, *, echo_ms: float) -> None:
    """All that waits for one doctor; reading it names fifty patients in the audit trail."""
    with stage.connect() as connection:
        fill(connection, list(people(QUEUE, seed=SEED)))
        connection.execute(WAITING)
    [doctor] = stage.seats(1, Role.DOCTOR)
    with stage.caller(doctor) as caller:
        rows = len(caller.ask(ListQueue(service=DOCTOR, mine=True)).tickets)
        if rows != QUEUE:
            raise AssertionError(f"the queue has {rows} rows")
        queue_ms = median_ms(
            time_each(lambda: caller.ask(ListQueue(service=DOCTOR, mine=True)), times=TIMES // 2)
        )
    report.add(
        Figure(
            part="b",
            what=f"a doctor's queue of {QUEUE} rows, p50",
            value=f"{queue_ms:.2f} ms",
            against=f"bare CURVE echo {echo_ms:.2f} ms",
            limit=f"≤ {MAX_QUEUE_MS:.0f} ms",
            holds=queue_ms <= MAX_QUEUE_MS,
        )
    )


WAITING = """
with counted as (
    insert into ticket_counter (day, service, last) select current_date, 'D', count(*) from patient
), opened as (
    insert into encounter (patient_id, started_at) select id, now() from patient returning id, patient_id
)
insert into ticket (encounter_id, patient_id, service, day, number, priority, special_need, queued_at)
select id, patient_id, 'D', current_date, row_number() over (), 3, 9, now() from opened
"""
