"""What the desk is for at the moment, and what it needs of the prescription that a workspace puts into it."""

from enum import Enum, auto
from typing import Protocol

from PySide6.QtCore import SignalInstance

from hms_server.contract.envelope import Fault
from hms_server.contract.prescribing import MedicationRequestRow, NewMedicationRequest
from hms_server.contract.values import PatientId


class Mode(Enum):
    """`READING` is a signed visit, `CORRECTING` the next version of its note."""

    CLOSED = auto()
    OPENING = auto()
    WRITING = auto()
    READING = auto()
    CORRECTING = auto()


class Prescription(Protocol):
    """A widget for the medicines of one visit; the desk signs what it holds."""

    @property
    def edited(self) -> SignalInstance:
        """The person has changed something that is not stored."""

    def open_patient(self, patient_id: PatientId) -> None:
        """Starts an empty prescription."""

    def show_signed(self, prescriptions: list[MedicationRequestRow]) -> None:
        """Shows what was signed, to be read."""

    def set_open(self, *, is_open: bool) -> None:
        """Whether lines can be added and changed now."""

    def lines(self) -> list[NewMedicationRequest]:
        """What is signed. Asked only after `complete`."""

    def names(self) -> list[str]:
        """The medicines, for a sentence."""

    def is_empty(self) -> bool:
        """Whether nothing is written or half-typed."""

    def complete(self) -> bool:
        """Whether it can be signed; if not, it has said where and why."""

    def refuse(self, fault: Fault) -> bool:
        """Shows a refusal at its line; says whether it was about one."""

    def draft(self) -> str:
        """All that is written, as text."""

    def restore(self, draft: str) -> None:
        """Shows what a draft has kept."""
