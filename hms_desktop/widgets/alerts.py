"""The tray of alerts: what nobody has acknowledged yet, and how long until it moves on to the next person."""

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.labels import IconMark, Pill, TextRole, label
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.triage import AlertRow

TICK_MS = 1000


class AlertTray(QFrame):
    """Shows alerts as they are; acknowledging goes out as a signal and comes back as a new list."""

    acknowledged = Signal(object)
    """The `AlertRow` that the person has seen."""
    opened = Signal(object)
    """The `AlertRow` whose patient the person wants to see."""

    def __init__(
        self, *, clock: Callable[[], datetime], title: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._alerts: list[AlertRow] = []
        self._lines: list[_AlertLine] = []
        self._empty = label(self.tr("No alerts"), TextRole.MUTED)
        self._column = QVBoxLayout()
        self._column.setSpacing(Space.S)
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self._count_down)
        self._lay_out(title)
        self.setAccessibleName(title or self.tr("Alerts"))

    def show_alerts(self, alerts: Sequence[AlertRow]) -> None:
        """Replaces the list; equal lists leave everything, also the focus, where it is."""
        if list(alerts) == self._alerts:
            return
        self._alerts = list(alerts)
        for line in self._lines:
            line.hide()
            line.deleteLater()
        self._lines = [self._line(alert) for alert in self._alerts]
        for number, line in enumerate(self._lines):
            self._column.insertWidget(number, line)
        self._empty.setHidden(bool(self._lines))
        self._count_down()
        self._set_ticking()

    def unseen(self) -> int:
        """How many alerts nobody has acknowledged."""
        return sum(alert.acknowledged_at is None for alert in self._alerts)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._count_down()
        self._set_ticking()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._tick.stop()

    def _lay_out(self, title: str) -> None:
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        if title:
            outside.addWidget(label(title, TextRole.HEADING))
        inside = QWidget()
        inside.setLayout(self._column)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._empty)
        self._column.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        outside.addWidget(scroll)

    def _line(self, alert: AlertRow) -> "_AlertLine":
        line = _AlertLine(alert)
        line.acknowledge.clicked.connect(lambda: self.acknowledged.emit(alert))
        line.open.clicked.connect(lambda: self.opened.emit(alert))
        return line

    def _set_ticking(self) -> None:
        counts = any(alert.escalates_at and not alert.acknowledged_at for alert in self._alerts)
        if counts and self.isVisible():
            self._tick.start()
        else:
            self._tick.stop()

    def _count_down(self) -> None:
        now = self._clock()
        for line in self._lines:
            line.count_down(now)


class _AlertLine(QWidget):
    """One alert: what, about whom, for how long still, and the two things to do."""

    def __init__(self, alert: AlertRow) -> None:
        super().__init__()
        self._alert = alert
        name = alert.patient.name
        self._clock_line = label("", TextRole.MUTED, wraps=True)
        self.acknowledge = SecondaryButton(self.tr("Seen"), icon_name="check")
        self.acknowledge.setAccessibleName(
            self.tr("Seen: {title}, {name}").format(title=alert.title, name=name)
        )
        self.open = SecondaryButton(self.tr("Open"))
        self.open.setAccessibleName(self.tr("Open {name}").format(name=name))
        kind = Kind.DANGER if alert.critical else Kind.WARNING
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label(f"{alert.title} · {name}", TextRole.STRONG, wraps=True))
        if alert.detail:
            words.addWidget(label(alert.detail, TextRole.MUTED, wraps=True))
        words.addWidget(self._clock_line)
        words.addLayout(self._buttons())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(IconMark("alert-octagon" if alert.critical else "alert", kind=kind, size=20), 0, top)
        row.addLayout(words, 1)

    def count_down(self, now: datetime) -> None:
        """Says what happens when nobody acts."""
        sentence = self._sentence(now)
        self._clock_line.setText(sentence)
        self._clock_line.setHidden(not sentence)

    def _buttons(self) -> FlowLayout:
        row = FlowLayout(spacing=Space.S)
        if self._alert.acknowledged_at is None:
            row.addWidget(self.acknowledge)
        else:
            row.addWidget(self._seen_pill())
        row.addWidget(self.open)
        return row

    def _sentence(self, now: datetime) -> str:
        if self._alert.acknowledged_at is not None or self._alert.escalates_at is None:
            return ""
        left = int((self._alert.escalates_at - now).total_seconds())
        if left <= 0:
            return self.tr("Not seen · moving on to the next person")
        time = f"{left // 60}:{left % 60:02d}"
        return self.tr("Not seen · to the next person in {time}").format(time=time)

    def _seen_pill(self) -> Pill:
        who = self._alert.acknowledged_by
        words = self.tr("Seen by {name}").format(name=who.name) if who else self.tr("Seen")
        return Pill(words, kind=Kind.OK, icon_name="check")
