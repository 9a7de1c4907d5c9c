"""Puts pseudonyms in the place of whatever names a person, the same throughout a conversation, and back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from string import ascii_uppercase
from typing import Any

import msgspec

from hms_server.assistant.aligned import Aligned
from hms_server.assistant.naming import Forms, Identity, NameBook, forms_of, known_spans, unknown_spans
from hms_server.assistant.patterns import TOKEN, Hidden, Span, day_in, iso_day, spans_of

MAX_DAYS_AHEAD = 400


class Memory(msgspec.Struct, kw_only=True):
    """What a conversation has replaced so far; stored sealed with it. `today` is the day it began."""

    today: date
    holders: dict[str, str] = {}
    """Key of an identity → its pseudonym."""
    tokens: dict[str, str] = {}
    """Pseudonym → the very text that it stands for."""
    counts: dict[str, int] = {}


@dataclass
class Pseudonyms:
    """Hides and restores; `know` first whoever is spoken of, since form alone does not betray every name."""

    memory: Memory
    book: NameBook
    _forms: dict[str, Forms] = field(default_factory=dict)
    _given: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._given = {(self._family(token), text): token for token, text in self.memory.tokens.items()}

    def know(self, identity: Identity) -> str:
        """The pseudonym of a person, from now on used for every way of naming them."""
        base = self.memory.holders.get(identity.key)
        if base is None:
            base = self.memory.holders[identity.key] = self._next(identity.kind)
            for name in identity.names[:1]:
                self._keep(base, name)
        self._forms[base] = forms_of(identity, base, self.book.ordinary)
        return base

    def holder_of(self, token: str) -> str | None:
        """The key of the identity behind a pseudonym, or behind one of its other spellings."""
        found = TOKEN.fullmatch(token.strip())
        base = _base(_canonical(found)) if found else ""
        return next((key for key, held in self.memory.holders.items() if held == base), None)

    def hide(self, text: str) -> str:
        """The text as it may leave; `restore` gives back exactly this text."""
        pieces: list[str] = []
        at = 0
        for start, end, span in self._spans(Aligned.of(text)):
            pieces += [text[at:start], self._token(span, text[start:end])]
            at = end
        hidden = "".join([*pieces, text[at:]])
        return hidden if self.restore(hidden) == text else self._token(Span(0, 0, Hidden.TEXT), text)

    def hide_in(self, value: Any) -> Any:
        """The same for every text within a value of lists and dictionaries; keys are ours and stay."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, dict):
            return {key: self.hide_in(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_in(one) for one in value]
        return value

    def restore(self, text: str) -> str:
        """Puts back what stands behind the pseudonyms; those that nobody gave out stay as they are."""
        return TOKEN.sub(self._behind, text)

    def restore_in(self, value: Any) -> Any:
        """The same for every text within a value of lists and dictionaries."""
        if isinstance(value, str):
            return self.restore(value)
        if isinstance(value, dict):
            return {key: self.restore_in(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.restore_in(one) for one in value]
        return value

    def replaced_in(self, text: str) -> dict[str, str]:
        """The pseudonyms that occur in a text, with what stands behind them."""
        return {found[0]: self._behind(found) for found in TOKEN.finditer(text)}

    def _behind(self, found: re.Match[str]) -> str:
        known = self.memory.tokens.get(_canonical(found))
        if known is not None:
            return known
        day = day_in(found["day"], self.memory.today) if found["day"] is not None else None
        return found[0] if day is None else day.isoformat()

    def _spans(self, text: Aligned) -> Iterator[tuple[int, int, Span]]:
        """What must not leave, in order and never overlapping; places are those of the text itself."""
        forms = list(self._forms.values())
        found = [*spans_of(text), *known_spans(text, forms, self.book.ordinary)]
        found += unknown_spans(text, self.book, found=found)
        ranked = [(*text.whole_words(span.start, span.end), rank, span) for rank, span in enumerate(found)]
        merged: list[tuple[int, int, int, Span]] = []
        for start, end, rank, span in sorted(ranked, key=lambda item: (item[0], item[2])):
            if merged and start < merged[-1][1]:
                first, last, other_rank, other = merged[-1]
                surer = (rank, span) if rank < other_rank else (other_rank, other)
                merged[-1] = (first, max(last, end), *surer)
            else:
                merged.append((start, end, rank, span))
        for start, end, _, span in merged:
            yield *text.original(start, end), span

    def _token(self, span: Span, text: str) -> str:
        """The pseudonym of exactly this text, the same as before if it was hidden before."""
        kind, base = span.kind, span.base
        day = iso_day(text) if kind is Hidden.DATE else None
        if day is not None and 0 <= (day - self.memory.today).days <= MAX_DAYS_AHEAD:
            # A free appointment gives nobody away, and the model has to count with days.
            return f"DAY+{(day - self.memory.today).days}"
        given = self._given.get((base or kind.value, text))
        if given is not None:
            return given
        return self._keep(self._next_spelling(base) if base else self._next(kind), text)

    def _keep(self, token: str, text: str) -> str:
        self.memory.tokens[token] = text
        self._given[(self._family(token), text)] = token
        return token

    def _family(self, token: str) -> str:
        """Under what a text was given its pseudonym: a person who is known, or only the kind."""
        base = _base(token)
        return base if base in self.memory.holders.values() else token.partition("-")[0]

    def _next(self, kind: Hidden) -> str:
        number = self.memory.counts[kind] = self.memory.counts.get(kind, 0) + 1
        lettered = kind in (Hidden.PATIENT, Hidden.PERSON, Hidden.STAFF)
        return f"{kind.value}-{_letters(number) if lettered else number}"

    def _next_spelling(self, base: str) -> str:
        number = self.memory.counts[base] = self.memory.counts.get(base, 1) + 1
        return f"{base}{number}"


def _letters(number: int) -> str:
    """The number as A, B and so on to Z, then AA, AB."""
    name = ""
    while number:
        number, place = divmod(number - 1, len(ascii_uppercase))
        name = ascii_uppercase[place] + name
    return name


def _canonical(found: re.Match[str]) -> str:
    """A pseudonym as it was given out, however the model has spelt it."""
    return f"DAY+{found['day']}" if found["day"] is not None else f"{found['kind'].upper()}-{found['name']}"


def _base(token: str) -> str:
    """A person's pseudonym without the number of the spelling."""
    return token.rstrip("0123456789") if token.partition("-")[2][:1].isalpha() else token
