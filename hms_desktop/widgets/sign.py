"""One line in the status bar, there when there is something to say, cut where there is no room for it."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from hms_desktop.widgets.icons import icon
from hms_desktop.widgets.labels import restyle
from hms_desktop.widgets.tokens import Kind, Space, current_tokens

ICON_SIZE = 16
ALARM_WIDTH = 90
"""What a sign of danger keeps at least, at 100 %; any other may shrink to its icon."""
_LOOKS = frozenset({QEvent.Type.StyleChange, QEvent.Type.FontChange})


class Sign(QPushButton):
    """Hidden without words. Tooltip and screen readers get the whole line, also where it is cut."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self._kind = Kind.NEUTRAL
        self._icon_name = ""
        self.setProperty("flat", "true")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.hide()

    def say(self, words: str, kind: Kind, *, icon_name: str) -> None:
        """Draws this line; an empty one hides the sign."""
        self._words, self._kind, self._icon_name = words, kind, icon_name
        restyle(self, "kind", kind.value)
        self.setAccessibleName(words)
        self.setToolTip(words)
        self._refresh()
        self.updateGeometry()
        self.setHidden(not words)

    def words(self) -> str:
        """The whole line, also where there is no room for it; empty while hidden."""
        return self._words

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        metrics = QFontMetrics(self.font())
        wide = metrics.horizontalAdvance(self._words) + self._beside_words() + Space.M
        return QSize(wide, max(metrics.height(), current_tokens().px(ICON_SIZE)) + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        liked = self.sizeHint()
        least = current_tokens().px(ALARM_WIDTH) if self._kind is Kind.DANGER else self._beside_words()
        return QSize(min(least, liked.width()), liked.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() in _LOOKS:
            # Larger letters need more room, which nobody else asks the layout for.
            self.updateGeometry()
            self._refresh()

    def _beside_words(self) -> int:
        return current_tokens().px(ICON_SIZE) + 2 * Space.S

    def _refresh(self) -> None:
        if not self._icon_name:
            return
        tokens = current_tokens()
        self.setIcon(icon(self._icon_name, tokens.palette.ink_of(self._kind)))
        self.setIconSize(QSize(tokens.px(ICON_SIZE), tokens.px(ICON_SIZE)))
        room = self.width() - self._beside_words()
        cut = QFontMetrics(self.font()).elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        shown = cut.replace("&", "&&")
        if shown != self.text():
            self.setText(shown)
