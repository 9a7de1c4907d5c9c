"""One patient from the door to the paid bill, by the requests that the desks send."""

from hms_server.billing.prices import load_prices
from hms_server.contract.billing import InvoiceState, ListToPay, TakePayment
from hms_server.contract.consultations import SignEncounter
from hms_server.contract.pharmacy import Dispense, GetPrescription, ListToDispense, PickedLine, ReceiveStock
from hms_server.contract.values import Role
from hms_server.contract.visits import CallNext, CheckIn, ListQueue
from tests.server.billing.bills import Billing
from tests.server.charts import NOTE, line, product_id, stock_formulary, without_allergies
from tests.server.desk import Desk

MEDICINES = ("paracetamol-500mg-tablet", "artemether-lumefantrine-80mg-480mg-tablet")


def test_a_patient_leaves_with_medicines_and_a_paid_bill(desk: Desk, billing: Billing) -> None:
    """Each desk finds the patient in its list with all that it needs, and the money adds up at the end."""
    stock_formulary(desk)
    with desk.connect() as connection, connection.transaction():
        load_prices(connection)
    products = [product_id(desk, code) for code in MEDICINES]
    for product in products:
        desk.ask(
            ReceiveStock(
                product_id=product, lot="A", expires_on=desk.now.date().replace(year=2027), quantity=100
            ),
            Role.PHARMACIST,
        )
    patient = without_allergies(desk)

    ticket = desk.ask(CheckIn(patient_id=patient, service="D"), Role.RECEPTIONIST).ticket
    desk.ask(CallNext(service="D", room_id=desk.room("D")), Role.DOCTOR)
    signed = desk.ask(
        SignEncounter(
            encounter_id=ticket.encounter_id,
            ticket_id=ticket.id,
            text=NOTE,
            diagnoses=[],
            prescription=[line(product, quantity=6) for product in products],
        ),
        Role.DOCTOR,
    )
    desk.ask(CallNext(service="P", room_id=desk.room("P")), Role.PHARMACIST)
    waiting = desk.ask(ListToDispense(), Role.PHARMACIST).rows[0]
    prescription = desk.ask(GetPrescription(encounter_id=waiting.encounter_id), Role.PHARMACIST)
    assert waiting.ticket is not None
    handed = desk.ask(
        Dispense(
            encounter_id=waiting.encounter_id,
            ticket_id=waiting.ticket.id,
            lines=[
                PickedLine(
                    medication_request_id=medicine.medication_request_id,
                    quantity=medicine.owing,
                    scanned=[medicine.gtin],
                )
                for medicine in prescription.lines
            ],
        ),
        Role.PHARMACIST,
    )
    desk.ask(CallNext(service="B", room_id=desk.room("B")), Role.CASHIER)
    owing = desk.ask(ListToPay(), Role.CASHIER).rows[0]
    assert owing.ticket is not None
    receipt = desk.ask(
        TakePayment(
            invoice_id=owing.invoice_id,
            version=billing.bill(owing.encounter_id).version,
            amount=owing.due,
            tendered=billing.money(owing.due.amount_minor + 5_000),
            ticket_id=owing.ticket.id,
        ),
        Role.CASHIER,
    )

    assert signed.ticket is not None
    assert waiting.ticket.id == signed.ticket.id
    assert handed.ticket is not None
    assert owing.ticket.id == handed.ticket.id
    assert [row.quantity for row in receipt.invoice.charges] == [1, 6, 6]
    assert receipt.invoice.state is InvoiceState.PAID
    assert billing.unlike_the_ledger() == []
    assert desk.ask(ListQueue(), Role.CASHIER).tickets == []
    assert desk.ask(ListToDispense(), Role.PHARMACIST).rows == []
    assert desk.ask(ListToPay(), Role.CASHIER).rows == []
