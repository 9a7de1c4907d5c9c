"""One run of one job, from the claim to the stored result; threads and waiting are the runner's affair."""

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import psycopg
import structlog

from hms_server.clock import Clock
from hms_server.contract.relay import JobId
from hms_server.dispatch import Dispatcher
from hms_server.faults import Refused
from hms_server.relay import claims, hearing, reachability, settling
from hms_server.relay.claims import Claim
from hms_server.relay.kinds import Again, Destination, Finished, GiveUp, JobKind, Next
from hms_server.relay.network import AUTHORITIES, proxy_of
from hms_server.relay.network import NAME as NETWORK
from hms_server.relay.outside import Outside, OutsideFault, classify
from hms_server.relay.providers import Providers
from hms_server.relay.queries import ALWAYS_ON, ReachabilityDesk
from hms_server.relay.reachability import Probe
from hms_server.relay.settling import Held
from hms_server.work import Work

log = structlog.get_logger()

T = TypeVar("T")

MISTAKE = "The server made a mistake with this job; it is in the server's log."
UNREADABLE = "This job was stored by another version of the server, which has to carry it out."
STORE_AGAIN_S = 1.0
"""How soon a result is stored again that the database did not take."""


@dataclass(eq=False)
class Run:
    """A job while this process works on it; `stop` ends its call."""

    held: Held
    stop: threading.Event = field(default_factory=threading.Event)
    called: bool = False
    ends_by_s: float = math.inf
    """On the monotonic clock: the hard end of its call."""
    abandoned: bool = False
    """Its call did not end in time, and another thread has taken this one's place."""


@dataclass(frozen=True, slots=True)
class Prepared:
    need: Any
    outside: Outside


class Runs:
    """What every server process does with jobs; the threads of `Runner` and the tests' harness call it."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        providers: Providers,
        kinds: Iterable[JobKind[Any, Any, Any]],
        destinations: Iterable[Destination],
        *,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self.dispatcher = dispatcher
        self.providers = providers
        self.kinds = {kind.name: kind for kind in kinds}
        self.destinations = {one.name: one for one in destinations}
        self._limits = {kind.name: kind.policy.time_limit for kind in self.kinds.values()}
        self._clock = clock
        self._ahead = timedelta()
        self._chance = chance
        self.stopping = threading.Event()
        self.under_way: dict[UUID, Run] = {}

    def now(self) -> datetime:
        """The moment by which claims and pauses are counted."""
        return self._clock() + self._ahead

    def follow_database_clock(self) -> None:
        """From now on counts by the clock that all servers share: their own may differ by minutes.

        A server that is ahead would take claims for lapsed whose calls are still under way.
        """
        theirs: datetime = self._act("relay.time", lambda work: work.value("select clock_timestamp()"))
        self._ahead = theirs - self._clock()

    def know_destinations(self) -> None:
        """Once at the start of a process."""
        self._act("relay.start", lambda work: hearing.know(work, self.destinations.values()))

    def due(self) -> list[str]:
        """Destinations that are switched on and have something to do now."""

        def look(work: Work) -> list[str]:
            conditions = self.providers.conditions(work)
            on = (one for one in self.destinations.values() if conditions.get(one.name, ALWAYS_ON).enabled)
            return reachability.due(work, on, now=self.now())

        return self._act("relay.due", look)

    def probe(self, destination: str) -> bool:
        """Asks a destination of which nothing was heard whether it is there; False where that is not due."""

        def take(work: Work) -> tuple[Probe, Outside] | None:
            if not self.switched_on(work, destination):
                return None
            probe = reachability.due_probe(work, self.destinations[destination], now=self.now())
            return (probe, self.outside(work, reachability.PROBE_LIMIT, self.stopping)) if probe else None

        taken = self._act("relay.probe", take)
        if taken is None:
            return False
        probe, outside = taken
        fault = _fault_of(probe.call, outside)
        if not self.stopping.is_set():
            self._act("relay.heard", lambda work: self._heard_probe(work, probe, fault))
        return True

    def _heard_probe(self, work: Work, probe: Probe, fault: OutsideFault | None) -> None:
        if fault is None:
            hearing.heard(work, probe.destination.name)
        else:
            hearing.heard_trouble(work, probe.destination, fault, lease=probe.lease)

    def tell(self, desk: ReachabilityDesk) -> int:
        """Tells every screen what has changed about the destinations."""
        return self._act("relay.tell", lambda work: reachability.tell(work, desk))

    def stop_called_off(self) -> None:
        """Tells calls that are under way here to stop where somebody has called their job off."""
        if not self.under_way:
            return
        leases = self._act("relay.stop", lambda work: claims.to_be_stopped(work, list(self.under_way)))
        for lease in leases:
            if run := self.under_way.get(lease):
                run.stop.set()

    def route(self) -> int:
        """Names the destinations of new jobs, and gives how many it were."""
        return self._act("relay.route", self._route)

    def _route(self, work: Work) -> int:
        routed, unreadable = claims.route(work, self.kinds)
        for claim in unreadable:
            log.error("a job cannot be read", job=claim.id, kind=claim.kind)
            settling.give_up_unread(work, claim, UNREADABLE)
        return routed

    def switched_on(self, work: Work, destination: str) -> bool:
        """Whether jobs go there: a destination whose provider is switched off is left alone."""
        return destination not in self.providers.specs or self.providers.enabled(work, destination)

    def claim(self, destination: str) -> Run | None:
        """The next job of that destination, or None where none may run now."""

        def take(work: Work) -> Claim | None:
            if not self.switched_on(work, destination):
                return None
            held = list(self.under_way)
            return claims.claim(work, destination, self._limits, now=self.now(), held=held)

        claim = self._act("relay.claim", take)
        if claim is None:
            return None
        run = Run(Held(claim=claim, kind=self.kinds[claim.kind], chance=self._chance))
        self.under_way[claim.lease] = run
        return run

    def carry_out(self, run: Run) -> None:
        """Prepares, calls and stores; whatever happens ends up in the job's row."""
        try:
            prepared = self.prepare(run)
            if prepared is not None:
                self.finish(run, self.perform(run, prepared))
        finally:
            self.under_way.pop(run.held.claim.lease, None)

    def end_called_off(self) -> int:
        """Ends jobs that were called off before they ran, or while their server died; gives how many."""
        count = 0
        while self._end_one_called_off():
            count += 1
        return count

    def _end_one_called_off(self) -> bool:
        found: list[JobId] = []
        sentence = MISTAKE
        try:
            return self._act("relay.call_off", lambda work: self._call_off(work, found))
        except psycopg.OperationalError:
            raise
        except Exception as error:
            if not found:
                raise
            log.exception("a job that was called off cannot be ended", job=found[-1])
            sentence = UNREADABLE if isinstance(error, msgspec.DecodeError) else MISTAKE
        # What the slice cannot end ends without it: all other jobs would wait behind it.
        return self._act("relay.call_off", lambda work: self._call_off(work, [], unfit=(found[-1], sentence)))

    def _call_off(self, work: Work, found: list[JobId], *, unfit: tuple[JobId, str] | None = None) -> bool:
        claim = claims.called_off(work, list(self.kinds), now=self.now(), held=list(self.under_way))
        if claim is None:
            return False
        found.append(claim.id)
        held = Held(claim=claim, kind=self.kinds[claim.kind], chance=self._chance)
        if unfit is not None and unfit[0] == claim.id:
            settling.store_unfit(work, held, unfit[1])
        else:
            settling.end_called_off(work, held)
        return True

    def prepare(self, run: Run) -> Prepared | None:
        """None where the run has ended without a call."""
        held = run.held
        name = f"{held.kind.name}.prepare"
        try:
            outcome = self.dispatcher.act(
                name, self._timed(lambda work: self._ready(work, run)), audited=_is_end
            )
        except psycopg.OperationalError as error:
            log.warning("a job waits for the database", job=held.claim.id, error=str(error))
            return None
        except Exception as error:  # noqa: BLE001 - logged, and kept in the job's row
            self._mistake(run, error)
            return None
        return outcome if isinstance(outcome, Prepared) else None

    def _ready(self, work: Work, run: Run) -> "Prepared | Next | None":
        held = run.held
        standing = settling.still_held(work, held)
        if standing is None:
            return None
        policy = held.kind.policy
        if held.claim.lapsed and held.claim.attempts >= policy.attempts:
            outcome: Any = GiveUp(f"Its server ended in the middle of it, {held.claim.attempts} times.")
        else:
            outcome = held.kind.prepare(work, held.opened())
        if isinstance(outcome, Finished | Again | GiveUp):
            hearing.end_trial(work, held.claim.destination, held.claim.lease)
            settling.settle(work, held, outcome, standing, answered=False)
            return outcome
        claims.begin_call(work, held.claim, policy.time_limit, now=self.now())
        return Prepared(outcome, self.outside(work, policy.time_limit, run.stop))

    def outside(self, work: Work, time_limit: timedelta, stop: threading.Event) -> Outside:
        """The way out as it is set up now."""
        if NETWORK not in self.providers.specs:
            return Outside(time_limit=time_limit, stop=stop)
        authorities = self.providers.settings(work, NETWORK)[AUTHORITIES]
        return Outside(
            proxy=proxy_of(self.providers, work),
            time_limit=time_limit,
            stop=stop,
            authorities=authorities or None,
        )

    def perform(self, run: Run, prepared: Prepared) -> Any:
        """The result, or the fault; a fault is a result like another."""
        run.called = True
        run.ends_by_s = time.monotonic() + prepared.outside.time_limit.total_seconds()
        try:
            return run.held.kind.perform(prepared.need, prepared.outside)
        except OutsideFault as fault:
            return fault
        except OSError as error:
            return classify(error)
        except Exception as error:  # noqa: BLE001 - as above
            return error

    def finish(self, run: Run, result: Any) -> None:
        held = run.held
        if isinstance(result, OutsideFault) and self.stopping.is_set():
            self._store(
                run,
                lambda work: settling.release(work, held, uncertain=result.may_have_arrived),
                name="release",
            )
        elif isinstance(result, OutsideFault):
            self._store(run, lambda work: self._store_trouble(work, run, result), name="trouble")
        elif isinstance(result, Exception):
            self._mistake(run, result)
        else:
            self._store(run, lambda work: self._store_result(work, held, result), name="store")

    def _store_result(self, work: Work, held: Held, result: Any) -> bool:
        stored = settling.store_result(work, held, result)
        hearing.heard(work, held.claim.destination)
        return stored

    def _store_trouble(self, work: Work, run: Run, fault: OutsideFault) -> bool:
        claim = run.held.claim
        stored = settling.store_trouble(work, run.held, fault)
        if run.stop.is_set() and time.monotonic() < run.ends_by_s:
            # Stopped by a person: that says nothing of the destination.
            hearing.end_trial(work, claim.destination, claim.lease)
        else:
            hearing.heard_trouble(work, self.destinations[claim.destination], fault, lease=claim.lease)
        return stored

    def _store(self, run: Run, handle: Callable[[Work], bool], *, name: str) -> None:
        """Keeps at it while the database is away: what was heard outside must not be lost."""
        while True:
            try:
                stored = self.dispatcher.act(f"{run.held.kind.name}.{name}", self._timed(handle))
            except psycopg.OperationalError as error:
                log.warning("a result waits for the database", job=run.held.claim.id, error=str(error))
                if self.stopping.wait(STORE_AGAIN_S):
                    return
            except Exception as error:  # noqa: BLE001 - as above
                self._mistake(run, error)
                return
            else:
                if not stored:
                    log.info("a job was taken over by another server", job=run.held.claim.id)
                return

    def _mistake(self, run: Run, error: Exception) -> None:
        """A fault of this program: seen in the log and in the job, and no reason to ask for ever."""
        held = run.held
        log.error("a job failed", job=held.claim.id, kind=held.kind.name, exc_info=error)
        unreadable = isinstance(error, msgspec.DecodeError) and not run.called
        sentence = error.fault.message if isinstance(error, Refused) else MISTAKE
        if not unreadable and self._settle_mistake(
            run, lambda work: settling.store_mistake(work, held, sentence, called=run.called)
        ):
            return
        last = UNREADABLE if unreadable else sentence
        self._settle_mistake(run, lambda work: settling.store_unfit(work, held, last))

    def _settle_mistake(self, run: Run, handle: Callable[[Work], bool]) -> bool:
        """False where the slice's own code for the end of a job fails too."""
        claim = run.held.claim

        def settle(work: Work) -> bool:
            hearing.end_trial(work, claim.destination, claim.lease)
            return handle(work)

        try:
            self.dispatcher.act(f"{claim.kind}.mistake", self._timed(settle))
        except psycopg.OperationalError as error:
            log.warning("a job waits for the database", job=claim.id, error=str(error))
        except Exception:
            log.exception("a job cannot be given up", job=claim.id, kind=claim.kind)
            return False
        return True

    def _act(self, name: str, handle: Callable[[Work], T]) -> T:
        return self.dispatcher.act(name, self._timed(handle), audited=lambda _: False)

    def _timed(self, handle: Callable[[Work], T]) -> Callable[[Work], T]:
        def act(work: Work) -> T:
            work.now = self.now()
            return handle(work)

        return act


def _fault_of(call: Callable[[Outside], None], outside: Outside) -> OutsideFault | None:
    try:
        call(outside)
    except OutsideFault as fault:
        return fault
    except OSError as error:
        return classify(error)
    return None


def _is_end(outcome: object) -> bool:
    return isinstance(outcome, Finished | GiveUp)
