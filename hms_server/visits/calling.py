"""Calling patients into a room, so that two rooms never call the same one."""

from typing import Any

from hms_server.contract.values import RoomId
from hms_server.contract.visits import Called, CallNext, CallTicket, Recall
from hms_server.permissions import Permission
from hms_server.visits.faults import ticket_not
from hms_server.visits.models import BESIDE, QUEUE_ORDER, SHOWN, StoredTicket, queue_change
from hms_server.work import Work


def call_next(work: Work, request: CallNext) -> Called:
    """Calls whoever is next for this person; None only when nobody is waiting.

    Somebody who has called a patient before and has not sent them on keeps both: rooms with two chairs exist.
    """
    params = {"service": request.service} | _call(work, request.room_id)
    ticket = work.one(StoredTicket, CALL_NEXT, params)
    if ticket is None:
        # The last in the queue may just be held by somebody who changes their rank: wait, and look again.
        ticket = work.one(StoredTicket, CALL_NEXT_PATIENTLY, params)
    return Called(ticket=None) if ticket is None else _announced(work, ticket)


def call_ticket(work: Work, request: CallTicket) -> Called:
    """Calls this patient before their turn, also one who waits for a colleague."""
    params = {"ticket_id": request.ticket_id} | _call(work, request.room_id)
    ticket = work.one(StoredTicket, CALL_TICKET, params)
    if ticket is None:
        raise ticket_not(work, request.ticket_id, wanted="waiting")
    return _announced(work, ticket)


def recall(work: Work, request: Recall) -> Called:
    """Announces the ticket once more on the displays; the time of the call stays."""
    ticket = work.one(StoredTicket, RECALL, (request.ticket_id,))
    if ticket is None:
        raise ticket_not(work, request.ticket_id, wanted="called")
    return _announced(work, ticket)


def _call(work: Work, room_id: RoomId) -> dict[str, Any]:
    return {"room_id": room_id, "now": work.now, "by": work.actor.staff_id}


def _announced(work: Work, ticket: StoredTicket) -> Called:
    work.concerns(ticket.patient_id)
    work.emit(queue_change(ticket, announced=True), audience=Permission.QUEUE_DISPLAY)
    return Called(ticket=ticket.row())


_CALL_IT = f"""
called as (
    update ticket set state = 'called', called_at = %(now)s, called_by = %(by)s, room_id = %(room_id)s,
        version = version + 1
    from next where ticket.id = next.id
    returning ticket.*
), kept as (
    insert into ticket_change (ticket_id, at, staff_id, kind, from_state, to_state)
    select id, %(now)s, %(by)s, 'called', 'waiting', 'called' from called
)
select {SHOWN} from called as ticket {BESIDE}
"""
_NEXT = f"""
with next as (
    select id from ticket
    where service = %(service)s and state = 'waiting'
        and (practitioner_id is null or practitioner_id = %(by)s)
    order by {QUEUE_ORDER} limit 1
    for update
"""

CALL_NEXT = f"{_NEXT} skip locked), {_CALL_IT}"
CALL_NEXT_PATIENTLY = f"{_NEXT}), {_CALL_IT}"
CALL_TICKET = f"""
with next as (
    select id from ticket where id = %(ticket_id)s and state = 'waiting' for update
), {_CALL_IT}
"""
RECALL = f"select {SHOWN} from ticket {BESIDE} where ticket.id = %s and ticket.state = 'called'"
