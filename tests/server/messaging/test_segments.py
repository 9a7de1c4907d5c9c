"""How many SMS a text is paid for as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.messaging.segments import count_segments, is_plain


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("é" * 160, 1),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("a" * 69 + "ọ", 1),
        ("a" * 70 + "ọ", 2),
        ("a" * 133 + "ọ", 2),
        ("a" * 134 + "ọ", 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_a_text_is_counted_as_the_networks_count_it(text: str, segments: int) -> None:
    """160 or 70 signs alone, 153 or 67 in each of several; a sign of the second table takes two places."""
    assert count_segments(text) == segments


@pytest.mark.parametrize(
    ("text", "segments"), [("a" * 152 + "€" + "a" * 151, 2), ("a" * 152 + "€" + "a" * 152, 3)]
)
def test_a_sign_of_two_places_is_not_torn_apart(text: str, segments: int) -> None:
    """At the end of a part it goes whole into the next one, and leaves a place empty."""
    assert count_segments(text) == segments


@pytest.mark.parametrize("text", ["₦ 500", "Ọlá", "août", "reçu", "“yes”", "`", "\u00a0"])
def test_a_single_sign_beyond_the_alphabet_makes_the_whole_text_dear(text: str) -> None:
    assert not is_plain(text)


@given(st.text(max_size=400), st.text(max_size=40))
def test_more_text_is_never_fewer_messages(text: str, more: str) -> None:
    assert 1 <= count_segments(text) <= count_segments(text + more)
