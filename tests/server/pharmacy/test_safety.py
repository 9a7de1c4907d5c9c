"""An allergy that is recorded after the signature still stops the medicine at the counter."""

from hms_server.contract.consultations import RecordAllergy
from hms_server.contract.pharmacy import Dispense, GetPrescription
from hms_server.contract.prescribing import Severity
from hms_server.contract.values import EncounterId, MedicationRequestId, Role
from tests.server.charts import (
    allergic_to,
    line,
    open_encounter,
    product_id,
    signing,
    stock_formulary,
    without_allergies,
)
from tests.server.desk import Desk
from tests.server.pharmacy.shelves import Pharmacy, pick

AMOXICILLIN = "amoxicillin-500mg-capsule"


def sign(desk: Desk, pharmacy: Pharmacy, visit: EncounterId, **overrides: str) -> MedicationRequestId:
    """Amoxicillin, in stock and signed for."""
    product = product_id(desk, AMOXICILLIN)
    pharmacy.stock(product, 100)
    signed = desk.ask(signing(visit, line(product, overrides=overrides)), Role.DOCTOR)
    return signed.prescriptions[0].id


def test_a_new_allergy_stops_the_handover(desk: Desk, pharmacy: Pharmacy) -> None:
    """The prescription shows it, and handing over is refused until the doctor has decided."""
    stock_formulary(desk)
    patient = without_allergies(desk)
    visit = open_encounter(desk, patient)
    signed = sign(desk, pharmacy, visit)
    shown_before = desk.ask(GetPrescription(encounter_id=visit), Role.PHARMACIST)
    desk.pass_time(minutes=20)

    desk.ask(RecordAllergy(patient_id=patient, substance="Penicillin", allergen="penicillins"), Role.NURSE)

    shown = desk.ask(GetPrescription(encounter_id=visit), Role.PHARMACIST)
    request = Dispense(encounter_id=visit, ticket_id=None, lines=[pick(signed, 5)])
    fault = desk.fault(request, Role.PHARMACIST)
    assert shown_before.lines[0].findings == []
    assert [finding.severity for finding in shown.lines[0].findings] == [Severity.CONTRAINDICATED]
    assert (fault.code, fault.field) == ("pharmacy.unsafe", "lines.0.medication_request_id")
    assert fault.message.startswith(shown.lines[0].findings[0].title)


def test_what_the_doctor_gave_a_reason_for_is_handed_over(desk: Desk, pharmacy: Pharmacy) -> None:
    """An allergy that was known at signing comes with its reason, and stops nobody."""
    stock_formulary(desk)
    visit = open_encounter(desk, allergic_to(desk, "Penicillin"))
    fault = desk.fault(signing(visit, line(product_id(desk, AMOXICILLIN))), Role.DOCTOR)
    keys = [name.removeprefix("prescription.0.overrides.") for name in fault.data]

    signed = sign(desk, pharmacy, visit, **dict.fromkeys(keys, "Tolerated it last year"))

    shown = desk.ask(GetPrescription(encounter_id=visit), Role.PHARMACIST)
    assert list(shown.lines[0].overrides.values()) == ["Tolerated it last year"]
    assert shown.lines[0].findings == []
    assert pharmacy.hand_over(visit, pick(signed, 5)).lines[0].quantity == 5
