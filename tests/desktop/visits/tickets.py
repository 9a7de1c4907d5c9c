"""Tickets, rooms and a clinic that tests and pictures of queues share."""

from datetime import date, datetime, timedelta

from hms_server.contract.accounts import Clinic, Department, Room, Service, SignedIn
from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.values import (
    BirthPrecision,
    EncounterId,
    PatientHeader,
    PatientId,
    Person,
    Role,
    RoomId,
    Sex,
    StaffId,
    TicketId,
)
from hms_server.contract.visits import BILLING, DOCTOR, PHARMACY, TRIAGE, TicketRow, TicketState
from tests.desktop.samples import LONG_NAME, NOW

TRIAGE_ROOM = RoomId(1)
ROOM_2 = RoomId(3)
CLINIC = Clinic(
    name="Unity Clinic",
    time_zone="Africa/Lagos",
    currency="NGN",
    departments=[Department(id=1, name="General outpatients")],
    rooms=[
        Room(id=RoomId(9), name="Front desk", department_id=1, service=None),
        Room(id=TRIAGE_ROOM, name="Triage", department_id=1, service=TRIAGE),
        Room(id=RoomId(2), name="Room 1", department_id=1, service=DOCTOR),
        Room(id=ROOM_2, name="Room 2", department_id=1, service=DOCTOR),
    ],
    services=[
        Service(code=TRIAGE, name="Triage"),
        Service(code=DOCTOR, name="Doctor"),
        Service(code=PHARMACY, name="Pharmacy"),
        Service(code=BILLING, name="Billing"),
    ],
)


def signed_in(*roles: Role, name: str = "Ama Serwaa", room_id: RoomId | None = None) -> SignedIn:
    return SignedIn(
        secret="secret",
        session_id=1,
        person=Person(id=StaffId(1), name=name),
        roles=list(roles),
        room_id=room_id,
        idle_minutes=30,
    )


def patient(
    number: int, name: str, *, born: date = date(1980, 3, 12), deceased: bool = False
) -> PatientHeader:
    return PatientHeader(
        id=PatientId(number),
        number=f"P00044{number}-1",
        name=name,
        sex=Sex.FEMALE,
        birth_date=born,
        birth_precision=BirthPrecision.DAY,
        deceased=deceased,
    )


def ticket(
    number: int,
    name: str = "Kwame Mensah",
    *,
    service: str = TRIAGE,
    state: TicketState = TicketState.WAITING,
    priority: QueuePriority = QueuePriority.ROUTINE,
    need: SpecialNeed = SpecialNeed.NONE,
    note: str = "",
    minutes: int = 9,
    room: str | None = None,
    practitioner: Person | None = None,
    born: date = date(1980, 3, 12),
) -> TicketRow:
    queued_at: datetime = NOW - timedelta(minutes=minutes)
    return TicketRow(
        id=TicketId(number),
        code=f"{service}-{number:03d}",
        service=service,
        state=state,
        priority=priority,
        special_need=need,
        note=note,
        patient=patient(number, name, born=born),
        encounter_id=EncounterId(number + 100),
        queued_at=queued_at,
        called_at=NOW if state is TicketState.CALLED else None,
        room=room,
        practitioner=practitioner,
        version=1,
    )


WAITING = [
    ticket(20, LONG_NAME, priority=QueuePriority.VERY_URGENT, note="NEWS2 10", minutes=4),
    ticket(21, "Kwame Mensah", priority=QueuePriority.URGENT, minutes=22),
    ticket(22, "Baby Yusuf", need=SpecialNeed.UNDER_5, minutes=71, born=date(2026, 3, 1)),
    ticket(23, "Oluwadamilola Oluwatobiloba Adebayo-Okonkwo", minutes=9),
    ticket(24, "Mama Abena", need=SpecialNeed.OVER_65, minutes=3, born=date(1955, 1, 1)),
]
