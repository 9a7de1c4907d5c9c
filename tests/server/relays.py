"""The relay without its threads: jobs run when a test says so, and servers die at will."""

from collections.abc import Callable, Sequence
from typing import Any

from hms_server.relay.kinds import Destination, JobKind
from hms_server.relay.providers import Providers, ProviderSpec
from hms_server.relay.queries import ReachabilityDesk
from hms_server.relay.running import Run, Runs
from tests.server.desk import Desk


class Relay:
    """One server's relay; two of them on one desk are two servers.

    `desk.pass_time(...)` moves the clock of both. Jobs are asked for by the slices' own requests, or with
    `desk.act(lambda work: ask_outside(work, job))`. There is no chance in the pauses: each is as long as it
    can be.
    """

    def __init__(
        self,
        desk: Desk,
        kinds: Sequence[JobKind[Any, Any, Any]],
        destinations: Sequence[Destination],
        *,
        specs: Sequence[ProviderSpec] | None = None,
    ) -> None:
        self.desk = desk
        providers = desk.providers if specs is None else Providers(desk.vault, specs)
        self.runs = Runs(
            desk.dispatcher, providers, kinds, destinations, clock=lambda: desk.now, chance=lambda: 1.0
        )
        self.runs.know_destinations()
        self.reachability = ReachabilityDesk(providers, destinations)

    def run_due(self) -> int:
        """Carries out all that is due now, on this thread, and gives how many runs that were.

        What a run makes due at once runs too. A job that was called off ends.
        """
        count = self._ready()
        for destination in self.runs.destinations:
            while (run := self.runs.claim(destination)) is not None:
                self.runs.carry_out(run)
                count += 1
                self.runs.route()
        return count

    def probe(self) -> None:
        """Asks every destination of which nothing was heard for a while whether it is there."""
        for destination in self.runs.destinations:
            self.runs.probe(destination)

    def tell(self) -> int:
        """Tells the screens what has changed about the destinations, as servers do every second."""
        return self.runs.tell(self.reachability)

    def run_until_quiet(self, *, step_s: float = 60, at_most: int = 1000) -> int:
        """Turns the clock on until nothing waits any more; an assertion fails when that never happens."""
        count = self.run_due()
        for _ in range(at_most):
            if not self.open_jobs():
                return count
            self.desk.pass_time(seconds=step_s)
            count += self.run_due()
        raise AssertionError(f"{self.open_jobs()} jobs never came to an end")

    def open_jobs(self) -> int:
        """How many jobs wait or run."""
        return int(
            self.desk.sql("select count(*) from relay_job where state in ('waiting', 'running')")[0][0]
        )

    def die_after_claim(self, destination: str) -> bool:
        """A server takes the next job and dies before it has called anybody; False where none was due."""
        return self._die(destination, lambda _: None)

    def die_during_call(self, destination: str) -> bool:
        """A server takes the next job and dies when it is about to call: nobody knows whether it called."""
        return self._die(destination, self.runs.prepare)

    def die_before_store(self, destination: str) -> bool:
        """A server takes the next job, the call goes through, and it dies before the answer is stored."""

        def call(run: Run) -> None:
            prepared = self.runs.prepare(run)
            if prepared is not None:
                self.runs.perform(run, prepared)

        return self._die(destination, call)

    def let_claims_lapse(self) -> None:
        """Turns the clock on until the claims of dead servers are nobody's any more."""
        rows = self.desk.sql("select max(run_at) from relay_job where state = 'running'")
        if rows[0][0] is not None:
            self.desk.now = max(self.desk.now, rows[0][0])

    def _die(self, destination: str, until: Callable[[Run], object]) -> bool:
        self._ready()
        run = self.runs.claim(destination)
        if run is None:
            return False
        until(run)
        self.runs.under_way.clear()
        return True

    def _ready(self) -> int:
        self.runs.route()
        return self.runs.end_called_off()
