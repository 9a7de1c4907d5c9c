"""One step of several that ask about a machine: Esc goes back, Ctrl+Enter goes on."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.shell.main_window import MANUAL_PAGE
from hms_desktop.shell.pages import CardPage
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.labels import TextRole, label

WIDTH = 720


class Step(CardPage):
    """Its page fills the card between the sentence and the buttons, and words them; F1 opens `manual`."""

    next_requested = Signal()
    back_requested = Signal()

    def __init__(self, *, manual: str, parent: QWidget | None = None) -> None:
        super().__init__("", width=WIDTH, parent=parent)
        self.setProperty(MANUAL_PAGE, manual)
        self.sentence = label("", TextRole.MUTED, wraps=True)
        self.card.add(self.sentence)
        self.back_button = SecondaryButton("", key="Esc")
        self.back_button.clicked.connect(self.back_requested)
        self.next_button = PrimaryButton("", key="Ctrl+Enter")
        self.next_button.clicked.connect(self.next_requested)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(self.next_button.click)

    def finish_card(self) -> None:
        """Puts notice, progress bar and buttons below everything else."""
        self.card.add(self.notice)
        self.card.add(self.bar)
        row = QHBoxLayout()
        row.addWidget(self.back_button)
        row.addStretch(1)
        row.addWidget(self.next_button)
        self.card.add(row)
