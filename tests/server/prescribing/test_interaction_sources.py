"""Our interactions are those of their sources, both ways, where the folder shared/data lies beside."""

import csv
import os
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import product as combinations
from pathlib import Path

import pytest

from hms_server.prescribing.interactions import InteractionTable, interaction_table
from hms_server.reference import load_ingredients, load_interaction_classes, load_interactions

SHARED = Path(os.environ.get("HMS_SHARED") or Path(__file__).parents[4] / "shared" / "data") / "ddi"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the folder shared/data is not beside the checkout"
)

GRADES = ("contraindicated", "major", "moderate", "minor")
ANSM_GRADES = {
    "contraindicated": "contraindicated",
    "not_recommended": "major",
    "precaution": "moderate",
    "take_into_account": "minor",
}
NDFRT_GRADES = {"critical": "major", "significant": "moderate"}

LEFT_OUT_ENTRIES = {"1334"}
"""Angio-oedema: the level is meant for sacubitril, which we do not have."""
LEFT_OUT_PAIRS = {
    frozenset(pair)
    for pair in (
        ("acetylsalicylic-acid", "ascorbic-acid"),
        ("ampicillin", "ascorbic-acid"),
        ("aciclovir", "rifampicin"),
        ("sulfamethoxazole", "trimethoprim"),
        ("calcium-carbonate", "ceftriaxone"),
    )
}
"""Oddities of NDF-RT: vitamin C, a mix-up, the two parts of one product, and what holds in the vein only."""
OWN_SOURCES = {"FDA, Drug Safety Communication of 31 August 2016"}

SOURCE_NAMES: dict[str, tuple[str, ...]] = {
    "acide mefenamique": ("mefenamic-acid",),
    "amoxicilline": ("amoxicillin",),
    "bcg": ("bcg-vaccine",),
    "benzylpenicilline": ("benzylpenicillin", "benzathine-benzylpenicillin", "procaine-benzylpenicillin"),
    "calcium": ("calcium-carbonate", "calcium-gluconate"),
    "candesartan cilexetil": ("candesartan",),
    "cefazoline": ("cefazolin",),
    "charbon active": ("charcoal-activated",),
    "cyclophosphamide": ("cyclophosphamide",),
    "fer": ("ferrous-sulfate",),
    "gabapentine": ("gabapentin",),
    "gel d'hydroxyde d'aluminium et de carbonate de magnesium": ("aluminium-hydroxide",),
    "gentamicine": ("gentamicin",),
    "insuline": ("insulin-soluble", "insulin-isophane", "insulin-lispro", "insulin-glargine"),
    "insuline glargine": ("insulin-glargine",),
    "insuline humaine recombinante": ("insulin-soluble",),
    "insuline humaine recombinante isophane": ("insulin-isophane",),
    "insuline lispro": ("insulin-lispro",),
    "levofloxacine": ("levofloxacin",),
    "linezolide": ("linezolid",),
    "magnesium": ("magnesium-hydroxide", "magnesium-trisilicate"),
    "millepertuis": ("st-johns-wort",),
    "oxyde d'aluminium": ("aluminium-hydroxide",),
    "perindopril": ("perindopril",),
    "perindopril tert-butylamine": ("perindopril",),
    "potassium": ("potassium-chloride",),
    "sene": ("senna",),
    "sene de l'inde": ("senna",),
    "spiramycine": ("spiramycin",),
    "theophylline": ("theophylline",),
    "thyroxines": ("levothyroxine",),
    "trinitrine": ("glyceryl-trinitrate",),
    "virus de la fievre jaune": ("yellow-fever-vaccine",),
    "virus de la rougeole": ("measles-vaccine",),
    "vitamine a": ("retinol",),
    "amphotericin_b": ("amphotericin-b",),
    "fluticasone_propionate": ("fluticasone",),
    "indomethacin": ("indometacin",),
    "l-dopa": ("levodopa",),
    "phylloquinone": ("phytomenadione",),
    "succinylcholine": ("suxamethonium",),
    "torsemide": ("torasemide",),
}
"""Where a source calls something otherwise than any name in our ingredients."""

Pair = frozenset[str]


def read(name: str) -> list[dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def plain(text: str) -> str:
    """In lower case without accents; how the sources themselves differ from file to file."""
    letters = unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
    return "".join(sign for sign in letters if not unicodedata.combining(sign)).strip()


def key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", plain(text))


@cache
def our_names() -> dict[str, str]:
    return {
        key(word): item.slug for item in load_ingredients() for word in (item.slug, item.name, *item.synonyms)
    }


def ours(*names: str) -> tuple[str, ...]:
    """The slugs that a name of a source stands for; none for what we do not have."""
    for name in names:
        if plain(name) in SOURCE_NAMES:
            return SOURCE_NAMES[plain(name)]
    return tuple(our_names()[key(name)] for name in names[-1::-1] if key(name) in our_names())[:1]


@cache
def substances() -> dict[str, tuple[str, ...]]:
    """Every substance of the thesaurus, by its French name."""
    return {
        key(row["substance_fr"]): ours(row["substance_fr"], row["inn_en"])
        for row in read("ansm_2020_substances.csv")
    }


@cache
def classes() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in read("ansm_2020_substances.csv"):
        for name in filter(None, row["classes_fr"].split(";")):
            found.setdefault(key(name), set()).update(substances()[key(row["substance_fr"])])
    return found


def members(name: str, kind: str) -> set[str]:
    if kind == "class":
        return classes().get(key(name), set())
    return set(substances().get(key(name)) or ours(name))


def ansm() -> Iterator[tuple[dict[str, str], Pair]]:
    """Each entry with each pair of ours that it means."""
    for row in read("ansm_2020_interactions.csv"):
        sides = (members(row["entry_a"], row["a_kind"]), members(row["entry_b"], row["b_kind"]))
        for pair in map(frozenset, combinations(*sides)):
            if len(pair) > 1 and row["id"] not in LEFT_OUT_ENTRIES:
                yield row, pair


def ndfrt() -> Iterator[tuple[str, Pair]]:
    for row in read("ndfrt_2014_interactions.csv"):
        for pair in map(frozenset, combinations(ours(row["drug_a"]), ours(row["drug_b"]))):
            if len(pair) > 1 and pair not in LEFT_OUT_PAIRS:
                yield row["severity"], pair


def rank_of(pair: Pair) -> int:
    """How grave we call it; beyond the mildest where we say nothing."""
    known = table().between(*pair)
    return GRADES.index(known.severity) if known else len(GRADES)


def table() -> InteractionTable:
    shipped = interaction_table()
    assert shipped is not None
    return shipped


def test_no_entry_of_the_thesaurus_is_missing_or_milder() -> None:
    """Where an entry has several levels, ours is at least the mildest of them."""
    pairs = 0
    for row, pair in ansm():
        mildest = max(GRADES.index(ANSM_GRADES[level]) for level in row["all_severities"].split())
        assert rank_of(pair) <= mildest, (row["id"], row["entry_a"], row["entry_b"], sorted(pair))
        pairs += 1

    assert pairs > 5_000


def test_no_severe_pair_of_the_english_list_is_missing() -> None:
    """The same thesaurus, expanded and put into English by others."""
    compared = 0
    for row in read("ansm_2020_pairs_en_severe.csv"):
        for pair in map(frozenset, combinations(ours(row["drug_a"]), ours(row["drug_b"]))):
            if len(pair) > 1 and row["conditional"] == "no":
                assert rank_of(pair) <= GRADES.index(ANSM_GRADES[row["severity"]]), sorted(pair)
                compared += 1

    assert compared > 500


def test_no_pair_of_ndf_rt_is_missing_or_milder() -> None:
    pairs = list(ndfrt())

    assert len(pairs) > 500
    for severity, pair in pairs:
        assert rank_of(pair) <= GRADES.index(NDFRT_GRADES[severity]), (severity, sorted(pair))


def test_what_we_call_severe_a_source_calls_so() -> None:
    """Nobody is stopped by a pair that we made graver, or that is in no source."""
    said: dict[Pair, set[str]] = {}
    for row, pair in ansm():
        said.setdefault(pair, set()).update(ANSM_GRADES[level] for level in row["all_severities"].split())
    for severity, pair in ndfrt():
        said.setdefault(pair, set()).add(NDFRT_GRADES[severity])
    within = {item.slug: item.medicines for item in load_interaction_classes()}

    for known in load_interactions():
        if known.severity not in {"contraindicated", "major"} or known.source in OWN_SOURCES:
            continue
        sides = (within.get(side, (side,)) for side in (known.a, known.b))
        for pair in map(frozenset, combinations(*sides)):
            assert len(pair) == 1 or known.severity in said.get(pair, ()), (known, sorted(pair))


def test_every_milder_pair_is_in_a_source_too() -> None:
    told = {pair for _, pair in ansm()} | {pair for _, pair in ndfrt()}
    within = {item.slug: item.medicines for item in load_interaction_classes()}

    for known in load_interactions():
        if known.source in OWN_SOURCES:
            continue
        sides = (within.get(side, (side,)) for side in (known.a, known.b))
        for pair in map(frozenset, combinations(*sides)):
            assert len(pair) == 1 or pair in told, (known, sorted(pair))


def test_what_counts_as_listed_is_listed() -> None:
    """NOT CHECKED stands where no source has the medicine, and nowhere else."""
    listed = {slug for slugs in substances().values() for slug in slugs}
    for row in read("ndfrt_2014_interactions.csv"):
        listed |= {*ours(row["drug_a"]), *ours(row["drug_b"])}

    assert {slug for slug in our_names().values() if table().lists(slug)} == listed
