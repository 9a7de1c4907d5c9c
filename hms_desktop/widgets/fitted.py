"""A page that scrolls, rather than squeezing its parts, where the window is too small for it."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QWidget


class Fitted(QScrollArea):
    """As large as the window where that is enough, else as large as the page's own least size.

    Qt's own resizable scroll area asks a page with wrapping text for its favourite height and so scrolls
    long before anything would be cut off.
    """

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._page = page
        self.setWidget(page)
        page.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        page = self._page
        room = self.maximumViewportSize()
        bar = self.verticalScrollBar().sizeHint().width()
        width = max(room.width(), page.minimumSizeHint().width())
        height = _least_height(page, width)
        if height > room.height() and width == room.width():
            width = max(room.width() - bar, page.minimumSizeHint().width())
            height = _least_height(page, width)
        below = self.horizontalScrollBar().sizeHint().height() if width > room.width() else 0
        page.resize(width, max(room.height() - below, height))


def _least_height(page: QWidget, width: int) -> int:
    layout = page.layout()
    if layout is not None and layout.hasHeightForWidth():
        return layout.minimumHeightForWidth(width)
    return page.minimumSizeHint().height()
