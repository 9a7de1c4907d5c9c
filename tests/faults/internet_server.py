"""A real server for which the clinic's time flies, so that a day of internet trouble fits into minutes.

Only what the server is handed is other than in a clinic: its clock, and the table of the relay. Pauses,
leases and breakers follow the clock by themselves; time limits of calls are measured in real seconds, so
they are shortened here, and claims are kept long enough for a machine that is busy with other things.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from hms_server import relay_table
from hms_server.__main__ import main
from hms_server.app import Server
from hms_server.config import Settings
from hms_server.console import serving
from hms_server.crypto import Vault
from hms_server.dispatch import Dispatcher
from hms_server.relay.claims import LEASE_MARGIN
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Destination, JobKind
from hms_server.relay.outside import Outside
from hms_server.relay_table import RelayTable
from hms_server.work import Work

BEGAN, SPEED, NOTICES = "HMS_TEST_BEGAN", "HMS_TEST_SPEED", "HMS_TEST_NOTICES"
SHORTEST_LIMIT_S = 2.0
"""A call that nobody disturbs is done by then, however busy the machine is."""
AFTERWARDS_S = 0.5
"""A run of several calls ends a little after the time of one, which first says itself that it was late."""
STALL_S = 3.0
"""So long a claim outlives the time limit of its call; in a clinic that is half a minute."""


@dataclass(frozen=True, slots=True)
class QuickClock:
    """The clinic's time: `speed` seconds for each real one since `began_s` (of `time.time`)."""

    began_s: float
    speed: float

    @classmethod
    def of_environment(cls) -> Self:
        return cls(float(os.environ[BEGAN]), float(os.environ[SPEED]))

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.began_s + (time.time() - self.began_s) * self.speed, UTC)

    def real_s(self, span: timedelta) -> float:
        """How long that lasts for whoever waits for it."""
        return span.total_seconds() / self.speed


class _Deadline(threading.Event):
    """Set when the runner says so, or when the real time for a whole run is over."""

    def __init__(self, stop: threading.Event, within_s: float) -> None:
        super().__init__()
        self._stop = stop
        self._until_s = time.monotonic() + within_s

    def is_set(self) -> bool:
        return self._stop.is_set() or time.monotonic() >= self._until_s + AFTERWARDS_S


def shortened(outside: Outside, within_s: float) -> Outside:
    """The same way out with less time."""
    limit, stop = timedelta(seconds=within_s), _Deadline(outside.stop, within_s)
    return replace(outside, time_limit=limit, stop=stop)


def hurried(kind: JobKind[Any, Any, Any], clock: QuickClock) -> JobKind[Any, Any, Any]:
    """The same work with the time limit of its calls in step with the clock."""
    within_s = max(clock.real_s(kind.policy.time_limit), SHORTEST_LIMIT_S)
    claimed = timedelta(seconds=(within_s + STALL_S) * clock.speed) - LEASE_MARGIN

    def perform(need: Any, outside: Outside) -> Any:
        return kind.perform(need, shortened(outside, within_s))

    policy = replace(kind.policy, time_limit=max(claimed, kind.policy.time_limit))
    return replace(kind, perform=perform, policy=policy)


def probed(destination: Destination) -> Destination:
    """The same destination, with probes that do not hold a thread for twenty real seconds."""
    prepare = destination.prepare_probe
    if prepare is None:
        return destination

    def prepare_shortened(work: Work) -> Callable[[Outside], None]:
        call = prepare(work)
        return lambda outside: call(shortened(outside, SHORTEST_LIMIT_S))

    return replace(destination, prepare_probe=prepare_shortened)


def table(clock: QuickClock) -> RelayTable:
    """All of the clinic's own relay."""

    def ground(vault: Vault) -> Ground:
        usual = relay_table.ground(vault)
        return replace(usual, destinations=[probed(one) for one in usual.destinations])

    def job_kinds(ground: Ground, dispatcher: Dispatcher) -> Sequence[JobKind[Any, Any, Any]]:
        return [hurried(kind, clock) for kind in relay_table.job_kinds(ground, dispatcher)]

    return RelayTable(ground=ground, job_kinds=job_kinds)


def server_of(settings: Settings, dsn: str, **others: Any) -> Server:
    """The first server also takes Paystack's notices; nobody is signed out because time flies."""
    clock = QuickClock.of_environment()
    notices = ("127.0.0.1", int(os.environ[NOTICES])) if settings.data_dir.name == "server" else None
    changed = replace(settings, idle_after=timedelta(days=60), webhook=notices)
    return Server(changed, dsn, clock=clock, relay=table(clock), **others)


if __name__ == "__main__":
    vars(serving)["Server"] = server_of
    sys.exit(main())
