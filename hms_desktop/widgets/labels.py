"""Labels by their part in the text, the icon that goes with words, and the pill."""

from enum import StrEnum

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from hms_desktop.widgets.icons import icon
from hms_desktop.widgets.tokens import Kind, Space, current_tokens


class TextRole(StrEnum):
    """The parts that a text can play; the style sheet knows them by these words."""

    BODY = "body"
    CAPTION = "caption"
    MUTED = "muted"
    LABEL = "label"
    STRONG = "strong"
    HEADING = "heading"
    TITLE = "title"
    VALUE = "value"
    SCORE = "score"
    ERROR = "error"


def label(text: str = "", role: TextRole = TextRole.BODY, *, wraps: bool = False) -> QLabel:
    """A label that never reads its text as HTML: names and notes may contain any sign."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setProperty("role", role.value)
    made.setWordWrap(wraps)
    return made


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Sets a property that the style sheet looks at, and draws the widget and its children anew."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    for each in (widget, *widget.findChildren(QWidget)):
        # What was never shown is drawn with the new value anyway, once it is.
        if each.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            each.style().unpolish(each)
            each.style().polish(each)


def reveal(widget: QWidget) -> None:
    """Shows a part of a page; what has no page yet appears together with it and never flashes as a window."""
    if widget.parentWidget() is None:
        widget.setAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide, False)
    else:
        widget.show()


class IconMark(QWidget):
    """One icon in the colour of a meaning, as large as the text it stands beside."""

    def __init__(
        self,
        name: str,
        *,
        kind: Kind = Kind.NEUTRAL,
        colour: str = "",
        size: int = 16,
        parent: QWidget | None = None,
    ) -> None:
        """`colour` names a colour of the palette, such as "on_rail"; without it, the kind decides."""
        super().__init__(parent)
        self._name = name
        self._kind = kind
        self._colour = colour
        self._size = size
        self.setFixedSize(self.sizeHint())

    def set_icon(self, name: str) -> None:
        """Shows another icon."""
        self._name = name
        self.update()

    def set_kind(self, kind: Kind) -> None:
        """Shows the icon in the colour of another meaning."""
        self._kind = kind
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        side = current_tokens().px(self._size)
        return QSize(side, side)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.StyleChange:
            self.setFixedSize(self.sizeHint())
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name and signature
        palette = current_tokens().palette
        colour = getattr(palette, self._colour) if self._colour else palette.ink_of(self._kind)
        icon(self._name, colour).paint(QPainter(self), self.rect())


class Pill(QWidget):
    """A word or two on coloured ground: a state, a priority, a count."""

    def __init__(
        self,
        text: str = "",
        *,
        kind: Kind = Kind.INFO,
        icon_name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pill")
        self._kind = kind
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        self._text = label(text, TextRole.LABEL)
        self._icon = IconMark(icon_name or "circle-small", kind=kind, size=14)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.S + 2, 2, Space.S + 2, 2)
        row.setSpacing(Space.XS)
        row.addWidget(self._icon)
        row.addWidget(self._text)
        self._icon.setVisible(bool(icon_name))
        self.set(text, kind)

    def text(self) -> str:
        """The words of the pill."""
        return self._text.text()

    def set(self, text: str, kind: Kind) -> None:
        """Says something else; a pill without words disappears."""
        if self.property("kind") == kind.value and self._text.text() == text:
            return
        self._text.setText(text)
        self._kind = kind
        self._icon.set_kind(kind)
        restyle(self, "kind", kind.value)
        self.setAccessibleName(text)
        if not text:
            self.hide()
        else:
            reveal(self)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name and signature
        # A style sheet draws square corners as soon as the radius exceeds half of the height by a hair.
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(current_tokens().palette.soft_of(self._kind)))
        painter.drawRoundedRect(self.rect(), self.height() / 2, self.height() / 2)
