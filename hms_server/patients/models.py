"""The rows of patients, and the search entries that are written with them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg

from hms_server.contract.patients import Demographics, PatientDetails
from hms_server.contract.values import BirthPrecision, Moment, PatientHeader, PatientId, Person, Sex, StaffId
from hms_server.patients.names import sounds_of, words_of
from hms_server.patients.rules import national_id_key, phone_key

REBUILD_BATCH = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRow:
    """A patient as stored, with the names of whoever registered and last changed the entry."""

    id: PatientId
    number: str
    name: str
    family_name: str
    given_names: str
    sex: str
    birth_date: date | None
    birth_precision: str
    phone: str | None
    no_phone: bool
    national_id: str | None
    address: str | None
    next_of_kin_name: str | None
    next_of_kin_phone: str | None
    email: str | None
    language: str | None
    deceased: bool
    deceased_on: date | None
    version: int
    registered_at: datetime
    registered_by: StaffId | None
    registered_by_name: str | None
    changed_at: datetime
    changed_by: StaffId | None
    changed_by_name: str | None
    last_visit: date | None

    def header(self) -> PatientHeader:
        return PatientHeader(
            id=self.id,
            number=self.number,
            name=self.name,
            sex=Sex(self.sex),
            birth_date=self.birth_date,
            birth_precision=BirthPrecision(self.birth_precision),
            deceased=self.deceased,
        )

    def details(self) -> PatientDetails:
        return PatientDetails(
            header=self.header(),
            demographics=msgspec.convert(self, Demographics, from_attributes=True),
            version=self.version,
            registered=Moment(self.registered_at, _person(self.registered_by, self.registered_by_name)),
            changed=Moment(self.changed_at, _person(self.changed_by, self.changed_by_name)),
            last_visit=self.last_visit,
        )


def _person(staff_id: StaffId | None, name: str | None) -> Person | None:
    return None if staff_id is None else Person(staff_id, name or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEntry:
    """By what a patient is found; `sounds` stand beside the word each belongs to."""

    words: list[str]
    sounding_words: list[str]
    sounds: list[str]
    phone_digits: str | None
    search_national_id: str | None


def search_entry(patient: Demographics) -> SearchEntry:
    """The search entry of a patient; sorted, so that two writers never wait for each other in turn."""
    words = words_of(patient.family_name, patient.given_names)
    keys = [(word, sound) for word in words for sound in sounds_of(word)]
    return SearchEntry(
        words=words,
        sounding_words=[word for word, _ in keys],
        sounds=[sound for _, sound in keys],
        phone_digits=phone_key(patient.phone or "") or None,
        search_national_id=national_id_key(patient.national_id or "") or None,
    )


def rebuild_search(connection: psycopg.Connection[Any]) -> int:
    """Writes the search entries of all patients anew, in bulk, and gives their number.

    For a bulk import, and after a change of how names are folded or sound. Runs in the caller's transaction.
    """
    connection.execute("truncate patient_search, patient_word, name_word, name_sound")
    vocabulary: Counter[str] = Counter()
    count = 0
    for batch in _batches(connection):
        entries = [(row[0], words_of(row[1], row[2]), *row[3:]) for row in batch]
        vocabulary.update(word for entry in entries for word in entry[1])
        _copy_entries(connection, entries)
        count += len(batch)
    _copy_vocabulary(connection, vocabulary)
    connection.execute(REFRESH_SEEN)
    return count


def _batches(connection: psycopg.Connection[Any]) -> Iterator[list[Any]]:
    last = 0
    while batch := connection.execute(NEXT_BATCH, (last, REBUILD_BATCH)).fetchall():
        last = batch[-1][0]
        yield batch


def _copy_entries(connection: psycopg.Connection[Any], entries: list[Any]) -> None:
    cursor = connection.cursor()
    with cursor.copy(
        "copy patient_search (patient_id, words, phone_digits, national_id) from stdin"
    ) as searched:
        for patient_id, words, phone, national_id in entries:
            keys = (phone_key(phone or "") or None, national_id_key(national_id or "") or None)
            searched.write_row((patient_id, words, *keys))
    with cursor.copy("copy patient_word (word, patient_id) from stdin") as listed:
        for patient_id, words, *_ in entries:
            for word in words:
                listed.write_row((word, patient_id))


def _copy_vocabulary(connection: psycopg.Connection[Any], words: Counter[str]) -> None:
    cursor = connection.cursor()
    with cursor.copy("copy name_word (word, bearers) from stdin") as known:
        for word_and_bearers in words.items():
            known.write_row(word_and_bearers)
    with cursor.copy("copy name_sound (sound, word) from stdin") as sounding:
        for word in words:
            for sound in sounds_of(word):
                sounding.write_row((sound, word))


NEXT_BATCH = """
select id, family_name, given_names, phone, national_id from patient where id > %s order by id limit %s
"""

REFRESH_SEEN = """
update patient_seen set words = searched.words
from patient_search as searched where searched.patient_id = patient_seen.patient_id
"""
