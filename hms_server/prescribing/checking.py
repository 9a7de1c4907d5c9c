"""The one safety check, the same while a doctor chooses, at signing and when a medicine is handed over."""

from collections.abc import Sequence

import msgspec

from hms_server.contract.prescribing import CheckLine, LineChecked, SafetyFinding
from hms_server.contract.values import PatientId, ProductId
from hms_server.patients.queries import unknown_patient
from hms_server.prescribing.models import CHECK_BASIS, CheckBasis, offered
from hms_server.prescribing.rules import checked_dosage, quantity_for
from hms_server.prescribing.safety import findings_for
from hms_server.work import Work


def check(
    work: Work, patient_id: PatientId, product_ids: Sequence[ProductId]
) -> dict[ProductId, list[SafetyFinding]]:
    """What is known against each of the products for this patient, the gravest first."""
    basis = _basis(work, patient_id, product_ids)
    return {product.id: findings_for(product, basis.patient) for product in basis.products}


def check_line(work: Work, request: CheckLine) -> LineChecked:
    """What signing will say of the line as it stands now, and how much it comes to."""
    basis = _basis(work, request.patient_id, [request.product_id], frequencies=[request.frequency])
    product = offered(basis, request.product_id, field="product_id")
    dosage = checked_dosage(
        request.dose,
        request.days,
        frequency=request.frequency,
        known={each.code: each for each in basis.frequencies},
        medicine=product.medicine,
        at="",
    )
    return LineChecked(
        findings=findings_for(product, basis.patient),
        quantity=quantity_for(product.medicine, dosage),
        in_stock=product.in_stock,
    )


def _basis(
    work: Work,
    patient_id: PatientId,
    product_ids: Sequence[ProductId],
    *,
    frequencies: Sequence[str] = (),
) -> CheckBasis:
    params = {
        "patient_id": patient_id,
        "product_ids": list(product_ids),
        "frequencies": list(frequencies),
        "now": work.now,
    }
    stored = work.value(CHECK_BASIS, params)
    if stored is None:
        raise unknown_patient()
    work.concerns(patient_id)
    return msgspec.json.decode(stored, type=CheckBasis)
