"""Payments through Paystack: started, watched, posted once; and tasks for a person."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Request
from hms_server.contract.values import (
    EncounterId,
    InvoiceId,
    Moment,
    Money,
    PatientId,
    PaymentId,
    Person,
    TicketId,
)

AuthorizationId = NewType("AuthorizationId", int)
PaymentTaskId = NewType("PaymentTaskId", int)


class OnlineChannel(StrEnum):
    """How the patient pays; the first shows a link and its QR code, and the payer chooses on that page."""

    CHECKOUT = "checkout"
    BANK_TRANSFER = "bank_transfer"
    MOBILE_MONEY = "mobile_money"
    SAVED = "saved"


class OnlineState(StrEnum):
    """Where an online payment stands. Only `PAID` has money behind it."""

    REQUESTED = "requested"
    """Stored here; Paystack has not answered yet."""
    OPEN = "open"
    """The patient can pay now: by the link, the account number or the prompt on the phone."""
    PAID = "paid"
    FAILED = "failed"
    """Paystack refused the attempt; it is watched a little longer, since the payer may try again."""
    ABANDONED = "abandoned"
    """The payer did nothing for an hour."""
    CANCELLED = "cancelled"
    """The cashier waits no longer. Money that comes nevertheless still finds the bill, or makes a task."""
    GIVEN_UP = "given_up"
    """Nothing certain was learnt in a day; the nightly comparison goes on looking."""


class SendBy(StrEnum):
    """How the link also reaches the payer."""

    EMAIL = "email"
    SMS = "sms"


class MobileProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A mobile money wallet: Paystack's code and the name that people know."""

    code: str
    name: str


class OnlineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What can be offered at the billing desk now; `why` says why nothing can, in a sentence."""

    enabled: bool
    test_mode: bool
    channels: list[OnlineChannel]
    mobile_providers: list[MobileProvider]
    why: str = ""


class GetOnlineOptions(Request[OnlineOptions], frozen=True, kw_only=True):
    pass


class TransferAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Where the payer transfers to; it accepts this one payment, until `expires_at`."""

    bank: str
    account_number: str
    account_name: str
    expires_at: datetime | None


class OnlinePayment(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to be paid online; `reference` is ours, and the key everywhere."""

    reference: str
    invoice_id: InvoiceId
    invoice_number: str
    encounter_id: EncounterId
    patient_name: str = ""
    amount: Money
    channel: OnlineChannel
    state: OnlineState
    since: datetime
    """When it came into its state."""
    url: str = ""
    """The payment page, for the QR code; empty while there is none."""
    account: TransferAccount | None = None
    instructions: str = ""
    """What the payer must do now, in Paystack's words ("Dial … on your phone")."""
    wants_code: bool = False
    """The payer was sent a code that has to be given to `SendPaymentCode`."""
    why: str = ""
    """Why it failed or still waits, in a sentence."""
    started_at: datetime
    started_by: Person
    paid_at: datetime | None = None
    payment_id: PaymentId | None = None
    """The payment on the bill; None also where the money came but the bill was settled already."""
    receipt_number: str = ""
    test_mode: bool = False


class StartOnlinePayment(Request[OnlinePayment], frozen=True, kw_only=True):
    """Stores the wish and asks Paystack as soon as it can be reached; comes back at once, `REQUESTED`.

    Refused when the bill has changed since `version` or the amount is more than is due. `email` and `phone`
    are the payer's, for this payment only; Paystack gets a placeholder where there is no e-mail address.
    MOBILE_MONEY needs `phone` and `mobile_provider`. With `send_by` the link goes to `email` or `phone` too.
    `save_card`: the patient agrees that the clinic keeps the card for later payments.
    """

    invoice_id: InvoiceId
    version: int
    amount: Money
    channel: OnlineChannel = OnlineChannel.CHECKOUT
    ticket_id: TicketId | None = None
    email: str = ""
    phone: str = ""
    mobile_provider: str = ""
    send_by: SendBy | None = None
    save_card: bool = False


class OnlinePayments(msgspec.Struct, frozen=True):
    rows: list[OnlinePayment]


class GetOnlinePayments(Request[OnlinePayments], frozen=True, kw_only=True):
    """Of one bill, the newest first."""

    invoice_id: InvoiceId


class ListOnlinePayments(Request[OnlinePayments], frozen=True, kw_only=True):
    """All that wait for a payer, and what was settled in the last twelve hours; newest first, at most 200."""


class GetOnlinePayment(Request[OnlinePayment], frozen=True, kw_only=True):
    reference: str


class CheckOnlinePayment(Request[OnlinePayment], frozen=True, kw_only=True):
    """Asks Paystack now instead of at the next pause, also about one that was given up."""

    reference: str


class CancelOnlinePayment(Request[OnlinePayment], frozen=True, kw_only=True):
    """Stops waiting. It cannot stop the payer: money that still comes is posted or makes a task."""

    reference: str


class SendPaymentCode(Request[OnlinePayment], frozen=True, kw_only=True):
    """Passes on the one-time code that the payer was sent."""

    reference: str
    code: str


class SavedAuthorization(msgspec.Struct, frozen=True, kw_only=True):
    """A card (or account) that the patient agreed to have kept; only Paystack knows its number."""

    id: AuthorizationId
    brand: str
    bank: str
    last4: str
    expires: str
    """"12/2030", or empty."""
    saved: Moment


class SavedAuthorizations(msgspec.Struct, frozen=True):
    rows: list[SavedAuthorization]


class ListSavedAuthorizations(Request[SavedAuthorizations], frozen=True, kw_only=True):
    patient_id: PatientId


class ChargeSaved(Request[OnlinePayment], frozen=True, kw_only=True):
    """Charges a saved card for a bill of the same patient."""

    authorization_id: AuthorizationId
    invoice_id: InvoiceId
    version: int
    amount: Money
    ticket_id: TicketId | None = None


class ForgetSaved(Request[Nothing], frozen=True, kw_only=True):
    """The patient takes the agreement back; the card cannot be charged here any more."""

    authorization_id: AuthorizationId


class TaskKind(StrEnum):
    """What a person has to settle, because no rule can."""

    ALREADY_PAID = "already_paid"
    """The money came, but the bill owes less than that: it was paid in another way meanwhile."""
    OVERPAID = "overpaid"
    """More came than was asked for, and fees do not explain it."""
    UNDERPAID = "underpaid"
    CURRENCY = "currency"
    UNKNOWN_REFERENCE = "unknown_reference"
    """Money on the clinic's Paystack account for which nothing was asked from here."""
    REVERSED = "reversed"
    """Paystack took a payment back that was not refunded from here."""
    REFUND_FAILED = "refund_failed"
    UNKNOWN_REFUND = "unknown_refund"
    """A refund that was not asked for from here."""
    STUCK = "stuck"
    """It could not be learnt what became of a payment or a refund."""
    CONTRADICTION = "contradiction"
    """Paystack says something else now than what was posted."""


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"


class TaskAction(StrEnum):
    """How a task is settled."""

    NOTE = "note"
    """Settled elsewhere; the note says how."""
    CREDIT_BILL = "credit_bill"
    """The money that belongs to no bill pays a bill, as far as it is due."""
    REFUND_PAYER = "refund_payer"
    """The money that belongs to no bill goes back through Paystack."""


class PaymentTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task with its sentence; `amount` is what nobody has allocated yet."""

    id: PaymentTaskId
    kind: TaskKind
    sentence: str
    reference: str
    amount: Money | None
    invoice_id: InvoiceId | None
    invoice_number: str
    encounter_id: EncounterId | None
    actions: list[TaskAction]
    """What `ResolvePaymentTask` accepts for it."""
    state: TaskState
    raised_at: datetime
    done: Moment | None
    action: TaskAction | None
    note: str


class PaymentTasks(msgspec.Struct, frozen=True):
    rows: list[PaymentTask]
    open_count: int


class ListPaymentTasks(Request[PaymentTasks], frozen=True, kw_only=True):
    """Open ones, the oldest first; with `done` those of the last 30 days, the newest first. At most 200."""

    done: bool = False


class ResolvePaymentTask(Request[PaymentTask], frozen=True, kw_only=True):
    """Settles a task. `note` says what was found out; CREDIT_BILL may name another bill by `invoice_id`."""

    task_id: PaymentTaskId
    action: TaskAction
    note: str
    invoice_id: InvoiceId | None = None


class OnlinePaymentChanged(Event, frozen=True, kw_only=True):
    """An online payment was started or came into another state; for all who read bills."""

    reference: str
    invoice_id: InvoiceId
    encounter_id: EncounterId
    patient_id: PatientId
    state: OnlineState
    amount: Money
    invoice_number: str
    started_by: Person
    payment_id: PaymentId | None = None


class PaymentTaskChanged(Event, frozen=True, kw_only=True):
    """A task was raised or settled."""

    task_id: PaymentTaskId
    kind: TaskKind
    state: TaskState
    reference: str
