"""The shipped reference data is whole, and a wrong file is refused with its name and line."""

import shutil
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from hms_server.contract.places import resource
from hms_server.reference import (
    ReferenceDataError,
    allergens_by_word,
    find_allergen,
    load_accounts,
    load_classes,
    load_formulary,
    load_frequencies,
    load_ingredients,
    load_interactions,
    load_names,
    load_news2,
    load_prices,
    load_services,
)
from hms_server.reference_records import AllergyClass, Ingredient, is_gtin_13


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files that a test may spoil."""
    return Path(shutil.copytree(resource("reference"), tmp_path / "reference"))


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def load_everything(folder: Path) -> None:
    load_formulary(folder)
    load_interactions(folder)
    load_prices(folder)
    load_news2(folder)
    load_services(folder)


def test_the_formulary_is_large_enough_for_a_clinic() -> None:
    """At least 150 products, each with a price and a form that can be told from all others on a list."""
    products = load_formulary()

    assert len(products) >= 150
    assert len({product.label + product.route for product in products}) == len(products)


def test_gtins_stay_in_the_range_for_use_inside_one_organisation() -> None:
    """No made-up number can meet a real pack's."""
    gtins = [product.gtin for product in load_formulary()]

    assert {gtin[0] for gtin in gtins} == {"2"}
    assert all(is_gtin_13(gtin) for gtin in gtins)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("4006381333931", True),  # the example of the GS1 manual's users: a marker pen sold worldwide
        ("4006381333932", False),
        ("400638133393", False),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", False),
        ("400638133393X", False),
    ],
)
def test_a_gtin_is_known_by_its_check_digit(text: str, valid: bool) -> None:  # noqa: FBT001 - pytest names it
    """One wrong digit, another length or anything but ASCII digits is no GTIN-13."""
    assert is_gtin_13(text) is valid


def test_a_dose_counts_in_units_or_the_pack_is_given_whole() -> None:
    """Nothing that is counted out lacks the number to count with, unless its dose goes by weight or need."""
    for product in load_formulary():
        if product.form in {"tablet", "capsule"} and product.units_per_dose is None:
            assert product.usual_dose.startswith(("by ", "4 tablets, then")), product.code
        if product.dispensed_whole:
            assert product.dispensing_unit in {"bottle", "tube", "inhaler", "vial"}, product.code


def test_frequencies_say_how_often() -> None:
    """Once only is marked as such; the customary ones have their customary number."""
    frequencies = {item.code: item for item in load_frequencies()}

    assert {code: frequencies[code].times_per_day for code in ("OD", "BD", "TDS", "QDS")} == {
        "OD": 1,
        "BD": 2,
        "TDS": 3,
        "QDS": 4,
    }
    assert [item.code for item in frequencies.values() if item.once] == ["STAT"]
    assert frequencies["WEEKLY"].times_per_day * 7 == pytest.approx(Decimal(1), abs=Decimal("0.00001"))


def test_the_queues_come_in_the_order_of_a_visit() -> None:
    assert [service.code for service in load_services()] == ["T", "D", "P", "B"]


def test_every_price_is_earned_by_an_income_account() -> None:
    kinds = {account.slug: account.kind for account in load_accounts()}

    assert {kinds[price.account] for price in load_prices()} == {"income"}


def test_each_culture_has_names_for_everybody() -> None:
    """At least 60 family names and 60 given names for each sex, and none missing within a culture."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name in load_names():
        counts[name.sex or name.kind][name.culture] += 1

    assert {kind: sum(by_culture.values()) >= 60 for kind, by_culture in counts.items()} == {
        "family": True,
        "female": True,
        "male": True,
    }
    assert len({frozenset(by_culture) for by_culture in counts.values()}) == 1
    assert min(count for by_culture in counts.values() for count in by_culture.values()) >= 10


def test_the_news2_bands_leave_no_gap_and_do_not_overlap() -> None:
    """Every measured value has exactly one number of points on each scale and line."""
    lines: dict[tuple[str, str | None], list[tuple[Decimal | None, Decimal | None]]] = defaultdict(list)
    for band in load_news2():
        if band.low is not None or band.high is not None:
            lines[band.parameter, band.condition].append((band.low, band.high))
    base = lines[("spo2_scale2", None)]
    lines["spo2_scale2", "on_air"] = base + lines["spo2_scale2", "on_air"]
    lines["spo2_scale2", "on_oxygen"] = base + lines["spo2_scale2", "on_oxygen"]
    del lines["spo2_scale2", None]

    for (parameter, _), bands in lines.items():
        step = Decimal("0.1") if parameter == "temperature_c" else Decimal(1)
        assert bands[0][0] is None
        assert bands[-1][1] is None
        for (_, high), (low, _) in pairwise(bands):
            assert high is not None
            assert low == high + step


def test_no_word_means_two_allergens() -> None:
    """What a nurse types cannot be taken for something else."""
    meanings: dict[str, set[str]] = defaultdict(set)
    records: list[Ingredient | AllergyClass] = [*load_ingredients(), *load_classes()]
    for record in records:
        for word in (record.slug, record.name, *record.synonyms):
            meanings[word.lower()].add(record.slug)

    assert {word: slugs for word, slugs in meanings.items() if len(slugs) > 1} == {}


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Penicillin", "penicillins"),
        ("sulfa", "sulfonamide-antibiotics"),
        ("Allergic to aspirin", "acetylsalicylic-acid"),
        ("Allergy to bee venom", "bee-venom"),
        ("  House dust mite allergy ", "house-dust-mite"),
        ("tomato", None),
        ("", None),
        ("allergy", None),
    ],
)
def test_a_recorded_allergy_is_found_by_its_words(text: str, slug: str | None) -> None:
    """Synonyms and the wording of records count; what is unknown is None and never the nearest guess."""
    assert find_allergen(text, allergens_by_word(load_ingredients(), load_classes())) == slug


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        (
            "formulary.csv",
            "artemether+lumefantrine",
            "artemether+lumefantrin",
            "formulary.csv:2: ingredients: lum",
        ),
        ("formulary.csv", ",BD,3,", ",BDS,3,", "formulary.csv:2: default_frequency: BDS is not known."),
        ("formulary.csv", "2041000000377", "2041000000378", "formulary.csv:2: 2041000000378 is no GTIN-13"),
        (
            "formulary.csv",
            "2041000000742",
            "2041000000377",
            "formulary.csv:3: the same gtin stands in an earlier",
        ),
        ("formulary.csv", ",12500,0", ",125.00,0", "formulary.csv:2: price_minor_ngn: 125.00 is no whole"),
        ("formulary.csv", ",12500,0", ",0,0", "formulary.csv:2: price_minor_ngn: Expected `int` >= 1"),
        ("formulary.csv", ",4,0,BD", ",-4,0,BD", "formulary.csv:2: units_per_dose has to be more than 0"),
        ("formulary.csv", ",tablet,", ",tablett,", "formulary.csv:2: form: Invalid enum value 'tablett'"),
        ("formulary.csv", "P01BF01", "P01BF1", "formulary.csv:2: atc: Expected `str` matching regex"),
        ("formulary.csv", ",gtin,", ",", "formulary.csv:1: the columns have to be code, name"),
        ("formulary.csv", ",12500,0\n", ",12500\n", "formulary.csv:2: the line has not as many columns"),
        ("formulary.csv", ",12500,0\n", ",12500,0,0\n", "formulary.csv:2: the line has not as many columns"),
        (
            "ingredients.csv",
            "nsaids;salicylates",
            "nsaid;salicylates",
            "ingredients.csv:4: classes: nsaid is not",
        ),
        ("ingredients.csv", "Abacavir,", ",", "ingredients.csv:2: Object missing required field `name`"),
        (
            "allergy_classes.csv",
            "cephalosporins;carba",
            "x;carba",
            "allergy_classes.csv:2: cross_reacts_with: x is",
        ),
        (
            "interactions.csv",
            "allopurinol,purine",
            "alopurinol,purine",
            "interactions.csv:3: a: alopurinol is not",
        ),
        (
            "interactions.csv",
            "acetylsalicylic-acid,methotrexate,",
            "methotrexate,acetylsalicylic-acid,",
            "interactions.csv:2: methotrexate has to stand after acetylsalicylic-acid",
        ),
        ("interactions.csv", "contraindicated", "grave", "interactions.csv:2: severity: Invalid enum value"),
        (
            "interaction_classes.csv",
            "lansoprazole;",
            "lansoprasole;",
            "interaction_classes.csv:2: medicines: lansoprasole is",
        ),
        (
            "interaction_classes.csv",
            "acid-pump-inhibitors",
            "omeprazole",
            "interaction_classes.csv:2: omeprazole is an ingredient",
        ),
        ("prices.csv", ",consultation-income,", ",tips,", "prices.csv:2: account: tips is not known."),
        ("news2.csv", ",8,3,", ",8,4,", "news2.csv:2: points: Invalid enum value 4"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(
    folder: Path, file: str, old: str, new: str, sentence: str
) -> None:
    """Whoever edited the file knows where to look."""
    spoil(folder / file, old, new)

    with pytest.raises(ReferenceDataError) as refused:
        load_everything(folder)

    assert str(refused.value).startswith(sentence)


def test_a_file_saved_by_a_spreadsheet_is_read(folder: Path) -> None:
    """A byte order mark and Windows line ends change nothing."""
    path = folder / "services.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    assert load_services(folder) == load_services()


def test_a_file_in_another_encoding_is_refused(folder: Path) -> None:
    """Accents in names are never guessed."""
    (folder / "names_west_africa.csv").write_bytes(
        "culture,kind,sex,name\nx,family,,Cissé\n".encode("latin-1")
    )

    with pytest.raises(ReferenceDataError, match=r"names_west_africa.csv: the file is not UTF-8"):
        load_names(folder)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"The installation is incomplete: .*nothing.csv is missing"):
        resource("reference", "nothing.csv")
