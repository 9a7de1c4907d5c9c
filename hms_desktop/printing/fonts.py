"""The letters on paper: which fonts, how wide a text is, and where it wraps."""

import unicodedata
from enum import StrEnum

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from hms_server.contract.places import resource


class Weight(StrEnum):
    """The value is the font's name inside a PDF and its file's name."""

    REGULAR = "Inter-Regular"
    SEMIBOLD = "Inter-SemiBold"
    BOLD = "Inter-Bold"


def load_fonts() -> None:
    """Makes the fonts known to reportlab once; the caller sees to it that no two threads do so at a time."""
    known = pdfmetrics.getRegisteredFontNames()
    for weight in Weight:
        if weight.value not in known:
            pdfmetrics.registerFont(TTFont(weight.value, str(resource("fonts", f"{weight.value}.ttf"))))


def width_pt(text: str, weight: Weight, size_pt: float) -> float:
    return float(pdfmetrics.stringWidth(text, weight.value, size_pt))


def clean(text: str) -> str:
    """One line without control and direction signs; accents joined to their letters where Unicode can."""
    visible = (" " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign for sign in text)
    kept = "".join(sign for sign in visible if unicodedata.category(sign) not in {"Cf", "Cs"})
    return " ".join(unicodedata.normalize("NFC", kept).split())


def wrap(text: str, weight: Weight, *, size_pt: float, room_pt: float) -> list[str]:
    """Lines that fit into the room and together hold every word; a word wider than the room is broken."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        lines.extend(_wrap_paragraph(clean(paragraph), weight, size_pt=size_pt, room_pt=room_pt))
    return lines


def _wrap_paragraph(text: str, weight: Weight, *, size_pt: float, room_pt: float) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        for piece in _break_word(word, weight, size_pt=size_pt, room_pt=room_pt):
            longer = f"{lines[-1]} {piece}" if lines[-1] else piece
            if width_pt(longer, weight, size_pt) <= room_pt:
                lines[-1] = longer
            else:
                lines.append(piece)
    return lines


def _break_word(word: str, weight: Weight, *, size_pt: float, room_pt: float) -> list[str]:
    pieces = [""]
    for sign in word:
        joined = pieces[-1] + sign
        is_accent = unicodedata.combining(sign) > 0
        if not pieces[-1] or is_accent or width_pt(joined, weight, size_pt) <= room_pt:
            pieces[-1] = joined
        else:
            pieces.append(sign)
    return pieces
