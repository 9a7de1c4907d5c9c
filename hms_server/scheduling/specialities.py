"""The specialities: kept in the database from the reference file, and meant by many words."""

from pathlib import Path
from typing import Any

import psycopg

from hms_server import reference
from hms_server.contract.scheduling import ListSpecialities, Specialities, Speciality
from hms_server.contract.values import Person
from hms_server.patients.names import fold, words_of
from hms_server.scheduling.models import SEES_PATIENTS
from hms_server.work import Work


def load_specialities(connection: psycopg.Connection[Any], folder: Path | None = None) -> None:
    """Makes the database say what the reference file says, in the caller's transaction; can be repeated.

    What has left the file stays for whoever has it.
    """
    rows = [
        (item.code, item.name, list(item.words), position)
        for position, item in enumerate(reference.load_specialities(folder))
    ]
    connection.cursor().executemany(STORE, rows)


def list_specialities(work: Work, _request: ListSpecialities) -> Specialities:
    """All that there are, those that somebody has first."""
    known = all_specialities(work)
    return Specialities(sorted(known, key=lambda item: not item.practitioners))


def all_specialities(work: Work) -> list[Speciality]:
    """In the order of the reference file, each with its active doctors by name."""
    return [
        Speciality(
            code=code,
            name=name,
            words=words,
            practitioners=[Person(*person) for person in zip(ids, names, strict=True)],
        )
        for code, name, words, ids, names in work.connection.execute(SPECIALITIES)
    ]


def meant_by(specialities: list[Speciality], text: str) -> list[Speciality]:
    """Those that a person means: by code or name, otherwise by all of the words in one of their names."""
    wanted = fold(text).strip()
    exact = [item for item in specialities if wanted in {fold(item.code), fold(item.name)}]
    if exact:
        return exact
    words = [word for word in words_of(text) if word not in _ANYBODY] or words_of(text)
    return [
        item
        for item in specialities
        if words and any(_has_all(name, words) for name in (item.name, item.code, *item.words))
    ]


def _has_all(name: str, words: list[str]) -> bool:
    """Whether each word begins one of the name's, or the other way round: diabetic, diabetes."""
    stems = words_of(name)
    return all(any(_alike(word, stem) for stem in stems) for word in words)


def _alike(word: str, stem: str) -> bool:
    if len(word) < _STEM or len(stem) < _STEM:
        return word == stem
    return word.startswith(stem[:_LONG_STEM]) or stem.startswith(word)


_ANYBODY = {"doctor", "doctors", "dr", "specialist", "clinic", "a", "the", "for"}
_STEM = 4
"""Shorter words (eye, GP, ENT, TB) have to be the same."""
_LONG_STEM = 6

STORE = """
insert into speciality (code, name, words, position) values (%s, %s, %s, %s)
on conflict (code) do update
set name = excluded.name, words = excluded.words, position = excluded.position
"""

SPECIALITIES = f"""
select code, speciality.name, words,
    coalesce(array_agg(staff.id order by staff.name, staff.id) filter (where staff.id is not null), '{{}}'),
    coalesce(array_agg(staff.name order by staff.name, staff.id) filter (where staff.id is not null), '{{}}')
from speciality
left join staff_speciality on staff_speciality.speciality = code
left join staff on staff.id = staff_speciality.staff_id and {SEES_PATIENTS}
group by code, speciality.name, words, position order by position, code
"""
