"""What the tests print, and readers that see a PDF as people and scanners do."""

from datetime import UTC, date, datetime

import pypdfium2
import zxingcpp

from hms_desktop.printing.documents import (
    Batch,
    DispensingLabel,
    Invoice,
    Letterhead,
    Line,
    PatientLabel,
    Receipt,
    TicketLabel,
)
from hms_server.contract.values import BirthPrecision, Money, PatientHeader, PatientId, Sex

MM_PER_POINT = 25.4 / 72
AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
LONG_NAME = "Oluwaseun Chukwuemeka Abdulrahman Ogunsola-Adewunmi Nnamdi Ebere Folashade Temitope"

CLINIC = Letterhead(
    name="Ìlérá Clinic, Òṣogbo",
    time_zone="Africa/Lagos",
    address="12 Station Road, Òṣogbo",
    phone="+234 803 555 0199",
)
PATIENT = PatientHeader(
    id=PatientId(1),
    number="P-000123",
    name="Adébáyọ̀ Ògúnṣọlá",
    sex=Sex.FEMALE,
    birth_date=date(1984, 3, 12),
    birth_precision=BirthPrecision.DAY,
)
TICKET = TicketLabel(
    clinic=CLINIC,
    ticket="T-004",
    service="General consultation",
    scan_text="20261121-T004",
    issued_at=AT,
)
PATIENT_LABEL = PatientLabel(patient=PATIENT)
DISPENSED = DispensingLabel(
    clinic=CLINIC,
    patient_name=PATIENT.name,
    medicine="Amoxicillin 500 mg capsules",
    directions="Take 1 capsule three times a day, after food, for 7 days.",
    quantity="21 capsules",
    batches=(
        Batch(number="AMX-2209", expires_on=date(2027, 6, 30)),
        Batch(number="AMX-2301", expires_on=date(2027, 12, 31)),
    ),
    prescriber="Dr Ada Obi",
    dispensed_at=AT,
)


def naira(amount: int) -> Money:
    return Money(amount * 100, "NGN")


LINES = (
    Line(description="Consultation", quantity=1, unit_price=naira(5_000), amount=naira(5_000)),
    Line(description="Amoxicillin 500 mg capsules", quantity=21, unit_price=naira(111), amount=naira(2_331)),
)
RECEIPT = Receipt(
    clinic=CLINIC,
    number="R-000042",
    invoice_number="INV-000311",
    patient=PATIENT,
    lines=LINES,
    total=naira(7_331),
    paid_before=naira(331),
    paid=naira(4_000),
    method="cash",
    tendered=naira(5_000),
    change=naira(1_000),
    still_due=naira(3_000),
    cashier="Kofi Mensah",
    paid_at=AT,
)
INVOICE = Invoice(
    clinic=CLINIC,
    number="INV-000311",
    patient=PATIENT,
    lines=LINES,
    total=naira(7_331),
    paid=naira(4_331),
    still_due=naira(3_000),
    issued_at=AT,
)


def read_pages(pdf: bytes) -> list[str]:
    """The words of each page, one space apart."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def read_text(pdf: bytes) -> str:
    return " ".join(read_pages(pdf))


def read_sizes_mm(pdf: bytes) -> list[tuple[int, int]]:
    with pypdfium2.PdfDocument(pdf) as document:
        sizes = [page.get_size() for page in document]
    return [(round(width * MM_PER_POINT), round(height * MM_PER_POINT)) for width, height in sizes]


def scan(pdf: bytes, *, dpi: int = 203) -> list[str]:
    """What a scanner reads from the pages as a label printer of that resolution draws them."""
    with pypdfium2.PdfDocument(pdf) as document:
        pictures = [page.render(scale=dpi / 72, grayscale=True).to_pil() for page in document]
    return [code.text for picture in pictures for code in zxingcpp.read_barcodes(picture)]


def ink_bounds_mm(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of what is printed, page by page."""
    with pypdfium2.PdfDocument(pdf) as document:
        pictures = [page.render(scale=2, grayscale=True).to_pil() for page in document]
    boxes = [picture.point(lambda grey: 255 if grey < 200 else 0).getbbox() for picture in pictures]
    return [tuple(edge / 2 * MM_PER_POINT for edge in box) for box in boxes]
