"""Charges, one invoice per encounter, payments with receipts, and refunds."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType

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

RefundId = NewType("RefundId", int)


class InvoiceState(StrEnum):
    """Follows from the postings, never set by hand."""

    OPEN = "open"
    PART_PAID = "part_paid"
    PAID = "paid"


class PaymentMethod(StrEnum):
    """How the money came. Only cash is taken with `TakePayment`; the other is posted when it is known."""

    CASH = "cash"
    PAYSTACK = "paystack"


class RefundState(StrEnum):
    """Cash is processed at once; a refund through Paystack is pending until Paystack says how it ended."""

    PENDING = "pending"
    PROCESSED = "processed"
    FAILED = "failed"


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
    reference: str = ""
    """The provider's word for it, where it did not come as cash."""
    refundable: Money | None = None
    """What has not been returned yet, nor is on its way back."""


class RefundRow(msgspec.Struct, frozen=True, kw_only=True):
    """Money that goes back to a payer; it has a number once it is processed.

    With `credit` the charge is taken back too; without it the bill owes the amount again.
    """

    id: RefundId
    payment_id: PaymentId
    number: str
    method: PaymentMethod
    amount: Money
    credit: bool
    reason: str
    state: RefundState
    asked_at: datetime
    asked_by: Person
    settled_at: datetime | None
    why: str
    """Why it failed, in a sentence; else empty."""


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
    refunds: list[RefundRow] = []
    """`total` is what was charged less what was credited, `paid` what was paid less what was refunded."""


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


class RefundReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """All that a refund's receipt prints; the refund has no number while it is pending."""

    refund: RefundRow
    payment: PaymentRow
    invoice: Invoice


class RefundPayment(Request[RefundReceipt], frozen=True, kw_only=True):
    """Returns a payment, or a part of it, by the way it came: cash from the drawer now, or through Paystack.

    `credit` takes the charge back as well (it was wrong, or was not delivered); without it the bill owes the
    amount again. Refused above what is left of the payment; a pending refund counts as gone.
    """

    payment_id: PaymentId
    amount: Money
    reason: str
    credit: bool


class GetRefund(Request[RefundReceipt], frozen=True, kw_only=True):
    """A copy of a refund's receipt."""

    refund_id: RefundId


class DrawerState(msgspec.Struct, frozen=True, kw_only=True):
    """The cash of this cashier since midnight in the clinic's time zone.

    `cash_taken` is what should be in the drawer of it: change and cash refunds are taken off.
    """

    payments: int
    cash_taken: Money
    change_given: Money
    refunds: int = 0
    cash_refunded: Money | None = None


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


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be charged, by its code, with what one `unit` of it costs today.

    `price` is None where there is none: it is charged as zero and marked. `since` is None for a price that
    holds from the beginning; `set_at` where it was shipped with the program (or is older than this record of
    it); `set_by` also where a command on the server brought it.
    """

    code: str
    what: str
    unit: str
    price: Money | None
    since: date | None
    set_at: datetime | None
    set_by: Person | None


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list; `found` are all that the words fit, `missing` of `total` have no price."""

    rows: list[PriceRow]
    found: int
    missing: int
    total: int


class ListPrices(Request[PriceList], frozen=True, kw_only=True):
    """Services first, then medicines, each in alphabetical order; at most 500, from `first` on.

    `text` are beginnings of words in any order; a medicine is found by its ingredients too.
    """

    text: str = ""
    missing_only: bool = False
    first: int = 0


class SetPrice(Request[PriceRow], frozen=True, kw_only=True):
    """What one unit costs from today on; bills that exist keep what they were charged.

    Refused when the price is not `seen` any more, and once when `amount` is ten times as much or a tenth of
    it (`billing.price_jump`): a person who means it asks again, `confirmed`.
    """

    code: str
    amount: Money
    seen: Money | None
    confirmed: bool = False


class PriceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A price that something had, or has; `since`, `set_at` and `set_by` as in `PriceRow`."""

    id: int
    price: Money
    since: date | None
    set_at: datetime | None
    set_by: Person | None


class PriceHistory(msgspec.Struct, frozen=True, kw_only=True):
    """In the clinic's currency, newest first; `more` where there are older ones."""

    code: str
    rows: list[PriceChange]
    more: bool


class GetPriceHistory(Request[PriceHistory], frozen=True, kw_only=True):
    """At most 50."""

    code: str


class PricesChanged(Event, frozen=True, kw_only=True):
    """Other prices hold from now on; `codes` is empty where there are many."""

    codes: list[str]


class InvoiceChanged(Event, frozen=True, kw_only=True):
    """A charge, a payment or a refund was added."""

    invoice_id: InvoiceId
    encounter_id: EncounterId
    patient_id: PatientId


class RefundChanged(Event, frozen=True, kw_only=True):
    """A refund was asked for, or its end is known."""

    refund_id: RefundId
    payment_id: PaymentId
    invoice_id: InvoiceId
    encounter_id: EncounterId
    method: PaymentMethod
    state: RefundState
