"""Work that waits for a disk, a printer or the network, away from the thread of the windows."""

from collections.abc import Callable
from itertools import count
from threading import Condition
from typing import Any, TypeVar

import structlog
from PySide6.QtCore import QObject, Qt, QThreadPool, Signal

log = structlog.get_logger()

A = TypeVar("A")


class Background(QObject):
    """Runs functions on other threads and hands over what they return on the thread of the windows.

    The function says what went wrong by what it returns; an exception is a bug, logged, with no answer.
    Once this object is destroyed, answers are dropped; nobody waits for what is still running. With
    `in_order`, one function runs after the other.
    """

    def __init__(self, parent: QObject | None = None, *, in_order: bool = False) -> None:
        super().__init__(parent)
        # A pool that is destroyed waits for its threads: with a pool in each page, the window would stand
        # still where somebody leaves while a label is printed. The program itself waits at its end.
        self._pool = QThreadPool.globalInstance()
        if in_order:
            self._pool = QThreadPool(self)
            self._pool.setMaxThreadCount(1)
        self._idle = Condition()
        self._running = 0
        self._numbers = count(1)
        self._waiting: dict[int, Callable[[Any], object]] = {}
        self._courier = _Courier()
        self._courier.finished.connect(self._on_finished, Qt.ConnectionType.QueuedConnection)

    def run(self, work: Callable[[], A], done: Callable[[A], object]) -> None:
        """Starts `work` as soon as a thread is free; `done` gets its result."""
        number = next(self._numbers)
        self._waiting[number] = done
        with self._idle:
            self._running += 1
        courier = self._courier
        self._pool.start(lambda: self._work(courier, number, work))

    def finish(self) -> None:
        """Waits until everything that was started here has run."""
        with self._idle:
            self._idle.wait_for(lambda: not self._running)

    def _work(self, courier: "_Courier", number: int, work: Callable[[], object]) -> None:
        try:
            courier.finished.emit(number, work())
        except Exception:  # a thread's top: nobody above could log it
            log.exception("background work failed", work=repr(work))
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _on_finished(self, number: int, result: object) -> None:
        self._waiting.pop(number)(result)


class _Courier(QObject):
    """Brings results over. Every thread holds it, so that none ever uses what the window has destroyed."""

    finished = Signal(int, object)
