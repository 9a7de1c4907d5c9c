"""One line of text that gives way to its neighbours: it is cut, and said in full by its tooltip."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from hms_desktop.widgets.tokens import current_tokens

LEAST_WIDTH = 110
"""Pixels at 100 %."""
_LOOKS = frozenset({QEvent.Type.StyleChange, QEvent.Type.FontChange})


class CutLabel(QLabel):
    """Takes what the others leave and never more than its words; `firm`, it has room for all of them."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._firm = False
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.say(text, firm=False)

    def say(self, text: str, *, firm: bool) -> None:
        """Shows other words."""
        self._firm = firm
        self.setText(text)
        self.setToolTip(text)
        self._measure()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        least = self._whole() if self._firm else min(self._whole(), current_tokens().px(LEAST_WIDTH))
        return QSize(least, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() in _LOOKS:
            self._measure()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name and signature
        style, right = self.style(), Qt.TextElideMode.ElideRight
        cut = self.fontMetrics().elidedText(self.text(), right, self.width())
        side = style.visualAlignment(self.layoutDirection(), self.alignment())
        painter = QPainter(self)
        style.drawItemText(
            painter, self.rect(), side, self.palette(), self.isEnabled(), cut, self.foregroundRole()
        )

    def _measure(self) -> None:
        self.setMaximumWidth(self._whole())
        self.updateGeometry()

    def _whole(self) -> int:
        return self.fontMetrics().horizontalAdvance(self.text()) + 2
