"""Charges that follow from what lower slices have done, and entries of no bill; all of them balance."""

from typing import Any, LiteralString

from hms_server.contract.billing import InvoiceChanged
from hms_server.contract.consultations import EncounterSigned
from hms_server.contract.pharmacy import MedicationDispensed
from hms_server.contract.values import EncounterId, Money, PatientId, StaffId
from hms_server.permissions import Permission
from hms_server.work import Work

CONSULTATION = "consultation-general"
"""The service that a signed encounter is charged as."""


def charge_consultation(work: Work, signed: EncounterSigned) -> None:
    """A doctor's signature is charged once, from the price list."""
    params = {"service": CONSULTATION}
    _charge(work, CHARGE_CONSULTATION, params, encounter_id=signed.encounter_id, patient_id=signed.patient_id)


def charge_medicines(work: Work, dispensed: MedicationDispensed) -> None:
    """Every medicine of a handover is charged once; one without a price as zero and marked, never refused."""
    params = {"handover_id": dispensed.dispense_id}
    _charge(
        work, CHARGE_MEDICINES, params, encounter_id=dispensed.encounter_id, patient_id=dispensed.patient_id
    )


def enter(work: Work, kind: str, money: Money, *, debit: str, credit: str, by: StaffId | None) -> None:
    """Posts an amount that belongs to no bill: a fee, or money of which nobody knows what it is for."""
    params = {
        "kind": kind,
        "amount": money.amount_minor,
        "currency": money.currency,
        "debit": debit,
        "credit": credit,
        "now": work.now,
        "by": by,
    }
    work.send(ENTER, params)


def _charge(
    work: Work,
    statement: LiteralString,
    source: dict[str, Any],
    *,
    encounter_id: EncounterId,
    patient_id: PatientId,
) -> None:
    params = source | {
        "encounter_id": encounter_id,
        "patient_id": patient_id,
        "now": work.now,
        "by": work.actor.staff_id,
    }
    # Nothing comes back where another desk has opened the same invoice since this statement began; by then
    # its transaction is over, and the second time the invoice is there.
    invoice_id = work.value(statement, params) or work.value(statement, params)
    work.emit(
        InvoiceChanged(invoice_id=invoice_id, encounter_id=encounter_id, patient_id=patient_id),
        audience=Permission.BILLS_READ,
    )


_PRICE = """
left join lateral (
    select amount_minor, name, account from price
    where price.currency = setting.currency and valid_from <= setting.day and {of_item}
    order by valid_from desc limit 1
) as price on true
"""

_CONSULTATION = f"""
select 'consultation' as kind, %(encounter_id)s::bigint as source_id,
    coalesce(price.name, 'Consultation') as name, 1 as quantity, price.amount_minor as unit_price_minor,
    coalesce(account, 'consultation-income') as account
from setting {_PRICE.format(of_item="service_code = %(service)s")}
"""

_MEDICINES = f"""
select 'medicine' as kind, given.id as source_id, product.label as name,
    given.quantity, price.amount_minor as unit_price_minor, coalesce(account, 'medicine-income') as account
from setting cross join medication_dispense as given
join medication_request as line on line.id = given.medication_request_id
join product on product.id = line.product_id
{_PRICE.format(of_item="price.product_id = product.id")}
where given.handover_id = %(handover_id)s
"""

# The first charge opens the invoice. What was charged before is left out by its unique source, so that an
# event that comes twice charges once.
_CHARGE = """
with setting as (
    select currency, (%(now)s at time zone time_zone)::date as day from clinic
), item as (
    {items}
), grown as (
    update invoice set version = version + 1 where encounter_id = %(encounter_id)s
    returning id, version
), opened as (
    insert into invoice (id, number, encounter_id, patient_id, currency, created_at)
    select id, 'INV-' || to_char(day, 'YYYY') || '-' || lpad(id::text, greatest(6, length(id::text)), '0'),
        %(encounter_id)s, %(patient_id)s, currency, %(now)s
    from setting cross join (
        select nextval('invoice_id_seq') as id where not exists (select from grown)
    ) as next
    on conflict (encounter_id) do nothing
    returning id, version
), target as (
    select * from grown union all select * from opened
), charged as (
    insert into charge_item (invoice_id, invoice_version, kind, source_id, description, quantity,
        unit_price_minor, amount_minor, price_missing, at)
    select target.id, target.version, kind, source_id,
        name || case when unit_price_minor is null then ' (price missing)' else '' end, quantity,
        coalesce(unit_price_minor, 0), quantity * coalesce(unit_price_minor, 0), unit_price_minor is null,
        %(now)s
    from item cross join target order by source_id
    on conflict on constraint charge_item_once do nothing
    returning kind, source_id, amount_minor
), earned as (
    select account, sum(charged.amount_minor) as amount_minor
    from charged join item using (kind, source_id)
    group by account having sum(charged.amount_minor) > 0
), entry as (
    insert into journal_entry (kind, invoice_id, invoice_version, at, staff_id)
    select 'charge', id, version, %(now)s, %(by)s from target where exists (select from earned)
    returning id
), posted as (
    insert into posting (entry_id, account, amount_minor, currency)
    select entry.id, moved.account, moved.amount_minor, currency
    from entry cross join setting cross join (
        select account, -amount_minor as amount_minor from earned
        union all
        select 'patients-receivable', sum(amount_minor) from earned having count(*) > 0
    ) as moved
)
select id from target
"""

CHARGE_CONSULTATION = _CHARGE.format(items=_CONSULTATION)
CHARGE_MEDICINES = _CHARGE.format(items=_MEDICINES)

ENTER = """
with entry as (
    insert into journal_entry (kind, at, staff_id) values (%(kind)s, %(now)s, %(by)s) returning id
)
insert into posting (entry_id, account, amount_minor, currency)
select id, account, amount_minor, %(currency)s
from entry cross join (
    values (%(debit)s, %(amount)s::bigint), (%(credit)s, -%(amount)s::bigint)
) as moved (account, amount_minor)
"""
