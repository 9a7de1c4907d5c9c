"""What sign-in and pairing share: one card in the middle of an empty window."""

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import IconMark, TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.states import QUIET_MS
from hms_desktop.widgets.tokens import Space, current_tokens

CARD_WIDTH = 400


class CardPage(QWidget):
    """A card below the clinic's name, with a notice and a progress bar that its page places."""

    def __init__(self, heading: str, *, width: int = CARD_WIDTH, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._heading = label(heading, TextRole.TITLE, wraps=True)
        self.card = Card()
        self._width = width
        self.card.setFixedWidth(current_tokens().px(width))
        self.notice = Notice()
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self._patience = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._patience.timeout.connect(self.bar.show)
        self._lay_out()

    def set_heading(self, heading: str) -> None:
        """The clinic's name, or the program's before there is a clinic."""
        self._heading.setText(heading)

    def set_busy(self, button: QAbstractButton) -> None:
        """An answer is awaited: no second click, and after a moment a progress bar."""
        button.setEnabled(False)
        self._patience.start()

    def set_ready(self, button: QAbstractButton) -> None:
        """An answer has come."""
        self._patience.stop()
        self.bar.hide()
        button.setEnabled(True)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange:
            # Somebody has chosen larger letters, here or before signing out.
            self._fit()

    def _fit(self) -> None:
        # With the largest letters a wide card is wider than a small window.
        self.card.setFixedWidth(min(current_tokens().px(self._width), self.width() - 2 * Space.L))

    def _on_focus_changed(self) -> None:
        # With large letters a card is higher than the window, and a mistake below must not stay unseen.
        focused = QApplication.focusWidget()
        if focused is not None and self.card.isAncestorOf(focused):
            self._scroll.ensureWidgetVisible(focused)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.S)
        top.addStretch()
        top.addWidget(IconMark("hospital-box", colour="brand", size=32))
        top.addWidget(self._heading)
        top.addStretch()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.addStretch(2)
        column.addLayout(top)
        column.addSpacing(Space.S)
        # Not aligned: a card that is aligned gets the height that its words need in the width of the page.
        middle = QHBoxLayout()
        middle.addStretch()
        middle.addWidget(self.card)
        middle.addStretch()
        column.addLayout(middle)
        column.addStretch(3)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        self._scroll = scroll
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus_changed)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scroll)
