"""What leaves the premises: jobs that people can see, destinations, and their providers."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Request
from hms_server.contract.values import Moment

JobId = NewType("JobId", int)


class Trouble(StrEnum):
    """What stands between the clinic and a provider, told apart because each has another remedy."""

    NO_NETWORK = "no_network"
    """This machine has no way out: no route, no interface."""
    NAME_UNKNOWN = "name_unknown"
    """The name service gives no answer for the provider's name."""
    NAME_LIES = "name_lies"
    """The name service gives an address that cannot be the provider's (private, loopback)."""
    CLOSED = "closed"
    """The provider's address refuses the connection."""
    PROXY = "proxy"
    """The clinic's own proxy refuses or does not answer."""
    TLS = "tls"
    """The certificate does not belong to the provider, or the clock is wrong."""
    CAPTIVE_PORTAL = "captive_portal"
    """Somebody else's page answers instead of the provider: a sign-in page of the internet line."""
    SILENT = "silent"
    """Connected, but no answer in time: a half-open line."""
    CUT = "cut"
    """The connection broke in the middle of an answer."""
    BUSY = "busy"
    """The provider asks to come back later (429)."""
    DOWN = "down"
    """The provider has a fault of its own (5xx)."""
    KEY = "key"
    """The provider does not accept the key or the account (401, 403)."""
    DECLINED = "declined"
    """The provider has understood and says no (other 4xx): asking again would change nothing."""
    GARBLED = "garbled"
    """The provider's own answer cannot be read."""


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A job as the administrator sees it; `summary` names no patient."""

    id: JobId
    kind: str
    destination: str
    summary: str
    state: JobState
    asked_at: datetime
    asked_by: str
    since: datetime
    """When it came into its state."""
    attempts: int
    next_at: datetime | None
    why: str
    """The last trouble in a sentence, empty while there was none."""


class Jobs(msgspec.Struct, frozen=True):
    rows: list[JobRow]
    counts: dict[str, int]
    """How many jobs there are in each state, whatever the rows are limited to."""


class ListJobs(Request[Jobs], frozen=True, kw_only=True):
    """At most 200, the last changed first."""

    state: JobState | None = None
    destination: str | None = None


class CancelJob(Request[Nothing], frozen=True, kw_only=True):
    """One that waits will never run; one that runs is told to stop, and its outcome is kept."""

    job_id: JobId


class RetryJob(Request[Nothing], frozen=True, kw_only=True):
    """Lets a failed or waiting job run now."""

    job_id: JobId


class JobChanged(Event, frozen=True, kw_only=True):
    """A job was asked for, or came to an end."""

    job_id: JobId
    state: JobState


class JobGivenUp(Event, frozen=True, kw_only=True):
    """A job will not be tried again; somebody has to look at it."""

    job_id: JobId
    destination: str
    summary: str
    why: str


class Reachability(msgspec.Struct, frozen=True, kw_only=True):
    """Measured by talking to the destination, never guessed; `since` is when that last changed."""

    destination: str
    title: str
    reachable: bool
    since: datetime
    trouble: Trouble | None = None
    sentence: str = ""
    waiting: int = 0
    """Jobs that wait for it."""
    waiting_words: str = ""
    """The same in words, such as "3 payments wait"."""
    test_mode: bool = False
    switched_on: bool = True
    """False only in an event: the destination was just switched off, and is nobody's concern any more."""


class Reachabilities(msgspec.Struct, frozen=True):
    rows: list[Reachability]


class GetReachability(Request[Reachabilities], frozen=True, kw_only=True):
    """Of every destination that is switched on."""


class ReachabilityChanged(Event, frozen=True, kw_only=True):
    """The state of one destination, or the number of jobs that wait for it, has changed."""

    row: Reachability


class ProviderField(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a provider's form; a secret goes in and never comes out."""

    name: str
    title: str
    secret: bool = False
    required: bool = False
    default: str = ""
    hint: str = ""


class ProviderRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: str
    fields: list[ProviderField]
    settings: dict[str, str]
    """What is not secret, as entered."""
    secrets_set: dict[str, str]
    """For each secret that is stored, its last four characters."""
    enabled: bool
    test_mode: bool
    changed: Moment | None


class Providers(msgspec.Struct, frozen=True):
    rows: list[ProviderRow]


class ListProviders(Request[Providers], frozen=True, kw_only=True):
    pass


class SetProvider(Request[ProviderRow], frozen=True, kw_only=True):
    """A secret that is left out stays as it is; an empty one is taken away."""

    name: str
    settings: dict[str, str]
    secrets: dict[str, str] = {}
    enabled: bool = True

    def __repr__(self) -> str:
        # A request ends up in a log line or a traceback sooner or later: its secrets never do.
        return f"SetProvider(name={self.name!r}, enabled={self.enabled!r})"
