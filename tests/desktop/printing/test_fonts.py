"""The shipped fonts hold what West African names and prices need."""

import pytest
from reportlab.pdfbase.ttfonts import TTFontFile

from hms_desktop.printing.fonts import Weight, clean, load_fonts, width_pt, wrap
from hms_server.contract.places import resource

LETTERS = "ẹọṣɛɔŋɖƒɣƙɗɓẸỌṢƐƆŊƉƑƔƘƊƁàáèéìíòóùúÀÁÈÉÌÍÒÓÙÚçœñ₦₵€£→←–—“”…×₂µ≥≤\u0300\u0301\u0304\u0323"


@pytest.mark.parametrize("name", ["Inter-Regular", "Inter-Medium", "Inter-SemiBold", "Inter-Bold"])
def test_every_weight_is_small_and_has_the_letters(name: str) -> None:
    path = resource("fonts", f"{name}.ttf")

    assert path.stat().st_size < 250_000
    assert [letter for letter in LETTERS if ord(letter) not in TTFontFile(str(path)).charToGlyph] == []


def test_the_licence_lies_beside_the_fonts() -> None:
    text = resource("fonts", "OFL.txt").read_text(encoding="utf-8")

    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Copyright" in text


def test_wrapped_lines_fit_and_hold_every_word() -> None:
    load_fonts()
    text = "Oluwaseun Chukwuemeka-Abdulrahman " * 5 + "W" * 90

    lines = wrap(text, Weight.BOLD, size_pt=11, room_pt=100)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(width_pt(line, Weight.BOLD, 11) for line in lines) <= 100


def test_an_accent_never_starts_a_line() -> None:
    load_fonts()

    lines = wrap("Ọ́" * 60, Weight.REGULAR, size_pt=11, room_pt=50)

    assert not any(line.startswith("\u0301") for line in lines)
    assert len(lines) > 5


def test_signs_that_could_turn_a_name_around_are_taken_out() -> None:
    assert clean("Ada\u202e\u0000 \t Obi\u200b") == "Ada Obi"
