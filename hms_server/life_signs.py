"""Whether a server still answers: its router comes round, and no lane of workers is stuck."""

import time
from collections import Counter
from collections.abc import Callable, Mapping

ROUND_WITHIN_S = 30.0
"""The router's thread waits one second at most for something to do."""
WORK_WITHIN_S = 300.0
"""A statement ends after thirty seconds; no request has ten of them."""


class LifeSigns:
    """Written by the threads that serve, read by whoever watches; `workers` counts those of each lane."""

    def __init__(self, workers: Mapping[str, int], *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._workers = workers
        self._now_s = now_s
        self._came_round_s: float | None = None
        self._began_s: dict[tuple[str, int], float] = {}

    def came_round(self) -> None:
        """The router's thread has looked at all of its sockets."""
        self._came_round_s = self._now_s()

    def begin(self, lane: str, worker: int) -> None:
        """That worker has taken a piece of work."""
        self._began_s[lane, worker] = self._now_s()

    def end(self, lane: str, worker: int) -> None:
        """And is done with it."""
        self._began_s.pop((lane, worker), None)

    def trouble(self) -> str:
        """Why workstations get no answer, in a few words; empty as long as they do."""
        now_s = self._now_s()
        if self._came_round_s is None:
            return "the router has not begun"
        if now_s - self._came_round_s > ROUND_WITHIN_S:
            return f"the router has not come round for {now_s - self._came_round_s:.0f} s"
        # A copy: workers write while this is read.
        stuck = Counter(
            lane for (lane, _), began_s in list(self._began_s.items()) if now_s - began_s > WORK_WITHIN_S
        )
        full = [lane for lane, count in self._workers.items() if count and stuck[lane] >= count]
        return f"every worker of the lane {full[0]} is stuck" if full else ""
