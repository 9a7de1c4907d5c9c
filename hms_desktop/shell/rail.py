"""The rail at the side: one button for each workspace that this person may open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from hms_desktop.widgets.icons import icon
from hms_desktop.widgets.labels import IconMark
from hms_desktop.widgets.tokens import Space, current_tokens
from hms_desktop.widgets.workspace import Workspace

WIDTH = 76
NUMBERED = 9


@dataclass(frozen=True, kw_only=True)
class WorkspaceEntry:
    """A workspace as data; `factory` runs when it is opened for the first time."""

    key: str
    title: str
    icon_name: str
    factory: Callable[[], Workspace]


class Rail(QFrame):
    """Marks the current workspace and says which one was clicked."""

    chosen = Signal(str)
    lock_requested = Signal()

    def __init__(self, entries: Sequence[WorkspaceEntry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAccessibleName(self.tr("Workspaces"))
        self.setFixedWidth(current_tokens().px(WIDTH))
        self._group = QButtonGroup(self)
        self._buttons = {entry.key: self._button(entry, n) for n, entry in enumerate(entries, start=1)}
        self._lock = _RailButton(self.tr("Lock"), "lock-outline")
        self._lock.clicked.connect(self.lock_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XS + 2, Space.M, Space.XS + 2, Space.S)
        column.setSpacing(Space.XS)
        column.addWidget(
            IconMark("hospital-box", colour="on_rail", size=28), 0, Qt.AlignmentFlag.AlignHCenter
        )
        column.addSpacing(Space.M)
        self._scroll = self._build_scroll()
        column.addWidget(self._scroll, 1)
        column.addWidget(self._lock)

    def mark(self, key: str) -> None:
        """Shows which workspace is open."""
        self._buttons[key].setChecked(True)
        self._show_marked()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.StyleChange:
            self.setFixedWidth(current_tokens().px(WIDTH))
        super().changeEvent(event)

    def _build_scroll(self) -> QScrollArea:
        """Many workspaces in large letters are higher than a small window; none is cut short for that."""
        inside = QWidget()
        buttons = QVBoxLayout(inside)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(Space.XS)
        for button in self._buttons.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        scroll.verticalScrollBar().rangeChanged.connect(self._show_marked)
        return scroll

    def _show_marked(self) -> None:
        marked = self._group.checkedButton()
        if marked is not None:
            self._scroll.ensureWidgetVisible(marked, 0, 0)

    def _button(self, entry: WorkspaceEntry, number: int) -> "_RailButton":
        button = _RailButton(entry.title, entry.icon_name)
        button.setCheckable(True)
        if number <= NUMBERED:
            button.setToolTip(f"{entry.title}   Ctrl+{number}")
            button.setAccessibleDescription(f"Ctrl+{number}")
        button.clicked.connect(lambda: self.chosen.emit(entry.key))
        self._group.addButton(button)
        return button


class _RailButton(QToolButton):
    """An icon above its word."""

    def __init__(self, words: str, icon_name: str) -> None:
        super().__init__()
        self._icon_name = icon_name
        self.setText(words)
        self.setAccessibleName(words)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.StyleChange:
            self._refresh()
        super().changeEvent(event)

    def _refresh(self) -> None:
        tokens = current_tokens()
        self.setIcon(icon(self._icon_name, tokens.palette.on_rail))
        self.setIconSize(QSize(tokens.px(20), tokens.px(20)))
