"""The list below a field: each suggestion with its words, a quieter detail and a pill."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from hms_desktop.widgets.delegate import draw_pill
from hms_desktop.widgets.tokens import Kind, Space, TextSize, current_tokens

AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
SUGGESTION = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """What choosing it gives, and how it is told from its neighbours."""

    value: object
    words: str
    detail: str = ""
    pill: str = ""
    kind: Kind = Kind.INFO


class SuggestionList(QListView):
    """Never has the focus; the field moves its current row."""

    def __init__(self) -> None:
        super().__init__()
        self._model = _Suggestions(self)
        self.setModel(self._model)
        self.setItemDelegate(_SuggestionDelegate(self))
        self.setProperty("suggestions", "true")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # Words wrap at the width the list has when it is shown, so rows are measured again with it.
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Suggestions"))

    def show_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        """Replaces the list; the first one is the one that Enter takes."""
        self._model.replace(suggestions)
        if suggestions:
            self.setCurrentIndex(self._model.index(0, 0))
            self.scrollToTop()

    def step(self, by: int) -> None:
        """Moves the current row, staying at the ends."""
        row = min(max(self.currentIndex().row() + by, 0), self._model.rowCount() - 1)
        self.setCurrentIndex(self._model.index(row, 0))

    def current_value(self) -> object | None:
        """What the current row stands for."""
        suggestion = self.currentIndex().data(SUGGESTION)
        return suggestion.value if isinstance(suggestion, Suggestion) else None

    def height_of(self, rows: int) -> int:
        """How high so many rows are."""
        return sum(self.sizeHintForRow(row) for row in range(rows)) + 2


class _Suggestions(QAbstractListModel):
    def __init__(self, parent: QListView) -> None:
        super().__init__(parent)
        self._rows: list[Suggestion] = []

    def replace(self, suggestions: Sequence[Suggestion]) -> None:
        self.beginResetModel()
        self._rows = list(suggestions)
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        suggestion = self._rows[index.row()]
        if role == SUGGESTION:
            return suggestion
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(part for part in (suggestion.words, suggestion.detail, suggestion.pill) if part)
        return None


class _SuggestionDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: N802 - Qt's name
        tokens = current_tokens()
        suggestion: Suggestion = index.data(SUGGESTION)
        width = self._room(option, suggestion)
        place = QRect(0, 0, width, 10_000)
        lines = QFontMetrics(_words_font(option)).boundingRect(place, _WRAPS, suggestion.words).height()
        if suggestion.detail:
            lines += (
                QFontMetrics(_detail_font(option)).boundingRect(place, _WRAPS, suggestion.detail).height()
            )
        return QSize(0, max(tokens.px(32), lines + 2 * Space.XS + 2))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = current_tokens().palette
        suggestion: Suggestion = index.data(SUGGESTION)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(palette.brand_soft))
            painter.drawRoundedRect(option.rect, 4, 4)
        rect: QRect = option.rect.adjusted(Space.S, Space.XS, -Space.S, -Space.XS)
        self._draw_words(painter, option, suggestion, rect)
        if suggestion.pill:
            pill = QRect(rect.right() - _pill_width(option, suggestion), rect.top(), 0, rect.height())
            pill.setRight(rect.right())
            draw_pill(painter, pill, suggestion.pill, kind=suggestion.kind, font=option.font)
        painter.restore()

    def _draw_words(
        self, painter: QPainter, option: QStyleOptionViewItem, suggestion: Suggestion, rect: QRect
    ) -> None:
        palette = current_tokens().palette
        font = _words_font(option)
        place = QRect(rect.left(), rect.top(), self._room(option, suggestion), rect.height())
        words = QFontMetrics(font).boundingRect(place, _WRAPS, suggestion.words)
        painter.setFont(font)
        painter.setPen(QColor(palette.ink))
        centred = 0 if suggestion.detail else int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(place, _WRAPS | centred, suggestion.words)
        if suggestion.detail:
            place.setTop(words.bottom() + 1)
            painter.setFont(_detail_font(option))
            painter.setPen(QColor(palette.muted))
            painter.drawText(place, _WRAPS, suggestion.detail)

    def _room(self, option: QStyleOptionViewItem, suggestion: Suggestion) -> int:
        view = self.parent()
        assert isinstance(view, QListView)
        pill = _pill_width(option, suggestion) + Space.S if suggestion.pill else 0
        return view.viewport().width() - 2 * Space.S - pill


_WRAPS = int(Qt.TextFlag.TextWordWrap)


def _words_font(option: QStyleOptionViewItem) -> QFont:
    font = QFont(option.font)
    font.setWeight(QFont.Weight.DemiBold)
    return font


def _detail_font(option: QStyleOptionViewItem) -> QFont:
    font = QFont(option.font)
    font.setPixelSize(current_tokens().px(TextSize.SMALL))
    return font


def _pill_width(option: QStyleOptionViewItem, suggestion: Suggestion) -> int:
    font = _words_font(option)
    font.setPixelSize(current_tokens().px(TextSize.SMALL))
    return QFontMetrics(font).horizontalAdvance(suggestion.pill) + 2 * (Space.S + 2) + 2
