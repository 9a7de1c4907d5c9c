"""The box in which a score stands large beside what it means."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.labels import TextRole, label, restyle, reveal
from hms_desktop.widgets.tokens import Kind, Space


class ScoreBox(QFrame):
    """Says a score and its consequence; hidden until there is something to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("score")
        self._number = label("", TextRole.SCORE)
        self._title = label("", TextRole.HEADING, wraps=True)
        self._sentence = label("", wraps=True)
        self._aside = label("", TextRole.STRONG, wraps=True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._sentence)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.M)
        row.addWidget(self._number)
        row.addLayout(words, 1)
        row.addWidget(self._aside)
        self.hide()

    def show_score(self, kind: Kind, *, number: str, title: str, sentence: str = "", aside: str = "") -> None:
        """`number` is what is certain ("10", "≥ 5"), or a dash where no number may be given."""
        self._number.setText(number)
        self._title.setText(title)
        self._sentence.setText(sentence)
        self._sentence.setHidden(not sentence)
        self._aside.setText(aside)
        self._aside.setHidden(not aside)
        restyle(self, "kind", kind.value)
        self.setAccessibleName(". ".join(part for part in (title, number, sentence, aside) if part))
        reveal(self)
