"""A generator process: takes jobs line by line, runs each with a thread per client, and tells the lap."""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import msgspec
import psycopg
import zmq

from hms_desktop.connection.identity import KeyPair
from tests.benchmarks import raw
from tests.benchmarks.acts import Job, Lap, Seated, Subject, request_of
from tests.benchmarks.stage import Caller, Seat, open_dealer

Perform = Callable[[Subject], UUID]


def main() -> None:
    """Each lap begins when the word "go" comes, after all connections stand."""
    decode = msgspec.json.Decoder(Job).decode
    for line in sys.stdin:
        print(msgspec.json.encode(run(decode(line))).decode(), flush=True)


def run(job: Job) -> Lap:
    """One lap of all clients of this process."""
    ready = threading.Barrier(len(job.clients) + 1)
    with ThreadPoolExecutor(len(job.clients)) as pool:
        laps = [pool.submit(run_client, job, client, ready=ready) for client in job.clients]
        ready.wait(60)
        print("ready", flush=True)
        sys.stdin.readline()
        ready.wait(60)
        done = [lap.result() for lap in laps]
    return Lap(
        began_s=min(lap.began_s for lap in done),
        ended_s=max(lap.ended_s for lap in done),
        latencies_s=[latency for lap in done for latency in lap.latencies_s],
        last_id=done[-1].last_id,
    )


def run_client(job: Job, client: Seated, *, ready: threading.Barrier) -> Lap:
    """One request after the other for every subject of the client."""
    if job.address is None:
        with psycopg.connect(job.dsn, autocommit=True) as connection:
            return measure(
                client.subjects,
                lambda subject: raw.write(connection, job.act, subject, job.products),
                ready=ready,
            )
    seat = Seat(KeyPair(public_key=client.public_key, secret_key=client.secret_key), client.session)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
    with open_dealer(context, seat, address=job.address, server_key=job.server_key) as dealer:
        caller = Caller(dealer, seat.secret)
        caller.greet()
        return measure(
            client.subjects,
            lambda subject: caller.send(request_of(job.act, subject, job.products)).id,
            ready=ready,
        )


def measure(subjects: list[Subject], perform: Perform, *, ready: threading.Barrier) -> Lap:
    ready.wait(60)
    ready.wait(60)
    latencies_s, last_id = [], None
    began_s = before_s = time.monotonic()
    for subject in subjects:
        last_id = perform(subject)
        now_s = time.monotonic()
        latencies_s.append(now_s - before_s)
        before_s = now_s
    return Lap(began_s=began_s, ended_s=before_s, latencies_s=latencies_s, last_id=last_id)


if __name__ == "__main__":
    main()
