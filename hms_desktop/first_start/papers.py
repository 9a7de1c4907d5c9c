"""Test papers on their way through the same printers as everything else."""

from PySide6.QtCore import QCoreApplication

from hms_desktop.printing.documents import SCAN_TEXT, TestPaper
from hms_desktop.printing.printer import Printer, PrintKind, PrintOutcome
from hms_desktop.printing.words import Words


def print_test(printer: Printer, kind: PrintKind, paper: TestPaper) -> PrintOutcome:
    """Draws and prints or keeps it. Waits for the printer: never on the thread of the windows."""
    # The library that draws PDFs takes a quarter of a second to load, which the start need not wait for.
    from hms_desktop.printing import test_pages  # noqa: PLC0415 - see above

    own = test_pages.TestWords()
    draw = {
        PrintKind.LABEL: test_pages.test_label_pdf,
        PrintKind.RECEIPT: test_pages.test_receipt_pdf,
        PrintKind.PAGE: test_pages.test_page_pdf,
    }[kind]
    return printer.print(draw(paper, Words(), own), title=test_title(kind), kind=kind)


def test_title(kind: PrintKind) -> str:
    """How the test is called in sentences and in the queue of the printer."""
    return {
        PrintKind.LABEL: _tr("Test label"),
        PrintKind.RECEIPT: _tr("Test receipt"),
        PrintKind.PAGE: _tr("Test page"),
    }[kind]


def code_bars() -> list[int]:
    """The code to be scanned as bars and spaces; loads the same library."""
    from hms_desktop.printing.test_pages import bar_widths  # noqa: PLC0415 - see above

    return bar_widths(SCAN_TEXT)


def _tr(text: str) -> str:
    return QCoreApplication.translate("first_start", text)
