"""Finds the turns of the event loop that take long, and the functions in which the time goes by."""

import sys
import threading
import time
from collections import Counter
from types import FrameType

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer

BEAT_MS = 5
LOOK_MS = 5
"""How often a turn that lasts is looked into."""
TOLD = 5
PROGRAM = "hms_desktop"
PLAYER = "demo_day"
"""Who presses the keys is in every stack and says nothing."""


class Stall(msgspec.Struct, frozen=True, kw_only=True):
    """A turn: how long it took, how much of that the thread itself has computed, and where, most often first.

    On a machine that others use, a turn takes longer than it computes.
    """

    took_ms: float
    own_ms: float
    places: list[str]

    def words(self) -> str:
        """One line of a report."""
        where = ", ".join(self.places) or "inside Qt, with nothing of the program on the stack"
        return f"{self.took_ms:.0f} ms ({self.own_ms:.0f} ms computed): {where}"


class Stalls(QObject):
    """Watches the thread on which it is made, from `start` to `stop`."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self._places: list[str] = []
        self._stalls: list[Stall] = []
        self._since_s = self._since_own_s = 0.0
        self._stopped = threading.Event()
        self._lookout = threading.Thread(target=self._look, daemon=True)
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._begin_turn()
        self._timer.start()
        self._lookout.start()

    def stop(self) -> None:
        self._timer.stop()
        self._stopped.set()

    def worst(self) -> list[Stall]:
        """The longest turns, the longest first."""
        return sorted(self._stalls, key=lambda stall: stall.took_ms, reverse=True)[:TOLD]

    def _beat(self) -> None:
        took_ms = 1000 * (time.monotonic() - self._since_s) - BEAT_MS
        own_ms = 1000 * (time.thread_time() - self._since_own_s)
        if took_ms > BEAT_MS:
            places = [place for place, _ in Counter(self._places).most_common(3)]
            self._stalls.append(Stall(took_ms=took_ms, own_ms=own_ms, places=places))
        self._begin_turn()

    def _begin_turn(self) -> None:
        self._places = []
        self._since_s = time.monotonic()
        self._since_own_s = time.thread_time()

    def _look(self) -> None:
        """On a thread of its own, since the one that stands still cannot say where."""
        while not self._stopped.wait(LOOK_MS / 1000):
            if time.monotonic() - self._since_s > 2 * BEAT_MS / 1000:
                place = _place_of(sys._current_frames().get(self._thread))
                if place:
                    self._places.append(place)


def _place_of(frame: FrameType | None) -> str:
    """The innermost function of the program; what libraries do is done on its behalf."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(PROGRAM) and PLAYER not in module:
            return f"{module.removeprefix(PROGRAM + '.')}.{frame.f_code.co_qualname}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
