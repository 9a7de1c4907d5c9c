"""What may be said of ages and times without giving a day away, and how an answer is made fit to show."""

import re
import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

OLDEST_SAID = 89
"""Older people are few enough to be known by their age."""
MONTHS_SAID_UP_TO = 36
MAX_ANSWER_CHARACTERS = 16_000
CUT = "The answer was too long and was cut here."
_DAYS_A_MONTH, _DAYS_A_YEAR = 30.4, 365.25
_TAGS = re.compile(
    r"</?(?:a|b|i|u|p|br|hr|em|strong|div|span|img|script|style|html|body|head|table|tr|td|th|ul|ol|li|h[1-6]"
    r"|iframe|svg|object|embed|form|input|button|link|meta|font|center|code|pre|sub|sup)\b[^<>]{0,2000}>",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^ {0,3}#{1,6} +", re.MULTILINE)
_BULLET = re.compile(r"^( *)[*+] +", re.MULTILINE)
_FENCE = re.compile(r"^ *```\w* *$\n?", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_LINES = re.compile(r"\n{3,}")


def age_words(birth_date: date | None, today: date) -> str:
    """Years, of small children months; no more than a doctor needs."""
    if birth_date is None:
        return "age unknown"
    months = (
        (today.year - birth_date.year) * 12 + today.month - birth_date.month - (today.day < birth_date.day)
    )
    if months < 0:
        return "age unknown"
    if months <= MONTHS_SAID_UP_TO:
        return f"{months} months"
    years = months // 12
    return f"{OLDEST_SAID + 1} years or older" if years > OLDEST_SAID else f"{years} years"


def ago_words(day: date, today: date) -> str:
    """About how long ago, or in how long; never so that the day follows from it, but for today."""
    days = (today - day).days
    if days == 0:
        return "today"
    about = abs(days)
    if about <= 6:  # noqa: PLR2004 - within the week
        words = "a few days"
    elif about < 2 * _DAYS_A_MONTH:
        words = f"about {_many(round(about / 7), 'week')}"
    elif about < 2 * _DAYS_A_YEAR:
        words = f"about {_many(round(about / _DAYS_A_MONTH), 'month')}"
    else:
        words = f"about {_many(round(about / _DAYS_A_YEAR), 'year')}"
    return f"{words} ago" if days > 0 else f"in {words}"


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def day_words(day: date) -> str:
    """Such as Thu 5 March 2026."""
    return f"{day:%a} {day.day} {day:%B} {day.year}"


def time_words(at: datetime, zone: ZoneInfo) -> str:
    """Such as Thu 5 March 2026, 10:20."""
    local = at.astimezone(zone)
    return f"{day_words(local.date())}, {local:%H:%M}"


def clean_question(text: str) -> str:
    """Without what cannot be seen; line ends are kept."""
    kept = "".join(
        sign for sign in text if sign in "\n\t" or unicodedata.category(sign) not in ("Cc", "Co", "Cs")
    )
    kept = kept.strip()
    return kept if any(unicodedata.category(sign)[0] in "LNPS" for sign in kept) else ""


def clean_answer(text: str) -> str:
    """Plain text: no control characters, no direction tricks, no tags, no marks of formatting."""
    kept = "".join(sign for sign in text.replace("\r\n", "\n") if sign in "\n\t" or _is_shown(sign))
    plain = _TAGS.sub("", _FENCE.sub("", kept))
    plain = _BULLET.sub(r"\1• ", _HEADING.sub("", plain))
    plain = _LINES.sub("\n\n", _EMPHASIS.sub(r"\2", plain)).strip()
    if len(plain) > MAX_ANSWER_CHARACTERS:
        return f"{plain[:MAX_ANSWER_CHARACTERS].rstrip()}\n\n{CUT}"
    return plain


def _is_shown(sign: str) -> bool:
    category = unicodedata.category(sign)
    # Joiners stay, since some scripts need them; what turns the direction of a line does not.
    return category not in ("Cc", "Co", "Cs") and (category != "Cf" or sign in "\u200c\u200d")
