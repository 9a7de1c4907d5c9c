"""The rows of appointments, hours and exceptions, with the names that lists show beside them."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import LiteralString

from hms_server.contract.scheduling import (
    AppointmentChanged,
    AppointmentId,
    AppointmentRow,
    AppointmentStatus,
    ExceptionKind,
    Hours,
    ScheduleException,
    ScheduleExceptionId,
)
from hms_server.contract.values import (
    BirthPrecision,
    EncounterId,
    Moment,
    PatientHeader,
    PatientId,
    Person,
    RoomId,
    Sex,
    StaffId,
)
from hms_server.scheduling.rules import Exceptional, Shift, Span, Weekly


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAppointment:
    """The columns of `SHOWN`."""

    id: AppointmentId
    status: str
    patient_id: PatientId
    patient_number: str
    patient_name: str
    sex: str
    birth_date: date | None
    birth_precision: str
    deceased: bool
    practitioner_id: StaffId
    practitioner_name: str
    speciality: str | None
    room_id: RoomId
    room: str
    service: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    cancel_reason: str
    made_at: datetime
    made_by: StaffId
    made_by_name: str | None
    changed_at: datetime
    changed_by: StaffId | None
    changed_by_name: str | None
    proposed_by: str | None
    encounter_id: EncounterId | None
    version: int

    @property
    def span(self) -> Span:
        return Span(self.starts_at, self.ends_at)

    @property
    def practitioner(self) -> Person:
        return Person(self.practitioner_id, self.practitioner_name)

    def row(self) -> AppointmentRow:
        return AppointmentRow(
            id=self.id,
            status=AppointmentStatus(self.status),
            patient=self._patient(),
            practitioner=self.practitioner,
            speciality=self.speciality,
            room_id=self.room_id,
            room=self.room,
            service=self.service,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            reason=self.reason,
            cancel_reason=self.cancel_reason,
            made=Moment(self.made_at, Person(self.made_by, self.made_by_name or "")),
            changed=Moment(self.changed_at, self._changed_by()),
            proposed_by=self.proposed_by,
            encounter_id=self.encounter_id,
            version=self.version,
        )

    def event(self, *, before: datetime | None = None) -> AppointmentChanged:
        return AppointmentChanged(
            appointment_id=self.id,
            patient_id=self.patient_id,
            practitioner_id=self.practitioner_id,
            status=AppointmentStatus(self.status),
            starts_at=self.starts_at,
            before=before,
        )

    def _patient(self) -> PatientHeader:
        return PatientHeader(
            id=self.patient_id,
            number=self.patient_number,
            name=self.patient_name,
            sex=Sex(self.sex),
            birth_date=self.birth_date,
            birth_precision=BirthPrecision(self.birth_precision),
            deceased=self.deceased,
        )

    def _changed_by(self) -> Person | None:
        return Person(self.changed_by, self.changed_by_name or "") if self.changed_by is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHours:
    """A line of `working_hours`."""

    practitioner_id: StaffId
    weekday: int
    starts: time
    ends: time
    room_id: RoomId
    slot_minutes: int
    service: str
    speciality: str | None
    valid_from: date | None
    valid_until: date | None

    def hours(self) -> Hours:
        return Hours(
            weekday=self.weekday,
            starts=self.starts,
            ends=self.ends,
            room_id=self.room_id,
            slot_minutes=self.slot_minutes,
            service=self.service,
            speciality=self.speciality,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredException:
    """The columns of `EXCEPTION`."""

    id: ScheduleExceptionId
    kind: str
    practitioner_id: StaffId | None
    practitioner_name: str | None
    from_day: date
    until_day: date
    starts: time | None
    ends: time | None
    room_id: RoomId | None
    slot_minutes: int | None
    service: str | None
    speciality: str | None
    reason: str
    made_at: datetime
    made_by: StaffId
    made_by_name: str | None

    def exceptional(self) -> Exceptional:
        shift = None
        if self.room_id is not None and self.slot_minutes is not None and self.service is not None:
            shift = Shift(
                room_id=self.room_id,
                slot_minutes=self.slot_minutes,
                service=self.service,
                speciality=self.speciality,
            )
        return Exceptional(
            kind=ExceptionKind(self.kind),
            from_day=self.from_day,
            until_day=self.until_day,
            starts=self.starts,
            ends=self.ends,
            shift=shift,
            room_id=self.room_id,
            reason=self.reason,
        )

    def row(self) -> ScheduleException:
        return ScheduleException(
            id=self.id,
            kind=ExceptionKind(self.kind),
            practitioner=self._practitioner(),
            from_day=self.from_day,
            until_day=self.until_day,
            starts=self.starts,
            ends=self.ends,
            room_id=self.room_id,
            slot_minutes=self.slot_minutes,
            service=self.service,
            speciality=self.speciality,
            reason=self.reason,
            made=Moment(self.made_at, Person(self.made_by, self.made_by_name or "")),
        )

    def _practitioner(self) -> Person | None:
        if self.practitioner_id is None:
            return None
        return Person(self.practitioner_id, self.practitioner_name or "")


def weekly_of(hours: Hours) -> Weekly:
    """The hours as the rules take them."""
    shift = Shift(
        room_id=hours.room_id,
        slot_minutes=hours.slot_minutes,
        service=hours.service,
        speciality=hours.speciality,
    )
    return Weekly(
        weekday=hours.weekday,
        starts=hours.starts,
        ends=hours.ends,
        shift=shift,
        valid_from=hours.valid_from,
        valid_until=hours.valid_until,
    )


SEES_PATIENTS: LiteralString = "staff.active and 'doctor' = any (staff.roles)"
"""Who may have appointments, as a condition on `staff`."""

HOLDS: LiteralString = "status in ('booked', 'arrived')"
"""Which appointments hold their time; the exclusion constraints say the same."""

SHOWN: LiteralString = """
appointment.id, appointment.status, appointment.patient_id, patient.number as patient_number,
patient.name as patient_name, patient.sex, patient.birth_date, patient.birth_precision, patient.deceased,
appointment.practitioner_id, practitioner.name as practitioner_name, appointment.speciality,
appointment.room_id, room.name as room, appointment.service, appointment.starts_at, appointment.ends_at,
appointment.reason, appointment.cancel_reason, appointment.made_at, appointment.made_by,
maker.name as made_by_name, appointment.changed_at, appointment.changed_by,
changer.name as changed_by_name, appointment.proposed_by, appointment.encounter_id, appointment.version
"""
"""The columns of `StoredAppointment`; from something called `appointment`, with `BESIDE` joined."""

BESIDE: LiteralString = """
join patient_header as patient on patient.id = appointment.patient_id
join staff as practitioner on practitioner.id = appointment.practitioner_id
join room on room.id = appointment.room_id
left join staff as maker on maker.id = appointment.made_by
left join staff as changer on changer.id = appointment.changed_by
"""

EXCEPTION: LiteralString = """
select exception.id, exception.kind, exception.practitioner_id, practitioner.name as practitioner_name,
    exception.from_day, exception.until_day, exception.starts, exception.ends, exception.room_id,
    exception.slot_minutes, exception.service, exception.speciality, exception.reason, exception.made_at,
    exception.made_by, maker.name as made_by_name
from schedule_exception as exception
left join staff as practitioner on practitioner.id = exception.practitioner_id
left join staff as maker on maker.id = exception.made_by
"""
