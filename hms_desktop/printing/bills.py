"""What patients pay from and take home: receipts on a roll or A5, invoices on A4."""

from collections.abc import Sequence

from hms_desktop.printing.blocks import (
    Align,
    Barcode,
    Block,
    Cell,
    Columns,
    Gap,
    Pair,
    Rule,
    Square,
    Text,
    Together,
)
from hms_desktop.printing.documents import (
    Invoice,
    Letterhead,
    Line,
    PaymentSlip,
    Receipt,
    ReceiptPaper,
    RefundReceipt,
)
from hms_desktop.printing.fonts import Weight
from hms_desktop.printing.sheet import Sheet, compose
from hms_desktop.printing.words import Words, write_birth, write_sex, write_time
from hms_server.contract.money import format_amount, format_money, symbol_of
from hms_server.contract.values import Money, PatientHeader

ROLL_80 = Sheet(width_mm=80, height_mm=None, margin_mm=4)
A5 = Sheet(width_mm=148, height_mm=210, margin_mm=12)
A4 = Sheet(width_mm=210, height_mm=297, margin_mm=18)

SHARES = (0.48, 0.12, 0.2, 0.2)
"""Description, quantity, unit price, amount of an invoice."""


def receipt_pdf(receipt: Receipt, words: Words, *, paper: ReceiptPaper) -> bytes:
    """One payment with every line it was for; on A5 a long list goes on, numbered, under the same heading."""
    sheet = {ReceiptPaper.ROLL_80: ROLL_80, ReceiptPaper.A5: A5}[paper]
    time = write_time(receipt.paid_at, receipt.clinic.time_zone, words)
    head: list[Block] = [
        *_letterhead(receipt.clinic, words),
        Rule(),
        Pair(label=words.receipt, value=receipt.number, size_pt=10, weight=Weight.BOLD),
        Pair(label=words.invoice, value=receipt.invoice_number, size_pt=8.5),
        Pair(label=words.date, value=time, size_pt=8.5),
        Pair(label=words.patient, value=receipt.patient.name, size_pt=8.5, weight=Weight.SEMIBOLD),
        Pair(label=words.number, value=receipt.patient.number, size_pt=8.5),
        Rule(),
    ]
    return compose(
        sheet, _receipt_body(receipt, words), head=head, title=receipt.number, page_words=words.page
    )


def refund_pdf(refund: RefundReceipt, words: Words) -> bytes:
    """On the roll; money that is still on its way is never called returned."""
    time = write_time(refund.returned_at, refund.clinic.time_zone, words)
    heading = words.refund if refund.is_paid_out else words.refund_asked
    how = words.returned_by if refund.is_paid_out else words.to_return
    body: list[Block] = [
        *_letterhead(refund.clinic, words),
        Rule(),
        Pair(label=heading, value=refund.number, size_pt=10, weight=Weight.BOLD),
        Pair(label=words.of_receipt, value=refund.receipt_number, size_pt=8.5),
        Pair(label=words.invoice, value=refund.invoice_number, size_pt=8.5),
        Pair(label=words.date, value=time, size_pt=8.5),
        Pair(label=words.patient, value=refund.patient.name, size_pt=8.5, weight=Weight.SEMIBOLD),
        Pair(label=words.number, value=refund.patient.number, size_pt=8.5),
        Rule(),
        Pair(
            label=how.format(method=refund.method),
            value=format_money(refund.returned),
            size_pt=11,
            weight=Weight.BOLD,
        ),
        Pair(label=words.reason, value=refund.reason, size_pt=8.5),
        Pair(label=words.still_due, value=format_money(refund.still_due), size_pt=10),
        Rule(),
        Pair(label=words.cashier, value=refund.cashier, size_pt=8.5),
    ]
    if refund.is_paid_out:
        body += [Gap(height_mm=8), Text(text=words.signature, size_pt=8.5), Rule()]
        body += [Barcode(value=refund.number, height_mm=10)]
        body += [Text(text=refund.number, size_pt=8, align=Align.CENTRE)]
    else:
        body.append(Text(text=words.not_returned_yet, size_pt=9, weight=Weight.BOLD))
    return compose(ROLL_80, body, title=refund.number or heading, page_words=words.page)


def slip_pdf(slip: PaymentSlip, words: Words) -> bytes:
    """On the roll: the code and the address by which a patient pays; it says that it is no receipt."""
    body: list[Block] = [
        *_letterhead(slip.clinic, words),
        Rule(),
        Text(text=words.to_pay_online, size_pt=10, weight=Weight.BOLD, align=Align.CENTRE),
        Text(text=format_money(slip.amount), size_pt=15, weight=Weight.BOLD, align=Align.CENTRE),
        Gap(height_mm=1),
        Square(value=slip.url, side_mm=48),
        Gap(height_mm=1),
        Text(text=words.scan_to_pay, size_pt=8, align=Align.CENTRE),
        Text(text=slip.url, size_pt=8, align=Align.CENTRE),
        Rule(),
        Pair(label=words.invoice, value=slip.invoice_number, size_pt=8.5),
        Pair(label=words.reference, value=slip.reference, size_pt=7.5),
        Pair(
            label=words.date,
            value=write_time(slip.asked_at, slip.clinic.time_zone, words),
            size_pt=8.5,
        ),
        Text(text=words.no_receipt, size_pt=9, weight=Weight.BOLD, align=Align.CENTRE),
    ]
    return compose(ROLL_80, body, title=slip.reference, page_words=words.page)


def invoice_pdf(invoice: Invoice, words: Words) -> bytes:
    """A4; every page carries whose bill it is."""
    time = write_time(invoice.issued_at, invoice.clinic.time_zone, words)
    head: list[Block] = [
        *_letterhead(invoice.clinic, words),
        Gap(height_mm=6),
        Pair(label=f"{words.invoice} {invoice.number}", value=time, size_pt=14, weight=Weight.BOLD),
        Gap(height_mm=3),
        *_patient(invoice.patient, words),
        Gap(height_mm=5),
        _headings(invoice.total.currency, words),
        Rule(),
    ]
    body: list[Block] = [
        *[_table_row(line) for line in invoice.lines],
        Rule(height_mm=4),
        Pair(label=words.total, value=format_money(invoice.total), size_pt=12, weight=Weight.BOLD),
        Pair(label=words.paid, value=format_money(invoice.paid), size_pt=10),
        Pair(label=words.still_due, value=format_money(invoice.still_due), size_pt=12, weight=Weight.BOLD),
        Gap(height_mm=6),
        Barcode(value=invoice.number, height_mm=10),
    ]
    return compose(A4, body, head=head, title=invoice.number, page_words=words.page)


def _letterhead(clinic: Letterhead, words: Words) -> list[Block]:
    phone = words.phone.format(phone=clinic.phone) if clinic.phone else ""
    below = [Text(text=text, size_pt=8, align=Align.CENTRE) for text in (clinic.address, phone) if text]
    return [Text(text=clinic.name, size_pt=13, weight=Weight.BOLD, align=Align.CENTRE), *below]


def _patient(patient: PatientHeader, words: Words) -> list[Block]:
    about = f"{patient.number} · {write_sex(patient.sex, words)} · {write_birth(patient, words)}"
    return [Text(text=patient.name, size_pt=11, weight=Weight.SEMIBOLD), Text(text=about, size_pt=9)]


def _receipt_body(receipt: Receipt, words: Words) -> list[Block]:
    heading = words.amount.format(currency=symbol_of(receipt.total.currency))
    return [
        Pair(label=words.description, value=heading, size_pt=7),
        *[_receipt_line(line) for line in receipt.lines],
        Rule(),
        Pair(label=words.total, value=format_money(receipt.total), size_pt=11, weight=Weight.BOLD),
        *_amounts(_payment(receipt, words)),
        *_reference(receipt, words),
        Pair(
            label=words.still_due, value=format_money(receipt.still_due), size_pt=10, weight=Weight.SEMIBOLD
        ),
        Rule(),
        Pair(label=words.cashier, value=receipt.cashier, size_pt=8.5),
        Gap(height_mm=2),
        Barcode(value=receipt.number, height_mm=10),
        Text(text=receipt.number, size_pt=8, align=Align.CENTRE),
        Text(text=words.thanks, size_pt=8, align=Align.CENTRE),
    ]


def _payment(receipt: Receipt, words: Words) -> list[tuple[str, Money | None]]:
    return [
        (words.paid_before, receipt.paid_before),
        (words.paid_by.format(method=receipt.method), receipt.paid),
        (words.tendered, receipt.tendered),
        (words.change, receipt.change),
    ]


def _reference(receipt: Receipt, words: Words) -> list[Block]:
    if not receipt.reference:
        return []
    return [Pair(label=words.reference, value=receipt.reference, size_pt=7.5)]


def _amounts(amounts: Sequence[tuple[str, Money | None]]) -> list[Block]:
    return [
        Pair(label=label, value=format_money(amount), size_pt=9)
        for label, amount in amounts
        if amount is not None
    ]


def _receipt_line(line: Line) -> Block:
    row = Pair(label=line.description, value=format_amount(line.amount), size_pt=8.5)
    if line.quantity == 1:
        return Together(blocks=(row,))
    how = Text(text=f"{line.quantity} × {format_amount(line.unit_price)}", size_pt=7.5)
    return Together(blocks=(row, how))


def _headings(currency: str, words: Words) -> Columns:
    amount = words.amount.format(currency=symbol_of(currency))
    return _row((words.description, words.quantity, words.unit_price, amount), weight=Weight.SEMIBOLD)


def _table_row(line: Line) -> Block:
    texts = (line.description, str(line.quantity), format_amount(line.unit_price), format_amount(line.amount))
    return Together(blocks=(_row(texts, weight=Weight.REGULAR),))


def _row(texts: tuple[str, str, str, str], *, weight: Weight) -> Columns:
    first, *others = zip(texts, SHARES, strict=True)
    cells = [Cell(text=first[0], share=first[1])]
    cells += [Cell(text=text, share=share, align=Align.RIGHT) for text, share in others]
    return Columns(cells=tuple(cells), size_pt=9.5, weight=weight)
