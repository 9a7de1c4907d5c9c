"""From the lines of a prescription to orders that have passed every limit and the safety check."""

from datetime import datetime

import msgspec

from hms_server.contract.prescribing import (
    MedicationRequestRow,
    MedicationRequestStatus,
    NewMedicationRequest,
    SafetyFinding,
)
from hms_server.contract.values import MedicationRequestId, Person
from hms_server.faults import Refused
from hms_server.prescribing.checking import findings_of
from hms_server.prescribing.models import OfferedProduct, SigningBasis, offered
from hms_server.prescribing.rules import (
    MAX_OVERRIDE_CHARACTERS,
    MIN_OVERRIDE_LETTERS,
    Dosage,
    checked_dosage,
    checked_instructions,
    directions_for,
    is_reason,
    refuse_quantity,
)
from hms_server.prescribing.safety import needs_reason


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with the prescriber's reason to go on."""

    finding: SafetyFinding
    reason: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A line within its limits, under the number that it will be stored by."""

    id: MedicationRequestId
    product: OfferedProduct
    dosage: Dosage
    quantity: int
    instructions: str
    directions: str
    overrides: list[Override]


def checked_orders(lines: list[NewMedicationRequest], basis: SigningBasis) -> list[Order]:
    """Refused at the first line that breaks a limit, then for all unsafe findings at once."""
    unsafe: dict[str, str] = {}
    orders: list[Order] = []
    for line in lines:
        orders.append(_order(line, basis, above=orders, unsafe=unsafe))
    if unsafe:
        field, title = next(iter(unsafe.items()))
        raise Refused(
            "prescribing.unsafe",
            f"{title}. Choose something else, or say why it is right for this patient.",
            field=field,
            data=unsafe,
        )
    return orders


def order_row(
    order: Order, basis: SigningBasis, *, prescriber: Person, now: datetime
) -> MedicationRequestRow:
    """The row as it will be stored, without asking for it again."""
    return MedicationRequestRow(
        id=order.id,
        encounter_id=basis.encounter_id,
        product=order.product.label,
        dose=order.dosage.dose,
        frequency=order.dosage.frequency.code,
        days=order.dosage.days,
        quantity=order.quantity,
        dispensed=0,
        dispensing_unit=order.product.medicine.dispensing_unit,
        directions=order.directions,
        status=MedicationRequestStatus.ACTIVE,
        prescriber=prescriber,
        authored_at=now,
        overrides={override.finding.title: override.reason for override in order.overrides},
    )


def _order(
    line: NewMedicationRequest, basis: SigningBasis, *, above: list[Order], unsafe: dict[str, str]
) -> Order:
    number = len(above)
    at = f"prescription.{number}."
    product = offered(basis, line.product_id, field=f"{at}product_id")
    dosage = checked_dosage(
        line.dose,
        line.days,
        frequency=line.frequency,
        known={each.code: each for each in basis.frequencies},
        medicine=product.medicine,
        at=at,
    )
    refuse_quantity(line.quantity, at=at)
    instructions = checked_instructions(line.instructions, at=at)
    findings = findings_of(product, basis.patient, beside=[order.product for order in above])
    return Order(
        id=basis.ids[number],
        product=product,
        dosage=dosage,
        quantity=line.quantity,
        instructions=instructions,
        directions=directions_for(product.medicine, dosage, instructions=instructions),
        overrides=_overrides(line, findings, at=at, unsafe=unsafe),
    )


def _overrides(
    line: NewMedicationRequest, findings: list[SafetyFinding], *, at: str, unsafe: dict[str, str]
) -> list[Override]:
    """The reasons for findings that there are (one for a finding that has gone is not kept)."""
    overrides = []
    for finding in findings:
        field = f"{at}overrides.{finding.key}"
        reason = line.overrides.get(finding.key, "").strip()
        if reason:
            overrides.append(Override(finding=finding, reason=_checked_reason(reason, field=field)))
        elif needs_reason(finding):
            unsafe[field] = finding.title
    return overrides


def _checked_reason(reason: str, *, field: str) -> str:
    if not is_reason(reason) or len(reason) > MAX_OVERRIDE_CHARACTERS:
        raise Refused(
            "prescribing.reason",
            f"A reason has at least {MIN_OVERRIDE_LETTERS} letters and at most {MAX_OVERRIDE_CHARACTERS} "
            "characters: the pharmacist will read it.",
            field=field,
        )
    return reason
