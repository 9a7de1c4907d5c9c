"""Finds people in a text: those who are known, however they are spelt, and what else looks like a name."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from hms_server.assistant.aligned import Aligned, Word, folded_words
from hms_server.assistant.patterns import TITLES, Hidden, Span
from hms_server.patients.names import sounds_of

MIN_FUZZY = 4
MIN_INSIDE = 5
"""So many letters a name needs to be found inside a longer word."""
MIN_NAME = 3
MIN_DIGITS = 6
LONGEST_ACRONYM = 5
_BETWEEN_NAMES = re.compile(r"[ ,\-]{0,3}(?:[A-Za-z]\.? ?)?")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Somebody known by name. The first of `names` is how they are called on a screen.

    `key` stays the same for the same person (`patient:12`); `numbers` are phones and identifiers.
    """

    key: str
    kind: Hidden
    names: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NameBook:
    """`ordinary`: words that are no names in themselves. `are_names` picks the known names among words."""

    ordinary: Collection[str]
    are_names: Callable[[Collection[str]], Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """How one identity may be spelt; all words are folded."""

    base: str
    kind: Hidden
    words: frozenset[str]
    joined: frozenset[str]
    """Names written together."""
    sounds: frozenset[str]
    digits: tuple[re.Pattern[str], ...]
    places: tuple[tuple[str, ...], ...]
    place_words: frozenset[str]
    emails: tuple[str, ...]


def forms_of(identity: Identity, base: str, ordinary: Collection[str]) -> Forms:
    """All that has to be looked for, so that this person is not recognised."""
    names = [list(folded_words(name)) for name in identity.names]
    everyone = frozenset(word for name in names for word in name if len(word) > 1)
    words = (everyone - TITLES) or everyone
    joined = {first + second for name in names for first in name for second in name if first != second}
    places = [tuple(folded_words(part)) for place in identity.places for part in re.split(r"[,;\n]", place)]
    kept = [part for part in places if sum(map(len, part)) >= MIN_NAME]
    return Forms(
        base=base,
        kind=identity.kind,
        words=words,
        joined=frozenset(word for word in joined if len(word) >= MIN_INSIDE),
        sounds=frozenset(key for word in words if len(word) >= MIN_FUZZY for key in sounds_of(word)),
        digits=tuple(filter(None, map(_digits_pattern, identity.numbers))),
        places=tuple(kept),
        place_words=frozenset(
            word
            for part in kept
            for word in part
            if len(word) >= MIN_NAME and word not in ordinary and not word.isdecimal()
        ),
        emails=tuple(email.lower() for email in identity.emails if email),
    )


def _digits_pattern(number: str) -> re.Pattern[str] | None:
    """The digits of a number with anything short between them; country code and leading zero may differ."""
    plain = Aligned.of(number).plain
    digits = re.sub(r"\D", "", plain)
    letters = re.sub(r"[^A-Za-z]", "", plain)
    core = digits.lstrip("0")[-9:] if len(digits) > MIN_DIGITS + 2 and not letters else digits.lstrip("0")
    if len(core) < 3:  # noqa: PLR2004 - fewer digits would hide every dose
        return None
    return re.compile(r"\+?\d{0,5}[ .\-/()]{0,3}" + r"[ .\-/()]{0,3}".join(core) + r"(?:[ \-]?\d(?!\d))?")


def known_spans(text: Aligned, forms: Sequence[Forms], ordinary: Collection[str]) -> Iterator[Span]:
    """Every mention of the people who are known here."""
    for one in forms:
        for pattern in one.digits:
            for found in pattern.finditer(text.plain):
                yield Span(*found.span(), Hidden.ID)
        lower = text.plain.lower()
        for email in one.emails:
            yield from _everywhere(lower, email, Hidden.EMAIL)
        yield from _place_spans(text, one)
    yield from _name_spans(text, forms, ordinary)


def _everywhere(text: str, part: str, kind: Hidden) -> Iterator[Span]:
    at = text.find(part)
    while at >= 0:
        yield Span(at, at + len(part), kind)
        at = text.find(part, at + 1)


def _place_spans(text: Aligned, forms: Forms) -> Iterator[Span]:
    words = text.words
    for part in forms.places:
        for at in range(len(words) - len(part) + 1):
            if tuple(word.text for word in words[at : at + len(part)]) == part:
                yield Span(words[at].start, words[at + len(part) - 1].end, Hidden.ADDRESS)
    for word in words:
        if any(
            place == word.text or (len(place) >= MIN_INSIDE and place in word.text)
            for place in forms.place_words
        ):
            yield Span(word.start, word.end, Hidden.ADDRESS)


def _name_spans(text: Aligned, forms: Sequence[Forms], ordinary: Collection[str]) -> Iterator[Span]:
    """Words that are names of somebody known; neighbours that are of the same person become one span."""
    run: list[Word] = []
    fitting: list[Forms] = []
    for word in text.words:
        fits = [one for one in forms if _is_name_of(word, one, ordinary)]
        both = [one for one in fits if one in fitting]
        if run and both and _BETWEEN_NAMES.fullmatch(text.plain[run[-1].end : word.start]):
            run.append(word)
            fitting = both
            continue
        if run:
            yield Span(run[0].start, run[-1].end, fitting[0].kind, fitting[0].base)
        run, fitting = ([word], fits) if fits else ([], [])
    if run:
        yield Span(run[0].start, run[-1].end, fitting[0].kind, fitting[0].base)


def _is_name_of(word: Word, forms: Forms, ordinary: Collection[str]) -> bool:
    text = word.text
    if text in forms.words:
        return len(text) >= MIN_NAME or word.capital
    if text in ordinary or len(text) < MIN_FUZZY:
        return False
    if any(joined in text for joined in forms.joined):
        return True
    if any(len(name) >= MIN_INSIDE and name in text for name in forms.words):
        return True
    return not forms.sounds.isdisjoint(sounds_of(text))


def unknown_spans(text: Aligned, book: NameBook, *, found: Sequence[Span]) -> Iterator[Span]:
    """Words that are known as names, or look like names, of people who are not among those `found`."""
    taken = {place for span in found for place in range(span.start, span.end)}
    candidates = {word.text for word in text.words if _may_be_name(word.text) and word.start not in taken}
    names = book.are_names(candidates) if candidates else ()
    run: list[Word] = []
    before: Word | None = None
    for word in text.words:
        joins = bool(run) and _BETWEEN_NAMES.fullmatch(text.plain[run[-1].end : word.start]) is not None
        hide = word.start not in taken and (
            _looks_like_name(text, word, before, names, book.ordinary)
            or (joins and word.capital and word.text not in book.ordinary and word.text.isalpha())
        )
        if run and not (hide and joins):
            yield Span(run[0].start, run[-1].end, Hidden.PERSON)
            run = []
        if hide:
            run.append(word)
        before = word
    if run:
        yield Span(run[0].start, run[-1].end, Hidden.PERSON)


def _may_be_name(word: str) -> bool:
    return len(word) >= MIN_NAME and word.isalpha()


def _looks_like_name(
    text: Aligned, word: Word, before: Word | None, names: Collection[str], ordinary: Collection[str]
) -> bool:
    if not word.text.isalpha() or (len(word.text) < MIN_NAME and not word.capital):
        return False
    is_ordinary = word.text in ordinary
    after_title = before is not None and before.text in TITLES
    if word.capital and not is_ordinary and len(word.text) > 1 and after_title:
        return True
    if not _may_be_name(word.text):
        return False
    inside = word.capital and not text.begins_sentence(word.start)
    if word.text in names:
        return not is_ordinary or (inside and not word.all_capitals)
    acronym = word.all_capitals and len(word.text) <= LONGEST_ACRONYM
    return inside and not is_ordinary and not acronym
