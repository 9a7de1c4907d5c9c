"""Help from the manual that is shipped: the sections in which the words of a question occur."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache

from hms_server.assistant.functions import Arguments, Case, Found
from hms_server.contract.places import resource
from hms_server.patients.names import words_of

MAX_PASSAGES = 3
MAX_PASSAGE_CHARACTERS = 1500
MIN_WORD = 3
_HEADING = re.compile(r"^#{1,4} +(.+)$", re.MULTILINE)
_PICTURES = re.compile(r"!\[[^\]]*\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Passage:
    """One section of one page."""

    page: str
    heading: str
    text: str


def help_in_manual(case: Case, given: Arguments) -> Found:
    """The best sections, each with the mark of its page."""
    passages = search(given.needed("question", "what you want to know"))
    data = [
        {
            "page": one.page,
            "heading": one.heading,
            "text": one.text,
            "source": case.sources.mark("manual", 0, one.page),
        }
        for one in passages
    ]
    lines = [f"{one.heading} ({one.page})\n{one.text}" for one in passages]
    return Found(data={"passages": data}, lines=lines or ["The manual says nothing of it."])


def search(question: str) -> list[Passage]:
    """Those with most of the words first; a word in a heading counts three times."""
    words = {word for word in words_of(question) if len(word) >= MIN_WORD}
    scored = [(_score(one, words), one) for one in passages()]
    found = sorted((item for item in scored if item[0]), key=lambda item: -item[0])
    return [passage for _, passage in found[:MAX_PASSAGES]]


@cache
def passages() -> tuple[Passage, ...]:
    """The sections of all pages."""
    pages = sorted(resource("manual").glob("*.md"))
    return tuple(passage for page in pages for passage in _sections(page.stem, page.read_text("utf-8")))


@cache
def version() -> str:
    """Another one as soon as the manual says something else."""
    told = "\0".join(f"{one.page}\0{one.heading}\0{one.text}" for one in passages())
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _sections(page: str, text: str) -> list[Passage]:
    plain = _PICTURES.sub("", text)
    headings = list(_HEADING.finditer(plain))
    ends = [*(found.start() for found in headings[1:]), len(plain)]
    sections = (
        Passage(page, found[1].strip(), plain[found.end() : end].strip()[:MAX_PASSAGE_CHARACTERS])
        for found, end in zip(headings, ends, strict=True)
    )
    return [section for section in sections if section.text]


def _score(passage: Passage, words: set[str]) -> int:
    return 3 * len(words & set(words_of(passage.heading, passage.page))) + len(
        words & set(words_of(passage.text))
    )
