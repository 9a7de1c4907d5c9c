"""What a scanner reads from a pack: its number, and in a GS1 DataMatrix also lot and last day.

Follows the GS1 General Specifications, sections 3.2 to 3.4 (application identifiers 01, 10 and 17), 7.8
(identifiers of a fixed length, the separator FNC1) and 7.12 (the century of a date).
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from hms_server.contract.expiry import end_of_month

SEPARATOR = "\x1d"
"""FNC1, as a scanner types it between two parts."""
GTIN_DIGITS = 14
LONGEST_LOT = 20
GTIN, LOT, EXPIRY = "01", "10", "17"

_SYMBOLOGY = re.compile(r"\](?:C1|d2|e0|J1|Q3)", re.IGNORECASE)
"""What some scanners type first, to say which kind of code bears the parts; Caps Lock turns the letter."""
_PLAIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_SWALLOWED_DAY = re.compile(r".+17([0-9]{6})")
_FIXED = {
    "00": 18,
    **dict.fromkeys(("01", "02", "03"), 14),
    "04": 16,
    **dict.fromkeys((f"1{digit}" for digit in range(1, 10)), 6),
    "20": 2,
    **dict.fromkeys((f"3{digit}" for digit in range(1, 7)), 8),
    "41": 14,
}
"""How many signs follow these two; any other part goes on to the separator or to the end."""
_CENTURY, _HALF = 100, 50


@dataclass(frozen=True, kw_only=True)
class ScannedPack:
    """`gtin` in 14 digits; lot and last day as far as the code bears them."""

    gtin: str
    lot: str = ""
    expires_on: date | None = None


def read_pack(code: str, *, today: date) -> ScannedPack | None:
    """What the code says about a pack; None for a code of something else, or one that was cut short."""
    if _PLAIN.fullmatch(code):
        return ScannedPack(gtin=same_gtin(code))
    parts = _parts(_SYMBOLOGY.sub("", code, count=1).removeprefix(SEPARATOR))
    if parts is None or not _PLAIN.fullmatch(parts.get(GTIN, "")):
        return None
    return ScannedPack(
        gtin=parts[GTIN],
        # Without its separator a lot would end with what follows it: rather none than a wrong one.
        lot="" if _has_swallowed(parts, today=today) else parts.get(LOT, ""),
        expires_on=_day(parts.get(EXPIRY, ""), today=today),
    )


def same_gtin(number: str) -> str:
    """The number in 14 digits, in which an EAN-13 and a DataMatrix name the same pack alike."""
    return number.strip().zfill(GTIN_DIGITS)


def _parts(text: str) -> dict[str, str] | None:
    """Identifier → what it says. A part of another identifier is stepped over."""
    parts: dict[str, str] = {}
    while text:
        name, rest = text[:2], text[2:]
        length = _FIXED.get(name)
        if length is None:
            value, _, text = rest.partition(SEPARATOR)
        else:
            value, text = rest[:length], rest[length:].removeprefix(SEPARATOR)
            if len(value) < length or SEPARATOR in value:
                return None
        parts.setdefault(name, value)
    return parts


def _has_swallowed(parts: dict[str, str], *, today: date) -> bool:
    """Whether the lot goes on with its neighbour, as where it is too long or ends like a last day."""
    lot = parts.get(LOT, "")
    if len(lot) > LONGEST_LOT:
        return True
    day = _SWALLOWED_DAY.fullmatch(lot) if EXPIRY not in parts else None
    return day is not None and _day(day[1], today=today) is not None


def _day(text: str, *, today: date) -> date | None:
    """YYMMDD within fifty years of today; day 00 is the end of its month."""
    if not re.fullmatch(r"[0-9]{6}", text):
        return None
    year, month, day = today.year - today.year % _CENTURY + int(text[:2]), int(text[2:4]), int(text[4:])
    if year - today.year > _HALF:
        year -= _CENTURY
    elif year - today.year < 1 - _HALF:
        year += _CENTURY
    with suppress(ValueError):
        return date(year, month, day) if day else end_of_month(year, month)
    return None
