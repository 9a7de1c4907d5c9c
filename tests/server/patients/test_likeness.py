"""How alike two entries are: doubles are recognised, families and namesakes are left in peace."""

import random
from collections.abc import Callable
from datetime import date

import pytest

from hms_server.contract.patients import Resemblance
from hms_server.contract.values import BirthPrecision, Sex
from hms_server.patients.likeness import SHOWN_FROM, Likeness, Traits, compare, names_alike, traits_of
from hms_server.patients.names import words_of
from tests.benchmarks.people import people
from tests.server.patients.doubles import (
    Entry,
    brother_or_sister,
    entry_of,
    namesake,
    same_phone,
    stranger,
    written_again,
)

PAIRS = 1500
R = Resemblance


def traits(
    name: str = "Adaeze Okonkwo",
    born: date | None = date(1980, 3, 12),
    *,
    precision: BirthPrecision = BirthPrecision.DAY,
    phone: str | None = None,
    national_id: str | None = None,
    sex: Sex = Sex.FEMALE,
) -> Traits:
    return traits_of(
        names=(name,),
        sex=sex,
        birth_date=born,
        birth_precision=precision,
        phone=phone,
        national_id=national_id,
    )


def alike(one: Traits, other: Traits) -> Likeness:
    """How alike the two are, which must not depend on who was first."""
    assert compare(one, other) == compare(other, one)
    return compare(one, other)


def test_more_than_95_of_100_doubles_are_recognised() -> None:
    """People who were written down twice, the second time with up to three slips."""
    chance = random.Random(5)  # noqa: S311 - repeatable on purpose
    everybody = list(people(PAIRS, seed=11))
    doubles = [(entry_of(one), written_again(entry_of(one), chance, others=everybody)) for one in everybody]

    recognised = sum(
        compare(entry.traits(), double.traits()).score >= SHOWN_FROM for entry, double in doubles
    )

    assert recognised / PAIRS > 0.95


@pytest.mark.parametrize("relation", [brother_or_sister, namesake, same_phone, stranger])
def test_fewer_than_2_of_100_others_are_taken_for_doubles(
    relation: Callable[[Entry, Entry, random.Random], Entry],
) -> None:
    """People who share a family and a phone, a name, a phone, or nothing."""
    chance = random.Random(5)  # noqa: S311 - repeatable on purpose
    everybody = [entry_of(one) for one in people(2 * PAIRS, seed=12)]
    pairs = list(zip(everybody[:PAIRS], everybody[PAIRS:], strict=True))

    alarms = sum(
        compare(one.traits(), relation(one, other, chance).traits()).score >= SHOWN_FROM
        for one, other in pairs
    )

    assert alarms / PAIRS < 0.02


def test_the_same_in_everything_is_certain() -> None:
    """100 is for entries that agree in all that is known, and says in what."""
    entry = traits(phone="0803 555 0182", national_id="nin 12-34")
    likeness = alike(entry, traits(phone="+2348035550182", national_id="NIN1234"))

    assert likeness.score == 100
    assert likeness.why == [R.SAME_NAME, R.SAME_BIRTH_DATE, R.SAME_PHONE, R.SAME_NATIONAL_ID]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (traits("Okonkwo Adaeze"), [R.SAME_NAME, R.SAME_BIRTH_DATE]),
        (traits("Adaese Okwonko"), [R.SIMILAR_NAME, R.SAME_BIRTH_DATE]),
        (traits("Adaeze Ngozi Okonkwo"), [R.SIMILAR_NAME, R.SAME_BIRTH_DATE]),
        (traits(born=date(1980, 12, 3)), [R.SAME_NAME, R.DAY_AND_MONTH_SWAPPED]),
        (traits(born=date(1980, 3, 13)), [R.SAME_NAME, R.SIMILAR_AGE]),
        (traits(born=date(1970, 3, 12)), [R.SAME_NAME, R.SIMILAR_AGE]),
        (traits(born=date(1983, 1, 1), precision=BirthPrecision.ESTIMATED), [R.SAME_NAME, R.SIMILAR_AGE]),
        (traits(born=date(1980, 1, 1), precision=BirthPrecision.YEAR), [R.SAME_NAME, R.SIMILAR_AGE]),
        (traits(born=None), [R.SAME_NAME]),
    ],
)
def test_a_likely_double_is_shown_with_its_reasons(other: Traits, why: list[Resemblance]) -> None:
    """What agrees is named, so that the person at the desk can judge."""
    likeness = alike(traits(), other)

    assert likeness.score >= SHOWN_FROM
    assert likeness.why == why


@pytest.mark.parametrize(
    "other",
    [
        traits("Musa Bello", phone="0803 555 0182"),
        traits("Emeka Okonkwo", date(1978, 1, 4), phone="0803 555 0182", sex=Sex.MALE),
        traits("Adaeze Okonkwo", date(1951, 8, 30)),
        traits("Adaeze Okonkwo", date(1990, 1, 1), precision=BirthPrecision.ESTIMATED),
        traits("Musa Bello"),
        traits("", phone="0803 555 0182"),
    ],
)
def test_who_shares_only_one_thing_is_not_shown(other: Traits) -> None:
    """A phone, a family, a name or a birth date alone is no double."""
    assert alike(traits(phone="0803 555 0182"), other).score < SHOWN_FROM


def test_a_name_alone_is_never_certain() -> None:
    """With nothing else known, namesakes and doubles cannot be told apart."""
    assert alike(traits(born=None), traits(born=None)).score == 80


def test_another_national_id_or_sex_speaks_against() -> None:
    """Each lowers the score of an otherwise equal entry."""
    entry = traits(national_id="A1")
    equal = alike(entry, traits(national_id="A1")).score

    assert alike(entry, traits(national_id="B2")).score < equal
    assert alike(entry, traits(national_id="A1", sex=Sex.MALE)).score < equal
    assert alike(entry, traits(national_id="A1", sex=Sex.UNKNOWN)).score == equal


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("Mohammed Bello", "Muhammad Belo", 0.75),
        ("A. Okonkwo", "Adaeze Okonkwo", 0.8),
        ("Oluwaseun Balogun", "Seun Balogun", 0.5),
        ("Abdul Sani", "Abdulrahman Sani", 0.7),
    ],
)
def test_names_are_alike_as_a_person_would_say(one: str, other: str, least: float) -> None:
    """Spellings, initials and short forms are near; the measure never leaves 0 to 1."""
    assert least <= names_alike(words_of(one), words_of(other)) < 1
