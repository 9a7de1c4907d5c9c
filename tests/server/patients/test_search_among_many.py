"""Among thousands nobody is overlooked, and a name that thousands bear costs no more than a rare one."""

import random
from collections.abc import Iterator, Sequence

import psycopg
import pytest

from hms_server.contract.patients import MAX_HITS, SearchPatients
from hms_server.contract.values import Role
from hms_server.patients.commands import MARK_SEEN
from hms_server.patients.names import words_of
from hms_server.patients.search import MAX_CANDIDATES, MAX_LISTED
from tests.benchmarks.bench_search import fill, run
from tests.benchmarks.people import Somebody, people
from tests.server.desk import FOUND_CLINIC, MONDAY_MORNING, Desk

MANY = 6000


@pytest.fixture
def everybody(database: str) -> Sequence[Somebody]:
    """Thousands of patients, whose ids are their places counted from one."""
    some = list(people(MANY, seed=31))
    with psycopg.connect(database, autocommit=True) as connection:
        fill(connection, some)
    return some


def typed_parts(somebody: Somebody, chance: random.Random) -> Iterator[str]:
    """What a person may type who looks for that patient, the whole name first."""
    given = somebody.given_names.split()[0]
    yield f"{somebody.given_names} {somebody.family_name}"
    yield f"{somebody.family_name} {given[:3]}"
    yield f"{somebody.family_name[1:5]} {given}"
    yield f"{given[:2]} {somebody.family_name[: chance.randint(3, 6)]}"


def who_meets(typed: str, everybody: Sequence[Somebody]) -> set[int]:
    """By going through all of them: who has every typed part at the beginning of, or inside, a word."""
    tokens = words_of(typed)
    return {
        number
        for number, one in enumerate(everybody, start=1)
        if all(
            any(word.startswith(token) or (len(token) > 2 and token in word) for word in words)
            for words in [words_of(one.family_name, one.given_names)]
            for token in tokens
        )
    }


def test_the_search_finds_whom_going_through_all_would_find(
    desk: Desk, everybody: Sequence[Somebody]
) -> None:
    """Everybody whom a slow search finds is shown, or the list says that there are more.

    Whose whole name was typed is shown in any case, unless twenty others of that name are.
    """
    chance = random.Random(1)  # noqa: S311 - repeatable on purpose

    for somebody in chance.sample(everybody, 60):
        for place, typed in enumerate(typed_parts(somebody, chance)):
            hits = desk.ask(SearchPatients(text=typed), Role.RECEPTIONIST)
            shown = {patient.id for patient in hits.patients}
            expected = who_meets(typed, everybody)
            missing = expected - shown

            assert shown or not expected, typed
            assert not missing or hits.more, typed
            assert not missing or place > 0 or len(shown) == MAX_HITS, typed


def test_two_names_that_many_bear_lead_to_the_few_who_bear_both(
    desk: Desk, everybody: Sequence[Somebody]
) -> None:
    """Each alone has more bearers than are gone through one by one; one is spelt like somebody else."""
    crowd = 3 * MAX_LISTED
    with desk.connect() as connection:
        fill(connection, [one_called(everybody[0], "Zubairu", "Quansah")] * 3)
        fill(connection, [one_called(everybody[0], "Zubairu", "Wilmot")] * crowd)
        fill(connection, [one_called(everybody[0], "Kesewa", "Quansah")] * crowd)
        fill(connection, [one_called(everybody[0], "Zubairou", "Wilmot")])

    for typed in ("zubairu quansah", "zubairou quansah"):
        hits = desk.ask(SearchPatients(text=typed), Role.RECEPTIONIST)

        assert [patient.name for patient in hits.patients] == ["Zubairu Quansah"] * 3


def test_of_a_very_common_name_those_seen_last_come_first(desk: Desk, everybody: Sequence[Somebody]) -> None:
    """Also when they are older entries than all that are gone through."""
    with desk.connect() as connection:
        fill(connection, [one_called(everybody[0], "Zubairu", "Quansah")] * (3 * MAX_CANDIDATES))
        oldest = connection.execute("select min(id) from patient where family_name = 'Quansah'").fetchone()
        connection.execute("delete from patient_seen")
        connection.execute(MARK_SEEN, {"id": oldest and oldest[0], "now": desk.now})

    hits = desk.ask(SearchPatients(text="quansah"), Role.RECEPTIONIST)

    assert oldest is not None
    assert hits.patients[0].id == oldest[0]
    assert (len(hits.patients), hits.more) == (MAX_HITS, True)


def test_the_benchmark_prints_a_line_for_every_kind_of_search(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small run of what `make bench` does with a million."""
    with psycopg.connect(database) as connection:
        connection.execute(FOUND_CLINIC, ("Clinic", "Africa/Accra", "GHS", MONDAY_MORNING))

    figures = run(database, [300, 600])

    assert {figure.patients for figure in figures} == {300, 600}
    assert capsys.readouterr().out.count("misspelt name") == 4


def one_called(pattern: Somebody, given: str, family: str) -> Somebody:
    return Somebody(family, given, pattern.sex, pattern.birth_date, pattern.phone)
