"""The day's short journey over the wire, as workstations ask for it: from the front desk to the paid bill."""

from datetime import date, timedelta
from decimal import Decimal

from hms_desktop.connection.client import Client
from hms_desktop.connection.engine import Timings
from hms_desktop.connection.identity import Pairing
from hms_server.contract.billing import GetInvoice, Invoice, TakePayment
from hms_server.contract.consultations import Diagnosis, NoteText, RecordNoAllergies, SignEncounter
from hms_server.contract.patients import Demographics, RegisterPatient
from hms_server.contract.pharmacy import Dispense, GetPrescription, PickedLine, ReceiveStock
from hms_server.contract.prescribing import NewMedicationRequest, SearchProducts
from hms_server.contract.triage import Consciousness, Measured, RecordVitals, VitalSigns
from hms_server.contract.values import EncounterId, Role, Sex
from hms_server.contract.visits import DOCTOR, CheckIn
from hms_server.contract.vitals import VitalSign

ROLES = (Role.RECEPTIONIST, Role.NURSE, Role.DOCTOR, Role.PHARMACIST, Role.CASHIER)
SIGNS = {VitalSign.TEMPERATURE: "38.4", VitalSign.PULSE: "88", VitalSign.SPO2: "98"}
TABLETS = 15


def connect(pairing: Pairing, *, patience_s: float = 60) -> Client:
    """The workstation's own program, which finds the server again by itself."""
    return Client(pairing.server, pairing.keys, timings=Timings(answer_within_s=patience_s))


def pass_through(client: Client, *, name: str) -> Invoice:
    """Somebody comes, is seen, gets tablets and pays; the bill afterwards."""
    patient = client.ask(
        RegisterPatient(
            demographics=Demographics(
                family_name=name, given_names="Ada", sex=Sex.FEMALE, age_years=30, no_phone=True
            )
        )
    ).patient
    ticket = client.ask(CheckIn(patient_id=patient.id, reason="Fever")).ticket
    ticket_id = ticket.id
    client.ask(
        RecordVitals(
            encounter_id=ticket.encounter_id,
            ticket_id=ticket_id,
            signs=VitalSigns(
                measured=[Measured(code=sign, value=Decimal(value)) for sign, value in SIGNS.items()],
                consciousness=Consciousness.ALERT,
                on_oxygen=False,
            ),
            send_to=DOCTOR,
        )
    )
    client.ask(RecordNoAllergies(patient_id=patient.id))
    _prescribe(client, ticket.encounter_id)
    _dispense(client, ticket.encounter_id)
    return _pay(client, ticket.encounter_id)


def bill_of(client: Client, encounter_id: EncounterId) -> Invoice:
    return client.ask(GetInvoice(encounter_id=encounter_id))


def _prescribe(client: Client, encounter_id: EncounterId) -> None:
    product = client.ask(SearchProducts(text="paracetamol 500")).products[0]
    client.ask(
        ReceiveStock(
            product_id=product.id,
            lot="L1",
            expires_on=date.today() + timedelta(days=400),  # noqa: DTZ011 - far enough in every zone
            quantity=500,
        )
    )
    client.ask(
        SignEncounter(
            encounter_id=encounter_id,
            ticket_id=None,
            text=NoteText(
                subjective="Fever for three days.", objective="38.4 °C.", assessment="Malaria.", plan="Treat."
            ),
            diagnoses=[Diagnosis(code="B54", display="Unspecified malaria")],
            prescription=[
                NewMedicationRequest(
                    product_id=product.id, dose=Decimal(1), frequency="TDS", days=5, quantity=TABLETS
                )
            ],
        )
    )


def _dispense(client: Client, encounter_id: EncounterId) -> None:
    lines = client.ask(GetPrescription(encounter_id=encounter_id)).lines
    picked = [
        PickedLine(medication_request_id=line.medication_request_id, quantity=TABLETS) for line in lines
    ]
    client.ask(Dispense(encounter_id=encounter_id, ticket_id=None, lines=picked))


def _pay(client: Client, encounter_id: EncounterId) -> Invoice:
    bill = bill_of(client, encounter_id)
    return client.ask(
        TakePayment(invoice_id=bill.id, version=bill.version, amount=bill.due, tendered=bill.due)
    ).invoice
