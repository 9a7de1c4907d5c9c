"""Our reference data agrees with published lists, where the folder shared/data lies beside the checkout."""

import csv
import json
import os
import re
from itertools import product as combinations
from pathlib import Path

import pytest

from hms_server.reference import (
    allergens_by_word,
    find_allergen,
    load_classes,
    load_formulary,
    load_ingredients,
    load_news2,
)
from hms_server.reference_records import Ingredient, Product

SHARED = Path(os.environ.get("HMS_SHARED") or Path(__file__).parents[3] / "shared" / "data")
WHO = "WHO Model List of Essential Medicines"
CIEL = "CIEL dictionary"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder shared/data is not beside the checkout"
)

STRENGTHS_BEYOND_THE_LIST = {
    "a higher strength of a listed tablet or capsule, customary in adults": {
        "artemether-lumefantrine-80mg-480mg-tablet",
        "amoxicillin-clavulanic-acid-875mg-125mg-tablet",
        "ciprofloxacin-500mg-tablet",
        "fluconazole-150mg-capsule",
        "griseofulvin-500mg-tablet",
        "aciclovir-400mg-tablet",
        "amlodipine-10mg-tablet",
        "metformin-1g-tablet",
        "ascorbic-acid-100mg-tablet",
    },
    "the list has the substance in another form only": {
        "cefalexin-500mg-capsule",
        "erythromycin-500mg-tablet",
        "tetracycline-250mg-capsule",
        "terbinafine-250mg-tablet",
        "tranexamic-acid-500mg-tablet",
        "nifedipine-20mg-tablet-sr",
        "salbutamol-4mg-tablet",
        "salbutamol-2mg-per-5ml-syrup",
        "aciclovir-5pct-cream",
        "gentamicin-0.1pct-cream",
        "chlorhexidine-7.1pct-gel",
        "chlorhexidine-0.2pct-mouthwash",
        "chloramphenicol-0.5pct-eye-drops",
        "ofloxacin-0.3pct-ear-drops",
    },
    "a form for children of a listed medicine": {
        "artemether-lumefantrine-180mg-1080mg-per-60ml-powder-for-suspension",
        "artesunate-100mg-suppository",
        "cefixime-100mg-per-5ml-powder-for-suspension",
        "albendazole-200mg-per-5ml-suspension",
    },
    "the list states no strength, a range, or the strength in other units": {
        "oral-rehydration-salts-20.5g-per-l-powder-for-oral-solution",
        "lactulose-3.35g-per-5ml-solution",
        "ferrous-sulfate-200mg-tablet",
        "ferrous-sulfate-folic-acid-200mg-0.4mg-tablet",
        "calamine-15pct-lotion",
        "charcoal-activated-50g-powder-for-oral-solution",
    },
}
ATC_OTHERWISE = {
    "epinephrine-1mg-per-ml-injection": "the lists give the dental code only",
    "timolol-0.5pct-eye-drops": "the lists give the code of the tablets only",
}


def read(*parts: str) -> list[dict[str, str]]:
    with SHARED.joinpath(*parts).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def key(name: str) -> str:
    """A name without what the lists write differently: case, hyphens, blanks, explanations in brackets."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)", "", name.lower()))


def parts_of(name: str) -> set[str]:
    """The substances of a mixture, the mixture itself and what stands in brackets."""
    return {
        key(part) for part in [name, *re.split(r" ?[+/–] ?| and ", name), *re.findall(r"\((.*?)\)", name)]
    }


def words_of(ingredient: Ingredient) -> set[str]:
    return {key(word) for word in (ingredient.name, ingredient.slug, *ingredient.synonyms)}


def known_substances(names: list[str]) -> set[str]:
    return set().union(*(parts_of(name) for name in names))


def amounts(strength: str) -> list[str]:
    found = re.findall(r"\d[\d .]*(?:mg|g|micrograms|%|iu)", strength.lower())
    return [amount.replace(" ", "") for amount in found]


def is_listed(amount: str, formulations: str) -> bool:
    """The amount itself, or a number of milligrams inside a range such as "100 mg to 500 mg"."""
    text = re.sub(r"\s", "", formulations.lower())
    if re.search(rf"(?<![\d.]){re.escape(amount)}", text):
        return True
    milligrams = re.fullmatch(r"([\d.]+)mg", amount)
    ranges = re.findall(r"([\d.]+)mgto([\d.]+)mg", text)
    return bool(milligrams) and any(
        float(low) <= float(amount.removesuffix("mg")) <= float(high) for low, high in ranges
    )


def formulations_of(
    product: Product, ingredients: dict[str, Ingredient], who: dict[frozenset[str], str]
) -> str:
    """All that the list says of this mixture, or nothing where it is not on the list."""
    mixtures = combinations(*(words_of(ingredients[slug]) for slug in product.ingredients))
    return " ".join(who.get(frozenset(mixture), "") for mixture in mixtures).strip()


def test_every_ingredient_is_attested_or_says_why_not() -> None:
    """A typing error in a substance cannot stay: it would be in neither list, nor have a reason."""
    who = known_substances([row["medicine"] for row in read("medicines", "who_eml_medicines.csv")])
    ciel = known_substances([row["name_en"] for row in read("medicines", "ciel_basic_drugs.csv")])

    for ingredient in load_ingredients():
        words = words_of(ingredient)
        expected = WHO if words & who else CIEL if words & ciel else None
        if expected is None:
            assert ingredient.source not in {WHO, CIEL}, ingredient.slug
        else:
            assert ingredient.source == expected, ingredient.slug


def test_every_strength_is_listed_or_excepted_with_a_reason() -> None:
    """Where the WHO list has the medicine, it has the strength; the exceptions are those named above."""
    ingredients = {item.slug: item for item in load_ingredients()}
    who: dict[frozenset[str], str] = {}
    for row in read("medicines", "who_eml_medicines.csv"):
        mixture = frozenset(key(part) for part in row["medicine"].split(" + "))
        who[mixture] = f"{who.get(mixture, '')} {row['formulations']}"
    listed = {
        product.code: (product, text)
        for product in load_formulary()
        if (text := formulations_of(product, ingredients, who))
    }

    missing = {
        code
        for code, (product, text) in listed.items()
        if not all(is_listed(amount, text) for amount in amounts(product.strength))
    }

    assert len(listed) >= 150
    assert missing == set().union(*STRENGTHS_BEYOND_THE_LIST.values())


def test_atc_codes_are_those_of_the_lists() -> None:
    """A single substance has one of the ATC codes that the lists give it."""
    published: dict[str, set[str]] = {}
    for file, column in (
        ("medicines/who_eml_medicines.csv", "medicine"),
        ("medicines/ciel_basic_drugs.csv", "name_en"),
        ("ddi/ansm_2020_substances.csv", "inn_en"),
    ):
        for row in read(*file.split("/")):
            codes = re.findall(r"\b[A-Z]\d\d[A-Z]{2}\d\d\b", row["atc"] or "")
            published.setdefault(key(row[column]), set()).update(codes)
    ingredients = {item.slug: item for item in load_ingredients()}
    singles = [product for product in load_formulary() if len(product.ingredients) == 1]

    other: set[str] = set()
    for product in singles:
        words = words_of(ingredients[product.ingredients[0]])
        candidates = {code for word in words for code in published.get(word, ())}
        if candidates and product.atc not in candidates:
            other.add(product.code)

    assert other == set(ATC_OTHERWISE)


def test_the_allergies_of_imported_records_are_known() -> None:
    """Each AllergyIntolerance of the sample patients, most of them no medicines, finds its allergen."""
    allergens = allergens_by_word(load_ingredients(), load_classes())
    texts = {
        entry["resource"]["code"]["text"]
        for path in SHARED.joinpath("synthea").glob("*.json")
        for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]
        if entry["resource"]["resourceType"] == "AllergyIntolerance"
    }

    assert texts
    assert {text for text in texts if find_allergen(text, allergens) is None} == set()


def test_the_news2_chart_is_the_published_one() -> None:
    """Cell by cell, in the same order."""
    words = {"Alert": "alert", "on air": "on_air", "on oxygen": "on_oxygen"}
    published = [
        (
            row["parameter"],
            "cvpu" if row["condition"].startswith("CVPU") else words.get(row["condition"], row["condition"]),
            row["low"],
            row["high"],
            row["points"],
        )
        for row in read("vitals", "news2_table.csv")
    ]

    ours = [
        (
            band.parameter,
            band.condition or "",
            "" if band.low is None else str(band.low),
            "" if band.high is None else str(band.high),
            str(band.points),
        )
        for band in load_news2()
    ]

    assert ours == published
