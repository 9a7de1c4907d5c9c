"""Alerts that nobody acknowledged move on to the next people, also after the server was away."""

from datetime import datetime
from typing import Any

import msgspec
import psycopg

from hms_server.triage.models import told
from hms_server.triage.rules import patience


def escalate(connection: psycopg.Connection[Any], now: datetime) -> int:
    """Moves every alert on whose time has come, tells the next circle, and gives how many it were.

    One transaction of its own; two servers on one database never move the same alert twice. Whoever calls
    wakes the readers of events afterwards.
    """
    params = {
        "now": now,
        "critical_next": now + patience(critical=True),
        "other_next": now + patience(critical=False),
    }
    with connection.transaction():
        moved = connection.execute(MOVE_ON, params).fetchall()
        for alert_id, level, practitioner_id in moved:
            news = told(alert_id, level, practitioner_id=practitioner_id)
            body = msgspec.msgpack.encode(news.event)
            name = type(news.event).__name__
            connection.execute(TELL, (name, news.audience, news.staff_id, now, body))
    return len(moved)


MOVE_ON = """
with due as (
    select id from alert where acknowledged_at is null and escalates_at <= %(now)s
    order by id for update skip locked
)
update alert set level = level + 1,
    escalates_at = case when critical then %(critical_next)s else %(other_next)s end
from due where alert.id = due.id
returning alert.id, level, practitioner_id
"""

TELL = "insert into event (name, audience, staff_id, at, body) values (%s, %s, %s, %s, %s)"
