"""A clinic in which one doctor works every weekday morning, and people book."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hms_server.contract.scheduling import (
    AppointmentRow,
    BookAppointment,
    FindSlots,
    Hours,
    ListSchedules,
    Schedule,
    SetSpecialities,
    SetWorkingHours,
    Slot,
)
from hms_server.contract.values import PatientId, Role, RoomId, StaffId
from hms_server.scheduling.specialities import load_specialities
from tests.server.desk import Desk

MONDAY = date(2026, 3, 2)
"""The day of the desk's clock, which shows nine."""


def clock(text: str) -> time:
    return time.fromisoformat(text)


class Diary:
    """Dr Kofi Asante is there from Monday to Friday, 08:00–12:00, in Room 1, for 20 minutes each."""

    def __init__(self, desk: Desk, *, zone: str = "Africa/Lagos") -> None:
        self.desk = desk
        self.zone = ZoneInfo(zone)
        self.doctor = desk.staff[Role.DOCTOR]
        self.rooms: dict[str, RoomId] = dict(desk.sql("select name, id from room"))
        with desk.connect() as connection:
            load_specialities(connection)
        self.set_hours(self.doctor, *[self.hours(weekday) for weekday in range(1, 6)])

    def hours(
        self,
        weekday: int,
        starts: str = "08:00",
        ends: str = "12:00",
        *,
        room: str = "Room 1",
        minutes: int = 20,
        speciality: str | None = None,
    ) -> Hours:
        return Hours(
            weekday=weekday,
            starts=clock(starts),
            ends=clock(ends),
            room_id=self.rooms[room],
            slot_minutes=minutes,
            speciality=speciality,
        )

    def set_hours(self, doctor: StaffId, *hours: Hours) -> None:
        version = self.schedule(doctor).version
        request = SetWorkingHours(practitioner_id=doctor, version=version, hours=list(hours))
        self.desk.ask(request, Role.RECEPTIONIST)

    def set_specialities(self, doctor: StaffId, *codes: str) -> None:
        version = self.schedule(doctor).version
        request = SetSpecialities(practitioner_id=doctor, version=version, specialities=list(codes))
        self.desk.ask(request, Role.RECEPTIONIST)

    def schedule(self, doctor: StaffId) -> Schedule:
        return self.desk.ask(ListSchedules(practitioner_id=doctor), Role.RECEPTIONIST).schedules[0]

    def other_doctor(self, name: str = "Dr Amina Bello", *, room: str = "Room 2") -> StaffId:
        """Somebody more, with the same hours in another room."""
        doctor = self.desk.add_staff(Role.DOCTOR, name)
        self.set_hours(doctor, *[self.hours(weekday, room=room) for weekday in range(1, 6)])
        return doctor

    def at(self, wall: str, *, days: int = 0) -> datetime:
        """A time of the clinic's clock, counted in days from the Monday."""
        return datetime.combine(MONDAY + timedelta(days=days), clock(wall), tzinfo=self.zone)

    def booking(
        self,
        wall: str,
        *,
        days: int = 0,
        patient_id: PatientId | None = None,
        doctor: StaffId | None = None,
        confirmed: bool = False,
        ends: str | None = None,
        reason: str = "",
    ) -> BookAppointment:
        return BookAppointment(
            patient_id=patient_id or self.desk.patient(),
            practitioner_id=doctor or self.doctor,
            starts_at=self.at(wall, days=days),
            ends_at=self.at(ends, days=days) if ends else None,
            confirmed=confirmed,
            reason=reason,
        )

    def book(
        self,
        wall: str,
        *,
        days: int = 0,
        patient_id: PatientId | None = None,
        doctor: StaffId | None = None,
        confirmed: bool = False,
    ) -> AppointmentRow:
        request = self.booking(wall, days=days, patient_id=patient_id, doctor=doctor, confirmed=confirmed)
        return self.desk.ask(request, Role.RECEPTIONIST).appointment

    def free(
        self, days: int = 0, *, doctor: StaffId | None = None, patient_id: PatientId | None = None
    ) -> list[str]:
        """The free times of one day, on the clinic's clock."""
        day = MONDAY + timedelta(days=days)
        request = FindSlots(
            practitioner_id=doctor or self.doctor,
            from_day=day,
            until_day=day,
            patient_id=patient_id,
            limit=100,
        )
        return self.shown(self.desk.ask(request, Role.RECEPTIONIST).slots)

    def shown(self, slots: list[Slot]) -> list[str]:
        return [f"{slot.starts_at.astimezone(self.zone):%H:%M}" for slot in slots]
