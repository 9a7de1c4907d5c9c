"""Sets of vital signs, and the patients they are measured of."""

from datetime import date
from decimal import Decimal

from hms_server.contract.triage import Consciousness, Measured, RecordVitals, VitalSigns
from hms_server.contract.visits import CheckIn, TicketRow
from hms_server.contract.vitals import VitalSign
from tests.server.desk import Desk

WELL = {
    VitalSign.RESPIRATION_RATE: "16",
    VitalSign.SPO2: "98",
    VitalSign.SYSTOLIC: "120",
    VitalSign.DIASTOLIC: "80",
    VitalSign.PULSE: "70",
    VitalSign.TEMPERATURE: "36.8",
}
ILL = WELL | {VitalSign.RESPIRATION_RATE: "26", VitalSign.SPO2: "90", VitalSign.PULSE: "118"}
"""3 + 3 + 2 points."""


def signs(
    values: dict[VitalSign, str], *, pregnant: bool | None = None, on_oxygen: bool | None = False
) -> VitalSigns:
    measured = [Measured(code=sign, value=Decimal(value)) for sign, value in values.items()]
    return VitalSigns(
        measured=measured, consciousness=Consciousness.ALERT, on_oxygen=on_oxygen, pregnant=pregnant
    )


def arrive(desk: Desk, name: str = "Ada Obi", *, born: date | None = date(1990, 5, 17)) -> TicketRow:
    return desk.ask(CheckIn(patient_id=desk.patient(name, birth_date=born))).ticket


def record(ticket: TicketRow, given: VitalSigns, **more: object) -> RecordVitals:
    return RecordVitals(encounter_id=ticket.encounter_id, ticket_id=ticket.id, signs=given, **more)  # type: ignore[arg-type]  # the fields of the request
