"""How a cell of a table is drawn: text that wraps, pills, the selected row, a hairline below."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from hms_desktop.widgets.columns import CELL_PADDING, PILL_PADDING
from hms_desktop.widgets.rows import Role
from hms_desktop.widgets.tokens import Kind, TextSize, current_tokens

AnyIndex = QModelIndex | QPersistentModelIndex


class CellDelegate(QStyledItemDelegate):
    """Draws what `RowsModel` says of a cell."""

    def height_for(self, index: AnyIndex, width: int, font: QFont) -> int:
        """The height at which the whole text of a cell fits that width."""
        metrics = QFontMetrics(_font(index, font))
        place = QRect(0, 0, width - 2 * CELL_PADDING, 10_000)
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        return metrics.boundingRect(place, Qt.TextFlag.TextWordWrap, text).height() + 2 * CELL_PADDING

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_ground(painter, option, index)
        kind = index.data(Role.PILL)
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        if kind is not None and text:
            # Qt carries a StrEnum through a QVariant as a bare string.
            draw_pill(painter, _inner(option.rect), text, kind=Kind(kind), font=option.font)
        else:
            self._draw_text(painter, option, index, text)
        painter.restore()

    def _draw_ground(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        palette = current_tokens().palette
        rect: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(palette.brand_soft))
            if index.column() == 0:
                # The bar says "selected" to those who do not see the tint.
                left = rect.right() - 2 if option.direction is Qt.LayoutDirection.RightToLeft else rect.left()
                painter.fillRect(QRect(left, rect.top(), 3, rect.height()), QColor(palette.brand))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), QColor(palette.line))

    def _draw_text(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex, text: str) -> None:
        place = _inner(option.rect)
        font = _font(index, option.font)
        painter.setFont(font)
        painter.setPen(QColor(current_tokens().palette.ink))
        alignment = Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole))
        flags = int(QStyle.visualAlignment(option.direction, alignment))
        if index.data(Role.ELIDES):
            text = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        else:
            flags |= int(Qt.TextFlag.TextWordWrap)
        painter.drawText(place, flags, text)


def draw_pill(painter: QPainter, place: QRect, text: str, *, kind: Kind, font: QFont) -> None:
    """Draws words on coloured ground at the start of a place, centred in its height."""
    tokens = current_tokens()
    bold = QFont(font)
    bold.setPixelSize(tokens.px(TextSize.SMALL))
    bold.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetrics(bold)
    height = metrics.height() + 6
    width = min(place.width(), metrics.horizontalAdvance(text) + 2 * PILL_PADDING)
    rect = QRect(place.left(), place.center().y() - height // 2 + 1, width, height)
    if painter.layoutDirection() is Qt.LayoutDirection.RightToLeft:
        rect.moveRight(place.right())
    painter.setPen(QPen(Qt.PenStyle.NoPen))
    painter.setBrush(QColor(tokens.palette.soft_of(kind)))
    painter.drawRoundedRect(rect, height / 2, height / 2)
    painter.setPen(QColor(tokens.palette.ink_of(kind)))
    painter.setFont(bold)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)


def _inner(rect: QRect) -> QRect:
    return rect.adjusted(CELL_PADDING, 0, -CELL_PADDING, 0)


def _font(index: AnyIndex, font: QFont) -> QFont:
    if not index.data(Role.STRONG):
        return font
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    return bold
