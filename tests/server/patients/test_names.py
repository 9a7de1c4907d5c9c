"""Names are found however they are written and spelt."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.patients.names import MAX_WORD_CHARACTERS, fold, sound_of, sounds_of, words_of
from tests.benchmarks.people import misspell, people


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ọlá", "ola"),
        ("ẸỌṢ", "eos"),
        ("ɓɗƙƴ", "bdky"),
        ("N'Diaye", "ndiaye"),
        ("N’Diaye", "ndiaye"),
        ("Kɔfi", "kofi"),
        ("O\u200bbi", "obi"),
        ("\u202eAda", "ada"),
        ("Straße", "strasse"),
        ("مُحَمَّد", "محمد"),
    ],
)
def test_accents_and_invisible_signs_do_not_matter(written: str, folded: str) -> None:
    """What a keyboard may lack is not needed to find a name; composed and decomposed letters are one."""
    assert fold(written) == folded
    assert fold(unicodedata.normalize("NFD", written)) == folded


def test_words_stand_alone_in_any_order() -> None:
    """Hyphens, emoji and doubled words disappear; other scripts stay."""
    assert words_of("Ngozi-Ada 😀", "Obi Ada", "علي") == ["ada", "ngozi", "obi", "علي"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Adeyemi", "Adeyemmi"),
        ("Okonkwo", "Okwonko"),
        ("Chukwu", "Chuku"),
        ("Diallo", "Jallow"),
        ("Diallo", "Djallo"),
        ("Abdoulaye", "Abdulai"),
        ("Kwame", "Kwami"),
        ("Joseph", "Josef"),
        ("Stephen", "Steven"),
        ("Aisha", "Aicha"),
        ("Hassan", "Assan"),
        ("Yusuf", "Youssouf"),
        ("Osman", "Usman"),
        ("Ngozi", "Ngosi"),
        ("Gbenga", "Benga"),
        ("Ibrahim", "Ibraheem"),
    ],
)
def test_spellings_of_one_name_sound_the_same(one: str, other: str) -> None:
    """The habits of English, French and Arabic spelling that meet in West Africa lead to one key."""
    assert sound_of(fold(one)) == sound_of(fold(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mohammed", "Muhammad"),
        ("Mohammed", "Mamadou"),
        ("Ousmane", "Usman"),
        ("Chinedu", "Chinendu"),
        ("Okafor", "Okaofr"),
        ("Balogun", "Balogn"),
    ],
)
def test_names_that_sound_alike_share_a_key(one: str, other: str) -> None:
    """Looser relatives, and one letter missing, added or swapped, are still found."""
    assert set(sounds_of(fold(one))) & set(sounds_of(fold(other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Okafor", "Adeyemi"), ("Musa", "Bello"), ("Ada", "Obi"), ("Chukwu", "Mensah"), ("Ama", "Esi")],
)
def test_different_names_share_no_key(one: str, other: str) -> None:
    """The keys are not so loose that everybody sounds like everybody."""
    assert not set(sounds_of(fold(one))) & set(sounds_of(fold(other)))


def test_one_wrong_letter_in_any_place_leaves_a_key() -> None:
    """A letter that is left out, doubled, replaced or swapped with its neighbour never hides a name."""
    chance = random.Random(2)  # noqa: S311 - repeatable on purpose
    slips = [(one.family_name, misspell(one.family_name, chance)) for one in people(2000, seed=5)]

    for meant, typed in slips:
        if len(meant) > 3:
            assert set(sounds_of(fold(meant))) & set(sounds_of(fold(typed))), (meant, typed)


@given(st.text(max_size=200))
def test_any_text_has_words_that_fit_the_index(text: str) -> None:
    """Whatever is typed or pasted becomes short words, each with a sound; folding twice changes nothing."""
    words = words_of(text)

    assert all(0 < len(word) <= MAX_WORD_CHARACTERS for word in words)
    assert all(sounds_of(word) for word in words)
    assert words_of(" ".join(words)) == words
