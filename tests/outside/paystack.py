"""A local Paystack over real HTTP: the documented calls and refusals, a customer who pays, signed webhooks.

As the real one it has no idempotency key for refunds, calls an untouched payment "abandoned", lets a customer
pay after a failure, and names no refund in its webhooks. Troubles of the line are queued in `troubles`.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import unquote, urlsplit

from hms_server.paystack.channels import CURRENCIES, is_reference
from hms_server.paystack.webhook import SIGNATURE, sign
from tests.outside.local import LocalServer, Reply, Seen
from tests.outside.paystack_books import Account, Payment, Return, stamp

SECRET = "sk_test_" + "5a" * 20
TOO_MANY = Reply.of(
    {"status": False, "message": "Too many requests"}, status=429, headers={"Retry-After": "7"}
)
DOWN = Reply(status=502, body=b"<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")

_NEXT: dict[str, dict[str, Any]] = {
    "bank_transfer": {
        "status": "pending_bank_transfer",
        "display_text": "Please make a transfer to the account specified",
        "account_name": "PAYSTACK CHECKOUT",
        "account_number": "1231084927",
        "bank": {"slug": "test-bank", "name": "Test Bank", "id": 24},
    },
    "mobile_money": {
        "status": "pay_offline",
        "display_text": "Please complete authorization process on your mobile phone",
    },
    "ussd": {"status": "pay_offline"},
    "eft": {"status": "open_url", "url": "https://standard.paystack.co/eft"},
    "qr": {"status": "open_url", "url": "https://standard.paystack.co/qr"},
}
"""What the customer has to do next, by the means that the charge names."""

_NEXT_STEPS = {
    "invalid_Key": "Ensure that you provide the correct authorization key for the request",
    "missing_params": "Provide all required params",
    "duplicate_reference": "Use a reference that has not been used before",
    "transaction_not_found": "Ensure that you're passing the reference of a transaction that exists",
}


def refused(message: str, code: str = "invalid_params", status: int = 400) -> Reply:
    """As Paystack's documents show a refusal ("Errors")."""
    step = _NEXT_STEPS.get(code, "Check the parameters of the request")
    body = {"status": False, "message": message, "meta": {"nextStep": step}}
    return Reply.of(body | {"type": "validation_error", "code": code}, status=status)


def granted(message: str, data: object, **others: object) -> Reply:
    return Reply.of({"status": True, "message": message, "data": data} | others)


class FakePaystack(Account, LocalServer):
    """One account. The customer's side is `begin`, `pay`, `fail`; Paystack's own `process_refunds`."""

    def __init__(
        self, *, secret: str = SECRET, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        Account.__init__(self, now)
        LocalServer.__init__(self, self._serve)
        self.secret = secret
        self.webhook_url: str | None = None
        """Where notices are sent, if anywhere."""
        self.delay_s = 0.0
        """How long every answer takes."""
        self.declining: set[str] = set()
        """Authorization codes whose next charges fail."""
        self.holding: set[str] = set()
        """Authorization codes whose charges stay pending until `pay` or `fail`."""

    def pay(self, reference: str, *, notices: int = 1, **how: Any) -> Payment:
        """The customer pays (see `take`); sends that many webhooks where a URL is known."""
        payment = self.take(reference, **how)
        for _ in range(notices if self.webhook_url else 0):
            self.announce(reference)
        return payment

    def process_refunds(self, status: str = "processed", *, notices: int = 1) -> list[Return]:
        """Brings every refund on its way there ("processing", "processed", "failed", "needs-attention")."""
        moved = self.move_refunds(status)
        for row in moved:
            for _ in range(notices if self.webhook_url else 0):
                self.notify(f"refund.{status}", row.announced())
        return moved

    def announce(self, reference: str) -> int:
        """The webhook of a payment, once; the answer's status."""
        with self.lock:
            data = self.payments[reference].written()
        return self.notify("charge.success", data)

    def notify(self, event: str, data: object, *, secret: str | None = None) -> int:
        """Any webhook, signed; the answer's status."""
        raw = json.dumps({"event": event, "data": data}).encode()
        assert self.webhook_url is not None
        target = urlsplit(self.webhook_url)
        connection = HTTPConnection(str(target.hostname), target.port, timeout=30)
        try:
            headers = {SIGNATURE: sign(secret or self.secret, raw), "Content-Type": "application/json"}
            connection.request("POST", target.path, raw, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def lose_answers(self, count: int = 1) -> None:
        """The next requests are carried out, and the line breaks before the answer."""
        self.troubles.extend(self._carry_out_silently for _ in range(count))

    def _carry_out_silently(self, seen: Seen) -> Reply:
        self._serve(seen)
        return Reply(swallow=True)

    def _serve(self, seen: Seen) -> Reply:
        if "authorization" not in seen.headers:
            return refused("No Authorization Header was found", "invalid_Key", 401)
        if seen.headers["authorization"] != f"Bearer {self.secret}":
            return refused("Invalid key", "invalid_Key", 401)
        for method, pattern, handle in _ROUTES:
            found = re.fullmatch(pattern, seen.path)
            if found and method == seen.method:
                with self.lock:
                    reply = handle(self, seen, *map(unquote, found.groups()))
                return replace(reply, delay_s=reply.delay_s or self.delay_s)
        return refused("Route not found", "route_not_found", 404)

    def _timeout(self, _seen: Seen) -> Reply:
        return granted("Payment session timeout retrieved", {"payment_session_timeout": 30})

    def _initialize(self, seen: Seen) -> Reply:
        payment = self._new_payment(seen.json())
        if isinstance(payment, Reply):
            return payment
        unknown = set(seen.json().get("channels") or []) - {
            str(c) for c in CURRENCIES[payment.currency].channels
        }
        if unknown:
            del self.payments[payment.reference]
            return refused("No active channel", "no_active_channel")
        payment.access_code = base64.b32encode(payment.id.to_bytes(8)).decode().lower().strip("=")
        data = {
            "authorization_url": f"https://checkout.paystack.com/{payment.access_code}",
            "access_code": payment.access_code,
            "reference": payment.reference,
        }
        return granted("Authorization URL created", data)

    def _charge(self, seen: Seen) -> Reply:
        asked = seen.json()
        means = next((name for name in _NEXT if name in asked), None)
        if means is None:
            return refused("Specify a payment channel", "missing_params")
        payment = self._new_payment(asked)
        if isinstance(payment, Reply):
            return payment
        payment.entry, payment.status, payment.channel = "charge", "ongoing", means
        data = {"reference": payment.reference} | _NEXT[means]
        if means == "bank_transfer":
            expires_at = (asked[means] or {}).get("account_expires_at") or stamp(self.now())
            data |= {"amount": payment.requested, "account_expires_at": expires_at}
        if means == "ussd":
            code = f"*{asked['ussd']['type']}*33*4*453441#"
            data |= {"ussd_code": code, "display_text": f"Please dial {code} on your mobile phone"}
        if means == "mobile_money" and asked[means].get("provider") == "vod":
            data |= {"status": "send_otp", "display_text": "Please dial *110# to generate a voucher"}
        return granted("Charge attempted", data)

    def _submit(self, seen: Seen) -> Reply:
        asked = seen.json()
        payment = self.payments.get(asked.get("reference", ""))
        if payment is None or payment.status != "ongoing":
            return refused("Transaction reference not found", "transaction_not_found")
        if asked.get("otp") == "000000":
            payment.status, payment.gateway_response = "failed", "Token incorrect"
            return granted("Charge attempted", payment.written())
        data = {
            "reference": payment.reference,
            "status": "pay_offline",
            "display_text": "Wait for the prompt",
        }
        return granted("Charge attempted", data)

    def _charge_authorization(self, seen: Seen) -> Reply:
        asked = seen.json()
        code = asked.get("authorization_code")
        saved = next(
            (row for row in self.payments.values() if row.authorization.get("authorization_code") == code),
            None,
        )
        if saved is None or not saved.authorization.get("reusable"):
            return refused("Authorization code is invalid", "invalid_authorization_code")
        if asked.get("email") != saved.email:
            return refused("Email does not match Authorization code. Please confirm", "email_mismatch")
        asked["metadata"] = json.loads(asked.get("metadata") or "null")
        payment = self._new_payment(asked)
        if isinstance(payment, Reply):
            return payment
        payment.entry, payment.authorization = "charge_authorization", saved.authorization
        if code in self.holding:
            payment.status = "pending"
            data = {"reference": payment.reference, "status": "pending"}
            return granted("Charge attempted", data)
        if code in self.declining:
            payment.status, payment.gateway_response = "failed", "Insufficient Funds"
        else:
            self.take(payment.reference)
        return granted("Charge attempted", payment.written())

    def _verify(self, _seen: Seen, reference: str) -> Reply:
        payment = self.payments.get(reference)
        if payment is None:
            return refused("Transaction reference not found.", "transaction_not_found")
        return granted("Verification successful", payment.written())

    def _check(self, _seen: Seen, reference: str) -> Reply:
        payment = self.payments.get(reference)
        if payment is None:
            return refused("Transaction reference not found", "transaction_not_found", 404)
        if payment.status in {"ongoing", "pending"}:
            data = {"reference": reference, "status": "pending"}
            return granted("Reference check successful", data)
        return granted("Charge attempted", payment.written())

    def _fetch(self, _seen: Seen, number: str) -> Reply:
        for payment in self.payments.values():
            if payment.id == int(number):
                return granted("Transaction retrieved", payment.written())
        return refused("Transaction not found", "transaction_not_found", 404)

    def _list(self, seen: Seen) -> Reply:
        rows = sorted(self.payments.values(), key=lambda row: row.id, reverse=True)
        rows = [row for row in rows if _within(row.created_at, seen)]
        size = int(seen.query.get("per_page") or seen.query.get("perPage") or 50)
        if seen.query.get("use_cursor") != "true":
            part, numbers = _numbered(rows, seen, size)
            data = [row.written(in_list=True) for row in part]
            return granted("Transactions retrieved", data, meta=numbers)
        if "next" in seen.query:
            before = int(base64.b64decode(seen.query["next"]).decode().partition(":")[2])
            rows = [row for row in rows if row.id < before]
        cursor = None
        if len(rows) > size:
            cursor = base64.b64encode(f"undefined:{rows[size - 1].id}".encode()).decode()
        meta: dict[str, Any] = {"next": cursor, "previous": "null", "perPage": size}
        data = [row.written(in_list=True) for row in rows[:size]]
        return granted("Transactions retrieved", data, meta=meta)

    def _refund(self, seen: Seen) -> Reply:
        asked = seen.json()
        named = str(asked.get("transaction") or "")
        payment = next((p for p in self.payments.values() if named in {p.reference, str(p.id)}), None)
        if payment is None:
            return refused("Transaction not found", "transaction_not_found")
        if payment.status == "reversed" or self.returned(payment) >= payment.amount > 0:
            return refused("Transaction has been fully reversed", "transaction_reversed")
        if payment.status != "success":
            return refused("Only a successful transaction can be refunded", "invalid_transaction_status")
        amount = payment.amount if asked.get("amount") is None else int(asked["amount"])
        if amount <= 0 or amount > payment.amount - self.returned(payment):
            return refused("Refund amount cannot be more than the amount left", "invalid_amount")
        note = f"Refund for transaction {payment.reference}"
        row = Return(
            payment=payment,
            amount=amount,
            created_at=self.now(),
            merchant_note=asked.get("merchant_note") or f"{note} by clinic@example.com",
            customer_note=asked.get("customer_note") or note,
        )
        self.refunds.append(row)
        return granted("Refund has been queued for processing", row.answered())

    def _refund_list(self, seen: Seen) -> Reply:
        rows = [row for row in reversed(self.refunds) if _within(row.created_at, seen)]
        part, meta = _numbered(rows, seen, int(seen.query.get("perPage") or 50))
        return granted("Refunds retrieved", [row.written() for row in part], meta=meta)

    def _refund_fetch(self, _seen: Seen, number: str) -> Reply:
        for row in self.refunds:
            if row.id == int(number):
                return granted("Refund retrieved", row.written())
        return refused("Refund not found", "refund_not_found", 404)

    def _new_payment(self, asked: dict[str, Any]) -> Payment | Reply:
        reference = asked.get("reference") or f"T{len(self.payments)}"
        currency, email = asked.get("currency") or "NGN", asked.get("email") or ""
        amount = str(asked.get("amount"))
        least = CURRENCIES[currency].minimum if currency in CURRENCIES else 0
        objections = (
            (not email, "Email Address is required", "missing_params"),
            (not _EMAIL.fullmatch(email), "Invalid Email Address Passed", "invalid_email_address"),
            (currency not in CURRENCIES, "Currency not supported by merchant", "unsupported_currency"),
            (not amount.isdigit() or int(amount) < least, "Invalid Amount Sent", "invalid_amount"),
            (not is_reference(reference), "Invalid transaction reference", "invalid_reference"),
            (reference in self.payments, "Duplicate Transaction Reference", "duplicate_reference"),
        )
        for stands, message, code in objections:
            if stands:
                return refused(message, code)
        payment = Payment(
            reference=reference,
            email=email,
            requested=int(amount),
            currency=currency,
            created_at=self.now(),
            metadata=asked.get("metadata"),
        )
        self.payments[reference] = payment
        return payment


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _within(moment: datetime, seen: Seen) -> bool:
    since, until = seen.query.get("from"), seen.query.get("to")
    return (since is None or datetime.fromisoformat(since) <= moment) and (
        until is None or moment <= datetime.fromisoformat(until)
    )


def _numbered(rows: list[Any], seen: Seen, size: int) -> tuple[list[Any], dict[str, int]]:
    page = int(seen.query.get("page") or 1)
    part = rows[(page - 1) * size : page * size]
    meta = {"total": len(rows), "skipped": (page - 1) * size, "perPage": size, "page": page}
    return part, meta | {"pageCount": -(-len(rows) // size)}


_ROUTES: list[tuple[str, str, Callable[..., Reply]]] = [
    ("GET", "/integration/payment_session_timeout", FakePaystack._timeout),
    ("POST", "/transaction/initialize", FakePaystack._initialize),
    ("POST", "/transaction/charge_authorization", FakePaystack._charge_authorization),
    ("GET", "/transaction/verify/([^/]+)", FakePaystack._verify),
    ("GET", "/transaction/([0-9]+)", FakePaystack._fetch),
    ("GET", "/transaction", FakePaystack._list),
    ("POST", "/charge/submit_(?:otp|phone)", FakePaystack._submit),
    ("POST", "/charge", FakePaystack._charge),
    ("GET", "/charge/([^/]+)", FakePaystack._check),
    ("POST", "/refund", FakePaystack._refund),
    ("GET", "/refund", FakePaystack._refund_list),
    ("GET", "/refund/([0-9]+)", FakePaystack._refund_fetch),
]
