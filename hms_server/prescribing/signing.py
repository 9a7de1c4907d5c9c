"""Signing: note, diagnoses and prescriptions become final together, and the patient is sent on."""

from collections.abc import Sequence

import msgspec

from hms_server.consultations.commands import note_params
from hms_server.consultations.diagnoses import diagnosis_index
from hms_server.consultations.rules import checked_diagnoses, checked_note, is_blank
from hms_server.contract.consultations import (
    ChartChanged,
    Diagnosis,
    EncounterSigned,
    NoteText,
    NoteVersion,
    Signed,
    SignEncounter,
)
from hms_server.contract.prescribing import MedicationPrescribed
from hms_server.contract.visits import BILLING, PHARMACY
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.prescribing.models import SIGNATURE, SIGNING_BASIS, Signature, SigningBasis
from hms_server.prescribing.orders import Order, Override, checked_orders, order_row
from hms_server.prescribing.queries import unknown_encounter
from hms_server.visits.commands import finish_encounter, send_on
from hms_server.work import Work

MAX_LINES = 30


# A request of the consultations slice, answered here, since it closes chart and prescription in one act.
def sign_encounter(work: Work, request: SignEncounter) -> Signed:
    """Stores all or nothing; whoever signs second learns who was faster.

    An allergy that is recorded at the very moment of signing counts as recorded after it: the pharmacy's
    check will see it.
    """
    text = checked_note(request.text)
    diagnoses = checked_diagnoses(request.diagnoses, diagnosis_index())
    _refuse_empty(text, request)
    _refuse_prescribing(work, request)
    basis = _basis(work, request)
    orders = checked_orders(request.prescription, basis)
    person = work.actor.person
    _store(work, basis, orders=orders, diagnoses=diagnoses, text=text)
    finish_encounter(work, request.encounter_id, practitioner_id=person.id)
    _tell(work, basis, prescribed=bool(orders))
    ticket = send_on(
        work,
        request.ticket_id,
        encounter_id=request.encounter_id,
        service=PHARMACY if orders else BILLING,
    )
    return Signed(
        note=NoteVersion(version=1, text=text, signed_at=work.now, signed_by=person, reason=""),
        prescriptions=[order_row(order, basis, prescriber=person, now=work.now) for order in orders],
        ticket=ticket,
    )


def _refuse_empty(text: NoteText, request: SignEncounter) -> None:
    if is_blank(text) and not request.diagnoses and not request.prescription:
        raise Refused(
            "consultations.note_blank",
            "There is nothing to sign yet: write a note, or choose a diagnosis or a medicine.",
            field="text",
        )


def _refuse_prescribing(work: Work, request: SignEncounter) -> None:
    lines = len(request.prescription)
    if lines and Permission.PRESCRIBE not in work.actor.permissions:
        raise Refused("request.forbidden", "Your role does not allow prescribing.", field="prescription")
    if lines > MAX_LINES:
        raise Refused(
            "prescribing.too_many_lines",
            f"A prescription has at most {MAX_LINES} lines; this one has {lines}.",
            field="prescription",
        )


def _basis(work: Work, request: SignEncounter) -> SigningBasis:
    """Locks the encounter and reads what the prescription is checked against; refused if it is closed."""
    params = {
        "encounter_id": request.encounter_id,
        "lines": len(request.prescription),
        "product_ids": [line.product_id for line in request.prescription],
        "frequencies": [line.frequency for line in request.prescription],
        "now": work.now,
    }
    stored = work.value(SIGNING_BASIS, params)
    if stored is None:
        raise unknown_encounter()
    basis = msgspec.json.decode(stored, type=SigningBasis)
    work.concerns(basis.patient_id)
    if not basis.in_progress:
        raise _closed(work, basis)
    if basis.deceased and request.prescription:
        raise Refused(
            "prescribing.deceased",
            f"{basis.patient_name} is recorded as deceased. Sign without a prescription, or correct the "
            "patient's entry.",
            field="prescription",
        )
    return basis


def _closed(work: Work, basis: SigningBasis) -> Refused:
    """Asked anew: whoever signed while this request waited for the lock is not in what it has read."""
    signed = work.one(Signature, SIGNATURE, {"encounter_id": basis.encounter_id})
    if signed is None:
        return Refused(
            "consultations.closed",
            f"The visit of {basis.patient_name} was closed without a note. Undo that in the queue, or check "
            "the patient in again; your text is not stored yet.",
            field="encounter_id",
        )
    return Refused(
        "consultations.signed",
        f"{signed.name} signed this visit at {signed.clock_time}. Your text is not stored: open the chart "
        "again and correct the note there.",
        field="encounter_id",
        data={"by": signed.name, "at": signed.clock_time},
    )


def _store(
    work: Work, basis: SigningBasis, *, orders: list[Order], diagnoses: list[Diagnosis], text: NoteText
) -> None:
    """Queues the rows without waiting; once the encounter is closed, the database takes no more of them."""
    params = {
        "encounter_id": basis.encounter_id,
        "patient_id": basis.patient_id,
        "by": work.actor.person.id,
        "lines": _json([_line(order) for order in orders]),
        "overrides": _json([_override(order, each) for order in orders for each in order.overrides]),
        "diagnoses": _json(diagnoses),
    }
    work.send(STORE, params | note_params(text, now=work.now))


def _json(rows: Sequence[object]) -> str:
    """Rows as one parameter: a dozen arrays cost the server more time than the whole rest of the request."""
    return msgspec.json.encode(rows).decode()


def _line(order: Order) -> dict[str, object]:
    return {
        "id": order.id,
        "product_id": order.product.id,
        "product_text": order.product.label,
        "dose": order.dosage.dose,
        "frequency": order.dosage.frequency.code,
        "days": order.dosage.days,
        "quantity": order.quantity,
        "instructions": order.instructions,
        "directions": order.directions,
    }


def _override(order: Order, override: Override) -> dict[str, object]:
    return {
        "medication_request_id": order.id,
        "finding_key": override.finding.key,
        "severity": override.finding.severity,
        "title": override.finding.title,
        "reason": override.reason,
    }


def _tell(work: Work, basis: SigningBasis, *, prescribed: bool) -> None:
    signed = EncounterSigned(encounter_id=basis.encounter_id, patient_id=basis.patient_id)
    work.emit(signed, audience=Permission.CHART_READ)
    work.emit(ChartChanged(patient_id=basis.patient_id), audience=Permission.PATIENT_READ)
    if prescribed:
        medicines = MedicationPrescribed(encounter_id=basis.encounter_id, patient_id=basis.patient_id)
        work.emit(medicines, audience=Permission.FORMULARY_READ)


STORE = """
with prescribed as (
    insert into medication_request (id, encounter_id, patient_id, product_id, product_text, dose, frequency,
        days, quantity, instructions, directions, prescriber_id, authored_at)
    select id, %(encounter_id)s, %(patient_id)s, product_id, product_text, dose, frequency, days, quantity,
        instructions, directions, %(by)s, %(now)s
    from json_to_recordset(%(lines)s::json) as line (id bigint, product_id bigint, product_text text,
        dose numeric, frequency text, days int, quantity int, instructions text, directions text)
), overridden as (
    insert into safety_override (medication_request_id, finding_key, severity, title, reason, staff_id, at)
    select medication_request_id, finding_key, severity, title, reason, %(by)s, %(now)s
    from json_to_recordset(%(overrides)s::json) as override (medication_request_id bigint, finding_key text,
        severity text, title text, reason text)
), diagnosed as (
    insert into condition (patient_id, encounter_id, code, display, recorded_at, recorded_by)
    select %(patient_id)s, %(encounter_id)s, code, display, %(now)s, %(by)s
    from json_to_recordset(%(diagnoses)s::json) as diagnosis (code text, display text)
)
insert into note
    (encounter_id, version, subjective, objective, assessment, plan, signed_at, signed_by)
values (%(encounter_id)s, 1, %(subjective)s, %(objective)s, %(assessment)s, %(plan)s, %(now)s, %(by)s)
"""
