"""What reading a bundle ends in: records, what was left out, what was wrong, or why it was refused."""

import msgspec

from hms_server.fhir.records import (
    AllergyRecord,
    ConditionRecord,
    EncounterRecord,
    MedicationRecord,
    ObservationRecord,
    PatientRecord,
)


class LeftOut(msgspec.Struct, frozen=True):
    """Sound resources that have no place in the record here."""

    resource_type: str
    count: int
    reason: str

    def sentence(self) -> str:
        return f"{self.resource_type}: {self.count} {self.reason}"


class ResourceProblem(msgspec.Struct, frozen=True):
    """A resource that was not taken because something in it is wrong."""

    resource_type: str
    source_id: str
    field: str
    message: str

    def sentence(self) -> str:
        place = f", {self.field}" if self.field else ""
        return f"{self.resource_type} {self.source_id}{place}: {self.message}"


class BundleContent(msgspec.Struct, frozen=True, kw_only=True):
    """Every resource of the bundle is in a record, in `left_out` or in `problems`."""

    patients: tuple[PatientRecord, ...]
    encounters: tuple[EncounterRecord, ...]
    allergies: tuple[AllergyRecord, ...]
    conditions: tuple[ConditionRecord, ...]
    medications: tuple[MedicationRecord, ...]
    observations: tuple[ObservationRecord, ...]
    left_out: tuple[LeftOut, ...]
    problems: tuple[ResourceProblem, ...]
    notes: tuple[str, ...]


class BundleRefused(Exception):  # noqa: N818 - named as people say it: the bundle was refused
    """Nothing of the file was taken; the text is one sentence for whoever runs the import."""


class ResourceRejected(Exception):  # noqa: N818 - the sister of BundleRefused
    """One resource cannot be taken; the file goes on without it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class ResourceNotKept(Exception):  # noqa: N818 - no error at all: the resource is sound, and counted as left out
    """One sound resource has no place in the record here; the text is the reason."""
