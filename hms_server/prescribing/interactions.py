"""Which ingredients do not go together, from an index that is built once from the local files."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product as combinations

import structlog

from hms_server.contract.prescribing import InteractionGrade
from hms_server.patients.names import fold
from hms_server.reference import (
    ReferenceDataError,
    load_formulary,
    load_ingredients,
    load_interaction_classes,
    load_interactions,
)
from hms_server.reference_records import Ingredient, Interaction, InteractionClass, Product

log = structlog.get_logger()

_SIGNS = re.compile(r"[^\w-]+")
_PARTED = re.compile(r"/(?!\s*[\d.])|[+&,;]|\band\b", re.IGNORECASE)
_SUBSTANTIAL = re.compile(r"[^\W\d_]{5}")
"""A part without a word of five letters is a strength, not a substance."""
_GRADES = tuple(InteractionGrade)


class InteractionTable:
    """Answers in constant time for two ingredients; where several rows say something, the gravest one."""

    def __init__(
        self,
        interactions: Iterable[Interaction],
        classes: Iterable[InteractionClass],
        ingredients: Sequence[Ingredient],
        products: Sequence[Product],
    ) -> None:
        members = {item.slug: item.medicines for item in classes}
        self._pairs: dict[frozenset[str], Interaction] = {}
        for row in interactions:
            for pair in _pairs(row, members):
                known = self._pairs.get(pair)
                if known is None or _rank(row) < _rank(known):
                    self._pairs[pair] = row
        self._listed = {slug for slugs in members.values() for slug in slugs}.union(*self._pairs)
        self._names = {item.slug: item.name for item in ingredients}
        companions = _companions(products)
        self._by_words = {_plain(item.name): item.ingredients for item in products}
        for each in ingredients:
            slugs = (each.slug, *sorted(companions.get(each.slug, ())))
            self._by_words |= {_plain(word): slugs for word in _words(each)}
        self._longest = max((len(words.split()) for words in self._by_words), default=0)

    def between(self, one: str, other: str) -> Interaction | None:
        """What is known of two ingredients together, in either order."""
        return self._pairs.get(frozenset((one, other)))

    def lists(self, slug: str) -> bool:
        """Whether any source says anything about this ingredient; if not, it cannot be checked."""
        return slug in self._listed

    def name(self, slug: str) -> str:
        """How the ingredient is called; of one that has left the files, its slug."""
        return self._names.get(slug, slug)

    def ingredients_in(self, text: str) -> list[str]:
        """The ingredients that a text names ("Simvastatin 20 MG Oral Tablet"), by any name or by a product's.

        One that the formulary has only in a mixture brings the others of it along: co-trimoxazole is both of
        its parts, whichever of them the name stands for.
        """
        found: dict[str, None] = {}
        words = _plain(text).split()
        start = 0
        while start < len(words):
            slugs, length = self._at(words, start)
            found.update(dict.fromkeys(slugs))
            start += length
        return list(found)

    def reads_all(self, text: str) -> bool:
        """Whether every part of a mixture ("Paracetamol 325 MG / Hydrocodone 5 MG") names an ingredient."""
        parts = [part for part in _PARTED.split(text) if _SUBSTANTIAL.search(part)]
        return bool(self.ingredients_in(text)) and all(self.ingredients_in(part) for part in parts)

    def _at(self, words: list[str], start: int) -> tuple[tuple[str, ...], int]:
        """The longest name that begins here, so that "procaine penicillin" is not procaine."""
        for length in range(min(self._longest, len(words) - start), 0, -1):
            slugs = self._by_words.get(" ".join(words[start : start + length]))
            if slugs is not None:
                return slugs, length
        return (), 1


def interaction_table() -> InteractionTable | None:
    """The table of the shipped files, or None where they cannot be read: then nothing was checked."""
    try:
        return _shipped()
    except (OSError, ReferenceDataError) as error:
        log.warning("interactions cannot be checked", error=str(error))
        return None


@cache
def _shipped() -> InteractionTable:
    return InteractionTable(
        load_interactions(), load_interaction_classes(), load_ingredients(), load_formulary()
    )


def _pairs(row: Interaction, members: dict[str, tuple[str, ...]]) -> Iterator[frozenset[str]]:
    sides = (members.get(slug, (slug,)) for slug in (row.a, row.b))
    for one, other in combinations(*sides):
        if one != other:
            yield frozenset((one, other))


def _rank(row: Interaction) -> int:
    return _GRADES.index(InteractionGrade(row.severity))


def _companions(products: Iterable[Product]) -> dict[str, set[str]]:
    """With what else an ingredient always comes; nothing for one that is also given alone."""
    always: dict[str, set[str]] = {}
    for item in products:
        for slug in item.ingredients:
            others = set(item.ingredients) - {slug}
            always[slug] = always[slug] & others if slug in always else others
    return {slug: others for slug, others in always.items() if others}


def _words(item: Ingredient) -> tuple[str, ...]:
    return (item.slug, item.slug.replace("-", " "), item.name, *item.synonyms)


def _plain(text: str) -> str:
    return " ".join(_SIGNS.sub(" ", fold(text)).split())
