"""What a waiting room may see, kept up to date by push."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Link, Session
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.visits import DisplayBoard, GetDisplayBoard, QueueChanged

GATHER_MS = 70
"""A run of events is answered by one fetch."""
RETRY_MS = 5000
"""Nobody sits at a display who could try again."""
REFRESH_MS = 60_000
"""Expected times change also while nothing happens."""


class DisplayState(QObject):
    """Fetches the board on every change; says when what is shown may be old."""

    changed = Signal()
    """`board` is new."""
    announced = Signal(str)
    """The code of a ticket that was called just now, or once more."""
    current_changed = Signal()
    """`is_current` is new."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.board: DisplayBoard | None = None
        self.is_current = True
        self._gather = self._timer(GATHER_MS)
        self._retry = self._timer(RETRY_MS)
        self._refresh = QTimer(self, interval=REFRESH_MS)
        self._refresh.timeout.connect(self.fetch)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)
        session.link_changed.connect(self._on_link)

    def start(self) -> None:
        """From now on the board is kept up to date."""
        self._refresh.start()
        self.fetch()

    def fetch(self) -> None:
        """Fetches the board now."""
        self._session.ask(GetDisplayBoard(), done=self._on_board, failed=self._on_failed)

    def _timer(self, after_ms: int) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=after_ms)
        timer.timeout.connect(self.fetch)
        return timer

    def _on_board(self, board: DisplayBoard) -> None:
        self._retry.stop()
        self.board = board
        self._set_current(current=True)
        self.changed.emit()

    def _on_failed(self, _fault: Fault) -> None:
        self._set_current(current=False)
        self._retry.start()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, QueueChanged):
            self._gather.start()
            if event.announced:
                self.announced.emit(event.code)

    def _on_link(self, link: Link) -> None:
        if link.connected and not self.is_current:
            self.fetch()
        elif not link.connected:
            self._set_current(current=False)

    def _set_current(self, *, current: bool) -> None:
        if current != self.is_current:
            self.is_current = current
            self.current_changed.emit()
