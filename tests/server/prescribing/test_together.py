"""What a medicine means beside others: one finding a pair, quiet where it informs, NOT CHECKED by name."""

from datetime import UTC, datetime

import pytest

from hms_server.contract.consultations import AllergyStatus
from hms_server.contract.prescribing import InteractionGrade, SafetyFinding, Severity
from hms_server.contract.values import MedicationRequestId
from hms_server.prescribing.interactions import InteractionTable
from hms_server.prescribing.safety import PatientFacts, RunningMedicine, gravest_first, needs_reason
from hms_server.prescribing.together import Taken, interactions_of, named, running
from hms_server.reference_records import Ingredient, Interaction, InteractionClass

YESTERDAY = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SLUGS = ("amber", "basalt", "coral", "dolomite", "emerald", "flint")
TABLE = InteractionTable(
    [
        Interaction(a="amber", b="basalt", severity="contraindicated", effect="It breaks.", source="A"),
        Interaction(a="amber", b="coral", severity="major", effect="It bends.", source="A"),
        Interaction(a="amber", b="dolomite", severity="moderate", effect="It fades.", source="A"),
        Interaction(a="amber", b="emerald", severity="minor", effect="It dulls.", source="A"),
    ],
    [InteractionClass(slug="class", name="Class", medicines=("coral",), source="A")],
    [Ingredient(slug=slug, name=slug.title(), source="A") for slug in SLUGS],
    [],
)


def drug(*slugs: str, route: str = "oral", whole: bool = True) -> Taken:
    return Taken(label=f"{' + '.join(slugs).title()} tablet", ingredients=slugs, route=route, whole=whole)


def found(medicine: Taken, *beside: Taken, minor: bool = False) -> list[SafetyFinding]:
    return interactions_of(medicine, beside, TABLE, minor=minor)


@pytest.mark.parametrize(
    ("other", "severity", "grade", "reason", "quiet"),
    [
        ("basalt", Severity.CONTRAINDICATED, InteractionGrade.CONTRAINDICATED, True, False),
        ("coral", Severity.WARNING, InteractionGrade.MAJOR, False, False),
        ("dolomite", Severity.WARNING, InteractionGrade.MODERATE, False, True),
    ],
)
def test_the_grade_decides_how_loud_it_is(
    other: str, severity: Severity, grade: InteractionGrade, *, reason: bool, quiet: bool
) -> None:
    """Only what is contraindicated needs a reason; what asks for care informs and no more."""
    (finding,) = found(drug("amber"), drug(other))

    assert (finding.severity, finding.grade, finding.quiet) == (severity, grade, quiet)
    assert needs_reason(finding) is reason
    assert finding.source == "A"
    assert finding.title.startswith(f"Amber with {other.title()}: ")
    assert finding.detail.endswith(f"Beside {other.title()} tablet.")


def test_the_lowest_grade_is_told_only_to_whoever_asks_for_it() -> None:
    """A screen that cries at everything is not read."""
    assert found(drug("amber"), drug("emerald")) == []
    assert [each.grade for each in found(drug("amber"), drug("emerald"), minor=True)] == ["minor"]


def test_the_key_belongs_to_the_pair_whichever_is_prescribed_last() -> None:
    """A reason given once stays the reason, also at the counter."""
    (one,) = found(drug("amber"), drug("basalt"))
    (other,) = found(drug("basalt"), drug("amber"))

    assert one.key == other.key == "contraindicated.interaction.amber.basalt"


@pytest.mark.parametrize("route", ["topical", "ocular", "otic", "nasal"])
def test_what_is_applied_locally_counts_one_grade_lower(route: str) -> None:
    """On either side; little of an eye drop reaches the blood."""
    for grade, other in (("major", "basalt"), ("moderate", "coral")):
        local, oral = drug(other, route=route), drug("amber")

        assert [each.grade for each in found(oral, local)] == [grade]
        assert [each.grade for each in found(local, oral)] == [grade]
    assert found(drug("amber"), drug("dolomite", route=route)) == []


def test_the_same_ingredient_locally_and_by_mouth_counts_as_by_mouth() -> None:
    """One finding for the pair, in whatever order the medicines stand."""
    local, oral = drug("basalt", route="ocular"), drug("basalt")

    for beside in ((local, oral), (oral, local)):
        (finding,) = found(drug("amber"), *beside)
        assert finding.grade is InteractionGrade.CONTRAINDICATED


def test_two_products_with_the_same_partner_are_one_finding() -> None:
    findings = found(drug("amber"), drug("coral"), drug("coral", "emerald"))

    assert [each.key for each in findings] == ["warning.interaction.amber.coral"]


def test_what_has_no_data_is_named_beside_others_and_not_alone() -> None:
    """Quietly: it is so with every second prescription, and nobody could do anything about it."""
    (finding,) = found(drug("flint"), drug("amber"))

    assert finding.title == "Interactions of Flint: NOT CHECKED"
    assert finding.severity is Severity.NOT_CHECKED
    assert not needs_reason(finding)
    assert found(drug("flint")) == []
    assert found(drug("coral"), drug("dolomite")) == []


def test_an_imported_medicine_is_read_and_what_is_not_understood_is_named() -> None:
    """A mixture of which only a part is known is compared as far as it is, and says so."""
    medicines = [
        RunningMedicine(id=MedicationRequestId(n), product=text, ingredients=[], authored_at=YESTERDAY)
        for n, text in enumerate(("Basalt 20 MG Oral Tablet", "Coral 5 MG / Granite 7 MG", "Granite"), 1)
    ]
    patient = PatientFacts(allergy_status=AllergyStatus.NONE_KNOWN, allergies=[], medicines=medicines)

    findings = found(drug("amber"), *running(patient, TABLE))

    assert [each.title for each in findings] == [
        "Amber with Basalt: do not give together",
        "Amber with Coral: better not together",
        "Interactions with “Coral 5 MG / Granite 7 MG”: NOT CHECKED",
        "Interactions with “Granite”: NOT CHECKED",
    ]
    assert "Beside Basalt 20 MG Oral Tablet, prescribed on 01/03/2026." in findings[0].detail


def test_without_the_table_nothing_was_checked_and_going_on_needs_a_reason() -> None:
    """The check of a known system was silent for years after its source had closed."""
    (finding,) = interactions_of(drug("amber"), [drug("basalt")], None)

    assert finding.title == "Interactions: NOT CHECKED"
    assert needs_reason(finding)
    assert interactions_of(drug("amber"), [], None) == []
    assert named("Amber", None).whole is False


def test_the_gravest_comes_first_and_the_quiet_ones_last() -> None:
    findings = found(
        drug("amber", "flint"), drug("dolomite"), drug("coral"), drug("basalt"), drug("granite", whole=False)
    )

    assert [each.severity for each in gravest_first(findings)] == [
        Severity.CONTRAINDICATED,
        Severity.WARNING,
        Severity.WARNING,
        Severity.NOT_CHECKED,
        Severity.NOT_CHECKED,
    ]
    assert [each.quiet for each in gravest_first(findings)] == [False, False, True, True, True]
