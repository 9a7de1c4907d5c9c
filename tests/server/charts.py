"""What tests of charts and prescriptions begin with: a formulary, an open visit, lines to prescribe."""

from decimal import Decimal

from hms_server.contract.consultations import NoteText, RecordAllergy, RecordNoAllergies, SignEncounter
from hms_server.contract.prescribing import NewMedicationRequest
from hms_server.contract.values import EncounterId, PatientId, ProductId, Role
from hms_server.prescribing.formulary import load_formulary
from tests.server.desk import Desk

NOTE = NoteText(
    subjective="Fever for three days.", objective="38.9 °C", assessment="Malaria", plan="Treat at home."
)


def stock_formulary(desk: Desk) -> None:
    """The formulary that the project ships."""
    with desk.connect() as connection:
        load_formulary(connection)


def open_encounter(desk: Desk, patient_id: PatientId) -> EncounterId:
    """A visit that is in progress, without a ticket."""
    encounter_id: EncounterId = desk.sql(OPEN_ENCOUNTER, (patient_id, desk.now))[0][0]
    return encounter_id


OPEN_ENCOUNTER = """
insert into encounter (patient_id, type, reason, started_at) values (%s, 'Clinic', 'Fever', %s) returning id
"""


def product_id(desk: Desk, code: str) -> ProductId:
    found: ProductId = desk.sql("select id from product where code = %s", (code,))[0][0]
    return found


def line(
    product: ProductId,
    *,
    dose: str = "1",
    frequency: str = "TDS",
    days: int = 5,
    quantity: int = 15,
    instructions: str = "",
    overrides: dict[str, str] | None = None,
) -> NewMedicationRequest:
    return NewMedicationRequest(
        product_id=product,
        dose=Decimal(dose),
        frequency=frequency,
        days=days,
        quantity=quantity,
        instructions=instructions,
        overrides=overrides or {},
    )


def signing(encounter_id: EncounterId, *lines: NewMedicationRequest) -> SignEncounter:
    """Signs the note with these lines and no diagnosis."""
    return SignEncounter(
        encounter_id=encounter_id, ticket_id=None, text=NOTE, diagnoses=[], prescription=list(lines)
    )


def without_allergies(desk: Desk, name: str = "Ada Obi") -> PatientId:
    """A patient who was asked and knows of none."""
    patient_id = desk.patient(name)
    desk.ask(RecordNoAllergies(patient_id=patient_id), Role.NURSE)
    return patient_id


def allergic_to(desk: Desk, *substances: str, name: str = "Ada Obi") -> PatientId:
    patient_id = desk.patient(name)
    for substance in substances:
        desk.ask(RecordAllergy(patient_id=patient_id, substance=substance), Role.NURSE)
    return patient_id
