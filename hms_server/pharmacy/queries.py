"""What the pharmacy's counter shows: who waits, the prescription, and the batches of a medicine."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from hms_server.contract.pharmacy import (
    Batches,
    BatchRow,
    DispenseLine,
    GetPrescription,
    ListBatches,
    ListToDispense,
    Prescription,
    ToDispense,
    ToDispenseRow,
)
from hms_server.contract.prescribing import MedicationRequestStatus, SafetyFinding
from hms_server.contract.values import EncounterId, PatientHeader
from hms_server.contract.visits import PHARMACY
from hms_server.pharmacy import faults
from hms_server.pharmacy.models import PRESCRIBED, PrescribedLine, decode_prescribed
from hms_server.pharmacy.rules import (
    Split,
    share_out,
)
from hms_server.pharmacy.safety import check_again, news_of
from hms_server.visits.models import BESIDE, SHOWN, StoredTicket
from hms_server.work import Work

MAX_OWING = 100
OWING_DAYS = 30
SHOWN_STATES = {MedicationRequestStatus.ACTIVE, MedicationRequestStatus.COMPLETED}


@dataclass(frozen=True, slots=True, kw_only=True)
class _WaitingRow(StoredTicket):
    """A ticket of the pharmacy with how many medicines are owing."""

    items: int
    authored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwingRow:
    """A prescription that was not handed over whole, and nobody stands at the counter."""

    encounter_id: EncounterId
    patient: object
    items: int
    authored_at: datetime


def get_prescription(work: Work, request: GetPrescription) -> Prescription:
    """The medicines of a visit, each with the batches that it would come from now."""
    text = work.value(PRESCRIBED, {"encounter_id": request.encounter_id, "now": work.now})
    if text is None:
        raise faults.unknown_visit()
    prescribed = decode_prescribed(text)
    work.concerns(prescribed.patient.id)
    lines = [line for line in prescribed.lines if line.status in SHOWN_STATES]
    findings = check_again(work, prescribed, lines)
    splits = share_out([line.wanted(line.owing) for line in lines], today=prescribed.today)
    return Prescription(
        encounter_id=prescribed.encounter_id,
        patient=prescribed.patient,
        prescriber=prescribed.prescriber,
        authored_at=min((line.authored_at for line in lines), default=None),
        lines=[
            _proposed(line, split, news_of(prescribed, line, findings))
            for line, split in zip(lines, splits, strict=True)
        ],
    )


def list_to_dispense(work: Work, _: ListToDispense) -> ToDispense:
    """Who waits at the pharmacy in the order of the queue, then to whom something is owing, newest first."""
    waiting = work.rows(_WaitingRow, WAITING, {"service": PHARMACY})
    since = {"service": PHARMACY, "now": work.now, "days": OWING_DAYS, "most": MAX_OWING}
    rows = [_of_ticket(row) for row in waiting] + [
        _of_owing(row) for row in work.rows(_OwingRow, OWING, since)
    ]
    work.concerns(*(row.patient.id for row in rows))
    return ToDispense(rows)


def list_batches(work: Work, request: ListBatches) -> Batches:
    """The batches of a product that hold something or could be used, first to expire first."""
    return Batches(work.rows(BatchRow, BATCHES, {"product_id": request.product_id, "now": work.now}))


def _proposed(line: PrescribedLine, split: Split, findings: list[SafetyFinding]) -> DispenseLine:
    return DispenseLine(
        medication_request_id=line.id,
        product_id=line.product_id,
        product=line.product,
        gtin=line.gtin,
        directions=line.directions,
        dispensing_unit=line.dispensing_unit,
        quantity=line.quantity,
        dispensed=line.dispensed,
        owing=line.owing,
        proposed=split.allocations,
        short_by=split.short_by,
        controlled=line.controlled,
        overrides=line.overrides,
        findings=findings,
    )


def _of_ticket(row: _WaitingRow) -> ToDispenseRow:
    ticket = row.row()
    return ToDispenseRow(
        ticket=ticket,
        encounter_id=ticket.encounter_id,
        patient=ticket.patient,
        items=row.items,
        authored_at=row.authored_at,
    )


def _of_owing(row: _OwingRow) -> ToDispenseRow:
    return ToDispenseRow(
        ticket=None,
        encounter_id=row.encounter_id,
        patient=msgspec.convert(row.patient, PatientHeader),
        items=row.items,
        authored_at=row.authored_at,
    )


# A patient who was sent here without a prescription is listed too, since of the two the ticket is the one
# who stands there.
WAITING = f"""
select {SHOWN}, items, coalesce(authored_at, queued_at) as authored_at
from ticket {BESIDE}
cross join lateral (
    select count(*) as items, min(authored_at) as authored_at from medication_request as line
    where line.encounter_id = ticket.encounter_id and line.status = 'active' and product_id is not null
) as prescribed
where ticket.service = %(service)s and ticket.state in ('waiting', 'called')
order by ticket.state, priority, special_need, queued_at, ticket.id
"""

OWING = """
with owing as (
    select encounter_id, min(patient_id) as patient_id, count(*) as items, max(authored_at) as authored_at
    from medication_request as line
    where status = 'active' and product_id is not null and encounter_id is not null
        and authored_at > %(now)s - make_interval(days => %(days)s)
        and not exists (
            select from ticket
            where ticket.encounter_id = line.encounter_id and service = %(service)s
                and state in ('waiting', 'called'))
    group by encounter_id
    order by authored_at desc limit %(most)s
)
select encounter_id, to_json(patient_header) as patient, items, authored_at
from owing join patient_header on patient_header.id = patient_id
order by authored_at desc, encounter_id
"""

BATCHES = """
select batch.id, product_id, product.label as product, lot, expires_on, shelf, on_hand
from batch join product on product.id = product_id cross join clinic
where product_id = %(product_id)s and (on_hand > 0 or expires_on >= (%(now)s at time zone time_zone)::date)
order by expires_on, batch.id
"""
