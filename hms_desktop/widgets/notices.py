"""A sentence on coloured ground inside a page, with what can be done about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import IconMark, TextRole, label, restyle, reveal
from hms_desktop.widgets.tokens import Kind, Space

ICONS = {
    Kind.INFO: "information-outline",
    Kind.OK: "check-circle-outline",
    Kind.WARNING: "alert-outline",
    Kind.DANGER: "alert-octagon",
    Kind.NEUTRAL: "information-outline",
}


@dataclass(frozen=True)
class Action:
    """A button of a notice: its words and what it does."""

    words: str
    do: Callable[[], object]
    key: str = ""


class Notice(QFrame):
    """Hidden until something is said; never modal, never takes the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._icon = IconMark(ICONS[Kind.INFO], size=20)
        self._title = label("", TextRole.STRONG, wraps=True)
        self._sentence = label("", wraps=True)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(Space.S)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._sentence)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        row.setSpacing(Space.S)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        row.addLayout(self._buttons)
        self.hide()

    def say(self, kind: Kind, title: str, sentence: str = "", *, actions: Sequence[Action] = ()) -> None:
        """Shows this in place of what was said before."""
        self._icon.set_icon(ICONS[kind])
        self._icon.set_kind(kind)
        self._title.setText(title)
        self._sentence.setText(sentence)
        self._sentence.setHidden(not sentence)
        self._replace_buttons(actions)
        restyle(self, "kind", kind.value)
        self.setAccessibleName(f"{title} {sentence}".strip())
        reveal(self)

    def text(self) -> str:
        """All that is said, empty while hidden."""
        return "" if self.isHidden() else self.accessibleName()

    def take_back(self) -> None:
        """Hides the notice."""
        self.hide()

    def _replace_buttons(self, actions: Sequence[Action]) -> None:
        while (item := self._buttons.takeAt(0)) is not None:
            old = item.widget()
            assert old is not None
            old.hide()
            old.deleteLater()
        for action in actions:
            button = SecondaryButton(action.words, key=action.key)
            button.clicked.connect(lambda _checked=False, do=action.do: do())
            self._buttons.addWidget(button)
