"""Allergies and problems in the banner, and what "nobody asked" means beside "none known"."""

from contextlib import suppress
from functools import partial

import pytest

from hms_server.contract.consultations import (
    AllergyStatus,
    ChartChanged,
    Criticality,
    Diagnosis,
    GetBanner,
    RecordAllergy,
    RecordNoAllergies,
    RemoveAllergy,
    ResolveProblem,
    SearchAllergens,
    SignEncounter,
)
from hms_server.contract.values import ConditionId, PatientId, Role
from tests.server.charts import NOTE, allergic_to, open_encounter, stock_formulary, without_allergies
from tests.server.desk import Desk, FaultRaised


@pytest.fixture
def ward(desk: Desk) -> Desk:
    stock_formulary(desk)
    return desk


def test_nobody_asked_is_what_a_new_patient_begins_with(desk: Desk) -> None:
    """The banner of somebody new says so, and says nothing else."""
    patient_id = desk.patient()

    banner = desk.ask(GetBanner(patient_id=patient_id))

    assert (banner.name, banner.allergy_status) == ("Ada Obi", AllergyStatus.NOT_ASKED)
    assert (banner.allergies, banner.problems, banner.deceased) == ([], [], False)


@pytest.mark.parametrize(
    ("substance", "allergen"),
    [
        ("Penicillin", "penicillins"),
        ("Allergy to fish", "fish"),
        ("ASPIRIN", "acetylsalicylic-acid"),
        ("groundnuts", "peanut"),
        ("co-trimoxazole", "sulfamethoxazole"),
        ("Julphar syrup", None),
    ],
)
def test_what_is_typed_is_linked_to_what_it_means(ward: Desk, substance: str, allergen: str | None) -> None:
    """By any name of the reference data; what it does not know stays a text."""
    patient_id = ward.patient()

    banner = ward.ask(
        RecordAllergy(
            patient_id=patient_id, substance=f" {substance} ", criticality=Criticality.HIGH, reaction="rash"
        )
    )

    (allergy,) = banner.allergies
    assert banner.allergy_status is AllergyStatus.RECORDED
    assert (allergy.substance, allergy.allergen, allergy.reaction) == (substance, allergen, "rash")
    assert ward.events(ChartChanged) == [ChartChanged(patient_id=patient_id)]


def test_allergens_are_searched_by_words(ward: Desk) -> None:
    """Classes come before their members, foods are there too, and a made-up word finds nothing."""
    penicillin = ward.ask(SearchAllergens(text="penicillin")).found
    groundnut = ward.ask(SearchAllergens(text="ground")).found

    assert (penicillin[0].slug, penicillin[0].is_class) == ("penicillins", True)
    assert [each.slug for each in groundnut] == ["peanut"]
    assert ward.ask(SearchAllergens(text="qwxyz")).found == []
    assert ward.ask(SearchAllergens(text=" ")).found == []
    assert len(ward.ask(SearchAllergens(text="a")).found) == 20


def test_wrong_allergies_name_their_field(ward: Desk) -> None:
    """A blank or endless substance, a slug that nobody knows, a patient that there is not."""
    patient_id = allergic_to(ward, "Penicillin")

    faults = [
        ward.fault(RecordAllergy(patient_id=patient_id, substance=" ")),
        ward.fault(RecordAllergy(patient_id=patient_id, substance="x" * 201)),
        ward.fault(RecordAllergy(patient_id=patient_id, substance="x", allergen="unheard-of")),
        ward.fault(RecordAllergy(patient_id=patient_id, substance="x", reaction="x" * 501)),
        ward.fault(RecordAllergy(patient_id=patient_id, substance="PENICILLIN")),
        ward.fault(RecordAllergy(patient_id=PatientId(999), substance="x")),
        ward.fault(GetBanner(patient_id=PatientId(999))),
    ]

    assert [fault.field for fault in faults] == [
        "substance", "substance", "allergen", "reaction", "substance", "patient_id", "patient_id",
    ]  # fmt: skip
    assert faults[4].code == "consultations.allergy_recorded"


def test_none_known_is_an_answer_until_there_is_one(ward: Desk) -> None:
    """Recording an allergy ends it, and while one stands nobody can say that there are none."""
    patient_id = without_allergies(ward)

    before = ward.ask(GetBanner(patient_id=patient_id)).allergy_status
    ward.ask(RecordAllergy(patient_id=patient_id, substance="Latex"))
    fault = ward.fault(RecordNoAllergies(patient_id=patient_id))

    assert before is AllergyStatus.NONE_KNOWN
    assert fault.code == "consultations.allergies_recorded"
    assert "Latex" in fault.message
    assert ward.ask(GetBanner(patient_id=patient_id)).allergy_status is AllergyStatus.RECORDED


def test_an_allergy_entered_in_error_stays_stored_with_its_reason(ward: Desk) -> None:
    """It leaves the banner; after the last one, nobody has asked. A second removal learns that it is gone."""
    patient_id = allergic_to(ward, "Penicillin", "Latex")
    first, second = ward.ask(GetBanner(patient_id=patient_id)).allergies

    remaining = ward.ask(RemoveAllergy(patient_id=patient_id, allergy_id=first.id, reason="Other patient"))
    nothing = ward.ask(RemoveAllergy(patient_id=patient_id, allergy_id=second.id, reason="Other patient"))
    again = ward.fault(RemoveAllergy(patient_id=patient_id, allergy_id=second.id, reason="Other patient"))

    assert (remaining.allergies, remaining.allergy_status) == ([second], AllergyStatus.RECORDED)
    assert (nothing.allergies, nothing.allergy_status) == ([], AllergyStatus.NOT_ASKED)
    assert again.code == "consultations.allergy_gone"
    assert ward.sql("select distinct status, reason from allergy_intolerance") == [
        ("entered-in-error", "Other patient")
    ]
    assert ward.ask(RecordAllergy(patient_id=patient_id, substance="Penicillin")).allergies


def test_a_removal_needs_a_reason_and_the_right_patient(ward: Desk) -> None:
    """Nobody takes an allergy from another patient's list."""
    patient_id = allergic_to(ward, "Penicillin")
    (allergy,) = ward.ask(GetBanner(patient_id=patient_id)).allergies
    other = ward.patient("Kofi Mensah")

    blank = ward.fault(RemoveAllergy(patient_id=patient_id, allergy_id=allergy.id, reason=" "))
    foreign = ward.fault(RemoveAllergy(patient_id=other, allergy_id=allergy.id, reason="Wrong"))

    assert (blank.field, foreign.code) == ("reason", "consultations.allergy_gone")
    assert ward.ask(GetBanner(patient_id=patient_id)).allergies == [allergy]


def test_removals_at_once_leave_the_truth(ward: Desk) -> None:
    """However many people act at the same moment, "recorded" stands exactly while an allergy does."""
    patient_id = allergic_to(ward, *[f"Substance {number}" for number in range(8)])
    allergies = ward.ask(GetBanner(patient_id=patient_id)).allergies

    ward.together(
        8,
        lambda number: ward.ask(
            RemoveAllergy(patient_id=patient_id, allergy_id=allergies[number].id, reason="Mistake")
        ),
    )

    assert ward.ask(GetBanner(patient_id=patient_id)).allergy_status is AllergyStatus.NOT_ASKED


def test_none_known_never_stands_beside_an_allergy_of_the_same_moment(ward: Desk) -> None:
    """Whichever comes first, the other one is refused or goes on top of it."""
    for number in range(5):
        patient_id = ward.patient(f"Patient Number{number}")

        ward.together(2, partial(_answer_or_record, ward, patient_id))

        banner = ward.ask(GetBanner(patient_id=patient_id))
        assert [each.substance for each in banner.allergies] == ["Latex"]
        assert banner.allergy_status is AllergyStatus.RECORDED


def _answer_or_record(ward: Desk, patient_id: PatientId, which: int) -> None:
    if which:
        ward.ask(RecordAllergy(patient_id=patient_id, substance="Latex"))
        return
    with suppress(FaultRaised):
        ward.ask(RecordNoAllergies(patient_id=patient_id))


def test_a_problem_of_several_visits_stands_once_and_is_resolved_at_once(ward: Desk) -> None:
    """The banner shows it as of the last time; closing it closes all; a second closing learns that."""
    patient_id = ward.patient()
    for _ in range(2):
        sign_diabetes(ward, patient_id)
        ward.pass_time(days=30)
    (problem,) = ward.ask(GetBanner(patient_id=patient_id)).problems

    banner = ward.ask(ResolveProblem(patient_id=patient_id, condition_id=problem.id), Role.DOCTOR)
    again = ward.fault(ResolveProblem(patient_id=patient_id, condition_id=problem.id), Role.DOCTOR)
    unknown = ward.fault(ResolveProblem(patient_id=patient_id, condition_id=ConditionId(999)), Role.DOCTOR)

    assert (problem.code, problem.active) == ("E11.9", True)
    assert banner.problems == []
    assert (again.code, unknown.code) == ("consultations.problem_gone",) * 2


def sign_diabetes(ward: Desk, patient_id: PatientId) -> None:
    ward.ask(
        SignEncounter(
            encounter_id=open_encounter(ward, patient_id),
            ticket_id=None,
            text=NOTE,
            diagnoses=[Diagnosis(code="E11.9", display="")],
            prescription=[],
        ),
        Role.DOCTOR,
    )
    ward.sql("update ticket set state = 'done', ended_at = %s where ended_at is null", (ward.now,))
