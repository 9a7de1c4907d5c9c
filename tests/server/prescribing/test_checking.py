"""The same check while choosing as at signing, and never silence where it cannot run."""

from decimal import Decimal
from typing import LiteralString

import pytest

from hms_server.contract.consultations import ChartChanged, GetChart, RecordAllergy, RecordNoAllergies
from hms_server.contract.prescribing import (
    CheckLine,
    LineChecked,
    MedicationRequestStatus,
    Severity,
    StopMedication,
)
from hms_server.contract.values import MedicationRequestId, PatientId, ProductId, Role
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

PARACETAMOL = "paracetamol-500mg-tablet"
AMOXICILLIN = "amoxicillin-500mg-capsule"


@pytest.fixture
def ward(desk: Desk) -> Desk:
    stock_formulary(desk)
    return desk


def check(
    ward: Desk, patient_id: PatientId, code: str, *, dose: str = "1", frequency: str = "TDS", days: int = 5
) -> LineChecked:
    return ward.ask(
        CheckLine(
            patient_id=patient_id,
            product_id=product_id(ward, code),
            dose=Decimal(dose),
            frequency=frequency,
            days=days,
        ),
        Role.DOCTOR,
    )


@pytest.mark.parametrize(
    ("code", "substance", "severities"),
    [
        (AMOXICILLIN, "Penicillin", [Severity.CONTRAINDICATED]),
        ("amoxicillin-clavulanic-acid-500mg-125mg-tablet", "Penicillin", [Severity.CONTRAINDICATED]),
        ("cefuroxime-500mg-tablet", "Penicillin", [Severity.WARNING]),
        ("sulfamethoxazole-trimethoprim-400mg-80mg-tablet", "sulfa drugs", [Severity.CONTRAINDICATED]),
        ("ibuprofen-400mg-tablet", "Aspirin", [Severity.CONTRAINDICATED]),
        ("artemether-lumefantrine-20mg-120mg-tablet", "Penicillin", []),
    ],
)
def test_findings_come_from_the_stored_reference_data(
    ward: Desk, code: str, substance: str, severities: list[Severity]
) -> None:
    """What was recorded by a word is compared by ingredient, class and cross-reaction."""
    patient_id = allergic_to(ward, substance)

    checked = check(ward, patient_id, code)

    assert [finding.severity for finding in checked.findings] == severities


def test_the_quantity_and_the_stock_come_along(ward: Desk) -> None:
    """What dose, frequency and days come to; nothing is in stock before anything was delivered."""
    patient_id = without_allergies(ward)

    checked = check(ward, patient_id, PARACETAMOL, dose="2", frequency="Q6H-PRN", days=5)
    syrup = check(ward, patient_id, "paracetamol-125mg-per-5ml-syrup", dose="7.5", frequency="TDS", days=5)

    assert (checked.quantity, checked.in_stock, checked.findings) == (40, 0, [])
    assert syrup.quantity == 1


def test_nobody_asked_is_said_until_somebody_asks(ward: Desk) -> None:
    """A patient without an answer about allergies is not checked, not fine."""
    patient_id = ward.patient()

    before = check(ward, patient_id, PARACETAMOL).findings
    ward.ask(RecordNoAllergies(patient_id=patient_id))
    after = check(ward, patient_id, PARACETAMOL).findings

    assert [finding.severity for finding in before] == [Severity.NOT_CHECKED]
    assert after == []


@pytest.mark.parametrize(
    "loss",
    [
        "update product set facts = '[]'",
        """update product set facts = '[{"slug": "amoxicillin", "facts": null}]'""",
        """update product set facts = replace(facts::text, '"Penicillins"', 'null')::json""",
    ],
)
@pytest.mark.parametrize("asked", ["none known", "allergic"])
def test_without_reference_data_the_check_says_that_it_did_not_run(
    ward: Desk, loss: LiteralString, asked: str
) -> None:
    """Whatever is pulled away, silence is never the answer."""
    patient_id = without_allergies(ward) if asked == "none known" else allergic_to(ward, "Penicillin")
    code = product_id(ward, AMOXICILLIN)
    ward.sql(loss)

    fault = ward.fault(signing(open_encounter(ward, patient_id), line(code)), Role.DOCTOR)
    findings = check(ward, patient_id, AMOXICILLIN).findings

    assert Severity.NOT_CHECKED in {finding.severity for finding in findings}
    assert all("NOT CHECKED" in finding.title for finding in findings if finding.severity == "not_checked")
    assert fault.code == "prescribing.unsafe"


@pytest.mark.parametrize("loss", ["delete from allergen_class", "update allergen_class set facts = null"])
def test_an_allergen_that_has_gone_is_not_checked(ward: Desk, loss: LiteralString) -> None:
    """Also against a medicine that has nothing to do with it: nobody can know that now."""
    patient_id = allergic_to(ward, "Penicillin")
    ward.sql(loss)

    findings = check(ward, patient_id, PARACETAMOL).findings

    assert [finding.severity for finding in findings] == [Severity.NOT_CHECKED]


def test_an_allergy_recorded_without_reference_data_stays_not_checked(desk: Desk) -> None:
    """Nothing was loaded when it was recorded: what the doctor reads later is not silence."""
    patient_id = allergic_to(desk, "Penicillin")
    stock_formulary(desk)

    findings = check(desk, patient_id, PARACETAMOL).findings
    against_it = check(desk, patient_id, AMOXICILLIN).findings

    assert [finding.severity for finding in findings] == [Severity.NOT_CHECKED]
    assert [finding.severity for finding in against_it] == [Severity.CONTRAINDICATED]


def test_the_same_ingredient_again_is_a_warning_until_it_is_stopped(ward: Desk) -> None:
    """Also in a mixture; a stopped medicine does not count any more."""
    patient_id = without_allergies(ward)
    encounter_id = open_encounter(ward, patient_id)
    (row,) = ward.ask(signing(encounter_id, line(product_id(ward, AMOXICILLIN))), Role.DOCTOR).prescriptions
    mixture = "amoxicillin-clavulanic-acid-500mg-125mg-tablet"

    before = check(ward, patient_id, mixture).findings
    stopped = ward.ask(StopMedication(medication_request_id=row.id, reason="Rash"), Role.DOCTOR)
    after = check(ward, patient_id, mixture).findings

    assert [finding.key for finding in before if not finding.quiet] == [f"warning.same.{row.id}"]
    assert before[0].title == "Already has Amoxicillin"
    assert stopped.status is MedicationRequestStatus.STOPPED
    assert after == []


def test_a_dispensed_course_counts_until_its_days_are_over(ward: Desk) -> None:
    """Who was given five days of it still takes it on the third."""
    patient_id = without_allergies(ward)
    ward.ask(signing(open_encounter(ward, patient_id), line(product_id(ward, PARACETAMOL))), Role.DOCTOR)
    ward.sql("update medication_request set status = 'completed', dispensed = quantity")
    ward.pass_time(days=2)

    during = check(ward, patient_id, PARACETAMOL).findings
    ward.pass_time(days=4)
    afterwards = check(ward, patient_id, PARACETAMOL).findings

    assert [finding.severity for finding in during] == [Severity.WARNING]
    assert afterwards == []


def test_stopping_needs_a_reason_and_happens_once(ward: Desk) -> None:
    """The second one learns who was faster; the chart keeps the line as stopped."""
    patient_id = without_allergies(ward)
    encounter_id = open_encounter(ward, patient_id)
    (row,) = ward.ask(signing(encounter_id, line(product_id(ward, PARACETAMOL))), Role.DOCTOR).prescriptions
    stop = StopMedication(medication_request_id=row.id, reason="Rash")

    blank = ward.fault(StopMedication(medication_request_id=row.id, reason=" "), Role.DOCTOR)
    stopped = ward.ask(stop, Role.DOCTOR)
    again = ward.fault(stop, by=ward.add_staff(Role.DOCTOR, "Dr Ama Boateng"))
    unknown = ward.fault(
        StopMedication(medication_request_id=MedicationRequestId(999), reason="Rash"), Role.DOCTOR
    )

    assert (blank.field, unknown.code) == ("reason", "prescribing.unknown")
    assert again.code == "prescribing.not_active"
    assert "stopped by Dr Kofi Asante at 09:00" in again.message
    assert ward.ask(GetChart(encounter_id=encounter_id), Role.DOCTOR).prescriptions == [stopped]
    assert ward.events(ChartChanged)[-1].patient_id == patient_id


def test_wrong_lines_name_their_field(ward: Desk) -> None:
    """The same limits as at signing, without a line number."""
    patient_id = without_allergies(ward)
    good = product_id(ward, PARACETAMOL)
    asked = [
        (patient_id, good, "0", "TDS", 5),
        (patient_id, good, "1", "NOW", 5),
        (patient_id, good, "1", "TDS", 0),
        (patient_id, ProductId(999_999), "1", "TDS", 5),
        (PatientId(999), good, "1", "TDS", 5),
    ]

    fields = [
        ward.fault(
            CheckLine(patient_id=who, product_id=what, dose=Decimal(dose), frequency=frequency, days=days),
            Role.DOCTOR,
        ).field
        for who, what, dose, frequency, days in asked
    ]

    assert fields == ["dose", "frequency", "days", "product_id", "patient_id"]


def test_an_imported_medicine_without_numbers_is_shown_and_counted(ward: Desk) -> None:
    """It has a text only; the chart shows it, and the check reads its name."""
    patient_id = without_allergies(ward)
    ward.sql(IMPORTED, (patient_id, ward.now))

    chart = ward.ask(GetChart(encounter_id=open_encounter(ward, patient_id)), Role.DOCTOR)
    findings = check(ward, patient_id, AMOXICILLIN).findings

    (earlier,) = chart.earlier_prescriptions
    assert (earlier.product, earlier.quantity, earlier.prescriber) == (
        "Amoxicillin 250 MG Oral Capsule",
        0,
        None,
    )
    assert [finding.title for finding in findings] == ["Already has Amoxicillin"]


def test_a_later_allergy_does_not_change_what_was_overridden(ward: Desk) -> None:
    """The key of a finding belongs to one allergy."""
    patient_id = allergic_to(ward, "Penicillin")
    (first,) = check(ward, patient_id, AMOXICILLIN).findings
    ward.ask(RecordAllergy(patient_id=patient_id, substance="Amoxicillin"))

    findings = check(ward, patient_id, AMOXICILLIN).findings

    assert len(findings) == 2
    assert first in findings
    assert len({finding.key for finding in findings}) == 2


IMPORTED = """
insert into medication_request (patient_id, product_text, authored_at, source, source_id)
values (%s, 'Amoxicillin 250 MG Oral Capsule', %s, 'file', 'urn:uuid:1')
"""
