"""A QR code that a phone reads off the screen."""

import segno
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from hms_desktop.widgets.tokens import current_tokens

SIDE = 186
"""Five dots for each module of a usual link, about 5 cm on a common screen: read at arm's length."""
BORDER = 4
"""The white margin in modules that the standard asks for."""


class QrCode(QWidget):
    """Dark on white in every theme: many phones do not read the reverse."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._rows: tuple[bytes, ...] = ()
        self.setFixedSize(self.sizeHint())

    def text(self) -> str:
        """What a phone would read."""
        return self._text

    def set_text(self, text: str) -> None:
        """Shows the code of this text; empty shows nothing."""
        if text == self._text:
            return
        self._text = text
        code = segno.make_qr(text, error="m") if text else None
        self._rows = tuple(bytes(row) for row in code.matrix_iter(border=BORDER)) if code else ()
        self.setAccessibleName(self.tr("QR code of the payment page {text}").format(text=text))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        side = current_tokens().px(SIDE)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name and signature
        if not self._rows:
            return
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(self.rect(), QColor("white"))
        ratio = self.devicePixelRatioF()
        # Modules of whole dots keep their edges sharp.
        dots = max(1, int(self.width() * ratio) // len(self._rows))
        side = dots / ratio
        left = (self.width() - side * len(self._rows)) / 2
        painter.setBrush(QColor("black"))
        for y, row in enumerate(self._rows):
            for x, dark in enumerate(row):
                if dark:
                    painter.drawRect(QRectF(left + x * side, left + y * side, side, side))
