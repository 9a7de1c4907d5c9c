"""Recording vital signs: what is stored, scored, moved and told, and what is refused."""

from datetime import date
from decimal import Decimal

import pytest

from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import (
    GetVitals,
    Measured,
    Reading,
    RecordVitals,
    VitalSigns,
    VitalSignsRecorded,
)
from hms_server.contract.values import EncounterId, Role
from hms_server.contract.visits import (
    DOCTOR,
    CallNext,
    CheckIn,
    ListQueue,
    MarkLeft,
    QueueChanged,
    TicketState,
)
from hms_server.contract.vitals import VitalSign
from tests.server.desk import Desk
from tests.server.triage.sets import ILL, WELL, arrive, record, signs


def test_a_set_is_stored_as_it_was_measured(desk: Desk) -> None:
    """Values keep their digits and units; the history gives back what was sent."""
    ticket = arrive(desk)
    given = signs(WELL | {VitalSign.TEMPERATURE: "36.80"})

    stored = desk.ask(record(ticket, given)).vitals

    history = desk.ask(GetVitals(patient_id=ticket.patient.id))
    assert history.sets == [stored]
    assert stored.signs == given
    assert stored.recorded_by is not None
    assert (stored.recorded_by.name, stored.recorded_at) == ("Ngozi Eze", desk.now)
    temperature = Reading(code=VitalSign.TEMPERATURE, value=Decimal("36.80"), unit="Cel", at=desk.now)
    assert str(next(one.value for one in history.readings if one.code == VitalSign.TEMPERATURE)) == "36.80"
    assert temperature in history.readings
    assert len(history.readings) == len(WELL)


def test_the_score_is_stored_with_the_set(desk: Desk) -> None:
    """NEWS2 as the server scores it, whatever the workstation showed."""
    vitals = desk.ask(record(arrive(desk), signs(ILL))).vitals

    assert (vitals.news2_total, vitals.news2_state, vitals.risk) == (8, "complete", "high")
    assert desk.sql("select news2_total, news2_state, risk from vital_signs") == [(8, "complete", "high")]


@pytest.mark.parametrize(
    ("given", "born", "state"),
    [
        (signs({VitalSign.PULSE: "70"}), date(1990, 1, 1), "incomplete"),
        (signs(WELL, on_oxygen=None), date(1990, 1, 1), "incomplete"),
        (signs(WELL), None, "incomplete"),
        (signs(WELL), date(2010, 3, 3), "not_applicable"),
        (signs(WELL, pregnant=True), date(1990, 1, 1), "not_applicable"),
    ],
)
def test_what_cannot_be_scored_has_no_total(
    desk: Desk, given: VitalSigns, born: date | None, state: str
) -> None:
    """A missing value is incomplete, never zero; under 16 years and in pregnancy the score does not apply."""
    vitals = desk.ask(record(arrive(desk, born=born), given)).vitals

    assert (vitals.news2_total, vitals.news2_state) == (None, state)


def test_the_score_applies_from_the_sixteenth_birthday_on(desk: Desk) -> None:
    """The day counts in the clinic's own calendar."""
    vitals = desk.ask(record(arrive(desk, born=date(2010, 3, 2)), signs(WELL))).vitals

    assert (vitals.news2_total, vitals.news2_state) == (0, "complete")


def test_saving_sends_the_patient_on_with_the_rank_of_the_score(desk: Desk) -> None:
    """One request: the triage ticket is done, and a gravely ill patient is next for the doctor."""
    waiting_longer = desk.ask(CheckIn(patient_id=desk.patient("Kofi Mensah"), service=DOCTOR)).ticket
    ticket = arrive(desk)
    desk.pass_time(minutes=4)

    answer = desk.ask(record(ticket, signs(ILL), send_to=DOCTOR))

    assert answer.ticket is not None
    assert (answer.ticket.code, answer.ticket.service) == ("D-002", DOCTOR)
    assert (answer.ticket.priority, answer.ticket.note) == (QueuePriority.EMERGENCY, "NEWS2 8")
    assert [one.id for one in desk.ask(ListQueue(service=DOCTOR)).tickets] == [
        answer.ticket.id,
        waiting_longer.id,
    ]
    done = QueueChanged(ticket_id=ticket.id, code="T-001", service="T", state=TicketState.DONE)
    assert done in desk.events(QueueChanged)


def test_without_a_next_queue_the_patient_moves_up_where_they_are(desk: Desk) -> None:
    """The ticket keeps its code."""
    desk.ask(CheckIn(patient_id=desk.patient("Kofi Mensah")))
    ticket = arrive(desk)

    answer = desk.ask(record(ticket, signs(ILL)))

    assert answer.ticket is not None
    assert (answer.ticket.id, answer.ticket.priority) == (ticket.id, QueuePriority.EMERGENCY)
    assert desk.ask(ListQueue()).tickets[0].id == ticket.id


def test_a_better_second_set_moves_nobody_down(desk: Desk) -> None:
    """Who was red stays red until a person decides otherwise; nothing is told where nothing changed."""
    ticket = arrive(desk)
    desk.ask(record(ticket, signs(ILL)))
    told = len(desk.events(QueueChanged))

    answer = desk.ask(record(ticket, signs(WELL)))

    assert answer.ticket is not None
    assert (answer.ticket.priority, answer.ticket.note) == (QueuePriority.EMERGENCY, "NEWS2 8")
    assert len(desk.events(QueueChanged)) == told


def test_a_patient_who_waits_nowhere_is_recorded_too(desk: Desk) -> None:
    """A ticket is no condition for measuring, and sending on issues one."""
    ticket = arrive(desk)
    desk.sql("update ticket set state = 'no_show', ended_at = queued_at where id = %s", (ticket.id,))
    request = RecordVitals(encounter_id=ticket.encounter_id, ticket_id=None, signs=signs(WELL))

    assert desk.ask(request).ticket is None
    sent = RecordVitals(encounter_id=ticket.encounter_id, ticket_id=None, signs=signs(WELL), send_to=DOCTOR)
    answer = desk.ask(sent)
    assert answer.ticket is not None
    assert answer.ticket.code == "D-001"


def test_an_impossible_value_is_refused_by_its_field(desk: Desk) -> None:
    """Nothing of the set is stored, and nobody moves."""
    ticket = arrive(desk)

    fault = desk.fault(record(ticket, signs(WELL | {VitalSign.SPO2: "980"}), send_to=DOCTOR))

    assert (fault.code, fault.field) == ("triage.impossible_value", VitalSign.SPO2)
    assert "0 to 100 %" in fault.message
    assert desk.sql("select from observation") + desk.sql("select from vital_signs") == []
    assert desk.ask(ListQueue()).tickets == [ticket]


def test_an_unusual_value_is_stored_once_somebody_has_looked_twice(desk: Desk) -> None:
    """All doubtful codes come back at once, and each has to be confirmed."""
    ticket = arrive(desk)
    odd = signs(WELL | {VitalSign.PULSE: "190", VitalSign.TEMPERATURE: "41.5"})

    fault = desk.fault(record(ticket, odd, confirmed=[VitalSign.PULSE]))
    both = desk.fault(record(ticket, odd))
    answer = desk.ask(record(ticket, odd, confirmed=[VitalSign.PULSE, VitalSign.TEMPERATURE]))

    assert (fault.code, fault.field) == ("triage.unusual_value", VitalSign.TEMPERATURE)
    assert set(both.data) == {VitalSign.PULSE, VitalSign.TEMPERATURE}
    assert answer.vitals.signs == odd


def test_what_cannot_be_recorded_names_its_field(desk: Desk) -> None:
    """Every fault of the request, with nothing stored."""
    ticket = arrive(desk)
    left = arrive(desk, "Kofi Mensah")
    desk.ask(MarkLeft(ticket_id=left.id, reason="Bus"))
    nurse = desk.staff[Role.NURSE]
    unknown = RecordVitals(encounter_id=EncounterId(999), ticket_id=None, signs=signs(WELL))

    faults = [
        desk.fault(unknown),
        desk.fault(record(left, signs(WELL))),
        desk.fault(record(ticket, VitalSigns(measured=[]))),
        desk.fault(record(ticket, VitalSigns(measured=[Measured(code="1-8", value=Decimal(1))]))),
        desk.fault(record(ticket, VitalSigns(measured=[], complaint="x" * 2001))),
        desk.fault(record(ticket, VitalSigns(measured=[], complaint="x", spo2_scale=3))),
        desk.fault(record(ticket, signs(WELL), send_to="X")),
        desk.fault(record(ticket, signs(WELL), send_to=DOCTOR, practitioner_id=nurse)),
    ]

    assert [(fault.code, fault.field) for fault in faults] == [
        ("visits.encounter_unknown", "encounter_id"),
        ("visits.encounter_ended", "encounter_id"),
        ("triage.nothing_measured", "measured"),
        ("triage.unknown_value", "measured"),
        ("triage.complaint_long", "complaint"),
        ("triage.unknown_scale", "spo2_scale"),
        ("visits.service_unknown", "service"),
        ("visits.practitioner_unknown", "practitioner_id"),
    ]
    assert desk.sql("select from vital_signs") == []


def test_a_trend_shows_imported_readings_beside_our_own(desk: Desk) -> None:
    """Newest first, each as it was given; what was entered in error is left out."""
    ticket = arrive(desk)
    desk.ask(record(ticket, signs({VitalSign.SPO2: "98"})))
    imported = """insert into observation
        (patient_id, code, value, unit, effective_at, status, source, source_id)
        values (%s, %s, %s, '%%', '2024-01-05 10:00+00', %s, 'test', %s)"""
    patient_id = ticket.patient.id
    desk.sql(imported, (patient_id, "2708-6", Decimal("91.2637"), "final", "1"))
    desk.sql(imported, (patient_id, VitalSign.SPO2, Decimal(7), "entered-in-error", "2"))
    desk.sql(imported, (patient_id, "39156-5", Decimal("24.1"), "final", "3"))

    readings = desk.ask(GetVitals(patient_id=patient_id), Role.DOCTOR).readings

    assert [(one.code, str(one.value)) for one in readings] == [
        (VitalSign.SPO2, "98"),
        (VitalSign.SPO2, "91.2637"),
    ]


def test_a_long_history_is_cut_at_the_newest(desk: Desk) -> None:
    """The limit holds for sets, and for the readings of each sign."""
    ticket = arrive(desk)
    for pulse in range(60, 65):
        desk.pass_time(minutes=1)
        desk.ask(record(ticket, signs({VitalSign.PULSE: str(pulse), VitalSign.SPO2: "98"})))

    history = desk.ask(GetVitals(patient_id=ticket.patient.id, limit=2))

    assert [one.signs.measured[0].value for one in history.sets] == [64, 63]
    assert [one.value for one in history.readings if one.code == VitalSign.PULSE] == [64, 63]


def test_recording_tells_those_who_read_charts_and_names_the_patient_in_the_audit(desk: Desk) -> None:
    """Ids only; the screens fetch the rest."""
    ticket = arrive(desk)

    desk.ask(record(ticket, signs(WELL), send_to=DOCTOR))

    told = VitalSignsRecorded(patient_id=ticket.patient.id, encounter_id=ticket.encounter_id)
    assert desk.events(VitalSignsRecorded) == [told]
    patients = desk.sql("select patients from audit where request = 'RecordVitals'")[0][0]
    assert set(patients) == {ticket.patient.id}


def test_a_called_patient_is_measured_and_sent_on_from_the_room(desk: Desk) -> None:
    """The way of every day: call, measure, send."""
    ticket = arrive(desk)
    desk.ask(CallNext(service="T", room_id=desk.room("T")))

    answer = desk.ask(record(ticket, signs(WELL), send_to=DOCTOR, practitioner_id=desk.staff[Role.DOCTOR]))

    assert answer.ticket is not None
    assert answer.ticket.practitioner is not None
    assert (answer.ticket.state, answer.ticket.priority) == (TicketState.WAITING, QueuePriority.ROUTINE)
    assert (answer.ticket.note, answer.alert_id) == ("", None)
