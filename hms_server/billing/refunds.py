"""Money that goes back: never more than was paid, cash at once, through a provider once its end is known."""

from dataclasses import dataclass
from typing import Any

from hms_server.billing import faults
from hms_server.billing.commands import lock_invoice
from hms_server.billing.models import INVOICE_BY_ID, StoredInvoice, decode_invoice
from hms_server.billing.rules import check_refund
from hms_server.contract.billing import (
    GetRefund,
    InvoiceChanged,
    PaymentMethod,
    RefundChanged,
    RefundId,
    RefundPayment,
    RefundReceipt,
    RefundState,
)
from hms_server.contract.values import InvoiceId, PaymentId, StaffId
from hms_server.permissions import Permission
from hms_server.work import Work

HOLDS = {PaymentMethod.CASH: "cash", PaymentMethod.PAYSTACK: "paystack-clearing"}
"""Where the money of a payment lies, and is taken from when it goes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A refund as the ledger needs it."""

    id: RefundId
    payment_id: PaymentId
    invoice_id: InvoiceId
    method: str
    amount_minor: int
    currency: str
    credit: bool
    state: str
    asked_by: StaffId


def refund_payment(work: Work, request: RefundPayment) -> RefundReceipt:
    """Returns cash at once; another way only sets the amount aside until the provider has paid it out."""
    invoice_id = work.value(INVOICE_OF_PAYMENT, (request.payment_id,))
    if invoice_id is None:
        raise faults.unknown_payment()
    invoice = lock_invoice(work, invoice_id)
    payment = invoice.payment(request.payment_id)
    check_refund(request, invoice.money(payment.refundable_minor))
    params = {
        "payment_id": payment.id,
        "invoice_id": invoice.id,
        "method": payment.method,
        "amount": request.amount.amount_minor,
        "currency": invoice.currency,
        "credit": request.credit,
        "reason": request.reason.strip(),
        "now": work.now,
        "by": work.actor.person.id,
    }
    refund = work.one(_Stored, ADD, params)
    assert refund is not None
    if payment.method is PaymentMethod.CASH:
        settle_refund(work, refund.id)
    else:
        _tell(work, invoice, refund, RefundState.PENDING)
    return _receipt(work, invoice.id, refund.id)


def settle_refund(work: Work, refund_id: RefundId, *, failed: str = "") -> bool:
    """Posts a pending refund as paid out or, with the sentence why it `failed`, sets its amount free again.

    False when it was settled before: nothing is changed then.
    """
    invoice_id = work.value("select invoice_id from refund where id = %s", (refund_id,))
    invoice = lock_invoice(work, invoice_id)
    refund = work.one(_Stored, STORED, (refund_id,))
    assert refund is not None
    if refund.state != RefundState.PENDING:
        return False
    params: dict[str, Any] = {"id": refund_id, "now": work.now, "why": failed}
    if failed:
        work.send(FAIL, params)
        _tell(work, invoice, refund, RefundState.FAILED)
        return True
    work.send(
        PAY_OUT,
        params
        | {
            "invoice_id": refund.invoice_id,
            "amount": refund.amount_minor,
            "currency": refund.currency,
            "credit": refund.credit,
            "from": HOLDS[PaymentMethod(refund.method)],
            "by": refund.asked_by,
        },
    )
    _tell(work, invoice, refund, RefundState.PROCESSED)
    return True


def get_refund(work: Work, request: GetRefund) -> RefundReceipt:
    """The receipt of a refund with the bill as it left it; one that is pending, with the bill as it is."""
    row = work.connection.execute(VERSION, (request.refund_id,)).fetchone()
    if row is None:
        raise faults.unknown_refund()
    return _receipt(work, row[0], request.refund_id, version=row[1])


def _receipt(
    work: Work, invoice_id: InvoiceId, refund_id: RefundId, *, version: int | None = None
) -> RefundReceipt:
    text = work.value(INVOICE_BY_ID, {"invoice_id": invoice_id, "version": version, "ticket_id": None})
    stored = decode_invoice(text)
    work.concerns(stored.patient.id)
    refund = next(refund for refund in stored.refunds if refund.id == refund_id)
    return RefundReceipt(
        refund=stored.refund_row(refund),
        payment=stored.payment_row(stored.payment(refund.payment_id)),
        invoice=stored.invoice(),
    )


def _tell(work: Work, invoice: StoredInvoice, refund: _Stored, state: RefundState) -> None:
    changed = InvoiceChanged(
        invoice_id=invoice.id, encounter_id=invoice.encounter_id, patient_id=invoice.patient.id
    )
    work.emit(changed, audience=Permission.BILLS_READ)
    work.emit(
        RefundChanged(
            refund_id=refund.id,
            payment_id=refund.payment_id,
            invoice_id=invoice.id,
            encounter_id=invoice.encounter_id,
            method=PaymentMethod(refund.method),
            state=state,
        ),
        audience=Permission.BILLS_READ,
    )


INVOICE_OF_PAYMENT = "select invoice_id from payment where id = %s"
VERSION = "select invoice_id, invoice_version from refund where id = %s"
_SHOWN = "id, payment_id, invoice_id, method, amount_minor, currency, credit, state, asked_by"
STORED = f"select {_SHOWN} from refund where id = %s"

ADD = f"""
insert into refund (payment_id, invoice_id, method, amount_minor, currency, credit, reason,
    asked_at, asked_by)
values (%(payment_id)s, %(invoice_id)s, %(method)s, %(amount)s, %(currency)s, %(credit)s, %(reason)s,
    %(now)s, %(by)s)
returning {_SHOWN}
"""

FAIL = "update refund set state = 'failed', settled_at = %(now)s, why = %(why)s where id = %(id)s"

# The refund is posted before its credit, so that what is due never falls below zero in between. A credit
# takes from the income that is left of the bill, the largest first.
PAY_OUT = """
with local as (
    select extract(year from %(now)s at time zone time_zone)::int as year from clinic
), grown as (
    update invoice set version = version + 1 where id = %(invoice_id)s returning version
), entry as (
    insert into journal_entry (kind, invoice_id, invoice_version, at, staff_id)
    select kind, %(invoice_id)s, version, %(now)s, %(by)s
    from grown cross join (values (1, 'refund'), (2, 'credit')) as act (place, kind)
    where kind = 'refund' or %(credit)s
    order by place
    returning id, kind, invoice_version
), earned as (
    select account, -sum(amount_minor)::bigint as amount_minor
    from journal_entry join posting on entry_id = journal_entry.id
    where invoice_id = %(invoice_id)s and kind in ('charge', 'credit') and account <> 'patients-receivable'
    group by account having sum(amount_minor) < 0
), piled as (
    select account, amount_minor, sum(amount_minor) over (order by amount_minor desc, account) as up_to
    from earned
), taken as (
    select account, least(amount_minor, %(amount)s - (up_to - amount_minor))::bigint as amount_minor
    from piled where up_to - amount_minor < %(amount)s
), posted as (
    insert into posting (entry_id, account, amount_minor, currency)
    select entry.id, moved.account, moved.amount_minor, %(currency)s
    from entry join (
        select 'refund' as kind, 'patients-receivable' as account, %(amount)s::bigint as amount_minor
        union all select 'refund', %(from)s, -%(amount)s::bigint
        union all select 'credit', account, amount_minor from taken
        union all select 'credit', 'patients-receivable', -%(amount)s::bigint
    ) as moved using (kind)
    order by entry.id, moved.amount_minor desc
), numbered as (
    insert into refund_counter as counter (year, last) select year, 1 from local
    on conflict (year) do update set last = counter.last + 1
    returning year, last
)
update refund set state = 'processed', settled_at = %(now)s, entry_id = entry.id,
    invoice_version = entry.invoice_version, refund_year = year, refund_seq = last
from numbered cross join entry
where refund.id = %(id)s and entry.kind = 'refund'
"""
