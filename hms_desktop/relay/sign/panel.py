"""The sign of the world outside in the status bar, and what it tells when somebody asks."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.relay.words import reach_word, sign_text, worst_first
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.sign import Sign
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.words import since_text
from hms_server.contract.relay import Reachability

KEY = "Ctrl+I"
POPUP_WIDTH = 440


class OutsideSign(Sign):
    """One line: quiet while all is well, the worst trouble otherwise. A click or Ctrl+I tells the rest.

    Hidden while nothing outside is switched on, or nothing is known.
    """

    def __init__(self, *, clock: Callable[[], datetime], zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._zone = zone
        self._rows: list[Reachability] = []
        self._popup: OutsidePopup | None = None
        self.clicked.connect(self.toggle)
        shortcut = QShortcut(QKeySequence(KEY), self)
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(self.toggle)

    def show_rows(self, rows: Sequence[Reachability] | None) -> None:
        """Draws the state of all destinations; None where it is not known."""
        self._rows = list(rows or ())
        bad = worst_first(self._rows)
        kind = Kind.DANGER if any(row.waiting for row in bad) else Kind.WARNING if bad else Kind.NEUTRAL
        words = sign_text(self._rows, zone=self._zone, now=self._clock())
        self.say(words, kind, icon_name="cloud-alert-outline" if bad else "cloud-check-outline")
        self.setAccessibleDescription(self.tr("Details: {key}").format(key=KEY))
        self.setToolTip(f"{words}   {KEY}")
        if self._popup is not None:
            self._popup.show_rows(self._rows)
            if not self._rows:
                self._popup.close()

    def toggle(self) -> None:
        """Shows the details above the status bar, or takes them away."""
        if self._popup is not None and self._popup.isVisible():
            self._popup.close()
        elif self._rows:
            self._open()

    def _open(self) -> None:
        if self._popup is None:
            self._popup = OutsidePopup(self, clock=self._clock, zone=self._zone)
        self._popup.show_rows(self._rows)
        self._popup.place()
        self._popup.show()
        self._popup.setFocus(Qt.FocusReason.PopupFocusReason)


class OutsidePopup(QFrame):
    """Each destination with its state, since when, what waits, and what to do. Esc closes it."""

    def __init__(self, sign: QWidget, *, clock: Callable[[], datetime], zone: tzinfo) -> None:
        super().__init__(sign, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("details")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._sign = sign
        self._clock = clock
        self._zone = zone
        self._shown: list[Reachability] = []
        self._inside = QWidget()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        self._column.addWidget(label(self.tr("Outside the clinic"), TextRole.HEADING))
        self._column.addWidget(self._inside)
        self._column.addWidget(
            label(self.tr("The clinic's work goes on without it; what waits is sent later."), TextRole.MUTED)
        )
        shortcut = QShortcut(QKeySequence(KEY), self)
        shortcut.activated.connect(self.close)

    def show_rows(self, rows: Sequence[Reachability]) -> None:
        """Replaces what is told, the worst first."""
        bad = worst_first(rows)
        ordered = [*bad, *(row for row in rows if row.reachable)]
        if ordered == self._shown:
            return
        self._shown = ordered
        old, self._inside = self._inside, self._build(ordered)
        self._column.replaceWidget(old, self._inside)
        old.hide()
        old.deleteLater()
        self.setAccessibleName(". ".join(self._told(row) for row in ordered))
        if self.isVisible():
            self._inside.show()
            self.place()

    def place(self) -> None:
        """Above the sign, inside of the window that it belongs to."""
        sign = self._sign
        window = sign.window()
        self.setFixedWidth(min(current_tokens().px(POPUP_WIDTH), window.width() - 2 * Space.L))
        height = self._column.totalHeightForWidth(self.width())
        self.resize(self.width(), min(max(height, self.minimumSizeHint().height()), window.height()))
        corner = sign.mapToGlobal(QPoint(sign.width() - self.width() if self.isRightToLeft() else 0, 0))
        edge = window.mapToGlobal(QPoint(window.width() - Space.L, 0)).x()
        self.move(min(corner.x(), edge - self.width()), corner.y() - self.height() - Space.XS)

    def _build(self, rows: Sequence[Reachability]) -> QWidget:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        for row in rows:
            column.addLayout(self._line(row))
        return inside

    def _line(self, row: Reachability) -> QVBoxLayout:
        word, kind = reach_word(row)
        heading = QHBoxLayout()
        heading.setSpacing(Space.S)
        heading.addWidget(label(row.title, TextRole.STRONG))
        heading.addWidget(Pill(word, kind=kind))
        if row.test_mode:
            heading.addWidget(Pill(self.tr("TEST MODE"), kind=Kind.WARNING))
        heading.addStretch(1)
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addLayout(heading)
        if row.sentence:
            column.addWidget(label(row.sentence, wraps=True))
        column.addWidget(label(self._since(row), TextRole.MUTED, wraps=True))
        return column

    def _since(self, row: Reachability) -> str:
        since = self.tr("Since {time}").format(time=since_text(row.since, zone=self._zone, now=self._clock()))
        return " · ".join(part for part in (since, row.waiting_words) if part)

    def _told(self, row: Reachability) -> str:
        parts = (row.title, reach_word(row)[0], self._since(row), row.sentence)
        return " ".join(part for part in parts if part)
