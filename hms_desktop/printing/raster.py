"""Pages drawn dot by dot at a printer, where no system program takes a PDF: Windows."""

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QMarginsF, QRect, QSizeF
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter

POINTS_PER_INCH = 72
MM_PER_POINT = 25.4 / POINTS_PER_INCH
FINEST_DPI = 600
"""More dots than that nobody sees, and an A4 page of them takes a hundred megabytes."""


class NotPainted(Exception):  # noqa: N818 - an answer to whoever prints, not a mistake of the program
    """The printer has taken nothing; the text is the system's own word for it, as far as it has one."""


class PrinterGone(NotPainted):
    """The system knows no printer of that name."""


def paint(
    pdf: bytes, *, printer: str, title: str, open_printer: "Callable[[str], Any] | None" = None
) -> None:
    """Prints every page in its own size; no printer means the system's default one. Else `NotPainted`.

    May run on any thread. What is larger than the paper becomes smaller; nothing becomes larger.
    """
    device = (open_printer or _open)(printer)
    device.setDocName(title)
    device.setFullPage(True)
    painter = QPainter()
    for number, (image, width_mm, height_mm) in enumerate(_pages(pdf, _dpi_of(device))):
        _set_paper(device, width_mm, height_mm)
        if number == 0 and not painter.begin(device):
            raise NotPainted("it did not begin")
        if number and not device.newPage():
            painter.end()
            raise NotPainted("it took a part of the pages")
        painter.drawImage(_place(device, width_mm, height_mm), image)
    if not painter.end():
        raise NotPainted("it did not finish")


def _open(name: str) -> Any:
    from PySide6.QtPrintSupport import QPrinter, QPrinterInfo  # noqa: PLC0415 - for whoever prints only

    info = QPrinterInfo.printerInfo(name) if name else QPrinterInfo.defaultPrinter()
    if info.isNull():
        raise PrinterGone(name)
    return QPrinter(info, QPrinter.PrinterMode.HighResolution)


def _dpi_of(device: Any) -> int:
    return min(int(device.resolution()), FINEST_DPI)


def _pages(pdf: bytes, dpi: int) -> Iterator[tuple[QImage, float, float]]:
    import pypdfium2  # noqa: PLC0415 - for whoever prints like this only

    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            width_pt, height_pt = page.get_size()
            bitmap = page.render(scale=dpi / POINTS_PER_INCH, grayscale=True)
            image = QImage(
                bytes(bitmap.buffer),
                bitmap.width,
                bitmap.height,
                bitmap.stride,
                QImage.Format.Format_Grayscale8,
            )
            # The bytes end with this turn, the image must not.
            yield image.copy(), width_pt * MM_PER_POINT, height_pt * MM_PER_POINT


def _set_paper(device: Any, width_mm: float, height_mm: float) -> None:
    size = QPageSize(
        QSizeF(width_mm, height_mm), QPageSize.Unit.Millimeter, "", QPageSize.SizeMatchPolicy.FuzzyMatch
    )
    # A printer that has other paper keeps its own, which `_place` then reads.
    device.setPageSize(size)
    device.setPageOrientation(QPageLayout.Orientation.Portrait)
    device.setPageMargins(QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Millimeter)


def _place(device: Any, width_mm: float, height_mm: float) -> QRect:
    dots_per_mm = device.resolution() / 25.4
    width, height = round(width_mm * dots_per_mm), round(height_mm * dots_per_mm)
    paper = device.pageLayout().fullRectPixels(device.resolution())
    # A dot too many is rounding, and shrinking for it would blur the bars of a label.
    slack = max(2, round(dots_per_mm))
    if width <= paper.width() + slack and height <= paper.height() + slack:
        return QRect(0, 0, width, height)
    scale = min(paper.width() / width, paper.height() / height)
    return QRect(0, 0, round(width * scale), round(height * scale))
