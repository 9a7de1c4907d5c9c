"""Sending on, ending and taking back: a ticket's way through the house, forwards and backwards."""

from datetime import timedelta
from uuid import uuid4

import pytest
from psycopg.errors import RestrictViolation

from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.values import EncounterId, PatientId, Role, TicketId
from hms_server.contract.visits import (
    BILLING,
    DOCTOR,
    PHARMACY,
    TRIAGE,
    CallNext,
    CallTicket,
    CheckIn,
    EncounterFinished,
    EncounterOpened,
    ListPractitioners,
    ListQueue,
    MarkLeft,
    MarkNoShow,
    MoveTicket,
    QueueChanged,
    TicketRow,
    TicketState,
    UndoTicket,
)
from hms_server.faults import Refused
from hms_server.permissions import permissions_of
from hms_server.visits.commands import finish, finish_encounter, send_on
from hms_server.work import Work
from tests.server.desk import Desk, FaultRaised


@pytest.fixture
def ticket(desk: Desk) -> TicketRow:
    """Somebody who waits for triage."""
    return desk.ask(CheckIn(patient_id=desk.patient(), special_need=SpecialNeed.PREGNANT)).ticket


def call(desk: Desk, ticket: TicketRow) -> TicketRow:
    called = desk.ask(CallTicket(ticket_id=ticket.id, room_id=desk.room(ticket.service))).ticket
    assert called is not None
    return called


def states(desk: Desk) -> list[tuple[str, str]]:
    return desk.sql("select code, state from ticket order by id")


def test_a_move_closes_one_ticket_and_issues_the_next(desk: Desk, ticket: TicketRow) -> None:
    """Rank, need and note go along; both tickets are told."""
    desk.sql("update ticket set priority = 1, note = 'NEWS2 5'")
    desk.pass_time(minutes=5)

    moved = desk.ask(MoveTicket(ticket_id=ticket.id, service=DOCTOR)).ticket

    assert (moved.code, moved.encounter_id, moved.queued_at) == ("D-001", ticket.encounter_id, desk.now)
    assert (moved.priority, moved.special_need, moved.note) == (
        QueuePriority.VERY_URGENT,
        SpecialNeed.PREGNANT,
        "NEWS2 5",
    )
    assert states(desk) == [("T-001", "done"), ("D-001", "waiting")]
    assert [(event.code, event.state) for event in desk.events(QueueChanged)[1:]] == [
        ("T-001", TicketState.DONE),
        ("D-001", TicketState.WAITING),
    ]


def test_only_one_of_two_desks_moves_a_ticket(desk: Desk, ticket: TicketRow) -> None:
    """The second learns that it is done, and by whom; the patient stands in one queue."""
    desk.ask(MoveTicket(ticket_id=ticket.id, service=DOCTOR), Role.RECEPTIONIST)

    fault = desk.fault(MoveTicket(ticket_id=ticket.id, service=PHARMACY))

    assert (fault.code, fault.field) == ("visits.not_open", "ticket_id")
    assert fault.message == (
        "Ada Obi, ticket T-001, is done with Triage (Grace Mensah, 09:00). Look at the queue again."
    )
    assert len(desk.ask(ListQueue()).tickets) == 1


def test_moves_at_the_same_moment_leave_the_patient_in_one_queue(desk: Desk, ticket: TicketRow) -> None:
    """Six desks press at once: every answer is either the one new ticket or a refusal."""
    services = [DOCTOR, PHARMACY, BILLING] * 2

    def move(number: int) -> str:
        try:
            return desk.ask(MoveTicket(ticket_id=ticket.id, service=services[number])).ticket.code
        except FaultRaised as refused:
            return refused.fault.code

    answers = desk.together(6, move)

    waiting = [code for code, state in states(desk) if state == "waiting"]
    assert len(waiting) == 1
    assert sorted(answers) == sorted([*waiting, *["visits.not_open"] * 5])


def test_a_no_show_leaves_the_lists_and_may_come_back(desk: Desk, ticket: TicketRow) -> None:
    """The encounter stays open."""
    call(desk, ticket)

    desk.ask(MarkNoShow(ticket_id=ticket.id))

    assert desk.ask(ListQueue()).tickets == []
    assert desk.sql("select status from encounter") == [("in-progress",)]
    assert desk.fault(MarkNoShow(ticket_id=ticket.id)).code == "visits.not_open"


def test_who_leaves_ends_the_encounter_with_a_reason(desk: Desk, ticket: TicketRow) -> None:
    """The reason is needed, and stored with the visit."""
    faults = [
        desk.fault(MarkLeft(ticket_id=ticket.id, reason="  ")),
        desk.fault(MarkLeft(ticket_id=ticket.id, reason="x" * 501)),
        desk.fault(MarkLeft(ticket_id=TicketId(99), reason="Bus")),
    ]
    desk.ask(MarkLeft(ticket_id=ticket.id, reason=" Had to catch the bus "))

    assert [(fault.code, fault.field) for fault in faults] == [
        ("visits.reason_missing", "reason"),
        ("visits.reason_long", "reason"),
        ("visits.ticket_unknown", "ticket_id"),
    ]
    assert desk.sql("select status, end_reason, ended_at from encounter") == [
        ("finished", "Had to catch the bus", desk.now)
    ]
    finished = EncounterFinished(encounter_id=ticket.encounter_id, patient_id=ticket.patient.id)
    assert desk.events(EncounterFinished) == [finished]
    again = desk.ask(CheckIn(patient_id=ticket.patient.id)).ticket
    assert again.encounter_id != ticket.encounter_id


def test_an_undone_call_gives_the_old_place_back(desk: Desk, ticket: TicketRow) -> None:
    """The ticket is as it was, but for its version."""
    desk.ask(CheckIn(patient_id=desk.patient("Kofi Mensah"), special_need=SpecialNeed.PREGNANT))
    desk.pass_time(minutes=2)
    called = call(desk, ticket)

    back = desk.ask(UndoTicket(ticket_id=ticket.id)).ticket

    assert (back.state, back.room, back.called_at) == (TicketState.WAITING, None, None)
    assert (back.queued_at, back.version) == (ticket.queued_at, called.version + 1)
    assert desk.ask(ListQueue()).tickets[0] == back
    assert desk.events(QueueChanged)[-1].state is TicketState.WAITING


def test_a_no_show_is_undone_into_the_room_and_then_into_the_queue(desk: Desk, ticket: TicketRow) -> None:
    """Each undo goes one act back, until there is none left."""
    called = call(desk, ticket)
    desk.ask(MarkNoShow(ticket_id=ticket.id))

    in_room = desk.ask(UndoTicket(ticket_id=ticket.id)).ticket
    in_queue = desk.ask(UndoTicket(ticket_id=ticket.id)).ticket
    fault = desk.fault(UndoTicket(ticket_id=ticket.id))

    assert (in_room.state, in_room.room, in_room.called_at) == (
        TicketState.CALLED,
        called.room,
        called.called_at,
    )
    assert in_queue.state is TicketState.WAITING
    assert (fault.code, fault.field) == ("visits.nothing_to_undo", "ticket_id")
    kinds = desk.sql("select kind from ticket_change order by id")
    assert kinds == [("called",), ("no_show",), ("undone",), ("undone",)]


@pytest.mark.parametrize("by_the_new_ticket", ["by the old ticket", "by the new ticket"])
def test_an_undone_move_gives_the_old_ticket_back(
    desk: Desk, ticket: TicketRow, by_the_new_ticket: str
) -> None:
    """Either ticket names the move; the new one is withdrawn and can be issued again by another move."""
    call(desk, ticket)
    moved = desk.ask(MoveTicket(ticket_id=ticket.id, service=DOCTOR)).ticket

    meant = moved if by_the_new_ticket == "by the new ticket" else ticket
    back = desk.ask(UndoTicket(ticket_id=meant.id)).ticket

    assert (back.id, back.state) == (ticket.id, TicketState.CALLED)
    assert states(desk) == [("T-001", "called"), ("D-001", "done")]
    assert desk.ask(MoveTicket(ticket_id=ticket.id, service=PHARMACY)).ticket.code == "P-001"
    assert desk.ask(UndoTicket(ticket_id=ticket.id)).ticket.id == ticket.id


def test_a_move_stays_once_the_patient_was_called_to_the_next_room(desk: Desk, ticket: TicketRow) -> None:
    """Whoever wants to take it back learns where the patient is."""
    moved = desk.ask(MoveTicket(ticket_id=ticket.id, service=DOCTOR)).ticket
    desk.ask(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR)), Role.DOCTOR)

    fault = desk.fault(UndoTicket(ticket_id=ticket.id))

    assert fault.code == "visits.not_waiting"
    assert f"ticket {moved.code}, was called to Room 1 (Dr Kofi Asante" in fault.message
    assert desk.ask(ListQueue()).tickets[0].code == "D-001"


def test_an_undone_leaving_opens_the_encounter_again(desk: Desk, ticket: TicketRow) -> None:
    """The patient was only outside, and stands where they stood."""
    desk.ask(MarkLeft(ticket_id=ticket.id, reason="Went home"))

    back = desk.ask(UndoTicket(ticket_id=ticket.id)).ticket

    assert (back.state, back.queued_at) == (TicketState.WAITING, ticket.queued_at)
    assert desk.sql("select status, ended_at, end_reason from encounter") == [("in-progress", None, "")]
    assert len(desk.events(EncounterOpened)) == 2


def test_nothing_is_taken_back_over_a_newer_ticket(desk: Desk, ticket: TicketRow) -> None:
    """Who was checked in again stands where they stand now."""
    desk.ask(MarkNoShow(ticket_id=ticket.id))
    desk.ask(CheckIn(patient_id=ticket.patient.id))

    fault = desk.fault(UndoTicket(ticket_id=ticket.id))

    assert fault.code == "visits.not_free"
    assert "ticket T-002, waits for Triage" in fault.message


def test_two_who_undo_the_same_act_undo_it_once(desk: Desk, ticket: TicketRow) -> None:
    """Pressed at two desks at once, the second finds nothing left to take back."""
    call(desk, ticket)

    def undo(_: int) -> str:
        try:
            return desk.ask(UndoTicket(ticket_id=ticket.id)).ticket.state
        except FaultRaised as refused:
            return refused.fault.code

    assert sorted(desk.together(4, undo)) == [*["visits.nothing_to_undo"] * 3, "waiting"]


def test_an_unknown_ticket_cannot_be_taken_back(desk: Desk) -> None:
    """With the field that names it."""
    fault = desk.fault(UndoTicket(ticket_id=TicketId(99)))

    assert (fault.code, fault.field) == ("visits.ticket_unknown", "ticket_id")


def test_the_history_of_a_ticket_cannot_be_changed(desk: Desk, ticket: TicketRow) -> None:
    """The database refuses, whatever a program tries."""
    call(desk, ticket)

    for statement in ("update ticket_change set kind = 'left'", "delete from ticket_change"):
        with (
            desk.connect() as connection,
            pytest.raises(RestrictViolation, match="append-only"),
        ):
            connection.execute(statement)


def test_a_whole_day_may_end_without_a_next_queue(desk: Desk, ticket: TicketRow) -> None:
    """Finishing the last ticket twice is no fault: two windows may do so."""
    with desk.connect() as connection:
        work = Work(connection, desk.actor(Role.CASHIER), desk.now, uuid4())
        finish(work, ticket.id)
        finish(work, ticket.id)

    assert states(desk) == [("T-001", "done")]
    assert len(work.events) == 1
    assert desk.fault(UndoTicket(ticket_id=ticket.id)).code == "visits.nothing_to_undo"


def test_who_signs_is_not_stopped_by_a_queue_that_moved_on(desk: Desk, ticket: TicketRow) -> None:
    """The patient stays where somebody else has sent them, and that ticket is the answer."""
    moved = desk.ask(MoveTicket(ticket_id=ticket.id, service=BILLING)).ticket

    with desk.connect() as connection:
        work = Work(connection, desk.actor(Role.DOCTOR), desk.now, uuid4())
        answer = send_on(work, ticket.id, encounter_id=ticket.encounter_id, service=PHARMACY)

    assert answer == moved
    assert (work.events, states(desk)) == ([], [("T-001", "done"), ("B-001", "waiting")])


def test_sending_on_without_a_ticket_replaces_the_one_in_the_lists(desk: Desk, ticket: TicketRow) -> None:
    """A doctor who sees somebody straight from the door needs no ticket number."""
    with desk.connect() as connection:
        work = Work(connection, desk.actor(Role.DOCTOR), desk.now, uuid4())
        answer = send_on(work, None, encounter_id=ticket.encounter_id, service=PHARMACY)

    assert answer.code == "P-001"
    assert states(desk) == [("T-001", "done"), ("P-001", "waiting")]


def test_an_encounter_ends_once(desk: Desk, ticket: TicketRow) -> None:
    """Signed is signed; the ticket goes on to pharmacy and billing."""
    doctor = desk.staff[Role.DOCTOR]
    with desk.connect() as connection:
        work = Work(connection, desk.actor(Role.DOCTOR), desk.now, uuid4())
        finish_encounter(work, ticket.encounter_id, practitioner_id=doctor)
        with pytest.raises(Refused, match=r"visits\.encounter_ended"):
            finish_encounter(work, ticket.encounter_id, practitioner_id=doctor)
        with pytest.raises(Refused, match=r"visits\.encounter_unknown"):
            send_on(work, None, encounter_id=EncounterId(99), service=PHARMACY)

    assert desk.sql("select status, practitioner_id from encounter") == [("finished", doctor)]
    assert states(desk) == [("T-001", "waiting")]


def test_doctors_who_are_here_come_first(desk: Desk) -> None:
    """Whoever is signed in can be sent a patient now; other staff are not in the list."""
    present = desk.add_staff(Role.DOCTOR, "Dr Zainab Musa")
    desk.sql(
        """with paired as (
            insert into device (public_key, name, paired_at) values ('key', 'Room 1', now()) returning id
        )
        insert into session (secret_hash, staff_id, device_id, started_at, last_seen_at)
        select 'secret', %s, id, now(), now() from paired""",
        (present,),
    )

    people = desk.ask(ListPractitioners()).practitioners

    assert [person.name for person in people] == ["Dr Zainab Musa", "Dr Kofi Asante"]


def test_snapshots_follow_the_events(desk: Desk) -> None:
    """After a mixed day the last event of every ticket says what the table says."""
    patients: list[PatientId] = desk.patients(6)
    tickets = [desk.ask(CheckIn(patient_id=one)).ticket for one in patients]
    for number, one in enumerate(tickets):
        desk.now += timedelta(minutes=1)
        call(desk, one)
        if number % 3 == 0:
            desk.ask(MoveTicket(ticket_id=one.id, service=DOCTOR))
            desk.ask(UndoTicket(ticket_id=one.id))
        if number % 3 == 1:
            desk.ask(MarkLeft(ticket_id=one.id, reason="Rain"))

    last = {event.ticket_id: event.state for event in desk.events(QueueChanged)}

    assert last == dict(desk.sql("select id, state from ticket"))
    assert TRIAGE in {event.service for event in desk.events(QueueChanged)}
    audiences = {name for (name,) in desk.sql("select audience from event where name = 'QueueChanged'")}
    assert permissions_of(frozenset({Role.DISPLAY})) >= audiences
