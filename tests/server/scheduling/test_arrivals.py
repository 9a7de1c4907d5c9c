"""Checking in from an appointment: once, of this patient, of today; and what follows."""

from datetime import timedelta

import pytest

from hms_server.contract.accounts import Nothing
from hms_server.contract.scheduling import (
    AppointmentChanged,
    AppointmentId,
    AppointmentRow,
    AppointmentStatus,
    CancelAppointment,
    ListAppointments,
    MarkAppointmentMissed,
    ReopenAppointment,
)
from hms_server.contract.values import PatientId, Role
from hms_server.contract.visits import DOCTOR, CheckIn, MarkLeft, TicketRow
from tests.server.charts import signing
from tests.server.desk import FaultRaised
from tests.server.scheduling.diary import MONDAY, Diary

RECEPTION = Role.RECEPTIONIST


def check_in(diary: Diary, row: AppointmentRow) -> TicketRow:
    request = CheckIn(patient_id=row.patient.id, appointment_id=row.id)
    return diary.desk.ask(request, RECEPTION).ticket


def now(diary: Diary, row: AppointmentRow) -> AppointmentRow:
    request = ListAppointments(from_day=MONDAY, until_day=MONDAY + timedelta(days=30))
    listed = diary.desk.ask(request, RECEPTION).appointments
    return next(each for each in listed if each.id == row.id)


def test_a_check_in_takes_doctor_queue_and_reason_from_the_appointment(diary: Diary) -> None:
    row = diary.desk.ask(diary.booking("10:00", reason="Blood pressure"), RECEPTION).appointment

    ticket = check_in(diary, row)

    assert (ticket.code, ticket.practitioner and ticket.practitioner.name) == ("T-001", "Dr Kofi Asante")
    assert diary.desk.sql("select reason from encounter") == [("Blood pressure",)]
    arrived = now(diary, row)
    assert (arrived.status, arrived.encounter_id) == (AppointmentStatus.ARRIVED, ticket.encounter_id)
    assert diary.desk.events(AppointmentChanged)[-1].status is AppointmentStatus.ARRIVED


def test_who_comes_without_naming_the_appointment_has_come_for_it(diary: Diary) -> None:
    """The desk only knows that somebody has come: doctor and reason are as booked, of the next one today."""
    later = diary.book("11:00")
    row = diary.desk.ask(
        diary.booking("10:00", patient_id=later.patient.id, reason="Blood pressure"), RECEPTION
    ).appointment

    ticket = diary.desk.ask(CheckIn(patient_id=row.patient.id), RECEPTION).ticket

    assert ticket.practitioner is not None
    assert ticket.practitioner.name == "Dr Kofi Asante"
    assert diary.desk.sql("select reason from encounter") == [("Blood pressure",)]
    assert (now(diary, row).status, now(diary, later).status) == (
        AppointmentStatus.ARRIVED, AppointmentStatus.BOOKED
    )  # fmt: skip


@pytest.mark.parametrize("day", [-1, 1])
def test_an_appointment_of_another_day_is_not_taken_for_todays(diary: Diary, day: int) -> None:
    row = diary.book("10:00")
    diary.desk.sql(
        "update appointment set starts_at = starts_at + make_interval(days => %s),"
        " ends_at = ends_at + make_interval(days => %s)",
        (day, day),
    )

    ticket = diary.desk.ask(CheckIn(patient_id=row.patient.id), RECEPTION).ticket

    assert ticket.practitioner is None
    assert diary.desk.sql("select status from appointment") == [("booked",)]


def test_who_is_sent_to_another_doctor_has_come_for_something_else(diary: Diary) -> None:
    row = diary.book("10:00")
    request = CheckIn(patient_id=row.patient.id, service=DOCTOR, practitioner_id=diary.other_doctor())

    diary.desk.ask(request, RECEPTION)

    assert now(diary, row).status is AppointmentStatus.BOOKED


def test_what_the_desk_says_goes_before_what_was_booked(diary: Diary) -> None:
    row = diary.book("10:00")
    other = diary.other_doctor()
    request = CheckIn(
        patient_id=row.patient.id,
        appointment_id=row.id,
        service=DOCTOR,
        practitioner_id=other,
        reason="Fever",
    )

    ticket = diary.desk.ask(request, RECEPTION).ticket

    assert (ticket.code, ticket.practitioner and ticket.practitioner.id) == ("D-001", other)
    assert diary.desk.sql("select reason from encounter") == [("Fever",)]


def test_of_many_desks_that_check_in_one_appointment_one_issues_a_ticket(diary: Diary) -> None:
    row = diary.book("10:00")

    def act(_: int) -> str:
        try:
            return check_in(diary, row).code
        except FaultRaised as raised:
            return raised.fault.code

    outcomes = diary.desk.together(6, act)

    assert sorted(outcomes) == ["T-001"] + ["scheduling.is_arrived"] * 5
    assert diary.desk.sql("select count(*) from encounter") == [(1,)]


def test_a_second_check_in_says_who_was_faster(diary: Diary) -> None:
    row = diary.book("10:00")
    check_in(diary, row)

    fault = diary.desk.fault(CheckIn(patient_id=row.patient.id, appointment_id=row.id), RECEPTION)

    assert fault.message == (
        "The appointment of Ada Obi with Dr Kofi Asante, Mon 2 Mar, 10:00, is checked in "
        "(Grace Mensah, Mon 2 Mar, 09:00)."
    )


def test_another_patients_appointment_is_refused_and_nobody_gets_a_ticket(diary: Diary) -> None:
    row = diary.book("10:00")
    somebody_else = diary.desk.patient("Bola Ade")

    fault = diary.desk.fault(CheckIn(patient_id=somebody_else, appointment_id=row.id), RECEPTION)

    assert (fault.code, "Ada Obi" in fault.message) == ("scheduling.other_patient", True)
    assert diary.desk.sql("select count(*) from ticket") == [(0,)]
    assert now(diary, row).status is AppointmentStatus.BOOKED


def test_an_appointment_of_another_day_is_refused(diary: Diary) -> None:
    """The day is the clinic's, whatever day it is in UTC."""
    row = diary.book("00:10", days=1, confirmed=True)

    diary.desk.now = diary.at("23:50")
    fault = diary.desk.fault(CheckIn(patient_id=row.patient.id, appointment_id=row.id), RECEPTION)
    diary.desk.now = diary.at("00:05", days=1)
    ticket = check_in(diary, row)

    assert fault.code == "scheduling.other_day"
    assert ticket.code == "T-001"


def test_a_cancelled_appointment_is_refused_with_whoever_cancelled_it(diary: Diary) -> None:
    row = diary.book("10:00")
    diary.desk.ask(CancelAppointment(appointment_id=row.id, version=1, reason="Travels"), RECEPTION)

    fault = diary.desk.fault(CheckIn(patient_id=row.patient.id, appointment_id=row.id), RECEPTION)

    assert (fault.code, "Grace Mensah" in fault.message) == ("scheduling.is_cancelled", True)


@pytest.mark.parametrize("is_taken", [False, True])
def test_who_comes_after_having_been_given_up_is_let_in_if_the_time_is_still_there(
    diary: Diary, *, is_taken: bool
) -> None:
    row = diary.book("10:00")
    diary.desk.pass_time(hours=1, minutes=5)
    diary.desk.ask(MarkAppointmentMissed(appointment_id=row.id, version=1), RECEPTION)
    if is_taken:
        patient_id = diary.desk.patient("Bola Ade")
        diary.desk.ask(diary.booking("10:05", patient_id=patient_id, ends="10:20"), RECEPTION)

    request = CheckIn(patient_id=row.patient.id, appointment_id=row.id)

    if is_taken:
        assert diary.desk.fault(request, RECEPTION).code == "scheduling.taken"
        assert diary.desk.sql("select count(*) from ticket") == [(0,)]
    else:
        assert diary.desk.ask(request, RECEPTION).ticket.code == "T-001"


def test_who_waits_already_keeps_the_ticket_and_the_appointment_is_met(diary: Diary) -> None:
    """Booked after the patient was checked in: the appointment must not end as not come."""
    patient_id = diary.desk.patient()
    walk_in = diary.desk.ask(CheckIn(patient_id=patient_id), RECEPTION).ticket
    row = diary.desk.ask(diary.booking("10:00", patient_id=patient_id), RECEPTION).appointment

    ticket = check_in(diary, row)

    assert ticket == walk_in
    assert now(diary, row).encounter_id == walk_in.encounter_id


def test_an_unknown_appointment_or_patient_is_refused(diary: Diary) -> None:
    row = diary.book("10:00")

    unknown = CheckIn(patient_id=row.patient.id, appointment_id=AppointmentId(999))
    nobody = CheckIn(patient_id=PatientId(999), appointment_id=row.id)

    assert diary.desk.fault(unknown, RECEPTION).code == "scheduling.unknown"
    assert diary.desk.fault(nobody, RECEPTION).code == "scheduling.other_patient"


def test_the_appointment_is_fulfilled_when_the_doctor_signs(diary: Diary) -> None:
    row = diary.book("10:00")
    ticket = check_in(diary, row)

    diary.desk.ask(signing(ticket.encounter_id), Role.DOCTOR)

    assert now(diary, row).status is AppointmentStatus.FULFILLED
    assert diary.desk.events(AppointmentChanged)[-1].status is AppointmentStatus.FULFILLED


def test_a_check_in_by_mistake_is_taken_back(diary: Diary) -> None:
    """The wrong ticket is closed, the appointment booked again, and the right check-in goes through."""
    row = diary.book("10:00")
    ticket = check_in(diary, row)

    left = diary.desk.ask(MarkLeft(ticket_id=ticket.id, reason="Wrong patient"), RECEPTION)
    arrived = now(diary, row)
    reopened = ReopenAppointment(appointment_id=row.id, version=arrived.version)
    booked = diary.desk.ask(reopened, RECEPTION).appointment

    assert left == Nothing()
    assert (booked.status, booked.encounter_id) == (AppointmentStatus.BOOKED, None)
    assert check_in(diary, row).code == "T-002"
