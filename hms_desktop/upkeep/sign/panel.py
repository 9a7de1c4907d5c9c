"""The sign in an administrator's status bar that a server needs somebody."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from hms_desktop.upkeep.words import sign_text
from hms_desktop.widgets.icons import icon
from hms_desktop.widgets.labels import restyle
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_server.contract.upkeep import Level, ServerCondition

ICON_SIZE = 16


class ServerSign(QPushButton):
    """Hidden while all is well, and from everybody who could do nothing; a click leads to the panel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self._kind = Kind.WARNING
        self.setProperty("flat", "true")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_conditions(self, conditions: Sequence[ServerCondition]) -> None:
        """Draws the worst of them; none, no sign."""
        alarmed = any(each.level is Level.ALARM for each in conditions)
        self._kind = Kind.DANGER if alarmed else Kind.WARNING
        self._words = sign_text(conditions)
        restyle(self, "kind", self._kind.value)
        self.setAccessibleName(self._words)
        self.setToolTip(self._words)
        self._refresh()
        self.updateGeometry()
        self.setHidden(not self._words)

    def words(self) -> str:
        """The whole line, also where there is no room for it; empty while hidden."""
        return self._words

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        metrics, tokens = QFontMetrics(self.font()), current_tokens()
        wide = metrics.horizontalAdvance(self._words) + tokens.px(ICON_SIZE) + 2 * Space.S + Space.M
        return QSize(wide, max(metrics.height(), tokens.px(ICON_SIZE)) + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(current_tokens().px(ICON_SIZE) + 2 * Space.S, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.StyleChange:
            self._refresh()
        super().changeEvent(event)

    def _refresh(self) -> None:
        tokens = current_tokens()
        self.setIcon(icon("alert-circle-outline", tokens.palette.ink_of(self._kind)))
        self.setIconSize(QSize(tokens.px(ICON_SIZE), tokens.px(ICON_SIZE)))
        room = self.width() - tokens.px(ICON_SIZE) - 2 * Space.S
        shown = QFontMetrics(self.font()).elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        if shown != self.text():
            self.setText(shown.replace("&", "&&"))
