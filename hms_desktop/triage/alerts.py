"""The alerts of the person who sits here: fetched, kept up to date by events, and acknowledged."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.triage import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertRaised,
    AlertRow,
    Alerts,
    ListAlerts,
)
from hms_server.contract.values import AlertId

GATHER_MS = 70
"""A run of events is answered by one fetch."""


class AlertsState(QObject):
    """One for each signed-in person, shared by every tray; up to date also while no tray is seen."""

    changed = Signal()
    """`alerts` are new."""
    failed = Signal(object)
    """A `Fault`: nobody knows which alerts there are."""
    raised = Signal(object)
    """An `AlertRow` that is new or has moved on to this person; it slides in without taking the focus."""
    refused = Signal(object, object)
    """The `AlertRow` that could not be acknowledged, and the `Fault`."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.alerts: list[AlertRow] = []
        self.known = False
        self._asked = 0
        self._announced: set[AlertId] = set()
        self._under_way: set[AlertId] = set()
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    @property
    def unseen(self) -> list[AlertRow]:
        """Those that nobody has acknowledged, in the order of the server."""
        return [alert for alert in self.alerts if alert.acknowledged_at is None]

    def reload(self) -> None:
        """Fetches the list now."""
        self._asked += 1
        number = self._asked
        self._session.ask(
            ListAlerts(),
            done=lambda answer: self._on_alerts(number, answer),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def acknowledge(self, alert: AlertRow) -> None:
        """Says that this person has seen it; it counts as seen once the server has stored that."""
        if alert.id in self._under_way:
            return
        self._under_way.add(alert.id)
        self._session.save(
            AcknowledgeAlert(alert_id=alert.id),
            done=lambda answer: self._on_acknowledged(alert, answer),
            failed=lambda fault: self._on_refused(alert, fault),
            owner=self,
        )

    def _on_alerts(self, number: int, answer: Alerts) -> None:
        if number != self._asked:
            return
        self.alerts = answer.alerts
        self.known = True
        self.changed.emit()
        # An answer may be older than the event that came before it: what it does not know yet stays due.
        due = self._announced & {alert.id for alert in answer.alerts}
        self._announced -= due
        for alert in self.unseen:
            if alert.id in due:
                self.raised.emit(alert)

    def _on_failed(self, number: int, fault: Fault) -> None:
        if number == self._asked:
            self.known = False
            self.failed.emit(fault)

    def _on_acknowledged(self, alert: AlertRow, _answer: Nothing) -> None:
        self._under_way.discard(alert.id)
        self.reload()

    def _on_refused(self, alert: AlertRow, fault: Fault) -> None:
        self._under_way.discard(alert.id)
        self.refused.emit(alert, fault)
        self.reload()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, AlertRaised):
            self._announced.add(event.alert_id)
        if isinstance(event, AlertRaised | AlertAcknowledged):
            self._gather.start()
