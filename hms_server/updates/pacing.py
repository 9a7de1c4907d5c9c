"""How fast installers leave the server, and to how many at a time: the clinic's work goes first."""

import threading
from collections.abc import Callable

DOWNLOADS_AT_ONCE = 4
BYTES_PER_SECOND = 4 << 20
"""A third of the slowest network that is still common in clinics (100 Mbit/s)."""
SILENT_AFTER_S = 15.0
"""A workstation that has asked for nothing for so long loses its turn."""
BUSY_WAIT_MS = 5000
BURST_S = 0.25


class Pacer:
    """Says of each part whether it may leave now; never waits itself: who waits serves nobody."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        at_once: int = DOWNLOADS_AT_ONCE,
        bytes_per_second: int = BYTES_PER_SECOND,
    ) -> None:
        """`clock` counts seconds and never goes back."""
        self._clock = clock
        self._at_once = at_once
        self._rate = bytes_per_second
        self._free_at_s = clock()
        self._seen_s: dict[int, float] = {}
        self._lock = threading.Lock()

    def wait_ms(self, device_id: int, size_bytes: int) -> int:
        """0: the part may leave now. Otherwise the workstation should ask again after so long."""
        now = self._clock()
        with self._lock:
            if not self._has_turn(device_id, now):
                return BUSY_WAIT_MS
            ahead_s = self._free_at_s - now
            if ahead_s > BURST_S:
                return max(1, round(ahead_s * 1000))
            self._free_at_s = max(now, self._free_at_s) + size_bytes / self._rate
            return 0

    def done(self, device_id: int) -> None:
        """The workstation has all it wanted: the next one may begin."""
        with self._lock:
            self._seen_s.pop(device_id, None)

    def _has_turn(self, device_id: int, now: float) -> bool:
        self._seen_s = {device: seen for device, seen in self._seen_s.items() if now - seen < SILENT_AFTER_S}
        if device_id not in self._seen_s and len(self._seen_s) >= self._at_once:
            return False
        self._seen_s[device_id] = now
        return True
