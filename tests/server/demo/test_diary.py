"""The demo's hours and appointments: on every day of the week, at any hour, nobody is expected twice."""

from datetime import UTC, datetime, timedelta

import pytest

from hms_server.demo.seed import seed_clinic
from tests.server.demo.test_seed import Clinic


@pytest.mark.parametrize(
    "now", [datetime(2026, 5, 6, 7, 30, tzinfo=UTC), datetime(2026, 5, 10, 22, tzinfo=UTC)]
)
def test_doctors_have_hours_and_appointments_that_are_still_to_come(database: str, now: datetime) -> None:
    """Wednesday morning and Sunday night: booked by the reception, inside the hours, all ahead."""
    seed_clinic(database, now=now, has_waiting_room=False)

    clinic = Clinic(database)
    assert clinic.sql("select count(distinct practitioner_id) from working_hours") == [(2,)]
    assert clinic.sql("select count(distinct staff_id) from staff_speciality") == [(2,)]
    ((count, first, last),) = clinic.sql("select count(*), min(starts_at), max(starts_at) from appointment")
    assert count > 40
    assert now < first < now + timedelta(days=2)
    assert last < now + timedelta(days=11)
