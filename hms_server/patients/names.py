"""Names as words to search by: folded, split, and keyed by how they sound in West Africa."""

import re
import unicodedata
from functools import lru_cache

MAX_WORD_CHARACTERS = 60
MIN_WORD_TO_SHORTEN = 4
MIN_SKELETON = 3
"""What is shorter, or shortened further, sounds like too many other words."""

# Letters that Unicode does not decompose: Hausa, Fula, Ewe, Akan, Kanuri and some European ones.
_LETTERS = str.maketrans(
    {
        "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɛ": "e", "ǝ": "e", "ə": "e", "ɔ": "o", "ɩ": "i",
        "ŋ": "ng", "ɲ": "ny", "ƒ": "f", "ʋ": "v", "ɣ": "g", "ɖ": "d", "ø": "o", "ł": "l", "đ": "d", "ð": "d",
        "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
    }
)  # fmt: skip
_INVISIBLE = {"Mn", "Mc", "Me", "Cf"}
_APOSTROPHES = re.compile("['’‘ʼʻʾʿ`´]")
_WORD = re.compile(r"[^\W_]+")

_DOUBLE = re.compile(r"(.)\1+")
_VOWELS = "aeiouy"
_SPELLINGS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("tch|sch|sh|ch|tsh", "x"),  # Shehu, Chehu; Aisha, Aicha
        ("ph|v", "f"),
        ("gb", "b"),  # Gbenga, Benga
        ("kp", "p"),
        ("d[jz]|d[iy](?=[aeou])", "j"),  # Diallo, Djallo, Jallow
        ("ck|kh|q|c(?![eiy])", "k"),
        ("c|z", "s"),  # Aziz, Assis
        ("x(?=s)", "k"),
        ("h", ""),  # Mohammed, Mamadu; Thomas, Tomas
        ("(?<=[kgs])w", ""),  # Okonkwo, Okwonko; Chukwu, Chuku
        ("ou|oo", "u"),
        ("w$", ""),  # Jallow, Diallo
    )
]
_BROAD_VOWELS = str.maketrans("eyo", "iiu")


def fold(text: str) -> str:
    """Lower case without accents, apostrophes and invisible signs: Ọlá, OLA and o'la become ola."""
    # Twice, since a mathematical or circled capital becomes a letter that has a case only by the first.
    lower = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFKD", lower)
    kept = "".join(sign for sign in plain if unicodedata.category(sign) not in _INVISIBLE)
    return _APOSTROPHES.sub("", kept).translate(_LETTERS)


def words_of(*texts: str) -> list[str]:
    """The distinct folded words of names, in alphabetical order."""
    return sorted({word[:MAX_WORD_CHARACTERS] for text in texts for word in _WORD.findall(fold(text))})


@lru_cache(maxsize=50_000)
def sound_of(word: str) -> str:
    """One key for the spellings of a name: Adeyemi and Adeyemmi, Abdoulaye and Abdulai, Kwame and Kwami."""
    for pattern, sound in _SPELLINGS:
        word = pattern.sub(sound, word)
    return _DOUBLE.sub(r"\1", word.translate(_BROAD_VOWELS)) or word


def skeleton_of(sound: str) -> str:
    """The first sound and the consonants after it, which is all that Mohammed and Mamadou share."""
    return sound[:1] + "".join(letter for letter in sound[1:] if letter not in _VOWELS)


@lru_cache(maxsize=20_000)
def sounds_of(word: str) -> tuple[str, ...]:
    """All keys of a word; two words with a key in common may be one name spelt differently.

    Beside the sound of the whole word it is the sound of the word with each letter left out, so that any one
    letter that is wrong, missing, added or in its neighbour's place still leaves a key in common.
    """
    sound = sound_of(word)
    keys = {sound}
    if len(word) >= MIN_WORD_TO_SHORTEN:
        keys |= {sound_of(word[:place] + word[place + 1 :]) for place in range(len(word))}
    skeleton = skeleton_of(sound)
    if len(skeleton) >= MIN_SKELETON:
        keys.add(f"={skeleton}")
    return tuple(sorted(keys))
