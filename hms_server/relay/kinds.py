"""What a slice says of a kind of job outside the premises; the runner does the rest.

A job is stored in the transaction that asks for it (`jobs.ask_outside`). When its time has come, one server
claims it and then, in this order: `prepare` reads what is needed (a short transaction), `perform` talks to
the outside (no transaction, no lock), `store` writes the result in one transaction with the job's new
state, its audit row and its events. A server that dies in between leaves a claim that lapses; the job then
runs again with `uncertain` set, since its call may have arrived.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from hms_server.contract.relay import JobId, Trouble
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work

P = TypeVar("P", bound=msgspec.Struct)
N = TypeVar("N")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be stored. The same `kind` and `key` twice is one job: the second is left out.

    `payload` names rows, never people: it is stored as it is. `summary` is what the administrator reads.
    """

    kind: str
    key: str
    payload: msgspec.Struct
    summary: str
    run_at: datetime | None = None
    """None: at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Generic[P]):
    """A job in the hands of one server."""

    id: JobId
    key: str
    payload: P
    attempt: int
    """From 1 on; polls that found nothing yet are not counted."""
    asked_at: datetime
    uncertain: bool
    """An earlier call (for `gave_up`: any) may have reached the provider, and its answer is not known."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The job is done."""


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing is wrong, but it is not over: run again after that time. Not counted as an attempt."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It can never succeed, and why, in a sentence for the administrator. `gave_up` is called."""

    reason: str


Next = Finished | Again | GiveUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patiently a job is repeated after trouble: pauses double from `first` to `longest`, with jitter.

    `Retry-After` of the provider goes first. After `give_up_after` since it was asked for, or `attempts`
    tries that reached the provider, it is given up. While a destination is not reached at all its breaker
    is open, jobs wait without being tried, and nothing is counted.
    """

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=10)
    attempts: int = 12
    give_up_after: timedelta = timedelta(days=3)
    time_limit: timedelta = timedelta(seconds=75)
    """One `perform` may take so long; the claim lapses a little later."""


def no_decision(_work: Work, _job: Claimed[Any], _fault: OutsideFault) -> Next | None:
    """Leaves a trouble to the policy."""
    return None


def nothing_to_tell(_work: Work, _job: Claimed[Any], _reason: str) -> None:
    """Where a job that was given up changes nothing else."""


@dataclass(frozen=True, kw_only=True)
class JobKind(Generic[P, N, R]):
    """One kind of job. `destination` is a name from the destinations table, or follows from the payload."""

    name: str
    destination: str | Callable[[P], str]
    payload: type[P]
    prepare: Callable[[Work, Claimed[P]], N | Next]
    """What `perform` needs; a `Next` instead ends the run without a call (paid meanwhile, quiet hours)."""
    perform: Callable[[N, Outside], R]
    """Talks to the outside; raises `OutsideFault`."""
    store: Callable[[Work, Claimed[P], R], Next]
    on_trouble: Callable[[Work, Claimed[P], OutsideFault], Next | None] = no_decision
    """A slice's own decision, in the transaction that stores the trouble; None leaves it to the policy."""
    gave_up: Callable[[Work, Claimed[P], str], None] = nothing_to_tell
    policy: Policy = field(default_factory=Policy)


def no_probe(_outside: Outside) -> None:
    """Where a destination is only heard of when there is work for it."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Somebody outside. Each has threads of its own, so that a slow one holds up nobody else."""

    name: str
    """Where a provider has the same name, the destination is switched on and off with it."""
    title: str
    probe: Callable[[Outside], None] = no_probe
    """A cheap call that raises `OutsideFault`; made when nothing else has been heard for a while."""
    prepare_probe: Callable[[Work], Callable[[Outside], None]] | None = None
    """Where a probe needs an address or a key: reads them and gives the probe, in place of `probe`."""
    waiting_word: tuple[str, str] = ("job waits", "jobs wait")
    threads: int = 2
    open_after: int = 3
    """Failures in a row after which the breaker opens."""


NOT_REACHED = frozenset(
    {
        Trouble.NO_NETWORK, Trouble.NAME_UNKNOWN, Trouble.NAME_LIES, Trouble.CLOSED, Trouble.PROXY,
        Trouble.TLS, Trouble.CAPTIVE_PORTAL,
    }
)  # fmt: skip
"""Troubles after which the provider cannot have carried anything out."""
