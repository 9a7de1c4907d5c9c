"""The rows of tickets, with the patient, room and person that lists show beside them."""

from dataclasses import dataclass
from datetime import date, datetime

from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.values import (
    BirthPrecision,
    EncounterId,
    PatientHeader,
    PatientId,
    Person,
    Sex,
    StaffId,
    TicketId,
)
from hms_server.contract.visits import QueueChanged, TicketRow, TicketState


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEnd:
    """A ticket that was just closed, as far as an event names it."""

    id: TicketId
    code: str
    service: str
    patient_id: PatientId
    encounter_id: EncounterId
    encounter_ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTicket:
    """The columns of `SHOWN`; `practitioner` is whom the patient waits for, not who called."""

    id: TicketId
    code: str
    service: str
    state: str
    priority: int
    special_need: int
    note: str
    patient_id: PatientId
    patient_number: str
    patient_name: str
    sex: str
    birth_date: date | None
    birth_precision: str
    deceased: bool
    encounter_id: EncounterId
    queued_at: datetime
    called_at: datetime | None
    room: str | None
    practitioner_id: StaffId | None
    practitioner_name: str | None
    version: int

    def row(self) -> TicketRow:
        return TicketRow(
            id=self.id,
            code=self.code,
            service=self.service,
            state=TicketState(self.state),
            priority=QueuePriority(self.priority),
            special_need=SpecialNeed(self.special_need),
            note=self.note,
            patient=self._patient(),
            encounter_id=self.encounter_id,
            queued_at=self.queued_at,
            called_at=self.called_at,
            room=self.room,
            practitioner=self._practitioner(),
            version=self.version,
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

    def _practitioner(self) -> Person | None:
        if self.practitioner_id is None:
            return None
        return Person(self.practitioner_id, self.practitioner_name or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedInTicket(StoredTicket):
    """With the answer whether the encounter is new."""

    opened: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTicket(StoredTicket):
    """With the ticket that was closed for it."""

    closed_id: TicketId | None
    closed_code: str | None
    closed_service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTicket(StoredTicket):
    """With the answer whether the rank or its note is new."""

    raised: bool


def queue_change(ticket: StoredTicket, *, announced: bool = False) -> QueueChanged:
    """What displays and queues are told of a ticket."""
    return QueueChanged(
        ticket_id=ticket.id,
        code=ticket.code,
        service=ticket.service,
        state=TicketState(ticket.state),
        room=ticket.room,
        announced=announced,
    )


QUEUE_ORDER = "priority, special_need, queued_at, id"
"""`rules.queue_key` in SQL."""

OPEN = "state in ('waiting', 'called')"

SHOWN = """
ticket.id, ticket.code, ticket.service, ticket.state, ticket.priority, ticket.special_need, ticket.note,
ticket.patient_id, patient.number as patient_number, patient.name as patient_name, patient.sex,
patient.birth_date, patient.birth_precision, patient.deceased, ticket.encounter_id, ticket.queued_at,
ticket.called_at, room.name as room, ticket.practitioner_id, practitioner.name as practitioner_name,
ticket.version
"""
"""The columns of `StoredTicket`; to be selected from something called `ticket`, with `BESIDE` joined."""

BESIDE = """
join patient_header as patient on patient.id = ticket.patient_id
left join room on room.id = ticket.room_id
left join staff as practitioner on practitioner.id = ticket.practitioner_id
"""

TODAY = "today as (select (%(now)s at time zone time_zone)::date as day, time_zone from clinic limit 1)"
"""A common table expression: the day it is in the clinic.

The limit tells the planner that there is one clinic: it never counts a table that small, guesses 600 rows,
and would read all patients for the ticket of one.
"""

COUNT = """
insert into ticket_counter as counter (day, service, last)
select today.day, %(service)s, 1 from today, subject
on conflict (day, service) do update set last = counter.last + 1
returning day, last
"""
"""Takes the next number of the day; a lock held to the commit. Needs `today` and one row of `subject`."""

DOCTOR_OR_NOBODY = """
(%(practitioner_id)s::bigint is null or exists (
    select from staff where id = %(practitioner_id)s and active and 'doctor' = any (roles)))
"""

NEED_OF_AGE = """
case when age_months(subject.birth_date, today.day) < 60 then 0
    when age_months(subject.birth_date, today.day) >= 780 then 3 else 9 end
"""
"""`priority.special_need_of` for somebody of whom nothing but the age is known."""

KEPT = """
insert into ticket_change (ticket_id, at, staff_id, from_state, from_room_id, from_called_at, from_called_by,
    kind, to_state, reason, ended_encounter)
select id, %(now)s, %(by)s, state, room_id, called_at, called_by
"""
"""The beginning of a line of history; kind, new state, reason and ended_encounter follow, from `standing`."""
