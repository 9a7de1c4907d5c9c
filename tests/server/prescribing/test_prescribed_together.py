"""Interactions through the server: at the line, at signing, with imports, and by name for whoever asks."""

from decimal import Decimal

import pytest

from hms_server.contract.prescribing import (
    CheckLine,
    CheckMedicines,
    MedicinesChecked,
    SafetyFinding,
    Severity,
)
from hms_server.contract.values import PatientId, ProductId, Role
from hms_server.prescribing import interactions
from hms_server.reference import ReferenceDataError
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

SIMVASTATIN = "simvastatin-20mg-tablet"
CLARITHROMYCIN = "clarithromycin-500mg-tablet"
KEY = "contraindicated.interaction.clarithromycin.simvastatin"
REASON = "Simvastatin is paused meanwhile"


@pytest.fixture
def ward(desk: Desk) -> Desk:
    stock_formulary(desk)
    return desk


def check(ward: Desk, patient_id: PatientId, code: str, *beside: str) -> list[SafetyFinding]:
    request = CheckLine(
        patient_id=patient_id,
        product_id=product_id(ward, code),
        dose=Decimal(1),
        frequency="OD",
        days=5,
        beside=[product_id(ward, each) for each in beside],
    )
    return ward.ask(request, Role.DOCTOR).findings


def ask(ward: Desk, *medicines: str | ProductId, patient_id: PatientId | None = None) -> MedicinesChecked:
    return ward.ask(CheckMedicines(medicines=list(medicines), patient_id=patient_id), Role.NURSE)


def prescribe(ward: Desk, patient_id: PatientId, *codes: str) -> None:
    lines = [line(product_id(ward, code)) for code in codes]
    ward.ask(signing(open_encounter(ward, patient_id), *lines), Role.DOCTOR)


def test_a_line_is_checked_against_the_lines_above(ward: Desk) -> None:
    """Found once, at the later of the two; with whom it is said."""
    patient_id = without_allergies(ward)

    (finding,) = check(ward, patient_id, CLARITHROMYCIN, SIMVASTATIN)

    assert (finding.key, finding.severity) == (KEY, Severity.CONTRAINDICATED)
    assert finding.title == "Clarithromycin with Simvastatin: do not give together"
    assert finding.detail == "Muscle can break down. Beside Simvastatin 20 mg tablet."
    assert finding.source == "ANSM 2020"
    assert check(ward, patient_id, SIMVASTATIN) == []


def test_signing_wants_one_reason_at_the_later_line(ward: Desk) -> None:
    """The reason is stored with the finding, as for an allergy."""
    encounter_id = open_encounter(ward, without_allergies(ward))
    first, second = product_id(ward, SIMVASTATIN), product_id(ward, CLARITHROMYCIN)

    fault = ward.fault(signing(encounter_id, line(first), line(second)), Role.DOCTOR)
    signed = ward.ask(signing(encounter_id, line(first), line(second, overrides={KEY: REASON})), Role.DOCTOR)

    assert fault.code == "prescribing.unsafe"
    assert list(fault.data) == [f"prescription.1.overrides.{KEY}"]
    assert [row.overrides for row in signed.prescriptions] == [
        {},
        {"Clarithromycin with Simvastatin: do not give together": REASON},
    ]
    assert ward.sql("select severity, finding_key from safety_override") == [("contraindicated", KEY)]


def test_what_the_patient_takes_counts_until_it_is_stopped_or_over(ward: Desk) -> None:
    """The other doctor's prescription of last week."""
    patient_id = without_allergies(ward)
    prescribe(ward, patient_id, SIMVASTATIN)
    ward.pass_time(days=1)

    during = check(ward, patient_id, CLARITHROMYCIN)
    ward.sql("update medication_request set status = 'completed', dispensed = quantity")
    ward.pass_time(days=10)
    afterwards = check(ward, patient_id, CLARITHROMYCIN)

    assert [finding.key for finding in during] == [KEY]
    assert during[0].detail.endswith("prescribed on 02/03/2026.")
    assert afterwards == []


def test_care_and_warnings_need_no_reason(ward: Desk) -> None:
    """Two medicines that are often given together are signed as they stand."""
    patient_id = without_allergies(ward)
    findings = check(ward, patient_id, "amlodipine-5mg-tablet", SIMVASTATIN)

    prescribe(ward, patient_id, SIMVASTATIN, "amlodipine-5mg-tablet")

    assert [(finding.severity, finding.quiet) for finding in findings] == [(Severity.WARNING, True)]


def test_an_imported_medicine_interacts_by_its_name(ward: Desk) -> None:
    patient_id = without_allergies(ward)
    ward.sql(IMPORTED, (patient_id, ward.now))

    findings = check(ward, patient_id, CLARITHROMYCIN)

    assert [finding.key for finding in findings] == [KEY]


@pytest.mark.allow_log("interactions cannot be checked")
def test_without_the_table_the_second_medicine_needs_a_reason(
    ward: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is gone: that is said, and nobody signs over it unknowingly."""
    patient_id = without_allergies(ward)
    monkeypatch.setattr(interactions, "_shipped", _broken)
    first, second = product_id(ward, SIMVASTATIN), product_id(ward, CLARITHROMYCIN)

    alone = check(ward, patient_id, SIMVASTATIN)
    findings = check(ward, patient_id, CLARITHROMYCIN, SIMVASTATIN)
    fault = ward.fault(signing(open_encounter(ward, patient_id), line(first), line(second)), Role.DOCTOR)
    asked = ask(ward, "warfarin", "aspirin")

    assert alone == []
    assert [finding.title for finding in findings] == ["Interactions: NOT CHECKED"]
    assert fault.field == "prescription.1.overrides.not_checked.interactions"
    assert asked.not_checked == ["warfarin", "aspirin"]
    assert "Interactions: NOT CHECKED" in {finding.title for finding in asked.findings}


def test_names_are_checked_against_each_other(ward: Desk) -> None:
    """Also those that the formulary does not have; brands that nobody knows are named as not checked."""
    checked = ask(ward, "Warfarin 3 mg", "aspirin", "lithium", product_id(ward, SIMVASTATIN), "Coartem")

    assert [medicine.ingredients for medicine in checked.medicines] == [
        ["Warfarin"],
        ["Acetylsalicylic acid"],
        ["Lithium"],
        ["Simvastatin"],
        [],
    ]
    assert [(finding.severity, finding.title) for finding in checked.findings] == [
        (Severity.WARNING, "Acetylsalicylic acid with Warfarin: better not together"),
        (Severity.NOT_CHECKED, "“Coartem” is not known to this system: NOT CHECKED"),
        (Severity.WARNING, "Simvastatin with Warfarin: take care"),
    ]
    assert checked.not_checked == ["Coartem"]


def test_the_lowest_grade_is_told_to_whoever_asks(ward: Desk) -> None:
    assert [finding.grade for finding in ask(ward, "enalapril", "losartan").findings] == ["minor"]


def test_a_brand_and_its_generic_are_the_same_medicine_twice(ward: Desk) -> None:
    checked = ask(ward, "PCM", "Acetaminophen 500 MG tablet")

    assert [finding.title for finding in checked.findings] == [
        "PCM and Acetaminophen 500 MG tablet both contain Paracetamol"
    ]
    assert checked.not_checked == []


def test_for_a_patient_names_are_checked_against_allergies_and_medicines(ward: Desk) -> None:
    patient_id = allergic_to(ward, "Penicillin")
    prescribe(ward, patient_id, SIMVASTATIN)

    checked = ask(ward, "ampicillin", "clarithromycin", "Mist. alba", patient_id=patient_id)

    assert [finding.key for finding in checked.findings if finding.severity == "contraindicated"] == [
        "contraindicated.allergy.1",
        KEY,
    ]
    assert checked.not_checked == ["Mist. alba"]
    assert any("Mist. alba is not known" in finding.title for finding in checked.findings)
    assert ward.sql("select patients from audit where request = 'CheckMedicines'") == [([patient_id],)]


def test_what_is_without_data_is_named(ward: Desk) -> None:
    """Artemether is in no source, lumefantrine is: both are said."""
    checked = ask(ward, product_id(ward, "artemether-lumefantrine-80mg-480mg-tablet"), "domperidone")

    assert checked.not_checked == ["Artemether"]
    assert [finding.title for finding in checked.findings] == [
        "Domperidone with Lumefantrine: do not give together",
        "Interactions of Artemether: NOT CHECKED",
    ]


@pytest.mark.parametrize(
    ("medicines", "field"),
    [
        ([], "medicines"),
        (["aspirin"] * 21, "medicines"),
        (["aspirin", " "], "medicines.1"),
        (["x" * 201], "medicines.0"),
        (["aspirin", ProductId(999_999)], "medicines.1"),
    ],
)
def test_wrong_questions_name_their_place(ward: Desk, medicines: list[str | ProductId], field: str) -> None:
    assert ward.fault(CheckMedicines(medicines=medicines), Role.PHARMACIST).field == field


def test_an_unknown_patient_is_refused(ward: Desk) -> None:
    request = CheckMedicines(medicines=["aspirin"], patient_id=PatientId(999))

    assert ward.fault(request, Role.DOCTOR).field == "patient_id"


def _broken() -> None:
    raise ReferenceDataError("interactions.csv:7: severity: Invalid enum value 'grave'.")


IMPORTED = """
insert into medication_request (patient_id, product_text, authored_at, source, source_id)
values (%s, 'Simvastatin 20 MG Oral Tablet', %s, 'file', 'urn:uuid:1')
"""
