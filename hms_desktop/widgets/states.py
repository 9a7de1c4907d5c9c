"""Loading, empty, failed or filled: what a list says about itself."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QAbstractItemView, QLabel, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import IconMark, TextRole, label
from hms_desktop.widgets.tokens import Kind, Space

QUIET_MS = 300
"""An answer that comes sooner needs no sign that it is awaited."""


class ListState(QStackedWidget):
    """A list, or the sentence that stands in its place."""

    retried = Signal()
    """The person wants the list fetched again after a failure."""

    def __init__(self, view: QWidget, *, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        self._empty = label(empty, TextRole.MUTED, wraps=True)
        self._error = label("", TextRole.ERROR, wraps=True)
        self._retry = SecondaryButton(self.tr("Try again"), icon_name="refresh")
        self._retry.clicked.connect(self.retried)
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Loading"))
        self._pages = {
            "filled": view,
            "empty": _page(self._empty),
            "error": _page(
                IconMark("alert-circle-outline", kind=Kind.DANGER, size=20), self._error, self._retry
            ),
            "loading": _page(self._bar),
            "quiet": QWidget(),
        }
        for page in self._pages.values():
            self.addWidget(page)
        self._patience = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._patience.timeout.connect(lambda: self._turn_to("loading"))
        self._turn_to("quiet")

    def state(self) -> str:
        """filled, empty, error, loading, or quiet while it is too early to say."""
        return next(name for name, page in self._pages.items() if page is self.currentWidget())

    def show_loading(self) -> None:
        """An answer is awaited. A list that is already filled stays; else, after a moment, a progress bar."""
        if self.state() != "filled":
            self._turn_to("quiet")
            self._patience.start()

    def show_rows(self) -> None:
        """The list is up to date: shows it, or the sentence for an empty one where its model has no rows."""
        model = self.view.model() if isinstance(self.view, QAbstractItemView) else None
        self._turn_to("empty" if model is not None and not model.rowCount() else "filled")

    def show_empty(self, sentence: str) -> None:
        """Nothing to show, and why."""
        self._empty.setText(sentence)
        self._turn_to("empty")

    def show_error(self, sentence: str) -> None:
        """The list could not be fetched, which is not the same as empty."""
        self._error.setText(sentence)
        self._turn_to("error")

    def _turn_to(self, name: str) -> None:
        self._patience.stop()
        self.setCurrentWidget(self._pages[name])


def _page(*parts: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(Space.M, Space.L, Space.M, Space.L)
    column.setSpacing(Space.S)
    for part in parts:
        if isinstance(part, QLabel):
            # Aligned by the layout, a text that wraps would get the height of one line.
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(part)
        elif isinstance(part, QProgressBar):
            column.addWidget(part)
        else:
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
    column.addStretch(1)
    return page
