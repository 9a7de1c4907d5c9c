"""What the billing desk shows: who pays next, the bill, a receipt once more, the drawer."""

from dataclasses import dataclass

import msgspec

from hms_server.billing import faults
from hms_server.billing.models import INVOICE_BY_ID, INVOICE_OF_ENCOUNTER, decode_invoice
from hms_server.billing.rules import state_of
from hms_server.contract.billing import (
    DrawerState,
    GetDrawer,
    GetInvoice,
    GetReceipt,
    Invoice,
    ListMissingPrices,
    ListToPay,
    MissingPrice,
    MissingPrices,
    Receipt,
    ToPay,
    ToPayRow,
)
from hms_server.contract.values import EncounterId, InvoiceId, Money, PatientHeader
from hms_server.contract.visits import BILLING, TicketRow
from hms_server.visits.models import BESIDE, SHOWN, StoredTicket
from hms_server.work import Work

MAX_OWING = 200
MAX_MISSING = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _WaitingRow(StoredTicket):
    """A ticket of the billing desk with its bill."""

    invoice_id: InvoiceId
    number: str
    currency: str
    charged_minor: int
    due_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwingRow:
    """A bill that is not paid, and nobody stands at the desk."""

    invoice_id: InvoiceId
    number: str
    currency: str
    charged_minor: int
    due_minor: int
    encounter_id: EncounterId
    patient: object


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawer:
    """The sums of a cashier's day."""

    payments: int
    taken_minor: int
    change_minor: int
    refunds: int
    refunded_minor: int
    currency: str


def get_invoice(work: Work, request: GetInvoice) -> Invoice:
    """The bill of a visit, as it is now."""
    params = {"encounter_id": request.encounter_id, "version": None, "ticket_id": None}
    text = work.value(INVOICE_OF_ENCOUNTER, params)
    if text is None:
        raise faults.nothing_charged()
    invoice = decode_invoice(text).invoice()
    work.concerns(invoice.patient.id)
    return invoice


def get_receipt(work: Work, request: GetReceipt) -> Receipt:
    """A receipt as it was printed: the bill as that payment left it."""
    row = work.connection.execute(
        "select invoice_id, invoice_version from payment where id = %s", (request.payment_id,)
    ).fetchone()
    if row is None:
        raise faults.unknown_payment()
    text = work.value(INVOICE_BY_ID, {"invoice_id": row[0], "version": row[1], "ticket_id": None})
    stored = decode_invoice(text)
    work.concerns(stored.patient.id)
    payment = next(payment for payment in stored.payments if payment.id == request.payment_id)
    return Receipt(payment=stored.payment_row(payment), invoice=stored.invoice())


def list_to_pay(work: Work, _: ListToPay) -> ToPay:
    """Who waits at the billing desk in the order of the queue, then who still owes, newest bill first."""
    params = {"service": BILLING, "most": MAX_OWING}
    waiting = [
        _to_pay(row, ticket=row.row(), patient=row.row().patient)
        for row in work.rows(_WaitingRow, WAITING, params)
    ]
    owing = [
        _to_pay(row, ticket=None, patient=msgspec.convert(row.patient, PatientHeader))
        for row in work.rows(_OwingRow, OWING, params)
    ]
    work.concerns(*(row.patient.id for row in (*waiting, *owing)))
    return ToPay([*waiting, *owing])


def get_drawer(work: Work, _: GetDrawer) -> DrawerState:
    """The cash of the cashier who asks, today: `cash_taken` is what should be left of it in the drawer."""
    drawer = work.one(_Drawer, DRAWER, {"now": work.now, "by": work.actor.person.id})
    assert drawer is not None
    return DrawerState(
        payments=drawer.payments,
        cash_taken=Money(drawer.taken_minor - drawer.refunded_minor, drawer.currency),
        change_given=Money(drawer.change_minor, drawer.currency),
        refunds=drawer.refunds,
        cash_refunded=Money(drawer.refunded_minor, drawer.currency),
    )


def list_missing_prices(work: Work, _: ListMissingPrices) -> MissingPrices:
    """What was charged as zero because the price list does not name it, the newest first."""
    return MissingPrices(work.rows(MissingPrice, MISSING, (MAX_MISSING,)))


def _to_pay(row: _WaitingRow | _OwingRow, *, ticket: TicketRow | None, patient: PatientHeader) -> ToPayRow:
    return ToPayRow(
        ticket=ticket,
        invoice_id=row.invoice_id,
        number=row.number,
        encounter_id=row.encounter_id,
        patient=patient,
        due=Money(row.due_minor, row.currency),
        state=state_of(charged_minor=row.charged_minor, due_minor=row.due_minor),
    )


WAITING = f"""
select {SHOWN}, invoice.id as invoice_id, invoice.number, currency, charged_minor, due_minor
from ticket {BESIDE}
join invoice on invoice.encounter_id = ticket.encounter_id
where ticket.service = %(service)s and ticket.state in ('waiting', 'called')
order by ticket.state, priority, special_need, queued_at, ticket.id
"""

OWING = """
select invoice.id as invoice_id, number, currency, charged_minor, due_minor, encounter_id,
    (select to_json(patient_header) from patient_header where id = patient_id) as patient
from invoice
where due_minor > 0 and not exists (
    select from ticket
    where ticket.encounter_id = invoice.encounter_id and service = %(service)s
        and state in ('waiting', 'called'))
order by created_at desc, invoice.id desc
limit %(most)s
"""

DRAWER = """
with today as (
    select date_trunc('day', %(now)s at time zone time_zone) at time zone time_zone as since from clinic
), taken as (
    select count(*) as payments, coalesce(sum(amount_minor), 0)::bigint as taken_minor,
        coalesce(sum(change_minor), 0)::bigint as change_minor
    from payment, today where taken_by = %(by)s and method = 'cash' and taken_at >= since
), returned as (
    select count(*) as refunds, coalesce(sum(amount_minor), 0)::bigint as refunded_minor
    from refund, today where asked_by = %(by)s and method = 'cash' and asked_at >= since
)
select taken.*, returned.*, currency from taken, returned, clinic
"""

MISSING = """
select description, count(*) as times, max(at) as last_at
from charge_item where price_missing
group by description
order by last_at desc, description limit %s
"""
