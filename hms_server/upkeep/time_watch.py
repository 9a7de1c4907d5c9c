"""Watches the machine's clock: one that is late is waited for, one that jumps is told."""

import ctypes
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import structlog

from hms_server.clock import Clock
from hms_server.contract.build import BUILD
from hms_server.contract.envelope import Fault
from hms_server.contract.private_files import replace_private
from hms_server.dispatch import Kind, Route
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.upkeep.rules import Jump
from hms_server.work import Work

log = structlog.get_logger()

JUMP = timedelta(minutes=2)
LATE = timedelta(minutes=10)
"""Two servers of a clinic, or a machine that slept, may differ by less without harm to any record."""
PATIENCE_S = 120.0
"""A machine without a clock of its own has usually heard from the internet by then."""
TRUST_FILE = "clock.json"
ALWAYS_ALLOWED = frozenset({None, Permission.OWN_SESSION, Permission.ADMINISTER})
"""Who signs in, or looks after the server, records nothing about a patient."""


def elapsed_s() -> float:
    """Seconds that really pass, also while the machine sleeps."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclass(slots=True)
class ClockWatch:
    """Asked once a round of housekeeping by one thread; `refuse` by any.

    `floor` is a moment that lies behind us for certain: when this program was built. `trusted` is up to when
    stored moments prove nothing, since a person has said that the clock is right and they are not.
    """

    clock: Clock
    elapsed: Callable[[], float] = elapsed_s
    floor: datetime | None = None
    trusted: datetime | None = None
    watches_jumps: bool = True
    behind: datetime | None = None
    """What the clock must show at least, while it shows less."""
    jumped: Jump | None = None
    _seen: tuple[datetime, float] | None = None
    _began: float | None = None

    def look(self, newest: datetime | None) -> None:
        """Compares the clock with the time that passed, and with the newest stored moment."""
        now, passed = self.clock(), self.elapsed()
        if self._seen is not None:
            before, then = self._seen
            due = before + timedelta(seconds=passed - then)
            if self.watches_jumps and abs(now - due) > JUMP:
                self.jumped = Jump(due=due, to=now)
                log.warning("the clock jumped", due=due.isoformat(), to=now.isoformat())
        self._seen = (now, passed)
        self._judge(now, newest)

    def refuse(self) -> None:
        """Refuses to record anything while the clock is late; a request that was stored keeps its answer."""
        behind = self.behind
        if behind is None:
            return
        # Asked anew, since a clock that is set right should not be waited for.
        if self.clock() >= behind - LATE:
            return
        raise Refused.of(self._fault())

    def is_waiting(self) -> bool:
        """Whether the clock is late and may still come right by itself."""
        return self._began is not None and self.elapsed() - self._began < PATIENCE_S

    def _judge(self, now: datetime, newest: datetime | None) -> None:
        stored = newest if newest is not None and not self._distrusts(newest) else None
        reached = max((each for each in (stored, self.floor) if each is not None), default=None)
        late = reached is not None and now < reached - LATE
        if late and self.behind is None:
            self._began = self.elapsed()
            log.warning("waiting for the clock", shows=now.isoformat(), reached=str(reached))
        if not late and self.behind is not None:
            self._began = None
            log.info("the clock is right", shows=now.isoformat())
        self.behind = reached if late else None

    def _distrusts(self, newest: datetime) -> bool:
        return self.trusted is not None and newest <= self.trusted

    def _fault(self) -> Fault:
        if self.is_waiting():
            return Fault(
                code="server.clock_late",
                message=(
                    "The server waits for the right time. Nothing was stored; try again in a minute or two."
                ),
            )
        return Fault(
            code="server.clock_late",
            message=(
                "The server's date and time are wrong, so nothing can be recorded. "
                "Call whoever looks after the server to set its clock."
            ),
        )


def built_at() -> datetime | None:
    """When this program was built; None for a tree of sources."""
    try:
        return datetime.fromisoformat(BUILD.built_at) if BUILD.built_at else None
    except ValueError:
        return None


def hold_back(routes: Sequence[Route[Any]], refuse: Callable[[], None]) -> list[Route[Any]]:
    """The same routes, where whatever records something asks `refuse` first.

    It is asked inside the request's transaction, so that one which was stored before gets its answer again.
    """
    return [_held(route, refuse) if _records(route) else route for route in routes]


def _records(route: Route[Any]) -> bool:
    return route.kind is Kind.COMMAND and route.permission not in ALWAYS_ALLOWED


def _held(route: Route[Any], refuse: Callable[[], None]) -> Route[Any]:
    handler = route.handler

    def handle(work: Work, request: Any) -> Any:
        refuse()
        return handler(work, request)

    return replace(route, handler=handle)


class _Trust(msgspec.Struct, frozen=True, kw_only=True):
    trusted: datetime


def trust_clock(data_dir: Path, stored: datetime) -> None:
    """From now on, moments stored up to `stored` do not count against the clock."""
    replace_private(data_dir / TRUST_FILE, msgspec.json.encode(_Trust(trusted=stored)))


def read_trust(data_dir: Path) -> datetime | None:
    """Up to when stored moments prove nothing; None where nobody has said so."""
    try:
        return msgspec.json.decode((data_dir / TRUST_FILE).read_bytes(), type=_Trust).trusted
    except (OSError, msgspec.DecodeError):
        return None


class _Timex(ctypes.Structure):
    """The kernel's `struct timex`; only `modes` (0: just ask) is looked at, the rest is room for it."""

    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_char * 508))


_TIME_ERROR = 5
"""What adjtimex answers while nobody keeps the clock right."""


def is_synchronised() -> bool | None:
    """Whether something on this machine keeps the clock right; None where the system does not say."""
    if sys.platform != "linux":
        return None
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(_Timex()))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else bool(state != _TIME_ERROR)
