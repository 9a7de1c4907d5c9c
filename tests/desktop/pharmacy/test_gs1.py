"""What scanners read from packs, as the GS1 General Specifications have it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_desktop.pharmacy.gs1 import ScannedPack, read_pack, same_gtin

TODAY = date(2026, 11, 20)
GTIN = "02041000000377"
FULL = ScannedPack(gtin=GTIN, lot="AMX-7", expires_on=date(2027, 6, 30))


@pytest.mark.parametrize(
    "code",
    [
        f"01{GTIN}17270630" + "10AMX-7",
        f"]d201{GTIN}10AMX-7\x1d17270630",
        f"]D201{GTIN}10AMX-7\x1d17270630",
        f"\x1d01{GTIN}21S3R14L\x1d1727060010AMX-7",
        "]C117270630" + f"01{GTIN}10AMX-7\x1d21S3R14L",
        f"01{GTIN}7110987\x1d10AMX-7\x1d17270630\x1d",
    ],
)
def test_a_square_code_bears_number_lot_and_last_day(code: str) -> None:
    """In any order, with or without what the scanner says of itself; day 00 is the end of the month."""
    assert read_pack(code, today=TODAY) == FULL


@pytest.mark.parametrize("code", ["2041000000377", GTIN, f"01{GTIN}"])
def test_a_plain_code_bears_the_number_alone(code: str) -> None:
    assert read_pack(code, today=TODAY) == ScannedPack(gtin=GTIN)


@pytest.mark.parametrize(
    "code",
    [
        "P000012-7",
        "A-021",
        "0102041000",
        "1727063010AMX-7",
        f"01{GTIN[:-1]}X10L",
        "1727\x1d0630",
        "",
        "ABCDEFGHIJKL",
    ],
)
def test_any_other_code_is_no_pack(code: str) -> None:
    """A patient's card, a ticket, a code that was cut short."""
    assert read_pack(code, today=TODAY) is None


@pytest.mark.parametrize(
    ("digits", "day"),
    [
        ("280200", date(2028, 2, 29)),
        ("271331", None),
        ("270231", None),
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
    ],
)
def test_the_century_and_the_end_of_the_month(digits: str, day: date | None) -> None:
    """A day that is none is left for a person to read from the pack."""
    pack = read_pack(f"01{GTIN}17{digits}", today=TODAY)

    assert pack == ScannedPack(gtin=GTIN, expires_on=day)


def test_the_next_century_is_near_at_the_end_of_one() -> None:
    pack = read_pack(f"01{GTIN}17050101", today=date(2090, 1, 1))

    assert pack == ScannedPack(gtin=GTIN, expires_on=date(2105, 1, 1))


@pytest.mark.parametrize("typed", ["AMX-7211234567890ABCDEFG", "AMX-717270630"])
def test_a_lot_that_swallowed_its_neighbour_is_not_believed(typed: str) -> None:
    """Some scanners leave the separator out: rather no lot than a wrong one."""
    pack = read_pack(f"01{GTIN}10{typed}", today=TODAY)

    assert pack == ScannedPack(gtin=GTIN)


@given(st.text(alphabet="0123456789AB\x1d]d2", max_size=60))
def test_nothing_that_is_scanned_breaks_the_reader(code: str) -> None:
    pack = read_pack(code, today=TODAY)

    assert pack is None or (same_gtin(pack.gtin) == pack.gtin and len(pack.lot) <= 20)
