"""The card with the alerts that a station shows all the time."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from hms_desktop.triage.alerts import AlertsState
from hms_desktop.widgets.alerts import AlertTray
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.tokens import Kind, current_tokens
from hms_server.contract.envelope import Fault
from hms_server.contract.triage import AlertRow

TRAY_HEIGHT = 100
"""One alert with its buttons can be read without scrolling."""


class AlertsCard(Card):
    """F11 acknowledges the first alert that nobody has seen; new ones come without taking the focus."""

    opened = Signal(object)
    """The `AlertRow` whose patient the person wants to see."""

    def __init__(
        self, state: AlertsState, *, clock: Callable[[], datetime], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Alerts"))
        self._state = state
        self._is_stale = False
        self._count = Pill()
        self._awaited = label(self.tr("Fetching the alerts…"), TextRole.MUTED)
        self.notice = Notice()
        self._retry = SecondaryButton(self.tr("Try again"), icon_name="refresh")
        self._rest = QWidget()
        self.tray = AlertTray(clock=clock)
        self.tray.setMinimumHeight(current_tokens().px(TRAY_HEIGHT))
        self.seen_button = SecondaryButton(self.tr("Seen"), key="F11")
        self.seen_button.setToolTip(self.tr("Says that you have seen the first of them."))
        self.add_to_heading(self._count)
        self.add_to_heading(self.seen_button)
        self.add(self._awaited)
        self.add(self.notice)
        self.add(self._retry)
        self.add(self.tray, stretch=1)
        self.add(self._rest, stretch=1)
        self._connect()
        self._show_alerts()

    def _connect(self) -> None:
        self._state.changed.connect(self._show_alerts)
        self._state.failed.connect(self._on_failed)
        self._state.refused.connect(self._on_refused)
        self.tray.acknowledged.connect(self._state.acknowledge)
        self.tray.opened.connect(self.opened)
        self._retry.clicked.connect(self._state.reload)
        self.seen_button.clicked.connect(self._on_first_seen)

    def _show_alerts(self) -> None:
        """Before the server has answered, nothing is claimed: no list is not the same as no alerts."""
        unseen = len(self._state.unseen)
        self._awaited.setHidden(self._state.known)
        if self._is_stale:
            self._is_stale = False
            self.notice.take_back()
        self._show_tray(known=self._state.known)
        self.tray.show_alerts(self._state.alerts)
        self.seen_button.setVisible(bool(unseen))
        self._count.set(self.tr("{count} not seen").format(count=unseen) if unseen else "", Kind.DANGER)

    def _show_tray(self, *, known: bool) -> None:
        self.tray.setVisible(known)
        self._rest.setHidden(known)
        self._retry.setVisible(self._is_stale)

    def _on_first_seen(self) -> None:
        if self._state.unseen:
            self.notice.take_back()
            self._state.acknowledge(self._state.unseen[0])

    def _on_failed(self, fault: Fault) -> None:
        self._is_stale = True
        self._awaited.hide()
        self._show_tray(known=False)
        title = self.tr("The alerts could not be fetched. There may be new ones.")
        self.notice.say(Kind.DANGER, title, fault.message)

    def _on_refused(self, alert: AlertRow, fault: Fault) -> None:
        title = self.tr("Not marked as seen: {title} · {name}")
        self.notice.say(Kind.WARNING, title.format(title=alert.title, name=alert.patient.name), fault.message)
