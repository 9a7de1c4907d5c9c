"""The course of one measured value: its points, the normal band, and the last value large."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from hms_desktop.widgets.tokens import Kind, Space, TextSize, current_tokens

LABEL_WIDTH = 84
VALUE_WIDTH = 84
DOT = 3.5


@dataclass(frozen=True)
class Point:
    """One measurement."""

    at: datetime
    value: Decimal


@dataclass(frozen=True, kw_only=True)
class Band:
    """What is normal, ends included; None where there is no limit on that side."""

    low: Decimal | None
    high: Decimal | None

    def place_of(self, value: Decimal) -> int:
        """-1 below, 0 inside, 1 above."""
        if self.low is not None and value < self.low:
            return -1
        return int(self.high is not None and value > self.high)

    def text(self) -> str:
        """Such as "51–90", "≤ 38" or "≥ 96"; empty without limits."""
        if self.low is not None and self.high is not None:
            return f"{self.low:f}–{self.high:f}"
        if self.high is not None:
            return f"≤ {self.high:f}"
        return f"≥ {self.low:f}" if self.low is not None else ""

    def claims_nothing(self) -> bool:
        """Whether no normal range is known, so that no value may be called normal."""
        return self.low is None and self.high is None


class TrendChart(QWidget):
    """Points in order of time at even distances: a visit a year ago must not flatten today's hours."""

    def __init__(
        self, title: str, *, unit: str, band: Band, decimals: int = 0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._title = title
        self._unit = unit
        self._band = band
        self._decimals = decimals
        self._points: list[Point] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.set_points([])

    def set_points(self, points: Sequence[Point]) -> None:
        """Shows these measurements, oldest first whatever their order here."""
        self._points = sorted(points, key=lambda point: point.at)
        self.setAccessibleName(self.description())
        self.setToolTip(self.description())
        self.update()

    def description(self) -> str:
        """The chart in words, for those who hear it."""
        if not self._points:
            return self.tr("{title}: not measured").format(title=self._title)
        last = self._points[-1]
        said = self.tr("{title}: {value} {unit}, {place}").format(
            title=self._title, value=self._shown(last.value), unit=self._unit, place=self._place_word()
        )
        if len(self._points) == 1:
            return said
        earlier = ", ".join(self._shown(point.value) for point in self._points[-6:-1])
        return self.tr("{said}; before: {earlier}").format(said=said, earlier=earlier)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        tokens = current_tokens()
        return QSize(tokens.px(280), tokens.px(72))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        tokens = current_tokens()
        return QSize(tokens.px(LABEL_WIDTH + VALUE_WIDTH + 60), tokens.px(44))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name and signature
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # In a mirrored window "51–90" would read 90–51; time runs to the right for everybody.
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        tokens = current_tokens()
        label_width, value_width = tokens.px(LABEL_WIDTH), tokens.px(VALUE_WIDTH)
        room = QRectF(self.rect())
        plot = room.adjusted(label_width, Space.S, -value_width, -Space.S)
        self._draw_label(painter, QRectF(0, 0, label_width - Space.XS, room.height()))
        self._draw_plot(painter, plot)
        self._draw_last(painter, QRectF(room.right() - value_width, 0, value_width, room.height()))

    def _draw_label(self, painter: QPainter, place: QRectF) -> None:
        tokens = current_tokens()
        middle = place.center().y()
        painter.setPen(QColor(tokens.palette.ink))
        painter.setFont(_font(painter, TextSize.SMALL, QFont.Weight.DemiBold))
        top = QRectF(place.left(), middle - tokens.px(32), place.width(), tokens.px(32))
        words = Qt.TextFlag.TextWordWrap
        painter.drawText(top, int(Qt.AlignmentFlag.AlignBottom | words), self._title)
        painter.setPen(QColor(tokens.palette.muted))
        painter.setFont(_font(painter, TextSize.CAPTION, QFont.Weight.Normal))
        below = QRectF(place.left(), middle + 1, place.width(), tokens.px(32))
        text = f"{self._band.text()} {self._unit}".strip()
        painter.drawText(below, int(Qt.AlignmentFlag.AlignTop | words), text)

    def _draw_plot(self, painter: QPainter, plot: QRectF) -> None:
        palette = current_tokens().palette
        low, high = self._range()
        if not self._band.claims_nothing():
            painter.fillRect(self._band_rect(plot, low, high), QColor(palette.band))
        places = self._places(plot, low, high)
        painter.setPen(QPen(QColor(palette.muted), 1.6))
        painter.drawPolyline(places)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, point in zip(places, self._points, strict=True):
            painter.setBrush(QColor(palette.ink_of(self._kind(point.value))))
            painter.drawEllipse(place, DOT, DOT)

    def _draw_last(self, painter: QPainter, place: QRectF) -> None:
        tokens = current_tokens()
        if not self._points:
            painter.setPen(QColor(tokens.palette.muted))
            painter.setFont(_font(painter, TextSize.SMALL, QFont.Weight.Normal))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(place, flags, self.tr("not measured"))
            return
        last = self._points[-1].value
        middle = place.center().y()
        inset = place.adjusted(Space.M, 0, 0, 0)
        painter.setPen(QColor(tokens.palette.ink_of(self._kind(last))))
        painter.setFont(_font(painter, TextSize.VALUE, QFont.Weight.DemiBold))
        upper = QRectF(inset.left(), middle - tokens.px(26), inset.width(), tokens.px(28))
        painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter, self._shown(last))
        painter.setFont(_font(painter, TextSize.CAPTION, QFont.Weight.DemiBold))
        lower = QRectF(inset.left(), middle + tokens.px(3), inset.width(), tokens.px(30))
        flags = int(Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        painter.drawText(lower, flags, self._place_word())

    def _places(self, plot: QRectF, low: float, high: float) -> list[QPointF]:
        count = len(self._points)
        step = plot.width() / max(1, count - 1)
        first = plot.left() if count > 1 else plot.center().x()
        return [
            QPointF(first + number * step, _height(plot, float(point.value), low, high))
            for number, point in enumerate(self._points)
        ]

    def _band_rect(self, plot: QRectF, low: float, high: float) -> QRectF:
        top = high if self._band.high is None else float(self._band.high)
        bottom = low if self._band.low is None else float(self._band.low)
        upper, lower = _height(plot, top, low, high), _height(plot, bottom, low, high)
        return QRectF(plot.left(), upper, plot.width(), lower - upper)

    def _range(self) -> tuple[float, float]:
        """What the plot has to show: all points and the band, with a little air."""
        values = [float(point.value) for point in self._points]
        values += [float(end) for end in (self._band.low, self._band.high) if end is not None]
        low, high = min(values, default=0.0), max(values, default=1.0)
        air = (high - low or 1.0) * 0.08
        return low - air, high + air

    def _kind(self, value: Decimal) -> Kind:
        if self._band.claims_nothing():
            return Kind.NEUTRAL
        return Kind.OK if self._band.place_of(value) == 0 else Kind.DANGER

    def _place_word(self) -> str:
        if self._band.claims_nothing():
            return self.tr("not rated")
        place = self._band.place_of(self._points[-1].value)
        return {-1: self.tr("↓ low"), 0: self.tr("in range"), 1: self.tr("↑ high")}[place]

    def _shown(self, value: Decimal) -> str:
        return f"{value:.{self._decimals}f}"


def _height(plot: QRectF, value: float, low: float, high: float) -> float:
    return plot.bottom() - (value - low) / (high - low) * plot.height()


def _font(painter: QPainter, size: TextSize, weight: QFont.Weight) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(current_tokens().px(size))
    font.setWeight(weight)
    return font
