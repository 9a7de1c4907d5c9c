"""The receipts of payments and refunds on paper."""

from datetime import tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.printing import documents
from hms_desktop.printing.printer import Printer, PrintKind, PrintOutcome
from hms_desktop.printing.words import Words
from hms_server.contract.billing import PaymentMethod, Receipt, RefundReceipt, RefundState
from hms_server.contract.values import Money


def print_receipt(printer: Printer, receipt: Receipt, *, letterhead: documents.Letterhead) -> PrintOutcome:
    """Draws and prints or keeps it. Waits for the printer: never on the thread of the windows."""
    # The library that draws PDFs takes a quarter of a second to load, which the start need not wait for.
    from hms_desktop.printing.bills import receipt_pdf  # noqa: PLC0415 - see above

    paper = documents.ReceiptPaper.ROLL_80
    pdf = receipt_pdf(as_document(receipt, letterhead), Words(), paper=paper)
    return printer.print(pdf, title=receipt.payment.receipt_number, kind=PrintKind.RECEIPT)


def print_refund(
    printer: Printer, receipt: RefundReceipt, *, letterhead: documents.Letterhead
) -> PrintOutcome:
    """As `print_receipt`, for money that went back or is on its way."""
    from hms_desktop.printing.bills import refund_pdf  # noqa: PLC0415 - as above

    refund, payment = receipt.refund, receipt.payment
    is_paid_out = refund.state is RefundState.PROCESSED
    document = documents.RefundReceipt(
        clinic=letterhead,
        number=refund.number,
        receipt_number=payment.receipt_number,
        invoice_number=receipt.invoice.number,
        patient=receipt.invoice.patient,
        returned=refund.amount,
        method=_method(refund.method),
        reason=refund.reason,
        cashier=refund.asked_by.name,
        returned_at=(refund.settled_at or refund.asked_at) if is_paid_out else refund.asked_at,
        is_paid_out=is_paid_out,
        still_due=receipt.invoice.due,
    )
    title = refund.number or payment.receipt_number
    return printer.print(refund_pdf(document, Words()), title=title, kind=PrintKind.RECEIPT)


def as_document(receipt: Receipt, letterhead: documents.Letterhead) -> documents.Receipt:
    """The receipt as its paper names things."""
    invoice, payment = receipt.invoice, receipt.payment
    is_cash = payment.method is PaymentMethod.CASH
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
        method=_method(payment.method),
        still_due=invoice.due,
        cashier=payment.taken_by.name,
        paid_at=payment.taken_at,
        paid_before=Money(before_minor, invoice.total.currency) if before_minor else None,
        tendered=payment.tendered if is_cash else None,
        change=payment.change if is_cash else None,
        reference=payment.reference,
    )


def letterhead_of(clinic_name: str, zone: tzinfo) -> documents.Letterhead:
    """The clinic's head on its papers."""
    return documents.Letterhead(name=clinic_name, time_zone=str(zone))


def _method(method: PaymentMethod) -> str:
    return {
        PaymentMethod.CASH: QCoreApplication.translate("billing", "cash"),
        PaymentMethod.PAYSTACK: QCoreApplication.translate("billing", "Paystack"),
    }[method]
