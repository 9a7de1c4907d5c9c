"""Which findings an allergy gives against which product: golden pairs on our own reference data."""

from datetime import UTC, datetime
from functools import cache

import pytest

from hms_server.contract.consultations import AllergyStatus
from hms_server.contract.prescribing import SafetyFinding, Severity
from hms_server.contract.values import AllergyId, MedicationRequestId, ProductId
from hms_server.prescribing.safety import (
    AllergenFacts,
    AllergyFacts,
    ClassFacts,
    PatientFacts,
    ProductIngredient,
    ProductIngredients,
    RunningMedicine,
    findings_for,
)
from hms_server.reference import (
    allergens_by_word,
    find_allergen,
    load_classes,
    load_formulary,
    load_ingredients,
)

YESTERDAY = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@cache
def facts() -> dict[str, AllergenFacts]:
    classes = {
        item.slug: ClassFacts(
            slug=item.slug,
            name=item.name,
            words=[item.name.lower(), *(word.lower() for word in item.synonyms)],
            note=item.note,
            cross_reacts_with=list(item.cross_reacts_with),
        )
        for item in load_classes()
    }
    known = {
        slug: AllergenFacts(slug=slug, name=each.name or "", words=each.words or [], classes=[each])
        for slug, each in classes.items()
    }
    for item in load_ingredients():
        words = [item.name.lower(), *(word.lower() for word in item.synonyms)]
        mine = [classes[slug] for slug in item.classes]
        known[item.slug] = AllergenFacts(slug=item.slug, name=item.name, words=words, classes=mine)
    return known


def product(name: str) -> ProductIngredients:
    found = next(item for item in load_formulary() if item.name == name)
    ingredients = [ProductIngredient(slug=slug, facts=facts().get(slug)) for slug in found.ingredients]
    return ProductIngredients(id=ProductId(1), label=found.label, name=found.name, ingredients=ingredients)


def allergic(*substances: str, reaction: str = "") -> PatientFacts:
    words = allergens_by_word(load_ingredients(), load_classes())
    allergies = [
        AllergyFacts(
            id=AllergyId(number),
            substance=substance,
            reaction=reaction,
            allergen=facts().get(find_allergen(substance, words) or ""),
        )
        for number, substance in enumerate(substances, 1)
    ]
    status = AllergyStatus.RECORDED if substances else AllergyStatus.NONE_KNOWN
    return PatientFacts(allergy_status=status, allergies=allergies, medicines=[])


def severities(findings: list[SafetyFinding]) -> list[Severity]:
    return [finding.severity for finding in findings]


@pytest.mark.parametrize(
    ("name", "substance", "severity"),
    [
        ("Amoxicillin", "Penicillin", Severity.CONTRAINDICATED),
        ("Amoxicillin", "amoxycillin", Severity.CONTRAINDICATED),
        ("Amoxicillin", "Ampicillin", Severity.CONTRAINDICATED),
        ("Amoxicillin + clavulanic acid", "Penicillin", Severity.CONTRAINDICATED),
        ("Amoxicillin + clavulanic acid", "clavulanate", Severity.CONTRAINDICATED),
        ("Cefuroxime", "Penicillin", Severity.WARNING),
        ("Cefuroxime", "amoxicillin", Severity.WARNING),
        ("Amoxicillin", "cephalosporin", Severity.WARNING),
        ("Sulfamethoxazole + trimethoprim", "sulfa", Severity.CONTRAINDICATED),
        ("Sulfamethoxazole + trimethoprim", "co-trimoxazole", Severity.CONTRAINDICATED),
        ("Sulfamethoxazole + trimethoprim", "trimethoprim", Severity.CONTRAINDICATED),
        ("Ibuprofen", "aspirin", Severity.CONTRAINDICATED),
        ("Ibuprofen", "Allergy to NSAID", Severity.CONTRAINDICATED),
        ("Lisinopril", "losartan", Severity.WARNING),
        ("Paracetamol", "PCM", Severity.CONTRAINDICATED),
    ],
)
def test_an_allergy_is_found(name: str, substance: str, severity: Severity) -> None:
    """By ingredient, by another name, by class, and as a warning by a class that cross-reacts."""
    findings = findings_for(product(name), allergic(substance))

    assert severities(findings) == [severity]
    assert findings[0].title == f"Allergic to {substance}"


@pytest.mark.parametrize(
    ("name", "substance"),
    [
        ("Artemether + lumefantrine", "Penicillin"),
        ("Artemether + lumefantrine", "aspirin"),
        ("Paracetamol", "Penicillin"),
        ("Amoxicillin", "groundnut"),
        ("Furosemide", "sulfa"),
        ("Chlorhexidine", "shellfish"),
    ],
)
def test_what_is_unrelated_is_silent(name: str, substance: str) -> None:
    """A check that cries at everything is not read."""
    assert findings_for(product(name), allergic(substance)) == []


def test_the_note_and_the_reaction_stand_in_the_detail() -> None:
    """Who decides reads why, and what happened the last time."""
    (finding,) = findings_for(product("Cefuroxime"), allergic("Penicillin", reaction="swollen face"))

    assert "1 of 50" in finding.detail
    assert "Reaction: swollen face." in finding.detail


def test_a_text_that_nobody_knows_is_not_checked_and_says_so() -> None:
    """An allergy that cannot be compared with anything is as loud as a finding, and named."""
    (finding,) = findings_for(product("Paracetamol"), allergic("Julphar syrup"))

    assert finding.severity is Severity.NOT_CHECKED
    assert finding.title == "“Julphar syrup” is not known to this system: NOT CHECKED"


@pytest.mark.parametrize(
    "text", ["rash after Amoxicillin capsules", "PENICILLIN V, as a child", "amoxicillins"]
)
def test_a_text_that_names_the_medicine_is_a_finding(text: str) -> None:
    """Free text is read at least for the names of what is being prescribed."""
    findings = findings_for(product("Amoxicillin"), allergic(text))

    assert severities(findings) == [Severity.CONTRAINDICATED]


def test_nobody_asked_is_not_the_same_as_none() -> None:
    """Without an answer about allergies nothing can be checked; with "none known" there is nothing to say."""
    unasked = PatientFacts(allergy_status=AllergyStatus.NOT_ASKED, allergies=[], medicines=[])

    (finding,) = findings_for(product("Paracetamol"), unasked)

    assert finding.title.startswith("Nobody has asked this patient about allergies")
    assert finding.severity is Severity.NOT_CHECKED
    assert findings_for(product("Paracetamol"), allergic()) == []


def test_each_allergy_has_a_finding_of_its_own_and_the_gravest_comes_first() -> None:
    """An override belongs to one finding: the keys of different allergies and severities differ."""
    findings = findings_for(product("Cefuroxime"), allergic("Penicillin", "Julphar syrup", "cefuroxime"))

    assert severities(findings) == [Severity.CONTRAINDICATED, Severity.WARNING, Severity.NOT_CHECKED]
    assert len({finding.key for finding in findings}) == 3


def test_missing_reference_data_is_said() -> None:
    """An ingredient, a class or an allergen that the data lack is never silence."""
    amoxicillin = product("Amoxicillin")
    bare = ProductIngredient(slug="amoxicillin", facts=None)
    lost = ClassFacts(slug="penicillins", name=None, words=None, note=None, cross_reacts_with=None)
    torn = AllergenFacts(slug="amoxicillin", name="Amoxicillin", words=["amoxicillin"], classes=[lost])
    variants = [
        ProductIngredients(id=amoxicillin.id, label="", name="Amoxicillin", ingredients=ingredients)
        for ingredients in ([], [bare], [ProductIngredient(slug="amoxicillin", facts=torn)])
    ]

    found = [severities(findings_for(variant, allergic())) for variant in variants]

    assert found == [[Severity.NOT_CHECKED]] * 3


def test_the_same_ingredient_twice_is_a_warning() -> None:
    """Also where the running medicine was imported and is only a text."""
    running = [
        RunningMedicine(
            id=MedicationRequestId(7),
            product="Paracetamol 1 g",
            ingredients=["paracetamol"],
            authored_at=YESTERDAY,
        ),
        RunningMedicine(
            id=MedicationRequestId(8),
            product="Acetaminophen 325 MG Oral Tablet",
            ingredients=[],
            authored_at=YESTERDAY,
        ),
        RunningMedicine(
            id=MedicationRequestId(9), product="Ibuprofen", ingredients=["ibuprofen"], authored_at=YESTERDAY
        ),
    ]
    patient = PatientFacts(allergy_status=AllergyStatus.NONE_KNOWN, allergies=[], medicines=running)

    findings = findings_for(product("Paracetamol"), patient)

    assert [finding.key for finding in findings] == ["warning.same.7", "warning.same.8"]
    assert findings[0].detail == "Paracetamol 1 g, prescribed on 01/03/2026."


@pytest.mark.parametrize("reaches", ["allergen", "ingredient"])
def test_a_cross_reaction_counts_whichever_side_names_it(reaches: str) -> None:
    """The reference data may state it once; allergy and medicine may stand on either side."""
    classes = {
        side: ClassFacts(
            slug=side,
            name=side,
            words=[side],
            note="Seldom.",
            cross_reacts_with=["allergen", "ingredient"] if side == reaches else [],
        )
        for side in ("allergen", "ingredient")
    }
    allergen, ingredient = (
        AllergenFacts(slug=f"{side}-1", name=side, words=[], classes=[each]) for side, each in classes.items()
    )
    allergy = AllergyFacts(id=AllergyId(1), substance="Something", reaction="", allergen=allergen)
    patient = PatientFacts(allergy_status=AllergyStatus.RECORDED, allergies=[allergy], medicines=[])
    medicine = ProductIngredients(
        id=ProductId(1),
        label="",
        name="Medicine",
        ingredients=[ProductIngredient(slug="ingredient-1", facts=ingredient)],
    )

    (finding,) = findings_for(medicine, patient)

    assert finding.severity is Severity.WARNING
    assert "Seldom." in finding.detail
