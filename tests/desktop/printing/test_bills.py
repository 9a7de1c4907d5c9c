"""Receipts and invoices: every figure, in its place, on every size of paper."""

from concurrent.futures import ThreadPoolExecutor

import pypdfium2
import pytest
from msgspec.structs import replace

from hms_desktop.printing.bills import invoice_pdf, receipt_pdf, slip_pdf
from hms_desktop.printing.documents import Line, PaymentSlip, ReceiptPaper
from hms_desktop.printing.words import Words
from hms_server.contract.values import Money
from tests.desktop.printing.papers import (
    INVOICE,
    LINES,
    LONG_NAME,
    MM_PER_POINT,
    PATIENT,
    RECEIPT,
    ink_bounds_mm,
    naira,
    read_pages,
    read_sizes_mm,
    read_text,
    scan,
)

WORDS = Words()
PAPERS = list(ReceiptPaper)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_receipt_holds_every_figure_of_the_payment(paper: ReceiptPaper) -> None:
    pdf = receipt_pdf(RECEIPT, WORDS, paper=paper)

    text = read_text(pdf)
    for part in (
        "Ìlérá Clinic, Òṣogbo",
        "Receipt R-000042",
        "Invoice INV-000311",
        "Date 21 Nov 2026 00:30",
        "Patient Adébáyọ̀ Ògúnṣọlá",
        "Consultation 5,000.00",
        "Amoxicillin 500 mg capsules 2,331.00 21 × 111.00",
        "Total ₦ 7,331.00",
        "Paid before ₦ 331.00",
        "Paid by cash ₦ 4,000.00",
        "Given ₦ 5,000.00",
        "Change ₦ 1,000.00",
        "Still to pay ₦ 3,000.00",
        "Cashier Kofi Mensah",
    ):
        assert part in text
    assert scan(pdf) == ["R-000042"]


def test_what_does_not_belong_to_a_payment_is_left_out() -> None:
    by_card = replace(RECEIPT, method="card", tendered=None, change=None, paid_before=None)

    text = read_text(receipt_pdf(by_card, WORDS, paper=ReceiptPaper.ROLL_80))

    assert "Paid by card ₦ 4,000.00" in text
    assert not {"Given", "Change", "before"} & set(text.split())


def test_a_roll_is_as_long_as_the_bill() -> None:
    [(width, short)] = read_sizes_mm(receipt_pdf(RECEIPT, WORDS, paper=ReceiptPaper.ROLL_80))
    [(_, long)] = read_sizes_mm(
        receipt_pdf(replace(RECEIPT, lines=LINES * 40), WORDS, paper=ReceiptPaper.ROLL_80)
    )

    assert width == 80
    assert long > short + 400


@pytest.mark.parametrize("paper", PAPERS)
def test_amounts_end_at_the_right_edge_and_nothing_leaves_the_paper(paper: ReceiptPaper) -> None:
    huge = Line(description=LONG_NAME * 2, quantity=1, unit_price=naira(10**11), amount=naira(10**11))
    receipt = replace(
        RECEIPT, lines=(huge, *LINES), total=naira(10**11), patient=replace(PATIENT, name=LONG_NAME)
    )

    pdf = receipt_pdf(receipt, WORDS, paper=paper)

    margin, width = {ReceiptPaper.ROLL_80: (4, 80), ReceiptPaper.A5: (12, 148)}[paper]
    [(left, _, right, _)] = ink_bounds_mm(pdf)
    assert left == pytest.approx(margin, abs=0.6)
    assert right == pytest.approx(width - margin, abs=0.6)
    for edge in _right_edges_mm(pdf, ["5,000.00", "2,331.00"]):
        assert edge == pytest.approx(width - margin, abs=0.5)


def test_francs_have_no_decimals() -> None:
    francs = Money(18_650, "XOF")
    receipt = replace(
        RECEIPT,
        lines=(Line(description="Consultation", quantity=1, unit_price=francs, amount=francs),),
        total=francs,
        paid=francs,
        still_due=Money(0, "XOF"),
        paid_before=None,
        tendered=None,
        change=None,
    )

    text = read_text(receipt_pdf(receipt, WORDS, paper=ReceiptPaper.ROLL_80))

    assert "Amount (F CFA) Consultation 18,650 Total F CFA 18,650" in text


def test_an_invoice_is_a_table_with_its_sum() -> None:
    pdf = invoice_pdf(INVOICE, WORDS)

    assert read_sizes_mm(pdf) == [(210, 297)]
    text = read_text(pdf)
    for part in (
        "Invoice INV-000311 21 Nov 2026 00:30",
        "P-000123 · Female · Born 12 Mar 1984",
        "Description Quantity Unit price Amount (₦)",
        "Amoxicillin 500 mg capsules 21 111.00 2,331.00",
        "Total ₦ 7,331.00",
        "Paid ₦ 4,331.00",
        "Still to pay ₦ 3,000.00",
    ):
        assert part in text
    assert scan(pdf) == ["INV-000311"]


def test_every_figure_of_an_invoice_ends_at_its_columns_right_edge() -> None:
    pdf = invoice_pdf(INVOICE, WORDS)

    amounts = _right_edges_mm(pdf, ["5,000.00", "2,331.00", "7,331.00", "3,000.00"])
    prices = _right_edges_mm(pdf, ["Unit price", "111.00"])
    assert amounts == pytest.approx([210 - 18] * 4, abs=0.5)
    assert prices[0] == pytest.approx(prices[1], abs=0.5)


def test_a_long_invoice_repeats_its_heading_and_loses_no_line() -> None:
    lines = tuple(replace(LINES[0], description=f"Item{number} {LONG_NAME}") for number in range(100))

    pdf = invoice_pdf(replace(INVOICE, lines=lines), WORDS)

    pages = read_pages(pdf)
    assert len(pages) > 2
    assert all("Invoice INV-000311" in page and "Description" in page for page in pages)
    assert all(f"Page {number} of {len(pages)}" in page for number, page in enumerate(pages, start=1))
    assert all(sum(f"Item{number} " in page for page in pages) == 1 for number in range(100))


def test_a_page_never_ends_between_a_line_and_how_its_amount_came_about() -> None:
    for short_lines in range(5):
        receipt = replace(RECEIPT, lines=LINES[:1] * short_lines + LINES[1:] * 45)

        pages = read_pages(receipt_pdf(receipt, WORDS, paper=ReceiptPaper.A5))

        assert len(pages) > 1
        for page in pages:
            assert page.count("Amoxicillin") == page.count("21 × 111.00")


def test_the_same_receipt_gives_the_same_bytes_also_from_many_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        pdfs = list(pool.map(lambda _: receipt_pdf(RECEIPT, WORDS, paper=ReceiptPaper.ROLL_80), range(16)))

    assert len(set(pdfs)) == 1


def test_the_letters_travel_inside_the_file() -> None:
    with pypdfium2.PdfDocument(invoice_pdf(INVOICE, WORDS)) as document:
        texts = [item for item in document[0].get_objects() if isinstance(item, pypdfium2.PdfTextObj)]
        fonts = {text.get_font().get_base_name() for text in texts if text.get_font().is_embedded}

    assert {name.split("+")[-1] for name in fonts} == {"Inter-Regular", "Inter-SemiBold", "Inter-Bold"}


def _right_edges_mm(pdf: bytes, words: list[str]) -> list[float]:
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].get_textpage()
        edges = []
        for word in words:
            # The last place is the amount of the line; the same figure may stand before it as its price.
            found, places = page.search(word, match_whole_word=True), []
            while place := found.get_next():
                places.append(place)
            start, count = places[-1]
            edges.append(page.get_charbox(start + count - 1)[2] * MM_PER_POINT)
        return edges


def test_a_payment_slip_is_scanned_and_says_that_nothing_is_paid() -> None:
    """The code leads to the page of this payment; nobody takes the slip for a receipt."""
    slip = PaymentSlip(
        clinic=RECEIPT.clinic,
        reference="hms-7k2m9x4q1r8t5w3z",
        invoice_number="INV-000311",
        amount=naira(8_000),
        url="https://checkout.paystack.com/0peioxfhpn",
        asked_at=RECEIPT.paid_at,
    )

    pdf = slip_pdf(slip, WORDS)

    assert scan(pdf) == [slip.url]
    assert "₦ 8,000.00" in read_text(pdf)
    assert "This is not a receipt. Nothing is paid yet." in read_text(pdf)
    assert "Paid" not in read_text(pdf)


def test_a_receipt_of_an_online_payment_names_its_reference() -> None:
    online = replace(RECEIPT, method="Paystack", tendered=None, change=None, reference="hms-7k2m9x4q1r8t5w3z")

    text = read_text(receipt_pdf(online, WORDS, paper=ReceiptPaper.ROLL_80))

    assert "Paid by Paystack ₦ 4,000.00" in text
    assert "Reference hms-7k2m9x4q1r8t5w3z" in text
