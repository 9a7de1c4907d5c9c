"""What tests of the assistant share."""

from collections.abc import Iterator

import pytest

from tests.outside.gemini import FakeGemini
from tests.server.assistant.talk import Talk
from tests.server.desk import Desk


@pytest.fixture
def gemini_server() -> Iterator[FakeGemini]:
    with FakeGemini() as server:
        yield server


@pytest.fixture
def talk(desk: Desk, gemini_server: FakeGemini) -> Talk:
    """The assistant is switched on, and Gemini answers here."""
    return Talk(desk, gemini_server)
