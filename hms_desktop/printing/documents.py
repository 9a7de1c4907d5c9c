"""What is told to each kind of paper; how it looks is decided by the modules that draw it."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from hms_server.contract.values import Money, PatientHeader

SCAN_TEXT = "HMS-ZY-2468"
"""What a test is scanned by: Z, Y and the hyphen come out wrong under another keyboard layout."""


class Letterhead(msgspec.Struct, frozen=True, kw_only=True):
    """The clinic as its papers name it; `time_zone` is the IANA name of its wall clock."""

    name: str
    time_zone: str
    address: str = ""
    phone: str = ""


class TicketLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting room sees it, so no name unless one is given; `scan_text` has at most some 16 signs."""

    clinic: Letterhead
    ticket: str
    service: str
    scan_text: str
    issued_at: datetime
    patient_name: str | None = None


class PatientLabel(msgspec.Struct, frozen=True, kw_only=True):
    patient: PatientHeader


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    expires_on: date


class DispensingLabel(msgspec.Struct, frozen=True, kw_only=True):
    """`batches` are all that the quantity was taken from; `directions` are words a patient understands."""

    clinic: Letterhead
    patient_name: str
    medicine: str
    directions: str
    quantity: str
    batches: tuple[Batch, ...]
    prescriber: str
    dispensed_at: datetime


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One charge; `amount` is the whole line."""

    description: str
    quantity: int
    unit_price: Money
    amount: Money


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One payment; `tendered` and `change` belong to cash, `paid_before` to a bill paid in parts."""

    clinic: Letterhead
    number: str
    invoice_number: str
    patient: PatientHeader
    lines: tuple[Line, ...]
    total: Money
    paid: Money
    method: str
    still_due: Money
    cashier: str
    paid_at: datetime
    paid_before: Money | None = None
    tendered: Money | None = None
    change: Money | None = None
    reference: str = ""
    """The provider's word for a payment that did not come as cash."""


class RefundReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Money that went back, or, with `is_paid_out` false, is on its way and has no number yet."""

    clinic: Letterhead
    number: str
    receipt_number: str
    invoice_number: str
    patient: PatientHeader
    returned: Money
    method: str
    reason: str
    cashier: str
    returned_at: datetime
    is_paid_out: bool
    still_due: Money


class PaymentSlip(msgspec.Struct, frozen=True, kw_only=True):
    """What the patient takes along to pay online; it is no receipt."""

    clinic: Letterhead
    reference: str
    invoice_number: str
    amount: Money
    url: str
    asked_at: datetime


class ComparedSum(msgspec.Struct, frozen=True, kw_only=True):
    """One sum on both sides, already written."""

    name: str
    ours: str
    theirs: str


class ComparedDifference(msgspec.Struct, frozen=True, kw_only=True):
    what: str
    reference: str
    ours: str
    theirs: str
    sentence: str
    done: str


class ComparisonReport(msgspec.Struct, frozen=True, kw_only=True):
    """The clinic's books beside a provider's list; `compared` counts what was looked at on both sides."""

    clinic: Letterhead
    title: str
    made_at: datetime
    compared: int
    sums: tuple[ComparedSum, ...]
    differences: tuple[ComparedDifference, ...]


class ReceiptPaper(StrEnum):
    ROLL_80 = "80 mm roll"
    A5 = "A5"


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    clinic: Letterhead
    number: str
    patient: PatientHeader
    lines: tuple[Line, ...]
    total: Money
    paid: Money
    still_due: Money
    issued_at: datetime


class TestPaper(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on every test of a printer; `currency` is empty while the clinic's is not known."""

    __test__ = False

    clinic: str
    workstation: str
    currency: str
    time_zone: str
    made_at: datetime
