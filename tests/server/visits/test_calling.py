"""Calling: who is next, that two rooms never call one patient, and the order in which people are called."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.values import Role, RoomId, StaffId, TicketId
from hms_server.contract.visits import (
    DOCTOR,
    TRIAGE,
    CallNext,
    CallTicket,
    CheckIn,
    ListQueue,
    MarkNoShow,
    QueueChanged,
    Recall,
    SetSpecialNeed,
    TicketRow,
    TicketState,
)
from hms_server.visits.models import QUEUE_ORDER
from hms_server.visits.rules import queue_key
from tests.server.desk import Desk


def wait_for_doctor(desk: Desk, count: int, **more: Any) -> list[TicketRow]:
    patients = desk.patients(count)
    return [desk.ask(CheckIn(patient_id=one, service=DOCTOR, **more)).ticket for one in patients]


def rank(desk: Desk, ticket: TicketRow, priority: QueuePriority) -> None:
    desk.sql("update ticket set priority = %s where id = %s", (priority, ticket.id))


def test_the_next_patient_is_called_into_the_room(desk: Desk) -> None:
    """The answer, the list and the displays say the same."""
    first, _ = wait_for_doctor(desk, 2)
    desk.pass_time(minutes=3)

    called = desk.ask(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR)), Role.DOCTOR).ticket

    assert called is not None
    assert (called.id, called.state, called.room) == (first.id, TicketState.CALLED, "Room 1")
    assert (called.queued_at, called.called_at) == (first.queued_at, desk.now)
    assert desk.ask(ListQueue(service=DOCTOR)).tickets[0] == called
    assert desk.events(QueueChanged)[-1] == QueueChanged(
        ticket_id=first.id,
        code="D-001",
        service=DOCTOR,
        state=TicketState.CALLED,
        room="Room 1",
        announced=True,
    )


def test_nobody_waiting_is_no_fault(desk: Desk) -> None:
    """The answer says so by having no ticket."""
    wait_for_doctor(desk, 1)

    answer = desk.ask(CallNext(service=TRIAGE, room_id=desk.room(TRIAGE)))

    assert answer.ticket is None


def test_a_red_patient_is_never_behind_a_green_one(desk: Desk) -> None:
    """Rank goes before need, need before time."""
    early, child, red, ill = wait_for_doctor(desk, 4)
    rank(desk, ill, QueuePriority.URGENT)
    rank(desk, red, QueuePriority.EMERGENCY)
    desk.ask(SetSpecialNeed(ticket_id=child.id, special_need=SpecialNeed.UNDER_5))

    order = [ticket.id for ticket in desk.ask(ListQueue()).tickets]
    called = [desk.ask(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR))).ticket for _ in range(4)]

    assert order == [red.id, ill.id, child.id, early.id]
    assert [ticket.id for ticket in called if ticket] == order


def test_who_waits_for_a_certain_doctor_is_left_to_that_doctor(desk: Desk) -> None:
    """Nobody else calls them, and a list of one's own leaves them out."""
    colleague = desk.add_staff(Role.DOCTOR, "Dr Amina Sow")
    (theirs,) = wait_for_doctor(desk, 1, practitioner_id=colleague)
    (anybodys,) = [desk.ask(CheckIn(patient_id=desk.patient(), service=DOCTOR)).ticket]
    room = desk.room(DOCTOR)

    mine = desk.ask(ListQueue(service=DOCTOR, mine=True), Role.DOCTOR).tickets
    first = desk.ask(CallNext(service=DOCTOR, room_id=room), Role.DOCTOR).ticket
    second = desk.ask(CallNext(service=DOCTOR, room_id=room), Role.DOCTOR).ticket
    third = desk.ask(CallNext(service=DOCTOR, room_id=room), by=colleague).ticket

    assert [ticket.id for ticket in mine] == [anybodys.id]
    assert first is not None
    assert (first.id, second) == (anybodys.id, None)
    assert third is not None
    assert third.id == theirs.id
    assert [one.id for one in desk.ask(ListQueue(mine=True), Role.DOCTOR).tickets] == [anybodys.id]


def test_a_patient_can_be_called_before_their_turn_but_only_once(desk: Desk) -> None:
    """The second room learns where the patient is, and who was faster."""
    _, second = wait_for_doctor(desk, 2)
    request = CallTicket(ticket_id=second.id, room_id=desk.room(DOCTOR))

    called = desk.ask(request, Role.DOCTOR).ticket
    fault = desk.fault(request, Role.NURSE)

    assert called is not None
    assert (called.id, called.state) == (second.id, TicketState.CALLED)
    assert (fault.code, fault.field) == ("visits.not_waiting", "ticket_id")
    what = "Patient Number1, ticket D-002, was called to Room 1 (Dr Kofi Asante, 09:00)."
    assert fault.message == f"{what} Look at the queue again."


def test_a_recall_is_announced_again_without_a_new_time(desk: Desk) -> None:
    """Only somebody who was called can be recalled."""
    first, second = wait_for_doctor(desk, 2)
    called = desk.ask(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR)), Role.DOCTOR).ticket
    desk.pass_time(minutes=2)

    again = desk.ask(Recall(ticket_id=first.id), Role.DOCTOR).ticket
    fault = desk.fault(Recall(ticket_id=second.id), Role.DOCTOR)

    assert again == called
    assert [event.announced for event in desk.events(QueueChanged)] == [False, False, True, True]
    assert fault.code == "visits.not_called"
    assert fault.message == "Patient Number1, ticket D-002, waits for Doctor. Look at the queue again."


def test_unknown_rooms_and_tickets_are_refused(desk: Desk) -> None:
    """Each fault has the field that is wrong, and nobody is called."""
    wait_for_doctor(desk, 1)

    faults = [
        desk.fault(CallNext(service=DOCTOR, room_id=RoomId(99))),
        desk.fault(CallTicket(ticket_id=TicketId(99), room_id=desk.room(DOCTOR))),
        desk.fault(Recall(ticket_id=TicketId(99))),
        desk.fault(SetSpecialNeed(ticket_id=TicketId(99), special_need=SpecialNeed.NONE)),
    ]

    assert [(fault.code, fault.field) for fault in faults] == [
        ("visits.room_unknown", "room_id"),
        ("visits.ticket_unknown", "ticket_id"),
        ("visits.ticket_unknown", "ticket_id"),
        ("visits.ticket_unknown", "ticket_id"),
    ]
    assert desk.sql("select state from ticket") == [("waiting",)]


def test_a_special_need_moves_somebody_up_within_the_rank(desk: Desk) -> None:
    """Until the ticket is closed."""
    first, second = wait_for_doctor(desk, 2)

    answer = desk.ask(SetSpecialNeed(ticket_id=second.id, special_need=SpecialNeed.DISABILITY))
    order = [ticket.id for ticket in desk.ask(ListQueue()).tickets]
    desk.ask(MarkNoShow(ticket_id=second.id))
    fault = desk.fault(SetSpecialNeed(ticket_id=second.id, special_need=SpecialNeed.NONE))

    assert answer.ticket.special_need is SpecialNeed.DISABILITY
    assert order == [second.id, first.id]
    assert fault.code == "visits.not_open"
    assert "did not show up" in fault.message


def test_ten_rooms_at_once_call_everybody_once(desk: Desk) -> None:
    """300 patients: no one is called twice, no one is left out, and no room comes away empty too early."""
    waiting = {ticket.id for ticket in wait_for_doctor(desk, 300)}
    rooms = [desk.room(DOCTOR, name=f"Room {number}0") for number in range(10)]
    doctors = [desk.add_staff(Role.DOCTOR, f"Dr Number {number}") for number in range(10)]

    def call_all(number: int) -> list[TicketId]:
        called = []
        request = CallNext(service=DOCTOR, room_id=rooms[number])
        while ticket := desk.ask(request, by=doctors[number]).ticket:
            called.append(ticket.id)
        return called

    called = [ticket_id for calls in desk.together(10, call_all) for ticket_id in calls]

    assert len(called) == 300
    assert set(called) == waiting
    assert desk.sql("select count(*) from ticket_change where kind = 'called'") == [(300,)]


def test_the_last_patient_is_found_also_while_somebody_changes_the_rank(desk: Desk) -> None:
    """A row that is locked for a moment is waited for: "nobody is waiting" would be a lie."""
    (ticket,) = wait_for_doctor(desk, 1)

    locked = threading.Event()

    def act(number: int) -> TicketId | None:
        if number == 0:
            with desk.connect() as ranking, ranking.transaction():
                ranking.execute("update ticket set priority = 0")
                locked.set()
                ranking.execute("select pg_sleep(0.3)")
            return None
        locked.wait()
        called = desk.ask(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR)), Role.DOCTOR).ticket
        return called.id if called else None

    assert desk.together(2, act) == [None, ticket.id]


Waiting = tuple[QueuePriority, SpecialNeed, int]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    queue=st.lists(
        st.tuples(st.sampled_from(QueuePriority), st.sampled_from(SpecialNeed), st.integers(0, 3)),
        min_size=2,
        max_size=12,
    )
)
def test_the_database_calls_in_the_order_of_the_rule(desk: Desk, queue: Sequence[Waiting]) -> None:
    """For any mixture of ranks, needs and times, also equal ones."""
    rows = [
        (number, priority, need, desk.now + timedelta(minutes=minutes))
        for number, (priority, need, minutes) in enumerate(queue)
    ]
    columns: list[Any] = [list(column) for column in zip(*rows, strict=True)]

    ordered = desk.sql(
        f"""select id from unnest(%s::int[], %s::int[], %s::int[], %s::timestamptz[])
        as ticket (id, priority, special_need, queued_at) order by {QUEUE_ORDER}""",
        columns,
    )

    by_rule = sorted(rows, key=lambda row: queue_key(row[1], row[2], queued_at=row[3], number=row[0]))
    assert [row[0] for row in ordered] == [row[0] for row in by_rule]


def test_calls_and_lists_are_ordered_by_the_index(desk: Desk) -> None:
    """A full waiting room and a year of tickets behind it cost the next call no sort."""
    (ticket,) = wait_for_doctor(desk, 1)
    desk.sql(
        """insert into ticket (encounter_id, patient_id, service, day, number, state, priority, special_need,
            queued_at, ended_at)
        select encounter_id, patient_id, service, day, 1000 + place, 'done', 3, 9, queued_at, queued_at
        from ticket, generate_series(1, 20000) as place"""
    )
    desk.sql("analyze ticket")

    plan = desk.sql(
        f"""explain select id from ticket
        where service = 'D' and state = 'waiting' and (practitioner_id is null or practitioner_id = 1)
        order by {QUEUE_ORDER} limit 1 for update skip locked"""
    )

    text = "\n".join(line for (line,) in plan)
    assert "ticket_open" in text
    assert "Sort" not in text
    assert desk.ask(ListQueue()).tickets == [ticket]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.DISPLAY])
def test_who_has_no_desk_calls_nobody(desk: Desk, role: Role) -> None:
    """The permission table says who."""
    fault = desk.fault(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR)), role)

    assert fault.code == "request.forbidden"


def test_calling_is_named_in_the_audit(desk: Desk) -> None:
    """Also the list: everybody on it was seen."""
    tickets = wait_for_doctor(desk, 2)
    doctor: StaffId = desk.staff[Role.DOCTOR]

    desk.ask(ListQueue(), Role.DOCTOR)
    desk.ask(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR)), Role.DOCTOR)

    rows = desk.sql("select request, patients from audit where staff_id = %s order by number", (doctor,))
    seen = [ticket.patient.id for ticket in tickets]
    assert rows == [("ListQueue", seen), ("CallNext", seen[:1])]
