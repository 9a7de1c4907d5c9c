"""(f) Eight clients signing in all the time do not double the others' p95."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from hms_server.contract.accounts import ListDevices, SignIn
from hms_server.contract.values import PatientId, Role
from hms_server.contract.visits import CheckIn
from tests.benchmarks.bench_search import fill
from tests.benchmarks.people import people
from tests.benchmarks.report import Figure, Report, quantile, time_each
from tests.benchmarks.stage import PASSWORD, Seat, Stage

SIGNING_IN = 8
TIMES = 1500
QUICK_TIMES = 300
ROUNDS = 2
WARM_UP = 50
MAX_GROWTH = 2.0
SEED = 23


def run(stage: Stage, report: Report, *, quick: bool) -> None:
    times = QUICK_TIMES if quick else TIMES
    with stage.connect() as connection:
        fill(connection, list(people(2 * ROUNDS * (times + WARM_UP), seed=SEED)))
        patients = iter([PatientId(row[0]) for row in connection.execute("select id from patient")])
    [administrator] = stage.seats(1, Role.ADMINISTRATOR)
    [receptionist] = stage.seats(1, Role.RECEPTIONIST)
    storm = Storm(stage, stage.seats(SIGNING_IN, Role.NURSE))
    with stage.caller(administrator) as admin, stage.caller(receptionist) as desk:
        compare(storm, report, "small query", lambda: admin.ask(ListDevices()), times=times)
        compare(storm, report, "check-in", lambda: desk.ask(CheckIn(patient_id=next(patients))), times=times)


class Storm:
    """Clients that sign in again as soon as they are signed in."""

    def __init__(self, stage: Stage, seats: list[Seat]) -> None:
        self._stage = stage
        self._seats = seats
        self._over = threading.Event()
        self.signed_in = 0

    @contextmanager
    def raging(self) -> Iterator[None]:
        """All of them sign in until the block ends."""
        self._over.clear()
        with ThreadPoolExecutor(len(self._seats)) as pool:
            running = [pool.submit(self._sign_in_always, seat) for seat in self._seats]
            try:
                yield
            finally:
                self._over.set()
            self.signed_in = sum(client.result() for client in running)

    def _sign_in_always(self, seat: Seat) -> int:
        count = 0
        with self._stage.caller(Seat(seat.keys, "")) as caller:
            while not self._over.is_set():
                caller.ask(SignIn(user_name="nurse", password=PASSWORD))
                count += 1
        return count


def compare(storm: Storm, report: Report, what: str, act: Callable[[], object], *, times: int) -> None:
    """Measures without and with the storm in turns."""
    calm: list[float] = []
    stormy: list[float] = []
    signed_in = 0
    for _ in range(ROUNDS):
        calm += time_each(act, times=times // ROUNDS, warm_up=WARM_UP)
        with storm.raging():
            stormy += time_each(act, times=times // ROUNDS, warm_up=WARM_UP)
        signed_in += storm.signed_in
    calm_ms, stormy_ms = (1000 * quantile(samples, 0.95) for samples in (calm, stormy))
    report.add(
        Figure(
            part="f",
            what=f"{what}, p95 while {SIGNING_IN} sign in ({signed_in} did)",
            value=f"{stormy_ms:.2f} ms",
            against=f"without them {calm_ms:.2f} ms",
            limit=f"≤ {MAX_GROWTH:.0f} × (is {stormy_ms / calm_ms:.1f} ×)",
            holds=stormy_ms <= MAX_GROWTH * calm_ms,
        )
    )
