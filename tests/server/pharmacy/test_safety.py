"""What is known only after the signature still stops the medicine at the counter: allergy, other medicine."""

from hms_server.contract.consultations import RecordAllergy
from hms_server.contract.pharmacy import Dispense, GetPrescription
from hms_server.contract.prescribing import Severity
from hms_server.contract.values import EncounterId, MedicationRequestId, PatientId, Role
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


SIMVASTATIN, CLARITHROMYCIN = "simvastatin-20mg-tablet", "clarithromycin-500mg-tablet"
KEY = "contraindicated.interaction.clarithromycin.simvastatin"


def prescribed(
    desk: Desk, pharmacy: Pharmacy, patient: PatientId, code: str, **overrides: str
) -> tuple[EncounterId, MedicationRequestId]:
    """One medicine of a visit of its own, in stock and signed for."""
    product = product_id(desk, code)
    pharmacy.stock(product, 100)
    visit = open_encounter(desk, patient)
    signed = desk.ask(signing(visit, line(product, overrides=overrides)), Role.DOCTOR)
    return visit, signed.prescriptions[0].id


def test_two_medicines_with_a_reason_are_both_handed_over(desk: Desk, pharmacy: Pharmacy) -> None:
    """The later doctor gave it for the pair: it stands for the earlier medicine too."""
    stock_formulary(desk)
    patient = without_allergies(desk)
    earlier, simvastatin = prescribed(desk, pharmacy, patient, SIMVASTATIN)
    desk.pass_time(minutes=20)
    later, clarithromycin = prescribed(
        desk, pharmacy, patient, CLARITHROMYCIN, **{KEY: "Simvastatin is paused"}
    )

    shown = desk.ask(GetPrescription(encounter_id=earlier), Role.PHARMACIST)

    assert shown.lines[0].findings == []
    assert pharmacy.hand_over(earlier, pick(simvastatin, 5)).lines[0].quantity == 5
    assert pharmacy.hand_over(later, pick(clarithromycin, 5)).lines[0].quantity == 5


def test_a_medicine_that_nobody_weighed_stops_the_handover(desk: Desk, pharmacy: Pharmacy) -> None:
    """It came in by an import after the signature, so no doctor has seen the two together."""
    stock_formulary(desk)
    patient = without_allergies(desk)
    visit, signed = prescribed(desk, pharmacy, patient, CLARITHROMYCIN)
    desk.sql(IMPORTED, (patient, desk.now))

    shown = desk.ask(GetPrescription(encounter_id=visit), Role.PHARMACIST)
    fault = desk.fault(Dispense(encounter_id=visit, ticket_id=None, lines=[pick(signed, 5)]), Role.PHARMACIST)

    assert [finding.key for finding in shown.lines[0].findings] == [KEY]
    assert fault.message.startswith("Clarithromycin with Simvastatin: do not give together.")


def test_a_medicine_that_only_asks_for_care_stops_nobody(desk: Desk, pharmacy: Pharmacy) -> None:
    stock_formulary(desk)
    patient = without_allergies(desk)
    visit, signed = prescribed(desk, pharmacy, patient, "amlodipine-5mg-tablet")
    desk.sql(IMPORTED, (patient, desk.now))

    shown = desk.ask(GetPrescription(encounter_id=visit), Role.PHARMACIST)

    assert shown.lines[0].findings == []
    assert pharmacy.hand_over(visit, pick(signed, 5)).lines[0].quantity == 5


IMPORTED = """
insert into medication_request (patient_id, product_text, authored_at, source, source_id)
values (%s, 'Simvastatin 20 MG Oral Tablet', %s, 'file', 'urn:uuid:1')
"""
