"""ICD-10 is found as doctors type it, fast enough to search at every key."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from hms_server.consultations.diagnoses import Category, DiagnosisIndex, diagnosis_index
from hms_server.contract.consultations import SearchDiagnoses
from hms_server.contract.values import Role
from hms_server.reference import load_common_diagnoses
from tests.server.desk import Desk


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("E11.9", "E11.9"),
        ("e119", "E11.9"),
        ("B54", "B54"),
        ("b50", "B50"),
        ("Plasmodium falciparum malaria, unsp", "B50.9"),
        ("type 2 diabetes without compl", "E11.9"),
        ("complications without 2 diabetes type", "E11.9"),
        ("hypertension essential", "I10"),
        ("meniere", "H81.0"),
        ("MÉNIÈRE", "H81.0"),
        ("typhoid fever", "A01.0"),
    ],
)
def test_the_likeliest_comes_first(typed: str, first: str) -> None:
    """By code with or without its point, by words in any order, begun words and without accents."""
    assert diagnosis_index().search(typed)[0].code == first


def test_exact_code_then_beginnings_then_words() -> None:
    """Leaves come before what can be said more exactly, short names before long ones."""
    index = DiagnosisIndex(
        [
            Category("X10", "Burn of hand", leaf=False),
            Category("X10.0", "Burn of hand, first degree", leaf=True),
            Category("X10.9", "Burn of hand, unspecified", leaf=True),
            Category("Y10", "Hand out of a burn", leaf=True),
        ]
    )

    assert [each.code for each in index.search("X10")] == ["X10", "X10.0", "X10.9"]
    assert [each.code for each in index.search("burn of hand")] == ["X10.9", "X10.0", "X10", "Y10"]
    assert [each.code for each in index.search("hand burn")] == ["Y10", "X10.9", "X10.0", "X10"]


@pytest.mark.parametrize("typed", ["", "  ", "qwxyz", "...", "malaria qwxyz"])
def test_what_nothing_matches_finds_nothing(typed: str) -> None:
    """A word that stands in no name is not left out of the search."""
    assert diagnosis_index().search(typed) == []


@pytest.mark.parametrize("typed", ["a", "e", "o d", "unspecified", "other of the", "E"])
def test_a_search_takes_under_five_milliseconds_and_gives_at_most_twenty(typed: str) -> None:
    """Also the shortest beginnings, which half of all names share."""
    index = diagnosis_index()

    started = [time.perf_counter()]
    for _ in range(5):
        found = index.search(typed)
        started.append(time.perf_counter())

    assert len(found) == 20
    assert len({each.code for each in found}) == 20
    assert min(after - before for before, after in pairwise(started)) < 0.005


def test_all_who_ask_at_once_get_the_same_index() -> None:
    """It is built once for the process, whoever needs it first."""
    with ThreadPoolExecutor(8) as pool:
        indexes = list(pool.map(lambda _: diagnosis_index(), range(16)))

    assert len({id(index) for index in indexes}) == 1


def test_a_doctor_searches_through_the_server(desk: Desk) -> None:
    """The request answers with code and official name."""
    found = desk.ask(SearchDiagnoses(text="essential hypertension"), Role.DOCTOR).found

    assert (found[0].code, found[0].display) == ("I10", "Essential (primary) hypertension")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pneumon", "J18.9"),
        ("malaria", "B54"),
        ("hypertension", "I10"),
        ("asthma", "J45.9"),
        ("type 2", "E11.9"),
    ],
)
def test_what_a_clinic_sees_every_week_comes_first(text: str, code: str) -> None:
    """Pneumonia is offered before pneumonic plague."""
    assert diagnosis_index().search(text)[0].code == code


def test_every_common_code_exists() -> None:
    """A typing error in the list of common codes would go unnoticed, since it only ranks."""
    index = diagnosis_index()

    assert [code for code in load_common_diagnoses() if index.find(code) is None] == []
