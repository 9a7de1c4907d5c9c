"""Booking, moving, cancelling: what a desk does with an appointment."""

from typing import Any

from hms_server.contract.scheduling import (
    AppointmentId,
    AppointmentStatus,
    AppointmentStored,
    BookAppointment,
    CancelAppointment,
    MarkAppointmentMissed,
    MoveAppointment,
    ReopenAppointment,
)
from hms_server.contract.values import PatientId
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.scheduling import faults
from hms_server.scheduling.faults import FAULTS_BY_CONSTRAINT
from hms_server.scheduling.models import BESIDE, SHOWN, StoredAppointment
from hms_server.scheduling.placing import Place, Wish, now_taken, place, refuse_if_taken
from hms_server.scheduling.rules import local_day
from hms_server.scheduling.timetable import zone_of
from hms_server.work import Work

__all__ = ["FAULTS_BY_CONSTRAINT"]

_OPEN = frozenset({AppointmentStatus.BOOKED})
_REOPENED = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW, AppointmentStatus.ARRIVED})


def book_appointment(work: Work, request: BookAppointment) -> AppointmentStored:
    """Of desks that want the same time one gets it; the others learn who, and what is free instead."""
    _check_patient(work, request.patient_id)
    wanted = place(
        work,
        Wish(
            patient_id=request.patient_id,
            practitioner_id=request.practitioner_id,
            starts_at=request.starts_at,
            ends_at=request.ends_at,
            room_id=request.room_id,
            speciality=request.speciality,
            confirmed=request.confirmed,
        ),
    )
    params = {"reason": request.reason.strip(), "proposed_by": request.proposed_by}
    stored = work.one(StoredAppointment, BOOK, wanted.params() | params | _who_and_when(work))
    if stored is None:
        raise now_taken(work, wanted)
    return _told(work, stored)


def move_appointment(work: Work, request: MoveAppointment) -> AppointmentStored:
    """Keeps its length unless another end is given; room and queue are those of the new time."""
    standing = standing_appointment(work, request.appointment_id, version=request.version, allowed=_OPEN)
    wanted = place(
        work,
        Wish(
            patient_id=standing.patient_id,
            practitioner_id=request.practitioner_id or standing.practitioner_id,
            starts_at=request.starts_at,
            ends_at=request.ends_at,
            room_id=request.room_id,
            speciality=standing.speciality,
            confirmed=request.confirmed,
            length=standing.ends_at - standing.starts_at,
            leaving_out=standing.id,
        ),
    )
    refuse_if_taken(work, wanted)
    params = {"id": standing.id} | wanted.params() | _who_and_when(work)
    moved = work.one(StoredAppointment, MOVE, params)
    assert moved is not None
    return _told(work, moved, before=standing)


def cancel_appointment(work: Work, request: CancelAppointment) -> AppointmentStored:
    """Frees the time; the reason stays with the appointment."""
    reason = request.reason.strip()
    if not reason:
        raise Refused(
            "scheduling.reason_missing", "Say in a word why the appointment is cancelled.", field="reason"
        )
    standing = standing_appointment(work, request.appointment_id, version=request.version, allowed=_OPEN)
    return _told(work, set_status(work, standing, AppointmentStatus.CANCELLED, cancel_reason=reason))


def mark_appointment_missed(work: Work, request: MarkAppointmentMissed) -> AppointmentStored:
    """Frees the rest of the time for somebody else."""
    standing = standing_appointment(work, request.appointment_id, version=request.version, allowed=_OPEN)
    if work.now < standing.starts_at:
        raise Refused(
            "scheduling.not_yet",
            f"The appointment begins only at {faults.clock(standing.starts_at, zone_of(work))}. "
            "If the patient cannot come, cancel it.",
            field="appointment_id",
        )
    return _told(work, set_status(work, standing, AppointmentStatus.NO_SHOW))


def reopen_appointment(work: Work, request: ReopenAppointment) -> AppointmentStored:
    """Booked again as it was, unless its day is over or the time was given to somebody else."""
    standing = standing_appointment(work, request.appointment_id, version=request.version, allowed=_REOPENED)
    zone = zone_of(work)
    if local_day(standing.ends_at, zone) < local_day(work.now, zone):
        raise faults.in_the_past("appointment_id")
    refuse_if_taken(
        work,
        Place(
            patient_id=standing.patient_id,
            practitioner_id=standing.practitioner_id,
            span=standing.span,
            room_id=standing.room_id,
            service=standing.service,
            speciality=standing.speciality,
            leaving_out=standing.id,
        ),
    )
    return _told(work, set_status(work, standing, AppointmentStatus.BOOKED))


def standing_appointment(
    work: Work, appointment_id: AppointmentId, *, version: int, allowed: frozenset[AppointmentStatus]
) -> StoredAppointment:
    """The appointment, locked; refused if it is another version or in another state than the person saw."""
    standing = work.one(StoredAppointment, STANDING, (appointment_id,))
    if standing is None:
        raise faults.unknown_appointment()
    work.concerns(standing.patient_id)
    if standing.version != version:
        raise faults.changed_meanwhile(standing, zone_of(work))
    if standing.status not in allowed:
        raise faults.not_in_state(standing, zone_of(work))
    return standing


def set_status(
    work: Work, standing: StoredAppointment, status: AppointmentStatus, **others: Any
) -> StoredAppointment:
    """Stores the state; `cancel_reason` and `encounter_id` are those of the new state."""
    params = {"id": standing.id, "status": status, "cancel_reason": "", "encounter_id": None} | others
    stored = work.one(StoredAppointment, SET_STATUS, params | _who_and_when(work))
    assert stored is not None
    return stored


def _check_patient(work: Work, patient_id: PatientId) -> None:
    row = work.connection.execute(
        "select name, deceased from patient where id = %s", (patient_id,)
    ).fetchone()
    if row is None:
        raise Refused("patients.unknown", "There is no such patient.", field="patient_id")
    work.concerns(patient_id)
    name, deceased = row
    if deceased:
        raise Refused(
            "scheduling.deceased",
            f"{name} is recorded as deceased. If that is wrong, correct the patient's entry first.",
            field="patient_id",
        )


def _told(
    work: Work, stored: StoredAppointment, *, before: StoredAppointment | None = None
) -> AppointmentStored:
    work.concerns(stored.patient_id)
    event = stored.event(before=before.starts_at if before else None)
    work.emit(event, audience=Permission.APPOINTMENTS_READ)
    return AppointmentStored(appointment=stored.row())


def _who_and_when(work: Work) -> dict[str, Any]:
    return {"now": work.now, "by": work.actor.staff_id}


# Whoever comes second waits for the first to commit, and then inserts nothing: the transaction lives on to
# say who was faster.
BOOK = f"""
with stored as (
    insert into appointment (patient_id, practitioner_id, room_id, service, speciality, starts_at, ends_at,
        reason, proposed_by, made_at, made_by, changed_at, changed_by)
    values (%(patient_id)s, %(practitioner_id)s, %(room_id)s, %(service)s, %(speciality)s, %(starts_at)s,
        %(ends_at)s, %(reason)s, %(proposed_by)s, %(now)s, %(by)s, %(now)s, %(by)s)
    on conflict do nothing returning *
)
select {SHOWN} from stored as appointment {BESIDE}
"""

STANDING = f"select {SHOWN} from appointment {BESIDE} where appointment.id = %s for update of appointment"

_CHANGED = "changed_at = %(now)s, changed_by = %(by)s, version = version + 1"

MOVE = f"""
with stored as (
    update appointment
    set practitioner_id = %(practitioner_id)s, room_id = %(room_id)s, service = %(service)s,
        speciality = %(speciality)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s, {_CHANGED}
    where id = %(id)s returning *
)
select {SHOWN} from stored as appointment {BESIDE}
"""

SET_STATUS = f"""
with stored as (
    update appointment
    set status = %(status)s, cancel_reason = %(cancel_reason)s, encounter_id = %(encounter_id)s, {_CHANGED}
    where id = %(id)s returning *
)
select {SHOWN} from stored as appointment {BESIDE}
"""
