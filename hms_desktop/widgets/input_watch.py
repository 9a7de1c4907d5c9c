"""Lets one object see keys, clicks and moves of the focus without being asked about everything else."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid


class InputWatch(QObject):
    """Keeps an event filter at the widget that has the focus and at the window: all input arrives there.

    A filter on the whole application would be called for every event of every widget, each time in Python:
    a third of the time that a page takes to be built.
    """

    def __init__(self, listener: QObject) -> None:
        super().__init__(listener)
        self._listener = listener
        self._places: list[QObject] = []
        self._watching = False

    def start(self) -> None:
        """From now on the listener's `eventFilter` sees input before its receiver does."""
        if not self._watching:
            self._watching = True
            application = _application()
            application.focusChanged.connect(self._follow)
            application.focusWindowChanged.connect(self._follow)
            self._follow()

    def stop(self) -> None:
        """The listener sees nothing more."""
        if self._watching:
            self._watching = False
            application = _application()
            application.focusChanged.disconnect(self._follow)
            application.focusWindowChanged.disconnect(self._follow)
            self._sit_at([])

    def _follow(self) -> None:
        # Takes no arguments: the widget that loses the focus may be half gone already.
        # The window comes twice, as the widget and as the platform knows it, which is given the clicks.
        places = (
            QApplication.focusWidget(),
            QApplication.activeWindow(),
            QApplication.focusWindow(),
        )
        self._sit_at([place for place in places if place is not None])

    def _sit_at(self, places: list[QObject]) -> None:
        for left in self._places:
            if left not in places and isValid(left):
                left.removeEventFilter(self._listener)
        for place in places:
            if place not in self._places:
                place.installEventFilter(self._listener)
        self._places = places


def _application() -> QApplication:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return application
