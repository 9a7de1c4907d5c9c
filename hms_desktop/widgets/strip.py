"""The strip above the work that nobody overlooks: what is done here is not what it seems."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from hms_desktop.widgets.labels import IconMark, TextRole, label, reveal
from hms_desktop.widgets.tokens import Space


class Strip(QFrame):
    """Hidden until it has something to say; breaks its words where the window is narrow."""

    def __init__(self, icon_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self._words = label("", TextRole.STRONG, wraps=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(IconMark(icon_name, colour="surface", size=18), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._words, 1)
        self.hide()

    def say(self, words: str) -> None:
        """Shows this sentence; an empty one takes the strip away."""
        self._words.setText(words)
        self.setAccessibleName(words)
        if words:
            reveal(self)
        else:
            self.hide()

    def text(self) -> str:
        """What is said, empty while hidden."""
        return "" if self.isHidden() else self._words.text()
