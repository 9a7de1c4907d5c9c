"""Charges, one invoice per encounter, payments and receipts."""

from datetime import datetime
from enum import StrEnum

import msgspec

from hms_server.contract.envelope import Event, Request
from hms_server.contract.values import (
    EncounterId,
    InvoiceId,
    Money,
    PatientHeader,
    PatientId,
    PaymentId,
    Person,
    TicketId,
)
from hms_server.contract.visits import TicketRow


class InvoiceState(StrEnum):
    """Follows from the postings, never set by hand."""

    OPEN = "open"
    PART_PAID = "part_paid"
    PAID = "paid"


class PaymentMethod(StrEnum):
    CASH = "cash"


class ChargeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A charge made by the system; `quantity` × `unit_price` is `amount`."""

    description: str
    quantity: int
    unit_price: Money
    amount: Money
    charged_at: datetime


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    id: PaymentId
    receipt_number: str
    method: PaymentMethod
    amount: Money
    tendered: Money
    change: Money
    taken_at: datetime
    taken_by: Person


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    id: InvoiceId
    number: str
    encounter_id: EncounterId
    patient: PatientHeader
    state: InvoiceState
    charges: list[ChargeRow]
    payments: list[PaymentRow]
    total: Money
    paid: Money
    due: Money
    version: int


class GetInvoice(Request[Invoice], frozen=True, kw_only=True):
    encounter_id: EncounterId


class ToPayRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who waits at the billing desk, or who still owes (`ticket` None)."""

    ticket: TicketRow | None
    invoice_id: InvoiceId
    number: str
    encounter_id: EncounterId
    patient: PatientHeader
    due: Money
    state: InvoiceState


class ToPay(msgspec.Struct, frozen=True):
    rows: list[ToPayRow]


class ListToPay(Request[ToPay], frozen=True, kw_only=True):
    pass


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """All that a receipt prints, as it was at that moment."""

    payment: PaymentRow
    invoice: Invoice


class TakePayment(Request[Receipt], frozen=True, kw_only=True):
    """`amount` may be less than what is due; `tendered` more than `amount`, the rest is change.

    Refused when more than the due amount would be taken, or when the invoice changed since `version`.
    """

    invoice_id: InvoiceId
    version: int
    amount: Money
    tendered: Money
    method: PaymentMethod = PaymentMethod.CASH
    ticket_id: TicketId | None = None


class GetReceipt(Request[Receipt], frozen=True, kw_only=True):
    """A copy of an earlier receipt."""

    payment_id: PaymentId


class DrawerState(msgspec.Struct, frozen=True, kw_only=True):
    """What this cashier took since midnight in the clinic's time zone."""

    payments: int
    cash_taken: Money
    change_given: Money


class GetDrawer(Request[DrawerState], frozen=True, kw_only=True):
    pass


class MissingPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was charged as zero, how often, and when last."""

    description: str
    times: int
    last_at: datetime


class MissingPrices(msgspec.Struct, frozen=True):
    rows: list[MissingPrice]


class ListMissingPrices(Request[MissingPrices], frozen=True, kw_only=True):
    """What the price list does not name although it was charged; at most 50."""


class InvoiceChanged(Event, frozen=True, kw_only=True):
    """A charge or a payment was added."""

    invoice_id: InvoiceId
    encounter_id: EncounterId
    patient_id: PatientId
