"""The table of interactions: golden pairs on our own files, names in texts, a file that cannot be read."""

from itertools import product as combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hms_server.prescribing import interactions
from hms_server.prescribing.interactions import InteractionTable, interaction_table
from hms_server.reference import ReferenceDataError, load_formulary, load_ingredients
from hms_server.reference_records import Ingredient, Interaction, InteractionClass

SLUGS = sorted(item.slug for item in load_ingredients())


def table() -> InteractionTable:
    shipped = interaction_table()
    assert shipped is not None
    return shipped


@pytest.mark.parametrize(
    ("one", "other", "severity"),
    [
        ("warfarin", "miconazole", "contraindicated"),
        ("warfarin", "diclofenac", "major"),
        ("warfarin", "sulfamethoxazole", "major"),
        ("warfarin", "paracetamol", "moderate"),
        ("simvastatin", "clarithromycin", "contraindicated"),
        ("simvastatin", "amlodipine", "moderate"),
        ("lumefantrine", "domperidone", "contraindicated"),
        ("lumefantrine", "clarithromycin", "major"),
        ("praziquantel", "rifampicin", "contraindicated"),
        ("ethinylestradiol", "rifampicin", "major"),
        ("dolutegravir", "carbamazepine", "major"),
        ("methotrexate", "trimethoprim", "contraindicated"),
        ("diazepam", "morphine", "major"),
        ("spironolactone", "lisinopril", "major"),
        ("glyceryl-trinitrate", "sildenafil", "contraindicated"),
        ("allopurinol", "azathioprine", "contraindicated"),
        ("metformin", "iohexol", "contraindicated"),
        ("ibuprofen", "diclofenac", "major"),
        ("ciprofloxacin", "ferrous-sulfate", "moderate"),
    ],
)
def test_golden_pairs(one: str, other: str, severity: str) -> None:
    """What a pharmacist expects any such table to know, in either order."""
    found = table().between(one, other)

    assert found is not None
    assert found.severity == severity
    assert table().between(other, one) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [("paracetamol", "amoxicillin"), ("artemether", "paracetamol"), ("warfarin", "warfarin")],
)
def test_what_nobody_warns_of_is_silent(one: str, other: str) -> None:
    assert table().between(one, other) is None


@pytest.mark.parametrize(
    ("slug", "listed"),
    [("lamivudine", True), ("paracetamol", True), ("artemether", False), ("calamine", False)],
)
def test_what_no_source_lists_is_known_as_such(slug: str, listed: bool) -> None:  # noqa: FBT001 - pytest names it
    """Silence about it means nothing, and the check has to say so."""
    assert table().lists(slug) is listed


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("Simvastatin 20 MG Oral Tablet", ["simvastatin"]),
        ("PROCAINE penicillin inj.", ["procaine-benzylpenicillin"]),
        ("co-trimoxazole", ["sulfamethoxazole", "trimethoprim"]),
        ("Acetaminophen 325 MG / Codeine 30 MG", ["paracetamol", "codeine"]),
        ("aspirin, ASA", ["acetylsalicylic-acid"]),
        ("Coartem", []),
        ("", []),
    ],
)
def test_ingredients_are_read_out_of_a_text(text: str, slugs: list[str]) -> None:
    """By any name and in any spelling of capitals; the longest name counts."""
    assert table().ingredients_in(text) == slugs


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Paracetamol 125 mg/5 mL syrup", True),
        ("PCM", True),
        ("Acetaminophen 325 MG / Hydrocodone Bitartrate 7.5 MG Oral Tablet", False),
        ("Coartem", False),
        ("500 mg", False),
    ],
)
def test_a_mixture_that_is_understood_in_part_is_told_apart(text: str, whole: bool) -> None:  # noqa: FBT001
    """Of the unknown half nobody could say that it goes with anything."""
    assert table().reads_all(text) is whole


def test_every_product_is_read_out_of_its_own_name() -> None:
    """What an export of this very system would say of it finds all of its ingredients again."""
    for item in load_formulary():
        assert sorted(table().ingredients_in(item.label)) == sorted(item.ingredients)


def row(a: str, b: str, severity: str) -> Interaction:
    return Interaction(a=a, b=b, severity=severity, effect=f"{a} {b}", source="test")  # type: ignore[arg-type]


def ingredient(slug: str) -> Ingredient:
    return Ingredient(slug=slug, name=slug.title(), source="test")


def test_the_gravest_of_several_rows_counts_and_a_class_is_not_against_its_member_itself() -> None:
    classes = [InteractionClass(slug="class", name="Class", medicines=("one", "two", "three"), source="test")]
    rows = [row("class", "class", "minor"), row("one", "two", "major"), row("class", "two", "moderate")]

    made = InteractionTable(rows, classes, [ingredient(slug) for slug in ("one", "two", "three")], [])

    found = {
        (a, b): known.severity if (known := made.between(a, b)) else None
        for a, b in combinations(("one", "two", "three"), repeat=2)
    }
    assert found["one", "two"] == found["two", "one"] == "major"
    assert found["two", "three"] == "moderate"
    assert found["one", "three"] == "minor"
    assert {found[each, each] for each in ("one", "two", "three")} == {None}


@settings(deadline=None)
@given(st.sampled_from(SLUGS), st.sampled_from(SLUGS))
def test_whatever_has_an_interaction_is_listed(one: str, other: str) -> None:
    """No pair is found of which one side would at the same time count as without data."""
    found = table().between(one, other)

    assert found == table().between(other, one)
    if found is not None:
        assert table().lists(one)
        assert table().lists(other)
        assert found.effect.endswith(".")
        assert len(found.effect) <= 140


@pytest.mark.allow_log("interactions cannot be checked")
def test_a_table_that_cannot_be_read_is_said_to_be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for again each time: a file that has come back is used."""
    with monkeypatch.context() as patched:
        patched.setattr(interactions, "load_interactions", _broken)
        patched.setattr(interactions, "_shipped", interactions._shipped.__wrapped__)
        assert interaction_table() is None

    assert interaction_table() is not None


def _broken() -> list[Interaction]:
    raise ReferenceDataError("interactions.csv:7: severity: Invalid enum value 'grave'.")
