"""Appointments that nobody checked in and nobody closed: when their day is over, the patient did not come."""

from datetime import datetime
from typing import Any

import msgspec
import psycopg

from hms_server.contract.scheduling import AppointmentChanged, AppointmentStatus
from hms_server.permissions import Permission


def close_missed(connection: psycopg.Connection[Any], now: datetime) -> int:
    """Marks what is still booked on a day that is over in the clinic as missed, and gives how many.

    One transaction of its own. Whoever calls wakes the readers of events afterwards.
    """
    with connection.transaction():
        missed = connection.execute(CLOSE_MISSED, {"now": now}).fetchall()
        for appointment_id, patient_id, practitioner_id, starts_at in missed:
            event = AppointmentChanged(
                appointment_id=appointment_id,
                patient_id=patient_id,
                practitioner_id=practitioner_id,
                status=AppointmentStatus.NO_SHOW,
                starts_at=starts_at,
            )
            body = msgspec.msgpack.encode(event)
            connection.execute(TELL, (type(event).__name__, Permission.APPOINTMENTS_READ, now, body))
    return len(missed)


CLOSE_MISSED = """
with today as (
    select date_trunc('day', %(now)s at time zone time_zone) at time zone time_zone as began
    from clinic limit 1
), standing as (
    select appointment.id from appointment, today
    where status = 'booked' and ends_at <= today.began
    order by appointment.id for update of appointment skip locked
)
update appointment
set status = 'noshow', changed_at = %(now)s, changed_by = null, version = version + 1
from standing where appointment.id = standing.id
returning appointment.id, patient_id, practitioner_id, starts_at
"""

TELL = "insert into event (name, audience, at, body) values (%s, %s, %s, %s)"
