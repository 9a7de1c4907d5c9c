"""The manual as a PDF: cover, contents with page numbers, parts, chapters with their pictures."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus.tableofcontents import TableOfContents

from hms_desktop.printing.fonts import load_fonts
from hms_server.contract.manual import Manual
from installers.manual.book import PICTURES, order
from installers.manual.words import (
    BOLD,
    CAPTION,
    INK,
    LINE,
    MUTED,
    REGULAR,
    STRONG,
    TEAL,
    Heading,
    flowables,
    style,
)

MARGIN_PT = 20 * mm
WIDTH_PT = A4[0] - 2 * MARGIN_PT
TALLEST_PT = 86 * mm
TITLE = style("title", 34, font=BOLD)
UNDER = ParagraphStyle("under", fontName=REGULAR, fontSize=13, leading=19, textColor=MUTED)
PART = ParagraphStyle("part", fontName=BOLD, fontSize=25, leading=32, textColor=TEAL, spaceAfter=10)
CONTENTS = [
    ParagraphStyle("toc0", fontName=STRONG, fontSize=11, leading=19, textColor=TEAL, spaceBefore=6),
    ParagraphStyle("toc1", fontName=REGULAR, fontSize=10, leading=14.4, textColor=INK, leftIndent=10),
]


class Part(Paragraph):  # type: ignore[misc]  # reportlab has no types
    """The name of a part, on top of its own list of pages."""

    def __init__(self, title: str) -> None:
        super().__init__(title, PART)
        self.plain = title


class Book(BaseDocTemplate):  # type: ignore[misc]  # reportlab has no types
    """Collects headings for the contents and for the reader's outline while it is laid out."""

    def __init__(self, path: Path, *, version: str, made: date) -> None:
        super().__init__(
            str(path), pagesize=A4, title=f"The clinic's manual, version {version}", author="HMS", lang="en",
            leftMargin=MARGIN_PT, rightMargin=MARGIN_PT, topMargin=18 * mm, bottomMargin=20 * mm,
            creationDate=made,
        )  # fmt: skip
        self._version = version
        frame = Frame(
            MARGIN_PT, self.bottomMargin, WIDTH_PT, self.height, id="page",
            leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
        )  # fmt: skip
        self.addPageTemplates([PageTemplate("page", [frame], onPage=self._foot)])
        self._chapter = ""

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's name
        if isinstance(flowable, Part):
            self._enter(flowable.plain, 0, f"part-{hashlib.sha256(flowable.plain.encode()).hexdigest()[:8]}")
        elif isinstance(flowable, Heading) and flowable.level == 1:
            self._chapter = flowable.plain
            self._enter(flowable.plain, 1, flowable.key)

    def _enter(self, text: str, level: int, key: str) -> None:
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level=level, closed=False)
        self.notify("TOCEntry", (level, text, self.page, key))

    def _foot(self, canvas: Canvas, _document: Any) -> None:
        if self.page == 1:
            return
        canvas.saveState()
        canvas.setStrokeColor(LINE)
        canvas.line(MARGIN_PT, 14 * mm, A4[0] - MARGIN_PT, 14 * mm)
        canvas.setFont(REGULAR, 8)
        canvas.setFillColor(MUTED)
        canvas.drawString(MARGIN_PT, 10 * mm, f"Manual, version {self._version}")
        canvas.drawRightString(A4[0] - MARGIN_PT, 10 * mm, str(self.page))
        canvas.restoreState()


def write(path: Path, manual: Manual, pictures: Mapping[str, Path], *, version: str, made: date) -> int:
    """Writes the PDF and gives the number of its pages. Pictures that are missing are left out."""
    load_fonts()
    book = Book(path, version=version, made=made)
    book.multiBuild([*_cover(version, made), *_contents(), *_chapters(manual, pictures)])
    return int(book.page)


def _cover(version: str, made: date) -> list[Flowable]:
    return [
        Spacer(1, 75 * mm),
        Paragraph("The clinic's manual", TITLE),
        Spacer(1, 10),
        Paragraph("Installing, the first day, every desk, backups, troubles and security", UNDER),
        Spacer(1, 6),
        Paragraph(f"Version {version}, {made:%d %B %Y}", UNDER),
        PageBreak(),
    ]


def _contents() -> list[Flowable]:
    contents = TableOfContents(dotsMinLevel=1)
    contents.levelStyles = CONTENTS
    return [Paragraph('<a name="contents"/>Contents', style("contents", 19, font=BOLD)), contents]


def _chapters(manual: Manual, pictures: Mapping[str, Path]) -> list[Flowable]:
    story: list[Flowable] = []
    names = list(manual.pages)
    for part in order(names):
        story.append(PageBreak())
        story.append(Part(part.title))
        for number, name in enumerate(part.pages):
            if number:
                story.append(PageBreak())
            story += _chapter(name, manual.pages[name].markdown, names, pictures)
    return story


def _chapter(name: str, markdown: str, names: Sequence[str], pictures: Mapping[str, Path]) -> list[Flowable]:
    """Title and first words, the pictures, then the rest: one sees the screen before its keys."""
    words = flowables(markdown, key=name, pages=names, width_pt=WIDTH_PT)
    shown: list[Flowable] = []
    for picture, says in PICTURES.get(name, ()):
        if picture in pictures:
            shown.append(KeepTogether([_picture(pictures[picture]), Paragraph(says, CAPTION)]))
    first = next(
        (place for place, each in enumerate(words) if place and isinstance(each, Heading)), len(words)
    )
    return [*words[:first], *shown, *words[first:]]


def _picture(path: Path) -> Image:
    width, height = ImageReader(str(path)).getSize()
    scale = min(WIDTH_PT / width, TALLEST_PT / height)
    return Image(str(path), width=width * scale, height=height * scale, hAlign="LEFT")
