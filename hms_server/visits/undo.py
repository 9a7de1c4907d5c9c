"""Taking back the last act on a ticket, from what its history says it was before."""

from dataclasses import dataclass
from datetime import datetime

from hms_server.contract.values import EncounterId, PatientId, RoomId, StaffId, TicketId
from hms_server.contract.visits import CheckedIn, EncounterOpened, QueueChanged, TicketState, UndoTicket
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.visits.faults import ticket_not
from hms_server.visits.models import BESIDE, SHOWN, StoredTicket, queue_change
from hms_server.work import Work

UNDOABLE = {"called", "moved", "no_show", "left"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """The last act on a ticket that still stands, and what the ticket was before it."""

    id: int
    ticket_id: TicketId
    patient_id: PatientId
    encounter_id: EncounterId
    kind: str
    from_state: str
    to_state: str
    from_room_id: RoomId | None
    from_called_at: datetime | None
    from_called_by: StaffId | None
    ended_encounter: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Follower:
    """The ticket that a move has issued."""

    id: TicketId
    code: str
    service: str
    state: str


def undo_ticket(work: Work, request: UndoTicket) -> CheckedIn:
    """The ticket as it was before its last call, move, no-show or leaving, at its old place in the queue.

    A move can be taken back by either of its two tickets, until the new one is called. A visit that was
    closed by the leaving is open again.
    """
    # Two statements: what the first may have waited for is seen only by the second.
    ticket_id = work.value(LOCK, (request.ticket_id,))
    change = work.one(_Change, LAST_CHANGE, (ticket_id,))
    if change is None or change.kind not in UNDOABLE:
        raise _nothing_to_undo(work, request.ticket_id, change)
    work.concerns(change.patient_id)
    if change.kind == "moved":
        _withdraw_follower(work, change)
    _refuse_elsewhere(work, change)
    if change.ended_encounter:
        _reopen(work, change)
    ticket = work.one(StoredTicket, RESTORE, _params(work, change))
    assert ticket is not None
    work.emit(queue_change(ticket), audience=Permission.QUEUE_DISPLAY)
    return CheckedIn(ticket=ticket.row())


def _withdraw_follower(work: Work, change: _Change) -> None:
    follower = work.one(_Follower, FOLLOWER, (change.ticket_id,))
    if follower is None:
        return
    if follower.state != TicketState.WAITING:
        raise ticket_not(work, follower.id, wanted="waiting")
    work.execute(WITHDRAW, {"id": follower.id, "now": work.now, "by": work.actor.staff_id})
    withdrawn = QueueChanged(
        ticket_id=follower.id, code=follower.code, service=follower.service, state=TicketState.DONE
    )
    work.emit(withdrawn, audience=Permission.QUEUE_DISPLAY)


def _refuse_elsewhere(work: Work, change: _Change) -> None:
    """Where the patient has checked in anew, that ticket counts."""
    elsewhere = work.value(ELSEWHERE, (change.patient_id, change.ticket_id))
    if elsewhere is not None:
        raise ticket_not(work, elsewhere, wanted="free")


def _reopen(work: Work, change: _Change) -> None:
    work.execute(REOPEN, (change.encounter_id,))
    opened = EncounterOpened(encounter_id=change.encounter_id, patient_id=change.patient_id)
    work.emit(opened, audience=Permission.QUEUE_VIEW)


def _params(work: Work, change: _Change) -> dict[str, object]:
    return {
        "ticket_id": change.ticket_id,
        "change_id": change.id,
        "state": change.from_state,
        "was_state": change.to_state,
        "room_id": change.from_room_id,
        "called_at": change.from_called_at,
        "called_by": change.from_called_by,
        "now": work.now,
        "by": work.actor.staff_id,
    }


def _nothing_to_undo(work: Work, ticket_id: TicketId, change: _Change | None) -> Refused:
    if change is None and work.value("select id from ticket where id = %s", (ticket_id,)) is None:
        return ticket_not(work, ticket_id, wanted="open")
    return Refused(
        "visits.nothing_to_undo",
        "Nothing on this ticket can be taken back: only a call, a move, a no-show or a leaving can.",
        field="ticket_id",
    )


# A ticket that came from a move and was never touched stands for the one that was moved.
LOCK = """
select id from ticket
where id = (
    select case when exists (
        select from ticket_change where ticket_id = given.id and kind <> 'ranked'
    ) then id else coalesce(moved_from, id) end
    from ticket as given where id = %s)
for update
"""

LAST_CHANGE = """
select change.id, change.ticket_id, ticket.patient_id, ticket.encounter_id, change.kind, change.from_state,
    change.to_state, change.from_room_id, change.from_called_at, change.from_called_by, change.ended_encounter
from ticket join ticket_change as change on change.ticket_id = ticket.id
where ticket.id = %s and change.kind not in ('ranked', 'undone')
    and not exists (select from ticket_change as undoing where undoing.undoes = change.id)
order by change.id desc limit 1
"""

FOLLOWER = """
select id, code, service, state from ticket
where moved_from = %s and not exists (
    select from ticket_change where ticket_id = ticket.id and kind = 'undone' and undoes is null)
order by id desc limit 1 for update
"""

# A follower that is withdrawn is done without ever having been called; the line without an act that it
# undoes says so.
WITHDRAW = """
with withdrawn as (
    update ticket set state = 'done', ended_at = %(now)s, version = version + 1
    where id = %(id)s and state = 'waiting' returning id
)
insert into ticket_change (ticket_id, at, staff_id, kind, from_state, to_state)
select id, %(now)s, %(by)s, 'undone', 'waiting', 'done' from withdrawn
"""

ELSEWHERE = """
select id from ticket where patient_id = %s and state in ('waiting', 'called') and id <> %s
"""

REOPEN = """
update encounter set status = 'in-progress', ended_at = null, end_reason = '', version = version + 1
where id = %s and status = 'finished'
"""

RESTORE = f"""
with restored as (
    update ticket set state = %(state)s, room_id = %(room_id)s, called_at = %(called_at)s,
        called_by = %(called_by)s, ended_at = null, version = version + 1
    where id = %(ticket_id)s and state = %(was_state)s
    returning *
), kept as (
    insert into ticket_change (ticket_id, at, staff_id, kind, from_state, to_state, undoes)
    select id, %(now)s, %(by)s, 'undone', %(was_state)s, %(state)s, %(change_id)s from restored
)
select {SHOWN} from restored as ticket {BESIDE}
"""
