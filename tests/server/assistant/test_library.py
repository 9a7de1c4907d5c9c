"""The clinic opens without the library of its assistant."""

import pytest

from hms_server.assistant import answering
from tests.guards import LogGuard


@pytest.mark.allow_log("the assistant's library is missing")
def test_a_library_that_is_missing_keeps_no_server_from_its_start(
    monkeypatch: pytest.MonkeyPatch, log_guard: LogGuard
) -> None:
    monkeypatch.setattr(answering, "LIBRARY", "hms_server.assistant.no_such_module")

    answering.load_library()

    assert len(log_guard.lines) == 1
