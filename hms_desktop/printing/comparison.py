"""The books compared with a provider's list, on A4: sums beside each other, and every difference."""

from hms_desktop.printing.bills import A4
from hms_desktop.printing.blocks import Align, Block, Cell, Columns, Gap, Rule, Text, Together
from hms_desktop.printing.documents import ComparedDifference, ComparisonReport
from hms_desktop.printing.fonts import Weight
from hms_desktop.printing.sheet import compose
from hms_desktop.printing.words import Words, write_time


def comparison_pdf(report: ComparisonReport, words: Words) -> bytes:
    """Says in words that both sides agree, so that an empty list is never taken for a missing page."""
    head: list[Block] = [
        Text(text=report.clinic.name, size_pt=13, weight=Weight.BOLD),
        Text(text=report.title, size_pt=12, weight=Weight.SEMIBOLD),
        Text(
            text=words.compared.format(
                time=write_time(report.made_at, report.clinic.time_zone, words), count=report.compared
            ),
            size_pt=9,
        ),
        Gap(height_mm=4),
    ]
    body: list[Block] = [_sum_row("", words.ours, words.theirs, weight=Weight.SEMIBOLD), Rule()]
    body += [_sum_row(one.name, one.ours, one.theirs, weight=Weight.REGULAR) for one in report.sums]
    body += [Gap(height_mm=6)]
    if not report.differences:
        body.append(Text(text=words.no_differences, size_pt=11, weight=Weight.BOLD))
    for difference in report.differences:
        body += [Rule(), _difference(difference, words)]
    return compose(A4, body, head=head, title=report.title, page_words=words.page)


def _sum_row(name: str, ours: str, theirs: str, *, weight: Weight) -> Columns:
    cells = (
        Cell(text=name, share=0.4),
        Cell(text=ours, share=0.3, align=Align.RIGHT),
        Cell(text=theirs, share=0.3, align=Align.RIGHT),
    )
    return Columns(cells=cells, size_pt=10, weight=weight)


def _difference(difference: ComparedDifference, words: Words) -> Block:
    heading = f"{difference.what} · {difference.reference} · {difference.done}"
    sides = f"{words.ours}: {difference.ours or '–'}   {words.theirs}: {difference.theirs or '–'}"
    return Together(
        blocks=(
            Text(text=heading, size_pt=9.5, weight=Weight.SEMIBOLD),
            Text(text=sides, size_pt=9.5),
            Text(text=difference.sentence, size_pt=9.5),
        )
    )
