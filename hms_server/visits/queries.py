"""What queue lists and waiting-room displays show."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from hms_server.contract.values import Person
from hms_server.contract.visits import (
    DisplayBoard,
    DisplayCall,
    DisplayWaiting,
    GetDisplayBoard,
    ListPractitioners,
    ListQueue,
    Practitioners,
    Queue,
)
from hms_server.visits.models import BESIDE, OPEN, QUEUE_ORDER, SHOWN, TODAY, StoredTicket
from hms_server.visits.rules import expected_minutes
from hms_server.work import Work

CALLS_SHOWN = 8
SERVICE_TIME_DAYS = 7
"""How far back service times say something about today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    code: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pace:
    """How fast one queue moves: what its last patients took, and the rooms that serve it now."""

    service: str
    service_times: list[timedelta]
    rooms: int


def list_queue(work: Work, request: ListQueue) -> Queue:
    """Those called first, the latest call on top; then the waiting in the order of their calls.

    With `mine`, who was called by a colleague or waits for one is left out.
    """
    params = {"service": request.service, "mine": request.mine, "by": work.actor.staff_id}
    tickets = work.rows(StoredTicket, QUEUE, params)
    work.concerns(*(ticket.patient_id for ticket in tickets))
    return Queue(tickets=[ticket.row() for ticket in tickets])


def list_practitioners(work: Work, _request: ListPractitioners) -> Practitioners:
    """All doctors who may sign in; who is signed in comes first."""
    return Practitioners(work.rows(Person, PRACTITIONERS))


def get_display_board(work: Work, request: GetDisplayBoard) -> DisplayBoard:
    """The last call of every room, and who comes next in each queue."""
    params = {
        "services": request.services or None,
        "now": work.now,
        "calls": CALLS_SHOWN,
        "days": SERVICE_TIME_DAYS,
    }
    waiting = work.rows(_Waiting, WAITING, params)
    paces = {pace.service: pace for pace in work.rows(_Pace, PACES, params)}
    return DisplayBoard(
        clinic=work.value("select name from clinic"),
        called=work.rows(DisplayCall, CALLS, params),
        waiting=_in_turn(waiting, paces),
    )


def _in_turn(waiting: list[_Waiting], paces: dict[str, _Pace]) -> list[DisplayWaiting]:
    before: Counter[str] = Counter()
    shown = []
    for ticket in waiting:
        ahead, pace = before[ticket.service], paces.get(ticket.service)
        minutes = (
            expected_minutes(ahead, service_times=pace.service_times, rooms=pace.rooms) if pace else None
        )
        shown.append(
            DisplayWaiting(code=ticket.code, service=ticket.service, ahead=ahead, expected_minutes=minutes)
        )
        before[ticket.service] += 1
    return shown


QUEUE = f"""
select {SHOWN} from ticket {BESIDE}
where {OPEN} and (%(service)s::text is null or ticket.service = %(service)s)
    and (not %(mine)s or case state
        when 'called' then called_by = %(by)s
        else practitioner_id is null or practitioner_id = %(by)s end)
order by state = 'waiting', case when state = 'called' then called_at end desc,
    {", ".join(f"ticket.{column}" for column in QUEUE_ORDER.split(", "))}
"""

PRACTITIONERS = """
select id, name from staff
where active and 'doctor' = any (roles)
order by exists (select from session where staff_id = staff.id and ended_at is null) desc, name, id
"""

CALLS = f"""
with {TODAY}, latest as (
    select distinct on (room_id) room_id, code, called_at from ticket, today
    where state = 'called' and (called_at at time zone today.time_zone)::date = today.day
        and (%(services)s::text[] is null or service = any (%(services)s))
    order by room_id, called_at desc, ticket.id desc
)
select code, room.name as room, called_at from latest join room on room.id = room_id
order by called_at desc limit %(calls)s
"""

WAITING = f"""
select code, service from ticket
where state = 'waiting' and (%(services)s::text[] is null or service = any (%(services)s))
order by service, {QUEUE_ORDER}
"""

PACES = f"""
with {TODAY}, served as (
    select service, ended_at - called_at as took from ticket, today
    where ticket.day between today.day - %(days)s::int and today.day
        and state = 'done' and called_at is not null
), serving as (
    select service, count(distinct room_id) as rooms from ticket where state = 'called' group by service
)
select service, array_agg(took) as service_times, coalesce(rooms, 0) as rooms
from served left join serving using (service) group by service, rooms
"""
