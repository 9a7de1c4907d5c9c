"""Fields: a label above, an editor, its unit, and below it a hint or what is wrong."""

from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from typing import Generic, TypeVar

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from hms_desktop.widgets.icons import icon
from hms_desktop.widgets.labels import Pill, TextRole, label, restyle
from hms_desktop.widgets.tokens import Kind, Space, current_tokens

E = TypeVar("E", bound=QWidget)
T = TypeVar("T")


class FieldSize(Enum):
    """A measured value is written larger than a word."""

    TEXT = "text"
    VALUE = "value"


class FieldFrame(QWidget, Generic[E]):
    """What all fields share: where the words stand, and how a mistake is shown."""

    def __init__(
        self,
        title: str,
        editor: E,
        *,
        unit: str = "",
        hint: str = "",
        required: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.editor = editor
        self._hint = hint
        self._error = ""
        self._title = label(f"{title} *" if required else title, TextRole.LABEL)
        self._title.setBuddy(editor)
        self._beside = QHBoxLayout()
        self._below = QHBoxLayout()
        editor.setAccessibleName(f"{title}, {unit}" if unit else title)
        self.setFocusProxy(editor)
        self._lay_out()
        self.set_unit(unit)
        self._show_message()

    def error(self) -> str:
        """What is shown as wrong, empty when nothing is."""
        return self._error

    def set_error(self, sentence: str) -> None:
        """Says at the field what would be right and brings the focus there; what was typed stays."""
        self.mark_error(sentence)
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def mark_error(self, sentence: str) -> None:
        """Says what is wrong and leaves the focus where the person is typing."""
        self._error = sentence
        self._show_message()

    def clear_error(self) -> None:
        """Takes the mistake back; the hint stands there again."""
        if self._error:
            self.mark_error("")

    def set_hint(self, sentence: str) -> None:
        """Changes the quiet sentence below the field."""
        self._hint = sentence
        self._show_message()

    def set_pill(self, words: str, kind: Kind = Kind.INFO) -> None:
        """Says below the field what its value means ("2 points"); no words, no pill."""
        if words or "_pill" in vars(self):
            self._pill.set(words, kind)

    def set_unit(self, unit: str) -> None:
        """Changes what stands behind the editor."""
        if unit or "_unit" in vars(self):
            self._unit.setText(unit)
            self._unit.setHidden(not unit)

    # Most fields never have a unit, a sentence or a pill, and a form has many fields.

    @cached_property
    def _unit(self) -> QLabel:
        unit = label("", TextRole.MUTED)
        self._beside.addWidget(unit)
        return unit

    @cached_property
    def _message(self) -> QLabel:
        message = label("", TextRole.MUTED, wraps=True)
        self._below.addWidget(message, 1)
        return message

    @cached_property
    def _pill(self) -> Pill:
        pill = Pill()
        self._below.insertWidget(0, pill, 0, Qt.AlignmentFlag.AlignLeft)
        return pill

    def _lay_out(self) -> None:
        self._beside.setSpacing(Space.S)
        self._beside.addWidget(self.editor, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addWidget(self._title)
        column.addLayout(self._beside)
        column.addLayout(self._below)
        # Only now have the parts a page: what is shown without one flashes as a window and takes the focus.
        self._title.setHidden(not self._title.text())
        if not isinstance(self.editor, QPlainTextEdit):
            # Where a neighbour shows a mistake and grows, this field stays beside its editor.
            column.addStretch(1)

    def _show_message(self) -> None:
        sentence = self._error or self._hint
        if sentence or "_message" in vars(self):
            self._message.setText(sentence)
            self._message.setHidden(not sentence)
            restyle(self._message, "role", (TextRole.ERROR if self._error else TextRole.MUTED).value)
        restyle(self.editor, "wrong", "true" if self._error else "false")
        self.editor.setAccessibleDescription(sentence)
        if self._error:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.editor, self._error))


class Field(FieldFrame[QLineEdit]):
    """One line of text."""

    edited = Signal(str)
    """The person changed the text; never emitted for what the program sets."""
    finished = Signal()
    """The person left the field or pressed Enter."""

    def __init__(
        self,
        title: str,
        *,
        unit: str = "",
        hint: str = "",
        placeholder: str = "",
        required: bool = False,
        size: FieldSize = FieldSize.TEXT,
        max_length: int = 500,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, QLineEdit(), unit=unit, hint=hint, required=required, parent=parent)
        self.editor.setPlaceholderText(placeholder)
        self.editor.setMaxLength(max_length)
        self.editor.setProperty("textSize", size.value)
        self.editor.textEdited.connect(self._on_edited)
        self.editor.editingFinished.connect(self.finished)

    def text(self) -> str:
        """What is typed, without blanks around it."""
        return self.editor.text().strip()

    def set_text(self, text: str) -> None:
        """Shows this text; a mistake that was shown belonged to the old one."""
        self.editor.setText(text)
        self.clear_error()

    def _on_edited(self, text: str) -> None:
        self.clear_error()
        self.edited.emit(text.strip())


class _Lines(QPlainTextEdit):
    """As high as its rows, and higher where there is room."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = rows
        self.setTabChangesFocus(True)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(200, QFontMetrics(self.font()).lineSpacing() * self._rows + 2 * Space.S)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self.sizeHint()


class TextField(FieldFrame[QPlainTextEdit]):
    """Several lines of text; the Tab key moves on."""

    edited = Signal(str)

    def __init__(
        self, title: str, *, rows: int = 2, placeholder: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(title, _Lines(rows), parent=parent)
        self.editor.setPlaceholderText(placeholder)
        self._quiet = False
        self.editor.textChanged.connect(self._on_changed)

    def text(self) -> str:
        """What is typed, as typed."""
        return self.editor.toPlainText()

    def set_text(self, text: str) -> None:
        """Shows this text without saying `edited`; the cursor stays when nothing changed."""
        if text == self.text():
            return
        self._quiet = True
        self.editor.setPlainText(text)
        self._quiet = False
        self.clear_error()

    def _on_changed(self) -> None:
        if not self._quiet:
            self.clear_error()
            self.edited.emit(self.text())


class _Combo(QComboBox):
    """Draws its own arrow, since a style sheet takes Qt's away; ignores the wheel until it has the focus."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        tokens = current_tokens()
        side = tokens.px(18)
        left = Space.XS if self.isRightToLeft() else self.width() - side - Space.XS
        place = QRect(left, (self.height() - side) // 2, side, side)
        icon("chevron-down", tokens.palette.muted).paint(QPainter(self), place)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        # Scrolling a form past a field must not change what was chosen in it.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ChoiceField(FieldFrame[QComboBox], Generic[T]):
    """One value out of a few; `None` until something was chosen, when nothing is preset."""

    chosen = Signal(object)
    """The value that the person chose; never emitted for what the program sets."""

    def __init__(
        self,
        title: str,
        choices: Sequence[tuple[T, str]],
        *,
        placeholder: str = "",
        hint: str = "",
        required: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, _Combo(), hint=hint, required=required, parent=parent)
        self.editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.editor.setPlaceholderText(placeholder or self.tr("Choose…"))
        self._values: list[T] = []
        self.set_choices(choices)
        self.editor.activated.connect(self._on_activated)

    def set_choices(self, choices: Sequence[tuple[T, str]]) -> None:
        """Offers these values, each with its words; the chosen one stays chosen if it is still there."""
        before = self.value()
        self._values = [value for value, _ in choices]
        self.editor.clear()
        self.editor.addItems([words for _, words in choices])
        self.set_value(before)

    def value(self) -> T | None:
        """What is chosen, None for nothing yet."""
        number = self.editor.currentIndex()
        return self._values[number] if number >= 0 else None

    def set_value(self, value: T | None) -> None:
        """Chooses a value; one that is not offered means nothing chosen."""
        number = self._values.index(value) if value in self._values else -1
        self.editor.setCurrentIndex(number)
        self.clear_error()

    def _on_activated(self, number: int) -> None:
        self.clear_error()
        self.chosen.emit(self._values[number])
