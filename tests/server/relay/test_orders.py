"""Whatever happens in whatever order, on servers that die: every job ends once, carried out once."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hms_server.contract.relay import CancelJob, JobId, RetryJob, Trouble
from hms_server.relay import jobs
from hms_server.relay.claims import LEASE_MARGIN
from hms_server.relay.kinds import Again, Claimed, Finished, JobKind, Next, Policy
from hms_server.relay.outside import Outside
from hms_server.relay.running import Prepared, Run
from tests.server.desk import Desk, FaultRaised
from tests.server.relay.post import ADMIN, POST, Parcel, fault, parcel
from tests.server.relays import Relay

LIMIT = timedelta(seconds=60)
KEYS = range(3)
COMMON = ("go on", "go on", "go on", "go on", "run", "ask", "wait", "lapse")
RARE = ("die", "cancel", "hurry", "retry")
OUTCOMES = ("through", "lost", "refused", "declined", "nothing yet", "garbled")
Step = tuple[str, int, str, int]


@dataclass
class Books:
    """The provider: it carries out what arrives, twice if asked twice, and can be asked what it has."""

    done: Counter[int] = field(default_factory=Counter)
    outcome: str = "through"

    def call(self, number: int, *, uncertain: bool) -> Next:
        """As a careful slice does it: in doubt it looks first."""
        if uncertain and self.done[number]:
            return Finished()
        if self.outcome in {"through", "lost", "garbled"}:
            self.done[number] += 1
        match self.outcome:
            case "lost":
                raise fault(Trouble.CUT, may_have_arrived=True)
            case "garbled":
                raise fault(Trouble.GARBLED, may_have_arrived=True)
            case "refused":
                raise fault(Trouble.CLOSED)
            case "declined":
                raise fault(Trouble.DECLINED)
            case "nothing yet":
                return Again(timedelta(seconds=30))
        return Finished()


@dataclass
class Server:
    """One of two, with at most one job in hand."""

    relay: Relay
    run: Run | None = None
    prepared: Prepared | None = None
    begun: datetime | None = None
    result: Any = None


class World:
    """A clinic with two servers, and a provider."""

    def __init__(self, desk: Desk) -> None:
        desk.sql("truncate relay_job, relay_destination")
        self.desk = desk
        self.books = Books()
        self.stored: Counter[int] = Counter()
        self.servers = [Server(Relay(desk, [self._kind()], [POST])) for _ in range(2)]

    def _kind(self) -> JobKind[Parcel, tuple[int, bool], Next]:
        def store(_work: Any, job: Claimed[Parcel], result: Next) -> Next:
            if isinstance(result, Finished):
                self.stored[job.payload.number] += 1
            return result

        def perform(need: tuple[int, bool], _outside: Outside) -> Next:
            return self.books.call(need[0], uncertain=need[1])

        return JobKind(
            name="post.parcel",
            destination="post",
            payload=Parcel,
            prepare=lambda _, job: (job.payload.number, job.uncertain),
            perform=perform,
            store=store,
            policy=Policy(time_limit=LIMIT),
        )

    def step(self, action: str, which: int, outcome: str, key: int) -> None:
        """One thing happens."""
        server = self.servers[which]
        match action:
            case "go on":
                self._go_on(server, outcome)
            case "run":
                for _ in range(4):
                    self._go_on(server, outcome)
            case "die":
                self._die(server)
            case _:
                getattr(self, f"people_{action}")(key)

    def people_ask(self, key: int) -> None:
        self.desk.act(lambda work: jobs.ask_outside(work, parcel(key)))

    def people_hurry(self, key: int) -> None:
        self.desk.act(lambda work: jobs.hurry(work, "post.parcel", str(key)))

    def people_cancel(self, key: int) -> None:
        self._by_people(CancelJob, key)

    def people_retry(self, key: int) -> None:
        self._by_people(RetryJob, key)

    def people_wait(self, key: int) -> None:
        self.desk.pass_time(seconds=(2, 20, 120)[key])

    def people_lapse(self, _key: int) -> None:
        self.servers[0].relay.let_claims_lapse()

    def _by_people(self, request: type[CancelJob | RetryJob], key: int) -> None:
        rows = self.desk.sql("select id from relay_job where key = %s", (str(key),))
        for (job_id,) in rows:
            # Refused where the job is over, or runs.
            with suppress(FaultRaised):
                self.desk.ask(request(job_id=JobId(job_id)), ADMIN)

    def _go_on(self, server: Server, outcome: str) -> None:
        """The next of claim, prepare, perform and finish."""
        if server.run is None:
            self._claim(server)
        elif server.prepared is None:
            self._prepare(server, server.run)
        elif server.result is None:
            self._perform(server, server.run, server.prepared, outcome)
        else:
            server.relay.runs.finish(server.run, server.result)
            self._die(server)

    def _claim(self, server: Server) -> None:
        server.relay.runs.route()
        server.relay.runs.end_called_off()
        server.run = server.relay.runs.claim("post")

    def _prepare(self, server: Server, run: Run) -> None:
        server.prepared = server.relay.runs.prepare(run)
        server.begun = self.desk.now
        if server.prepared is None:
            self._die(server)

    def _perform(self, server: Server, run: Run, prepared: Prepared, outcome: str) -> None:
        assert server.begun is not None
        if self.desk.now >= server.begun + LIMIT + LEASE_MARGIN:
            # The time limit of the call has ended it long ago.
            server.result = fault(Trouble.SILENT)
            return
        self.books.outcome = outcome
        server.result = server.relay.runs.perform(run, prepared)

    def _die(self, server: Server) -> None:
        server.relay.runs.under_way.clear()
        server.run = server.prepared = server.begun = server.result = None

    def come_to_rest(self) -> None:
        """Both servers die, a third runs in good weather until nothing is left."""
        for server in self.servers:
            self._die(server)
        self.books.outcome = "through"
        last = Relay(self.desk, [self._kind()], [POST])
        last.let_claims_lapse()
        last.run_until_quiet(step_s=600)

    def states(self) -> dict[int, str]:
        return {int(key): state for key, state in self.desk.sql("select key, state from relay_job")}


steps = st.lists(
    st.tuples(
        st.sampled_from(COMMON * 2 + RARE),
        st.integers(0, 1),
        st.sampled_from(OUTCOMES),
        st.sampled_from(KEYS),
    ),
    min_size=10,
    max_size=60,
)


@given(steps)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_job_ends_once_and_is_carried_out_once(desk: Desk, steps: Sequence[Step]) -> None:
    world = World(desk)
    world.people_ask(0)
    for step in steps:
        world.step(*step)

    world.come_to_rest()

    for key, state in world.states().items():
        carried_out, stored = world.books.done[key], world.stored[key]
        assert carried_out <= 1, "carried out twice"
        assert stored == (state == "done"), "stored once, if it is done"
        assert state in {"done", "failed", "cancelled"}
        assert state != "done" or carried_out == 1
        assert state != "cancelled" or carried_out == 0, "called off, and nobody knows that it arrived"
