"""Tickets that nobody closed before the clinic did: the next morning begins with an empty waiting room."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from hms_server.contract.visits import EncounterFinished, QueueChanged, TicketState
from hms_server.permissions import Permission
from hms_server.visits.models import KEPT, OPEN

FORGOTTEN_AFTER = timedelta(hours=16)
"""Longer than any shift, shorter than the night between two mornings; a wait over midnight goes on."""
REASON = "Still on the list long after the clinic closed"


def close_forgotten(connection: psycopg.Connection[Any], now: datetime) -> int:
    """Closes tickets and visits that nobody has touched for so long as left, and gives how many.

    One transaction of its own, like the same act by hand: it can be taken back. Whoever calls wakes the
    readers of events afterwards.
    """
    params = {"now": now, "by": None, "before": now - FORGOTTEN_AFTER, "reason": REASON}
    with connection.transaction():
        closed = connection.execute(CLOSE_FORGOTTEN, params).fetchall()
        for ticket_id, code, service, encounter_id, patient_id, ended in closed:
            state = TicketState.LEFT
            change = QueueChanged(ticket_id=ticket_id, code=code, service=service, state=state)
            _tell(connection, change, Permission.QUEUE_DISPLAY, now)
            if ended:
                finished = EncounterFinished(encounter_id=encounter_id, patient_id=patient_id)
                _tell(connection, finished, Permission.QUEUE_VIEW, now)
    return len(closed)


def _tell(
    connection: psycopg.Connection[Any],
    event: QueueChanged | EncounterFinished,
    audience: Permission,
    now: datetime,
) -> None:
    connection.execute(TELL, (type(event).__name__, audience, now, msgspec.msgpack.encode(event)))


CLOSE_FORGOTTEN = f"""
with standing as (
    select * from ticket where {OPEN} and coalesce(called_at, queued_at) < %(before)s
    order by id for update skip locked
), closed as (
    update ticket set state = 'left', ended_at = %(now)s, version = ticket.version + 1
    from standing where ticket.id = standing.id
    returning ticket.id, ticket.code, ticket.service, ticket.encounter_id, ticket.patient_id
), ended as (
    update encounter set status = 'finished', ended_at = %(now)s, end_reason = %(reason)s,
        version = version + 1
    from closed where encounter.id = closed.encounter_id and status = 'in-progress'
    returning encounter.id
), kept as (
    {KEPT}, 'left', 'left', %(reason)s, exists (select from ended where ended.id = standing.encounter_id)
    from standing
)
select *, exists (select from ended where ended.id = closed.encounter_id) from closed
"""

TELL = "insert into event (name, audience, at, body) values (%s, %s, %s, %s)"
