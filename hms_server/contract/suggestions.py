"""What the assistant proposes, as values that an ordinary form shows before anything is stored."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from hms_server.contract.envelope import Event, Request
from hms_server.contract.prescribing import SafetyFinding
from hms_server.contract.scheduling import Slot
from hms_server.contract.values import PatientHeader, PatientId, Person

ProposalId = NewType("ProposalId", int)
DocumentId = NewType("DocumentId", int)

MAX_DOCUMENT_CHARACTERS = 20_000


class ProposalState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class DraftKind(StrEnum):
    REFERRAL = "referral"
    LETTER = "letter"
    REPORT = "report"
    EDUCATION = "education"


class AppointmentProposal(msgspec.Struct, frozen=True, kw_only=True, tag="appointment"):
    """To be booked with `AcceptAppointment`; `alternatives` are the next free times, soonest first.

    `conflict` is a sentence where the wished time is not free; `slot` is then the nearest that is.
    """

    id: ProposalId
    patient: PatientHeader
    slot: Slot | None
    alternatives: list[Slot]
    reason: str
    conflict: str = ""
    state: ProposalState = ProposalState.OPEN
    mark: str = ""


class Draft(msgspec.Struct, frozen=True, kw_only=True, tag="draft"):
    """A text to be read, changed and accepted with `AcceptDraft`; `mark` is set once that was done."""

    id: ProposalId
    kind: DraftKind
    patient: PatientHeader
    title: str
    recipient: str
    language: str
    text: str
    state: ProposalState = ProposalState.OPEN
    mark: str = ""


class PossibleDiagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """`likelihood` is likely, possible or unlikely; `must_not_miss`: rare, but dangerous if overlooked."""

    name: str
    likelihood: str
    supports: list[str]
    against: list[str]
    next_steps: list[str]
    must_not_miss: bool = False


class Differential(msgspec.Struct, frozen=True, kw_only=True, tag="differential"):
    """Possible diagnoses, for doctors only; nothing of it is stored in the chart."""

    patient: PatientHeader
    diagnoses: list[PossibleDiagnosis]


class TreatmentOption(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    medicines: list[str]
    reason: str
    cautions: list[str]


class Treatments(msgspec.Struct, frozen=True, kw_only=True, tag="treatments"):
    """Possible treatments, for doctors only. `findings` is our own safety check of every medicine in it."""

    patient: PatientHeader
    options: list[TreatmentOption]
    findings: list[SafetyFinding]


class SafetyReport(msgspec.Struct, frozen=True, kw_only=True, tag="safety"):
    """Our own check, not the model's. `unknown` medicines were not checked, which is as loud as a finding."""

    patient: PatientHeader | None
    medicines: list[str]
    unknown: list[str]
    findings: list[SafetyFinding]


class FreeSlots(msgspec.Struct, frozen=True, kw_only=True, tag="slots"):
    """Free times to choose from; choosing one opens the ordinary booking form."""

    slots: list[Slot]


class FoundPatients(msgspec.Struct, frozen=True, kw_only=True, tag="patients"):
    patients: list[PatientHeader]


Attachment = (
    AppointmentProposal | Draft | Differential | Treatments | SafetyReport | FreeSlots | FoundPatients
)
"""Told apart by their tags; a desktop shows each on a form or card of its own."""


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted draft; `mark` says who let the assistant suggest it and accepted it."""

    id: DocumentId
    kind: str
    title: str
    recipient: str
    language: str
    text: str
    accepted_at: datetime
    accepted_by: Person
    mark: str


class Documents(msgspec.Struct, frozen=True):
    """Newest first."""

    rows: list[DocumentRow]


class ListDocuments(Request[Documents], frozen=True, kw_only=True):
    patient_id: PatientId


class DocumentAdded(Event, frozen=True, kw_only=True):
    document_id: DocumentId
    patient_id: PatientId
