"""What the administrator's desktop knows of the clinic's servers, and what has just become wrong with one."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Link, Session
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.upkeep import (
    ConditionsChanged,
    GetServerConditions,
    Level,
    ServerCondition,
    ServerConditions,
    ServerRow,
)

GATHER_MS = 300
SEEN_MS = 30_000
"""A server tells of itself once a minute; who looks on sees it soon after."""
AGAIN_MS = 30_000
CALM_MS = 300_000
ORDER = {level: place for place, level in enumerate(Level)}


class UpkeepState(QObject):
    """`answer` is None while nothing is known, such as without a link to any server."""

    changed = Signal()
    """`answer` is new."""
    failed = Signal(object)
    """A `Fault`: it could not be fetched."""
    worsened = Signal(str, object)
    """The host of a server, and a `ServerCondition` that just became an alarm."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.answer: ServerConditions | None = None
        self._linked = session.link is None or session.link.connected
        self._asked = 0
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.fetch)
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self.fetch)
        self._calm = QTimer(self, interval=CALM_MS)
        self._calm.timeout.connect(self.fetch)
        self._seen = QTimer(self, interval=SEEN_MS)
        self._seen.timeout.connect(self.fetch)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)
        session.link_changed.connect(self._on_link)

    @property
    def conditions(self) -> list[ServerCondition]:
        """Of all servers, the worst first."""
        return [each for _, each in self.worst_first()]

    def worst_first(self) -> list[tuple[ServerRow, ServerCondition]]:
        """The same, each with its server."""
        servers = self.answer.servers if self.answer is not None else []
        found = [(server, each) for server in servers for each in server.conditions]
        return sorted(found, key=lambda pair: (-ORDER[pair[1].level], pair[1].since))

    def keep_watch(self) -> None:
        """From now on it is fetched every few minutes too: a server that falls silent tells nobody."""
        self.fetch()
        self._calm.start()

    def set_seen(self, *, seen: bool) -> None:
        """While somebody looks on, it is fetched again and again."""
        if seen:
            self.fetch()
            self._seen.start()
        else:
            self._seen.stop()

    def fetch(self) -> None:
        """Fetches it now."""
        self._asked += 1
        number = self._asked
        self._again.stop()
        self._session.ask(
            GetServerConditions(),
            done=lambda answer: self._on_answer(number, answer),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def _on_answer(self, number: int, answer: ServerConditions) -> None:
        if number == self._asked and self._linked:
            self.answer = answer
            self.changed.emit()

    def _on_failed(self, number: int, fault: Fault) -> None:
        if number == self._asked:
            self.failed.emit(fault)
            self._again.start()

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, ConditionsChanged):
            return
        known = {each.code for each in self.conditions if each.level is Level.ALARM}
        for condition in event.conditions:
            if condition.level is Level.ALARM and condition.code not in known:
                self.worsened.emit(event.host, condition)
        if not self._gather.isActive():
            self._gather.start()

    def _on_link(self, link: Link) -> None:
        if link.connected == self._linked:
            return
        self._linked = link.connected
        if self._linked:
            self.fetch()
            return
        # An old answer is none to whether the server is well now.
        self.answer = None
        self.changed.emit()
