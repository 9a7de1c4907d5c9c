"""The time of day as a value that is handed in, so that tests can decide what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The current moment, aware and in UTC."""
    return datetime.now(UTC)
