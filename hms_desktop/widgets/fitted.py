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
        room = self.maximumViewportSize()
        least = self._page.minimumSizeHint().width()
        width = max(room.width(), least)
        if _least_height(self._page, width) <= room.height() - self._below(width):
            self._page.resize(width, room.height() - self._below(width))
            return
        # Since it scrolls anyway, each part gets the height that it likes.
        width = max(room.width() - self.verticalScrollBar().sizeHint().width(), least)
        self._page.resize(width, max(_liked_height(self._page, width), _least_height(self._page, width)))

    def _below(self, width: int) -> int:
        """The height that the horizontal scroll bar takes, if there is one."""
        needed = width > self.maximumViewportSize().width()
        return self.horizontalScrollBar().sizeHint().height() if needed else 0


def _least_height(page: QWidget, width: int) -> int:
    layout = page.layout()
    if layout is not None and layout.hasHeightForWidth():
        return layout.minimumHeightForWidth(width)
    return page.minimumSizeHint().height()


def _liked_height(page: QWidget, width: int) -> int:
    layout = page.layout()
    if layout is not None and layout.hasHeightForWidth():
        return layout.heightForWidth(width)
    return page.sizeHint().height()
