"""Alerts: who is told, when they move on, and that one person takes each."""

from datetime import timedelta

import pytest

from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import AcknowledgeAlert, AlertAcknowledged, AlertRaised, ListAlerts
from hms_server.contract.values import AlertId, Role, StaffId
from hms_server.contract.visits import DOCTOR
from hms_server.contract.vitals import VitalSign
from hms_server.triage.escalation import escalate
from tests.server.desk import Desk, FaultRaised
from tests.server.triage.sets import ILL, WELL, arrive, record, signs

MODERATE = WELL | {VitalSign.RESPIRATION_RATE: "22", VitalSign.SPO2: "92", VitalSign.PULSE: "95"}
"""2 + 2 + 1 points."""
ONE_RED = WELL | {VitalSign.PULSE: "135"}
"""3 points in a single parameter."""
UNFINISHED = {VitalSign.SPO2: "85", VitalSign.PULSE: "135", VitalSign.SYSTOLIC: "88"}
"""Three times 3 points, with the rest still to be measured."""


def alert(desk: Desk, values: dict[VitalSign, str] = ILL, *, doctor: StaffId | None = None) -> AlertId:
    request = record(arrive(desk), signs(values), send_to=DOCTOR, practitioner_id=doctor)
    alert_id = desk.ask(request).alert_id
    assert alert_id is not None
    return alert_id


def move_on(desk: Desk) -> int:
    with desk.connect() as connection:
        return escalate(connection, desk.now)


def told(desk: Desk) -> list[tuple[int, str, StaffId | None]]:
    """Level, permission and person of every AlertRaised."""
    addressed = desk.sql("select audience, staff_id from event where name = 'AlertRaised' order by number")
    return [(event.level, *row) for event, row in zip(desk.events(AlertRaised), addressed, strict=True)]


@pytest.mark.parametrize(
    ("values", "title", "grade", "priority"),
    [
        (ILL, "NEWS2 8", "critical", QueuePriority.EMERGENCY),
        (MODERATE, "NEWS2 5", "other", QueuePriority.VERY_URGENT),
        (ONE_RED, "NEWS2 3", "other", QueuePriority.URGENT),
        (
            {VitalSign.SPO2: "85", VitalSign.PULSE: "135", VitalSign.SYSTOLIC: "88"},
            "NEWS2 ≥9",
            "critical",
            QueuePriority.EMERGENCY,
        ),
    ],
)
def test_a_high_score_raises_an_alert(
    desk: Desk, values: dict[VitalSign, str], title: str, grade: str, priority: QueuePriority
) -> None:
    """From a single 3 or 5 in all, critical from 7, also while values are still missing."""
    ticket = arrive(desk)
    answer = desk.ask(record(ticket, signs(values)))

    (row,) = desk.ask(ListAlerts(), Role.DOCTOR).alerts

    assert (row.id, row.title, row.critical) == (answer.alert_id, title, grade == "critical")
    assert row.detail.startswith(("Points:", "At least 9. Points:"))
    assert (row.patient, row.raised_at, row.level) == (ticket.patient, desk.now, 0)
    assert answer.ticket is not None
    assert answer.ticket.priority == priority


def test_a_low_score_alerts_nobody(desk: Desk) -> None:
    """Four points spread over several parameters are the nurse's to judge."""
    values = WELL | {VitalSign.RESPIRATION_RATE: "22", VitalSign.PULSE: "95", VitalSign.SPO2: "95"}

    answer = desk.ask(record(arrive(desk), signs(values)))

    assert (answer.vitals.news2_total, answer.alert_id) == (4, None)
    assert desk.events(AlertRaised) == []


def test_an_alert_for_a_doctor_is_told_to_that_doctor_alone(desk: Desk) -> None:
    """What the list shows is what the events have told: nothing yet to colleagues and nurses."""
    doctor, colleague = desk.staff[Role.DOCTOR], desk.add_staff(Role.DOCTOR, "Dr Amina Sow")

    alert_id = alert(desk, doctor=doctor)

    assert told(desk) == [(0, "alerts", doctor)]
    (row,) = desk.ask(ListAlerts(), by=doctor).alerts
    assert row.id == alert_id
    assert row.practitioner is not None
    assert row.practitioner.id == doctor
    assert desk.ask(ListAlerts(), by=colleague).alerts == []
    assert desk.ask(ListAlerts(), Role.NURSE).alerts == []


def test_an_alert_for_nobody_in_particular_is_told_to_all_doctors(desk: Desk) -> None:
    """Only doctors may write into charts, so that permission names them."""
    alert(desk)

    assert told(desk) == [(0, "chart_write", None)]
    assert desk.ask(ListAlerts(), by=desk.add_staff(Role.DOCTOR, "Dr Amina Sow")).alerts
    assert desk.ask(ListAlerts(), Role.NURSE).alerts == []


@pytest.mark.parametrize(("values", "minutes"), [(ILL, 3), (MODERATE, 10)])
def test_an_alert_that_nobody_takes_moves_on(desk: Desk, values: dict[VitalSign, str], minutes: int) -> None:
    """To all doctors, then to nurses too, then to everybody again, each time after the same patience."""
    doctor = desk.staff[Role.DOCTOR]
    alert(desk, values, doctor=doctor)

    moved = []
    for _ in range(3):
        desk.pass_time(minutes=minutes, seconds=-1)
        moved.append(move_on(desk))
        desk.pass_time(seconds=1)
        moved.append(move_on(desk))
        moved.append(move_on(desk))

    assert moved == [0, 1, 0] * 3
    assert told(desk) == [
        (0, "alerts", doctor),
        (1, "chart_write", None),
        (2, "alerts", None),
        (3, "alerts", None),
    ]
    (row,) = desk.ask(ListAlerts(), Role.NURSE).alerts
    assert (row.level, row.escalates_at) == (3, desk.now + timedelta(minutes=minutes))


def test_an_alert_that_waited_while_the_server_was_away_moves_on_at_once(desk: Desk) -> None:
    """By one step, so that nobody is skipped; the next step has its full patience again."""
    alert(desk, doctor=desk.staff[Role.DOCTOR])

    desk.pass_time(hours=2)

    assert (move_on(desk), move_on(desk)) == (1, 0)
    assert [level for level, *_ in told(desk)] == [0, 1]


def test_two_servers_never_move_one_alert_twice(desk: Desk) -> None:
    """Whichever comes second finds nothing left to do."""
    for _ in range(20):
        alert(desk)
    desk.pass_time(minutes=3)

    moved = desk.together(4, lambda _: move_on(desk))

    assert sum(moved) == 20
    assert desk.sql("select distinct level from alert") == [(1,)]
    assert len(told(desk)) == 40


def test_an_acknowledged_alert_stays_where_it_is(desk: Desk) -> None:
    """It is shown for some hours with the name of whoever took it, and moves no further."""
    alert_id = alert(desk)
    desk.pass_time(minutes=1)

    desk.ask(AcknowledgeAlert(alert_id=alert_id), Role.DOCTOR)

    desk.pass_time(minutes=30)
    assert move_on(desk) == 0
    (row,) = desk.ask(ListAlerts(), Role.DOCTOR).alerts
    assert row.acknowledged_by is not None
    assert (row.acknowledged_by.name, row.escalates_at) == ("Dr Kofi Asante", None)
    assert desk.events(AlertAcknowledged) == [AlertAcknowledged(alert_id=alert_id)]
    desk.pass_time(hours=8)
    assert desk.ask(ListAlerts(), Role.DOCTOR).alerts == []


def test_the_second_to_acknowledge_learns_who_was_faster(desk: Desk) -> None:
    """Nothing changes; the same person pressing twice is no fault."""
    alert_id = alert(desk)
    colleague = desk.add_staff(Role.DOCTOR, "Dr Amina Sow")
    desk.ask(AcknowledgeAlert(alert_id=alert_id), Role.DOCTOR)
    before = desk.sql("select * from alert")
    desk.pass_time(minutes=5)

    desk.ask(AcknowledgeAlert(alert_id=alert_id), Role.DOCTOR)
    fault = desk.fault(AcknowledgeAlert(alert_id=alert_id), by=colleague)

    assert fault.code == "triage.already_acknowledged"
    assert fault.message == "Dr Kofi Asante has taken this alert on at 09:00."
    assert desk.sql("select * from alert") == before
    assert len(desk.events(AlertAcknowledged)) == 1


def test_one_of_many_takes_an_alert(desk: Desk) -> None:
    """Six doctors press at once: one alert, one name, five who are told it."""
    alert_id = alert(desk)
    doctors = [desk.add_staff(Role.DOCTOR, f"Dr Number {number}") for number in range(6)]

    def take(number: int) -> str:
        try:
            desk.ask(AcknowledgeAlert(alert_id=alert_id), by=doctors[number])
        except FaultRaised as refused:
            return refused.fault.code
        return "taken"

    answers = desk.together(6, take)

    assert sorted(answers) == ["taken", *["triage.already_acknowledged"] * 5]
    assert desk.sql("select acknowledged_by from alert") == [(doctors[answers.index("taken")],)]


def test_an_unknown_alert_is_refused(desk: Desk) -> None:
    """With the field that names it."""
    fault = desk.fault(AcknowledgeAlert(alert_id=AlertId(99)), Role.DOCTOR)

    assert (fault.code, fault.field) == ("triage.alert_unknown", "alert_id")


def test_open_alerts_come_first_and_the_critical_before_the_others(desk: Desk) -> None:
    """What still waits for somebody is on top, the gravest above all."""
    taken, moderate, grave = alert(desk), alert(desk, MODERATE), alert(desk)
    desk.ask(AcknowledgeAlert(alert_id=taken), Role.DOCTOR)

    rows = desk.ask(ListAlerts(), Role.DOCTOR).alerts

    assert [row.id for row in rows] == [grave, moderate, taken]
