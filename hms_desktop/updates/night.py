"""When a workstation may be updated with nobody there."""

from dataclasses import dataclass
from datetime import datetime, time

FROM, UNTIL = time(1), time(5)
"""On the machine's own clock: after the late shift's records, before the early one."""
UNTOUCHED_S = 15 * 60.0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is going on at the workstation; `unsent` counts what the server has not stored so far."""

    signed_in: bool
    unsent: int
    untouched_s: float


def is_quiet(now: datetime, scene: Scene) -> bool:
    """Whether nobody would notice: it is night, nobody is signed in or about to be, nothing is on its way."""
    is_night = FROM <= now.time() < UNTIL
    is_empty = not scene.signed_in and not scene.unsent and scene.untouched_s >= UNTOUCHED_S
    return is_night and is_empty
