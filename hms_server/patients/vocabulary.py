"""The words that names are made of, and which of them may be meant by a word that was typed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from hms_server.patients.names import sounds_of
from hms_server.work import Work

MIN_INFIX = 3
"""Two letters are in the middle of too many words."""
MAX_MEANT = 40
MAX_BEST = 12
MAX_SOUNDING = 12
MAX_BEGINNINGS = 4_000
LAST_SIGN = chr(0x10FFFF)
"""Sorts after all that somebody may type, so that a beginning is a range of the index."""


class Grade(IntEnum):
    """How well a word of a name meets a word of the search, best first."""

    EXACT = 0
    BEGINNING = 1
    MIDDLE = 2
    SOUND = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word that was typed, with the words of the vocabulary that may be meant, best first.

    `best` are some of the best grade. `bearers` is roughly how many patients bear a word that is meant.
    `cut` says that more words may be meant than are named.
    """

    text: str
    meant: list[str]
    best: list[str]
    sounding: frozenset[str]
    bearers: int
    cut: bool

    def grade(self, words: Iterable[str]) -> Grade | None:
        """How well the best word of a name meets this token, or None if none does."""
        grades = [grade for word in words if (grade := self._grade_word(word)) is not None]
        return min(grades, default=None)

    def condition(self, parameter: str) -> str:
        """SQL that holds for the words of whoever may meet this token."""
        if not self.cut:
            return f"words && %({parameter})s"
        match = "strpos(word, %({0})s) > 0" if len(self.text) >= MIN_INFIX else "starts_with(word, %({0})s)"
        return f"exists (select from unnest(words) as own (word) where {match.format(parameter)})"

    def _grade_word(self, word: str) -> Grade | None:
        if word == self.text:
            return Grade.EXACT
        if word.startswith(self.text):
            return Grade.BEGINNING
        if len(self.text) >= MIN_INFIX and self.text in word:
            return Grade.MIDDLE
        return Grade.SOUND if word in self.sounding else None


@dataclass(frozen=True, slots=True)
class _Meant:
    token: str
    word: str
    bearers: int
    grade: int


def find_meant_words(work: Work, words: Sequence[str]) -> list[Token]:
    """For each word that was typed the words of known names that may be meant."""
    keys = [(word, sound) for word in words for sound in sounds_of(word)]
    params = {
        "tokens": list(words),
        "keyed": [word for word, _ in keys],
        "sounds": [sound for _, sound in keys],
        "last": LAST_SIGN,
    }
    found = work.rows(_Meant, MEANT_WORDS, params)
    return [_token(word, [item for item in found if item.token == word]) for word in words]


def _token(text: str, found: Sequence[_Meant]) -> Token:
    ranked = {item.word: item for item in sorted(found, key=lambda item: -item.grade)}
    meant = sorted(ranked.values(), key=lambda item: (item.grade, -item.bearers))
    counts = Counter(item.grade for item in found)
    return Token(
        text=text,
        meant=[item.word for item in meant],
        best=[item.word for item in meant if item.grade == meant[0].grade][:MAX_BEST],
        sounding=frozenset(item.word for item in found if item.grade == Grade.SOUND),
        bearers=sum(item.bearers for item in meant),
        cut=max(counts[Grade.BEGINNING], counts[Grade.MIDDLE]) >= MAX_MEANT,
    )


MEANT_WORDS = f"""
select token, word, bearers, grade from unnest(%(tokens)s::text[]) as typed (token) cross join lateral (
    select word, bearers, {Grade.EXACT:d} as grade from name_word where word = token collate "C"
    union all
    (select word, bearers, {Grade.BEGINNING:d} from (
        select word, bearers from name_word
        where word > token collate "C" and word < token || %(last)s collate "C"
        order by word limit {MAX_BEGINNINGS}
     ) as beginning
     order by bearers desc limit {MAX_MEANT})
    union all
    (select word, bearers, {Grade.MIDDLE:d} from (
        select word, bearers from name_word
        where length(token) >= {MIN_INFIX} and word like '%%_' || token || '%%' limit {2 * MAX_MEANT}
     ) as inside
     order by bearers desc limit {MAX_MEANT})
    union all
    (select word, bearers, {Grade.SOUND:d} from (
        select name_sound.word
        from unnest(%(keyed)s::text[], %(sounds)s::text[]) as keys (keyed, key)
        join name_sound on name_sound.sound = keys.key collate "C"
        where keys.keyed = token
        group by name_sound.word order by count(*) desc limit {2 * MAX_SOUNDING}
     ) as sounding join name_word using (word)
     order by levenshtein(word, token), bearers desc limit {MAX_SOUNDING})
) as meant
"""
