"""Made-up West African people in any number, with common names, rare names and misspelt ones."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_STEMS: Sequence[tuple[Sequence[str], Sequence[str]]] = (
    (  # Yoruba: a prefix of dignity and what it did
        "Ade Olu Oluwa Ola Ayo Ife Aki Ogun Fola Baba Iya Temi Omo Mo Ope Tolu Bola Kola Abi Ige".split(),
        "yemi bayo kunle wale sola tunde shola niyi kemi dare seun yinka gbenga femi bunmi lola dele jide kanmi "
        "sanya deji yele tayo bisi ronke peju bimpe toyin lade mide dunni simi tade rinola folu biyi".split(),
    ),
    (  # Igbo
        "Chukwu Chi Nna Ngo Ife Oke Nwa Obi Eze Oko Uche Ama Ugo Ona Iwu Anya Azu Uzo Ogo Ebe".split(),
        "ka emeka nedu zie amaka kwu di oma doro nonso fu dinma kelu ego jindu lum anyi oha bueze zuru ogu "
        "nkwo chukwu nyere ebuka rah eke mma olisa nwa".split(),
    ),
    (  # Akan and Ewe
        "Kwa Kwe Kof Ama Akos Yaa Efu Esi Owu Men Bo Ag Aso An Am Os Aye Dar Kum Ado".split(),
        "me ku i fi ua su sah aten yeman ante kwah pong ei nti bea kye mah koh bi ga wa na".split(),
    ),
    (  # Hausa, Fula, Wolof, Mandinka
        "Abu Ibra Mu Sa Ya Isma Abdul Ali Has Hus Ami Fa Zai Hadi Mari Us Su Ba Dja Mama Sey Ous".split(),
        "bakar him sa li kubu ila lahi yu sana sain nu tima nab za ama man laiman llo bi dou nou mane "
        "mani dikko rou ya mudu hatu kari na".split(),
    ),
)
_COMMON_GIVEN = (
    "Mohammed Fatima Aisha Ibrahim Mary John Blessing Musa Abubakar Emmanuel Chidi Kwame Ama Adaeze Samuel Grace "
    "Yusuf Ngozi Olumide Mamadou Aminata Kofi Esther Joseph Hauwa Chinedu Tunde Abena Ousmane Mariama".split()
)
_COMMON_FAMILY = (
    "Bello Okafor Adeyemi Mensah Diallo Ibrahim Eze Okonkwo Balogun Abdullahi Traore Owusu Sow Obi Nwosu Musa "
    "Adebayo Yusuf Okoro Boateng Ba Lawal Sani Keita Ndiaye Osei Garba Chukwu Suleiman Asante".split()
)
_FIRST_BIRTH, _DAYS = date(1935, 1, 1), 33_000


@dataclass(frozen=True, slots=True)
class Somebody:
    family_name: str
    given_names: str
    sex: str
    birth_date: date
    phone: str


def people(count: int, *, seed: int) -> Iterator[Somebody]:
    """The same people for the same seed. A third bears a common name, one word in forty is spelt otherwise."""
    chance = random.Random(seed)  # noqa: S311 - no secret, and it must be repeatable
    for _ in range(count):
        sex = chance.choice(("female", "male"))
        yield Somebody(
            family_name=_name(chance, _COMMON_FAMILY),
            given_names=" ".join(_name(chance, _COMMON_GIVEN) for _ in range(chance.choice((1, 1, 1, 2)))),
            sex=sex,
            birth_date=_FIRST_BIRTH + timedelta(days=chance.randrange(_DAYS)),
            phone=f"0{chance.choice(('803', '805', '706', '813', '902', '708'))} {chance.randrange(10**7):07d}",
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
