"""What becomes of an appointment when the patient comes and goes: for the visits above this slice."""

from hms_server.contract.scheduling import AppointmentId, AppointmentStatus
from hms_server.contract.values import EncounterId, PatientId, StaffId
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.scheduling import faults
from hms_server.scheduling.commands import STANDING, set_status
from hms_server.scheduling.models import BESIDE, SHOWN, StoredAppointment
from hms_server.scheduling.rules import local_day
from hms_server.scheduling.timetable import zone_of
from hms_server.work import Work

_EXPECTED = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.NO_SHOW})
"""Who comes after having been given up still has the appointment, if the time was not given away."""


def expected(work: Work, appointment_id: AppointmentId, patient_id: PatientId) -> StoredAppointment:
    """The appointment for which the patient has come today, locked to the end of the transaction.

    Refused if it is another patient's, of another day, cancelled, or checked in already.
    """
    standing = work.one(StoredAppointment, STANDING, (appointment_id,))
    if standing is None:
        raise faults.unknown_appointment()
    zone = zone_of(work)
    if standing.patient_id != patient_id:
        raise Refused(
            "scheduling.other_patient",
            f"This appointment is of {standing.patient_name} ({standing.patient_number}). "
            "Choose the appointment of the patient who has come.",
            field="appointment_id",
        )
    work.concerns(patient_id)
    if standing.status not in _EXPECTED:
        raise faults.not_in_state(standing, zone)
    if local_day(standing.starts_at, zone) != local_day(work.now, zone):
        raise Refused(
            "scheduling.other_day",
            f"The appointment of {standing.patient_name} is on {faults.said(standing.starts_at, zone)}, not "
            "today. Move it to today, or check the patient in without it.",
            field="appointment_id",
        )
    return standing


def of_today(
    work: Work, patient_id: PatientId, *, practitioner_id: StaffId | None
) -> StoredAppointment | None:
    """The next appointment of today that somebody who comes without naming one has, locked; None without.

    Who is to see another doctor than the booked one has come for something else.
    """
    params = {"patient_id": patient_id, "practitioner_id": practitioner_id, "now": work.now}
    return work.one(StoredAppointment, OF_TODAY, params)


def arrive(work: Work, appointment: StoredAppointment, encounter_id: EncounterId) -> None:
    """The patient is here, under that visit."""
    stored = set_status(work, appointment, AppointmentStatus.ARRIVED, encounter_id=encounter_id)
    work.emit(stored.event(), audience=Permission.APPOINTMENTS_READ)


def fulfil(work: Work, encounter_id: EncounterId) -> None:
    """The visit is over, and with it whatever appointments it was for."""
    params = {"encounter_id": encounter_id, "now": work.now, "by": work.actor.staff_id}
    for stored in work.rows(StoredAppointment, FULFIL, params):
        work.emit(stored.event(), audience=Permission.APPOINTMENTS_READ)


OF_TODAY = f"""
select {SHOWN} from appointment {BESIDE}
cross join lateral (
    select date_trunc('day', %(now)s::timestamptz at time zone time_zone) as day, time_zone from clinic
) as today
where appointment.patient_id = %(patient_id)s and appointment.status = 'booked'
    and appointment.practitioner_id = coalesce(%(practitioner_id)s, appointment.practitioner_id)
    and starts_at >= day at time zone today.time_zone
    and starts_at < (day + interval '1 day') at time zone today.time_zone
order by starts_at limit 1 for update of appointment
"""

FULFIL = f"""
with stored as (
    update appointment
    set status = 'fulfilled', changed_at = %(now)s, changed_by = %(by)s, version = version + 1
    where encounter_id = %(encounter_id)s and status = 'arrived' returning *
)
select {SHOWN} from stored as appointment {BESIDE}
"""
