"""Papers that show whether a printer does what the clinic's papers ask of it."""

import msgspec
from reportlab.graphics.barcode.code128 import Code128

from hms_desktop.printing.bills import A4, ROLL_80
from hms_desktop.printing.blocks import Align, Barcode, Block, Cell, Columns, Gap, Pair, Rule, Text
from hms_desktop.printing.documents import SCAN_TEXT, TestPaper
from hms_desktop.printing.fonts import Weight
from hms_desktop.printing.labels import TICKET
from hms_desktop.printing.sheet import compose
from hms_desktop.printing.words import Words, write_time
from hms_server.contract.money import format_money
from hms_server.contract.values import Money


class TestWords(msgspec.Struct, frozen=True, kw_only=True):
    """The sentences on the papers; the caller hands in translated ones."""

    __test__ = False

    label: str = "Test label"
    receipt: str = "Test receipt"
    page: str = "Test page"
    label_check: str = "Is all of it there, and are the bars sharp?"
    receipt_check: str = "Is the line of figures complete, and was the paper cut below this text?"
    page_check: str = "Are both lines complete at their ends, and all letters there?"
    letters: str = "Letters: Ọ̀ṣun Ẹ̀kó Ìbàdàn Ŋmɛ Ɔkwawu ñ ç é ß"
    amount: str = "An amount"
    left: str = "left edge"
    right: str = "right edge"


def test_label_pdf(paper: TestPaper, words: Words, own: TestWords) -> bytes:
    """62 × 40 mm, with a Code 128 of `SCAN_TEXT`."""
    body: list[Block] = [
        Text(text=own.label, size_pt=14, weight=Weight.BOLD, align=Align.CENTRE),
        Text(text=paper.workstation, size_pt=9, weight=Weight.SEMIBOLD, align=Align.CENTRE),
        Text(text=_when(paper, words), size_pt=7.5, align=Align.CENTRE),
        Text(text=own.label_check, size_pt=7.5, align=Align.CENTRE),
        Gap(height_mm=1),
        Barcode(value=SCAN_TEXT, height_mm=9),
        Text(text=SCAN_TEXT, size_pt=7.5, align=Align.CENTRE),
    ]
    return compose(TICKET, body, title=own.label, page_words=words.page)


def test_receipt_pdf(paper: TestPaper, words: Words, own: TestWords) -> bytes:
    """On the roll of 80 mm: both edges, an amount in the clinic's currency, letters of its languages."""
    body: list[Block] = [
        Text(text=paper.clinic, size_pt=12, weight=Weight.BOLD, align=Align.CENTRE),
        Text(text=own.receipt, size_pt=10, weight=Weight.SEMIBOLD, align=Align.CENTRE),
        Rule(),
        _edges(own),
        *_amount(paper, own),
        Text(text="1234567890 1234567890 1234567890", size_pt=8.5),
        Text(text=own.letters, size_pt=8.5),
        Pair(label=paper.workstation, value=_when(paper, words), size_pt=8.5),
        Rule(),
        Text(text=own.receipt_check, size_pt=8.5),
    ]
    return compose(ROLL_80, body, title=own.receipt, page_words=words.page)


def test_page_pdf(paper: TestPaper, words: Words, own: TestWords) -> bytes:
    """A4, as invoices and reports are."""
    body: list[Block] = [
        Text(text=paper.clinic, size_pt=16, weight=Weight.BOLD),
        Text(text=own.page, size_pt=12, weight=Weight.SEMIBOLD),
        Gap(height_mm=4),
        Rule(),
        _edges(own),
        Rule(),
        Gap(height_mm=4),
        *_amount(paper, own),
        Text(text=own.letters, size_pt=11),
        Pair(label=paper.workstation, value=_when(paper, words), size_pt=11),
        Gap(height_mm=4),
        Text(text=own.page_check, size_pt=11),
        Gap(height_mm=4),
        Barcode(value=SCAN_TEXT, height_mm=14),
        Text(text=SCAN_TEXT, size_pt=9, align=Align.CENTRE),
    ]
    return compose(A4, body, title=own.page, page_words=words.page)


def bar_widths(value: str) -> list[int]:
    """The bars of a Code 128 and the spaces between them in modules: bar, space, bar, and so on."""
    code = Code128(value, quiet=False)
    code.validate()
    code.encode()
    code.decompose()
    return [ord(sign.lower()) - ord("a") + 1 for sign in code.decomposed]


def _amount(paper: TestPaper, own: TestWords) -> list[Block]:
    if not paper.currency:
        return []
    return [Pair(label=own.amount, value=format_money(Money(12_345_678, paper.currency)), size_pt=11)]


def _edges(own: TestWords) -> Block:
    cells = (Cell(text=f"| {own.left}", share=0.5), Cell(text=f"{own.right} |", share=0.5, align=Align.RIGHT))
    return Columns(cells=cells, size_pt=9)


def _when(paper: TestPaper, words: Words) -> str:
    return write_time(paper.made_at, paper.time_zone, words)
