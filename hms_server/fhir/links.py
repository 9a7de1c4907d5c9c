"""References between the resources of one bundle, resolved to the ids that their sources know them by."""

import re
from typing import Any
from uuid import UUID

from hms_server.fhir.report import ResourceRejected
from hms_server.fhir.shapes import ReferenceShape

_VERSION = re.compile(r"/_history/[^/]+$")
_WEB = ("http://", "https://")
_URL = re.compile("[!-~]{1,1000}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")

_Target = tuple[str, str]
_NOWHERE: _Target = ("", "")


def source_id(raw: dict[str, Any], full_url: str, *, file_name: str) -> str:
    """An id under which the same resource is found again, and which no other source can give to another one.

    A plain id such as "1" is unique at its source only; with nothing better it carries the file's name, since
    two patients read as one harm more than one patient read twice.
    """
    own_id = raw.get("id", "")
    if not isinstance(own_id, str) or (own_id and not _ID.fullmatch(own_id)):
        raise ResourceRejected("id", "This is not an id as FHIR writes it.")
    if full_url and not _URL.fullmatch(full_url):
        raise ResourceRejected("fullUrl", "This is not an address as FHIR writes it.")
    if _is_uuid(own_id):
        return own_id.lower()
    if full_url.startswith(_WEB):
        return _VERSION.sub("", full_url)
    if full_url.startswith("urn:"):
        return full_url.removeprefix("urn:uuid:").lower()
    if own_id:
        return f"{file_name}#{raw['resourceType']}/{own_id}"
    raise ResourceRejected("id", "Without an id it could not be recognised when it is imported again.")


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


class Links:
    """Where the bundle's references lead, and what of it was taken so far."""

    def __init__(self) -> None:
        self._targets: dict[str, _Target] = {}
        self._taken: set[_Target] = set()
        self._medications: dict[str, dict[str, Any]] = {}

    def add(self, raw: dict[str, Any], full_url: str, source: str) -> None:
        """Lets references by full URL and by Type/id find the resource."""
        kind = raw["resourceType"]
        names = [_VERSION.sub("", full_url)] if full_url else []
        if isinstance(raw.get("id"), str):
            names.append(f"{kind}/{raw['id']}")
        for name in names:
            self._add_name(name, (kind, source))
        if kind == "Medication":
            self._medications.setdefault(source, raw)

    def _add_name(self, name: str, target: _Target) -> None:
        # "Patient/1" of two sources in one bundle leads nowhere rather than to the wrong patient.
        self._targets[name] = target if self._targets.get(name, target) == target else _NOWHERE

    def mark_taken(self, kind: str, source: str) -> None:
        self._taken.add((kind, source))

    def patient(self, reference: ReferenceShape | None, field: str) -> str:
        """The source id of the patient whom the resource is about; one about nobody taken is rejected."""
        if reference is None or not reference.reference:
            raise ResourceRejected(field, "It does not say whom it is about.")
        kind, source = self._find(reference.reference)
        if kind not in {"", "Patient"}:
            raise ResourceRejected(field, f"It is about a resource of type {kind}, not about a patient.")
        if (kind, source) not in self._taken:
            raise ResourceRejected(field, "It is about a patient who was not taken from this file.")
        return source

    def encounter(self, reference: ReferenceShape | None) -> str | None:
        """The source id of the encounter, if that was taken too."""
        if reference is None:
            return None
        found = self._find(reference.reference)
        return found[1] if found in self._taken and found[0] == "Encounter" else None

    def medication(self, reference: ReferenceShape) -> dict[str, Any] | None:
        return self._medications.get(self._find(reference.reference)[1])

    def _find(self, reference: str) -> _Target:
        return self._targets.get(_VERSION.sub("", reference), _NOWHERE)
