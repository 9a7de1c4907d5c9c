"""The last day on which a medicine may be used, as packs, spreadsheets and people write it."""

import re
from calendar import monthrange
from contextlib import suppress
from datetime import date

EXPIRES_SOON_DAYS = 60
"""Up to so many days from today a last day is near, on every list and form."""


def last_day(text: str) -> date | None:
    """Such as 2027-06-30, 30/06/2027, or 06/2027 for the end of that month; day before month, None else."""
    numbers = [int(part) for part in re.findall(r"[0-9]+", text)]
    with suppress(ValueError):
        if re.fullmatch(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", text):
            return date(*numbers)
        if re.fullmatch(r"[0-9]{1,2}([/.])[0-9]{1,2}\1[0-9]{4}", text):
            return date(*reversed(numbers))
        if re.fullmatch(r"[0-9]{1,2}[/.][0-9]{4}|[0-9]{4}-[0-9]{1,2}", text):
            year, month = sorted(numbers, reverse=True)
            return end_of_month(year, month)
    return None


def end_of_month(year: int, month: int) -> date:
    """A pack that names no day may be used up to this one. Raises ValueError where there is no such month."""
    return date(year, month, monthrange(year, month)[1])
