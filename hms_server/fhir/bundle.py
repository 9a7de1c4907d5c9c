"""A FHIR R4 bundle as records of the clinic's own, with an account of everything that was not taken."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hms_server.fhir.clinical import read_allergy, read_condition, read_encounter, read_medication
from hms_server.fhir.document import MAX_BUNDLE_BYTES, label, read_document
from hms_server.fhir.links import Links, source_id
from hms_server.fhir.observation import read_observation
from hms_server.fhir.patient import read_patient
from hms_server.fhir.report import (
    BundleContent,
    BundleRefused,
    LeftOut,
    ResourceNotKept,
    ResourceProblem,
    ResourceRejected,
)
from hms_server.fhir.shapes import (
    AllergyIntoleranceShape,
    ConditionShape,
    EncounterShape,
    MedicationRequestShape,
    ObservationShape,
    PatientShape,
)
from hms_server.fhir.validation import checked

TAKEN_TYPES = ("Patient", "Encounter", "AllergyIntolerance", "Condition", "MedicationRequest", "Observation")
_BUNDLE_TYPES = ("transaction", "batch", "collection", "searchset", "document", "message")
_TYPE_NAME = re.compile("[A-Z][A-Za-z]{1,63}")
_REASONS = {"Medication": "named by the prescriptions that refer to them"}
_NOT_KEPT = "not part of the clinical record here"

S = TypeVar("S", bound=msgspec.Struct)
R = TypeVar("R")


def read_bundle(path: Path, *, today: date, max_bytes: int = MAX_BUNDLE_BYTES) -> BundleContent:
    """Everything in the file that the clinic keeps, or BundleRefused with one sentence why it is no bundle.

    A resource with an error is told in `problems` and does not keep the others from being taken.
    """
    name = label(path)
    document = read_document(path, max_bytes=max_bytes)
    intake = _Intake(name)
    for number, entry in enumerate(_entries(document, name), start=1):
        intake.add(entry, number)
    # Patients and encounters come first: what refers to one that was not taken must know.
    return BundleContent(
        patients=intake.take("Patient", PatientShape, _single(partial(read_patient, today=today))),
        encounters=intake.take(
            "Encounter", EncounterShape, _single(partial(read_encounter, links=intake.links))
        ),
        allergies=intake.take(
            "AllergyIntolerance", AllergyIntoleranceShape, _single(partial(read_allergy, links=intake.links))
        ),
        conditions=intake.take(
            "Condition", ConditionShape, _single(partial(read_condition, links=intake.links))
        ),
        medications=intake.take(
            "MedicationRequest", MedicationRequestShape, _single(partial(read_medication, links=intake.links))
        ),
        observations=intake.take(
            "Observation", ObservationShape, partial(read_observation, links=intake.links, today=today)
        ),
        left_out=intake.left_out(),
        problems=tuple(intake.problems),
        notes=_notes(document),
    )


def _single(read: Callable[[str, S], R]) -> Callable[[str, S], tuple[R, ...]]:
    return lambda source, shape: (read(source, shape),)


def _is_type_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_TYPE_NAME.fullmatch(value))


def _entries(document: Any, name: str) -> list[Any]:
    if not isinstance(document, dict) or not _is_type_name(document.get("resourceType")):
        raise BundleRefused(f"{name} is JSON, but not FHIR: it has no resourceType.")
    kind = document["resourceType"]
    if kind != "Bundle":
        raise BundleRefused(f"{name} holds one {kind} alone; a Bundle is expected.")
    if document.get("type") not in _BUNDLE_TYPES:
        raise BundleRefused(f"{name} is a Bundle of another type than {', '.join(_BUNDLE_TYPES)}.")
    entries = document.get("entry", [])
    if not isinstance(entries, list):
        raise BundleRefused(f"{name} is not a FHIR Bundle: its entry is not a list.")
    if not entries:
        raise BundleRefused(f"{name} is a Bundle without any entry.")
    return entries


def _notes(document: Mapping[str, Any]) -> tuple[str, ...]:
    links = document.get("link")
    has_next = isinstance(links, list) and any(
        isinstance(each, dict) and each.get("relation") == "next" for each in links
    )
    return ("This is one page of a longer search result; the rest is in other files.",) if has_next else ()


class _Intake:
    """The entries of one bundle on their way into records."""

    def __init__(self, file_name: str) -> None:
        self.links = Links()
        self.problems: list[ResourceProblem] = []
        self._file_name = file_name
        self._waiting: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in TAKEN_TYPES}
        self._left_out: Counter[tuple[str, str]] = Counter()

    def add(self, entry: Any, number: int) -> None:
        """Files the entry's resource under its type and source id, or tells why it cannot be read."""
        raw = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(raw, dict) or not _is_type_name(raw.get("resourceType")):
            self._reject(
                "Entry", str(number), ResourceRejected("resource", "There is no FHIR resource in it.")
            )
            return
        kind = raw["resourceType"]
        if kind not in TAKEN_TYPES:
            self._left_out[kind, _REASONS.get(kind, _NOT_KEPT)] += 1
        if kind not in TAKEN_TYPES and kind != "Medication":
            return
        full_url = entry.get("fullUrl")
        try:
            self._file(kind, raw, full_url if isinstance(full_url, str) else "")
        except ResourceRejected as rejected:
            self._reject(kind, f"in entry {number}", rejected)

    def _file(self, kind: str, raw: dict[str, Any], full_url: str) -> None:
        source = source_id(raw, full_url, file_name=self._file_name)
        self.links.add(raw, full_url, source)
        if kind not in TAKEN_TYPES:
            return
        if source in self._waiting[kind]:
            raise ResourceRejected("id", "It is in the bundle twice; the first one was read.")
        self._waiting[kind][source] = raw

    def take(self, kind: str, shape: type[S], read: Callable[[str, S], tuple[R, ...]]) -> tuple[R, ...]:
        """The records of all resources of one type that are sound."""
        records: list[R] = []
        for source, raw in self._waiting[kind].items():
            try:
                records.extend(read(source, checked(kind, raw, shape)))
            except ResourceNotKept as reason:
                self._left_out[kind, str(reason)] += 1
            except ResourceRejected as rejected:
                self._reject(kind, source, rejected)
            else:
                self.links.mark_taken(kind, source)
        return tuple(records)

    def left_out(self) -> tuple[LeftOut, ...]:
        return tuple(LeftOut(kind, count, reason) for (kind, reason), count in sorted(self._left_out.items()))

    def _reject(self, kind: str, source: str, rejected: ResourceRejected) -> None:
        self.problems.append(ResourceProblem(kind, source, rejected.field, rejected.message))
