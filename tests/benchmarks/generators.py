"""Two processes that make load, so that their own Python does not become the limit."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import msgspec

from tests.benchmarks.acts import Job, Lap


@dataclass(frozen=True)
class Generator:
    """A running `tests.benchmarks.load`."""

    orders: IO[str]
    words: IO[str]

    def prepare(self, job: Job) -> None:
        """Hands the job over."""
        self.orders.write(msgspec.json.encode(job).decode() + "\n")
        self.orders.flush()

    def await_ready(self) -> None:
        word = self.words.readline()
        if word != "ready\n":
            raise LoadFailedError(word or "a generator process ended")

    def go(self) -> None:
        self.orders.write("go\n")
        self.orders.flush()

    def lap(self) -> Lap:
        """Waits for the end of the job."""
        line = self.words.readline()
        if not line:
            raise LoadFailedError("a generator process ended")
        return msgspec.json.decode(line, type=Lap)


class LoadFailedError(Exception):
    """The process has said why on its standard error."""


@contextmanager
def generators(count: int = 2) -> Iterator[list[Generator]]:
    """So many idle generator processes."""
    command = [sys.executable, "-m", "tests.benchmarks.load"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        yield [
            Generator(process.stdin, process.stdout)
            for process in processes
            if process.stdin is not None and process.stdout is not None
        ]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def run_together(chosen: Sequence[Generator], jobs: Sequence[Job]) -> Lap:
    """Runs one job on each at the same time, as one lap."""
    pairs = list(zip(chosen, jobs, strict=True))
    for generator, job in pairs:
        generator.prepare(job)
    for generator, _ in pairs:
        generator.await_ready()
    for generator, _ in pairs:
        generator.go()
    laps = [generator.lap() for generator, _ in pairs]
    return Lap(
        began_s=min(lap.began_s for lap in laps),
        ended_s=max(lap.ended_s for lap in laps),
        latencies_s=[latency for lap in laps for latency in lap.latencies_s],
        last_id=laps[0].last_id,
    )
