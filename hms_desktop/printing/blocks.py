"""Pieces of a page, and the strips they become once the width and the scale are known."""

from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import zip_longest
from typing import Protocol

import segno
from reportlab.graphics.barcode.code128 import Code128

from hms_desktop.printing.fonts import Weight, clean, wrap
from hms_desktop.printing.fonts import width_pt as _width_pt

MM = 72 / 25.4
LEADING = 1.22
DOT_PT = 72 / 203
"""One dot of a common label printer; bars that are not whole dots at whole dots blur and do not scan."""

BAR_DOTS = (3, 2)
"""0.375 or 0.25 mm, which hand scanners read reliably."""

QUIET_BARS = 10
"""Code 128 asks for ten bar widths of white on either side."""

GUTTER_PT = 6.0


class Align(Enum):
    LEFT = auto()
    CENTRE = auto()
    RIGHT = auto()


@dataclass(frozen=True, kw_only=True)
class Written:
    """A text on one line, `x_pt` from the left edge of the print area."""

    text: str
    x_pt: float
    size_pt: float
    weight: Weight


@dataclass(frozen=True, kw_only=True)
class Bars:
    value: str
    x_pt: float
    bar_pt: float
    height_pt: float


@dataclass(frozen=True, kw_only=True)
class Modules:
    """A QR code as rows of dark and light squares, its white margin among them."""

    rows: tuple[bytes, ...]
    x_pt: float
    side_pt: float


@dataclass(frozen=True, kw_only=True)
class Strip:
    """What is never torn apart at the end of a page; a rule is drawn at mid-height.

    `follows` keeps it on the page of the strip before it.
    """

    height_pt: float
    written: tuple[Written, ...] = ()
    bars: Bars | None = None
    modules: Modules | None = None
    ruled: bool = False
    follows: bool = False


class Block(Protocol):
    def strips(self, width_pt: float, scale: float) -> list[Strip]:
        """The block laid out for a print area of that width, letters scaled."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph that wraps."""

    text: str
    size_pt: float
    weight: Weight = Weight.REGULAR
    align: Align = Align.LEFT

    def strips(self, width_pt: float, scale: float) -> list[Strip]:
        return Columns(
            cells=(Cell(text=self.text, align=self.align),), size_pt=self.size_pt, weight=self.weight
        ).strips(width_pt, scale)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A text in its column; `share` is the column's part of the width."""

    text: str
    align: Align = Align.LEFT
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Texts side by side, each wrapping in its own column; the shares add up to one."""

    cells: tuple[Cell, ...]
    size_pt: float
    weight: Weight = Weight.REGULAR

    def strips(self, width_pt: float, scale: float) -> list[Strip]:
        size_pt = self.size_pt * scale
        columns: list[list[Written | None]] = []
        left_pt = 0.0
        for cell in self.cells:
            last = cell is self.cells[-1]
            room_pt = width_pt * cell.share - (0 if last else GUTTER_PT)
            columns.append(list(self._write(cell, left_pt=left_pt, room_pt=room_pt, size_pt=size_pt)))
            left_pt += width_pt * cell.share
        return [
            Strip(height_pt=size_pt * LEADING, written=tuple(one for one in line if one))
            for line in zip_longest(*columns)
        ]

    def _write(self, cell: Cell, *, left_pt: float, room_pt: float, size_pt: float) -> list[Written]:
        return [
            Written(
                text=line,
                x_pt=left_pt
                + _indent_pt(line, self.weight, size_pt=size_pt, room_pt=room_pt, align=cell.align),
                size_pt=size_pt,
                weight=self.weight,
            )
            for line in wrap(cell.text, self.weight, size_pt=size_pt, room_pt=room_pt)
        ]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A label and, at the right edge, its value; the value keeps one line wherever it can."""

    label: str
    value: str
    size_pt: float
    weight: Weight = Weight.REGULAR

    def strips(self, width_pt: float, scale: float) -> list[Strip]:
        # One point more, so that rounding does not wrap a value that just fits.
        natural_pt = _width_pt(clean(self.value), self.weight, self.size_pt * scale) + 1
        share = min(max(natural_pt / width_pt, 0.05), 0.65)
        cells = (
            Cell(text=self.label, share=1 - share),
            Cell(text=self.value, share=share, align=Align.RIGHT),
        )
        return Columns(cells=cells, size_pt=self.size_pt, weight=self.weight).strips(width_pt, scale)


@dataclass(frozen=True, kw_only=True)
class Together:
    """Blocks that mean nothing apart, such as a line of a bill and how its amount came about."""

    blocks: tuple[Block, ...]

    def strips(self, width_pt: float, scale: float) -> list[Strip]:
        first, *others = (strip for block in self.blocks for strip in block.strips(width_pt, scale))
        return [first, *(replace(strip, follows=True) for strip in others)]


@dataclass(frozen=True, kw_only=True)
class Gap:
    height_mm: float

    def strips(self, width_pt: float, scale: float) -> list[Strip]:  # noqa: ARG002 - white fits any width
        return [Strip(height_pt=self.height_mm * MM * scale)]


@dataclass(frozen=True, kw_only=True)
class Rule:
    height_mm: float = 2.0

    def strips(self, width_pt: float, scale: float) -> list[Strip]:  # noqa: ARG002 - a line fits any width
        return [Strip(height_pt=self.height_mm * MM * scale, ruled=True)]


@dataclass(frozen=True, kw_only=True)
class Barcode:
    """A Code 128, as wide as the room allows in steps that printers and scanners handle; never scaled."""

    value: str
    height_mm: float

    def strips(self, width_pt: float, scale: float) -> list[Strip]:  # noqa: ARG002 - scaled bars do not scan
        bar_pt = _bar_pt(self.value, width_pt)
        x_pt = (width_pt - Code128(self.value, barWidth=bar_pt, quiet=False).width) / 2
        height_pt = self.height_mm * MM
        return [
            Strip(
                height_pt=height_pt,
                bars=Bars(value=self.value, x_pt=x_pt, bar_pt=bar_pt, height_pt=height_pt),
            )
        ]


@dataclass(frozen=True, kw_only=True)
class Square:
    """A QR code in the middle, in whole dots; medium error correction survives a crumpled slip."""

    value: str
    side_mm: float

    def strips(self, width_pt: float, scale: float) -> list[Strip]:  # noqa: ARG002 - scaled dots blur
        code = segno.make_qr(self.value, error="m")
        rows = tuple(bytes(row) for row in code.matrix_iter(border=4))
        dots = max(2, int(self.side_mm * MM / DOT_PT / len(rows)))
        side_pt = dots * DOT_PT
        whole_pt = side_pt * len(rows)
        if whole_pt > width_pt:
            raise ValueError(f"“{self.value}” is too long for a code of {width_pt / MM:.0f} mm.")
        modules = Modules(rows=rows, x_pt=(width_pt - whole_pt) / 2, side_pt=side_pt)
        return [Strip(height_pt=whole_pt, modules=modules)]


def _indent_pt(line: str, weight: Weight, *, size_pt: float, room_pt: float, align: Align) -> float:
    free_pt = room_pt - _width_pt(line, weight, size_pt)
    return {Align.LEFT: 0.0, Align.CENTRE: free_pt / 2, Align.RIGHT: free_pt}[align]


def _bar_pt(value: str, room_pt: float) -> float:
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError(f"“{value}” cannot stand in a barcode: letters A to Z, digits and signs only.")
    bars = Code128(value, barWidth=1, quiet=False).width
    for dots in BAR_DOTS:
        if (bars + 2 * QUIET_BARS) * dots * DOT_PT <= room_pt:
            return dots * DOT_PT
    raise ValueError(f"“{value}” is too long for a barcode of {room_pt / MM:.0f} mm.")
