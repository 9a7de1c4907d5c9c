"""The bottom of the frame: the link to the server, what is stored, the outside, and the clinic's time."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import QDate, QLocale, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from hms_desktop.relay.sign.panel import OutsideSign
from hms_desktop.session import Link, Stored
from hms_desktop.upkeep.sign.panel import ServerSign
from hms_desktop.widgets.cut_label import CutLabel
from hms_desktop.widgets.labels import IconMark, TextRole, label, restyle
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.relay import Reachability

TICK_MS = 1000
LINK_FIRST = 1000
"""Beside the empty stretch, which gets only what the words do not need."""


class StatusBar(QFrame):
    """Says nothing as stored before the server has."""

    def __init__(self, *, clock: Callable[[], datetime], zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self._clock = clock
        self._zone = zone
        self._link_icon = IconMark("lan-pending", kind=Kind.NEUTRAL)
        self._link = CutLabel(self.tr("Connecting…"))
        self._stored_icon = IconMark("content-save-outline", kind=Kind.NEUTRAL)
        self._stored = label("", TextRole.MUTED)
        self.outside = OutsideSign(clock=clock, zone=zone)
        self.server = ServerSign()
        self._time = label("", TextRole.MUTED)
        self._lay_out()
        self.show_stored(Stored())
        self._show_time()
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self._show_time)
        self._tick.start()

    def show_link(self, link: Link) -> None:
        """Whether the server can be reached, and how fast it answers."""
        if link.connected:
            self._say_link(self._connected_words(link), Kind.OK)
            self._link_icon.set_icon("lan-connect")
            self._link_icon.set_kind(Kind.OK)
            return
        words = self.tr("No connection to {server}")
        self._say_link(words.format(server=link.server), Kind.DANGER)
        self._link_icon.set_icon("lan-disconnect")
        self._link_icon.set_kind(Kind.DANGER)

    def show_stored(self, stored: Stored) -> None:
        """What the server has confirmed, and what it has not."""
        if stored.waiting:
            words = self.tr("Waiting on this workstation ({count})").format(count=stored.waiting)
            self._show_stored(words, Kind.WARNING, "tray-arrow-up")
        elif stored.saving:
            self._show_stored(self.tr("Saving…"), Kind.NEUTRAL, "progress-upload")
        elif stored.stored_at is not None:
            local = stored.stored_at.astimezone(self._zone)
            self._show_stored(self.tr("Stored {time}").format(time=f"{local:%H:%M:%S}"), Kind.OK, "check")
        else:
            self._show_stored(self.tr("Nothing to store"), Kind.NEUTRAL, "check")

    def show_outside(self, rows: Sequence[Reachability] | None) -> None:
        """Who outside can be reached; None where that is not known."""
        self.outside.show_rows(rows)

    def texts(self) -> tuple[str, str, str]:
        """Link, stored state and time as they stand there."""
        return self._link.text(), self._stored.text(), self._time.text()

    def _connected_words(self, link: Link) -> str:
        parts = [self.tr("Connected to {server}").format(server=link.server)]
        if link.round_trip_ms is not None:
            parts.append(self.tr("{ms} ms").format(ms=max(1, round(link.round_trip_ms))))
        parts.append(self.tr("encrypted"))
        return " · ".join(parts)

    def _show_stored(self, words: str, kind: Kind, icon_name: str) -> None:
        self._stored_icon.set_icon(icon_name)
        self._stored_icon.set_kind(kind)
        self._say(self._stored, words, kind)

    def _say_link(self, words: str, kind: Kind) -> None:
        self._link.say(words, firm=kind is Kind.DANGER)
        restyle(self._link, "kind", kind.value if kind is Kind.DANGER else "")

    def _say(self, where: QLabel, words: str, kind: Kind) -> None:
        where.setText(words)
        restyle(where, "kind", kind.value if kind in (Kind.WARNING, Kind.DANGER) else "")

    def _show_time(self) -> None:
        local = self._clock().astimezone(self._zone)
        day = QLocale().toString(QDate(local.year, local.month, local.day), "ddd d MMM yyyy")
        self._time.setText(f"{day}  {local:%H:%M}")

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(self._link_icon)
        # What is well gives way to what is not; a lost server keeps its words.
        row.addWidget(self._link, LINK_FIRST)
        row.addSpacing(Space.M)
        row.addWidget(self._stored_icon)
        row.addWidget(self._stored)
        row.addSpacing(Space.M)
        row.addWidget(self.outside)
        row.addWidget(self.server)
        row.addStretch(1)
        row.addWidget(self._time)
