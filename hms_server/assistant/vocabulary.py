"""Which words are names, of the clinic's patients or of the shipped lists, and which are ordinary."""

import re
from collections.abc import Collection
from functools import cache

from hms_server.contract.places import resource
from hms_server.patients.names import fold, words_of
from hms_server.reference import load_formulary, load_ingredients, load_names
from hms_server.work import Work

_LETTERS = re.compile(r"[^\W\d_]+")


@cache
def ordinary_words() -> frozenset[str]:
    """Folded words that are no names in themselves: of the language, of medicines and of diagnoses."""
    listed = resource("reference", "ordinary_words.txt").read_text("utf-8").splitlines()
    words = {line for line in listed if line and not line.startswith("#")}
    for product in load_formulary():
        words.update(_words(product.name))
    for ingredient in load_ingredients():
        words.update(_words(" ".join([ingredient.name, *ingredient.synonyms])))
    return frozenset(words)


@cache
def shipped_names() -> frozenset[str]:
    """Names of the region, whether or not a patient bears them."""
    return frozenset(word for one in load_names() for word in words_of(one.name))


def known_names(work: Work, words: Collection[str]) -> set[str]:
    """Those of the folded words that somebody is called by."""
    found = work.value(NAMES, {"words": list(words)}) or []
    return {*found, *(set(words) & shipped_names())}


def _words(text: str) -> list[str]:
    return _LETTERS.findall(fold(text))


NAMES = 'select array_agg(word) from name_word where word = any(%(words)s::text[] collate "C")'
