"""(b) A small query's round trip, and a doctor's queue of 50 rows, against a bare CURVE echo."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import zmq

from hms_server.contract.accounts import ListDevices
from hms_server.contract.values import Role
from tests.benchmarks.report import Figure, Report, median_ms, time_each
from tests.benchmarks.stage import Stage

TIMES = 2000


@contextmanager
def bare_router() -> Iterator[tuple[str, bytes]]:
    """Address and key of a bare CURVE ROUTER in another process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.echo"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port, key = process.stdout.readline().split()
    yield f"tcp://127.0.0.1:{port}", key.encode()
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
    with bare_router() as (address, key), zmq.Context() as context:
        dealer = bare_dealer(context, address, key)

        def trip() -> None:
            dealer.send(b"x" * 60)
            dealer.recv()

        samples = time_each(trip, times=TIMES)
        dealer.close()
        return samples


def run(stage: Stage, report: Report) -> None:
    echo_ms = median_ms(measure_echo())
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
