"""Made-up West African people in any number, with common names, rare names and misspelt ones."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


def _listed(names: str) -> list[str]:
    return names.split()


_YORUBA_BEGINNINGS = _listed(
    """
    Ade Olu Oluwa Ola Ayo Ife Aki Ogun Fola Baba Iya Temi Omo Mo Ope Tolu Bola Kola Abi Ige
    """
)
_YORUBA_ENDINGS = _listed(
    """
    yemi bayo kunle wale sola tunde shola niyi kemi dare seun yinka gbenga femi bunmi lola dele jide
    kanmi sanya deji yele tayo bisi ronke peju bimpe toyin lade mide dunni simi tade rinola folu biyi
    """
)
_IGBO_BEGINNINGS = _listed(
    """
    Chukwu Chi Nna Ngo Ife Oke Nwa Obi Eze Oko Uche Ama Ugo Ona Iwu Anya Azu Uzo Ogo Ebe
    """
)
_IGBO_ENDINGS = _listed(
    """
    ka emeka nedu zie amaka kwu di oma doro nonso fu dinma kelu ego jindu lum anyi oha bueze zuru ogu
    nkwo chukwu nyere ebuka rah eke mma olisa nwa
    """
)
_AKAN_BEGINNINGS = _listed(
    """
    Kwa Kwe Kof Ama Akos Yaa Efu Esi Owu Men Bo Ag Aso An Am Os Aye Dar Kum Ado
    """
)
_AKAN_ENDINGS = _listed(
    """
    me ku i fi ua su sah aten yeman ante kwah pong ei nti bea kye mah koh bi ga wa na
    """
)
_SAHEL_BEGINNINGS = _listed(
    """
    Abu Ibra Mu Sa Ya Isma Abdul Ali Has Hus Ami Fa Zai Hadi Mari Us Su Ba Dja Mama Sey Ous
    """
)
_SAHEL_ENDINGS = _listed(
    """
    bakar him sa li kubu ila lahi yu sana sain nu tima nab za ama man laiman llo bi dou nou mane mani
    dikko rou ya mudu hatu kari na
    """
)
_COMMON_GIVEN = _listed(
    """
    Mohammed Fatima Aisha Ibrahim Mary John Blessing Musa Abubakar Emmanuel Chidi Kwame Ama Adaeze
    Samuel Grace Yusuf Ngozi Olumide Mamadou Aminata Kofi Esther Joseph Hauwa Chinedu Tunde Abena
    Ousmane Mariama
    """
)
_COMMON_FAMILY = _listed(
    """
    Bello Okafor Adeyemi Mensah Diallo Ibrahim Eze Okonkwo Balogun Abdullahi Traore Owusu Sow Obi Nwosu
    Musa Adebayo Yusuf Okoro Boateng Ba Lawal Sani Keita Ndiaye Osei Garba Chukwu Suleiman Asante
    """
)
_STEMS: Sequence[tuple[Sequence[str], Sequence[str]]] = (
    (_YORUBA_BEGINNINGS, _YORUBA_ENDINGS),
    (_IGBO_BEGINNINGS, _IGBO_ENDINGS),
    (_AKAN_BEGINNINGS, _AKAN_ENDINGS),
    (_SAHEL_BEGINNINGS, _SAHEL_ENDINGS),
)
_MOBILE = ("803", "805", "706", "813", "902", "708")
_FIRST_BIRTH, _DAYS = date(1935, 1, 1), 33_000


@dataclass(frozen=True, slots=True)
class Somebody:
    family_name: str
    given_names: str
    sex: str
    birth_date: date
    phone: str


def people(count: int, *, seed: int) -> Iterator[Somebody]:
    """The same people for the same seed; a third of names is common, one in forty is spelt otherwise."""
    chance = random.Random(seed)  # noqa: S311 - no secret, and it must be repeatable
    for _ in range(count):
        sex = chance.choice(("female", "male"))
        yield Somebody(
            family_name=_name(chance, _COMMON_FAMILY),
            given_names=" ".join(_name(chance, _COMMON_GIVEN) for _ in range(chance.choice((1, 1, 1, 2)))),
            sex=sex,
            birth_date=_FIRST_BIRTH + timedelta(days=chance.randrange(_DAYS)),
            phone=f"0{chance.choice(_MOBILE)} {chance.randrange(10**7):07d}",
        )


def misspell(name: str, chance: random.Random) -> str:
    """One slip of the pen: a letter doubled, left out, swapped with its neighbour or replaced."""
    place = chance.randrange(1, max(2, len(name) - 1))
    before, letter, after = name[:place], name[place : place + 1], name[place + 1 :]
    match chance.randrange(4):
        case 0:
            return before + letter * 2 + after
        case 1 if len(name) > 4:
            return before + after
        case 2:
            return before + after[:1] + letter + after[1:]
        case _:
            return before + chance.choice("aeioubdkmns") + after


def _name(chance: random.Random, common: Sequence[str]) -> str:
    if chance.random() < 1 / 3:
        name = common[min(int(chance.expovariate(0.15)), len(common) - 1)]
    else:
        beginnings, endings = chance.choice(_STEMS)
        name = chance.choice(beginnings) + chance.choice(endings)
        if chance.random() < 0.25:
            name += chance.choice(endings)
    return misspell(name, chance) if chance.random() < 1 / 40 else name
