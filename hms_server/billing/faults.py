"""Why a payment is not taken or returned, or a price not stored, and who was faster."""

from hms_server.billing.models import StoredInvoice
from hms_server.contract.billing import PriceRow
from hms_server.contract.envelope import Fault
from hms_server.contract.money import format_money
from hms_server.faults import Refused

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "invoice_not_overpaid": Fault(
        code="billing.above_due",
        message="Somebody took a payment for this bill a moment ago. Nothing was stored; open it again.",
        field="amount",
    ),
    "refund_within_payment": Fault(
        code="billing.refunded_already",
        message="Somebody returned a part of this payment a moment ago. Nothing was stored; open it again.",
        field="amount",
    ),
    "charge_item_once": Fault(
        code="billing.charged_already",
        message="This was charged a moment ago. Nothing was stored; open the bill again.",
    ),
}


def unknown_invoice() -> Refused:
    return Refused("billing.unknown_invoice", "There is no such bill.", field="invoice_id")


def nothing_charged() -> Refused:
    return Refused("billing.no_invoice", "Nothing has been charged for this visit yet.", field="encounter_id")


def unknown_payment() -> Refused:
    return Refused("billing.unknown_payment", "There is no such receipt.", field="payment_id")


def unknown_refund() -> Refused:
    return Refused("billing.unknown_refund", "There is no such refund.", field="refund_id")


def ticket_of_another() -> Refused:
    return Refused(
        "billing.ticket_of_another",
        "The ticket belongs to another visit. Choose the patient from the list again.",
        field="ticket_id",
    )


def unknown_item(code: str) -> Refused:
    return Refused(
        "billing.unknown_item",
        f"There is no service or medicine with the code “{code[:60]}”.",
        field="code",
    )


def price_changed_meanwhile(row: PriceRow) -> Refused:
    """Says who was faster and what it costs now."""
    who = row.set_by.name if row.set_by else "Somebody at the server"
    price = format_money(row.price) if row.price else "no price"
    return Refused(
        "billing.price_changed_meanwhile",
        f"{who} changed this price to {price} meanwhile. Nothing was stored: look at it, and store yours "
        "again if it is still right.",
        field="amount",
        data={"amount_minor": str(row.price.amount_minor) if row.price else ""},
    )


def changed_meanwhile(invoice: StoredInvoice, *, seen_version: int) -> Refused:
    """Says what was added to the bill since the cashier opened it."""
    news = (
        [
            f"{payment.taken_by.name} took {format_money(invoice.money(payment.amount_minor))} "
            f"at {payment.clock_time} ({payment.receipt_number})"
            for payment in invoice.payments
            if payment.invoice_version > seen_version
        ]
        + [
            f"{charge.description} was added"
            for charge in invoice.charges
            if charge.invoice_version > seen_version
        ]
        + [
            f"{refund.asked_by.name} returned {format_money(invoice.money(refund.amount_minor))} "
            f"at {refund.clock_time} ({refund.number})"
            for refund in invoice.refunds
            if (refund.invoice_version or 0) > seen_version
        ]
    )
    happened = "; ".join(news) or "Somebody changed the bill"
    return Refused(
        "billing.changed_meanwhile",
        f"{happened}. Nothing was taken: {format_money(invoice.due)} are due now.",
        field="version",
        data={"version": str(invoice.version), "due_minor": str(invoice.due_minor)},
    )
