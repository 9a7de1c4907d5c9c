"""The waiting-room display: rooms and tickets, never names, and an honest guess at the time."""

from datetime import timedelta

import msgspec
import pytest

from hms_server.contract.values import Role
from hms_server.contract.visits import (
    BILLING,
    DOCTOR,
    TRIAGE,
    CallNext,
    CheckIn,
    DisplayBoard,
    GetDisplayBoard,
    MarkNoShow,
    MoveTicket,
)
from hms_server.visits.rules import expected_minutes
from tests.server.desk import Desk


def board(desk: Desk, *services: str) -> DisplayBoard:
    return desk.ask(GetDisplayBoard(services=list(services)), Role.DISPLAY)


def serve(desk: Desk, count: int, *, minutes: int) -> None:
    """Sees that many patients in triage, one after the other."""
    for patient_id in desk.patients(count):
        ticket = desk.ask(CheckIn(patient_id=patient_id)).ticket
        desk.ask(CallNext(service=TRIAGE, room_id=desk.room(TRIAGE)))
        desk.pass_time(minutes=minutes)
        desk.ask(MoveTicket(ticket_id=ticket.id, service=BILLING))


def test_the_last_call_of_each_room_is_shown_newest_first(desk: Desk) -> None:
    """Who was not there disappears, and the call before it is shown again."""
    for patient_id in desk.patients(4):
        desk.ask(CheckIn(patient_id=patient_id, service=DOCTOR))
    rooms = [desk.room(DOCTOR), desk.room(DOCTOR, name="Room 9"), desk.room(DOCTOR)]
    called = []
    for room_id in rooms:
        desk.pass_time(minutes=1)
        called.append(desk.ask(CallNext(service=DOCTOR, room_id=room_id)).ticket)

    first = board(desk)
    assert called[2] is not None
    desk.ask(MarkNoShow(ticket_id=called[2].id))
    second = board(desk)

    assert [(call.code, call.room) for call in first.called] == [("D-003", "Room 1"), ("D-002", "Room 9")]
    assert [(call.code, call.room) for call in second.called] == [("D-002", "Room 9"), ("D-001", "Room 1")]
    assert first.called[0].called_at == desk.now


def test_at_most_eight_calls_are_shown(desk: Desk) -> None:
    """More cannot be read from across a room."""
    for number, patient_id in enumerate(desk.patients(10)):
        desk.ask(CheckIn(patient_id=patient_id, service=DOCTOR))
        room_id = desk.room(DOCTOR, name=f"Room {number + 10}")
        desk.pass_time(minutes=1)
        desk.ask(CallNext(service=DOCTOR, room_id=room_id))

    assert [call.code for call in board(desk).called] == [f"D-{number:03}" for number in range(10, 2, -1)]


def test_a_display_shows_its_own_queues_without_names(desk: Desk) -> None:
    """In the order of the calls, counted for each queue."""
    for patient_id in desk.patients(3):
        desk.ask(CheckIn(patient_id=patient_id))
    desk.ask(CheckIn(patient_id=desk.patient("Ada Obi"), service=DOCTOR))

    triage, everything = board(desk, TRIAGE), board(desk)

    assert [(one.code, one.ahead) for one in triage.waiting] == [("T-001", 0), ("T-002", 1), ("T-003", 2)]
    assert (everything.waiting[0].code, everything.waiting[0].ahead) == ("D-001", 0)
    assert triage.clinic == "Sunrise Clinic"
    shown = msgspec.json.encode(everything).decode()
    assert "Ada" not in shown
    assert "Number" not in shown


def test_a_time_is_promised_only_after_enough_patients(desk: Desk) -> None:
    """Four say nothing; from five on the median speaks, for each place in the queue."""
    serve(desk, 4, minutes=6)
    for patient_id in desk.patients(3):
        desk.ask(CheckIn(patient_id=patient_id))
    before = [one.expected_minutes for one in board(desk, TRIAGE).waiting]
    for _ in range(3):
        called = desk.ask(CallNext(service=TRIAGE, room_id=desk.room(TRIAGE))).ticket
        assert called is not None
        desk.ask(MarkNoShow(ticket_id=called.id))
    serve(desk, 1, minutes=60)
    for patient_id in desk.patients(2):
        desk.ask(CheckIn(patient_id=patient_id))

    after = [one.expected_minutes for one in board(desk, TRIAGE).waiting]

    assert before == [None, None, None]
    assert after == [6, 12]


def test_last_months_patients_say_nothing_about_today(desk: Desk) -> None:
    """Only the last days count."""
    serve(desk, 6, minutes=6)
    desk.now += timedelta(days=8)
    desk.ask(CheckIn(patient_id=desk.patient()))

    assert [one.expected_minutes for one in board(desk, TRIAGE).waiting] == [None]


@pytest.mark.parametrize(
    ("ahead", "minutes", "rooms", "expected"),
    [
        (0, [5] * 5, 1, 5),
        (3, [5] * 5, 2, 10),
        (2, [1, 1, 7, 60, 60], 0, 21),
        (0, [1] * 4, 1, None),
    ],
)
def test_the_guess_counts_rooms_and_takes_the_median(
    ahead: int, minutes: list[int], rooms: int, expected: int | None
) -> None:
    """One long lunch moves nobody's time; a queue without an open room counts as one room."""
    times = [timedelta(minutes=one) for one in minutes]

    assert expected_minutes(ahead, service_times=times, rooms=rooms) == expected


def test_only_displays_and_desks_see_the_board(desk: Desk) -> None:
    """The display sees nothing else."""
    assert desk.fault(GetDisplayBoard(), Role.ADMINISTRATOR).code == "request.forbidden"
    assert desk.fault(CheckIn(patient_id=desk.patient()), Role.DISPLAY).code == "request.forbidden"
