"""Who may already be registered, asked while somebody types."""

import random
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from hms_server.contract.patients import FindLookAlikes, LookAlike, Resemblance
from hms_server.contract.values import Role, Sex
from hms_server.patients.commands import MARK_SEEN
from tests.benchmarks.bench_search import fill
from tests.benchmarks.people import people
from tests.server.desk import Desk
from tests.server.patients.doubles import entry_of, written_again
from tests.server.patients.forms import register


def look_alikes(desk: Desk, request: FindLookAlikes) -> list[LookAlike]:
    return desk.ask(request, Role.RECEPTIONIST).look_alikes


def test_a_double_is_shown_with_what_the_desk_needs_to_decide(desk: Desk) -> None:
    """Score, reasons, phone and last visit of the entry that exists."""
    known = register(desk, "Adaeze Okonkwo", phone="0803 555 0182")
    with desk.connect() as connection:
        connection.execute(MARK_SEEN, {"id": known.id, "now": datetime(2026, 2, 3, 10, tzinfo=UTC)})

    found = look_alikes(
        desk,
        FindLookAlikes(
            family_name="Okwonko",
            given_names="Adaese",
            sex=Sex.FEMALE,
            birth_date=date(1980, 12, 3),
            phone="+2348035550182",
        ),
    )

    assert [one.patient for one in found] == [known]
    assert (found[0].phone, found[0].last_visit) == ("0803 555 0182", date(2026, 2, 3))
    assert found[0].why == [
        Resemblance.SIMILAR_NAME,
        Resemblance.DAY_AND_MONTH_SWAPPED,
        Resemblance.SAME_PHONE,
    ]
    assert 90 <= found[0].score < 100


def test_a_family_with_one_phone_is_left_in_peace(desk: Desk) -> None:
    """Mother and child share name and phone and are two people."""
    register(desk, "Adaeze Okonkwo", phone="0803 555 0182")

    request = FindLookAlikes(
        family_name="Okonkwo", given_names="Chidi", sex=Sex.MALE, age_years=3, phone="0803 555 0182"
    )

    assert look_alikes(desk, request) == []


@pytest.mark.parametrize(
    "request_so_far",
    [
        FindLookAlikes(),
        FindLookAlikes(family_name="Okonkwo"),
        FindLookAlikes(family_name="\u202e", given_names="%", phone="?"),
        FindLookAlikes(family_name="Okonkwo", birth_date=date(2999, 1, 1), age_years=5000),
        FindLookAlikes(phone="0803 555 0182"),
        FindLookAlikes(family_name="x" * 10_000, given_names=" ".join(map(str, range(20_000)))),
    ],
)
def test_what_is_half_typed_is_no_mistake(desk: Desk, request_so_far: FindLookAlikes) -> None:
    """Nothing is refused while somebody still types, and one word alone accuses nobody."""
    register(desk, "Adaeze Okonkwo", phone="0803 555 0182")

    assert look_alikes(desk, request_so_far) == []


def test_the_name_alone_is_enough_to_ask(desk: Desk) -> None:
    """As soon as both names stand there, the entry that exists appears."""
    known = register(desk, "Adaeze Okonkwo")

    found = look_alikes(desk, FindLookAlikes(family_name="okonkwo", given_names="adaeze"))

    assert [(one.patient, one.score) for one in found] == [(known, 80)]


def test_who_has_the_same_national_id_is_shown_under_any_name(desk: Desk) -> None:
    """Either it is one person, or one of the two IDs is wrong."""
    known = register(desk, "Adaeze Okonkwo", national_id="NIN 4711")

    found = look_alikes(
        desk,
        FindLookAlikes(family_name="Bello", given_names="Mary", age_years=20, national_id="nin-4711"),
    )

    assert [(one.patient, one.why) for one in found] == [(known, [Resemblance.SAME_NATIONAL_ID])]


@pytest.mark.parametrize(
    "also_known",
    [{"birth_date": date(1980, 3, 12)}, {"age_years": 45, "phone": "0803 555 0182"}],
)
def test_a_name_that_sounds_otherwise_is_found_by_what_else_is_known(
    desk: Desk, also_known: dict[str, Any]
) -> None:
    """Two wrong letters lead to another sound; the birth date or the phone still leads to the entry."""
    known = register(desk, "Adaeze Okonkwo", phone="0803 555 0182")

    found = look_alikes(desk, FindLookAlikes(family_name="Okontwa", given_names="Adaeze", **also_known))

    assert [one.patient for one in found] == [known]


def test_who_is_being_edited_is_not_like_himself(desk: Desk) -> None:
    """The entry at hand is left out."""
    known = register(desk, "Adaeze Okonkwo")

    request = FindLookAlikes(family_name="Okonkwo", given_names="Adaeze", except_id=known.id)

    assert look_alikes(desk, request) == []


def test_doubles_are_found_among_thousands(desk: Desk, database: str) -> None:
    """More than 95 of 100 people who are typed a second time, with slips, are offered as who they are."""
    everybody = list(people(3000, seed=21))
    with psycopg.connect(database, autocommit=True) as connection:
        fill(connection, everybody)
    chance = random.Random(6)  # noqa: S311 - repeatable on purpose
    sample = chance.sample(range(len(everybody)), 150)

    offered = 0
    for place in sample:
        again = written_again(entry_of(everybody[place]), chance, others=everybody)
        found = look_alikes(desk, again.request())
        offered += place + 1 in [one.patient.id for one in found]

    assert offered / len(sample) > 0.95
