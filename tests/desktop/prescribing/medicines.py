"""Products, frequencies and findings that tests and pictures of prescriptions share."""

from decimal import Decimal

from hms_server.contract.prescribing import (
    CheckLine,
    Frequency,
    InteractionGrade,
    LineChecked,
    MedicationRequestRow,
    MedicationRequestStatus,
    ProductRow,
    SafetyFinding,
    Severity,
)
from hms_server.contract.values import EncounterId, MedicationRequestId, Person, ProductId, StaffId
from tests.desktop.samples import NOW


def product(number: int, name: str, strength: str, form: str, *, in_stock: int = 640) -> ProductRow:
    return ProductRow(
        id=ProductId(number),
        code=f"{name.lower()}-{number}",
        name=name,
        form=form,
        strength=strength,
        route="oral",
        dispensing_unit=form,
        usual_dose=f"1 {form}",
        units_per_dose=Decimal(1),
        dispensed_whole=False,
        usual_frequency="TDS",
        usual_days=7,
        in_stock=in_stock,
        controlled=False,
        dose_unit=form,
    )


AMOXICILLIN = product(1, "Amoxicillin", "500 mg", "capsule")
PARACETAMOL = product(2, "Paracetamol", "500 mg", "tablet")
SYRUP = product(3, "Amoxicillin and clavulanic acid", "228.5 mg/5 mL", "powder for suspension", in_stock=0)
PRODUCTS = [AMOXICILLIN, PARACETAMOL, SYRUP]

FREQUENCIES = [
    Frequency(code="OD", text="once a day", times_per_day=Decimal(1), once=False, as_needed=False),
    Frequency(code="BD", text="twice a day", times_per_day=Decimal(2), once=False, as_needed=False),
    Frequency(code="TDS", text="three times a day", times_per_day=Decimal(3), once=False, as_needed=False),
    Frequency(
        code="Q6HPRN", text="every 6 hours if needed", times_per_day=Decimal(4), once=False, as_needed=True
    ),
]
ALLERGIC = SafetyFinding(
    key="contraindicated.allergy.1",
    severity=Severity.CONTRAINDICATED,
    title="Allergic to Penicillin",
    detail="Amoxicillin is a penicillin. Recorded reaction: anaphylaxis, 2023.",
)
NOT_ASKED = SafetyFinding(
    key="not_checked.allergies",
    severity=Severity.NOT_CHECKED,
    title="Nobody has asked this patient about allergies: NOT CHECKED",
    detail="Ask now, and record the answer in the banner.",
)
ALREADY = SafetyFinding(
    key="warning.same.4",
    severity=Severity.WARNING,
    title="Already has paracetamol",
    detail="Paracetamol 500 mg tablet, prescribed on 12/11/2026.",
)

NOT_TOGETHER = SafetyFinding(
    key="contraindicated.interaction.clarithromycin.simvastatin",
    severity=Severity.CONTRAINDICATED,
    title="Clarithromycin with Simvastatin: do not give together",
    detail="Muscle can break down. Beside Simvastatin 20 mg tablet, prescribed on 12/11/2026.",
    grade=InteractionGrade.CONTRAINDICATED,
    source="ANSM 2020",
)
TAKE_CARE = SafetyFinding(
    key="warning.interaction.paracetamol.warfarin",
    severity=Severity.WARNING,
    title="Paracetamol with Warfarin: take care",
    detail="Bleeding is more likely. Beside Warfarin 5 mg tablet.",
    quiet=True,
    grade=InteractionGrade.MODERATE,
    source="ANSM 2020",
)
NO_DATA = SafetyFinding(
    key="not_checked.interaction.artemether",
    severity=Severity.NOT_CHECKED,
    title="Interactions of Artemether: NOT CHECKED",
    detail="No source of this system says anything about it.",
    quiet=True,
)


def count_line(request: CheckLine) -> LineChecked:
    """What the server says: amoxicillin is what this patient must not have."""
    times = {"OD": 1, "BD": 2, "TDS": 3, "Q6HPRN": 4}[request.frequency]
    return LineChecked(
        findings=[ALLERGIC] if request.product_id == AMOXICILLIN.id else [],
        quantity=int(request.dose * times * request.days),
        in_stock=next(each.in_stock for each in PRODUCTS if each.id == request.product_id),
    )


def signed(number: int, name: str, directions: str, *, dispensed: int = 0) -> MedicationRequestRow:
    return MedicationRequestRow(
        id=MedicationRequestId(number),
        encounter_id=EncounterId(114),
        product=name,
        dose=Decimal(1),
        frequency="TDS",
        days=7,
        quantity=21,
        dispensed=dispensed,
        dispensing_unit="capsule",
        directions=directions,
        status=MedicationRequestStatus.ACTIVE,
        prescriber=Person(id=StaffId(1), name="Dr Ngozi Eze"),
        authored_at=NOW,
        overrides={},
    )
