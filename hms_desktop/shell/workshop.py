"""Builds workspaces a step at a time, so that no key and no picture waits for a whole one."""

import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pkgutil import walk_packages

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from hms_desktop.widgets.input_watch import InputWatch

POLISHED_AT_ONCE = 40
"""So many parts of a page get their style in one step: about five milliseconds."""
UNTOUCHED_MS = 400
"""So long nothing is pressed before the next workspace is built that nobody has asked for yet."""

_TOUCHES = frozenset(
    {QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel, QEvent.Type.TouchBegin}
)


class Workshop(QObject):
    """What somebody waits for is built at once, in the turns that follow; the rest while nobody types."""

    rested = Signal()
    """Everything that was planned is built, and nobody has typed for a while."""

    def __init__(
        self, steps_of: Callable[[str], Iterator[None]], *, done: Callable[[str], object], parent: QObject
    ) -> None:
        """`steps_of` builds what has this key; `done` is told the key of what is complete."""
        super().__init__(parent)
        self._steps_of = steps_of
        self._done = done
        self._begun: dict[str, Iterator[None]] = {}
        self._needed: list[str] = []
        self._planned: list[str] = []
        self._planning = False
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._on_turn)
        self._untouched = QTimer(self, singleShot=True, interval=UNTOUCHED_MS)
        self._untouched.timeout.connect(self._turn.start)
        self._watch = InputWatch(self)

    def need(self, key: str, *, at_once: bool = True) -> None:
        """Somebody waits for this one. At once means that what is small is complete on return."""
        if key in self._needed:
            return
        self._needed.append(key)
        if key in self._planned:
            self._planned.remove(key)
        if at_once:
            self._step(key)
        else:
            self._turn.start()

    def plan(self, keys: Iterable[str]) -> None:
        """These may be needed later, in this order."""
        self._planned += [key for key in keys if key not in (*self._planned, *self._needed)]
        self._planning = True
        self._watch.start()
        self._untouched.start()

    def stop(self) -> None:
        """Nothing is needed any more; what was begun is left to whoever owns it."""
        self._turn.stop()
        self._untouched.stop()
        self._watch.stop()
        self._planning = False
        for work in (self._begun, self._needed, self._planned):
            work.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() in _TOUCHES and not self._needed:
            self._turn.stop()
            self._untouched.start()
        return super().eventFilter(watched, event)

    def _on_turn(self) -> None:
        if self._needed:
            self._step(self._needed[0])
        elif not self._planning or self._untouched.isActive():
            return
        elif self._planned:
            self._step(self._planned[0])
        else:
            self._planning = False
            self._watch.stop()
            self.rested.emit()

    def _step(self, key: str) -> None:
        steps = self._begun.get(key)
        if steps is None:
            steps = self._begun[key] = self._steps_of(key)
        try:
            next(steps)
        except StopIteration:
            self._forget(key)
            self._done(key)
        except BaseException:
            # A mistake in the program: the next attempt begins anew instead of showing half of a workspace.
            self._forget(key)
            raise
        finally:
            # Not before the step: whatever else has come due meanwhile has its turn first.
            self._turn.start()

    def _forget(self, key: str) -> None:
        self._begun.pop(key, None)
        for keys in (self._needed, self._planned):
            if key in keys:
                keys.remove(key)


def load(*packages: str) -> Iterator[None]:
    """Imports the modules of these packages one by one, those first on which the panels rest.

    It pauses at least once, so that what is built of them begins with a turn of its own.
    """
    yield
    for package in packages:
        folder = import_module(package).__path__
        found = [each.name for each in walk_packages(folder, f"{package}.") if not each.ispkg]
        for name in sorted(found, key=lambda name: (name.endswith(".panel"), -name.count("."))):
            if name not in sys.modules:
                import_module(name)
                yield


def polish(page: QWidget) -> Iterator[None]:
    """Gives all parts of a hidden page their style, some in each step, so that showing it takes no time."""
    for number, part in enumerate(page.findChildren(QWidget), start=1):
        part.ensurePolished()
        if number % POLISHED_AT_ONCE == 0:
            yield
