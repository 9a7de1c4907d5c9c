"""Checking in: who gets a ticket, which one, and who is refused and why."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hms_server.contract.priority import QueuePriority, SpecialNeed, special_need_of
from hms_server.contract.values import PatientId, Role, StaffId
from hms_server.contract.visits import (
    BILLING,
    DOCTOR,
    TRIAGE,
    CheckIn,
    EncounterOpened,
    ListQueue,
    MarkNoShow,
    QueueChanged,
    TicketState,
)
from hms_server.visits.rules import age_months
from tests.server.desk import Desk, FaultRaised


def test_a_check_in_opens_an_encounter_and_issues_a_ticket(desk: Desk) -> None:
    """The ticket has a code that can be called out, and stands in the queue that was chosen."""
    patient_id = desk.patient()

    ticket = desk.ask(CheckIn(patient_id=patient_id, reason=" Fever ")).ticket

    assert (ticket.code, ticket.service, ticket.state) == ("T-001", TRIAGE, TicketState.WAITING)
    assert (ticket.patient.name, ticket.priority) == ("Ada Obi", QueuePriority.ROUTINE)
    assert (ticket.queued_at, ticket.called_at, ticket.room) == (desk.now, None, None)
    assert desk.sql("select id, reason, status from encounter") == [
        (ticket.encounter_id, "Fever", "in-progress")
    ]


def test_a_check_in_tells_the_displays_without_naming_anybody(desk: Desk) -> None:
    """The event holds the ticket; the encounter is told to those who may see queues."""
    patient_id = desk.patient()

    ticket = desk.ask(CheckIn(patient_id=patient_id)).ticket

    assert desk.events(QueueChanged) == [
        QueueChanged(ticket_id=ticket.id, code="T-001", service=TRIAGE, state=TicketState.WAITING)
    ]
    opened = EncounterOpened(encounter_id=ticket.encounter_id, patient_id=patient_id)
    assert desk.events(EncounterOpened) == [opened]
    assert desk.sql("select name, audience from event order by name") == [
        ("EncounterOpened", "queue_view"),
        ("QueueChanged", "queue_display"),
    ]


def test_who_checks_in_was_seen_and_is_named_in_the_audit(desk: Desk) -> None:
    """Searches show first who was here last, and the audit row names the patient."""
    patient_id = desk.patient()

    desk.ask(CheckIn(patient_id=patient_id))

    assert desk.sql("select patient_id, seen_at from patient_seen") == [(patient_id, desk.now)]
    assert desk.sql("select request, patients from audit") == [("CheckIn", [patient_id])]


def test_each_queue_counts_for_itself_and_anew_every_day_of_the_clinic(desk: Desk) -> None:
    """The day begins at midnight in Lagos, an hour before it does in UTC."""
    desk.now = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)
    first, second, third, fourth = desk.patients(4)

    codes = [desk.ask(CheckIn(patient_id=first)).ticket.code]
    codes.append(desk.ask(CheckIn(patient_id=second, service=DOCTOR)).ticket.code)
    codes.append(desk.ask(CheckIn(patient_id=third)).ticket.code)
    desk.pass_time(minutes=1)
    codes.append(desk.ask(CheckIn(patient_id=fourth)).ticket.code)

    assert codes == ["T-001", "D-001", "T-002", "T-001"]


def test_the_thousandth_ticket_has_four_digits(desk: Desk) -> None:
    """Codes grow, they do not start again."""
    desk.sql("insert into ticket_counter values ('2026-03-02', 'T', 1023)")

    assert desk.ask(CheckIn(patient_id=desk.patient())).ticket.code == "T-1024"


def test_somebody_who_waits_already_is_refused_with_the_ticket(desk: Desk) -> None:
    """The sentence says where the patient stands, so that nobody has to search."""
    for other in desk.patients(3):
        desk.ask(CheckIn(patient_id=other))
    patient_id = desk.patient()
    desk.ask(CheckIn(patient_id=patient_id))

    fault = desk.fault(CheckIn(patient_id=patient_id, service=DOCTOR))

    assert (fault.code, fault.field) == ("visits.already_waiting", "patient_id")
    assert fault.message == "Ada Obi is already waiting as T-004 for Triage."


def test_the_deceased_the_unknown_and_the_impossible_are_refused(desk: Desk) -> None:
    """Each fault has its field, and nothing is stored."""
    patient_id = desk.patient()
    nurse = desk.staff[Role.NURSE]

    faults = [
        desk.fault(CheckIn(patient_id=desk.patient("Old Man", deceased=True))),
        desk.fault(CheckIn(patient_id=PatientId(999))),
        desk.fault(CheckIn(patient_id=patient_id, service="X")),
        desk.fault(CheckIn(patient_id=patient_id, practitioner_id=nurse)),
        desk.fault(CheckIn(patient_id=patient_id, practitioner_id=StaffId(999))),
        desk.fault(CheckIn(patient_id=patient_id, reason="x" * 501)),
    ]

    assert [(fault.code, fault.field) for fault in faults] == [
        ("visits.deceased", "patient_id"),
        ("patients.unknown", "patient_id"),
        ("visits.service_unknown", "service"),
        ("visits.practitioner_unknown", "practitioner_id"),
        ("visits.practitioner_unknown", "practitioner_id"),
        ("visits.reason_long", "reason"),
    ]
    assert desk.sql("select from encounter") + desk.sql("select from ticket_counter") == []


def test_who_comes_back_the_same_day_continues_the_encounter_with_the_old_rank(desk: Desk) -> None:
    """A no-show who returns is no new visit, and a gravely ill one is still gravely ill."""
    patient_id = desk.patient()
    first = desk.ask(CheckIn(patient_id=patient_id)).ticket
    desk.sql("update ticket set priority = 0, note = 'NEWS2 9' where id = %s returning id", (first.id,))
    desk.ask(MarkNoShow(ticket_id=first.id))

    again = desk.ask(CheckIn(patient_id=patient_id)).ticket

    assert (again.encounter_id, again.code) == (first.encounter_id, "T-002")
    assert (again.priority, again.note) == (QueuePriority.EMERGENCY, "NEWS2 9")


def test_who_comes_another_day_gets_a_new_encounter(desk: Desk) -> None:
    """An encounter that somebody forgot to close does not swallow the next visit."""
    patient_id = desk.patient()
    first = desk.ask(CheckIn(patient_id=patient_id)).ticket
    desk.ask(MarkNoShow(ticket_id=first.id))
    desk.pass_time(days=1)

    again = desk.ask(CheckIn(patient_id=patient_id)).ticket

    assert again.encounter_id != first.encounter_id


def test_the_database_alone_keeps_a_patient_from_standing_twice(desk: Desk) -> None:
    """Eight desks check the same person in at once: one ticket, seven refusals that name it."""
    patient_id = desk.patient()

    def check_in(_: int) -> str:
        try:
            return desk.ask(CheckIn(patient_id=patient_id)).ticket.state
        except FaultRaised as refused:
            return refused.fault.message

    answers = desk.together(8, check_in)

    code = desk.sql("select code from ticket")[0][0]
    assert answers.count("waiting") == 1
    assert answers.count(f"Ada Obi is already waiting as {code} for Triage.") == 7
    assert desk.sql("select count(*) from encounter") == [(1,)]


def test_eight_desks_issuing_at_once_never_give_a_number_twice(desk: Desk) -> None:
    """800 tickets: all numbers differ, and with no refusal between them none is left out either."""
    patients = desk.patients(800)

    def issue(number: int) -> list[str]:
        mine = patients[number::8]
        return [desk.ask(CheckIn(patient_id=patient_id)).ticket.code for patient_id in mine]

    codes = [code for issued in desk.together(8, issue) for code in issued]

    assert sorted(codes) == [f"T-{number:03}" for number in range(1, 801)]


@settings(max_examples=300, deadline=None)
@given(born=st.dates(date(1900, 1, 1), date(2026, 3, 2)), days=st.integers(0, 800))
def test_the_need_of_an_age_is_whole_months(born: date, days: int) -> None:
    """A birthday is reached on its day, and the day before it is not."""
    today = born + timedelta(days=days)
    months = age_months(born, today)

    assert months is not None
    assert -3 < days - months * 30.44 < 33
    assert age_months(None, today) is None


@pytest.mark.parametrize(
    ("born", "need"),
    [
        (date(2021, 3, 3), SpecialNeed.UNDER_5),
        (date(2021, 3, 2), SpecialNeed.NONE),
        (date(1961, 3, 3), SpecialNeed.NONE),
        (date(1961, 3, 2), SpecialNeed.OVER_65),
        (None, SpecialNeed.NONE),
    ],
)
def test_the_age_alone_gives_a_special_need(desk: Desk, born: date | None, need: SpecialNeed) -> None:
    """The database says the same as the rule that screens use, up to the day of the birthday."""
    ticket = desk.ask(CheckIn(patient_id=desk.patient(birth_date=born))).ticket

    assert ticket.special_need is need
    assert special_need_of(age_months(born, date(2026, 3, 2))) is need


def test_the_database_counts_months_as_the_rule_does(desk: Desk) -> None:
    """Over two leap years, with births on the last days of months."""
    births = [date(2019, 12, 31) + timedelta(days=number) for number in range(70)]
    rows = desk.sql(
        """select born, today::date, age_months(born, today::date)
        from unnest(%s::date[]) as born,
            generate_series(born + 20, date '2024-03-05', interval '23 days') as today""",
        (births,),
    )

    assert len(rows) > 3000
    assert [months for _, _, months in rows] == [age_months(born, today) for born, today, _ in rows]


def test_what_the_desk_says_of_a_need_counts_more_than_the_age(desk: Desk) -> None:
    """A pregnancy cannot be read from a birth date."""
    request = CheckIn(patient_id=desk.patient(), special_need=SpecialNeed.PREGNANT)

    assert desk.ask(request).ticket.special_need is SpecialNeed.PREGNANT


def test_only_front_desk_and_nurses_check_in(desk: Desk) -> None:
    """The permission table says who."""
    request = CheckIn(patient_id=desk.patient(), service=BILLING)

    assert desk.fault(request, Role.CASHIER).code == "request.forbidden"
    assert desk.ask(request, Role.RECEPTIONIST).ticket.service == BILLING


def test_the_queue_shows_who_was_checked_in(desk: Desk) -> None:
    """The snapshot has the same row as the answer."""
    ticket = desk.ask(CheckIn(patient_id=desk.patient(), practitioner_id=desk.staff[Role.DOCTOR])).ticket

    tickets = desk.ask(ListQueue(service=TRIAGE)).tickets

    assert tickets == [ticket]
    assert ticket.practitioner is not None
    assert ticket.practitioner.name == "Dr Kofi Asante"
