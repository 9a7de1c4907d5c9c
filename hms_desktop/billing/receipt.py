"""The receipt on paper."""

from datetime import tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.printing import documents
from hms_desktop.printing.printer import Printer, PrintKind, PrintOutcome
from hms_desktop.printing.words import Words
from hms_server.contract.billing import Receipt
from hms_server.contract.values import Money


def print_receipt(printer: Printer, receipt: Receipt, *, letterhead: documents.Letterhead) -> PrintOutcome:
    """Draws and prints or keeps it. Waits for the printer: never on the thread of the windows."""
    # The library that draws PDFs takes a quarter of a second to load, which the start need not wait for.
    from hms_desktop.printing.bills import receipt_pdf  # noqa: PLC0415 - see above

    paper = documents.ReceiptPaper.ROLL_80
    pdf = receipt_pdf(as_document(receipt, letterhead), Words(), paper=paper)
    return printer.print(pdf, title=receipt.payment.receipt_number, kind=PrintKind.RECEIPT)


def as_document(receipt: Receipt, letterhead: documents.Letterhead) -> documents.Receipt:
    """The receipt as its paper names things."""
    invoice, payment = receipt.invoice, receipt.payment
    before_minor = invoice.paid.amount_minor - payment.amount.amount_minor
    return documents.Receipt(
        clinic=letterhead,
        number=payment.receipt_number,
        invoice_number=invoice.number,
        patient=invoice.patient,
        lines=tuple(
            documents.Line(
                description=charge.description,
                quantity=charge.quantity,
                unit_price=charge.unit_price,
                amount=charge.amount,
            )
            for charge in invoice.charges
        ),
        total=invoice.total,
        paid=payment.amount,
        method=QCoreApplication.translate("billing", "cash"),
        still_due=invoice.due,
        cashier=payment.taken_by.name,
        paid_at=payment.taken_at,
        paid_before=Money(before_minor, invoice.total.currency) if before_minor else None,
        tendered=payment.tendered,
        change=payment.change,
    )


def letterhead_of(clinic_name: str, zone: tzinfo) -> documents.Letterhead:
    """The clinic's head on its papers."""
    return documents.Letterhead(name=clinic_name, time_zone=str(zone))
