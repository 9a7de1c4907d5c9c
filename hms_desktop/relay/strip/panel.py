"""The strip that nobody overlooks while money is only played with."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from hms_desktop.relay.state import OutsideState
from hms_desktop.widgets.labels import IconMark, TextRole, label, reveal
from hms_desktop.widgets.tokens import Space


class ModeStrip(QFrame):
    """Above the work at billing and administration; gone as soon as every provider is live."""

    def __init__(self, outside: OutsideState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self._outside = outside
        self._words = label("", TextRole.STRONG, wraps=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(IconMark("flask-outline", colour="surface", size=18), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._words, 1)
        self.hide()
        outside.changed.connect(self._show)
        self._show()

    def text(self) -> str:
        """What is said, empty while hidden."""
        return "" if self.isHidden() else self._words.text()

    def _show(self) -> None:
        if self._outside.rows is None:
            # Without the server nothing is known, and what was known a moment ago is the safer sign.
            return
        titles = self._outside.test_titles
        words = self.tr("TEST MODE: no real money moves ({providers})").format(providers=", ".join(titles))
        self._words.setText(words)
        self.setAccessibleName(words if titles else "")
        if titles:
            reveal(self)
        else:
            self.hide()
