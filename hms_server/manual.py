"""The manual for whoever asks the server: passages that fit a question, without the internet."""

from functools import cache

from hms_server.contract.manual import Manual, Passage, load_manual

MAX_PASSAGES = 5


def search(text: str, *, limit: int = MAX_PASSAGES) -> list[Passage]:
    """The passages that fit best; none where nothing fits."""
    return _shipped().search(text, limit=limit)


@cache
def _shipped() -> Manual:
    return load_manual()
