"""A text as it is read by somebody who ignores accents, odd spaces and invisible signs, place by place."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from hms_server.patients.names import fold

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−⁃﹘﹣－"), "-")
_APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼʻʾʿ`´"), "'")
_INVISIBLE = {"Mn", "Me", "Cf"}


@lru_cache(maxsize=4096)
def _plain(sign: str) -> str:
    """One sign as it is typed on a plain keyboard, in its case; empty for what nobody sees."""
    if sign in "\n\t\r":
        return " " if sign == "\r" else sign
    if unicodedata.category(sign) in _INVISIBLE:
        return ""
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    if unicodedata.category(sign) == "Zs":
        return " "
    swapped = sign.translate(_DASHES).translate(_APOSTROPHES)
    if swapped != sign or sign == "'":
        return swapped
    folded = fold(sign)
    return folded.upper() if sign != sign.lower() else folded


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the plain text: lower case, without apostrophes, and where it stands there."""

    text: str
    start: int
    end: int
    capital: bool
    all_capitals: bool


class Aligned:
    """`plain` has the case of the text; a place in it is turned back into one of the text by `original`."""

    def __init__(self, text: str) -> None:
        self.text = text
        signs: list[str] = []
        self._places: list[int] = []
        for place, sign in enumerate(text):
            for one in _plain(sign):
                signs.append(one)
                self._places.append(place)
        self._places.append(len(text))
        self.plain = "".join(signs)
        self.words = [_word(found) for found in _WORD.finditer(self.plain)]

    @classmethod
    def of(cls, text: str) -> Self:
        return cls(text)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The same span in the text itself, with the invisible signs that belong to its end."""
        return self._places[start], self._places[end]

    def whole_words(self, start: int, end: int) -> tuple[int, int]:
        """The span widened until it cuts no word and no number in two."""
        while start > 0 and self.plain[start - 1].isalnum() and self.plain[start].isalnum():
            start -= 1
        while end < len(self.plain) and self.plain[end].isalnum() and self.plain[end - 1].isalnum():
            end += 1
        return start, end

    def begins_sentence(self, place: int) -> bool:
        """Whether nothing but a full stop, a line end or a mark of a list stands before it."""
        before = self.plain[:place].rstrip(" \"'(*-•\t[")
        return not before or before[-1] in ".!?:\n;"


def _word(found: re.Match[str]) -> Word:
    shown = found[0]
    start, end = found.span()
    if shown[-2:] in ("'s", "'S"):
        shown, end = shown[:-2], end - 2
    letters = shown.replace("'", "")
    return Word(
        text=letters.lower(),
        start=start,
        end=end,
        capital=letters[:1] != letters[:1].lower(),
        all_capitals=len(letters) > 1 and letters == letters.upper() and letters != letters.lower(),
    )


def folded_words(text: str) -> Iterator[str]:
    """The words of a known text, as they are looked for."""
    return (word.text for word in Aligned.of(text).words)
