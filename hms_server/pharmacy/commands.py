"""Handing medicines over: checked, under lock, and on to the billing desk."""

from collections.abc import Sequence
from typing import Any

from hms_server.contract.pharmacy import (
    Dispense,
    Dispensed,
    DispensedLine,
    MedicationDispensed,
    PickedLine,
)
from hms_server.contract.prescribing import MedicationRequestStatus
from hms_server.contract.visits import BILLING, TicketRow
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.pharmacy import faults
from hms_server.pharmacy.models import HANDOVER, LOCK, Handover, PrescribedLine, decode_handover
from hms_server.pharmacy.rules import (
    MAX_QUANTITY,
    Split,
    is_same_pack,
    share_out,
)
from hms_server.pharmacy.safety import check_again, refuse_unsafe
from hms_server.pharmacy.stock import tell_stock
from hms_server.visits.commands import send_on
from hms_server.work import Work

FAULTS_BY_CONSTRAINT = faults.FAULTS_BY_CONSTRAINT


def dispense(work: Work, request: Dispense) -> Dispensed:
    """Hands over what was picked, from the batches that expire first, and sends the patient on to pay."""
    _check_form(request.lines)
    handover = _lock(work, request)
    work.concerns(handover.patient.id)
    lines = [_check_line(work, handover, picked, number) for number, picked in enumerate(request.lines)]
    _check_safety(work, handover, lines)
    splits = _take(handover, lines, request.lines)
    work.send(HAND_OVER, _handover_params(work, request, handover, splits))
    work.emit(
        MedicationDispensed(
            dispense_id=handover.handover_id,
            encounter_id=handover.encounter_id,
            patient_id=handover.patient.id,
        ),
        audience=Permission.DISPENSE,
    )
    tell_stock(work, [line.product_id for line in lines])
    return Dispensed(
        patient=handover.patient,
        prescriber=handover.prescriber,
        lines=[
            _handed(line, picked.quantity, split)
            for line, picked, split in zip(lines, request.lines, splits, strict=True)
        ],
        at=work.now,
        ticket=_send_to_pay(work, request),
    )


def _check_form(lines: Sequence[PickedLine]) -> None:
    if not lines:
        raise Refused("pharmacy.nothing_picked", "Pick at least one medicine.", field="lines")
    seen = set()
    for number, line in enumerate(lines):
        if not 1 <= line.quantity <= MAX_QUANTITY:
            raise faults.bad_quantity(number)
        if line.medication_request_id in seen:
            raise Refused(
                "pharmacy.line_twice",
                "This medicine stands twice in the handover. Put both quantities into one line.",
                field=f"lines.{number}.medication_request_id",
            )
        seen.add(line.medication_request_id)


def _lock(work: Work, request: Dispense) -> Handover:
    work.send(LOCK, {"lines": [line.medication_request_id for line in request.lines]})
    params = {"encounter_id": request.encounter_id, "ticket_id": request.ticket_id, "now": work.now}
    text = work.value(HANDOVER, params)
    if text is None:
        raise faults.unknown_visit()
    handover = decode_handover(text)
    if request.ticket_id is not None and handover.ticket_encounter_id != request.encounter_id:
        raise faults.ticket_of_another()
    return handover


def _check_line(work: Work, handover: Handover, picked: PickedLine, number: int) -> PrescribedLine:
    line = next((line for line in handover.lines if line.id == picked.medication_request_id), None)
    if line is None:
        raise faults.not_prescribed(number)
    if line.status not in {MedicationRequestStatus.ACTIVE, MedicationRequestStatus.COMPLETED}:
        raise faults.not_to_give(line, number)
    if picked.quantity > line.owing:
        raise faults.more_than_owing(work, line, number)
    for scanned in picked.scanned:
        if not is_same_pack(scanned, line.gtin):
            raise faults.wrong_pack(work, line, number, scanned=scanned)
    return line


def _check_safety(work: Work, handover: Handover, lines: Sequence[PrescribedLine]) -> None:
    findings = check_again(work, handover, lines)
    for number, line in enumerate(lines):
        refuse_unsafe(handover, line, findings, number=number)


def _take(handover: Handover, lines: Sequence[PrescribedLine], picked: Sequence[PickedLine]) -> list[Split]:
    wanted = [line.wanted(pick.quantity) for line, pick in zip(lines, picked, strict=True)]
    splits = share_out(wanted, today=handover.today)
    for number, split in enumerate(splits):
        if split.short_by:
            raise faults.short(lines[number], number, available=wanted[number].quantity - split.short_by)
    return splits


def _handed(line: PrescribedLine, quantity: int, split: Split) -> DispensedLine:
    return DispensedLine(
        medication_request_id=line.id,
        product=line.product,
        directions=line.directions,
        dispensing_unit=line.dispensing_unit,
        quantity=quantity,
        owing=line.owing - quantity,
        batches=split.allocations,
    )


def _handover_params(
    work: Work, request: Dispense, handover: Handover, splits: Sequence[Split]
) -> dict[str, Any]:
    taken = [
        (line.medication_request_id, allocation.batch_id, allocation.quantity)
        for line, split in zip(request.lines, splits, strict=True)
        for allocation in split.allocations
    ]
    return _who(work) | {
        "handover_id": handover.handover_id,
        "encounter_id": handover.encounter_id,
        "patient_id": handover.patient.id,
        "ticket_id": request.ticket_id,
        "lines": [line.medication_request_id for line in request.lines],
        "quantities": [line.quantity for line in request.lines],
        "taken_lines": [line for line, _, _ in taken],
        "taken_batches": [batch for _, batch, _ in taken],
        "taken_quantities": [quantity for _, _, quantity in taken],
    }


def _send_to_pay(work: Work, request: Dispense) -> TicketRow | None:
    """Who comes back for what was owing has no ticket; the bill shows among those who still owe."""
    if request.ticket_id is None:
        return None
    return send_on(work, request.ticket_id, encounter_id=request.encounter_id, service=BILLING)


def _who(work: Work) -> dict[str, Any]:
    return {"now": work.now, "by": work.actor.staff_id}


# The conditions repeat under lock what was checked before; a broken one is caught by a constraint.
HAND_OVER = """
with handed as (
    insert into handover (id, encounter_id, patient_id, ticket_id, at, staff_id)
    values (%(handover_id)s, %(encounter_id)s, %(patient_id)s, %(ticket_id)s, %(now)s, %(by)s)
), picked as (
    select * from unnest(%(lines)s::bigint[], %(quantities)s::int[]) as picked (line, quantity)
), given as (
    insert into medication_dispense (handover_id, medication_request_id, quantity)
    select %(handover_id)s, line, quantity from picked
    returning id, medication_request_id
), moved as (
    insert into stock_movement (batch_id, quantity, kind, at, staff_id, dispense_id)
    select batch, -quantity, 'dispensed', %(now)s, %(by)s, given.id
    from unnest(%(taken_lines)s::bigint[], %(taken_batches)s::bigint[], %(taken_quantities)s::int[])
        as taken (line, batch, quantity)
    join given on medication_request_id = line
)
update medication_request as request
set dispensed = request.dispensed + picked.quantity, version = version + 1,
    status = case when request.dispensed + picked.quantity >= request.quantity
        then 'completed' else request.status end
from picked where request.id = picked.line
"""
