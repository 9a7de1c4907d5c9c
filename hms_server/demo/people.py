"""Made-up people of a city in West Africa: households whose names, addresses and phones go together."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from hms_server.contract.values import BirthPrecision, Sex
from hms_server.reference import load_names

_CULTURES = {"Yoruba": 40, "Igbo": 25, "Hausa": 16, "Akan": 8, "Ewe": 5, "Wolof and Fula": 6}
_AREAS = (
    "Yaba",
    "Surulere",
    "Mushin",
    "Ebute Metta",
    "Ikeja",
    "Oshodi",
    "Shomolu",
    "Bariga",
    "Festac",
    "Ajegunle",
)
_STREETS = (
    "Palm Street", "Market Road", "Church Street", "Mosque Lane", "Station Road", "Harmony Close",
    "School Road", "Lagoon View", "Cotton Street", "Baker Lane", "Unity Avenue", "Well Street", "Ferry Road",
)  # fmt: skip
_MOBILE = ("0803", "0805", "0706", "0813", "0902", "0814")
_DAYS_A_YEAR = 365.25
_ADULT = 18
_OLD = 60
_MARRIED, _WITH_GRANDMOTHER, _ESTIMATED, _HAS_PHONE, _DECEASED, _FEMALE = 0.7, 0.12, 0.4, 0.85, 0.04, 0.55
"""Shares of those to whom each can apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """One person, as the front desk would have registered him or her."""

    id: int
    family_name: str
    given_names: str
    sex: Sex
    birth_date: date
    birth_precision: BirthPrecision
    phone: str | None
    address: str
    next_of_kin_name: str | None
    next_of_kin_phone: str | None
    deceased: bool

    @property
    def name(self) -> str:
        return f"{self.given_names} {self.family_name}"

    def age_years(self, day: date) -> int:
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def age_months(self, day: date) -> int:
        born = self.birth_date
        return (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)


@dataclass(frozen=True, slots=True)
class _Household:
    culture: str
    family_name: str
    address: str
    phone: str


def make_people(number: int, *, today: date, chance: random.Random) -> list[MadeUp]:
    """That many people with the ids 1, 2, 3 …, the same ones for the same `chance`."""
    town = _Town(today, chance)
    people: list[MadeUp] = []
    while len(people) < number:
        people.extend(town.household())
    return people[:number]


class _Town:
    """Gives one household after the other; nobody has the same full name as somebody before."""

    def __init__(self, today: date, chance: random.Random) -> None:
        self._today = today
        self._chance = chance
        self._ids = count(1)
        self._taken: set[tuple[str, str]] = set()
        self._given: dict[tuple[str, str], list[str]] = {}
        self._families: dict[str, list[str]] = {}
        for each in load_names():
            if each.kind == "family":
                self._families.setdefault(each.culture, []).append(each.name)
            else:
                self._given.setdefault((each.culture, each.sex or ""), []).append(each.name)

    def household(self) -> Iterator[MadeUp]:
        """Somebody alone, a couple, or parents with children and perhaps a grandmother."""
        home = self._home()
        head_age = self._chance.choices((23, 34, 47, 63, 76), weights=(20, 30, 25, 17, 8))[0]
        head_age += self._chance.randint(-3, 6)
        head = self._member(home, age=head_age, sex=self._either())
        yield head
        if self._chance.random() < _MARRIED:
            sex = Sex.MALE if head.sex is Sex.FEMALE else Sex.FEMALE
            yield self._member(
                home, age=max(_ADULT + 1, head_age + self._chance.randint(-6, 4)), sex=sex, kin=head
            )
        if head_age < _OLD:
            for _ in range(self._chance.choices((0, 1, 2, 3), weights=(25, 30, 30, 15))[0]):
                oldest = min(17, max(1, head_age - 19))
                yield self._member(home, age=self._chance.randint(0, oldest), sex=self._either(), kin=head)
            if self._chance.random() < _WITH_GRANDMOTHER:
                yield self._member(home, age=head_age + 25, sex=Sex.FEMALE, kin=head)

    def _home(self) -> _Household:
        culture = self._chance.choices(list(_CULTURES), weights=list(_CULTURES.values()))[0]
        street = f"{self._chance.randint(1, 94)} {self._chance.choice(_STREETS)}"
        return _Household(
            culture,
            self._chance.choice(self._families[culture]),
            f"{street}, {self._chance.choice(_AREAS)}, Lagos",
            self._phone(),
        )

    def _member(self, home: _Household, *, age: int, sex: Sex, kin: MadeUp | None = None) -> MadeUp:
        family, given = self._name(home, sex)
        estimated = age >= _OLD and self._chance.random() < _ESTIMATED
        own_phone = age >= _ADULT and self._chance.random() < _HAS_PHONE
        phone = None if not own_phone else home.phone if kin is None else self._phone()
        return MadeUp(
            id=next(self._ids),
            family_name=family,
            given_names=given,
            sex=sex,
            birth_date=date(self._today.year - age, 1, 1) if estimated else self._birthday(age),
            birth_precision=BirthPrecision.ESTIMATED if estimated else BirthPrecision.DAY,
            phone=phone,
            address=home.address,
            next_of_kin_name=kin.name if kin else None,
            next_of_kin_phone=kin.phone if kin else None,
            deceased=age >= _OLD and self._chance.random() < _DECEASED,
        )

    def _name(self, home: _Household, sex: Sex) -> tuple[str, str]:
        """One given name, and two where somebody else has this name already."""
        choice = self._given[home.culture, sex]
        given = self._chance.choice(choice)
        while (home.family_name, given) in self._taken:
            given = " ".join(self._two(choice))
        self._taken.add((home.family_name, given))
        return home.family_name, given

    def _two(self, choice: Sequence[str]) -> list[str]:
        return self._chance.sample(choice, 2)

    def _birthday(self, age: int) -> date:
        oldest = self._today - timedelta(days=int((age + 1) * _DAYS_A_YEAR) - 2)
        return min(self._today - timedelta(days=3), oldest + timedelta(days=self._chance.randrange(360)))

    def _either(self) -> Sex:
        return Sex.FEMALE if self._chance.random() < _FEMALE else Sex.MALE

    def _phone(self) -> str:
        return f"{self._chance.choice(_MOBILE)} 555 {self._chance.randrange(10_000):04d}"
