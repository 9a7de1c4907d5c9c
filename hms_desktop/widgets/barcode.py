"""A barcode on the screen, large enough for a scanner that reads screens."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

MODULE_PX = 2
QUIET_MODULES = 10
HEIGHT = 76
BLACK, WHITE = "#000000", "#FFFFFF"
"""Whatever the theme is: a scanner needs dark bars on light ground."""


class BarcodeView(QWidget):
    """Draws bars in whole pixels of the screen; knows nothing about codes."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._widths: tuple[int, ...] = ()

    def show_bars(self, widths: Sequence[int]) -> None:
        """Bar, space, bar and so on, in modules."""
        self._widths = tuple(widths)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize((sum(self._widths) + 2 * QUIET_MODULES) * MODULE_PX, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name and signature
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(self.rect(), QColor(WHITE))
        left = QUIET_MODULES * MODULE_PX
        for number, width in enumerate(self._widths):
            if number % 2 == 0:
                bar = QRect(left, MODULE_PX * 2, width * MODULE_PX, self.height() - MODULE_PX * 4)
                painter.fillRect(bar, QColor(BLACK))
            left += width * MODULE_PX
