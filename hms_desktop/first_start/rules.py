"""What a place opens, what a workstation's name tells about it, and what a first scan teaches."""

import unicodedata
from collections.abc import Sequence
from enum import Enum

import msgspec

from hms_desktop.printing.known import KnownPrinter
from hms_desktop.printing.printer import PrintKind
from hms_desktop.workplace import Place, PrintTo, PrintWay, ScanEnd, Wedge
from hms_server.contract.accounts import Room
from hms_server.contract.visits import BILLING, DOCTOR, PHARMACY, TRIAGE

WORKSPACES: dict[Place, str] = {
    Place.FRONT_DESK: "front_desk",
    Place.NURSE: "nurse",
    Place.DOCTOR: "doctor",
    Place.PHARMACY: "pharmacy",
    Place.BILLING: "billing",
    Place.ADMINISTRATION: "administration",
}
"""The workspace in front after sign-in, where the role has it."""
SERVICES = {
    Place.NURSE: TRIAGE,
    Place.DOCTOR: DOCTOR,
    Place.PHARMACY: PHARMACY,
    Place.BILLING: BILLING,
}
_HINTS: dict[Place, tuple[str, ...]] = {
    Place.DISPLAY: ("display", "waiting", "screen", "tv"),
    Place.KIOSK: ("kiosk",),
    Place.FRONT_DESK: ("front", "reception", "registration"),
    Place.NURSE: ("nurse", "triage", "vital"),
    Place.PHARMACY: ("pharmacy", "dispens"),
    Place.BILLING: ("billing", "cash", "window", "payment"),
    Place.ADMINISTRATION: ("admin", "office", "manager"),
    Place.DOCTOR: ("doctor", "consult", "physician", "dr "),
}
"""How people name their computers; the first that fits counts."""
_MADE_FOR = {
    PrintKind.LABEL: ("label", "zebra", "zdesigner", "ql-", "dymo", "godex", "argox", "tsc "),
    PrintKind.RECEIPT: ("receipt", "tm-t", "tm-m", "tsp1", "pos-", "pos80", "rp80", "xp-80"),
}
"""Parts of the names of printers that print nothing else."""
TYPED_BY_HAND_MS = 60
"""Nobody keeps up a pace below this between all letters, and no common scanner is slower."""


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """What the page offers first; the person only confirms it."""

    place: Place | None = None
    room: str = ""


def guess(device_name: str, rooms: Sequence[Room]) -> Guess:
    """From the name that the administrator gave the workstation with its pairing code."""
    name = _folded(device_name)
    # Whole words: "Room 12" is not in Room 1.
    named = [room for room in rooms if f" {_folded(room.name)} " in f" {name} "]
    room = max(named, key=lambda room: len(room.name), default=None)
    by_words = (place for place, hints in _HINTS.items() if any(hint in f"{name} " for hint in hints))
    by_room = (place for place, service in SERVICES.items() if room and room.service == service)
    place = next(by_words, None) or next(by_room, None)
    fits = room is not None and place is not None and not place.is_unattended
    return Guess(place=place, room=room.name if fits and room else "")


def rooms_for(place: Place, rooms: Sequence[Room]) -> list[Room]:
    """All rooms, those in which this is usually done first; none for a screen on the wall or an office."""
    if place.is_unattended or place is Place.ADMINISTRATION:
        return []
    service = SERVICES.get(place)
    return sorted(rooms, key=lambda room: (room.service != service, room.name))


def suggest_printer(kind: PrintKind, known: Sequence[KnownPrinter]) -> PrintTo | None:
    """A printer made for such papers; a PDF where there is no printer; None leaves the default one."""
    if not known:
        return PrintTo(way=PrintWay.FILE)
    for printer in known:
        made = f"{printer.name} {printer.about}".casefold()
        if any(sign in made for sign in _MADE_FOR.get(kind, ())):
            return PrintTo(way=PrintWay.PRINTER, printer=printer.name)
    return None


class Finding(Enum):
    """What became of a first scan."""

    WORKS = "works"
    AROUND = "around"
    """It types something around the code, which is cut off from now on."""
    SLOW = "slow"
    """Typed by hand, or by a scanner so slow that it cannot be told from a person."""
    LAYOUT = "layout"
    """As long as the code, with other letters: scanner and computer have different keyboard layouts."""
    CASE = "case"
    """Capitals and small letters are swapped: Caps Lock is on."""
    OTHER = "other"
    """Another barcode than the one on the screen."""
    NOTHING = "nothing"


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one scan typed; `slowest_ms` is the longest pause between two of its letters."""

    text: str
    end: ScanEnd
    slowest_ms: int


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """`wedge` is there only where scans can be used from now on."""

    finding: Finding
    heard: str
    wedge: Wedge | None = None


def learn(heard: Heard, expected: str) -> Learnt:
    """Compares a scan with the code that stood on the screen."""
    text = heard.text
    if not text:
        return Learnt(finding=Finding.NOTHING, heard="")
    if expected not in text:
        return Learnt(finding=_why_other(text, expected), heard=text)
    if heard.slowest_ms > TYPED_BY_HAND_MS:
        return Learnt(finding=Finding.SLOW, heard=text)
    prefix, _, suffix = text.partition(expected)
    # Half as much again: a scanner on a radio link is not always equally quick.
    wedge = Wedge(prefix=prefix, suffix=suffix, end=heard.end, gap_ms=heard.slowest_ms * 3 // 2)
    finding = Finding.AROUND if prefix or suffix else Finding.WORKS
    return Learnt(finding=finding, heard=text, wedge=wedge)


def _why_other(text: str, expected: str) -> Finding:
    if text.swapcase() == expected or text.lower() == expected.lower():
        return Finding.CASE
    digits = [sign for sign in text if sign.isdecimal()]
    alike = digits == [sign for sign in expected if sign.isdecimal()]
    return Finding.LAYOUT if len(text) == len(expected) and alike else Finding.OTHER


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(sign for sign in letters if not unicodedata.combining(sign)).split())
