"""How wide the columns of a table become: what must be read is wrapped, never cut off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtGui import QFont, QFontMetrics

from hms_desktop.widgets.rows import Column, RowsModel
from hms_desktop.widgets.tokens import Space, TextSize, current_tokens

T = TypeVar("T")

CELL_PADDING = Space.S
PILL_PADDING = Space.S + 2
LONGEST = 12
"""So many of the longest texts of a column are measured; more would stall the window at thousands of rows."""


@dataclass(frozen=True, kw_only=True)
class Want:
    """The width at which a column shows each text on one line, and the least at which it can be read."""

    full: int
    minimum: int
    stretch: int


def measure_columns(model: RowsModel[T], font: QFont) -> list[Want]:
    """What each column of the model asks for in this font."""
    return [_measure(column, model.rows, font) for column in model.columns]


def column_widths(wants: Sequence[Want], room: int) -> list[int]:
    """Shares the room: spare room by `stretch`, missing room by what each column can spare."""
    spare = room - sum(want.full for want in wants)
    if spare >= 0:
        return _grow(wants, spare)
    return _shrink(wants, -spare)


def _grow(wants: Sequence[Want], spare: int) -> list[int]:
    shares = [want.stretch for want in wants]
    if not any(shares):
        shares = [int(number == len(wants) - 1) for number in range(len(wants))]
    extra = [spare * share // sum(shares) for share in shares]
    return [want.full + more for want, more in zip(wants, extra, strict=True)]


def _shrink(wants: Sequence[Want], missing: int) -> list[int]:
    slack = [want.full - want.minimum for want in wants]
    taken = min(missing, sum(slack))
    if not taken:
        return [want.full for want in wants]
    # Rounded up, so that no scroll bar appears for one pixel.
    less = [min(each, -(-taken * each // sum(slack))) for each in slack]
    return [want.full - each for want, each in zip(wants, less, strict=True)]


def _measure(column: Column[T], rows: Sequence[T], font: QFont) -> Want:
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetrics(bold if column.strong or column.pill else font)
    texts = sorted({column.text(row) for row in rows}, key=len)[-LONGEST:]
    padding = 2 * CELL_PADDING + (2 * PILL_PADDING if column.pill else 0)
    title = _title_width(column.title, bold)
    full = max([title, *(metrics.horizontalAdvance(text) + padding + 2 for text in texts)])
    if column.may_elide:
        minimum = min(full, max(title, current_tokens().px(64)))
    elif not column.stretch:
        minimum = full
    else:
        # Qt breaks lines at blanks and after hyphens, and never at a no-break space, as in "29 min".
        words = [word for text in texts for word in text.replace("-", "- ").split(" ")]
        minimum = max([title, *(metrics.horizontalAdvance(word) + padding + 2 for word in words)])
    return Want(full=full, minimum=min(minimum, full), stretch=column.stretch)


def _title_width(title: str, bold: QFont) -> int:
    small = QFont(bold)
    small.setPixelSize(current_tokens().px(TextSize.SMALL))
    return QFontMetrics(small).horizontalAdvance(title) + 2 * CELL_PADDING + 4
