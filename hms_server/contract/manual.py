"""The manual as pages of Markdown, read and searched by the same code on the desktop and the server."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from math import log
from pathlib import Path

import msgspec

from hms_server.contract.places import resource

START = "index"
"""The page of what is the same everywhere; it leads to all others."""

_HEADING = re.compile(r"^(#{1,3}) +(.+)$")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_MARKS = re.compile(r"[*`_]")
_POINT = re.compile(r"^(?:-|\d+\.) +")
_WORD = re.compile(r"\w+")
_TITLE_COUNTS, _HEADING_COUNTS, _BEGINNING_COUNTS = 2.5, 3.0, 0.6
_SHORTEST_BEGINNING = 3
_WORTH_READING = 0.4
"""Of the best section's score; what fits less is noise."""
_MOST_OFTEN = 4
_SMALL_WORDS = (
    "a an and are as at be by can do does for from has have how i if in is it me my no not of on or so that "
    "the then there this to was we what when where which who why will with you your"
)
_STOP_WORDS = frozenset(_SMALL_WORDS.split())


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """What stands below one heading, as plain words; of the first one the heading is the page's title."""

    heading: str
    text: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page; `name` is its file without the ending, which for a workspace is its key."""

    name: str
    title: str
    markdown: str
    sections: list[Section]


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A section that fits a question; `page` is what a link needs, `best` the line that fits most of it."""

    page: str
    title: str
    heading: str
    text: str
    best: str


class Manual:
    """All pages, in memory."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self.pages = {page.name: page for page in pages}

    def page_for(self, key: str) -> Page | None:
        """The page of a workspace, or the one that leads to all others; None in an empty manual."""
        return self.pages.get(key.replace("_", "-")) or self.pages.get(START)

    def search(self, text: str, *, limit: int = 5) -> list[Passage]:
        """The sections that fit best, in words or beginnings of words; nothing for a question without any."""
        asked = [word for word in _words(text) if word not in _STOP_WORDS] or _words(text)
        rarity = {word: self._rarity(word) for word in asked}
        scored = [(sum(_fit(word, entry) * rarity[word] for word in asked), entry) for entry in self._entries]
        enough = max((score for score, _ in scored), default=0.0) * _WORTH_READING
        fitting = [each for each in scored if each[0] > 0 and each[0] >= enough]
        fitting.sort(key=lambda each: -each[0])
        return [_passage(entry, rarity) for _, entry in fitting[:limit]]

    def _rarity(self, asked: str) -> float:
        """Seldom words say more."""
        having = sum(any(word.startswith(asked) for word in entry.weights) for entry in self._entries)
        return log(1 + len(self._entries) / max(1, having))

    @cached_property
    def _entries(self) -> list["_Entry"]:
        return [_entry(page, section) for page in self.pages.values() for section in page.sections]


class _Entry(msgspec.Struct, frozen=True):
    """A section with how much each of its words counts."""

    page: Page
    section: Section
    weights: dict[str, float]


def load_manual(folder: Path | None = None) -> Manual:
    """The shipped pages; an installation without the folder has an empty manual."""
    try:
        where = resource("manual") if folder is None else folder
    except FileNotFoundError:
        return Manual([])
    return Manual(read_page(path) for path in sorted(where.glob("*.md")))


def read_page(path: Path) -> Page:
    """One file, parted at its headings."""
    markdown = path.read_text(encoding="utf-8")
    sections = _sections(markdown.splitlines())
    title = sections[0].heading if sections else path.stem
    return Page(name=path.stem, title=title, markdown=markdown, sections=sections)


def plain(markdown: str) -> str:
    """Without the signs of Markdown: how a passage is read aloud, or by a model."""
    return _MARKS.sub("", _LINK.sub(r"\1", markdown))


def _sections(lines: Sequence[str]) -> list[Section]:
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        heading = _HEADING.match(line)
        if heading:
            found.append((heading[2], []))
        elif found:
            found[-1][1].append(line)
    return [Section(heading=plain(name), text=plain("\n".join(text)).strip()) for name, text in found]


def _fit(asked: str, entry: _Entry) -> float:
    """How much a section says about a word or about what begins like it."""
    best = entry.weights.get(asked, 0.0)
    if len(asked) < _SHORTEST_BEGINNING:
        return best
    begun = (weight for word, weight in entry.weights.items() if word.startswith(asked))
    return max(best, _BEGINNING_COUNTS * max(begun, default=0.0))


def _entry(page: Page, section: Section) -> _Entry:
    counted = Counter(_words(section.text))
    weights = {word: 1 + min(count, _MOST_OFTEN) / _MOST_OFTEN for word, count in counted.items()}
    weights |= dict.fromkeys(_words(page.title), _TITLE_COUNTS)
    weights |= dict.fromkeys(_words(section.heading), _HEADING_COUNTS)
    return _Entry(page, section, weights)


def _passage(entry: _Entry, rarity: dict[str, float]) -> Passage:
    def fit(line: str) -> float:
        words = set(_words(line))
        return sum(rarity[word] for word in rarity if any(each.startswith(word) for each in words))

    lines = _lines(entry.section.text)
    return Passage(
        page=entry.page.name,
        title=entry.page.title,
        heading=entry.section.heading,
        text=entry.section.text,
        best=max(lines, key=fit, default=""),
    )


def _lines(text: str) -> list[str]:
    """Paragraphs and points of lists, each as one line without its mark."""
    parts = re.split(r"\n\s*\n|\n(?=- |\d+\. )", text)
    return [" ".join(_POINT.sub("", part).split()) for part in parts if part.strip()]


def _words(text: str) -> list[str]:
    """In lower case, without accents and without the s of a plural."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return [
        word.removesuffix("s") if len(word) > _SHORTEST_BEGINNING else word for word in _WORD.findall(bare)
    ]
