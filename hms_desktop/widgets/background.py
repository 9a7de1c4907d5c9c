"""Work that waits for a disk, a printer or the network, away from the thread of the windows."""

from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar

import structlog
from PySide6.QtCore import QObject, Qt, QThreadPool, Signal
from shiboken6 import isValid

log = structlog.get_logger()

A = TypeVar("A")


class Background(QObject):
    """Runs functions on other threads and hands over what they return on the thread of the windows.

    The function says what went wrong by what it returns; an exception is a bug, logged, with no answer.
    Once this object is destroyed, answers are dropped. With `in_order`, one function runs after the other.
    """

    _finished = Signal(int, object)

    def __init__(self, parent: QObject | None = None, *, in_order: bool = False) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        if in_order:
            self._pool.setMaxThreadCount(1)
        self._numbers = count(1)
        self._waiting: dict[int, Callable[[Any], object]] = {}
        self._finished.connect(self._on_finished, Qt.ConnectionType.QueuedConnection)

    def run(self, work: Callable[[], A], done: Callable[[A], object]) -> None:
        """Starts `work` as soon as a thread is free; `done` gets its result."""
        number = next(self._numbers)
        self._waiting[number] = done
        self._pool.start(lambda: self._work(number, work))

    def finish(self) -> None:
        """Waits until everything that was started here has run."""
        self._pool.waitForDone()

    def _work(self, number: int, work: Callable[[], object]) -> None:
        try:
            result = work()
        except Exception:  # a thread's top: nobody above could log it
            log.exception("background work failed", work=repr(work))
            return
        if isValid(self):
            self._finished.emit(number, result)

    def _on_finished(self, number: int, result: object) -> None:
        self._waiting.pop(number)(result)
