"""Why an act on a ticket is refused, in sentences that name who was faster and where the patient is."""

from typing import LiteralString

import msgspec

from hms_server.contract.envelope import Fault
from hms_server.contract.values import EncounterId, PatientId, StaffId, TicketId
from hms_server.contract.visits import TicketState
from hms_server.faults import Refused
from hms_server.work import Work

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "ticket_patient_once": Fault(
        code="visits.already_waiting",
        message="This patient got another ticket a moment ago. Look at the queue again.",
        field="patient_id",
    ),
    "ticket_service": Fault(
        code="visits.service_unknown",
        message="There is no such queue. Choose one of the clinic's queues.",
        field="service",
    ),
    "ticket_room": Fault(
        code="visits.room_unknown",
        message="This room does not exist any more. Choose your room again.",
        field="room_id",
    ),
    "ticket_note": Fault(
        code="visits.note_long", message="A note on a ticket has at most 100 characters.", field="note"
    ),
    "encounter_reason": Fault(
        code="visits.reason_long", message="A reason has at most 500 characters.", field="reason"
    ),
    "encounter_end_reason": Fault(
        code="visits.reason_long", message="A reason has at most 500 characters.", field="reason"
    ),
    "ticket_change_reason": Fault(
        code="visits.reason_long", message="A reason has at most 500 characters.", field="reason"
    ),
    "ticket_change_undone_once": Fault(
        code="visits.nothing_to_undo",
        message="Somebody else has taken this back a moment ago. Look at the queue again.",
        field="ticket_id",
    ),
}


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket, and whoever changed it last."""

    code: str
    state: str
    service_name: str
    patient_id: PatientId
    patient_name: str
    room: str | None
    changed_by: str | None
    clock_time: str | None


_STATES: dict[str, str] = {
    TicketState.WAITING: "waits for {service}",
    TicketState.CALLED: "was called to {room}",
    TicketState.DONE: "is done with {service}",
    TicketState.NO_SHOW: "did not show up",
    TicketState.LEFT: "has left",
}


def ticket_not(work: Work, ticket_id: TicketId, *, wanted: str) -> Refused:
    """Says what became of a ticket that is not in the state that an act needs."""
    ticket = work.one(_Standing, f"{STANDING} where ticket.id = %s", (ticket_id,))
    if ticket is None:
        return Refused("visits.ticket_unknown", "There is no such ticket.", field="ticket_id")
    work.concerns(ticket.patient_id)
    state = _STATES[ticket.state].format(service=ticket.service_name, room=ticket.room)
    whoever = f" ({ticket.changed_by}, {ticket.clock_time})" if ticket.changed_by else ""
    return Refused(
        f"visits.not_{wanted}",
        f"{ticket.patient_name}, ticket {ticket.code}, {state}{whoever}. Look at the queue again.",
        field="ticket_id",
        data={"code": ticket.code, "state": ticket.state, "by": ticket.changed_by or ""},
    )


def cannot_check_in(work: Work, patient_id: PatientId, practitioner_id: StaffId | None) -> Refused:
    """Why nobody gets a ticket for this patient."""
    row = work.connection.execute(
        "select name, deceased from patient where id = %s", (patient_id,)
    ).fetchone()
    if row is None:
        return Refused("patients.unknown", "There is no such patient.", field="patient_id")
    work.concerns(patient_id)
    name, deceased = row
    if deceased:
        return Refused(
            "visits.deceased",
            f"{name} is recorded as deceased. If that is wrong, correct the patient's entry first.",
            field="patient_id",
        )
    open_ticket: LiteralString = f"{STANDING} where patient_id = %s and state in ('waiting', 'called')"
    ticket = work.one(_Standing, open_ticket, (patient_id,))
    return _already_waiting(ticket) if ticket else practitioner_unknown(practitioner_id)


def cannot_send(work: Work, encounter_id: EncounterId, practitioner_id: StaffId | None) -> Refused:
    """Why no next ticket could be issued for this encounter."""
    if work.value("select id from encounter where id = %s", (encounter_id,)) is None:
        return Refused("visits.encounter_unknown", "There is no such visit.", field="encounter_id")
    return practitioner_unknown(practitioner_id)


def practitioner_unknown(practitioner_id: StaffId | None) -> Refused:
    """The person chosen is no doctor here, or no longer."""
    return Refused(
        "visits.practitioner_unknown",
        "This person does not see patients here. Choose a doctor from the list, or nobody in particular.",
        field="practitioner_id",
        data={"practitioner_id": str(practitioner_id)},
    )


def _already_waiting(ticket: _Standing) -> Refused:
    if ticket.state == TicketState.CALLED:
        message = f"{ticket.patient_name} is being seen in {ticket.room} as {ticket.code}."
    else:
        message = f"{ticket.patient_name} is already waiting as {ticket.code} for {ticket.service_name}."
    data = {"code": ticket.code, "service": ticket.service_name}
    return Refused("visits.already_waiting", message, field="patient_id", data=data)


STANDING: LiteralString = """
select ticket.code, ticket.state, service.name as service_name, ticket.patient_id,
    patient.name as patient_name, room.name as room, staff.name as changed_by,
    to_char(change.at at time zone clinic.time_zone, 'HH24:MI') as clock_time
from ticket
join service on service.code = ticket.service
join patient on patient.id = ticket.patient_id
cross join clinic
left join room on room.id = ticket.room_id
left join lateral (
    select at, staff_id from ticket_change
    where ticket_id = ticket.id and kind <> 'ranked' order by id desc limit 1
) as change on true
left join staff on staff.id = change.staff_id
"""
