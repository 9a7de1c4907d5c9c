"""Markdown as the pieces of a printed page: what this manual's own Markdown has, and nothing more."""

import re
from collections.abc import Iterator, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    ListFlowable,
    ListItem,
    Paragraph,
    Preformatted,
    Table,
    TableStyle,
)

INK, MUTED, TEAL = HexColor("#17212b"), HexColor("#5b6770"), HexColor("#0b6e69")
GROUND, LINE = HexColor("#f1f4f6"), HexColor("#d5dce1")
REGULAR, STRONG, BOLD, CODE = "Inter-Regular", "Inter-SemiBold", "Inter-Bold", "Courier"
ROOM_BELOW_HEADING_PT = 62
CODE_COLUMNS = 92
"""As many signs of a command as stand in one line of the page."""
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_COMMAND = re.compile(r"[ /._=-].|^[a-z]")
_LATIN = re.compile(r"^[\x20-\x7e\xa0-\xff\n]*$")


def style(name: str, size_pt: float, *, font: str = REGULAR, **others: object) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=font, fontSize=size_pt, leading=size_pt * 1.42, textColor=INK, **others
    )


BODY = style("body", 9.5, spaceAfter=5)
ITEM = style("item", 9.5, spaceAfter=2)
HEADINGS = {
    1: style("h1", 19, font=BOLD, spaceAfter=8),
    2: style("h2", 12.5, font=STRONG, spaceBefore=9, spaceAfter=4, keepWithNext=True),
    3: style("h3", 10.5, font=STRONG, spaceBefore=6, spaceAfter=3, keepWithNext=True),
}
CELL, HEAD = style("cell", 8.5), style("head", 8.5, font=STRONG)
CAPTION = ParagraphStyle("caption", fontName=REGULAR, fontSize=8, leading=11, textColor=MUTED, spaceAfter=8)
COMMAND = ParagraphStyle(
    "command", fontName=CODE, fontSize=8.4, leading=11.5, textColor=INK, backColor=GROUND, borderPadding=6,
    spaceBefore=8, spaceAfter=10, leftIndent=6, rightIndent=6,
)  # fmt: skip


MARKS = {
    "softbreak": " ",
    "hardbreak": "<br/>",
    "strong_open": f'<font name="{STRONG}">',
    "strong_close": "</font>",
    # The letters of the page have no slanted cut.
    "em_open": "",
    "em_close": "",
    "link_close": "</font></a>",
}


class Heading(Paragraph):  # type: ignore[misc]  # reportlab has no types
    """A heading that the table of contents and the reader's outline may know."""

    def __init__(self, text: str, level: int, key: str) -> None:
        super().__init__(f'<a name="{key}"/>{text}' if key else text, HEADINGS[level])
        self.level = level
        self.key = key
        self.plain = re.sub(r"<[^>]+>", "", text)


def flowables(markdown: str, *, key: str, pages: Sequence[str], width_pt: float) -> list[Flowable]:
    """One page. Its title is marked with `key`, so that links of other pages lead there.

    Raises ValueError where a page has something that paper cannot show, such as HTML.
    """
    tokens = _MARKDOWN.parse(markdown)
    return list(_Reader(tokens, key, frozenset(pages), width_pt).blocks(len(tokens)))


class _Reader:
    def __init__(self, tokens: list[Token], key: str, pages: frozenset[str], width_pt: float) -> None:
        self._tokens = tokens
        self._at = 0
        self._key = key
        self._pages = pages
        self._width_pt = width_pt

    def blocks(self, end: int) -> Iterator[Flowable]:
        while self._at < end:
            block = self._block()
            if isinstance(block, Heading) and block.level > 1:
                # Reportlab lets a heading end a page where a list follows.
                yield CondPageBreak(ROOM_BELOW_HEADING_PT)
            yield block

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _until(self, closing: str, level: int) -> int:
        """Where the block ends that was just opened."""
        return next(
            place
            for place in range(self._at, len(self._tokens))
            if self._tokens[place].type == closing and self._tokens[place].level == level
        )

    def _block(self) -> Flowable:
        token = self._take()
        read = {
            "heading_open": self._heading,
            "paragraph_open": self._paragraph,
            "bullet_list_open": self._list,
            "ordered_list_open": self._list,
            "fence": self._command,
            "code_block": self._command,
            "table_open": self._table,
            "blockquote_open": self._quote,
        }.get(token.type)
        if read is None:
            raise self._unknown(token)
        return read(token)

    def _unknown(self, token: Token) -> ValueError:
        return ValueError(f"the page {self._key} has {token.type}, which the manual does not print")

    def _paragraph(self, _opened: Token) -> Flowable:
        return Paragraph(self._inline(), BODY)

    def _command(self, token: Token) -> Flowable:
        return Preformatted(token.content.rstrip("\n"), COMMAND, maxLineLength=CODE_COLUMNS)

    def _heading(self, opened: Token) -> Flowable:
        level = int(opened.tag[1:])
        return Heading(self._inline(), min(level, 3), self._key if level == 1 else "")

    def _inline(self) -> str:
        """The text of the block that was opened, and past its end."""
        children = self._take().children or []
        self._take()
        return "".join(self._span(child) for child in children)

    def _span(self, token: Token) -> str:
        if token.type == "text":
            return escape(token.content, quote=False)
        if token.type == "code_inline":
            return _code(token.content)
        if token.type == "link_open":
            return self._link(str(token.attrGet("href") or ""))
        if token.type not in MARKS:
            raise self._unknown(token)
        return MARKS[token.type]

    def _link(self, target: str) -> str:
        page = target.partition("#")[0].removesuffix(".md")
        where = f"#{page}" if page in self._pages else target
        if not where.startswith(("#", "https://", "http://")):
            # A page that this book does not have: the words stay, and lead to its beginning.
            where = "#contents"
        return f'<a href="{escape(where)}"><font color="{TEAL.hexval().replace("0x", "#")}">'

    def _list(self, opened: Token) -> Flowable:
        ordered = opened.type == "ordered_list_open"
        end = self._until(opened.type.replace("open", "close"), opened.level)
        items = []
        while self._at < end:
            item = self._take()
            last = self._until("list_item_close", item.level)
            parts = list(self.blocks(last))
            self._take()
            for part in parts:
                if isinstance(part, Paragraph) and part.style is BODY:
                    part.style = ITEM
            items.append(ListItem(parts, bulletColor=TEAL))
        self._take()
        start: dict[str, object] = {"start": int(opened.attrGet("start") or 1)} if ordered else {"start": "•"}
        return ListFlowable(
            items,
            bulletType="1" if ordered else "bullet",
            bulletFontName=STRONG,
            bulletFontSize=9,
            leftIndent=16,
            spaceAfter=5,
            **start,
        )

    def _quote(self, opened: Token) -> Flowable:
        parts = list(self.blocks(self._until("blockquote_close", opened.level)))
        self._take()
        box = Table([[parts]], colWidths=[self._width_pt])
        box.setStyle(
            TableStyle([("BACKGROUND", (0, 0), (-1, -1), GROUND), ("LINEBEFORE", (0, 0), (0, -1), 3, TEAL)])
        )
        return box

    def _table(self, opened: Token) -> Flowable:
        end = self._until("table_close", opened.level)
        rows: list[list[Paragraph]] = []
        while self._at < end:
            token = self._take()
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(Paragraph(self._inline(), HEAD if token.type == "th_open" else CELL))
        self._take()
        table = Table(rows, colWidths=_columns(rows, self._width_pt), repeatRows=1)
        table.setStyle(TABLE)
        return table


TABLE = TableStyle([
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("BACKGROUND", (0, 0), (-1, 0), GROUND),
    ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
    ("LEFTPADDING", (0, 0), (-1, -1), 5),
    ("RIGHTPADDING", (0, 0), (-1, -1), 5),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
])  # fmt: skip


def _columns(rows: list[list[Paragraph]], width_pt: float) -> list[float]:
    """Each column as wide as its text asks for, none below an eighth of the page."""
    asked = [max(len(cell.text) for cell in column) ** 0.6 for column in zip(*rows, strict=True)]
    widest = [max(share / sum(asked), 0.125) for share in asked]
    return [width_pt * share / sum(widest) for share in widest]


def _code(text: str) -> str:
    """Keys in the letters of the page, commands and files in those of a terminal."""
    font = CODE if _COMMAND.search(text) and _LATIN.match(text) else STRONG
    return f'<font name="{font}" backColor="#eef1f3">{escape(text, quote=False)}</font>'
