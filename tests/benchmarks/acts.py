"""What the load consists of: check-in, vital signs, and signing with two prescription lines."""

from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from hms_server.contract.consultations import Diagnosis, NoteText, SignEncounter
from hms_server.contract.envelope import Request
from hms_server.contract.prescribing import NewMedicationRequest
from hms_server.contract.triage import Consciousness, Measured, RecordVitals, VitalSigns
from hms_server.contract.values import EncounterId, PatientId, ProductId, Role, TicketId
from hms_server.contract.visits import DOCTOR, CheckIn
from hms_server.contract.vitals import VitalSign


class Act(StrEnum):
    """In the order in which a patient goes through them."""

    CHECK_IN = "check-in"
    VITALS = "vital signs"
    SIGN = "prescribing"


ROLE_OF = {Act.CHECK_IN: Role.RECEPTIONIST, Act.VITALS: Role.NURSE, Act.SIGN: Role.DOCTOR}
NAME_OF = {Act.CHECK_IN: "CheckIn", Act.VITALS: "RecordVitals", Act.SIGN: "SignEncounter"}
SIGNS = {
    VitalSign.TEMPERATURE: "36.8",
    VitalSign.PULSE: "72",
    VitalSign.RESPIRATION_RATE: "16",
    VitalSign.SPO2: "98",
    VitalSign.SYSTOLIC: "124",
    VitalSign.DIASTOLIC: "81",
}
NOTE = NoteText(
    subjective="Fever and headache for three days.",
    objective="38.9 °C, chest clear, no neck stiffness.",
    assessment="Uncomplicated malaria.",
    plan="Treat at home, come back if not better in two days.",
)
DIAGNOSIS = Diagnosis(code="B54", display="Unspecified malaria")


class Subject(msgspec.Struct, frozen=True, array_like=True):
    """A patient, and once checked in the encounter and the ticket that stands in the lists."""

    patient_id: PatientId
    encounter_id: EncounterId = EncounterId(0)
    ticket_id: TicketId = TicketId(0)


class Seated(msgspec.Struct, frozen=True, kw_only=True):
    """One client: its device's keys, its session, and whom it acts on."""

    public_key: str
    secret_key: str
    session: str
    subjects: list[Subject]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One lap of a generator process; without an address it writes the rows itself."""

    act: Act
    dsn: str
    address: str | None
    server_key: str
    products: list[ProductId]
    clients: list[Seated]


class Lap(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a job: moments of the machine's monotonic clock, and each request's seconds."""

    began_s: float
    ended_s: float
    latencies_s: list[float]
    last_id: UUID | None


def request_of(act: Act, subject: Subject, products: list[ProductId]) -> Request[Any]:
    """The request that a workstation would send."""
    if act is Act.CHECK_IN:
        return CheckIn(patient_id=subject.patient_id, reason="Fever")
    if act is Act.VITALS:
        return RecordVitals(
            encounter_id=subject.encounter_id,
            ticket_id=subject.ticket_id,
            signs=VitalSigns(
                measured=[Measured(code=sign, value=Decimal(value)) for sign, value in SIGNS.items()],
                consciousness=Consciousness.ALERT,
                on_oxygen=False,
            ),
            send_to=DOCTOR,
        )
    return SignEncounter(
        encounter_id=subject.encounter_id,
        ticket_id=subject.ticket_id,
        text=NOTE,
        diagnoses=[DIAGNOSIS],
        prescription=[
            NewMedicationRequest(product_id=each, dose=Decimal(1), frequency="TDS", days=5, quantity=15)
            for each in products
        ],
    )
