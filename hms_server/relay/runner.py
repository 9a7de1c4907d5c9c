"""The threads that carry out jobs: one that looks what is due, and some for each destination.

A call may hang in a library that nothing can interrupt. So every thread is a daemon: a call that does not end
in its time, or with the server, is left behind; another thread takes its place, its claim lapses, and the job
runs again as one whose call may have arrived. What such a thread still writes is refused for want of its
lease.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
import structlog

from hms_server.relay.kinds import Destination
from hms_server.relay.queries import ReachabilityDesk
from hms_server.relay.running import Run, Runs

log = structlog.get_logger()

T = TypeVar("T")

LOOK_EVERY_S = 1.0
"""What another server has stored, or time has made due, waits so long at most."""
GATHER_S = 0.02
"""Jobs of a rush are looked at together."""
AFTER_TROUBLE_S = 1.0
CLOCK_EVERY_S = 60.0
"""How often the database's clock is looked at."""
STOP_WITHIN_S = 2.0
GIVE_WAY_S = 0.02
"""While somebody works at a desk, a thread rests so long after each job, for which nobody waits."""
GRACE_S = 5.0
"""So long after its time limit a call may take to notice that it is to stop."""


class Runner:
    """Carries out jobs until it is stopped. `wake` may be called by any thread.

    `desks_are_busy`: threads of Python take turns, and desks come first.
    """

    def __init__(
        self, runs: Runs, desk: ReachabilityDesk, *, desks_are_busy: Callable[[], bool] = lambda: False
    ) -> None:
        self._runs = runs
        self._desks_are_busy = desks_are_busy
        self._desk = desk
        self._woken = threading.Event()
        self._ready = {name: threading.Event() for name in runs.destinations}
        self._overseer = threading.Thread(target=self._oversee, name="hms-relay", daemon=True)
        self._clock_read_s = 0.0
        self._workers: list[threading.Thread] = []

    def start(self) -> None:
        """Begins; a database that is away is waited for."""
        self._overseer.start()
        for destination in self._runs.destinations.values():
            for _ in range(destination.threads):
                self._add_worker(destination)

    def wake(self) -> None:
        """There may be something new to do."""
        self._woken.set()

    def stop(self) -> None:
        """Ends within about two seconds; calls that do not are left behind, and their jobs run again."""
        self._runs.stopping.set()
        for run in list(self._runs.under_way.values()):
            run.stop.set()
        self.wake()
        for ready in self._ready.values():
            ready.set()
        until_s = time.monotonic() + STOP_WITHIN_S
        for thread in [self._overseer, *self._workers]:
            thread.join(max(until_s - time.monotonic(), 0.01))
        if left := [run.held.claim.id for run in self._runs.under_way.values()]:
            log.warning("calls outside did not end with the server", jobs=left)

    def _add_worker(self, destination: Destination) -> None:
        name = f"hms-relay-{destination.name}-{len(self._workers)}"
        worker = threading.Thread(target=self._work, args=(destination.name,), name=name, daemon=True)
        self._workers.append(worker)
        worker.start()

    def _oversee(self) -> None:
        known = False
        while not self._runs.stopping.is_set():
            self._woken.clear()
            known = known or self._try(self._know, otherwise=False)
            if known and self._try(self._look, otherwise=False):
                self._runs.stopping.wait(GATHER_S)
            self._woken.wait(LOOK_EVERY_S)
        self._runs.dispatcher.close_thread()

    def _know(self) -> bool:
        self._runs.know_destinations()
        self._runs.follow_database_clock()
        self._clock_read_s = time.monotonic()
        return True

    def _look(self) -> bool:
        runs = self._runs
        if time.monotonic() >= self._clock_read_s + CLOCK_EVERY_S:
            runs.follow_database_clock()
            self._clock_read_s = time.monotonic()
        self._replace_stuck()
        runs.route()
        runs.end_called_off()
        runs.stop_called_off()
        for name in runs.due():
            self._ready[name].set()
        runs.tell(self._desk)
        return True

    def _replace_stuck(self) -> None:
        """A call past its time is told to stop, and then left alone with its thread."""
        now_s = time.monotonic()
        for lease, run in list(self._runs.under_way.items()):
            if now_s < run.ends_by_s:
                continue
            run.stop.set()
            if now_s >= run.ends_by_s + GRACE_S and not run.abandoned:
                run.abandoned = True
                self._runs.under_way.pop(lease, None)
                log.warning("a call outside does not end", job=run.held.claim.id, kind=run.held.kind.name)
                self._add_worker(self._runs.destinations[run.held.claim.destination])

    def _work(self, destination: str) -> None:
        ready = self._ready[destination]
        stuck = False
        while not self._runs.stopping.is_set() and not stuck:
            if ready.wait(LOOK_EVERY_S):
                ready.clear()
                stuck = self._work_off(destination)
        self._runs.dispatcher.close_thread()

    def _work_off(self, destination: str) -> bool:
        """Carries out all that is due; True when this thread was given up in the middle."""
        self._try(lambda: self._runs.probe(destination), otherwise=False)
        while not self._runs.stopping.is_set():
            run = self._try(lambda: self._carry_out_next(destination), otherwise=None)
            if run is None or run.abandoned:
                return run is not None
            if self._desks_are_busy():
                self._runs.stopping.wait(GIVE_WAY_S)
        return False

    def _carry_out_next(self, destination: str) -> Run | None:
        run = self._runs.claim(destination)
        if run is not None:
            self._runs.carry_out(run)
        return run

    def _try(self, act: Callable[[], T], *, otherwise: T) -> T:
        """The top of these threads: what fails is logged, and tried again a little later."""
        try:
            return act()
        except psycopg.OperationalError as error:
            log.warning("the relay waits for the database", error=str(error))
        except Exception:
            log.exception("the relay made a mistake")
        self._runs.stopping.wait(AFTER_TROUBLE_S)
        return otherwise
