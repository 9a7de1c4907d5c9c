"""Rank and need: who moves up in the queue where they stand."""

from typing import Any

from hms_server.contract.priority import QueuePriority
from hms_server.contract.values import EncounterId
from hms_server.contract.visits import CheckedIn, SetSpecialNeed, TicketRow
from hms_server.permissions import Permission
from hms_server.visits.faults import ticket_not
from hms_server.visits.models import BESIDE, KEPT, OPEN, SHOWN, RankedTicket, StoredTicket, queue_change
from hms_server.work import Work


def raise_priority(
    work: Work, encounter_id: EncounterId, *, priority: QueuePriority, note: str
) -> TicketRow | None:
    """Moves the encounter's open ticket up, never down; None where the patient waits nowhere."""
    params = {"encounter_id": encounter_id, "priority": priority, "note": note}
    ticket = work.one(RankedTicket, RAISE_PRIORITY, params | _who_and_when(work))
    if ticket is None:
        return None
    work.concerns(ticket.patient_id)
    return _told(work, ticket) if ticket.raised else ticket.row()


def set_special_need(work: Work, request: SetSpecialNeed) -> CheckedIn:
    """Corrects the special need of somebody in the lists; the place in the queue follows."""
    params = {"ticket_id": request.ticket_id, "special_need": request.special_need}
    ticket = work.one(StoredTicket, SET_SPECIAL_NEED, params | _who_and_when(work))
    if ticket is None:
        raise ticket_not(work, request.ticket_id, wanted="open")
    work.concerns(ticket.patient_id)
    return CheckedIn(ticket=_told(work, ticket))


def _told(work: Work, ticket: StoredTicket) -> TicketRow:
    work.emit(queue_change(ticket), audience=Permission.QUEUE_DISPLAY)
    return ticket.row()


def _who_and_when(work: Work) -> dict[str, Any]:
    return {"now": work.now, "by": work.actor.staff_id}


# A row that is ranked higher already is locked and answered, but not changed.
RAISE_PRIORITY = f"""
with standing as (
    select * from ticket where encounter_id = %(encounter_id)s and {OPEN} for update
), raised as (
    update ticket set priority = %(priority)s, note = coalesce(nullif(%(note)s, ''), ticket.note),
        version = ticket.version + 1
    from standing
    where ticket.id = standing.id and (standing.priority > %(priority)s
        or (standing.priority = %(priority)s and %(note)s not in ('', standing.note)))
    returning ticket.*
), kept as ({KEPT}, 'ranked', state, %(note)s, false from standing where exists (select from raised)),
now_is as (
    select * from raised
    union all
    select * from standing where not exists (select from raised)
)
select {SHOWN}, exists (select from raised) as raised from now_is as ticket {BESIDE}
"""

SET_SPECIAL_NEED = f"""
with standing as (
    select * from ticket where id = %(ticket_id)s and {OPEN} for update
), corrected as (
    update ticket set special_need = %(special_need)s, version = ticket.version + 1
    from standing where ticket.id = standing.id
    returning ticket.*
), kept as ({KEPT}, 'ranked', state, 'special need', false from standing)
select {SHOWN} from corrected as ticket {BESIDE}
"""
