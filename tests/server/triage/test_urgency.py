"""The nurse's own judgement: it raises what the score says, and alerts a doctor as a score does."""

from datetime import date

import pytest

from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import AlertRaised, AlertRow, Consciousness, ListAlerts, VitalSigns
from hms_server.contract.values import Role
from hms_server.contract.visits import DOCTOR, CheckIn, ListQueue
from hms_server.contract.vitals import VitalSign
from tests.server.desk import Desk
from tests.server.triage.sets import ILL, WELL, arrive, record, signs

SICK = {VitalSign.SPO2: "91", VitalSign.RESPIRATION_RATE: "44", VitalSign.TEMPERATURE: "39.2"}
CHILD_BORN = date(2023, 1, 10)
ONE_RED = WELL | {VitalSign.PULSE: "135"}
"""3 points in a single parameter: urgent."""


def alerts(desk: Desk) -> list[AlertRow]:
    return desk.ask(ListAlerts(), Role.DOCTOR).alerts


def test_a_sick_child_goes_first_where_the_nurse_says_so(desk: Desk) -> None:
    """Without the nurse's word the same values are routine, since NEWS2 does not apply."""
    by_score = arrive(desk, "Kofi Mensah", born=CHILD_BORN)
    routine = desk.ask(record(by_score, signs(SICK), send_to=DOCTOR))
    child = arrive(desk, "Sade Bello", born=CHILD_BORN)

    answer = desk.ask(record(child, signs(SICK), send_to=DOCTOR, urgency=QueuePriority.EMERGENCY))

    assert routine.ticket is not None
    assert (routine.ticket.priority, routine.alert_id) == (QueuePriority.ROUTINE, None)
    assert answer.ticket is not None
    assert (answer.ticket.priority, answer.ticket.note) == (QueuePriority.EMERGENCY, "Nurse: emergency")
    assert [one.id for one in desk.ask(ListQueue(service=DOCTOR)).tickets] == [
        answer.ticket.id,
        routine.ticket.id,
    ]


def test_the_alert_lists_what_is_out_of_range(desk: Desk) -> None:
    """Short in the title, the alarming first; with units and normal values in the detail."""
    child = arrive(desk, born=CHILD_BORN)

    answer = desk.ask(record(child, signs(SICK), urgency=QueuePriority.EMERGENCY))

    (row,) = alerts(desk)
    assert (row.id, row.critical) == (answer.alert_id, True)
    assert row.title == "Nurse: emergency · breaths 44, SpO₂ 91"
    assert row.detail == (
        "Judged by the nurse. Out of range: breaths 44 /min (normal 24 to 39), SpO₂ 91 % (normal 95 to 100),"
        " temperature 39.2 °C (normal 35.5 to 37.4). NEWS2 does not apply under 16 years."
    )
    assert desk.sql("select kind from alert") == [("nurse",)]
    assert len(desk.events(AlertRaised)) == 1


@pytest.mark.parametrize(
    ("urgency", "note", "alerts_as"),
    [
        (QueuePriority.EMERGENCY, "Nurse: emergency", "critical"),
        (QueuePriority.VERY_URGENT, "Nurse: very urgent", "other"),
        (QueuePriority.URGENT, "Nurse: urgent", None),
        (QueuePriority.ROUTINE, "", None),
        (None, "", None),
    ],
)
def test_from_very_urgent_on_a_doctor_is_alerted(
    desk: Desk, urgency: QueuePriority | None, note: str, alerts_as: str | None
) -> None:
    """Also beside a complete score that says routine."""
    answer = desk.ask(record(arrive(desk), signs(WELL), urgency=urgency))

    assert answer.vitals.news2_total == 0
    assert answer.ticket is not None
    assert answer.ticket.priority is (QueuePriority.ROUTINE if urgency is None else urgency)
    assert answer.ticket.note == note
    assert ["critical" if row.critical else "other" for row in alerts(desk)] == [
        *([alerts_as] if alerts_as else [])
    ]


@pytest.mark.parametrize(
    "urgency", [QueuePriority.EMERGENCY, QueuePriority.VERY_URGENT, QueuePriority.ROUTINE]
)
def test_the_nurse_never_lowers_what_the_score_says(desk: Desk, urgency: QueuePriority) -> None:
    """Where both say the same, the score is named."""
    answer = desk.ask(record(arrive(desk), signs(ILL), urgency=urgency))

    assert answer.ticket is not None
    assert (answer.ticket.priority, answer.ticket.note) == (QueuePriority.EMERGENCY, "NEWS2 8")
    assert [(row.title, row.critical) for row in alerts(desk)] == [("NEWS2 8", True)]


def test_a_more_urgent_nurse_keeps_the_words_of_the_score(desk: Desk) -> None:
    """One alert, not two."""
    answer = desk.ask(record(arrive(desk), signs(ONE_RED), urgency=QueuePriority.VERY_URGENT))

    assert answer.ticket is not None
    assert answer.ticket.note == "Nurse: very urgent"
    (row,) = alerts(desk)
    assert row.title == "Nurse: very urgent · pulse 135"
    assert "NEWS2 3. Points: pulse 3." in row.detail


def test_an_unfinished_score_leaves_the_nurse_her_say(desk: Desk) -> None:
    """Who responds to pain only is named before any number."""
    given = VitalSigns(
        measured=signs({VitalSign.PULSE: "70"}).measured, consciousness=Consciousness.PAIN, complaint="Fell"
    )

    desk.ask(record(arrive(desk), given, urgency=QueuePriority.EMERGENCY))

    (row,) = alerts(desk)
    assert row.title == "Nurse: emergency · responds to pain only"
    assert row.detail.endswith(
        "consciousness 3. Missing: breaths, SpO₂, air or oxygen, systolic, temperature. Complaint: Fell"
    )


def test_pregnancy_is_judged_by_its_own_limits(desk: Desk) -> None:
    """A pulse of 105 is not out of range there, a pressure of 165 is."""
    values = WELL | {VitalSign.PULSE: "105", VitalSign.SYSTOLIC: "165"}

    desk.ask(record(arrive(desk), signs(values, pregnant=True), urgency=QueuePriority.VERY_URGENT))

    (row,) = alerts(desk)
    assert row.title == "Nurse: very urgent · systolic 165"


def test_without_a_number_the_complaint_is_the_reason(desk: Desk) -> None:
    """A child that fits is sent on before anything is measured; a long complaint is cut in the title only."""
    first, second = arrive(desk, born=CHILD_BORN), arrive(desk, "Kofi Mensah")
    complaint = "Fits since this morning, " + "and again " * 9

    desk.ask(record(first, VitalSigns(measured=[]), urgency=QueuePriority.EMERGENCY, send_to=DOCTOR))
    desk.ask(record(second, VitalSigns(measured=[], complaint=complaint), urgency=QueuePriority.VERY_URGENT))

    grave, other = alerts(desk)
    assert grave.title == "Nurse: emergency"
    assert grave.detail.startswith("Judged by the nurse. Nothing that was measured is out of range.")
    assert other.title.startswith("Nurse: very urgent · Fits since this morning, and again")
    assert other.title.endswith("…")
    assert len(other.title) <= len("Nurse: very urgent · ") + 60
    assert complaint.strip() in other.detail


def test_routine_is_no_reason_to_store_nothing(desk: Desk) -> None:
    """Only somebody urgent may come without a value."""
    ticket = arrive(desk)

    fault = desk.fault(record(ticket, VitalSigns(measured=[]), urgency=QueuePriority.ROUTINE))

    assert fault.code == "triage.nothing_measured"


def test_a_rank_given_before_stays(desk: Desk) -> None:
    """Better values and no word of the nurse move nobody back."""
    ticket = desk.ask(CheckIn(patient_id=desk.patient("Ada Obi", birth_date=CHILD_BORN))).ticket
    desk.ask(record(ticket, signs(SICK), urgency=QueuePriority.VERY_URGENT))

    answer = desk.ask(record(ticket, signs(WELL), send_to=DOCTOR))

    assert answer.ticket is not None
    assert (answer.ticket.priority, answer.ticket.note) == (QueuePriority.VERY_URGENT, "Nurse: very urgent")
