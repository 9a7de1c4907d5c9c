"""Working hours and their exceptions, the free slots that follow from them, and appointments."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import NewType

import msgspec

from hms_server.contract.envelope import Event, Fault, Request
from hms_server.contract.values import EncounterId, Moment, PatientHeader, PatientId, Person, RoomId, StaffId

AppointmentId = NewType("AppointmentId", int)
ScheduleExceptionId = NewType("ScheduleExceptionId", int)

MAX_SLOTS = 100
MAX_DAYS = 92
"""How many days one question about slots, availability or appointments may span."""
MAX_ALTERNATIVES = 3
ASSISTANT = "assistant"
"""`proposed_by` of what the assistant suggested and a person accepted."""


class AppointmentStatus(StrEnum):
    """FHIR appointment status, as far as a desk uses it; only `booked` and `arrived` hold the time."""

    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NO_SHOW = "noshow"


class ExceptionKind(StrEnum):
    """What differs from the weekly hours: nobody there, more hours, or the same hours in another room."""

    ABSENCE = "absence"
    EXTRA = "extra"
    ROOM = "room"


class Speciality(msgspec.Struct, frozen=True, kw_only=True):
    """`words` are other names by which people ask for it ("heart"); practitioners may all sign in."""

    code: str
    name: str
    words: list[str] = []
    practitioners: list[Person] = []


class Specialities(msgspec.Struct, frozen=True):
    specialities: list[Speciality]


class ListSpecialities(Request[Specialities], frozen=True, kw_only=True):
    """Those that somebody here has come first."""


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every week from `starts` to `ends` on the clinic's clock; `ends` 00:00 is the end of the day.

    `weekday` counts from 1 (Monday) to 7. `speciality` None: every speciality of the practitioner. `service`
    is the queue that a patient enters at check-in. Of `valid_from` and `valid_until` both days are included.
    """

    weekday: int
    starts: time
    ends: time
    room_id: RoomId
    slot_minutes: int = 20
    service: str = "T"
    speciality: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class ScheduleException(msgspec.Struct, frozen=True, kw_only=True):
    """One exception of one practitioner, or an absence of everybody (`practitioner` None: a holiday).

    It holds on every day from `from_day` to `until_day`, both included. `starts` and `ends` None: all day.
    """

    id: ScheduleExceptionId
    kind: ExceptionKind
    practitioner: Person | None
    from_day: date
    until_day: date
    starts: time | None
    ends: time | None
    room_id: RoomId | None
    slot_minutes: int | None
    service: str | None
    speciality: str | None
    reason: str
    made: Moment


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """The week of one practitioner; `version` goes back with a change."""

    practitioner: Person
    specialities: list[str]
    hours: list[Hours]
    exceptions: list[ScheduleException]
    version: int


class Schedules(msgspec.Struct, frozen=True, kw_only=True):
    """Of every doctor who may sign in; exceptions that are over are left out."""

    schedules: list[Schedule]
    closures: list[ScheduleException]
    """The days on which the whole clinic is closed."""
    specialities: list[Speciality]


class ListSchedules(Request[Schedules], frozen=True, kw_only=True):
    practitioner_id: StaffId | None = None


class AppointmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment as lists show it.

    `proposed_by` "assistant": suggested by the assistant, accepted by `made.by`. `changed` is the last move,
    cancellation or arrival; `cancel_reason` is empty unless it is cancelled.
    """

    id: AppointmentId
    status: AppointmentStatus
    patient: PatientHeader
    practitioner: Person
    speciality: str | None
    room_id: RoomId
    room: str
    service: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    cancel_reason: str
    made: Moment
    changed: Moment
    proposed_by: str | None
    encounter_id: EncounterId | None
    version: int


class ScheduleStored(msgspec.Struct, frozen=True, kw_only=True):
    """What now lies outside the working hours stays booked, until somebody moves or cancels it.

    `affected` counts those appointments; `appointments` names them to whoever may read appointments.
    """

    version: int
    affected: int
    appointments: list[AppointmentRow] = []


class SetSpecialities(Request[ScheduleStored], frozen=True, kw_only=True):
    """Replaces the specialities of one practitioner, by their codes."""

    practitioner_id: StaffId
    version: int
    specialities: list[str]


class SetWorkingHours(Request[ScheduleStored], frozen=True, kw_only=True):
    """Replaces the whole week of one practitioner.

    An old version is refused as `scheduling.edited_meanwhile`. A fault in one line
    names it in `data["line"]`, counted from 0.
    """

    practitioner_id: StaffId
    version: int
    hours: list[Hours]


class ExceptionStored(msgspec.Struct, frozen=True, kw_only=True):
    exception: ScheduleException
    affected: int
    appointments: list[AppointmentRow] = []


class AddException(Request[ExceptionStored], frozen=True, kw_only=True):
    """An absence may be everybody's (`practitioner_id` None); extra hours need times and a room.

    Another room needs the room only: it holds for whatever hours fall into the time.
    """

    kind: ExceptionKind
    practitioner_id: StaffId | None
    from_day: date
    until_day: date | None = None
    starts: time | None = None
    ends: time | None = None
    room_id: RoomId | None = None
    slot_minutes: int | None = None
    service: str | None = None
    speciality: str | None = None
    reason: str = ""


class RemoveException(Request[ScheduleStored], frozen=True, kw_only=True):
    """Takes an exception back; `version` of the answer is that of the practitioner's schedule, or 0."""

    exception_id: ScheduleExceptionId


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A time that can be booked, derived from the hours and never stored."""

    practitioner: Person
    room_id: RoomId
    room: str
    service: str
    speciality: str | None
    starts_at: datetime
    ends_at: datetime


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """The soonest first; `more` means that the limit cut others off."""

    slots: list[Slot]
    more: bool


class FindSlots(Request[Slots], frozen=True, kw_only=True):
    """Free slots from now on, of one practitioner, of a speciality (its code), or of anybody.

    Days are the clinic's; `until_day` None: four weeks. With a patient, times at which that patient has
    another appointment are left out.
    """

    practitioner_id: StaffId | None = None
    speciality: str | None = None
    from_day: date | None = None
    until_day: date | None = None
    patient_id: PatientId | None = None
    limit: int = 20


class WorkingTime(msgspec.Struct, frozen=True, kw_only=True):
    """`starts` and `ends` are on the clinic's clock."""

    starts: time
    ends: time
    room: str


class DayAvailability(msgspec.Struct, frozen=True, kw_only=True):
    """`absence` says why nobody is there, where an absence was entered."""

    day: date
    working: list[WorkingTime]
    slots: int
    free: int
    first_free: Slot | None
    absence: str | None


class PractitionerAvailability(msgspec.Struct, frozen=True, kw_only=True):
    """Only days with hours or an absence; `specialities` by their names."""

    practitioner: Person
    specialities: list[str]
    days: list[DayAvailability]


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    practitioners: list[PractitionerAvailability]
    time_zone: str


class GetAvailability(Request[Availability], frozen=True, kw_only=True):
    """Of the doctors whose name has all these words (also parts), and who have the speciality.

    `speciality` is a code, a name or one of its other words. Without either, everybody. `until_day` None:
    seven days.
    """

    practitioner: str = ""
    speciality: str = ""
    from_day: date | None = None
    until_day: date | None = None


class AppointmentStored(msgspec.Struct, frozen=True, kw_only=True):
    appointment: AppointmentRow


class BookAppointment(Request[AppointmentStored], frozen=True, kw_only=True):
    """Books a time; the past is refused. Room, service, end and speciality None: as the hours say.

    A time outside the working hours is refused as `scheduling.outside_hours` until it is `confirmed`. A taken
    time is refused as `scheduling.taken`; `alternatives_of(fault)` gives up to three free slots.
    """

    patient_id: PatientId
    practitioner_id: StaffId
    starts_at: datetime
    ends_at: datetime | None = None
    room_id: RoomId | None = None
    speciality: str | None = None
    reason: str = ""
    confirmed: bool = False
    proposed_by: str | None = None


class MoveAppointment(Request[AppointmentStored], frozen=True, kw_only=True):
    """To another time, and to another practitioner if one is named; refused like a booking."""

    appointment_id: AppointmentId
    version: int
    starts_at: datetime
    ends_at: datetime | None = None
    practitioner_id: StaffId | None = None
    room_id: RoomId | None = None
    confirmed: bool = False


class CancelAppointment(Request[AppointmentStored], frozen=True, kw_only=True):
    """Needs a reason, which is stored."""

    appointment_id: AppointmentId
    version: int
    reason: str


class MarkAppointmentMissed(Request[AppointmentStored], frozen=True, kw_only=True):
    """The patient did not come; not before the appointment begins."""

    appointment_id: AppointmentId
    version: int


class ReopenAppointment(Request[AppointmentStored], frozen=True, kw_only=True):
    """Takes a cancellation or a no-show back, if the time is still free."""

    appointment_id: AppointmentId
    version: int


class Appointments(msgspec.Struct, frozen=True, kw_only=True):
    """In the order of time; `more` means that others were cut off."""

    appointments: list[AppointmentRow]
    more: bool


class ListAppointments(Request[Appointments], frozen=True, kw_only=True):
    """Of the clinic's days from `from_day` (None: today) to `until_day` (None: the same day), at most 500.

    With a patient and without days, all of that patient's that are not over.
    """

    from_day: date | None = None
    until_day: date | None = None
    practitioner_id: StaffId | None = None
    patient_id: PatientId | None = None


class AppointmentChanged(Event, frozen=True, kw_only=True):
    """An appointment was booked, moved, cancelled, missed, reopened, checked in or fulfilled.

    `before` is when it began before it was moved.
    """

    appointment_id: AppointmentId
    patient_id: PatientId
    practitioner_id: StaffId
    status: AppointmentStatus
    starts_at: datetime
    before: datetime | None = None


class ScheduleChanged(Event, frozen=True, kw_only=True):
    """Hours, specialities or exceptions of that practitioner, or of everybody (None), are others now."""

    practitioner_id: StaffId | None


def alternatives_of(fault: Fault) -> list[Slot]:
    """The free slots that a refused booking offers instead, the nearest first."""
    stored = fault.data.get("alternatives")
    return msgspec.json.decode(stored, type=list[Slot]) if stored else []


def with_alternatives(slots: list[Slot]) -> dict[str, str]:
    """What a fault carries so that `alternatives_of` finds the slots."""
    return {"alternatives": msgspec.json.encode(slots[:MAX_ALTERNATIVES]).decode()} if slots else {}
