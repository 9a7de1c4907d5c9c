"""Who follows the events on which screen, and what of them each is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from hms_server.contract.envelope import OLDEST_PROTOCOL, PROTOCOL, EventItem, Fault, Follow, Position
from hms_server.contract.values import StaffId

NEWER = Fault(
    code="protocol.newer",
    message="This workstation's program is newer than the server. Update the server first.",
)
OLDER = Fault(
    code="protocol.older",
    message="This workstation's program is too old for the server. Update it; the sign-in page says how.",
)


def protocol_fault(protocol: int) -> Fault | None:
    """Why a desktop that speaks this protocol cannot work with this server, if it cannot."""
    if protocol > PROTOCOL:
        return NEWER
    return OLDER if protocol < OLDEST_PROTOCOL else None


class Follower(Protocol):
    """What the router must know of a signed-in person to send events."""

    @property
    def permissions(self) -> frozenset[Any]: ...
    @property
    def staff_id(self) -> StaffId | None: ...


class Committed(Protocol):
    """A stored event as the pump hands it over."""

    @property
    def position(self) -> Position: ...
    @property
    def name(self) -> str: ...
    @property
    def audience(self) -> str: ...
    @property
    def staff_id(self) -> StaffId | None: ...
    @property
    def at(self) -> datetime: ...
    @property
    def body(self) -> bytes: ...


AHEAD_PATIENCE_S = 3.0

ActorT = TypeVar("ActorT", bound=Follower)


@dataclass(slots=True)
class Subscription(Generic[ActorT]):
    """One screen that wants events."""

    actor: ActorT
    session: str
    device: str
    sent: Position
    seen_s: float


@dataclass(frozen=True, slots=True)
class Resumed(Generic[ActorT]):
    """A request to follow, with the events between its position and what the router remembers."""

    identity: bytes
    device: str
    follow: Follow
    actor: ActorT
    earlier: Sequence[Committed] | None


class Ahead(Generic[ActorT]):
    """Screens that come from a server whose reader was quicker: they have what this one has yet to read.

    Sent from here at once they would be told the same twice, or of a gap where there is none.
    """

    def __init__(self) -> None:
        self._waiting: dict[bytes, tuple[Resumed[ActorT], float]] = {}

    def holds(self, resumed: Resumed[ActorT], now: Position, *, at_s: float) -> bool:
        """Whether this one waits until `now` has come so far; no longer than an idle reader needs to look."""
        wanted = resumed.follow.position
        _, since_s = self._waiting.pop(resumed.identity, (resumed, at_s))
        if wanted is None or wanted <= now or at_s - since_s >= AHEAD_PATIENCE_S:
            return False
        self._waiting[resumed.identity] = (resumed, since_s)
        return True

    def reached(self, now: Position) -> list[Resumed[ActorT]]:
        """Those who can go on, now that events up to there are read."""
        return [
            resumed
            for resumed, _ in self._waiting.values()
            if resumed.follow.position is None or resumed.follow.position <= now
        ]

    def forget(self, before_s: float) -> None:
        """Drops those who have not come back to ask."""
        self._waiting = {key: one for key, one in self._waiting.items() if one[1] >= before_s}


def missed_between(
    start: Position, now: Position, *, earlier: Sequence[Committed] | None, recent: Sequence[Committed]
) -> list[Committed]:
    """What a screen has not been sent: first what was read from the database, then what was remembered.

    Events are published while the database is being read: what follows the last one read is in memory only.
    """
    known = [event for event in earlier or () if start < event.position <= now]
    last = known[-1].position if known else start
    return known + [event for event in recent if last < event.position <= now]


def may_see(actor: Follower, event: Committed) -> bool:
    """Whether an event is meant for this person."""
    return event.audience in actor.permissions and event.staff_id in (None, actor.staff_id)


def as_item(event: Committed) -> EventItem:
    """An event as it goes over the wire."""
    return EventItem(event.position, event.name, event.at, msgspec.Raw(event.body))
