"""Paystack's HTTP interface as calls with typed answers; every failure is an `OutsideFault`.

Amounts are in Paystack's subunits throughout (`channels.to_subunits`). Nothing of a patient is sent but what
the caller passes; an address for the receipt can be derived from our reference alone.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from hms_server.contract.relay import Trouble
from hms_server.paystack.channels import is_reference
from hms_server.paystack.means import Means, fields_of, stamp
from hms_server.paystack.messages import (
    Charge,
    Envelope,
    Initialized,
    Meta,
    Refund,
    Transaction,
    UnreadableError,
    UnreadRow,
    read_charge,
    read_envelope,
    read_initialized,
    read_meta,
    read_refund,
    read_transaction,
    unread_row,
)
from hms_server.relay.outside import Outside, OutsideFault

ADDRESS = "https://api.paystack.co"
PAGE = 100
MAX_PAGES = 2000
"""A list that has not ended by then turns in circles."""

R = TypeVar("R")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")


class DeclinedError(OutsideFault):
    """Paystack has understood and says no; `message` and `code` are its own words."""

    def __init__(self, envelope: Envelope, status: int, *, may_have_arrived: bool = False) -> None:
        self.message = _UNPRINTABLE.sub(" ", envelope.message)[:200].strip() or "no reason given"
        self.code = envelope.code
        super().__init__(
            Trouble.DECLINED,
            f"Paystack declines: {self.message.rstrip('.')}.",
            may_have_arrived=may_have_arrived,
            status=status,
        )


class DuplicateReferenceError(DeclinedError):
    """Paystack knows our reference already: an earlier call with it has arrived."""


def placeholder_email(reference: str) -> str:
    """An address for who gave none, since Paystack insists on one; it says nothing of the patient.

    The domain is reserved for examples (RFC 2606), so that no receipt reaches a stranger.
    """
    return f"{re.sub('[^a-z0-9]', '-', reference.lower())}@clinic.example.com"


class Paystack:
    """Paystack with one account's secret key. Every call may raise `OutsideFault`."""

    def __init__(self, outside: Outside, secret: str, address: str = ADDRESS) -> None:
        self._outside = outside
        self._headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
        self._address = address.rstrip("/")

    def probe(self) -> None:
        """A cheap call that shows whether Paystack answers and takes the key."""
        self._get("/integration/payment_session_timeout")

    def initialize(
        self,
        *,
        reference: str,
        amount: int,
        currency: str,
        email: str,
        channels: Iterable[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
    ) -> Initialized:
        """Asks for a page where the customer pays. Raises `DuplicateReferenceError` for one that exists."""
        body = _payment(reference, amount, currency, email, metadata)
        body |= _given(channels=None if channels is None else list(channels), callback_url=callback_url)
        answer = self._post("/transaction/initialize", body)
        return self._read(read_initialized, answer, sent=True)

    def verify(self, reference: str) -> Transaction | None:
        """How the payment stands, or None where Paystack does not know the reference."""
        return self._find(f"/transaction/verify/{_in_path(reference)}", read_transaction)

    def fetch(self, transaction_id: int) -> Transaction | None:
        """The same by Paystack's own number."""
        return self._find(f"/transaction/{transaction_id:d}", read_transaction)

    def charge(
        self,
        means: Means,
        *,
        reference: str,
        amount: int,
        currency: str,
        email: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> Charge:
        """Charges without a page. What the customer has to do is in the answer; then `verify`.

        A charge that failed at once is an answer with that status, not a fault.
        """
        body = _payment(reference, amount, currency, email, metadata) | fields_of(means)
        return self._attempt("/charge", body)

    def charge_authorization(
        self,
        authorization_code: str,
        *,
        reference: str,
        amount: int,
        currency: str,
        email: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> Charge:
        """Charges what was saved; `email` is that of the payment it was saved from."""
        body = _payment(reference, amount, currency, email, None) | {"authorization_code": authorization_code}
        # Here, unlike elsewhere, Paystack's document asks for the object as a string.
        body |= _given(metadata=None if metadata is None else msgspec.json.encode(metadata).decode())
        return self._attempt("/transaction/charge_authorization", body)

    def submit_otp(self, reference: str, otp: str) -> Charge:
        """Passes on the one-time password (Ghana: voucher) that the customer was sent."""
        return self._attempt("/charge/submit_otp", {"reference": reference, "otp": otp})

    def submit_phone(self, reference: str, phone: str) -> Charge:
        """Passes on the phone number that was asked for."""
        return self._attempt("/charge/submit_phone", {"reference": reference, "phone": phone})

    def check_charge(self, reference: str) -> Charge | None:
        """How a charge stands that was pending, ten seconds later or more; None where it is not known."""
        return self._find(f"/charge/{_in_path(reference)}", read_charge)

    def refund(
        self,
        reference: str,
        *,
        amount: int,
        currency: str,
        merchant_note: str,
        customer_note: str | None = None,
    ) -> Refund:
        """Asks for money to go back, in part or in whole.

        Asked twice, Paystack refunds twice: it has no key that would tell the second call from a second
        refund. After a lost answer look among `refunds_of` for the `merchant_note` first.
        """
        body = {"transaction": reference, "amount": amount, "currency": currency}
        body |= {"merchant_note": merchant_note} | _given(customer_note=customer_note)
        return self._read(read_refund, self._post("/refund", body), sent=True)

    def fetch_refund(self, refund_id: int) -> Refund | None:
        return self._find(f"/refund/{refund_id:d}", read_refund)

    def refunds(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        unread: list[UnreadRow] | None = None,
    ) -> Iterator[Refund]:
        """The refunds that were asked for in that time, page by page.

        A row that cannot be read is added to `unread`; without that list it is a fault.
        """
        yield from self._by_number("/refund", _period(since, until), read_refund, unread)

    def refunds_of(self, transaction: Transaction, since: datetime | None = None) -> list[Refund]:
        """All refunds of one payment; `since` defaults to when the payment was begun.

        Paystack's document knows no filter by transaction, so the period is read and sorted out here.
        """
        begun = since or transaction.created_at or transaction.paid_at
        return [
            refund
            for refund in self.refunds(since=begun)
            if (transaction.id is not None and refund.transaction_id == transaction.id)
            or refund.transaction_reference == transaction.reference
        ]

    def transactions(
        self, since: datetime, until: datetime, *, unread: list[UnreadRow] | None = None
    ) -> Iterator[Transaction]:
        """All payments that were begun in that time, whatever came of them, each once.

        Both ends are included. Paystack filters by when a transaction was begun, not by when it was paid.
        A row that cannot be read is added to `unread`; without that list it is a fault.
        """
        seen: set[str] = set()
        for row in self._by_cursor("/transaction", _period(since, until), read_transaction, unread):
            if row.reference not in seen:
                seen.add(row.reference)
                yield row

    def _by_cursor(
        self,
        path: str,
        period: dict[str, str],
        read: Callable[[Any], R],
        unread: list[UnreadRow] | None,
    ) -> Iterator[R]:
        """Follows the cursor, or the numbers of pages where an older server gives those instead."""
        position: dict[str, str] = {}
        cursors: set[str] = set()
        for number in range(1, MAX_PAGES + 1):
            asked = {"use_cursor": "true", "per_page": str(PAGE)} | period | position
            rows, meta = self._page(path, asked)
            yield from _read_rows(rows, read, unread)
            if meta.next is not None:
                if meta.next in cursors:
                    break
                cursors.add(meta.next)
                position = {"next": meta.next}
            elif rows and meta.page_count is not None and number < meta.page_count:
                position = {"page": str(number + 1)}
            else:
                return
        raise _garbled("its list turns in circles.", sent=False)

    def _by_number(
        self,
        path: str,
        period: dict[str, str],
        read: Callable[[Any], R],
        unread: list[UnreadRow] | None,
    ) -> Iterator[R]:
        for number in range(1, MAX_PAGES + 1):
            rows, meta = self._page(path, {"perPage": str(PAGE), "page": str(number)} | period)
            yield from _read_rows(rows, read, unread)
            # A list that does not say how many pages it has is read until nothing more comes.
            if not rows or (meta.page_count is not None and number >= meta.page_count):
                return
        raise _garbled("its list turns in circles.", sent=False)

    def _page(self, path: str, params: dict[str, str]) -> tuple[list[Any], Meta]:
        answer = self._get(path, params)
        if not isinstance(answer.data, list):
            raise _garbled("a list was due.", sent=False)
        try:
            return answer.data, read_meta(answer.meta)
        except UnreadableError as error:
            raise _garbled(str(error), sent=False) from error

    def _find(self, path: str, read: Callable[[Any], R]) -> R | None:
        try:
            answer = self._get(path)
        except DeclinedError as fault:
            if _is_unknown(fault):
                return None
            raise
        return self._read(read, answer, sent=False)

    def _attempt(self, path: str, body: dict[str, Any]) -> Charge:
        """A charge that was declined may come with a refusal outside: what its data says counts."""
        answer, status = self._call("POST", path, json=body)
        if isinstance(answer.data, Mapping) and {"status", "reference"} <= answer.data.keys():
            return self._read(read_charge, answer, sent=True)
        return self._read(read_charge, _accepted(answer, status), sent=True)

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Envelope:
        return _accepted(*self._call("GET", path, params=params, idempotent=True))

    def _post(self, path: str, body: dict[str, Any]) -> Envelope:
        return _accepted(*self._call("POST", path, json=body))

    def _call(self, method: str, path: str, **how: Any) -> tuple[Envelope, int]:
        answer = self._outside.request(method, self._address + path, headers=self._headers, **how)
        try:
            return read_envelope(answer.body), answer.status
        except UnreadableError as error:
            raise _garbled(str(error), sent=method != "GET") from error

    def _read(self, read: Callable[[Any], R], answer: Envelope, *, sent: bool) -> R:
        try:
            return read(answer.data)
        except UnreadableError as error:
            raise _garbled(str(error), sent=sent) from error


def _read_rows(rows: list[Any], read: Callable[[Any], R], unread: list[UnreadRow] | None) -> Iterator[R]:
    for row in rows:
        try:
            yield read(row)
        except UnreadableError as error:
            if unread is None:
                raise _garbled(str(error), sent=False) from error
            unread.append(unread_row(row, error))


def _accepted(answer: Envelope, status: int) -> Envelope:
    if answer.status and status < 400:  # noqa: PLR2004 - HTTP
        return answer
    if answer.code == "invalid_Key" or answer.message.strip().lower() == "invalid key":
        sentence = "Paystack does not accept the secret key. Enter the key of the clinic's account again."
        raise OutsideFault(Trouble.KEY, sentence, may_have_arrived=False, status=status)
    if answer.code == "duplicate_reference" or "duplicate transaction reference" in answer.message.lower():
        raise DuplicateReferenceError(answer, status, may_have_arrived=True)
    raise DeclinedError(answer, status)


def _is_unknown(fault: DeclinedError) -> bool:
    return (
        fault.status == 404  # noqa: PLR2004 - HTTP
        or fault.code in {"transaction_not_found", "refund_not_found", "not_found"}
        or "not found" in fault.message.lower()
    )


def _garbled(what: str, *, sent: bool) -> OutsideFault:
    return OutsideFault(
        Trouble.GARBLED, f"Paystack's answer cannot be read: {what}", may_have_arrived=sent, status=None
    )


def _payment(
    reference: str, amount: int, currency: str, email: str, metadata: Mapping[str, Any] | None
) -> dict[str, Any]:
    if not is_reference(reference):
        raise ValueError(f"{reference!r} is no reference that Paystack takes.")
    body: dict[str, Any] = {
        "reference": reference, "amount": amount, "currency": currency, "email": email
    }  # fmt: skip
    return body | _given(metadata=None if metadata is None else dict(metadata))


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _period(since: datetime | None, until: datetime | None) -> dict[str, str]:
    return _given(**{"from": since and stamp(since), "to": until and stamp(until)})


def _in_path(reference: str) -> str:
    return quote(reference, safe="")
