"""Reads what people write as a time of the day."""

import re
from datetime import time

from PySide6.QtCore import QCoreApplication

_TIME = re.compile(r"(\d{1,2})(?:[:.h ]?(\d{2}))?\s*(am|pm)?h?")
_NOON = 12
_HOURS = 24


class TimeUnclearError(ValueError):
    """What was typed is no time; the sentence says what would be right."""


def read_time(text: str) -> time:
    """Reads "8", "8:30", "0830", "8.30", "17h", "5 pm"; 24:00 is midnight, as the end of a day."""
    found = _TIME.fullmatch(text.strip().lower())
    if found is not None:
        hour, minute, half = int(found.group(1)), int(found.group(2) or 0), found.group(3)
        if half is not None:
            # 13 pm is a slip of the finger, and nobody knows which.
            in_half = 1 <= hour <= _NOON
            hour = hour % _NOON + (_NOON if half == "pm" else 0) if in_half else _HOURS + 1
        if (hour, minute) == (_HOURS, 0):
            return time()
        if hour < _HOURS and minute < 60:  # noqa: PLR2004 - minutes of an hour
            return time(hour, minute)
    raise TimeUnclearError(QCoreApplication.translate("scheduling", "Write a time such as 8:30, 0830 or 17."))
