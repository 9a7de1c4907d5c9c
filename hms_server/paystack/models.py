"""A stored online payment, and what of it a screen is shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from hms_server.contract.paystack import (
    OnlineChannel,
    OnlinePayment,
    OnlinePaymentChanged,
    OnlineState,
    TransferAccount,
)
from hms_server.contract.values import (
    EncounterId,
    InvoiceId,
    Money,
    PatientId,
    PaymentId,
    Person,
    StaffId,
    TicketId,
)
from hms_server.crypto import Vault
from hms_server.paystack.rules import numbered
from hms_server.permissions import Permission
from hms_server.work import Work


class Contact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the payer gave for one payment, kept sealed until it is over."""

    email: str = ""
    phone: str = ""
    mobile_provider: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTransaction:
    """A row with its bill, and with the payment on the bill where one was posted."""

    reference: str
    attempt: int
    invoice_id: InvoiceId
    invoice_number: str
    encounter_id: EncounterId
    patient_id: PatientId
    patient_name: str
    ticket_id: TicketId | None
    amount_minor: int
    currency: str
    channel: str
    state: str
    since: datetime
    test_mode: bool
    url: str
    account: Any
    instructions: str
    wants_code: bool
    why: str
    contact: bytes | None
    send_by: str | None
    save_card: bool
    authorization_id: int | None
    looks: int
    started_at: datetime
    started_by: StaffId
    started_by_name: str
    opened_at: datetime | None
    paid_at: datetime | None
    payment_id: PaymentId | None
    receipt_number: str | None
    is_received: bool

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def asked_reference(self) -> str:
        """The reference under which Paystack knows the present attempt."""
        return numbered(self.reference, self.attempt)

    @property
    def job_key(self) -> str:
        """Of the job that watches it now."""
        return f"{self.reference}#{self.looks}"

    @property
    def person(self) -> Person:
        return Person(id=self.started_by, name=self.started_by_name)

    def opened_contact(self, vault: Vault) -> Contact:
        """What the payer gave; empty once it was forgotten."""
        if self.contact is None:
            return Contact()
        plain = vault.open(self.contact, bound_to=self.reference.encode())
        return msgspec.json.decode(plain, type=Contact)

    def shown(self) -> OnlinePayment:
        return OnlinePayment(
            reference=self.reference,
            invoice_id=self.invoice_id,
            invoice_number=self.invoice_number,
            encounter_id=self.encounter_id,
            patient_name=self.patient_name,
            amount=self.amount,
            channel=OnlineChannel(self.channel),
            state=OnlineState(self.state),
            since=self.since,
            url=self.url,
            account=None if self.account is None else msgspec.convert(self.account, TransferAccount),
            instructions=self.instructions,
            wants_code=self.wants_code,
            why=self.why,
            started_at=self.started_at,
            started_by=self.person,
            paid_at=self.paid_at,
            payment_id=self.payment_id,
            receipt_number=self.receipt_number or "",
            test_mode=self.test_mode,
        )


def find_transaction(work: Work, reference: str, *, lock: bool = False) -> StoredTransaction | None:
    """By our reference; with `lock` as it stays until the transaction ends."""
    if lock:
        work.send(LOCK, (reference,))
    return work.one(StoredTransaction, OF_REFERENCE, (reference,))


def tell_changed(work: Work, transaction: StoredTransaction) -> None:
    """Says on every billing desk where the payment stands."""
    work.concerns(transaction.patient_id)
    work.emit(
        OnlinePaymentChanged(
            reference=transaction.reference,
            invoice_id=transaction.invoice_id,
            encounter_id=transaction.encounter_id,
            patient_id=transaction.patient_id,
            state=OnlineState(transaction.state),
            amount=transaction.amount,
            invoice_number=transaction.invoice_number,
            started_by=transaction.person,
            payment_id=transaction.payment_id,
        ),
        audience=Permission.BILLS_READ,
    )


def sealed_contact(vault: Vault, reference: str, contact: Contact) -> bytes:
    return vault.seal(msgspec.json.encode(contact), bound_to=reference.encode())


LOCK = "select from paystack_transaction where reference = %s for no key update"

TRANSACTION = """
select transaction.reference, attempt, transaction.invoice_id, invoice.number as invoice_number,
    encounter_id, patient_id, patient.name as patient_name, ticket_id, transaction.amount_minor,
    transaction.currency, transaction.channel, state, since, transaction.test_mode, url, account,
    instructions, wants_code, why, contact, send_by, save_card, authorization_id, looks, started_at,
    started_by, staff.name as started_by_name, opened_at, receipt.paid_at, receipt.payment_id, receipt_number,
    receipt.reference is not null as is_received
from paystack_transaction as transaction
join invoice on invoice.id = transaction.invoice_id
join patient_header as patient on patient.id = patient_id
join staff on staff.id = started_by
left join lateral (
    select * from paystack_receipt where transaction_reference = transaction.reference
    order by payment_id nulls last, posted_at limit 1
) as receipt on true
left join payment on payment.id = receipt.payment_id
"""
"""Rows of `StoredTransaction`."""

OF_REFERENCE = f"{TRANSACTION} where transaction.reference = %s"
