"""The specialities that are shipped: whole, in plain words, and loaded as often as one likes."""

import shutil
from pathlib import Path

import pytest

from hms_server import reference
from hms_server.contract.places import resource
from hms_server.contract.scheduling import ListSpecialities, Speciality
from hms_server.contract.values import Role
from hms_server.reference import ReferenceDataError
from hms_server.scheduling.specialities import load_specialities, meant_by
from tests.server.scheduling.diary import Diary


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files that a test may change."""
    return Path(shutil.copytree(resource("reference"), tmp_path / "reference"))


def change(folder: Path, old: str, new: str) -> None:
    path = folder / "specialities.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_each_is_found_by_its_name_and_by_each_of_its_words() -> None:
    shipped = [
        Speciality(code=item.code, name=item.name, words=list(item.words))
        for item in reference.load_specialities()
    ]

    for item in shipped:
        for words in (item.code, item.name, *item.words):
            assert item in meant_by(shipped, words), words


def test_loading_again_changes_names_and_keeps_what_has_left_the_file(diary: Diary, folder: Path) -> None:
    diary.set_specialities(diary.doctor, "cardiology")
    change(folder, "general,General practice,", "general,Family doctor,")
    change(folder, "cardiology,Heart,", "heart,Heart and vessels,")

    with diary.desk.connect() as connection:
        load_specialities(connection, folder)

    listed = diary.desk.ask(ListSpecialities(), Role.RECEPTIONIST).specialities
    assert (listed[0].code, listed[0].name) == ("cardiology", "Heart")
    assert {item.name for item in listed} > {"Family doctor", "Heart and vessels"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "surgery,Surgery,",
            "general,Surgery,",
            "specialities.csv:6: the same code stands in an earlier line",
        ),
        ("cardiology,Heart,", "Cardiology,Heart,", "specialities.csv:8: code: Expected `str` matching"),
        ("cardiology,Heart,", "cardiology,,", "specialities.csv:8: Object missing required field `name`"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(folder: Path, old: str, new: str, sentence: str) -> None:
    change(folder, old, new)

    with pytest.raises(ReferenceDataError) as refused:
        reference.load_specialities(folder)

    assert str(refused.value).startswith(sentence)
