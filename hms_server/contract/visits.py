"""Encounters and the queue: who is here, under which ticket, and who is called where."""

from datetime import datetime
from enum import StrEnum

import msgspec

from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Request
from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.scheduling import AppointmentId
from hms_server.contract.values import (
    EncounterId,
    PatientHeader,
    PatientId,
    Person,
    RoomId,
    StaffId,
    TicketId,
)

TRIAGE = "T"
DOCTOR = "D"
PHARMACY = "P"
BILLING = "B"


class TicketState(StrEnum):
    """`called` lasts until the person is sent on, does not show up, or leaves."""

    WAITING = "waiting"
    CALLED = "called"
    DONE = "done"
    NO_SHOW = "no_show"
    LEFT = "left"


class TicketRow(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as lists show it. `note` is the reason for its rank in a word, such as "NEWS2 10"."""

    id: TicketId
    code: str
    service: str
    state: TicketState
    priority: QueuePriority
    special_need: SpecialNeed
    note: str
    patient: PatientHeader
    encounter_id: EncounterId
    queued_at: datetime
    called_at: datetime | None
    room: str | None
    practitioner: Person | None
    version: int


class CheckedIn(msgspec.Struct, frozen=True, kw_only=True):
    ticket: TicketRow


class CheckIn(Request[CheckedIn], frozen=True, kw_only=True):
    """Opens an encounter and issues a ticket. `special_need` None: from the age alone.

    With an appointment, which has to be this patient's and of today, that has arrived too. `service` None:
    the queue that the appointment names, triage without one; the same goes for the doctor and the reason.
    """

    patient_id: PatientId
    service: str | None = None
    special_need: SpecialNeed | None = None
    practitioner_id: StaffId | None = None
    reason: str = ""
    appointment_id: AppointmentId | None = None


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """In the order in which people will be called; those called already come first."""

    tickets: list[TicketRow]


class ListQueue(Request[Queue], frozen=True, kw_only=True):
    """The waiting and called tickets of one service, or of all; `mine` leaves out who waits for another."""

    service: str | None = None
    mine: bool = False


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """None when nobody is waiting."""

    ticket: TicketRow | None


class CallNext(Request[Called], frozen=True, kw_only=True):
    """The next patient of the service for this person, atomically; needs a room."""

    service: str
    room_id: RoomId


class CallTicket(Request[Called], frozen=True, kw_only=True):
    """Calls one waiting patient out of turn."""

    ticket_id: TicketId
    room_id: RoomId


class Recall(Request[Called], frozen=True, kw_only=True):
    """Announces a called ticket once more."""

    ticket_id: TicketId


class MoveTicket(Request[CheckedIn], frozen=True, kw_only=True):
    """Sends the patient to another queue: this ticket is done, a new one is issued."""

    ticket_id: TicketId
    service: str
    practitioner_id: StaffId | None = None


class MarkNoShow(Request[Nothing], frozen=True, kw_only=True):
    ticket_id: TicketId


class MarkLeft(Request[Nothing], frozen=True, kw_only=True):
    """The patient left before the end; the encounter is closed with the reason."""

    ticket_id: TicketId
    reason: str


class UndoTicket(Request[CheckedIn], frozen=True, kw_only=True):
    """Takes back the last call, no-show, leaving or move of a ticket; its place in the queue is as before."""

    ticket_id: TicketId


class SetSpecialNeed(Request[CheckedIn], frozen=True, kw_only=True):
    ticket_id: TicketId
    special_need: SpecialNeed


class Practitioners(msgspec.Struct, frozen=True):
    """Who is signed in now comes first."""

    practitioners: list[Person]


class ListPractitioners(Request[Practitioners], frozen=True, kw_only=True):
    """The doctors to whom a patient can be sent."""


class DisplayCall(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    room: str
    called_at: datetime


class DisplayWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """`ahead` is how many will be called before, `expected_minutes` None where nothing is known yet."""

    code: str
    service: str
    ahead: int
    expected_minutes: int | None


class DisplayBoard(msgspec.Struct, frozen=True, kw_only=True):
    """What a waiting room may see: tickets and rooms, never names."""

    clinic: str
    called: list[DisplayCall]
    waiting: list[DisplayWaiting]


class GetDisplayBoard(Request[DisplayBoard], frozen=True, kw_only=True):
    """Of the named services, or of all."""

    services: list[str] = []


class QueueChanged(Event, frozen=True, kw_only=True):
    """A ticket was issued, called, moved or ended; displays see this, so nothing in it names a patient."""

    ticket_id: TicketId
    code: str
    service: str
    state: TicketState
    room: str | None = None
    announced: bool = False


class EncounterOpened(Event, frozen=True, kw_only=True):
    encounter_id: EncounterId
    patient_id: PatientId


class EncounterFinished(Event, frozen=True, kw_only=True):
    encounter_id: EncounterId
    patient_id: PatientId
