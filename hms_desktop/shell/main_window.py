"""The one window: pairing, sign-in and the frame are pages of it."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

SMALLEST = QSize(1024, 640)
USUAL = QSize(1440, 900)


class MainWindow(QMainWindow):
    """Shows one page at a time."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._pages = QStackedWidget()
        self.setCentralWidget(self._pages)
        self.setMinimumSize(SMALLEST)
        # A small screen shows the whole window, also where nothing arranges windows.
        self.resize(USUAL.boundedTo(self.screen().availableSize()))

    @property
    def page(self) -> QWidget | None:
        """The page that is shown."""
        return self._pages.currentWidget()

    def show_page(self, page: QWidget) -> None:
        """Shows a page; a page that was shown before and is kept keeps its state."""
        if self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)

    def drop_page(self, page: QWidget) -> None:
        """Forgets a page for good, with all that it shows: at sign-out no patient stays in memory."""
        self._pages.removeWidget(page)
        page.hide()
        page.deleteLater()
