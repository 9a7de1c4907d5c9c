"""Why a time or a schedule is refused, in sentences that name who was faster."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import AppointmentStatus, Slot, with_alternatives
from hms_server.contract.values import PatientId, StaffId
from hms_server.faults import Refused
from hms_server.scheduling.models import StoredAppointment

_TAKEN = "scheduling.taken"

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "appointment_practitioner_free": Fault(
        code=_TAKEN,
        message="Somebody booked the doctor for this time a moment ago. Choose another time.",
        field="starts_at",
    ),
    "appointment_room_free": Fault(
        code=_TAKEN,
        message="Somebody booked the room for this time a moment ago. Choose another time or room.",
        field="room_id",
    ),
    "appointment_patient_free": Fault(
        code=_TAKEN,
        message="The patient got another appointment for this time a moment ago. Look at the list again.",
        field="patient_id",
    ),
    "appointment_length": Fault(
        code="scheduling.length",
        message="An appointment ends after it begins, and takes eight hours at most.",
        field="ends_at",
    ),
    "appointment_reason": Fault(
        code="scheduling.reason_long", message="A reason has at most 500 characters.", field="reason"
    ),
    "appointment_cancel_reason": Fault(
        code="scheduling.reason_long", message="A reason has at most 500 characters.", field="reason"
    ),
    "appointment_proposed_by": Fault(
        code="scheduling.proposed_by",
        message="An appointment is suggested by the assistant or by nobody.",
        field="proposed_by",
    ),
    "appointment_room": Fault(
        code="scheduling.room_unknown",
        message="This room does not exist any more. Choose another one.",
        field="room_id",
    ),
    "appointment_speciality": Fault(
        code="scheduling.speciality_unknown",
        message="There is no such speciality. Choose one from the list.",
        field="speciality",
    ),
    "staff_speciality_known": Fault(
        code="scheduling.speciality_unknown",
        message="There is no such speciality. Choose one from the list.",
        field="specialities",
    ),
    "working_hours_once": Fault(
        code="scheduling.hours_overlap",
        message="Two lines of the week overlap. Nothing was stored.",
        field="hours",
    ),
    "schedule_exception_room": Fault(
        code="scheduling.room_unknown",
        message="This room does not exist any more. Choose another one.",
        field="room_id",
    ),
    "schedule_exception_service": Fault(
        code="scheduling.service_unknown",
        message="There is no such queue. Choose one of the clinic's queues.",
        field="service",
    ),
    "schedule_exception_speciality": Fault(
        code="scheduling.speciality_unknown",
        message="There is no such speciality. Choose one from the list.",
        field="speciality",
    ),
    "schedule_exception_reason": Fault(
        code="scheduling.reason_long",
        message="The reason of an exception has at most 200 characters.",
        field="reason",
    ),
}

_STATES: dict[str, str] = {
    AppointmentStatus.BOOKED: "is booked",
    AppointmentStatus.ARRIVED: "is checked in",
    AppointmentStatus.FULFILLED: "has taken place",
    AppointmentStatus.CANCELLED: "is cancelled",
    AppointmentStatus.NO_SHOW: "is marked as not come",
}


def said(moment: datetime, zone: ZoneInfo) -> str:
    """A moment in words of the clinic's clock, such as "Tue 3 Mar, 10:20"."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b, %H:%M}"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def length() -> Refused:
    fault = FAULTS_BY_CONSTRAINT["appointment_length"]
    return Refused(fault.code, fault.message, field=fault.field)


def unknown_appointment() -> Refused:
    return Refused("scheduling.unknown", "There is no such appointment.", field="appointment_id")


def in_the_past(field: str = "starts_at") -> Refused:
    return Refused(
        "scheduling.past", "This time is over already. Choose a time that is still to come.", field=field
    )


def taken(
    other: StoredAppointment | None,
    *,
    patient_id: PatientId,
    practitioner_id: StaffId,
    alternatives: list[Slot],
    zone: ZoneInfo,
) -> Refused:
    """Who stands in the way; None when whoever did has just made room again."""
    if other is None:
        return Refused(
            _TAKEN,
            "This time was taken for a moment. Try once more, or choose another time.",
            field="starts_at",
            data=with_alternatives(alternatives),
        )
    span = f"{said(other.starts_at, zone)}–{clock(other.ends_at, zone)}"
    by = f", booked by {other.made_by_name}" if other.made_by_name else ""
    if other.patient_id == patient_id:
        message = f"{other.patient_name} has an appointment with {other.practitioner_name} then: {span}{by}."
        field = "patient_id"
    elif other.practitioner_id == practitioner_id:
        message = f"{other.practitioner_name} is taken: {span}, {other.patient_name}{by}."
        field = "starts_at"
    else:
        message = f"{other.room} is taken: {span}, {other.practitioner_name}{by}."
        field = "room_id"
    data = {"appointment_id": str(other.id)} | with_alternatives(alternatives)
    return Refused(_TAKEN, f"{message} Choose another time.", field=field, data=data)


def outside_hours(name: str, *, working: str, absence: str | None, alternatives: list[Slot]) -> Refused:
    """Asks: the same request with `confirmed` books it all the same."""
    if absence is not None:
        message = f"{name} is not there then ({absence})."
    elif working:
        message = f"This is outside the working hours of {name}, who works {working} on that day."
    else:
        message = f"{name} does not work on that day."
    return Refused(
        "scheduling.outside_hours",
        f"{message} Book it all the same?",
        field="starts_at",
        data=with_alternatives(alternatives),
    )


def changed_meanwhile(stored: StoredAppointment, zone: ZoneInfo) -> Refused:
    """Somebody else was faster, and what the appointment is now."""
    by = stored.changed_by_name or "The system"
    return Refused(
        "scheduling.edited_meanwhile",
        f"{by} changed this appointment at {clock(stored.changed_at, zone)}: it {_STATES[stored.status]} for "
        f"{said(stored.starts_at, zone)} with {stored.practitioner_name}. Look at it again.",
        field="version",
        data={"version": str(stored.version), "status": stored.status, "by": by},
    )


def not_in_state(stored: StoredAppointment, zone: ZoneInfo) -> Refused:
    """What became of an appointment with which this cannot be done any more."""
    who = f" ({stored.changed_by_name}, {said(stored.changed_at, zone)})" if stored.changed_by_name else ""
    return Refused(
        f"scheduling.is_{stored.status}",
        f"The appointment of {stored.patient_name} with {stored.practitioner_name}, "
        f"{said(stored.starts_at, zone)}, {_STATES[stored.status]}{who}.",
        field="appointment_id",
        data={"status": stored.status},
    )
