"""Checking in, sending on and ending: how a ticket comes into the queue and leaves it."""

from typing import Any

import msgspec

from hms_server.contract.accounts import Nothing
from hms_server.contract.priority import QueuePriority
from hms_server.contract.values import EncounterId, StaffId, TicketId
from hms_server.contract.visits import (
    TRIAGE,
    CheckedIn,
    CheckIn,
    EncounterFinished,
    EncounterOpened,
    MarkLeft,
    MarkNoShow,
    MoveTicket,
    QueueChanged,
    TicketRow,
    TicketState,
)
from hms_server.faults import Refused
from hms_server.patients.commands import mark_seen
from hms_server.permissions import Permission
from hms_server.scheduling import arrivals
from hms_server.scheduling.models import StoredAppointment
from hms_server.visits.faults import FAULTS_BY_CONSTRAINT, cannot_check_in, cannot_send, ticket_not
from hms_server.visits.models import (
    BESIDE,
    COUNT,
    DOCTOR_OR_NOBODY,
    KEPT,
    NEED_OF_AGE,
    OPEN,
    SHOWN,
    TODAY,
    CheckedInTicket,
    NextTicket,
    StoredTicket,
    TicketEnd,
    queue_change,
)
from hms_server.work import Work

__all__ = ["FAULTS_BY_CONSTRAINT"]


def check_in(work: Work, request: CheckIn) -> CheckedIn:
    """Issues a ticket, once for somebody who is here already.

    An encounter that was opened today and is still open goes on, with the rank it had: somebody who came
    back after a no-show is no new visit. Otherwise a new encounter is opened. An appointment of somebody who
    has a ticket already belongs to the visit of that ticket. Where none is named, the next one of today
    counts: nobody who has come is written down as missed because the desk did not look.
    """
    appointment = _appointment_of(work, request)
    if appointment is not None:
        request = _as_booked(request, appointment)
    params = {
        "patient_id": request.patient_id,
        "service": request.service or TRIAGE,
        "special_need": request.special_need,
        "practitioner_id": request.practitioner_id,
        "reason": request.reason.strip(),
    }
    ticket = work.one(CheckedInTicket, CHECK_IN, params | _who_and_when(work))
    if ticket is None:
        return _here_already(work, request, appointment)
    if appointment is not None:
        arrivals.arrive(work, appointment, ticket.encounter_id)
    work.concerns(ticket.patient_id)
    mark_seen(work, ticket.patient_id)
    if ticket.opened:
        opened = EncounterOpened(encounter_id=ticket.encounter_id, patient_id=ticket.patient_id)
        work.emit(opened, audience=Permission.QUEUE_VIEW)
    return CheckedIn(ticket=_told(work, ticket))


def send_on(
    work: Work,
    ticket_id: TicketId | None,
    *,
    encounter_id: EncounterId,
    service: str,
    practitioner_id: StaffId | None = None,
    priority: QueuePriority = QueuePriority.ROUTINE,
    note: str = "",
) -> TicketRow:
    """Closes the ticket as done and issues the next with the same rank, need and note, in one statement.

    Without a ticket, whatever ticket the encounter has in the lists is closed. `priority` can only raise the
    rank, and brings its note along. A patient whom somebody else has meanwhile sent to a list stays there,
    and that ticket is the answer: who signs a note must not be stopped by the queue.
    """
    params = {
        "ticket_id": ticket_id,
        "encounter_id": encounter_id,
        "service": service,
        "practitioner_id": practitioner_id,
        "priority": priority,
        "note": note,
    }
    ticket = work.one(NextTicket, SEND_ON, params | _who_and_when(work))
    if ticket is None:
        return _held(work, encounter_id, practitioner_id)
    work.concerns(ticket.patient_id)
    if ticket.closed_id is not None:
        _tell_closed(work, ticket)
    return _told(work, ticket)


def finish(work: Work, ticket_id: TicketId) -> None:
    """Closes the ticket as done, with nothing after it; a ticket that is closed already stays as it is."""
    _close(work, ticket_id, state=TicketState.DONE, kind="finished")


def finish_encounter(work: Work, encounter_id: EncounterId, *, practitioner_id: StaffId | None) -> None:
    """The encounter is over: no check-in continues it any more. Tickets for pharmacy and billing go on."""
    params = {"id": encounter_id, "practitioner_id": practitioner_id, "now": work.now}
    row = work.connection.execute(FINISH_ENCOUNTER, params).fetchone()
    if row is None:
        raise Refused("visits.encounter_ended", "This visit has ended already.", field="encounter_id")
    patient_id, had_appointment = row
    work.concerns(patient_id)
    finished = EncounterFinished(encounter_id=encounter_id, patient_id=patient_id)
    work.emit(finished, audience=Permission.QUEUE_VIEW)
    if had_appointment:
        arrivals.fulfil(work, encounter_id)


def move_ticket(work: Work, request: MoveTicket) -> CheckedIn:
    """Sends a patient who is in the lists to another queue."""
    encounter_id = work.value(OPEN_ENCOUNTER, (request.ticket_id,))
    if encounter_id is None:
        raise ticket_not(work, request.ticket_id, wanted="open")
    ticket = send_on(
        work,
        request.ticket_id,
        encounter_id=encounter_id,
        service=request.service,
        practitioner_id=request.practitioner_id,
    )
    return CheckedIn(ticket=ticket)


def mark_no_show(work: Work, request: MarkNoShow) -> Nothing:
    """Takes somebody who does not answer out of the lists; the encounter stays open, for who comes back."""
    if _close(work, request.ticket_id, state=TicketState.NO_SHOW, kind="no_show") is None:
        raise ticket_not(work, request.ticket_id, wanted="open")
    return Nothing()


def mark_left(work: Work, request: MarkLeft) -> Nothing:
    """Closes ticket and encounter of somebody who went home."""
    reason = request.reason.strip()
    if not reason:
        raise Refused("visits.reason_missing", "Say in a word why the patient left.", field="reason")
    closed = _close(work, request.ticket_id, state=TicketState.LEFT, kind="left", reason=reason)
    if closed is None:
        raise ticket_not(work, request.ticket_id, wanted="open")
    if closed.encounter_ended:
        finished = EncounterFinished(encounter_id=closed.encounter_id, patient_id=closed.patient_id)
        work.emit(finished, audience=Permission.QUEUE_VIEW)
    return Nothing()


def _close(
    work: Work, ticket_id: TicketId, *, state: TicketState, kind: str, reason: str = ""
) -> TicketEnd | None:
    params = {"ticket_id": ticket_id, "state": state, "kind": kind, "reason": reason}
    closed = work.one(TicketEnd, CLOSE, params | _who_and_when(work))
    if closed is not None:
        work.concerns(closed.patient_id)
        change = QueueChanged(ticket_id=closed.id, code=closed.code, service=closed.service, state=state)
        work.emit(change, audience=Permission.QUEUE_DISPLAY)
    return closed


def _appointment_of(work: Work, request: CheckIn) -> StoredAppointment | None:
    if request.appointment_id is not None:
        return arrivals.expected(work, request.appointment_id, request.patient_id)
    return arrivals.of_today(work, request.patient_id, practitioner_id=request.practitioner_id)


def _as_booked(request: CheckIn, appointment: StoredAppointment) -> CheckIn:
    """What the desk does not say is as it was booked."""
    return msgspec.structs.replace(
        request,
        service=request.service or appointment.service,
        practitioner_id=request.practitioner_id or appointment.practitioner_id,
        reason=request.reason.strip() or appointment.reason,
    )


def _here_already(work: Work, request: CheckIn, appointment: StoredAppointment | None) -> CheckedIn:
    """Whoever has a ticket gets no second one; the appointment, if there is one, belongs to that visit."""
    held = None
    if appointment is not None:
        held = work.one(StoredTicket, HELD_BY_PATIENT, (request.patient_id,))
    if appointment is None or held is None:
        raise cannot_check_in(work, request.patient_id, request.practitioner_id)
    arrivals.arrive(work, appointment, held.encounter_id)
    return CheckedIn(ticket=held.row())


def _held(work: Work, encounter_id: EncounterId, practitioner_id: StaffId | None) -> TicketRow:
    held = work.one(StoredTicket, HELD, (encounter_id,))
    if held is None:
        raise cannot_send(work, encounter_id, practitioner_id)
    work.concerns(held.patient_id)
    return held.row()


def _told(work: Work, ticket: StoredTicket) -> TicketRow:
    work.emit(queue_change(ticket), audience=Permission.QUEUE_DISPLAY)
    return ticket.row()


def _tell_closed(work: Work, ticket: NextTicket) -> None:
    assert ticket.closed_id is not None
    change = QueueChanged(
        ticket_id=ticket.closed_id,
        code=ticket.closed_code or "",
        service=ticket.closed_service or "",
        state=TicketState.DONE,
    )
    work.emit(change, audience=Permission.QUEUE_DISPLAY)


def _who_and_when(work: Work) -> dict[str, Any]:
    return {"now": work.now, "by": work.actor.staff_id}


_ISSUED = "encounter_id, patient_id, service, day, number, priority, special_need, note, queued_at, issued_by"
CHECK_IN = f"""
with {TODAY}, subject as (
    select id, birth_date from patient
    where id = %(patient_id)s and not deceased and {DOCTOR_OR_NOBODY}
        and not exists (select from ticket where patient_id = %(patient_id)s and {OPEN})
), continued as (
    select encounter.id from encounter, today
    where patient_id = %(patient_id)s and status = 'in-progress'
        and (started_at at time zone today.time_zone)::date = today.day
    order by encounter.id desc limit 1
), opened as (
    insert into encounter (patient_id, reason, started_at, practitioner_id)
    select id, %(reason)s, %(now)s, %(practitioner_id)s from subject
    where not exists (select from continued)
    returning id
), visit as (
    select id from continued union all select id from opened
), before as (
    select priority, note from ticket where encounter_id = (select id from continued) order by id desc limit 1
), counted as ({COUNT}), issued as (
    insert into ticket ({_ISSUED}, practitioner_id)
    select visit.id, subject.id, %(service)s, counted.day, counted.last, coalesce(before.priority, 3),
        coalesce(%(special_need)s, {NEED_OF_AGE}), coalesce(before.note, ''), %(now)s, %(by)s,
        %(practitioner_id)s
    from counted cross join today cross join subject cross join visit left join before on true
    on conflict (patient_id) where {OPEN} do nothing
    returning *
)
select {SHOWN}, exists (select from opened) as opened from issued as ticket {BESIDE}
"""

# `issued` reads from `closed`, so that the old ticket has left the lists before the new one enters them.
SEND_ON = f"""
with {TODAY}, subject as (
    select encounter.id as encounter_id, patient.id, patient.birth_date
    from encounter join patient on patient.id = patient_id
    where encounter.id = %(encounter_id)s and {DOCTOR_OR_NOBODY}
), standing as (
    select * from ticket
    where encounter_id = %(encounter_id)s and {OPEN} and id = coalesce(%(ticket_id)s::bigint, id)
    for update
), closed as (
    update ticket set state = 'done', ended_at = %(now)s, version = ticket.version + 1
    from standing where ticket.id = standing.id
    returning ticket.id, ticket.code, ticket.service
), kept as ({KEPT}, 'moved', 'done', '', false from standing), before as (
    select priority, special_need, note from (
        select true as is_standing, id, priority, special_need, note from standing
        union all
        select false, id, priority, special_need, note from ticket where encounter_id = %(encounter_id)s
    ) as earlier order by is_standing desc, id desc limit 1
), counted as ({COUNT}), issued as (
    insert into ticket ({_ISSUED}, practitioner_id, moved_from)
    select subject.encounter_id, subject.id, %(service)s, counted.day, counted.last,
        least(before.priority, %(priority)s), coalesce(before.special_need, {NEED_OF_AGE}),
        case when %(note)s <> '' and %(priority)s <= coalesce(before.priority, %(priority)s) then %(note)s
            else coalesce(before.note, '') end,
        %(now)s, %(by)s, %(practitioner_id)s, closed.id
    from counted cross join today cross join subject left join closed on true left join before on true
    on conflict (patient_id) where {OPEN} do nothing
    returning *
)
select {SHOWN}, closed.id as closed_id, closed.code as closed_code, closed.service as closed_service
from issued as ticket {BESIDE} left join closed on true
"""

HELD = f"""
select {SHOWN} from ticket {BESIDE}
where {OPEN} and ticket.patient_id = (select encounter.patient_id from encounter where encounter.id = %s)
"""

HELD_BY_PATIENT = f"select {SHOWN} from ticket {BESIDE} where {OPEN} and ticket.patient_id = %s"

OPEN_ENCOUNTER = f"select encounter_id from ticket where id = %s and {OPEN} for update"

CLOSE = f"""
with standing as (
    select * from ticket where id = %(ticket_id)s and {OPEN} for update
), closed as (
    update ticket set state = %(state)s, ended_at = %(now)s, version = ticket.version + 1
    from standing where ticket.id = standing.id
    returning ticket.id, ticket.code, ticket.service, ticket.patient_id, ticket.encounter_id
), ended as (
    update encounter set status = 'finished', ended_at = %(now)s, end_reason = %(reason)s,
        version = version + 1
    from closed
    where %(state)s = 'left' and encounter.id = closed.encounter_id and status = 'in-progress'
    returning encounter.id
), kept as ({KEPT}, %(kind)s, %(state)s, %(reason)s, exists (select from ended) from standing)
select *, exists (select from ended) as encounter_ended from closed
"""

FINISH_ENCOUNTER = """
update encounter set status = 'finished', ended_at = %(now)s, version = version + 1,
    practitioner_id = coalesce(%(practitioner_id)s, practitioner_id)
where id = %(id)s and status = 'in-progress'
returning patient_id, exists (select from appointment where encounter_id = encounter.id)
"""
