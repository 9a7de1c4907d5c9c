"""Help from the manual that is shipped, and which edition of it this is."""

import hashlib
from functools import cache

from hms_server.assistant.functions import Arguments, Case, Found
from hms_server.contract.places import resource
from hms_server.manual import search

MAX_PASSAGES = 4
MAX_PASSAGE_CHARACTERS = 1500


def help_in_manual(case: Case, given: Arguments) -> Found:
    """The best sections, each with the mark of its page."""
    passages = search(given.needed("question", "what you want to know"), limit=MAX_PASSAGES)
    data = [
        {
            "page": one.title,
            "heading": one.heading,
            "text": one.text[:MAX_PASSAGE_CHARACTERS],
            "source": case.sources.mark("manual", 0, one.page),
        }
        for one in passages
    ]
    lines = [f"{one.title}: {one.heading}\n{one.text[:MAX_PASSAGE_CHARACTERS]}" for one in passages]
    return Found(data={"passages": data}, lines=lines or ["The manual says nothing of it."])


@cache
def version() -> str:
    """Another one as soon as the manual says something else."""
    pages = sorted(resource("manual").glob("*.md"))
    return hashlib.sha256(b"\0".join(page.read_bytes() for page in pages)).hexdigest()[:16]
