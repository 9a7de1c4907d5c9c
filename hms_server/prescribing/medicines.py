"""Medicines by name, also those that no formulary has, checked against each other and for a patient."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec

from hms_server.consultations.rules import required_words
from hms_server.contract.prescribing import (
    CheckMedicines,
    MedicinesChecked,
    NamedMedicine,
    SafetyFinding,
    Severity,
)
from hms_server.contract.values import ProductId
from hms_server.faults import Refused
from hms_server.prescribing.checking import basis_for
from hms_server.prescribing.interactions import InteractionTable, interaction_table
from hms_server.prescribing.models import INGREDIENTS, PRODUCTS, OfferedProduct
from hms_server.prescribing.safety import (
    PatientFacts,
    ProductIngredient,
    ProductIngredients,
    findings_for,
    gravest_first,
)
from hms_server.prescribing.together import (
    TABLE_AWAY,
    Taken,
    known_interactions,
    named,
    running,
    taken,
    without_data,
)
from hms_server.work import Work

MAX_MEDICINES = 20
MAX_NAME_CHARACTERS = 200
NAME = "The name of the medicine"
NO_PRODUCT = ProductId(0)


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    """A medicine as it was asked for, with what the two checks need of it."""

    text: str
    product: ProductIngredients
    taken: Taken


def check_medicines(work: Work, request: CheckMedicines) -> MedicinesChecked:
    """Each medicine against those before it and against what the patient has; the gravest finding first."""
    asked = _checked_form(request.medicines)
    table = interaction_table()
    patient, products = _basis(work, request)
    medicines = _understood(work, asked, products, table)
    findings = _findings(medicines, patient, table)
    return MedicinesChecked(
        medicines=[
            NamedMedicine(text=each.text, ingredients=[_name(slug, table) for slug in each.taken.ingredients])
            for each in medicines
        ],
        findings=gravest_first({(each.key, each.title): each for each in findings}.values()),
        not_checked=list(dict.fromkeys(_not_checked(medicines, patient, table))),
    )


def _checked_form(medicines: Sequence[str | ProductId]) -> list[str | ProductId]:
    if not 1 <= len(medicines) <= MAX_MEDICINES:
        raise Refused(
            "prescribing.medicines",
            f"Name 1 to {MAX_MEDICINES} medicines, not {len(medicines)}.",
            field="medicines",
        )
    return [
        required_words(each, field=f"medicines.{number}", what=NAME, at_most=MAX_NAME_CHARACTERS)
        if isinstance(each, str)
        else each
        for number, each in enumerate(medicines)
    ]


def _basis(work: Work, request: CheckMedicines) -> tuple[PatientFacts | None, list[OfferedProduct]]:
    ids = [each for each in request.medicines if not isinstance(each, str)]
    if request.patient_id is not None:
        basis = basis_for(work, request.patient_id, ids)
        return basis.patient, basis.products
    if not ids:
        return None, []
    stored = work.value(PRODUCTS, {"product_ids": ids, "now": work.now})
    return None, msgspec.json.decode(stored, type=list[OfferedProduct])


def _understood(
    work: Work,
    asked: Sequence[str | ProductId],
    products: Sequence[OfferedProduct],
    table: InteractionTable | None,
) -> list[_Named]:
    by_id = {product.id: product for product in products}
    by_name = {text: named(text, table) for text in asked if isinstance(text, str)}
    facts = _facts(work, {slug for each in by_name.values() for slug in each.ingredients})
    return [
        _by_name(by_name[each], facts)
        if isinstance(each, str)
        else _by_product(by_id.get(each), field=f"medicines.{number}")
        for number, each in enumerate(asked)
    ]


def _facts(work: Work, slugs: set[str]) -> dict[str, ProductIngredient]:
    if not slugs:
        return {}
    stored = work.value(INGREDIENTS, {"slugs": sorted(slugs)})
    return {each.slug: each for each in msgspec.json.decode(stored, type=list[ProductIngredient])}


def _by_name(medicine: Taken, facts: dict[str, ProductIngredient]) -> _Named:
    text = medicine.label
    slugs = medicine.ingredients
    ingredients = [facts.get(slug, ProductIngredient(slug=slug, facts=None)) for slug in slugs]
    product = ProductIngredients(id=NO_PRODUCT, label=text, name=text, ingredients=ingredients)
    return _Named(text=text, product=product, taken=medicine)


def _by_product(product: OfferedProduct | None, *, field: str) -> _Named:
    if product is None:
        raise Refused(
            "prescribing.product_unknown",
            "The formulary does not offer this product any more. Search for another one.",
            field=field,
        )
    return _Named(text=product.label, product=product, taken=taken(product, route=product.medicine.route))


def _findings(
    medicines: Sequence[_Named], patient: PatientFacts | None, table: InteractionTable | None
) -> Iterator[SafetyFinding]:
    taking = running(patient, table) if patient else []
    for number, each in enumerate(medicines):
        if patient is not None:
            yield from findings_for(each.product, patient)
        if table is not None:
            before = [*(other.taken for other in medicines[:number]), *taking]
            yield from known_interactions(each.taken, before, table, minor=True)
            yield from without_data(each.taken, taking, table)
    yield from _doubled(medicines, table)
    if table is None:
        yield TABLE_AWAY
    for each in medicines:
        # For a patient, the check of allergies has said already of which it knows nothing.
        if not each.taken.whole and (patient is None or each.taken.ingredients):
            yield _unknown(each.taken)


def _doubled(medicines: Sequence[_Named], table: InteractionTable | None) -> Iterator[SafetyFinding]:
    """A brand and its generic name are the same medicine twice."""
    for one, other in combinations(medicines, 2):
        for slug in sorted(set(one.taken.ingredients) & set(other.taken.ingredients)):
            yield SafetyFinding(
                key=f"{Severity.WARNING}.both.{slug}",
                severity=Severity.WARNING,
                title=f"{one.text} and {other.text} both contain {_name(slug, table)}",
                detail="Together they may be too much.",
            )


def _not_checked(
    medicines: Sequence[_Named], patient: PatientFacts | None, table: InteractionTable | None
) -> Iterator[str]:
    for each in medicines:
        if table is None or not each.taken.whole:
            yield each.text
        if table is not None:
            yield from (table.name(slug) for slug in each.taken.ingredients if not table.lists(slug))
    for other in running(patient, table) if patient else ():
        if not other.whole:
            yield other.label


def _unknown(medicine: Taken) -> SafetyFinding:
    known = "known only in part" if medicine.ingredients else "not known"
    return SafetyFinding(
        key=f"{Severity.NOT_CHECKED}.medicine.{medicine.label}",
        severity=Severity.NOT_CHECKED,
        title=f"“{medicine.label}” is {known} to this system: NOT CHECKED",
        detail="Ask for it by the names of all its ingredients.",
    )


def _name(slug: str, table: InteractionTable | None) -> str:
    return table.name(slug) if table else slug
