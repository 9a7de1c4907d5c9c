"""What the router finds behind its door; `app` builds it from sessions and dispatch."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from hms_server.contract.envelope import Call, Fault, FromServer, Position, Refusal
from hms_server.following import ActorT, Committed

TaskT = TypeVar("TaskT")


class Gate(Protocol[ActorT, TaskT]):
    """What stands between frames and handlers."""

    def knows_device(self, public_key: str) -> bool: ...
    def identify(self, secret: str, public_key: str) -> ActorT | Fault | None:
        """The actor; a fault when not signed in; None when only the database can tell."""

    def peek(self, secret: str, public_key: str) -> ActorT | Fault | None:
        """Like `identify`, without counting as a sign of life."""

    def identify_slowly(self, secret: str, public_key: str) -> ActorT | Fault: ...
    def admit(self, call: Call, actor: ActorT) -> TaskT | Refusal: ...
    def at_once(self, call: Call, public_key: str) -> FromServer | None:
        """The answer, if it can be given here and now."""

    def is_slow(self, name: str) -> bool: ...
    def is_spare(self, name: str) -> bool: ...
    def run(self, task: TaskT) -> FromServer: ...
    def read_events(self, after: Position) -> Sequence[Committed] | None:
        """Stored events after a position, or None when some of them are gone or they are too many."""

    def close_thread(self) -> None: ...
