"""Taking a payment: under lock, once, with a receipt number that leaves no gap."""

from dataclasses import dataclass
from typing import Any

from hms_server.billing import faults
from hms_server.billing.models import INVOICE_BY_ID, StoredInvoice, StoredPayment, decode_invoice
from hms_server.billing.rules import check_payment
from hms_server.contract.billing import InvoiceChanged, PaymentMethod, Receipt, TakePayment
from hms_server.contract.values import InvoiceId, PaymentId, Person, TicketId
from hms_server.permissions import Permission
from hms_server.visits.commands import finish
from hms_server.work import Work

FAULTS_BY_CONSTRAINT = faults.FAULTS_BY_CONSTRAINT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbered:
    """What the database gave a payment."""

    id: PaymentId
    receipt_number: str
    clock_time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Money for a bill, in minor units of its currency: how it came, and the account where it lies."""

    method: PaymentMethod
    account: str
    amount_minor: int
    tendered_minor: int
    taken_by: Person
    reference: str = ""
    ticket_id: TicketId | None = None


def take_payment(work: Work, request: TakePayment) -> Receipt:
    """Stores the payment with its postings; the billing ticket ends when nothing is due any more."""
    before = lock_invoice(work, request.invoice_id, ticket_id=request.ticket_id)
    if before.version != request.version:
        raise faults.changed_meanwhile(before, seen_version=request.version)
    check_payment(request, before.due)
    incoming = Incoming(
        method=request.method,
        account="cash",
        amount_minor=request.amount.amount_minor,
        tendered_minor=request.tendered.amount_minor,
        taken_by=work.actor.person,
        ticket_id=request.ticket_id,
    )
    return receive(work, before, incoming)


def lock_invoice(work: Work, invoice_id: InvoiceId, *, ticket_id: TicketId | None = None) -> StoredInvoice:
    """The bill as it is now, and stays until the transaction ends; refused when the ticket is not its own."""
    work.send(LOCK, (invoice_id,))
    params = {"invoice_id": invoice_id, "version": None, "ticket_id": ticket_id}
    text = work.value(INVOICE_BY_ID, params)
    if text is None:
        raise faults.unknown_invoice()
    invoice = decode_invoice(text)
    work.concerns(invoice.patient.id)
    if ticket_id is not None and invoice.ticket_encounter_id != invoice.encounter_id:
        raise faults.ticket_of_another()
    return invoice


def receive(work: Work, invoice: StoredInvoice, incoming: Incoming) -> Receipt:
    """Posts money that has come for a locked bill; the caller has checked that so much is due."""
    if incoming.ticket_id is not None and incoming.amount_minor == invoice.due_minor:
        finish(work, incoming.ticket_id)
    payment = _store(work, incoming, invoice)
    after = invoice.with_payment(payment)
    work.emit(
        InvoiceChanged(invoice_id=after.id, encounter_id=after.encounter_id, patient_id=after.patient.id),
        audience=Permission.BILLS_READ,
    )
    return Receipt(payment=after.payment_row(payment), invoice=after.invoice())


def _store(work: Work, incoming: Incoming, invoice: StoredInvoice) -> StoredPayment:
    params: dict[str, Any] = {
        "invoice_id": invoice.id,
        "method": incoming.method,
        "account": incoming.account,
        "amount": incoming.amount_minor,
        "tendered": incoming.tendered_minor,
        "currency": invoice.currency,
        "reference": incoming.reference,
        "now": work.now,
        "by": incoming.taken_by.id,
    }
    numbered = work.one(_Numbered, TAKE, params)
    assert numbered is not None
    return StoredPayment(
        id=numbered.id,
        invoice_version=invoice.version + 1,
        receipt_number=numbered.receipt_number,
        method=incoming.method,
        amount_minor=incoming.amount_minor,
        tendered_minor=incoming.tendered_minor,
        taken_at=work.now,
        taken_by=incoming.taken_by,
        clock_time=numbered.clock_time,
        reference=incoming.reference,
    )


# What is read afterwards has a snapshot of its own: the sums include whatever this lock had to wait for.
LOCK = "select from invoice where id = %s for no key update"

# The counter of the receipts is a lock held to the commit, so this is the last statement of the handler.
TAKE = """
with local as (
    select extract(year from %(now)s at time zone time_zone)::int as year,
        to_char(%(now)s at time zone time_zone, 'HH24:MI') as clock_time
    from clinic
), grown as (
    update invoice set version = version + 1 where id = %(invoice_id)s
    returning version
), entry as (
    insert into journal_entry (kind, invoice_id, invoice_version, at, staff_id)
    select 'payment', %(invoice_id)s, version, %(now)s, %(by)s from grown
    returning id, invoice_version
), posted as (
    insert into posting (entry_id, account, amount_minor, currency)
    select id, account, amount_minor, %(currency)s
    from entry cross join (
        values (%(account)s, %(amount)s::bigint), ('patients-receivable', -%(amount)s::bigint)
    ) as moved (account, amount_minor)
), numbered as (
    insert into receipt_counter as counter (year, last) select year, 1 from local
    on conflict (year) do update set last = counter.last + 1
    returning year, last
), stored as (
    insert into payment (invoice_id, invoice_version, entry_id, method, amount_minor, tendered_minor,
        currency, reference, receipt_year, receipt_seq, taken_at, taken_by)
    select %(invoice_id)s, invoice_version, entry.id, %(method)s, %(amount)s, %(tendered)s, %(currency)s,
        %(reference)s, year, last, %(now)s, %(by)s
    from numbered cross join entry
    returning id, receipt_number
)
select id, receipt_number, clock_time from stored cross join local
"""
