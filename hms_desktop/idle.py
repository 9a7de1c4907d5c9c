"""Notices that nobody has touched keyboard or mouse for a while, so that a screen left alone locks itself."""

from PySide6.QtCore import QEvent, QObject, QTimer, Signal

from hms_desktop.widgets.input_watch import InputWatch

_TOUCHES = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
    }
)


class IdleWatch(QObject):
    """Watches the whole application while it is started."""

    idle = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watch = InputWatch(self)
        self._patience = QTimer(self, singleShot=True)
        self._patience.timeout.connect(self.idle)

    def start(self, *, minutes: float) -> None:
        """From now on so many minutes without a touch are idle."""
        self._patience.start(round(minutes * 60_000))
        self._watch.start()

    def stop(self) -> None:
        """Nobody is signed in who could be locked out."""
        self._patience.stop()
        self._watch.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() in _TOUCHES and self._patience.isActive():
            self._patience.start()
        return super().eventFilter(watched, event)
