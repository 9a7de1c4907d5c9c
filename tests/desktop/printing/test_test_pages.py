"""The papers of a first start: the same paper, letters and bars as the clinic's own."""

import zxingcpp
from msgspec.structs import replace
from PIL import Image, ImageDraw

from hms_desktop.printing.documents import SCAN_TEXT, TestPaper
from hms_desktop.printing.test_pages import (
    TestWords,
    bar_widths,
)
from hms_desktop.printing.test_pages import (
    test_label_pdf as label_pdf,
)
from hms_desktop.printing.test_pages import (
    test_page_pdf as page_pdf,
)
from hms_desktop.printing.test_pages import (
    test_receipt_pdf as receipt_pdf,
)
from hms_desktop.printing.words import Words
from tests.desktop.printing.papers import AT, LONG_NAME, read_sizes_mm, read_text, scan

PAPER = TestPaper(
    clinic="Ìlérá Clinic, Òṣogbo",
    workstation="Front desk 1",
    currency="NGN",
    time_zone="Africa/Lagos",
    made_at=AT,
)


def test_the_label_has_the_size_of_a_ticket_and_scans() -> None:
    pdf = label_pdf(PAPER, Words(), TestWords())

    assert read_sizes_mm(pdf) == [(62, 40)]
    assert scan(pdf) == [SCAN_TEXT]
    assert "Front desk 1 21 Nov 2026 00:30" in read_text(pdf)


def test_the_receipt_is_as_wide_as_the_roll_and_shows_the_currency() -> None:
    pdf = receipt_pdf(PAPER, Words(), TestWords())

    assert [width for width, _ in read_sizes_mm(pdf)] == [80]
    text = read_text(pdf)
    for part in ("Ìlérá Clinic, Òṣogbo", "left edge", "right edge", "₦ 123,456.78", "Ẹ̀kó"):
        assert part in text


def test_the_page_is_a4_and_scans() -> None:
    pdf = page_pdf(PAPER, Words(), TestWords())

    assert read_sizes_mm(pdf) == [(210, 297)]
    assert scan(pdf) == [SCAN_TEXT]


def test_an_amount_without_a_currency_is_left_out() -> None:
    """The server was away when the printers were tried."""
    pdf = receipt_pdf(replace(PAPER, currency=""), Words(), TestWords())

    assert "123,456" not in read_text(pdf)


def test_the_longest_name_of_a_workstation_still_fits_a_label() -> None:
    pdf = label_pdf(replace(PAPER, workstation=LONG_NAME), Words(), TestWords())

    assert scan(pdf)[:1] == [SCAN_TEXT]


def test_the_bars_on_the_screen_are_read_by_a_scanner() -> None:
    """Drawn from the widths alone, as the page draws them."""
    widths = bar_widths(SCAN_TEXT)
    picture = Image.new("L", (2 * (sum(widths) + 20), 80), 255)
    draw, left = ImageDraw.Draw(picture), 20
    for number, width in enumerate(widths):
        if number % 2 == 0:
            draw.rectangle((left, 4, left + 2 * width - 1, 75), fill=0)
        left += 2 * width

    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [SCAN_TEXT]
