"""Pages drawn dot by dot: in their own size, sharp enough to scan, smaller where the paper is."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSizeF
from PySide6.QtGui import QPageSize
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QApplication

from hms_desktop.printing.labels import dispensing_label_pdf, patient_label_pdf
from hms_desktop.printing.raster import paint
from hms_desktop.printing.words import Words
from tests.desktop.printing.papers import DISPENSED, PATIENT_LABEL, ink_bounds_mm, read_sizes_mm, scan


class ToFile:
    """A printer of Qt that draws into a file, at the dots of a label printer."""

    def __init__(self, path: Path, *, paper_mm: tuple[float, float] | None = None) -> None:
        self.path = path
        self._paper_mm = paper_mm
        self.asked: list[str] = []

    def __call__(self, name: str) -> QPrinter:
        self.asked.append(name)
        printer = FixedPaper() if self._paper_mm else QPrinter()
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(self.path))
        printer.setResolution(203)
        if self._paper_mm:
            size = QPageSize(QSizeF(*self._paper_mm), QPageSize.Unit.Millimeter)
            QPrinter.setPageSize(printer, size)
        return printer


class FixedPaper(QPrinter):
    """Has one size of paper, as a driver that knows no other."""

    def setPageSize(self, _size: object) -> bool:  # noqa: N802 - Qt's name
        return False


@pytest.fixture
def label() -> bytes:
    return patient_label_pdf(PATIENT_LABEL, Words())


def test_a_label_keeps_its_size_and_scans(qapp: QApplication, tmp_path: Path, label: bytes) -> None:
    printer = ToFile(tmp_path / "out.pdf")

    paint(label, printer="Zebra", title="P-000123", open_printer=printer)

    drawn = printer.path.read_bytes()
    assert printer.asked == ["Zebra"]
    assert read_sizes_mm(drawn) == [(62, 29)]
    assert scan(drawn) == ["P-000123"]
    for before, after in zip(ink_bounds_mm(label)[0], ink_bounds_mm(drawn)[0], strict=True):
        assert abs(before - after) < 0.6


def test_every_page_is_drawn(qapp: QApplication, tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(120))
    long = dispensing_label_pdf(replace(DISPENSED, directions=words), Words())
    printer = ToFile(tmp_path / "out.pdf")

    paint(long, printer="", title="x", open_printer=printer)

    assert read_sizes_mm(printer.path.read_bytes()) == read_sizes_mm(long)


def test_smaller_paper_makes_a_page_smaller_and_loses_nothing(
    qapp: QApplication, tmp_path: Path, label: bytes
) -> None:
    printer = ToFile(tmp_path / "out.pdf", paper_mm=(50, 25))

    paint(label, printer="", title="x", open_printer=printer)

    drawn = printer.path.read_bytes()
    assert read_sizes_mm(drawn) == [(50, 25)]
    _, _, right, bottom = ink_bounds_mm(drawn)[0]
    assert right <= 50
    assert bottom <= 25


def test_larger_paper_leaves_a_label_as_it_is(qapp: QApplication, tmp_path: Path, label: bytes) -> None:
    """On A4 it stands in the corner; its bars keep their width."""
    printer = ToFile(tmp_path / "out.pdf", paper_mm=(210, 297))

    paint(label, printer="", title="x", open_printer=printer)

    drawn = printer.path.read_bytes()
    assert scan(drawn) == ["P-000123"]
    assert ink_bounds_mm(drawn)[0][2] <= 62
