"""What Paystack says, in answers and in webhooks, read with tolerance for everything but the money."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import msgspec

Subunits = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
"""An amount in hundredths of the currency; Paystack writes it as an integer or as a string."""

S = TypeVar("S", bound=msgspec.Struct)


class UnreadableError(Exception):
    """Not what Paystack's documents promise; the sentence names the place."""


class TransactionStatus(StrEnum):
    """`data.status`, which alone says how a payment stands; the outer one says only that a call went well.

    None but SUCCESS and REVERSED is final: a transaction that nobody has touched yet is already called
    ABANDONED ("the customer hasn't completed the transaction"), and after FAILED the customer may try again
    on the same page. (Paystack, guide "Verify Payments".)
    """

    SUCCESS = "success"
    FAILED = "failed"
    ABANDONED = "abandoned"
    ONGOING = "ongoing"
    PENDING = "pending"
    PROCESSING = "processing"
    QUEUED = "queued"
    REVERSED = "reversed"
    """Was paid, and then wholly refunded or charged back."""


class RefundStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    PROCESSED = "processed"
    FAILED = "failed"
    """The money stays with the clinic."""
    NEEDS_ATTENTION = "needs-attention"
    """Paystack waits for the customer's bank account, which somebody gives on its dashboard."""


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid with. Only one with `reusable` and a code can be charged again."""

    authorization_code: str | None = None
    bin: str | None = None
    last4: str | None = None
    exp_month: str | int | None = None
    exp_year: str | int | None = None
    channel: str | None = None
    card_type: str | None = None
    bank: str | None = None
    country_code: str | None = None
    brand: str | None = None
    reusable: bool | None = None
    signature: str | None = None
    """The same for the same card, whatever authorization it comes with."""
    account_name: str | None = None

    @property
    def can_be_charged_again(self) -> bool:
        return bool(self.reusable) and bool(self.authorization_code)


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    email: str | None = None
    """An authorization is charged again under this address, and no other."""
    customer_code: str | None = None
    phone: str | None = None


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as Paystack knows it. `status` is one of `TransactionStatus`, or a word that is new."""

    reference: str
    status: str
    amount: Subunits
    """What the customer is charged, which exceeds `requested_amount` where the customer bears the fees."""
    currency: str
    id: int | None = None
    requested_amount: Subunits | None = None
    fees: Subunits | None = None
    domain: str | None = None
    """"test" or "live"."""
    channel: str | None = None
    message: str | None = None
    gateway_response: str | None = None
    paid_at: datetime | None = None
    created_at: datetime | None = None
    authorization: Authorization | None = None
    customer: Customer | None = None
    metadata: Any = None
    """An object, a string, an integer or null, just as it came."""

    @property
    def asked(self) -> int:
        """The amount that we had asked for, in subunits."""
        return self.amount if self.requested_amount is None else self.requested_amount


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back, from an answer or from a webhook; the latter names no id and no note."""

    status: str
    amount: Subunits
    currency: str
    id: int | None = None
    transaction_id: int | None = None
    transaction_reference: str | None = None
    refund_reference: str | None = None
    merchant_note: str | None = None
    customer_note: str | None = None
    deducted_amount: Subunits | None = None
    created_at: datetime | None = None
    refunded_at: datetime | None = None
    expected_at: datetime | None = None
    domain: str | None = None


class UnreadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a list that could not be read, with what of it tells a person where to look.

    `words` is all text in it, in which a reference or a note of ours may be found.
    """

    reference: str
    why: str
    words: str


class Initialized(msgspec.Struct, frozen=True, kw_only=True):
    """Where the customer pays."""

    authorization_url: str
    access_code: str
    reference: str


class TransferBank(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    slug: str | None = None


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt to charge stands: a word of `TransactionStatus`, or what has to be done next.

    `send_otp`, `send_pin`, `send_phone`, `send_birthday`, `send_address`, `open_url`, `pay_offline` and
    `pending_bank_transfer` wait for the customer; `display_text` is for them to read.
    """

    reference: str
    status: str
    message: str | None = None
    display_text: str | None = None
    url: str | None = None
    ussd_code: str | None = None
    qr_code: str | None = None
    account_name: str | None = None
    account_number: str | None = None
    account_reference: str | None = None
    account_expires_at: datetime | None = None
    bank: TransferBank | None = None
    transaction: Transaction | None = None
    """The payment itself, once its amount and currency are known."""


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page of a list stands; which of them are given depends on the list and on how it was asked."""

    next: str | None = None
    page: int | None = None
    page_count: int | None = msgspec.field(name="pageCount", default=None)
    per_page: int | None = msgspec.field(name="perPage", default=None)
    total: int | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What is common to all answers; `code` and `type` come with refusals only."""

    status: bool = False
    message: str = ""
    data: Any = None
    meta: Any = None
    code: str | None = None
    type: str | None = None


_ABOUT_TRANSACTIONS = ("charge.", "refund.", "bank.transfer.")


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One notice of Paystack. Kinds that are not known keep their data and give neither of the two."""

    event: str
    data: Any = None

    @property
    def reference(self) -> str | None:
        """Of the transaction that it is about, where it names one."""
        if not isinstance(self.data, Mapping) or not self.event.startswith(_ABOUT_TRANSACTIONS):
            return None
        inner = self.data.get("transaction")
        found = self.data.get("transaction_reference") or self.data.get("reference")
        if not found and isinstance(inner, Mapping):
            found = inner.get("reference")
        return _text(found)

    def transaction(self) -> Transaction | None:
        """Of `charge.success` and other notices of a charge. Raises `UnreadableError`."""
        if not self.event.startswith("charge.") or self.event.startswith("charge.dispute."):
            return None
        return read_transaction(self.data)

    def refund(self) -> Refund | None:
        """Of `refund.pending`, `.processing`, `.processed`, `.failed`. Raises `UnreadableError`."""
        return read_refund(self.data) if self.event.startswith("refund.") else None


def read_envelope(body: bytes) -> Envelope:
    """Raises `UnreadableError`."""
    whole = _json_object(body)
    status, message = whole.get("status"), whole.get("message")
    return Envelope(
        status=status is True or status == "success",
        message="" if message is None else str(message),
        data=whole.get("data"),
        meta=whole.get("meta"),
        code=_text(whole.get("code")),
        type=_text(whole.get("type")),
    )


def read_webhook(body: bytes) -> WebhookEvent:
    """Raises `UnreadableError` where there is no event in it; its data may be anything."""
    whole = _json_object(body)
    event = whole.get("event")
    if not isinstance(event, str) or not event:
        raise UnreadableError("The notice does not say which event it is about.")
    return WebhookEvent(event=event, data=whole.get("data"))


def read_transaction(data: Any) -> Transaction:
    """Raises `UnreadableError` for a payment without a legible amount, currency, status or reference."""
    fields = _tidy(data, objects=("authorization", "customer"))
    fields["paid_at"] = _moment(fields.get("paid_at") or fields.get("paidAt"))
    created = fields.get("created_at") or fields.get("createdAt") or fields.get("transaction_date")
    fields["created_at"] = _moment(created)
    for name in ("authorization", "customer"):
        if fields.get(name) is not None:
            fields[name] = _leniently(fields[name], Authorization if name == "authorization" else Customer)
    for name in ("fees", "requested_amount"):
        fields[name] = None if fields.get(name) in ("", "null") else fields.get(name)
    return _convert(fields, Transaction, "transaction")


def unread_row(data: object, error: UnreadableError) -> UnreadRow:
    """What can be told of a row that could not be read."""
    fields = data if isinstance(data, Mapping) else {}
    named = (fields.get(name) for name in ("reference", "transaction_reference", "id"))
    reference = next((str(value) for value in named if isinstance(value, str | int) and value), "")
    words = msgspec.json.encode(data, enc_hook=str).decode()
    return UnreadRow(reference=reference[:100], why=str(error), words=words)


def read_refund(data: Any) -> Refund:
    """Raises `UnreadableError`. `transaction` may be an id or the whole transaction."""
    fields = _tidy(data, objects=())
    transaction = fields.get("transaction")
    if isinstance(transaction, Mapping):
        fields["transaction_id"] = transaction.get("id")
        fields["transaction_reference"] = _text(transaction.get("reference"))
    elif transaction is not None:
        fields["transaction_id"] = transaction
    fields["created_at"] = _moment(fields.get("created_at") or fields.get("createdAt"))
    for name in ("refunded_at", "expected_at"):
        fields[name] = _moment(fields.get(name))
    fields["deducted_amount"] = None if fields.get("deducted_amount") == "" else fields.get("deducted_amount")
    return _convert(fields, Refund, "refund")


def read_charge(data: Any) -> Charge:
    """Raises `UnreadableError`."""
    fields = _tidy(data, objects=("bank",))
    fields["account_expires_at"] = _moment(fields.get("account_expires_at"))
    fields["ussd_code"] = fields.get("ussd_code") or fields.get("ussd")
    fields["transaction"] = None
    if fields.get("amount") is not None and fields.get("currency") is not None:
        fields["transaction"] = read_transaction(data)
    return _convert(fields, Charge, "charge")


def read_initialized(data: Any) -> Initialized:
    """Raises `UnreadableError`."""
    return _convert(_tidy(data, objects=()), Initialized, "initialized transaction")


def read_meta(meta: Any) -> Meta:
    """An empty one where there is none; a cursor of "null" is none."""
    fields = dict(meta) if isinstance(meta, Mapping) else {}
    if fields.get("next") in ("", "null"):
        fields["next"] = None
    return _convert(fields, Meta, "list's position")


_NAMES = ("reference", "status", "currency")
_REMARKS = (
    "message", "gateway_response", "channel", "domain", "display_text", "merchant_note", "customer_note"
)  # fmt: skip


def _tidy(data: Any, *, objects: tuple[str, ...]) -> dict[str, Any]:
    """The fields, with what is no object where one is due left out, and words as words."""
    if not isinstance(data, Mapping):
        raise UnreadableError(f"An object was due, and {type(data).__name__} came.")
    fields = dict(data)
    for name in objects:
        if not isinstance(fields.get(name), Mapping):
            fields[name] = None
    for name in (*_NAMES, *_REMARKS):
        if isinstance(fields.get(name), int):
            fields[name] = str(fields[name])
    for name in _REMARKS:
        if not isinstance(fields.get(name), str):
            fields[name] = None
    return fields


def _leniently(value: Mapping[str, Any], kind: type[S]) -> S | None:
    """What describes a payment must not stand in the way of it: an oddity there leaves it out."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return None


def _convert(fields: dict[str, Any], kind: type[S], what: str) -> S:
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"The {what} cannot be read: {error}") from error


def _moment(value: Any) -> datetime | None:
    """A date is for people to read, so one that cannot be read is left out."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError("It is not JSON.") from error
    if not isinstance(whole, dict):
        raise UnreadableError(f"An object was due, and {type(whole).__name__} came.")
    return whole
