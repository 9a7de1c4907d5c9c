"""Blocks on paper: one roll as long as it needs, or pages of one size."""

import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from reportlab.graphics.barcode.code128 import Code128
from reportlab.pdfgen.canvas import Canvas

from hms_desktop.printing.blocks import DOT_PT, LEADING, MM, Align, Block, Modules, Strip, Text, Written
from hms_desktop.printing.fonts import load_fonts

PAGE_NUMBER_SIZE_PT = 6.0

CAPITAL_RISE = 0.17
"""Capitals of Inter are that much taller than its small letters, for which its combining accents stand."""

_one_at_a_time = Lock()
"""What reportlab has registered belongs to the whole process, and printing runs in workers."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A size of paper; `scales` are tried from the first to the last before a second page is taken."""

    width_mm: float
    height_mm: float | None
    margin_mm: float
    scales: tuple[float, ...] = (1.0,)

    @property
    def inner_width_pt(self) -> float:
        return (self.width_mm - 2 * self.margin_mm) * MM

    @property
    def inner_height_pt(self) -> float:
        return ((self.height_mm or 0) - 2 * self.margin_mm) * MM


def compose(
    sheet: Sheet, body: Sequence[Block], *, head: Sequence[Block] = (), title: str, page_words: str
) -> bytes:
    """The PDF; `head` stands on every page, `page_words` numbers the pages where there are several.

    The same input gives the same bytes: no clock is read.
    """
    with _one_at_a_time:
        load_fonts()
        pages = _pages(sheet, body, head=head, page_words=page_words)
        target = io.BytesIO()
        canvas = Canvas(target, invariant=True, pageCompression=1)
        canvas.setTitle(title)
        for page in pages:
            _draw_page(canvas, sheet, page)
        canvas.save()
        return target.getvalue()


def _pages(
    sheet: Sheet, body: Sequence[Block], *, head: Sequence[Block], page_words: str
) -> list[list[Strip]]:
    if sheet.height_mm is None:
        return [_lay_out([*head, *body], sheet, 1.0)]
    for scale in sheet.scales:
        page = _lay_out([*head, *body], sheet, scale)
        if _height_pt(page) <= sheet.inner_height_pt:
            return [page]
    return _split(
        sheet, _lay_out(head, sheet, sheet.scales[-1]), _lay_out(body, sheet, sheet.scales[-1]), page_words
    )


def _split(sheet: Sheet, head: list[Strip], body: list[Strip], page_words: str) -> list[list[Strip]]:
    page_pt = sheet.inner_height_pt - PAGE_NUMBER_SIZE_PT * LEADING
    if page_pt - _height_pt(head) < max(strip.height_pt for strip in body):
        # A heading this long leaves no room for what it heads, so it is read once, in order.
        head, body = [], [*head, *body]
    chunks = list(_chunks(body, page_pt - _height_pt(head)))
    return [
        [*head, *chunk, *_page_number(sheet, page_words.format(page=page, pages=len(chunks)))]
        for page, chunk in enumerate(chunks, start=1)
    ]


def _chunks(strips: list[Strip], room_pt: float) -> Iterator[list[Strip]]:
    chunk: list[Strip] = []
    for group in _groups(strips, room_pt):
        if chunk and _height_pt([*chunk, *group]) > room_pt:
            yield chunk
            chunk = []
        chunk.extend(group)
    yield chunk


def _groups(strips: list[Strip], room_pt: float) -> list[list[Strip]]:
    """Strips that stay together, unless together they are taller than a page."""
    groups: list[list[Strip]] = []
    for strip in strips:
        if strip.follows and groups and _height_pt([*groups[-1], strip]) <= room_pt:
            groups[-1].append(strip)
        else:
            groups.append([strip])
    return groups


def _page_number(sheet: Sheet, text: str) -> list[Strip]:
    return Text(text=text, size_pt=PAGE_NUMBER_SIZE_PT, align=Align.RIGHT).strips(sheet.inner_width_pt, 1.0)


def _lay_out(blocks: Sequence[Block], sheet: Sheet, scale: float) -> list[Strip]:
    return [strip for block in blocks for strip in block.strips(sheet.inner_width_pt, scale)]


def _height_pt(strips: Sequence[Strip]) -> float:
    return sum(strip.height_pt for strip in strips)


def _draw_page(canvas: Any, sheet: Sheet, strips: list[Strip]) -> None:
    margin_pt = sheet.margin_mm * MM
    height_pt = sheet.height_mm * MM if sheet.height_mm else _height_pt(strips) + 2 * margin_pt
    canvas.setPageSize((sheet.width_mm * MM, height_pt))
    top_pt = height_pt - margin_pt
    for strip in strips:
        _draw_strip(canvas, strip, left_pt=margin_pt, top_pt=top_pt, width_pt=sheet.inner_width_pt)
        top_pt -= strip.height_pt
    canvas.showPage()


def _draw_strip(canvas: Any, strip: Strip, *, left_pt: float, top_pt: float, width_pt: float) -> None:
    for written in strip.written:
        _draw_text(canvas, written, x_pt=left_pt + written.x_pt, baseline_pt=top_pt - written.size_pt * 0.95)
    if strip.bars:
        bars = Code128(
            strip.bars.value, barWidth=strip.bars.bar_pt, barHeight=strip.bars.height_pt, quiet=False
        )
        whole_dots_pt = round((left_pt + strip.bars.x_pt) / DOT_PT) * DOT_PT
        bars.drawOn(canvas, whole_dots_pt, top_pt - strip.height_pt)
    if strip.modules:
        _draw_modules(canvas, strip.modules, left_pt=left_pt, top_pt=top_pt)
    if strip.ruled:
        middle_pt = top_pt - strip.height_pt / 2
        canvas.setLineWidth(0.5)
        canvas.line(left_pt, middle_pt, left_pt + width_pt, middle_pt)


def _draw_modules(canvas: Any, modules: Modules, *, left_pt: float, top_pt: float) -> None:
    side_pt = modules.side_pt
    x_pt = round((left_pt + modules.x_pt) / DOT_PT) * DOT_PT
    path = canvas.beginPath()
    for number, row in enumerate(modules.rows, start=1):
        for place, dark in enumerate(row):
            if dark:
                path.rect(x_pt + place * side_pt, top_pt - number * side_pt, side_pt, side_pt)
    canvas.drawPath(path, stroke=0, fill=1)


def _draw_text(canvas: Any, written: Written, *, x_pt: float, baseline_pt: float) -> None:
    pen = canvas.beginText(x_pt, baseline_pt)
    pen.setFont(written.weight.value, written.size_pt)
    for rise, run in _runs(written.text):
        pen.setRise(rise * written.size_pt)
        pen.textOut(run)
    canvas.drawText(pen)


def _runs(text: str) -> Iterator[tuple[float, str]]:
    """The text in runs of one height: an accent that no letter has built in must clear a capital."""
    run, after_capital = "", False
    for sign in text:
        above = unicodedata.combining(sign) == unicodedata.combining("\u0301")
        if above and after_capital:
            yield 0.0, run
            yield CAPITAL_RISE, sign
            run = ""
            continue
        run += sign
        after_capital = sign.isupper() or (after_capital and unicodedata.combining(sign) > 0)
    yield 0.0, run
