"""Functions on medicines: what is in stock, and our own check, which the model only passes on."""

import re

from hms_server.assistant.functions import Arguments, Case, Found, header_of
from hms_server.contract.pharmacy import FindStock
from hms_server.contract.prescribing import CheckMedicines, SafetyFinding
from hms_server.contract.suggestions import SafetyReport
from hms_server.contract.values import PatientId
from hms_server.faults import Refused

MAX_MEDICINES = 20
_PARTED = re.compile(r"[;,\n]|\band\b|\+")
NOT_CHECKED = "Not checked: {names}. Nothing is known of it here."
NOTHING_FOUND = "Nothing was found against it in the clinic's own data."


def stock_of_medicine(case: Case, given: Arguments) -> Found:
    """By name; expired batches do not count."""
    rows = case.asker.ask(FindStock(text=given.needed("medicine", "which medicine"))).rows
    data = [{"medicine": row.product, "in_stock": row.in_stock, "unit": row.dispensing_unit} for row in rows]
    lines = [f"{row.product}: {row.in_stock} {row.dispensing_unit}" for row in rows]
    return Found(data={"stock": data}, lines=lines or ["The formulary has no such medicine."])


def interaction_and_allergy_check(case: Case, given: Arguments) -> Found:
    """Against each other and, with a patient, against allergies and current medicines."""
    named = [part.strip() for part in _PARTED.split(given.needed("medicines", "which medicines"))]
    medicines = [part for part in named if part]
    if len(medicines) > MAX_MEDICINES:
        raise Refused(
            "assistant.argument", f"At most {MAX_MEDICINES} medicines at a time.", field="medicines"
        )
    patient_id = given.patient_id
    report = check(case, medicines, patient_id)
    lines = [f"{one.title}: {one.detail}" for one in report.findings]
    if report.unknown:
        lines.append(NOT_CHECKED.format(names=", ".join(report.unknown)))
    elif not lines:
        lines.append(NOTHING_FOUND)
    data = {
        "checked_by": "the clinic's own check",
        "medicines": report.medicines,
        "findings": [
            {"severity": one.severity.value, "title": one.title, "detail": one.detail}
            for one in report.findings
        ],
        "not_checked": report.unknown,
        "note": "Tell this as it is; do not judge interactions or allergies yourself.",
    }
    return Found(
        data=data,
        lines=lines,
        attachments=[report],
        about=() if patient_id is None else (patient_id,),
    )


def check(case: Case, medicines: list[str], patient_id: PatientId | None) -> SafetyReport:
    """The local check of medicines by name."""
    checked = case.asker.ask(CheckMedicines(medicines=list(medicines), patient_id=patient_id))
    findings: list[SafetyFinding] = checked.findings
    return SafetyReport(
        patient=None if patient_id is None else header_of(case, patient_id),
        medicines=[one.text for one in checked.medicines],
        unknown=checked.not_checked,
        findings=findings,
    )
