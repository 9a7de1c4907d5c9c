"""The strip above a demo's window by which one person plays all roles."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Space


class DemoBar(QFrame):
    """One button for each person; the one who is signed in is marked."""

    chosen = Signal(int)
    """The place of the person in the list."""

    def __init__(self, words: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.XS, Space.M, Space.XS)
        row.setSpacing(Space.XS)
        row.addWidget(label(self.tr("Demo: sign in as"), TextRole.LABEL))
        self._buttons = [self._button(number, text) for number, text in enumerate(words)]
        for button in self._buttons:
            row.addWidget(button)
        row.addStretch(1)

    def mark(self, number: int) -> None:
        """Shows who is signed in."""
        for place, button in enumerate(self._buttons):
            button.setChecked(place == number)

    def _button(self, number: int, text: str) -> SecondaryButton:
        button = SecondaryButton(text, key=f"Ctrl+F{number + 1}")
        button.setCheckable(True)
        button.clicked.connect(lambda: self.chosen.emit(number))
        return button
