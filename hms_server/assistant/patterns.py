"""What gives a person away by its form alone: e-mails, phones, numbers, dates and addresses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from hms_server.assistant.aligned import Aligned


class Hidden(StrEnum):
    """What stands behind a pseudonym, as its first part."""

    PATIENT = "PATIENT"
    PERSON = "PERSON"
    STAFF = "STAFF"
    DATE = "DATE"
    DAY = "DAY"
    PHONE = "PHONE"
    ID = "ID"
    ADDRESS = "ADDRESS"
    EMAIL = "EMAIL"
    TEXT = "TEXT"


TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<kind>(?i:PATIENT|PERSON|STAFF|DATE|PHONE|ID|ADDRESS|EMAIL|TEXT))"
    r"[-‐‑‒–—−_](?P<name>[A-Z]{1,3}\d*|\d+)|(?i:DAY)\+(?P<day>\d{1,4}))(?![A-Za-z0-9])"
)
"""A pseudonym, also as a model may spell it; its second part is never in lower case."""
_BEGINNING = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{1,7})(?:[-‐‑‒–—−_+][A-Z0-9]*)?$")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the plain text that must not leave. `base` is the pseudonym of its holder, if it has one."""

    start: int
    end: int
    kind: Hidden
    base: str = ""


def safe_length(text: str) -> int:
    """How much of a growing text can be put back already: a pseudonym may be cut by its end."""
    found = _BEGINNING.search(text)
    if found is None:
        return len(text)
    begun = found[1].upper()
    cut = any(kind.startswith(begun) for kind in Hidden)
    return found.start() if cut else len(text)


def spans_of(text: Aligned) -> Iterator[Span]:
    """All that looks like an identifier, the surest first; spans may overlap."""
    for found in TOKEN.finditer(text.text):
        # Somebody has typed what looks like a pseudonym: it must come back as what it was.
        start, end = found.span()
        yield Span(*_in_plain(text, start, end), Hidden.TEXT)
    for kind, pattern in PATTERNS:
        for found in pattern.finditer(text.plain):
            yield Span(*found.span(), kind)
    for pattern in DATES:
        for found in pattern.finditer(text.plain):
            yield Span(*found.span(), Hidden.DATE)


def _in_plain(text: Aligned, start: int, end: int) -> tuple[int, int]:
    """The smallest span of the plain text that covers this span of the text."""
    places = [place for place in range(len(text.plain)) if start <= text.original(place, place)[0] < end]
    return places[0], places[-1] + 1


_SEPARATED = r"(?:[ .\-/()]{0,3}\d)"
PATTERNS: tuple[tuple[Hidden, re.Pattern[str]], ...] = (
    (
        Hidden.EMAIL,
        re.compile(r"[\w.+\-']+ ?(?:@|\[at\]|\(at\)) ?[\w\-]+(?: ?(?:\.|\[dot\]) ?[\w\-]+)+", re.IGNORECASE),
    ),
    (Hidden.EMAIL, re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)),
    (Hidden.EMAIL, re.compile(r"(?<![\w.])@[A-Za-z_][\w.]{2,}")),
    (Hidden.ID, re.compile(r"\bP ?\d{4,}(?: ?- ?\d)?\b", re.IGNORECASE)),
    (Hidden.ID, re.compile(r"\b[A-Z]{1,4}[- ]?\d{5,}(?:[- ]?\d+)*[A-Z]?\b", re.IGNORECASE)),
    (Hidden.ADDRESS, re.compile(r"\b[A-Z]{2}-\d{3,4}-\d{4}\b")),
    (Hidden.PHONE, re.compile(rf"(?<![\d.,])(?:\+|00)\d{_SEPARATED}{{6,14}}(?!\d)")),
    (Hidden.PHONE, re.compile(rf"(?<![\d.,/])\(?0\d{_SEPARATED}{{6,13}}(?!\d)")),
    (Hidden.PHONE, re.compile(r"(?<!\d)\d{3}[-. ]\d{3}[-. ]\d{3,4}(?!\d)")),
    (Hidden.ID, re.compile(r"\d{7,}")),
    (Hidden.ID, re.compile(r"(?<!\d)\d{3,6}(?:-\d{3,6}){1,3}(?:-\d)?(?!\d)")),
    (Hidden.ADDRESS, re.compile(r"\b(?:P\.? ?O\.? ?Box|P\.? ?M\.? ?B\.?) ?\d+", re.IGNORECASE)),
    (
        Hidden.ADDRESS,
        re.compile(
            r"\b(?:no\.? ?)?\d{1,4}[A-Za-z]?,? (?:[A-Z][\w'\-]* ){1,4}"
            r"(?:street|str|st|road|rd|avenue|ave|close|crescent|lane|drive|way|estate|layout|junction"
            r"|highway)\b\.?",
            re.IGNORECASE,
        ),
    ),
    (Hidden.ADDRESS, re.compile(r"-?\d{1,2}\.\d{4,}, ?-?\d{1,3}\.\d{4,}")),
)  # fmt: skip

_MONTH = (
    r"(?:jan(?:uary|vier|v)?|feb(?:ruary)?|f[e]vrier|mar(?:ch|s)?|apr(?:il)?|avril|may|mai|jun[e]?|juin|jul(?:y)?"
    r"|juillet|aug(?:ust)?|aout|sep(?:t(?:ember|embre)?)?|oct(?:ober|obre)?|nov(?:ember|embre)?|d[e]c(?:ember|embre)?)"
)
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?Z|[+\-]\d{2}:?\d{2})?)?"
DATES: tuple[re.Pattern[str], ...] = (
    re.compile(rf"(?<!\d)\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?!\d){_TIME}"),
    re.compile(rf"(?<!\d)\d{{1,2}} ?[-/.] ?\d{{1,2}} ?[-/.] ?(?:\d{{4}}|\d{{2}})(?!\d){_TIME}"),
    re.compile(r"(?<!\d)\d{1,2} \d{1,2} (?:19|20)\d{2}(?!\d)"),
    re.compile(
        rf"(?<!\w)\d{{1,2}}(?:st|nd|rd|th|er)?(?: of)?[ \-/.]{{1,2}}{_MONTH}\b\.?"
        r"(?:,?[ \-/.]{1,2}(?:\d{4}|'?\d{2})(?!\d))?",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<!\w){_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}})?", re.IGNORECASE),
    re.compile(r"(?<=\bon )\d{1,2}/\d{1,2}(?![\d/])", re.IGNORECASE),
    re.compile(r"(?<=\bsince )\d{1,2}/\d{1,2}(?![\d/])", re.IGNORECASE),
    re.compile(r"(?<=\bfrom )\d{1,2}/\d{1,2}(?![\d/])", re.IGNORECASE),
    re.compile(r"(?<=\buntil )\d{1,2}/\d{1,2}(?![\d/])", re.IGNORECASE),
)

_TITLES = """
mr mrs ms miss dr doctor prof professor sir madam mme mlle nurse sister matron pastor rev reverend father
imam alhaji alhaja chief hajia mallam oba eze nana mama baba papa mummy daddy brother uncle aunt auntie
mother husband wife son daughter cousin neighbour friend child called named name names patient caller
"""
TITLES = frozenset(_TITLES.split())
"""A word with a capital after one of these is taken for a name."""

_ISO = re.compile(r"^(\d{4})-(\d{2})-(\d{2})$")


def iso_day(text: str) -> date | None:
    """The day of a plain ISO date, None for anything else."""
    found = _ISO.match(text)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def day_in(days: str, today: date) -> date | None:
    """The date behind `DAY+n`."""
    try:
        return today + timedelta(days=int(days))
    except (OverflowError, ValueError):
        return None
