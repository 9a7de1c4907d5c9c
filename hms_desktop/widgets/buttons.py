"""Buttons that show the key that presses them."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton, QWidget

from hms_desktop.widgets.icons import icon
from hms_desktop.widgets.tokens import Palette, current_tokens

ROUTED_KEYS = frozenset({"F8", "Ctrl+Enter", "Enter"})
"""The frame, and fields for Enter, act on these; a shortcut of the button as well would make Qt hesitate."""


class _KeyButton(QPushButton):
    """Words, an icon and a key; keys that the frame does not route are bound here."""

    def __init__(self, text: str, *, key: str, icon_name: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._key = key
        self._icon_name = icon_name
        self.set_words(text)
        if key and key not in ROUTED_KEYS:
            # A button's own shortcut would take the focus and click only a tenth of a second later.
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(self.click)
        self._refresh_icon()

    def set_words(self, text: str) -> None:
        """Says something else on the button; its key stays."""
        shown = text.replace("&", "&&")
        self.setText(f"{shown}   {self._key}" if self._key else shown)
        self.setAccessibleName(text)
        self.setAccessibleDescription(self._key)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.EnabledChange):
            self._refresh_icon()
        super().changeEvent(event)

    def _refresh_icon(self) -> None:
        if not self._icon_name:
            return
        tokens = current_tokens()
        colour = self._colour(tokens.palette) if self.isEnabled() else tokens.palette.muted
        self.setIcon(icon(self._icon_name, colour))
        self.setIconSize(QSize(tokens.px(16), tokens.px(16)))

    def _colour(self, palette: Palette) -> str:
        return palette.on_brand if self.isChecked() else palette.ink


class PrimaryButton(_KeyButton):
    """The one act that a screen is for."""

    def __init__(
        self, text: str, *, key: str = "", icon_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, key=key, icon_name=icon_name, parent=parent)
        self.setProperty("primary", "true")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def _colour(self, palette: Palette) -> str:
        return palette.on_brand


class SecondaryButton(_KeyButton):
    """Any other act."""

    def __init__(
        self, text: str, *, key: str = "", icon_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(text, key=key, icon_name=icon_name, parent=parent)
        self.toggled.connect(self._refresh_icon)
