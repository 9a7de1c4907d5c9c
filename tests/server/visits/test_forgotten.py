"""What the evening left behind: tickets that nobody closed do not block the next morning."""

from hms_server.contract.values import Role
from hms_server.contract.visits import (
    DOCTOR,
    CallNext,
    CheckIn,
    EncounterFinished,
    ListQueue,
    QueueChanged,
    TicketState,
    UndoTicket,
)
from hms_server.visits.forgotten import close_forgotten
from tests.server.desk import Desk


def sweep(desk: Desk) -> int:
    with desk.connect() as connection:
        return close_forgotten(connection, desk.now)


def test_yesterdays_tickets_are_closed_and_the_patients_can_come_again(desk: Desk) -> None:
    """Waiting or called, each is told as left, with its visit; a second sweep finds nothing."""
    patients = desk.patients(2)
    for patient_id in patients:
        desk.ask(CheckIn(patient_id=patient_id, service=DOCTOR))
    desk.ask(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR)), Role.DOCTOR)
    desk.pass_time(hours=16, seconds=1)

    swept = (sweep(desk), sweep(desk))

    assert swept == (2, 0)
    assert desk.ask(ListQueue()).tickets == []
    assert {event.state for event in desk.events(QueueChanged)[-2:]} == {TicketState.LEFT}
    assert {event.patient_id for event in desk.events(EncounterFinished)} == set(patients)
    assert desk.ask(CheckIn(patient_id=patients[0])).ticket.code == "T-001"


def test_who_waits_through_the_night_stays(desk: Desk) -> None:
    """Also over midnight; what counts is the last time that somebody called them."""
    desk.ask(CheckIn(patient_id=desk.patient(), service=DOCTOR))
    desk.pass_time(hours=15)
    ticket = desk.ask(CallNext(service=DOCTOR, room_id=desk.room(DOCTOR)), Role.DOCTOR).ticket
    desk.pass_time(hours=15)

    assert sweep(desk) == 0
    assert desk.ask(ListQueue()).tickets == [ticket]


def test_a_sweep_can_be_taken_back(desk: Desk) -> None:
    """Like the same act by hand: ticket and visit are open again."""
    ticket = desk.ask(CheckIn(patient_id=desk.patient())).ticket
    desk.pass_time(hours=17)
    sweep(desk)

    back = desk.ask(UndoTicket(ticket_id=ticket.id)).ticket

    assert (back.state, back.queued_at) == (TicketState.WAITING, ticket.queued_at)
    assert desk.sql("select status from encounter") == [("in-progress",)]
