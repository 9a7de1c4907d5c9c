"""Who is called before whom, how old somebody is, and how long the others will wait."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import ceil
from statistics import median

from hms_server.contract.priority import QueuePriority, SpecialNeed

MONTHS_A_YEAR = 12
SAMPLES_NEEDED = 5
"""Fewer service times say nothing about the next one."""

QueueKey = tuple[QueuePriority, SpecialNeed, datetime, int]


def queue_key(priority: QueuePriority, need: SpecialNeed, *, queued_at: datetime, number: int) -> QueueKey:
    """What sorts a queue: clinical rank, special need, time of arrival; the ticket's id where all are equal.

    `models.QUEUE_ORDER` says the same to the database.
    """
    return priority, need, queued_at, number


def age_months(born: date | None, today: date) -> int | None:
    """Completed months, as the database's function `age_months` counts them; None for an unknown birth."""
    if born is None:
        return None
    months = (today.year - born.year) * MONTHS_A_YEAR + today.month - born.month
    return months - (today.day < born.day)


def expected_minutes(ahead: int, *, service_times: Sequence[timedelta], rooms: int) -> int | None:
    """Minutes until the call, for somebody with `ahead` people before them; None while too little is known.

    The median, since one long lunch would spoil a mean; `rooms` are those that serve the queue now.
    """
    if len(service_times) < SAMPLES_NEEDED:
        return None
    usual_min = median(took / timedelta(minutes=1) for took in service_times)
    return ceil((ahead + 1) * usual_min / max(rooms, 1))
