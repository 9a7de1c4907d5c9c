"""How likely two entries are one person, from several fields, none of which decides alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hms_server.contract.patients import Resemblance
from hms_server.contract.values import BirthPrecision, Sex
from hms_server.patients.names import skeleton_of, sound_of, words_of
from hms_server.patients.rules import national_id_key, phone_key

SHOWN_FROM = 60
"""Below this score it is more likely somebody else."""

_WEIGHT_NAME, _WEIGHT_BIRTH, _WEIGHT_PHONE, _WEIGHT_NATIONAL_ID = 50, 30, 10, 40
_WEIGHT_OTHER_PHONE = 3
"""People change their phones, and families share one: another phone says little."""
_WEIGHT_OTHER_NATIONAL_ID = 20
_UNPROVEN = 0.8
"""A name alone, however equal, is no more than this: many people have the same."""
_SAME_NATIONAL_ID_AT_LEAST = 0.7
"""Either it is one person, or one of the two has the other's national ID: somebody has to look."""
_SAME_NAME, _SIMILAR_NAME = 0.99, 0.75
_AGREEMENT_BY_YEARS_APART = {0: 0.1, 1: -0.3}
_OTHER_AGE = -0.8
_SHORTEST_SHORT_FORM = 3
_ESTIMATE_YEARS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is compared of one entry."""

    words: Sequence[str]
    sex: Sex
    birth_date: date | None
    birth_precision: BirthPrecision
    phone: str
    national_id: str


@dataclass(frozen=True, slots=True)
class Likeness:
    score: int
    why: list[Resemblance]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """`agreement` from -1 (speaks against) to 1, and how much it weighs."""

    agreement: float
    weight: int
    why: Resemblance | None = None


def traits_of(
    *,
    names: Sequence[str],
    sex: Sex,
    birth_date: date | None,
    birth_precision: BirthPrecision,
    phone: str | None,
    national_id: str | None,
) -> Traits:
    """The comparable part of an entry."""
    return Traits(
        words=words_of(*names),
        sex=sex,
        birth_date=birth_date,
        birth_precision=birth_precision,
        phone=phone_key(phone or ""),
        national_id=national_id_key(national_id or ""),
    )


def compare(one: Traits, other: Traits) -> Likeness:
    """A score from 0 to 100, and what the two have in common."""
    evidence = [_compare_names(one, other)]
    evidence += filter(
        None, (_compare_births(one, other), _compare_phones(one, other), _compare_ids(one, other))
    )
    why = [item.why for item in evidence if item.why]
    weight = sum(item.weight for item in evidence)
    likeness = sum(item.agreement * item.weight for item in evidence) / weight
    if len(evidence) == 1:
        likeness *= _UNPROVEN
    if {one.sex, other.sex} == {Sex.FEMALE, Sex.MALE}:
        likeness -= 0.25
    if Resemblance.SAME_NATIONAL_ID in why:
        likeness = max(likeness, _SAME_NATIONAL_ID_AT_LEAST)
    return Likeness(round(100 * min(1.0, max(0.0, likeness))), why)


def names_alike(one: Sequence[str], other: Sequence[str]) -> float:
    """From 0 to 1, whatever the order of the words; a middle name that one entry lacks costs little."""
    if not one or not other:
        return 0.0
    short, long = sorted((one, other), key=len)
    left = list(long)
    total = 0.0
    for word in sorted(short, key=len, reverse=True):
        best = max(left, key=lambda candidate: words_alike(word, candidate))
        total += words_alike(word, best)
        left.remove(best)
    covered = total / len(short)
    shared = 2 * total / (len(short) + len(long))
    if len(short) == 1 and len(long) > 1:
        return 0.6 * covered
    return 0.8 * covered + 0.2 * shared


def words_alike(one: str, other: str) -> float:
    """1 for the same word, nearly as much for the same sound, an initial or a short form, 0 for another."""
    if one == other:
        return 1.0
    sound, other_sound = sound_of(one), sound_of(other)
    if sound == other_sound:
        return 0.95
    if len(one) == 1 or len(other) == 1:
        return 0.7 if one[0] == other[0] else 0.0
    share = max(_shared_letters(one, other), _shared_letters(sound, other_sound))
    if skeleton_of(sound) == skeleton_of(other_sound):
        share = max(share, 0.8)
    elif _is_short_form(one, other) or _is_short_form(other, one):
        share = max(share, 0.75)
    return max(0.0, (share - 0.5) * 2)


def _is_short_form(short: str, long: str) -> bool:
    """Abdul for Abdulrahman; Seun for Oluwaseun, Emeka for Chukwuemeka."""
    return len(short) >= _SHORTEST_SHORT_FORM and (long.startswith(short) or long.endswith(short))


def _shared_letters(one: str, other: str) -> float:
    """One minus the share of letters to change (Damerau: swapped neighbours are one change)."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        line = [row]
        for column, opposite in enumerate(other, start=1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != opposite))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == opposite:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, above = above, line
    return 1 - above[-1] / max(len(one), len(other))


def _compare_names(one: Traits, other: Traits) -> _Evidence:
    alike = names_alike(one.words, other.words)
    why = None
    if alike >= _SAME_NAME:
        why = Resemblance.SAME_NAME
    elif alike >= _SIMILAR_NAME:
        why = Resemblance.SIMILAR_NAME
    # Strangers have half of a name in common, too; what is less than similar speaks against one person.
    return _Evidence(alike if alike >= _SIMILAR_NAME else 2 * alike - _SIMILAR_NAME, _WEIGHT_NAME, why)


def _compare_births(one: Traits, other: Traits) -> _Evidence | None:
    first, second = one.birth_date, other.birth_date
    if first is None or second is None:
        return None
    exact = {one.birth_precision, other.birth_precision} == {BirthPrecision.DAY}
    agreement, why = _exact_births(first, second) if exact else _vague_births(one, other, first, second)
    return _Evidence(agreement, _WEIGHT_BIRTH, why)


def _exact_births(first: date, second: date) -> tuple[float, Resemblance | None]:
    if first == second:
        return 1.0, Resemblance.SAME_BIRTH_DATE
    if first.year == second.year and (first.month, first.day) == (second.day, second.month):
        return 0.9, Resemblance.DAY_AND_MONTH_SWAPPED
    wrong_digits = sum(a != b for a, b in zip(f"{first:%Y%m%d}", f"{second:%Y%m%d}", strict=True))
    if wrong_digits == 1 or first.replace(year=2000) == second.replace(year=2000):
        return 0.6, Resemblance.SIMILAR_AGE
    return _AGREEMENT_BY_YEARS_APART.get(abs(first.year - second.year), _OTHER_AGE), None


def _vague_births(one: Traits, other: Traits, first: date, second: date) -> tuple[float, Resemblance | None]:
    estimated = BirthPrecision.ESTIMATED in (one.birth_precision, other.birth_precision)
    years = abs(first.year - second.year)
    if years <= (_ESTIMATE_YEARS if estimated else 0):
        return (0.7 - 0.1 * years if estimated else 0.8), Resemblance.SIMILAR_AGE
    return (-0.2 if years <= 2 * _ESTIMATE_YEARS and estimated else _OTHER_AGE), None


def _compare_phones(one: Traits, other: Traits) -> _Evidence | None:
    if not one.phone or not other.phone:
        return None
    if one.phone == other.phone:
        return _Evidence(1.0, _WEIGHT_PHONE, Resemblance.SAME_PHONE)
    return _Evidence(0.0, _WEIGHT_OTHER_PHONE)


def _compare_ids(one: Traits, other: Traits) -> _Evidence | None:
    if not one.national_id or not other.national_id:
        return None
    if one.national_id == other.national_id:
        return _Evidence(1.0, _WEIGHT_NATIONAL_ID, Resemblance.SAME_NATIONAL_ID)
    return _Evidence(0.0, _WEIGHT_OTHER_NATIONAL_ID)
