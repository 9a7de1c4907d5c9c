"""One bundle into the database in one transaction; the same bundle again changes nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from hms_server.contract.consultations import ChartChanged
from hms_server.contract.values import DeviceId, EncounterId, PatientId
from hms_server.dispatch import AUDIT
from hms_server.faults import Refused
from hms_server.fhir import people
from hms_server.fhir.records import (
    AllergyClinicalStatus,
    AllergyRecord,
    AllergyVerification,
    ConditionRecord,
    EncounterRecord,
    MedicationRecord,
    ObservationRecord,
    PatientRecord,
)
from hms_server.fhir.report import BundleContent, BundleRefused, LeftOut, ResourceProblem
from hms_server.fhir.rows import (
    Row,
    allergy_row,
    condition_row,
    encounter_row,
    medication_row,
    moment,
    observation_row,
)
from hms_server.fhir.statements import (
    ENCOUNTER_IDS,
    IMPORT_LOCK,
    KNOWN,
    NONE_KNOWN,
    REMEMBER,
    SOURCE,
    STORE_ALLERGY,
    STORE_CONDITION,
    STORE_ENCOUNTER,
    STORE_MEDICATION,
    STORE_OBSERVATION,
    TELL,
)
from hms_server.permissions import Permission
from hms_server.reference import allergens_by_word, load_classes, load_ingredients
from hms_server.work import Actor, Work

MAPPING = b"1"
"""Part of every digest: with another number all records are stored anew, as a changed mapping needs it."""

_NO_ALLERGY_AT_ALL = {"716186003", "160244002"}
_NOT_PRESCRIBED = {"proposal", "plan", "option"}
_UNDATED = "without a date: nobody knows when it was"
_DENIES_ONE_KIND = "that there is no allergy of one kind: this clinic records only none at all"

Clinical = EncounterRecord | AllergyRecord | ConditionRecord | MedicationRecord | ObservationRecord
Record = PatientRecord | Clinical
C = TypeVar("C", bound=Clinical)


@dataclass(slots=True)
class Tally:
    """What became of the records of one type."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0

    @property
    def total(self) -> int:
        return self.added + self.changed + self.unchanged


@dataclass(slots=True)
class Stored:
    """What became of one file, by type of resource, beside what the reading told."""

    taken: dict[str, Tally] = field(default_factory=dict)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: list[ResourceProblem] = field(default_factory=list)

    def reasons(self) -> list[LeftOut]:
        return [LeftOut(kind, count, reason) for (kind, reason), count in sorted(self.left_out.items())]


def store_bundle(connection: psycopg.Connection[Any], content: BundleContent, *, now: datetime) -> Stored:
    """Stores all of it or nothing. `now` is when it is taken over into this clinic."""
    with connection.transaction():
        connection.execute(IMPORT_LOCK)
        return _Import(connection, content, now).run()


class _Import:
    """The records of one bundle on their way into the tables."""

    def __init__(self, connection: psycopg.Connection[Any], content: BundleContent, now: datetime) -> None:
        actor = Actor(device_id=DeviceId(0), name="import")
        self._work = Work(connection, actor, now, uuid4())
        self._connection = connection
        self._content = content
        self._zone = ZoneInfo(_time_zone(connection))
        self._known = self._find_known()
        self._patients: dict[str, PatientId] = {}
        self._encounters: dict[str, EncounterId] = {}
        self._begun: dict[str, datetime] = {}
        self._touched: set[PatientId] = set()
        self.stored = Stored()

    def run(self) -> Stored:
        content = self._content
        for patient in content.patients:
            self._take_patient(patient)
        self._store("Encounter", content.encounters, STORE_ENCOUNTER, self._encounter)
        self._find_encounters()
        words = allergens_by_word(load_ingredients(), load_classes()) if content.allergies else {}
        denials = [each for each in content.allergies if each.denies]
        allergies = [each for each in content.allergies if not each.denies]
        self._store(
            "AllergyIntolerance", allergies, STORE_ALLERGY, lambda each: self._allergy(each, words=words)
        )
        for denial in denials:
            self._take_denial(denial)
        self._store("Condition", content.conditions, STORE_CONDITION, self._condition)
        self._store("MedicationRequest", content.medications, STORE_MEDICATION, self._medication)
        self._store("Observation", content.observations, STORE_OBSERVATION, self._observation)
        self._finish()
        return self.stored

    def _find_known(self) -> dict[tuple[str, str], tuple[bytes, PatientId]]:
        """What an earlier import has stored of these records: its digest, and of which patient."""
        content = self._content
        groups: dict[str, Sequence[Record]] = {
            "Patient": content.patients,
            "Encounter": content.encounters,
            "AllergyIntolerance": content.allergies,
            "Condition": content.conditions,
            "MedicationRequest": content.medications,
            "Observation": content.observations,
        }
        keys = [(kind, each.source_id) for kind, records in groups.items() for each in records]
        rows = self._connection.execute(KNOWN, ([kind for kind, _ in keys], [each for _, each in keys]))
        return {(kind, source_id): (bytes(digest), owner) for kind, source_id, digest, owner in rows}

    def _take_patient(self, record: PatientRecord) -> None:
        before = self._known.get(("Patient", record.source_id))
        if before is not None and before[0] == digest_of(record):
            self._patients[record.source_id] = before[1]
            self._count("Patient", before, record)
            return
        try:
            taken = (
                people.add(self._work, record)
                if before is None
                else people.renew(self._work, before[1], record)
            )
        except Refused as refused:
            self._reject_patient(record, refused)
            return
        self.stored.problems.extend(taken.problems)
        self._patients[record.source_id] = taken.patient_id
        self._count("Patient", before, record)
        self._remember("Patient", [(record, taken.patient_id)])

    def _reject_patient(self, record: PatientRecord, refused: Refused) -> None:
        fault = refused.fault
        self.stored.problems.append(
            ResourceProblem("Patient", record.source_id, fault.field or "", fault.message)
        )

    def _store(
        self, kind: str, records: Iterable[C], statement: LiteralString, row_of: Callable[[C], Row | str]
    ) -> None:
        """Writes the new and changed ones; `row_of` gives the columns, or the reason to leave it out."""
        rows: list[Row] = []
        written: list[tuple[Record, PatientId]] = []
        for record in records:
            patient_id = self._patients.get(record.patient_source_id)
            row = "of a patient who could not be taken" if patient_id is None else row_of(record)
            if patient_id is None or isinstance(row, str):
                self.stored.left_out[kind, str(row)] += 1
                continue
            before = self._known.get((kind, record.source_id))
            if self._count(kind, before, record):
                rows.append(row | {"patient_id": patient_id, "source_id": record.source_id})
                written.append((record, patient_id))
        self._connection.cursor().executemany(statement, rows)
        self._remember(kind, written)
        self._touched.update(patient_id for _, patient_id in written)

    def _count(self, kind: str, before: tuple[bytes, PatientId] | None, record: Record) -> bool:
        """Whether the record has to be written."""
        tally = self.stored.taken.setdefault(kind, Tally())
        if before is None:
            tally.added += 1
        elif before[0] != digest_of(record):
            tally.changed += 1
        else:
            tally.unchanged += 1
            return False
        return True

    def _remember(self, kind: str, written: Iterable[tuple[Record, PatientId]]) -> None:
        rows = [
            {
                "kind": kind,
                "source_id": record.source_id,
                "digest": digest_of(record),
                "patient_id": patient_id,
                "now": self._work.now,
            }
            for record, patient_id in written
        ]
        self._connection.cursor().executemany(REMEMBER, rows)

    def _find_encounters(self) -> None:
        wanted = [each.source_id for each in self._content.encounters]
        self._encounters = dict(self._connection.execute(ENCOUNTER_IDS, (SOURCE, wanted)).fetchall())

    def _encounter(self, record: EncounterRecord) -> Row | str:
        row = encounter_row(record, self._zone)
        if row is None:
            return _UNDATED
        self._begun[record.source_id] = row["started_at"]
        return row

    def _allergy(self, record: AllergyRecord, *, words: dict[str, str]) -> Row:
        return allergy_row(record, self._zone, fallback=self._fallback(record), words=words)

    def _take_denial(self, record: AllergyRecord) -> None:
        """Nobody is said to have no allergies who denies those of one kind only."""
        patient_id = self._patients.get(record.patient_source_id)
        codes = {each.code for each in record.code.codings}
        if patient_id is None or not codes & _NO_ALLERGY_AT_ALL:
            self.stored.left_out["AllergyIntolerance", _DENIES_ONE_KIND] += 1
            return
        before = self._known.get(("AllergyIntolerance", record.source_id))
        if not self._count("AllergyIntolerance", before, record):
            return
        self._remember("AllergyIntolerance", [(record, patient_id)])
        if _stands(record):
            at = moment(record.recorded, self._zone) if record.recorded else self._work.now
            self._connection.execute(NONE_KNOWN, {"patient_id": patient_id, "at": at})
            self._touched.add(patient_id)

    def _condition(self, record: ConditionRecord) -> Row:
        row = condition_row(record, self._zone, fallback=self._fallback(record))
        return row | {"encounter_id": self._encounter_of(record)}

    def _medication(self, record: MedicationRecord) -> Row | str:
        if record.intent in _NOT_PRESCRIBED:
            return f"a {record.intent}, not a prescription"
        row = medication_row(record, self._zone, fallback=self._fallback(record))
        return row | {"encounter_id": self._encounter_of(record)}

    def _observation(self, record: ObservationRecord) -> Row | str:
        fallback = self._begun.get(record.encounter_source_id or "")
        row = observation_row(record, self._zone, fallback=fallback)
        return _UNDATED if row is None else row | {"encounter_id": self._encounter_of(record)}

    def _fallback(self, record: AllergyRecord | ConditionRecord | MedicationRecord) -> datetime:
        """When it was first known: at its visit, or else when this clinic learnt of it."""
        return self._begun.get(record.encounter_source_id or "", self._work.now)

    def _encounter_of(
        self, record: ConditionRecord | MedicationRecord | ObservationRecord
    ) -> EncounterId | None:
        return self._encounters.get(record.encounter_source_id or "")

    def _finish(self) -> None:
        """One audit row names all patients of the file; the screens are told of those who changed."""
        work = self._work
        for patient_id in sorted(self._touched):
            work.emit(ChartChanged(patient_id=patient_id), audience=Permission.PATIENT_READ)
        params = {"at": work.now, "staff": None, "device": None, "session": None, "id": work.request_id}
        concerned = sorted(set(self._patients.values()))
        named = {"name": "ImportFhir", "outcome": "done", "patients": concerned}
        self._connection.execute(AUDIT, params | named)
        told = {
            "names": [type(each.event).__name__ for each in work.events],
            "audiences": [each.audience.value for each in work.events],
            "bodies": [msgspec.msgpack.encode(each.event) for each in work.events],
        }
        self._connection.execute(TELL, told | {"now": work.now})


def digest_of(record: Record) -> bytes:
    """Equal for records that say the same."""
    return hashlib.blake2b(MAPPING + msgspec.msgpack.encode(record), digest_size=16).digest()


def _stands(record: AllergyRecord) -> bool:
    taken_back = {AllergyVerification.REFUTED, AllergyVerification.ENTERED_IN_ERROR}
    over = {AllergyClinicalStatus.INACTIVE, AllergyClinicalStatus.RESOLVED}
    return record.verification not in taken_back and record.clinical_status not in over


def _time_zone(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("select time_zone from clinic").fetchone()
    if row is None:
        raise BundleRefused("There is no clinic yet: create it with 'hms-server setup', then import.")
    return str(row[0])
