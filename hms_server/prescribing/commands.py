"""Stopping a medicine before its course is over."""

import msgspec

from hms_server.consultations.rules import required_words
from hms_server.contract.consultations import ChartChanged
from hms_server.contract.envelope import Fault
from hms_server.contract.prescribing import MedicationRequestRow, StopMedication
from hms_server.contract.values import PatientId
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.prescribing.models import PRESCRIPTION_JSON
from hms_server.work import Work

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "medication_request_signed": Fault(
        code="prescribing.signed",
        message="A signed prescription is not changed. Stop it, and prescribe again.",
    ),
}


class _Stopped(msgspec.Struct, frozen=True, kw_only=True):
    patient_id: PatientId
    row: str


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A prescription that cannot be stopped, and why."""

    patient_id: PatientId
    product: str
    status: str
    by: str | None
    clock_time: str | None


def stop_medication(work: Work, request: StopMedication) -> MedicationRequestRow:
    """Nothing more is dispensed of it from now on; what was handed over stays on record."""
    reason = required_words(request.reason, field="reason", what="The reason for stopping")
    params = {
        "id": request.medication_request_id,
        "reason": reason,
        "now": work.now,
        "by": work.actor.staff_id,
    }
    stopped = work.one(_Stopped, STOP, params)
    if stopped is None:
        raise _not_active(work, request)
    work.concerns(stopped.patient_id)
    work.emit(ChartChanged(patient_id=stopped.patient_id), audience=Permission.PATIENT_READ)
    return msgspec.json.decode(stopped.row, type=MedicationRequestRow)


def _not_active(work: Work, request: StopMedication) -> Refused:
    standing = work.one(_Standing, STANDING, {"id": request.medication_request_id})
    if standing is None:
        return Refused("prescribing.unknown", "There is no such prescription.", field="medication_request_id")
    work.concerns(standing.patient_id)
    whoever = f" by {standing.by} at {standing.clock_time}" if standing.by else ""
    return Refused(
        "prescribing.not_active",
        f"{standing.product} is {standing.status}{whoever}: there is nothing left to stop.",
        field="medication_request_id",
        data={"status": standing.status, "by": standing.by or ""},
    )


STOP = f"""
with medication_request as (
    update medication_request
    set status = 'stopped', stopped_at = %(now)s, stopped_by = %(by)s, stopped_reason = %(reason)s,
        version = version + 1
    where id = %(id)s and status = 'active'
    returning *
)
select patient_id, {PRESCRIPTION_JSON}::text as row from medication_request
"""

STANDING = """
select patient_id, product_text as product, medication_request.status, staff.name as by,
    to_char(stopped_at at time zone time_zone, 'HH24:MI') as clock_time
from medication_request cross join clinic left join staff on staff.id = stopped_by
where medication_request.id = %(id)s
"""
