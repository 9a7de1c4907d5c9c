"""The clinic opens without the library of its assistant."""

import pytest

from hms_server.assistant import answering


@pytest.mark.allow_log("the assistant's library is missing")
def test_a_library_that_is_missing_keeps_no_server_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "LIBRARY", "hms_server.assistant.no_such_module")

    answering.load_library()
