"""Labelled pairs: one person written down twice with slips, and two people who resemble each other."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hms_server.contract.patients import FindLookAlikes
from hms_server.contract.values import BirthPrecision, Sex
from hms_server.patients.likeness import Traits, traits_of
from tests.benchmarks.people import Somebody, misspell


@dataclass(frozen=True, slots=True)
class Entry:
    """What a desk has typed of somebody."""

    family_name: str
    given_names: str
    sex: str
    birth_date: date
    birth_precision: BirthPrecision
    phone: str

    def traits(self) -> Traits:
        return traits_of(
            names=(self.family_name, self.given_names),
            sex=Sex(self.sex),
            birth_date=self.birth_date,
            birth_precision=self.birth_precision,
            phone=self.phone,
            national_id=None,
        )

    def request(self) -> FindLookAlikes:
        return FindLookAlikes(
            family_name=self.family_name,
            given_names=self.given_names,
            sex=Sex(self.sex),
            birth_date=self.birth_date,
            birth_precision=self.birth_precision,
            phone=self.phone or None,
        )


def entry_of(somebody: Somebody) -> Entry:
    return Entry(
        somebody.family_name,
        somebody.given_names,
        somebody.sex,
        somebody.birth_date,
        BirthPrecision.DAY,
        somebody.phone,
    )


def written_again(entry: Entry, chance: random.Random, *, others: Sequence[Somebody]) -> Entry:
    """The same person another time: mostly a slip in the name, often one in birth date or phone."""
    for slips, probability in ((_NAME_SLIPS, 0.8), (_BIRTH_SLIPS, 0.5), (_PHONE_SLIPS, 0.5)):
        if chance.random() < probability:
            entry = chance.choice(slips)(entry, chance, others)
    return entry


def brother_or_sister(entry: Entry, other: Entry, chance: random.Random) -> Entry:
    """One family, one phone, some years apart."""
    years_apart = timedelta(days=chance.choice((-1, 1)) * chance.randint(400, 4000))
    return replace(
        other,
        family_name=entry.family_name,
        phone=entry.phone,
        birth_date=entry.birth_date + years_apart,
    )


def namesake(entry: Entry, other: Entry, _: random.Random) -> Entry:
    """Somebody of the same name and sex, of any age."""
    return replace(other, family_name=entry.family_name, given_names=entry.given_names, sex=entry.sex)


def same_phone(entry: Entry, other: Entry, _: random.Random) -> Entry:
    """A neighbour who uses the same phone."""
    return replace(other, phone=entry.phone)


def stranger(_: Entry, other: Entry, __: random.Random) -> Entry:
    return other


Slip = Callable[[Entry, random.Random, Sequence[Somebody]], Entry]


def _misspell_family_name(entry: Entry, chance: random.Random, _: Sequence[Somebody]) -> Entry:
    return replace(entry, family_name=misspell(entry.family_name, chance))


def _misspell_given_names(entry: Entry, chance: random.Random, _: Sequence[Somebody]) -> Entry:
    return replace(entry, given_names=misspell(entry.given_names, chance))


def _exchange_names(entry: Entry, _: random.Random, __: Sequence[Somebody]) -> Entry:
    return replace(entry, family_name=entry.given_names, given_names=entry.family_name)


def _leave_out_middle_name(entry: Entry, _: random.Random, __: Sequence[Somebody]) -> Entry:
    return replace(entry, given_names=entry.given_names.split()[0])


def _add_middle_name(entry: Entry, chance: random.Random, others: Sequence[Somebody]) -> Entry:
    return replace(entry, given_names=f"{entry.given_names} {chance.choice(others).given_names.split()[0]}")


def _swap_day_and_month(entry: Entry, _: random.Random, __: Sequence[Somebody]) -> Entry:
    birth = entry.birth_date
    if birth.day > 12:
        return entry
    return replace(entry, birth_date=birth.replace(month=birth.day, day=birth.month))


def _mistype_year(entry: Entry, chance: random.Random, _: Sequence[Somebody]) -> Entry:
    birth = entry.birth_date
    year = birth.year + chance.choice((-1, 1, -10, 10))
    return replace(entry, birth_date=birth.replace(year=year, day=min(birth.day, 28)))


def _estimate_age(entry: Entry, chance: random.Random, _: Sequence[Somebody]) -> Entry:
    guessed = date(entry.birth_date.year + chance.randint(-3, 3), 1, 1)
    return replace(entry, birth_date=guessed, birth_precision=BirthPrecision.ESTIMATED)


def _change_phone(entry: Entry, chance: random.Random, others: Sequence[Somebody]) -> Entry:
    return replace(entry, phone=chance.choice(others).phone)


def _leave_out_phone(entry: Entry, _: random.Random, __: Sequence[Somebody]) -> Entry:
    return replace(entry, phone="")


_NAME_SLIPS: Sequence[Slip] = (
    _misspell_family_name,
    _misspell_given_names,
    _exchange_names,
    _leave_out_middle_name,
    _add_middle_name,
)
_BIRTH_SLIPS: Sequence[Slip] = (_swap_day_and_month, _mistype_year, _estimate_age)
_PHONE_SLIPS: Sequence[Slip] = (_change_phone, _leave_out_phone)
