"""Appointments that nobody closed: the day after, the patient did not come."""

from hms_server.contract.scheduling import AppointmentChanged, AppointmentStatus, ListAppointments
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn
from hms_server.scheduling.forgotten import close_missed
from tests.server.scheduling.diary import MONDAY, Diary


def sweep(diary: Diary) -> int:
    with diary.desk.connect() as connection:
        return close_missed(connection, diary.desk.now)


def test_what_is_still_booked_when_its_day_is_over_was_missed(diary: Diary) -> None:
    """Midnight of the clinic counts, not of UTC; a second sweep finds nothing."""
    missed = diary.book("11:00")
    here = diary.book("10:00", patient_id=diary.desk.patient("Bola Ade"))
    tomorrow = diary.book("10:00", days=1, patient_id=here.patient.id)
    diary.desk.ask(CheckIn(patient_id=here.patient.id, appointment_id=here.id), Role.RECEPTIONIST)

    diary.desk.now = diary.at("23:59")
    too_early = sweep(diary)
    diary.desk.now = diary.at("00:00", days=1)
    swept = (sweep(diary), sweep(diary))

    assert (too_early, swept) == (0, (1, 0))
    request = ListAppointments(from_day=MONDAY, until_day=tomorrow.starts_at.date())
    listed = diary.desk.ask(request, Role.RECEPTIONIST).appointments
    assert {each.id: each.status for each in listed} == {
        missed.id: AppointmentStatus.NO_SHOW,
        here.id: AppointmentStatus.ARRIVED,
        tomorrow.id: AppointmentStatus.BOOKED,
    }
    row = next(each for each in listed if each.id == missed.id)
    assert (row.changed.at, row.changed.by) == (diary.desk.now, None)
    last = diary.desk.events(AppointmentChanged)[-1]
    assert (last.appointment_id, last.status) == (missed.id, AppointmentStatus.NO_SHOW)
