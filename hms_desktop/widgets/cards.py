"""The white sheet with a heading on which everything in a workspace stands."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Space


class Card(QFrame):
    """A heading, what belongs to its right, and a body filled from top to bottom."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._title = label(title, TextRole.HEADING, wraps=True)
        self._top = QHBoxLayout()
        self._top.setSpacing(Space.S)
        self._top.addWidget(self._title, 1)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        self.body.setSpacing(Space.S)
        self.body.addLayout(self._top)
        self.set_title(title)

    def title(self) -> str:
        """The heading."""
        return self._title.text()

    def set_title(self, title: str) -> None:
        """Changes the heading; a card without one begins with its body."""
        self._title.setText(title)
        self._title.setHidden(not title)
        self.setAccessibleName(title)

    def add_to_heading(self, widget: QWidget) -> None:
        """Puts a pill, a button or a word at the right of the heading."""
        self._top.addWidget(widget)

    def add(self, part: QWidget | QLayout, *, stretch: int = 0) -> None:
        """Puts a part below the others."""
        if isinstance(part, QLayout):
            self.body.addLayout(part, stretch)
        else:
            self.body.addWidget(part, stretch)
