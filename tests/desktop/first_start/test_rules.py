"""What a name suggests, and what one scan teaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_desktop.first_start.rules import (
    TYPED_BY_HAND_MS,
    WORKSPACES,
    Finding,
    Guess,
    Heard,
    guess,
    learn,
    rooms_for,
    suggest_printer,
)
from hms_desktop.printing.documents import SCAN_TEXT
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.printing.printer import PrintKind
from hms_desktop.shell.scanner import bare_code
from hms_desktop.workplace import Place, PrintTo, PrintWay, ScanEnd
from hms_desktop.workspaces import WORKSPACES as KEYS
from tests.desktop.visits.tickets import CLINIC

ROOMS = CLINIC.rooms
QUICK_MS = 8


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Front desk 1", Guess(place=Place.FRONT_DESK, room="Front desk")),
        ("Reception", Guess(place=Place.FRONT_DESK)),
        ("Doctor Room 12", Guess(place=Place.DOCTOR)),
        ("Front desk", Guess(place=Place.FRONT_DESK, room="Front desk")),
        ("DOCTOR  room 2", Guess(place=Place.DOCTOR, room="Room 2")),
        ("Room 1", Guess(place=Place.DOCTOR, room="Room 1")),
        ("Triage", Guess(place=Place.NURSE, room="Triage")),
        ("Pharmacy terminal", Guess(place=Place.PHARMACY)),
        ("Cash window", Guess(place=Place.BILLING)),
        ("Waiting room 2 TV", Guess(place=Place.DISPLAY)),
        ("Kiosk at the door", Guess(place=Place.KIOSK)),
        ("desk-7", Guess()),
        ("", Guess()),
    ],
)
def test_the_name_of_a_workstation_suggests_its_place(name: str, expected: Guess) -> None:
    assert guess(name, ROOMS) == expected


@given(st.text(max_size=60))
def test_any_name_may_be_given(name: str) -> None:
    found = guess(name, ROOMS)

    assert found.room in ("", *(room.name for room in ROOMS))


def test_rooms_of_the_place_come_first() -> None:
    assert [room.name for room in rooms_for(Place.DOCTOR, ROOMS)][:2] == ["Room 1", "Room 2"]
    assert rooms_for(Place.DISPLAY, ROOMS) == []
    assert len(rooms_for(Place.FRONT_DESK, ROOMS)) == len(ROOMS)


def test_every_place_of_staff_opens_a_workspace_that_exists() -> None:
    known = {key for keys in KEYS.values() for key in keys}

    assert set(WORKSPACES.values()) <= known
    assert set(WORKSPACES) == {place for place in Place if not place.is_unattended}


ZEBRA = KnownPrinter(name="Zebra_ZD220", about="Zebra Technologies ZTC")
EPSON = KnownPrinter(name="kitchen", about="EPSON TM-T20III")
LASER = KnownPrinter(name="HP", about="HP LaserJet", is_default=True)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (PrintKind.LABEL, PrintTo(way=PrintWay.PRINTER, printer="Zebra_ZD220")),
        (PrintKind.RECEIPT, PrintTo(way=PrintWay.PRINTER, printer="kitchen")),
        (PrintKind.PAGE, None),
    ],
)
def test_a_printer_made_for_a_paper_is_suggested(kind: PrintKind, expected: PrintTo | None) -> None:
    assert suggest_printer(kind, [LASER, ZEBRA, EPSON]) == expected


def test_without_a_printer_papers_become_files() -> None:
    assert suggest_printer(PrintKind.LABEL, []) == PrintTo(way=PrintWay.FILE)


@given(
    prefix=st.text(alphabet="]C1#~ab", max_size=4),
    suffix=st.text(alphabet="#~ab", max_size=3),
    end=st.sampled_from(ScanEnd),
    slowest_ms=st.integers(0, TYPED_BY_HAND_MS),
    code=st.text(alphabet="ABCDEFGH0123456789-", min_size=6, max_size=20),
)
def test_whatever_stands_around_the_code_is_cut_off_later(
    prefix: str, suffix: str, end: ScanEnd, slowest_ms: int, code: str
) -> None:
    """Learnt from the code on the screen, used for every other one."""
    learnt = learn(Heard(text=prefix + SCAN_TEXT + suffix, end=end, slowest_ms=slowest_ms), SCAN_TEXT)

    assert learnt.finding is (Finding.AROUND if prefix or suffix else Finding.WORKS)
    assert learnt.wedge is not None
    assert bare_code(prefix + code + suffix, learnt.wedge) == code


@pytest.mark.parametrize(
    ("text", "slowest_ms", "finding"),
    [
        ("", 0, Finding.NOTHING),
        (SCAN_TEXT, 180, Finding.SLOW),
        ("HMS/YZ/2468", QUICK_MS, Finding.LAYOUT),
        ("HMSßYZß2468", QUICK_MS, Finding.LAYOUT),
        ("hms-zy-2468", QUICK_MS, Finding.CASE),
        ("5901234123457", QUICK_MS, Finding.OTHER),
        ("HMS-ZY-24", QUICK_MS, Finding.OTHER),
    ],
)
def test_what_is_wrong_with_a_scan_is_told_apart(text: str, slowest_ms: int, finding: Finding) -> None:
    """Each has its own remedy, and none is taken for a working scanner."""
    learnt = learn(Heard(text=text, end=ScanEnd.ENTER, slowest_ms=slowest_ms), SCAN_TEXT)

    assert learnt.finding is finding
    assert learnt.wedge is None


@given(st.text(max_size=40), st.integers(0, 400))
def test_only_the_code_itself_teaches(text: str, slowest_ms: int) -> None:
    learnt = learn(Heard(text=text, end=ScanEnd.ENTER, slowest_ms=slowest_ms), SCAN_TEXT)

    assert (learnt.wedge is not None) is (SCAN_TEXT in text and slowest_ms <= TYPED_BY_HAND_MS)
