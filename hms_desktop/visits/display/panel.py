"""The screen of a waiting room: tickets and rooms, never names, readable from the last row of chairs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QLayout, QVBoxLayout, QWidget

from hms_desktop.session import Session
from hms_desktop.visits.display.state import DisplayState
from hms_desktop.widgets.labels import label, restyle
from hms_desktop.widgets.tokens import DARK, LIGHT
from hms_server.contract.accounts import Service
from hms_server.contract.visits import DisplayCall, DisplayWaiting

CALLS_SHOWN = 5
WAITING_SHOWN = 9
FLASHES = 10
FLASH_MS = 450
CLOCK_MS = 1000
DESIGN_HEIGHT = 1080
"""The height for which the sizes below are given; every other screen gets the same picture."""
DESIGN_WIDTH = 1600


class DisplayPanel(QWidget):
    """A freshly called ticket flashes, with a sound; a lost connection is said, since old calls mislead."""

    def __init__(
        self,
        session: Session,
        *,
        services: Sequence[Service],
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("display")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._services = {service.code: service.name for service in services}
        self._clock = clock
        self._zone = zone
        self.state = DisplayState(session, parent=self)
        self._clinic = _text("clinic")
        self._time = _text("clock")
        self.banner = _text("banner", wraps=True)
        self.banner.setText(
            self.tr("No connection: what stands here may be old. Please ask at the front desk.")
        )
        self.banner.hide()
        self._nobody = _text("heading", self.tr("Nobody has been called yet."))
        self._calls = [_CallRow() for _ in range(CALLS_SHOWN)]
        self._waiting = [_WaitingRow() for _ in range(WAITING_SHOWN)]
        self._fresh = ""
        self._flashes_left = 0
        self._flash = QTimer(self, interval=FLASH_MS)
        self._flash.timeout.connect(self._on_flash)
        self._tick = QTimer(self, interval=CLOCK_MS)
        self._tick.timeout.connect(self._show_time)
        self._lay_out()
        self._show_time()
        self._show_board()
        self.state.changed.connect(self._show_board)
        self.state.announced.connect(self._on_announced)
        self.state.current_changed.connect(lambda: self.banner.setHidden(self.state.is_current))

    def called(self) -> list[tuple[str, str]]:
        """Ticket and room of each call as they stand there, the newest on top."""
        return [row.words() for row in self._calls if not row.isHidden()]

    def waiting(self) -> list[tuple[str, str, str]]:
        """Ticket, queue and time of each who comes next."""
        return [row.words() for row in self._waiting if not row.isHidden()]

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._tick.start()
        self.state.start()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        scale = min(self.height() / DESIGN_HEIGHT, self.width() / DESIGN_WIDTH)
        self.setStyleSheet(_style(scale))
        margin = round(48 * scale)
        self._page.setContentsMargins(margin, round(32 * scale), margin, round(32 * scale))
        self._page.setSpacing(round(16 * scale))
        for layout, distance in self._distances:
            layout.setSpacing(round(distance * scale))

    def _show_board(self) -> None:
        board = self.state.board
        calls = board.called if board else []
        self._clinic.setText(board.clinic if board else "")
        self._nobody.setHidden(bool(calls))
        for number, row in enumerate(self._calls):
            row.show_call(calls[number] if number < len(calls) else None)
        waiting = _fair_share(board.waiting if board else [])
        for number, place in enumerate(self._waiting):
            place.show_waiting(waiting[number] if number < len(waiting) else None, self._services)
        self._mark_fresh()

    def _on_announced(self, code: str) -> None:
        self._fresh = code
        self._flashes_left = FLASHES
        self._flash.start()
        QApplication.beep()
        self._mark_fresh()

    def _on_flash(self) -> None:
        self._flashes_left -= 1
        if self._flashes_left <= 0:
            self._flash.stop()
        self._mark_fresh()

    def _mark_fresh(self) -> None:
        codes = [code for code, _room in self.called()]
        fresh = self._fresh if self._fresh in codes else (codes[0] if codes else "")
        for row in self._calls:
            is_fresh = bool(fresh) and row.words()[0] == fresh
            lit = is_fresh and self._flashes_left % 2 == 1
            restyle(row, "shade", "lit" if lit else "fresh" if is_fresh else "old")

    def _show_time(self) -> None:
        self._time.setText(f"{self._clock().astimezone(self._zone):%H:%M}")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._clinic, 1)
        top.addWidget(self._time)
        left = QVBoxLayout()
        left.addWidget(_text("heading", self.tr("Please come in")))
        left.addWidget(self._nobody)
        for row in self._calls:
            left.addWidget(row)
        left.addStretch(1)
        right = QVBoxLayout()
        right.addWidget(_text("heading", self.tr("Next")))
        for place in self._waiting:
            right.addWidget(place)
        right.addStretch(1)
        right.addWidget(
            _text("advice", self.tr("If you feel worse while you wait, tell a nurse at once."), wraps=True)
        )
        columns = QHBoxLayout()
        columns.addLayout(left, 3)
        columns.addLayout(right, 2)
        self._page = QVBoxLayout(self)
        # A smaller screen gets smaller letters, so what they need now must not keep the window large.
        self._page.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._page.addLayout(top)
        self._page.addWidget(self.banner)
        self._page.addLayout(columns, 1)
        self._distances: tuple[tuple[QLayout, int], ...] = ((columns, 64), (left, 18), (right, 14))


class _CallRow(QFrame):
    """One ticket and the room it was called to."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("call")
        self._code = _text("code")
        self._room = _text("room")
        self._room.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.addWidget(self._code)
        row.addWidget(self._room, 1)

    def show_call(self, call: DisplayCall | None) -> None:
        self._code.setText(call.code if call else "")
        self._room.setText(call.room if call else "")
        self.setAccessibleName(f"{call.code}, {call.room}" if call else "")
        self.setVisible(call is not None)

    def words(self) -> tuple[str, str]:
        return self._code.text(), self._room.text()


class _WaitingRow(QWidget):
    """One ticket that comes next, its queue and how long it may take."""

    def __init__(self) -> None:
        super().__init__()
        self._code = _text("next")
        self._service = _text("service")
        self._time = _text("service")
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._code, 3)
        row.addWidget(self._service, 3)
        row.addWidget(self._time, 2)

    def show_waiting(self, waiting: DisplayWaiting | None, services: Mapping[str, str]) -> None:
        self._code.setText(waiting.code if waiting else "")
        self._service.setText(services.get(waiting.service, waiting.service) if waiting else "")
        self._time.setText(self._expected(waiting) if waiting else "")
        self.setVisible(waiting is not None)

    def words(self) -> tuple[str, str, str]:
        return self._code.text(), self._service.text(), self._time.text()

    def _expected(self, waiting: DisplayWaiting) -> str:
        if waiting.expected_minutes is None:
            return (
                self.tr("next")
                if not waiting.ahead
                else self.tr("{count} before").format(count=waiting.ahead)
            )
        if not waiting.expected_minutes:
            return self.tr("now")
        return self.tr("~{minutes} min").format(minutes=waiting.expected_minutes)


def _fair_share(waiting: Sequence[DisplayWaiting]) -> list[DisplayWaiting]:
    """The next of every queue, then those behind them: no queue fills the screen alone."""
    return sorted(waiting, key=lambda place: place.ahead)[:WAITING_SHOWN]


def _text(part: str, words: str = "", *, wraps: bool = False) -> QLabel:
    made = label(words, wraps=wraps)
    made.setProperty("part", part)
    return made


def _style(scale: float) -> str:
    def px(size: float) -> int:
        return max(1, round(size * scale))

    return f"""
#display {{ background: {LIGHT.rail}; }}
#display QLabel {{ color: {LIGHT.on_rail}; font-weight: 600; background: transparent; }}
#display QLabel[part="clinic"] {{ font-size: {px(46)}px; }}
#display QLabel[part="clock"] {{ font-size: {px(62)}px; }}
#display QLabel[part="heading"] {{ font-size: {px(34)}px; color: {DARK.muted}; }}
#display QLabel[part="code"] {{ font-size: {px(84)}px; }}
#display QLabel[part="room"] {{ font-size: {px(54)}px; }}
#display QLabel[part="next"] {{ font-size: {px(42)}px; }}
#display QLabel[part="service"] {{ font-size: {px(34)}px; color: {DARK.muted}; font-weight: 400; }}
#display QLabel[part="advice"] {{ font-size: {px(32)}px; color: {DARK.warning}; font-weight: 400; }}
#display QLabel[part="banner"] {{ font-size: {px(34)}px; color: {LIGHT.danger};
  background: {LIGHT.danger_soft}; border-radius: {px(12)}px; padding: {px(14)}px {px(24)}px; }}
#call {{ border-radius: {px(14)}px; padding: {px(12)}px {px(28)}px; background: {LIGHT.rail_active}; }}
#call[shade="fresh"] {{ background: {LIGHT.brand}; }}
#call[shade="lit"] {{ background: {DARK.brand}; }}
#call[shade="lit"] QLabel {{ color: {DARK.on_brand}; }}
"""
