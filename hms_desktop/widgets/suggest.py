"""A field with a list of suggestions that come from elsewhere while the person types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.suggestions import Suggestion, SuggestionList
from hms_desktop.widgets.tokens import Space, current_tokens

__all__ = ["SuggestField", "Suggestion"]

PAUSE_MS = 120
"""Who types on does not want an answer to half a word."""
SHOWN_ROWS = 8


@dataclass(frozen=True)
class _Answered:
    text: str
    found: int


class SuggestField(Field):
    """Emits `text_entered`; the screen asks the server and hands the answer to `suggest`.

    Up, Down and Enter choose while the focus stays in the field; Escape closes the list.
    """

    text_entered = Signal(str)
    """The person paused after typing this; never empty."""
    chosen = Signal(object)
    """The value of the suggestion that was chosen."""
    submitted = Signal(str)
    """Enter was pressed while no suggestion was there to be chosen."""

    def __init__(
        self,
        title: str,
        *,
        placeholder: str = "",
        hint: str = "",
        nothing_found: str = "",
        required: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, placeholder=placeholder, hint=hint, required=required, parent=parent)
        self._nothing_found = nothing_found or self.tr("Nothing found")
        self._answered: _Answered | None = None
        self._list = SuggestionList()
        self._list.clicked.connect(lambda _index: self._choose_current())
        self._empty = label("", TextRole.MUTED, wraps=True)
        self._popup = self._build_popup()
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self.edited.connect(self._on_typed)
        self.editor.installEventFilter(self)

    def suggest(self, suggestions: Sequence[Suggestion], *, for_text: str) -> None:
        """Shows an answer; one to a text that is no longer in the field is late and ignored."""
        if for_text != self.text() or not self.editor.hasFocus():
            return
        self._answered = _Answered(for_text, len(suggestions))
        self._list.show_suggestions(suggestions)
        self._empty.setText(self._nothing_found)
        self._open()

    def say_instead(self, sentence: str) -> None:
        """Shows a sentence in place of suggestions, such as why the server could not be asked."""
        self._answered = _Answered(self.text(), 0)
        self._list.show_suggestions([])
        self._empty.setText(sentence)
        self._open()

    def ask_now(self) -> None:
        """Asks at once for what stands there, such as a scanned number."""
        self._pause.stop()
        self._on_pause()

    def is_open(self) -> bool:
        """Whether the list is on the screen."""
        return self._popup.isVisible()

    def close_list(self) -> None:
        """Takes the list from the screen."""
        self._popup.hide()

    def _build_popup(self) -> QFrame:
        # A child of the window, not a window: it can never take the focus away from the field.
        popup = QFrame(self)
        popup.setObjectName("popup")
        column = QVBoxLayout(popup)
        column.setContentsMargins(Space.XS, Space.XS, Space.XS, Space.XS)
        column.addWidget(self._list)
        column.addWidget(self._empty)
        popup.hide()
        return popup

    def _open(self) -> None:
        found = self._answered.found if self._answered else 0
        self._list.setVisible(bool(found))
        self._empty.setHidden(bool(found))
        self._popup.setParent(self.window())
        width = max(self.editor.width(), min(current_tokens().px(380), self.window().width() - 2 * Space.M))
        self._popup.resize(width, self._popup.height())
        # Shown before it is measured: how high its rows are depends on the width that only then is real.
        self._popup.show()
        height = self._list.height_of(min(found, SHOWN_ROWS)) if found else current_tokens().px(36)
        self._popup.resize(width, height + 2 * (Space.XS + self._popup.frameWidth()) + Space.XS)
        self._popup.move(self._place())
        self._popup.raise_()

    def _place(self) -> QPoint:
        """Below the field, or above it where the window ends."""
        window = self.window()
        below = self.editor.mapTo(window, QPoint(0, self.editor.height() + 2))
        x = min(below.x(), window.width() - self._popup.width() - Space.XS)
        if below.y() + self._popup.height() <= window.height():
            return QPoint(x, below.y())
        above = below.y() - self.editor.height() - 4 - self._popup.height()
        return QPoint(x, max(0, above))

    def _on_typed(self, text: str) -> None:
        if text:
            self._pause.start()
        else:
            self._pause.stop()
            self.close_list()

    def _on_pause(self) -> None:
        if self.text():
            self.text_entered.emit(self.text())

    def _choose_current(self) -> None:
        value: Any = self._list.current_value()
        self.close_list()
        if value is not None:
            self.chosen.emit(value)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.editor:
            if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                return self._key(event)
            if event.type() is QEvent.Type.FocusOut:
                self.close_list()
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & _CONTROL:
            return self._enter()
        if not self.is_open():
            return False
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._list.step(1 if key == Qt.Key.Key_Down else -1)
            return True
        if key == Qt.Key.Key_Escape:
            self.close_list()
            return True
        return False

    def _enter(self) -> bool:
        """Enter answers the text that stands there now: never a list that belongs to an earlier one."""
        current = self._answered is not None and self._answered.text == self.text()
        if self.is_open() and current and self._answered and self._answered.found:
            self._choose_current()
        elif self.text():
            self._pause.stop()
            self.submitted.emit(self.text())
        return True


_CONTROL = Qt.KeyboardModifier.ControlModifier
