"""The safety check, as pure rules: what a product means for this patient, and what could not be checked.

Contraindicated and not checked need a reason to go on, a warning only has to be seen.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from hms_server.contract.consultations import AllergyStatus
from hms_server.contract.prescribing import SafetyFinding, Severity
from hms_server.contract.values import AllergyId, MedicationRequestId, ProductId
from hms_server.patients.names import fold

NEEDS_REASON = frozenset({Severity.CONTRAINDICATED, Severity.NOT_CHECKED})
_SIGNS = re.compile(r"[^\w-]+")


class ClassFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An allergy class; without a name, the reference data lacks what it refers to."""

    slug: str
    name: str | None
    words: list[str] | None
    note: str | None
    cross_reacts_with: list[str] | None


class AllergenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An ingredient with its classes, or a class, which is its own only class."""

    slug: str
    name: str
    words: list[str]
    classes: list[ClassFacts]


class AllergyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded allergy; `allergen` None: the reference data does not know the substance."""

    id: AllergyId
    substance: str
    reaction: str
    allergen: AllergenFacts | None


class RunningMedicine(msgspec.Struct, frozen=True, kw_only=True):
    """A prescription whose course is not over; an imported one has neither ingredients nor a route."""

    id: MedicationRequestId
    product: str
    ingredients: list[str]
    authored_at: datetime
    route: str = ""


class PatientFacts(msgspec.Struct, frozen=True, kw_only=True):
    allergy_status: AllergyStatus
    allergies: list[AllergyFacts]
    medicines: list[RunningMedicine]


class ProductIngredient(msgspec.Struct, frozen=True, kw_only=True):
    slug: str
    facts: AllergenFacts | None


class ProductIngredients(msgspec.Struct, frozen=True, kw_only=True):
    id: ProductId
    label: str
    name: str
    ingredients: list[ProductIngredient]


def findings_for(product: ProductIngredients, patient: PatientFacts) -> list[SafetyFinding]:
    """What allergies and running medicines say against this product, the gravest first."""
    found = [*_unknown(product), *_allergic(product, patient), *_doubled(product, patient.medicines)]
    return gravest_first(found)


def gravest_first(findings: Iterable[SafetyFinding]) -> list[SafetyFinding]:
    """In the order in which they are read; what only informs comes last."""
    order = list(Severity)
    return sorted(findings, key=lambda finding: (finding.quiet, order.index(finding.severity)))


def needs_reason(finding: SafetyFinding) -> bool:
    """Whether nobody may go on without saying why."""
    return finding.severity in NEEDS_REASON and not finding.quiet


def _unknown(product: ProductIngredients) -> Iterator[SafetyFinding]:
    if not product.ingredients:
        yield _not_checked("product", product.label, "What it contains is not recorded.")
    for ingredient in product.ingredients:
        if ingredient.facts is None:
            yield _not_checked(f"ingredient.{ingredient.slug}", ingredient.slug, _MISSING)
            continue
        for each in ingredient.facts.classes:
            if each.name is None:
                yield _not_checked(f"class.{each.slug}", each.slug, _MISSING)


def _allergic(product: ProductIngredients, patient: PatientFacts) -> Iterator[SafetyFinding]:
    if patient.allergy_status is AllergyStatus.NOT_ASKED:
        yield SafetyFinding(
            key="not_checked.allergies",
            severity=Severity.NOT_CHECKED,
            title="Nobody has asked this patient about allergies: NOT CHECKED",
            detail="Ask now, and record the answer in the banner.",
        )
    for allergy in patient.allergies:
        finding = _against(allergy, product)
        if finding is not None:
            yield finding


def _against(allergy: AllergyFacts, product: ProductIngredients) -> SafetyFinding | None:
    """The gravest finding that one allergy gives."""
    known = [each.facts for each in product.ingredients if each.facts is not None]
    named = _named(allergy, product, known)
    if named is not None:
        return _finding(Severity.CONTRAINDICATED, allergy, f"{product.name} contains it.")
    if allergy.allergen is None:
        return _not_checked(f"allergy.{allergy.id}", f"“{allergy.substance}”", _FREE_TEXT)
    if any(each.name is None for each in allergy.allergen.classes):
        return _not_checked(f"allergy.{allergy.id}", f"“{allergy.substance}”", _MISSING)
    for facts in known:
        shared = _first_shared(allergy.allergen, facts)
        if shared is not None:
            why = f"{facts.name} belongs to the same class: {shared.name}. {shared.note or ''}"
            return _finding(Severity.CONTRAINDICATED, allergy, why)
    for facts in known:
        crossing = _first_crossing(allergy.allergen, facts)
        if crossing is not None:
            why = f"{facts.name} may cross-react. {crossing.note or ''}"
            return _finding(Severity.WARNING, allergy, why)
    return None


def _named(
    allergy: AllergyFacts, product: ProductIngredients, known: list[AllergenFacts]
) -> AllergenFacts | str | None:
    """What of the product the allergy names itself: by slug, or in the words of a free text."""
    if allergy.allergen is not None:
        return next((each for each in known if each.slug == allergy.allergen.slug), None)
    spellings = {product.name, *(each.slug for each in product.ingredients)}
    for facts in known:
        spellings |= {*facts.words, *(word for each in facts.classes for word in each.words or ())}
    return next((each for each in spellings if _mentions(allergy.substance, each)), None)


def _first_shared(allergen: AllergenFacts, facts: AllergenFacts) -> ClassFacts | None:
    mine = {each.slug for each in allergen.classes}
    return next((each for each in facts.classes if each.slug in mine), None)


def _first_crossing(allergen: AllergenFacts, facts: AllergenFacts) -> ClassFacts | None:
    """The class that says that the two cross-react, whichever of them says so."""
    for each in allergen.classes:
        if _reaches(each, [facts.slug, *(other.slug for other in facts.classes)]):
            return each
    mine = [allergen.slug, *(each.slug for each in allergen.classes)]
    return next((each for each in facts.classes if _reaches(each, mine)), None)


def _reaches(origin: ClassFacts, slugs: Iterable[str]) -> bool:
    return not set(origin.cross_reacts_with or ()).isdisjoint(slugs)


def _doubled(product: ProductIngredients, medicines: list[RunningMedicine]) -> Iterator[SafetyFinding]:
    for medicine in medicines:
        same = [each for each in product.ingredients if _contains(medicine, each)]
        if same:
            names = ", ".join(each.facts.name if each.facts else each.slug for each in same)
            yield SafetyFinding(
                key=f"warning.same.{medicine.id}",
                severity=Severity.WARNING,
                title=f"Already has {names}",
                detail=f"{medicine.product}, prescribed on {medicine.authored_at:%d/%m/%Y}.",
            )


def _contains(medicine: RunningMedicine, ingredient: ProductIngredient) -> bool:
    """Imported medicines are text: what they contain can only be read out of their name."""
    if medicine.ingredients:
        return ingredient.slug in medicine.ingredients
    words = ingredient.facts.words if ingredient.facts else [ingredient.slug]
    return any(_mentions(medicine.product, word) for word in words)


def _mentions(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words; a plural counts."""
    words = f" {_plain(phrase)}"
    return any(f"{words}{ending} " in f" {_plain(text)} " for ending in ("", "s"))


def _plain(text: str) -> str:
    return " ".join(_SIGNS.sub(" ", fold(text)).split())


def _finding(severity: Severity, allergy: AllergyFacts, why: str) -> SafetyFinding:
    reaction = f" Reaction: {allergy.reaction}." if allergy.reaction else ""
    return SafetyFinding(
        key=f"{severity}.allergy.{allergy.id}",
        severity=severity,
        title=f"Allergic to {allergy.substance}",
        detail=f"{why.strip()}{reaction}",
    )


def _not_checked(what: str, name: str, why: str) -> SafetyFinding:
    return SafetyFinding(
        key=f"{Severity.NOT_CHECKED}.{what}",
        severity=Severity.NOT_CHECKED,
        title=f"{name} is not known to this system: NOT CHECKED",
        detail=why,
    )


_FREE_TEXT = "This allergy is kept as text, so no medicine can be compared with it. Compare it yourself."
_MISSING = "The reference data of this system lacks it. Check it yourself, and tell whoever keeps the system."
