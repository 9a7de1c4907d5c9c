"""What the server and its PostgreSQL take of a machine of 2 GB, with the demo's clinic and after some load.

`python -m tests.benchmarks.bench_memory [--quick]`. PostgreSQL is tuned as on such a machine, whatever this
one has. Counted is the proportional share (PSS): memory that processes share counts once.
"""

import argparse
import json
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from hms_server.demo.home import furnish
from hms_server.postgres import EmbeddedPostgres
from hms_server.postgres_tuning import GIGABYTE, MEGABYTE, Machine, tuned
from tests.benchmarks.acts import Act
from tests.benchmarks.bench_throughput import MOST, prepare
from tests.benchmarks.generators import generators
from tests.benchmarks.report import Figure, Report
from tests.benchmarks.stage import Stage, _server

SMALL = Machine(memory=2 * GIGABYTE, processors=2)
ROUND = 400
ROUNDS = 10
CLIENTS = 8
LIMIT_MB = 800
"""Of 2 GB; the rest is for the system, its cache and perhaps a desktop."""


def main() -> int:
    """Prints the figures; code 1 where they do not fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the load")
    options = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="hms-bench-") as name:
        measure(Path(name), report, rounds=1 if options.quick else ROUNDS)
    report.show()
    return 0 if all(figure.holds is not False for figure in report.figures) else 1


def measure(folder: Path, report: Report, *, rounds: int) -> None:
    folder.chmod(0o711)
    postgres = EmbeddedPostgres(folder, settings=tuned(SMALL))
    dsn = postgres.ensure_running()
    try:
        furnish(folder, dsn, now=datetime.now(UTC), fresh=True)
        with _server(folder) as (process, address):
            keys = json.loads((folder / "keys.json").read_text())
            stage = Stage(dsn, address, keys["public_key"], psutil.Process(process.pid))
            threading.Event().wait(5)
            tell(stage, folder, report, when="idle, demo's clinic")
            load(stage, rounds=rounds)
            tell(stage, folder, report, when=f"after {rounds * ROUND * len(Act)} requests of {CLIENTS} desks")
    finally:
        postgres.stop()


def load(stage: Stage, *, rounds: int) -> None:
    """Patients are checked in, measured and given medicines, by many desks at once."""
    with generators() as pair, stage.connect() as connection:
        clinic = prepare(stage, connection, pair, needed=(rounds + 1) * ROUND + MOST)
        known = {row[0] for row in connection.execute(TOUCHED)}
        # Some of them wait in its queues already, others have died.
        clinic = replace(clinic, patients=[each for each in clinic.patients if each not in known])
        for _ in range(rounds):
            patients = clinic.next_patients(ROUND)
            for act in Act:
                clinic.lap(act, patients, clients=CLIENTS, raw=False)


def tell(stage: Stage, folder: Path, report: Report, *, when: str) -> None:
    server = _pss([stage.process, *stage.process.children(recursive=True)])
    database = _pss(_postgres_of(folder))
    report.add(
        Figure(
            part="memory",
            what=f"server + PostgreSQL, {when}",
            value=f"{server + database} MB",
            against=f"server {server} MB, PostgreSQL {database} MB",
            limit=f"{LIMIT_MB} MB",
            holds=server + database <= LIMIT_MB,
        )
    )


def _postgres_of(folder: Path) -> Sequence[psutil.Process]:
    cluster = str(folder.resolve() / "postgres" / "cluster")
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and cluster in (process.info["cmdline"] or []):
            return [process, *process.children(recursive=True)]
    return []


def _pss(processes: Sequence[psutil.Process]) -> int:
    """Megabytes; one that ends meanwhile takes none."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total // MEGABYTE


TOUCHED = "select patient_id from encounter union select id from patient where deceased"


if __name__ == "__main__":
    raise SystemExit(main())
