"""The recovery key: forgiving about how it is typed, strict about what."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.backup.recovery import ALPHABET, RecoveryKey, RecoveryKeyWrong, mark_of, sheet

SIGNS = st.integers(0, 29)


@given(st.sampled_from([str.upper, str.lower]), st.sampled_from(["", " ", "-", " – ", "\n"]))
def test_a_key_is_read_however_it_is_written(case: Callable[[str], str], between: str) -> None:
    key = RecoveryKey.new()

    typed = RecoveryKey.typed(case(between.join(key.text.split("-"))))

    assert typed == key
    assert typed.public == key.public


def test_look_alikes_are_taken_for_what_they_stand_for() -> None:
    """Nobody can tell 0 from O and 1 from I or l on every paper."""
    key = RecoveryKey.new()
    misread = key.text.replace("0", "o").replace("1", "l")

    assert RecoveryKey.typed(misread) == key
    assert RecoveryKey.typed(key.text.replace("1", "I").replace("V", "u")) == key


@given(SIGNS, st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_found(place: int, sign: str) -> None:
    signs = RecoveryKey.new().signs
    wrong = signs[:place] + sign + signs[place + 1 :]

    if wrong != signs:
        with pytest.raises(RecoveryKeyWrong, match="typing error"):
            RecoveryKey.typed(wrong)


@given(st.integers(0, 28))
def test_two_exchanged_signs_are_found(place: int) -> None:
    signs = RecoveryKey.new().signs
    wrong = signs[:place] + signs[place + 1] + signs[place] + signs[place + 2 :]

    if wrong != signs:
        with pytest.raises(RecoveryKeyWrong, match="typing error"):
            RecoveryKey.typed(wrong)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "30 letters and digits in groups of 5; 0 were typed"),
        ("ABCDE-12345", "; 10 were typed"),
        ("ABCDE-12345-!", "“!” is neither"),
    ],
)
def test_what_is_no_key_is_told(text: str, words: str) -> None:
    with pytest.raises(RecoveryKeyWrong, match=words):
        RecoveryKey.typed(text)


def test_no_message_shows_the_key() -> None:
    """A key ends up in a traceback or a log line sooner or later."""
    key = RecoveryKey.new()

    assert key.signs not in repr(key)


def test_the_sheet_has_all_that_is_needed_later() -> None:
    key = RecoveryKey.new()

    page = sheet(key, clinic="Unity Clinic", at=datetime(2026, 11, 21, 8, 30, tzinfo=UTC))

    assert key.text in page
    assert mark_of(key.public) in page
    assert "Unity Clinic" in page
    assert max(map(len, page.splitlines())) <= 72


def test_keys_differ() -> None:
    assert len({RecoveryKey.new().text for _ in range(50)}) == 50
