"""What the local Paystack keeps: payments, refunds, fees, and how it writes them down in its answers."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

FEES = {
    # Hundredths of a percent, a fixed part, the payment from which the fixed part counts, and the most.
    "NGN": (150, 100_00, 2500_00, 2000_00),
    "GHS": (195, 0, 0, None),
    "ZAR": (290, 1_00, 0, None),
    "KES": (290, 0, 0, None),
    "USD": (390, 0, 0, None),
    "XOF": (320, 0, 0, None),
}
"""After Paystack's published local prices (Nigeria: 1.5 % and ₦100, waived below ₦2,500; ₦2,000 at most)."""

_ids = itertools.count(4_099_260_516)
"""Above 32 bits, as the real ones."""


def fee_of(amount: int, currency: str) -> int:
    rate, fixed, fixed_from, most = FEES[currency]
    fee = (amount * rate + 5_000) // 10_000 + (fixed if amount >= fixed_from else 0)
    return fee if most is None else min(fee, most)


def stamp(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(kw_only=True)
class Payment:
    reference: str
    email: str
    requested: int
    currency: str
    created_at: datetime
    metadata: Any = None
    entry: str = "transaction_initialize"
    access_code: str = ""
    status: str = "abandoned"
    """Paystack's word for a payment that nobody has completed yet."""
    amount: int = 0
    fees: int | None = None
    channel: str = "card"
    paid_at: datetime | None = None
    gateway_response: str = "The transaction was not completed"
    message: str | None = None
    authorization: dict[str, Any] = field(default_factory=dict)
    id: int = field(default_factory=lambda: next(_ids))

    def written(self, *, in_list: bool = False) -> dict[str, Any]:
        """As `data` of an answer or of a webhook; the oddities are those of Paystack's samples."""
        return {
            "id": self.id,
            "domain": "test",
            "status": self.status,
            "reference": self.reference,
            "receipt_number": None,
            "amount": self.amount or self.requested,
            "message": self.message,
            "gateway_response": self.gateway_response,
            "paid_at": stamp(self.paid_at),
            "created_at": stamp(self.created_at),
            "channel": self.channel,
            "currency": self.currency,
            "ip_address": None,
            "metadata": self.metadata or (None if in_list else ""),
            "log": None,
            "fees": self.fees,
            "fees_split": None,
            "authorization": self.authorization,
            "customer": {
                "id": 181_873_746,
                "first_name": None,
                "last_name": None,
                "email": self.email,
                "customer_code": "CUS_1rkzaqsv4rrhqo6",
                "phone": None,
                "metadata": None,
                "risk_action": "default",
            },
            "plan": {} if in_list else None,
            "split": {},
            "subaccount": {},
            "order_id": None,
            "paidAt": stamp(self.paid_at),
            "createdAt": stamp(self.created_at),
            "requested_amount": self.requested,
            "source": {
                "source": "merchant_api",
                "type": "api",
                "identifier": None,
                "entry_point": self.entry,
            },
            "connect": None,
            "pos_transaction_data": None,
        }


@dataclass(kw_only=True)
class Return:
    """A refund."""

    payment: Payment
    amount: int
    created_at: datetime
    merchant_note: str
    customer_note: str
    status: str = "pending"
    refunded_at: datetime | None = None
    id: int = field(default_factory=lambda: next(_ids) - 4_096_000_000)

    def written(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "integration": 412_829,
            "domain": "test",
            "transaction": self.payment.id,
            "dispute": None,
            "amount": self.amount,
            "deducted_amount": self.amount if self.status == "processed" else None,
            "currency": self.payment.currency,
            "channel": self.payment.channel,
            "fully_deducted": 1 if self.status == "processed" else None,
            "refunded_by": "clinic@example.com",
            "refunded_at": stamp(self.refunded_at),
            "expected_at": stamp(self.created_at),
            "settlement": None,
            "customer_note": self.customer_note,
            "merchant_note": self.merchant_note,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.refunded_at or self.created_at),
            "status": self.status,
        }

    def answered(self) -> dict[str, Any]:
        """As the answer to the request that created it, which shows the whole transaction."""
        shown = self.payment.written() | {"authorization": {"exp_month": None, "exp_year": None}}
        return self.written() | {"transaction": shown, "deducted_amount": 0, "fully_deducted": False}

    def announced(self) -> dict[str, Any]:
        """As `data` of a webhook: no id, no note, and the amount as a string once it is processed."""
        return {
            "status": self.status,
            "transaction_reference": self.payment.reference,
            "refund_reference": f"TRF_{self.id}" if self.status != "pending" else None,
            "amount": str(self.amount) if self.status == "processed" else self.amount,
            "currency": self.payment.currency,
            "processor": "instant-transfer",
            "customer": {"first_name": None, "last_name": None, "email": self.payment.email},
            "integration": 412_829,
            "domain": "test",
        }


@dataclass(frozen=True, kw_only=True)
class BookedPayment:
    """A line of the books; amounts in Paystack's subunits."""

    reference: str
    status: str
    requested: int
    amount: int
    """What was really paid, 0 while nothing was."""
    fees: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class BookedRefund:
    id: int
    reference: str
    status: str
    amount: int
    currency: str
    merchant_note: str


@dataclass(frozen=True, kw_only=True)
class Books:
    """Everything that Paystack would show for the account."""

    payments: dict[str, BookedPayment]
    refunds: list[BookedRefund]

    def received(self, currency: str) -> int:
        return sum(row.amount for row in self.payments.values() if row.currency == currency)

    def fees(self, currency: str) -> int:
        return sum(row.fees for row in self.payments.values() if row.currency == currency)

    def refunded(self, currency: str) -> int:
        """What has gone back, or is on its way and may not be asked for again."""
        return sum(row.amount for row in self.refunds if row.currency == currency and row.status != "failed")


class Account:
    """The books, and what a customer and Paystack do to them; any thread may call."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.payments: dict[str, Payment] = {}
        self.refunds: list[Return] = []
        self.lock = threading.RLock()

    def begin(self, reference: str) -> None:
        """The customer has opened the page and types."""
        with self.lock:
            self.payments[reference].status = "ongoing"

    def fail(self, reference: str, why: str = "Declined") -> None:
        """An attempt fails; the customer may try again."""
        with self.lock:
            self.payments[reference].status = "failed"
            self.payments[reference].gateway_response = why

    def abandon(self, reference: str) -> None:
        """The customer closes the page."""
        with self.lock:
            self.payments[reference].status = "abandoned"

    def take(
        self,
        reference: str,
        *,
        amount: int | None = None,
        currency: str | None = None,
        channel: str | None = None,
        reusable: bool = False,
        bears_fees: bool = False,
    ) -> Payment:
        """Takes the customer's money, by default what was asked for."""
        with self.lock:
            payment = self.payments[reference]
            assert payment.status not in {"success", "reversed"}, "nobody can pay the same reference twice"
            payment.currency = currency or payment.currency
            paid = payment.requested if amount is None else amount
            payment.fees = fee_of(paid, payment.currency)
            payment.amount = paid + (payment.fees if bears_fees else 0)
            payment.status, payment.gateway_response = "success", "Successful"
            payment.channel = channel or payment.channel
            payment.paid_at = self.now()
            payment.authorization = payment.authorization or _authorization(payment, reusable=reusable)
        return payment

    def move_refunds(self, status: str) -> list[Return]:
        """Brings every refund on its way there; those that moved."""
        with self.lock:
            moved = [row for row in self.refunds if row.status not in {"processed", "failed"}]
            for row in moved:
                row.status = status
                row.refunded_at = self.now() if status == "processed" else None
                if status == "processed" and self.returned(row.payment) >= row.payment.amount:
                    row.payment.status = "reversed"
        return moved

    def returned(self, payment: Payment) -> int:
        """What has gone back of it, or is on its way."""
        return sum(row.amount for row in self.refunds if row.payment is payment and row.status != "failed")

    def books(self) -> Books:
        with self.lock:
            payments = {
                row.reference: BookedPayment(
                    reference=row.reference,
                    status=row.status,
                    requested=row.requested,
                    amount=row.amount,
                    fees=row.fees or 0,
                    currency=row.currency,
                )
                for row in self.payments.values()
            }
            refunds = [
                BookedRefund(
                    id=row.id,
                    reference=row.payment.reference,
                    status=row.status,
                    amount=row.amount,
                    currency=row.payment.currency,
                    merchant_note=row.merchant_note,
                )
                for row in self.refunds
            ]
        return Books(payments=payments, refunds=refunds)


def _authorization(payment: Payment, *, reusable: bool) -> dict[str, Any]:
    is_card = payment.channel == "card"
    return {
        "authorization_code": f"AUTH_{payment.id}",
        "bin": "408408" if is_card else "000XXX",
        "last4": "4081" if is_card else "X000",
        "exp_month": "12",
        "exp_year": "2030" if is_card else "9999",
        "channel": payment.channel,
        "card_type": "visa " if is_card else "",
        "bank": "TEST BANK",
        "country_code": "NG",
        "brand": "visa" if is_card else payment.channel,
        "reusable": reusable,
        "signature": "SIG_yEXu7dLBeqG0kU7g95Ke" if is_card else None,
        "account_name": None,
    }
