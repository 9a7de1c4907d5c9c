"""An invoice with its charges, payments and refunds, as it is now or as it was at an earlier version."""

from datetime import datetime

import msgspec

from hms_server.billing.rules import state_of
from hms_server.contract.billing import (
    ChargeRow,
    Invoice,
    PaymentMethod,
    PaymentRow,
    RefundId,
    RefundRow,
    RefundState,
)
from hms_server.contract.values import (
    EncounterId,
    InvoiceId,
    Money,
    PatientHeader,
    PaymentId,
    Person,
)


class StoredCharge(msgspec.Struct, frozen=True, kw_only=True):
    """A charge, with the version of the invoice that it made."""

    invoice_version: int
    description: str
    quantity: int
    unit_price_minor: int
    amount_minor: int
    at: datetime


class StoredPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, with the version of the invoice that it made and the time on the clinic's clock."""

    id: PaymentId
    invoice_version: int
    receipt_number: str
    method: PaymentMethod
    amount_minor: int
    tendered_minor: int
    taken_at: datetime
    taken_by: Person
    clock_time: str
    reference: str = ""
    refunded_minor: int = 0
    """Returned, or on its way back."""

    @property
    def refundable_minor(self) -> int:
        return self.amount_minor - self.refunded_minor


class StoredRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund; one that is pending or failed has made no version of the invoice."""

    id: RefundId
    payment_id: PaymentId
    invoice_version: int | None
    number: str | None
    method: PaymentMethod
    amount_minor: int
    credit: bool
    reason: str
    state: RefundState
    asked_at: datetime
    asked_by: Person
    settled_at: datetime | None
    why: str
    clock_time: str | None


class StoredInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """What is charged and due comes from the postings; `ticket_encounter_id` is the visit of the ticket."""

    id: InvoiceId
    number: str
    encounter_id: EncounterId
    patient: PatientHeader
    currency: str
    version: int
    charged_minor: int
    due_minor: int
    charges: list[StoredCharge]
    payments: list[StoredPayment]
    refunds: list[StoredRefund]
    ticket_encounter_id: EncounterId | None

    @property
    def due(self) -> Money:
        return self.money(self.due_minor)

    def money(self, amount_minor: int) -> Money:
        return Money(amount_minor, self.currency)

    def with_payment(self, payment: StoredPayment) -> "StoredInvoice":
        """The invoice after that payment."""
        return msgspec.structs.replace(
            self,
            version=payment.invoice_version,
            due_minor=self.due_minor - payment.amount_minor,
            payments=[*self.payments, payment],
        )

    def invoice(self) -> Invoice:
        return Invoice(
            id=self.id,
            number=self.number,
            encounter_id=self.encounter_id,
            patient=self.patient,
            state=state_of(charged_minor=self.charged_minor, due_minor=self.due_minor),
            charges=[self._charge_row(charge) for charge in self.charges],
            payments=[self.payment_row(payment) for payment in self.payments],
            total=self.money(self.charged_minor),
            paid=self.money(self.charged_minor - self.due_minor),
            due=self.due,
            version=self.version,
            refunds=[self.refund_row(refund) for refund in self.refunds],
        )

    def payment(self, payment_id: PaymentId) -> StoredPayment:
        """One of its payments."""
        return next(payment for payment in self.payments if payment.id == payment_id)

    def payment_row(self, payment: StoredPayment) -> PaymentRow:
        return PaymentRow(
            id=payment.id,
            receipt_number=payment.receipt_number,
            method=payment.method,
            amount=self.money(payment.amount_minor),
            tendered=self.money(payment.tendered_minor),
            change=self.money(payment.tendered_minor - payment.amount_minor),
            taken_at=payment.taken_at,
            taken_by=payment.taken_by,
            reference=payment.reference,
            refundable=self.money(payment.refundable_minor),
        )

    def refund_row(self, refund: StoredRefund) -> RefundRow:
        return RefundRow(
            id=refund.id,
            payment_id=refund.payment_id,
            number=refund.number or "",
            method=refund.method,
            amount=self.money(refund.amount_minor),
            credit=refund.credit,
            reason=refund.reason,
            state=refund.state,
            asked_at=refund.asked_at,
            asked_by=refund.asked_by,
            settled_at=refund.settled_at,
            why=refund.why,
        )

    def _charge_row(self, charge: StoredCharge) -> ChargeRow:
        return ChargeRow(
            description=charge.description,
            quantity=charge.quantity,
            unit_price=self.money(charge.unit_price_minor),
            amount=self.money(charge.amount_minor),
            charged_at=charge.at,
        )


decode_invoice = msgspec.json.Decoder(StoredInvoice).decode

_POSTED = """
    select coalesce(sum(amount_minor), 0) as due_minor,
        coalesce(sum(amount_minor) filter (where kind in ('charge', 'credit')), 0) as charged_minor
    from journal_entry join posting on entry_id = journal_entry.id
    where invoice_id = invoice.id and account = 'patients-receivable' and invoice_version <= asked.version
"""

_CHARGES = """
    select coalesce(json_agg(json_build_object('invoice_version', invoice_version, 'description', description,
        'quantity', quantity, 'unit_price_minor', unit_price_minor, 'amount_minor', amount_minor, 'at', at)
        order by id), '[]')
    from charge_item where invoice_id = invoice.id and invoice_version <= asked.version
"""

_PAYMENTS = """
    select coalesce(json_agg(json_build_object('id', payment.id, 'invoice_version', invoice_version,
        'receipt_number', receipt_number, 'method', method, 'amount_minor', amount_minor,
        'tendered_minor', tendered_minor, 'taken_at', taken_at,
        'taken_by', json_build_object('id', staff.id, 'name', staff.name),
        'clock_time', to_char(taken_at at time zone time_zone, 'HH24:MI'), 'reference', reference,
        'refunded_minor', coalesce((select sum(amount_minor) from refund
            where payment_id = payment.id and state <> 'failed'), 0)) order by payment.id), '[]')
    from payment join staff on staff.id = taken_by
    where invoice_id = invoice.id and invoice_version <= asked.version
"""

# What is not posted has no version: it shows on the bill as it is, never on the copy of an old paper.
_REFUNDS = """
    select coalesce(json_agg(json_build_object('id', refund.id, 'payment_id', payment_id,
        'invoice_version', invoice_version, 'number', number, 'method', method, 'amount_minor', amount_minor,
        'credit', credit, 'reason', reason, 'state', state, 'asked_at', asked_at,
        'asked_by', json_build_object('id', staff.id, 'name', staff.name), 'settled_at', settled_at,
        'why', why, 'clock_time', to_char(settled_at at time zone time_zone, 'HH24:MI'))
        order by refund.id), '[]')
    from refund join staff on staff.id = asked_by
    where invoice_id = invoice.id and coalesce(invoice_version, invoice.version) <= asked.version
"""

INVOICE = f"""
select json_build_object(
    'id', invoice.id,
    'number', invoice.number,
    'encounter_id', encounter_id,
    'patient', to_json(patient_header),
    'currency', currency,
    'version', asked.version,
    'charged_minor', posted.charged_minor,
    'due_minor', posted.due_minor,
    'charges', ({_CHARGES}),
    'payments', ({_PAYMENTS}),
    'refunds', ({_REFUNDS}),
    'ticket_encounter_id', (select encounter_id from ticket where id = %(ticket_id)s::bigint)
)::text
from invoice
join patient_header on patient_header.id = patient_id
cross join (select time_zone from clinic) as clinic
cross join lateral (select coalesce(%(version)s::int, invoice.version) as version) as asked
cross join lateral ({_POSTED}) as posted
"""
"""A `StoredInvoice` as JSON, as it was at a version or, without one, as it is."""

INVOICE_BY_ID = f"{INVOICE} where invoice.id = %(invoice_id)s"
INVOICE_OF_ENCOUNTER = f"{INVOICE} where invoice.encounter_id = %(encounter_id)s"
