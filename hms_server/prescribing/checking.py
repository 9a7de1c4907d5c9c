"""The one safety check, the same while a doctor chooses, at signing and when a medicine is handed over."""

from collections.abc import Sequence

import msgspec

from hms_server.contract.prescribing import CheckLine, LineChecked, SafetyFinding
from hms_server.contract.values import PatientId, ProductId
from hms_server.patients.queries import unknown_patient
from hms_server.prescribing.interactions import interaction_table
from hms_server.prescribing.models import CHECK_BASIS, CheckBasis, OfferedProduct, offered
from hms_server.prescribing.rules import checked_dosage, quantity_for
from hms_server.prescribing.safety import PatientFacts, findings_for, gravest_first
from hms_server.prescribing.together import interactions_of, running, taken
from hms_server.work import Work


def check(
    work: Work, patient_id: PatientId, product_ids: Sequence[ProductId]
) -> dict[ProductId, list[SafetyFinding]]:
    """What is known against each of the products for this patient, the gravest first."""
    basis = basis_for(work, patient_id, product_ids)
    return {product.id: findings_of(product, basis.patient) for product in basis.products}


def check_line(work: Work, request: CheckLine) -> LineChecked:
    """What signing will say of the line as it stands now, and how much it comes to."""
    product_ids = [request.product_id, *request.beside]
    basis = basis_for(work, request.patient_id, product_ids, frequencies=[request.frequency])
    product = offered(basis, request.product_id, field="product_id")
    dosage = checked_dosage(
        request.dose,
        request.days,
        frequency=request.frequency,
        known={each.code: each for each in basis.frequencies},
        medicine=product.medicine,
        at="",
    )
    beside = [each for each in basis.products if each.id in request.beside and each.id != product.id]
    return LineChecked(
        findings=findings_of(product, basis.patient, beside=beside),
        quantity=quantity_for(product.medicine, dosage),
        in_stock=product.in_stock,
    )


def findings_of(
    product: OfferedProduct, patient: PatientFacts, *, beside: Sequence[OfferedProduct] = ()
) -> list[SafetyFinding]:
    """Allergies, doubled medicines and interactions; `beside` are the lines above this one."""
    table = interaction_table()
    others = [taken(each, route=each.medicine.route) for each in beside]
    found = interactions_of(
        taken(product, route=product.medicine.route), [*others, *running(patient, table)], table
    )
    return gravest_first([*findings_for(product, patient), *found])


def basis_for(
    work: Work,
    patient_id: PatientId,
    product_ids: Sequence[ProductId],
    *,
    frequencies: Sequence[str] = (),
) -> CheckBasis:
    """What the check needs to know of patient and products, in one statement."""
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
