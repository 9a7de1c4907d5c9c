"""Encounters, allergies, conditions and medicines, and how they find their patient."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from hms_server.contract.consultations import Criticality
from hms_server.fhir.records import (
    RXNORM,
    SNOMED,
    AllergyCategory,
    AllergyClinicalStatus,
    AllergyVerification,
    ConditionClinicalStatus,
    ConditionVerification,
    EncounterStatus,
    MedicationStatus,
    ReactionSeverity,
    WhenPrecision,
)
from hms_server.fhir.report import BundleContent, LeftOut

Read = Callable[..., BundleContent]
ABOUT_ADA = {"reference": "Patient/ada"}
ALLERGY = {
    "resourceType": "AllergyIntolerance",
    "id": "a",
    "patient": ABOUT_ADA,
    "code": {"coding": [{"system": SNOMED, "code": "91936005", "display": "Allergy to penicillin"}]},
}
CONDITION = {"resourceType": "Condition", "id": "c", "subject": ABOUT_ADA, "code": {"text": "Asthma"}}
MEDICINE = {
    "resourceType": "MedicationRequest",
    "id": "m",
    "status": "active",
    "intent": "order",
    "subject": ABOUT_ADA,
    "medicationCodeableConcept": {"text": "Salbutamol"},
}
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"code": "AMB"},
    "subject": ABOUT_ADA,
}


def status(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


def test_an_allergy_keeps_all_that_a_prescriber_must_know(read_resources: Read) -> None:
    """Substance in words and code, how sure, how dangerous, and what happened."""
    (allergy,) = read_resources(
        ALLERGY
        | {
            "clinicalStatus": status("active"),
            "verificationStatus": status("confirmed"),
            "category": ["medication"],
            "criticality": "high",
            "recordedDate": "2009-05",
            "reaction": [
                {"manifestation": [{"text": "Anaphylaxis"}, {"text": "Hives"}], "severity": "severe"}
            ],
            "note": [{"text": "After an injection."}, {"text": "Told by her mother."}],
        }
    ).allergies

    assert (allergy.code.text, allergy.code.code_in(SNOMED)) == ("Allergy to penicillin", "91936005")
    assert allergy.clinical_status is AllergyClinicalStatus.ACTIVE
    assert allergy.verification is AllergyVerification.CONFIRMED
    assert (allergy.categories, allergy.criticality) == ((AllergyCategory.MEDICATION,), Criticality.HIGH)
    assert [each.text for each in allergy.reactions[0].manifestations] == ["Anaphylaxis", "Hives"]
    assert allergy.reactions[0].severity is ReactionSeverity.SEVERE
    assert allergy.recorded is not None
    assert allergy.recorded.precision is WhenPrecision.MONTH
    assert allergy.note == "After an injection.\nTold by her mother."
    assert not allergy.denies


def test_an_allergy_named_only_by_its_reaction_is_taken(read_resources: Read) -> None:
    """To lose it for its place in the form would be dangerous."""
    reaction = {"substance": {"text": "Amoxicillin"}, "manifestation": [{"text": "Rash"}]}
    allergy = {key: value for key, value in ALLERGY.items() if key != "code"} | {"reaction": [reaction]}

    assert read_resources(allergy).allergies[0].code.text == "Amoxicillin"


def test_no_known_allergy_is_told_apart_from_an_allergy(read_resources: Read) -> None:
    """Some sources write the absence as if it were a substance."""
    code = {"coding": [{"system": SNOMED, "code": "716186003", "display": "No known allergy"}]}

    assert read_resources(ALLERGY | {"code": code}).allergies[0].denies


def test_a_condition_has_times_or_words_for_its_course(read_resources: Read) -> None:
    """An age at onset stays an age; nobody computes a date from it."""
    by_time, by_age = read_resources(
        CONDITION
        | {
            "clinicalStatus": status("resolved"),
            "verificationStatus": status("confirmed"),
            "onsetDateTime": "2002-06-20T03:11:33+00:00",
            "abatementDateTime": "2002-07-04",
        },
        CONDITION | {"id": "c2", "onsetAge": {"value": 19, "unit": "years"}, "abatementString": "long ago"},
    ).conditions

    assert by_time.clinical_status is ConditionClinicalStatus.RESOLVED
    assert by_time.verification is ConditionVerification.CONFIRMED
    assert by_time.onset is not None
    assert by_time.onset.at == datetime(2002, 6, 20, 3, 11, 33, tzinfo=UTC)
    assert by_time.abatement is not None
    assert (by_time.abatement.precision, by_time.abatement.given) == (WhenPrecision.DAY, "2002-07-04")
    assert (by_age.onset, by_age.onset_text, by_age.abatement_text) == (
        None,
        "at the age of 19 years",
        "long ago",
    )


def test_a_medicine_keeps_code_status_and_the_words_of_its_dosage(read_resources: Read) -> None:
    """The prescriber's own words come first."""
    coding = {"system": RXNORM, "code": "313782", "display": "Acetaminophen 325 MG Oral Tablet"}
    (medicine,) = read_resources(
        MEDICINE
        | {
            "status": "stopped",
            "medicationCodeableConcept": {"coding": [coding]},
            "authoredOn": "2002-06-20T03:11:33+00:00",
            "dosageInstruction": [{"text": "2 tablets at night", "asNeededBoolean": True}],
            "reasonCode": [{"text": "Pain"}],
        }
    ).medications

    assert (medicine.code.text, medicine.code.code_in(RXNORM)) == (coding["display"], "313782")
    assert medicine.status is MedicationStatus.STOPPED
    assert (medicine.dosage_text, medicine.reason) == ("2 tablets at night", "Pain")


@pytest.mark.parametrize(
    ("dosage", "words"),
    [
        ([{"sequence": 1, "asNeededBoolean": True}], "as needed"),
        (
            [
                {
                    "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
                    "doseAndRate": [{"doseQuantity": {"value": 1.5, "unit": "tablets"}}],
                    "route": {"coding": [{"display": "oral"}]},
                    "additionalInstruction": [{"text": "with food"}],
                }
            ],
            "dose 1.5 tablets, 2 times every day, oral, with food",
        ),
        ([{"timing": {"repeat": {"frequency": 1, "period": 6, "periodUnit": "h"}}}], "every 6 hours"),
        # Five days are part of the dosage; without them the words would say "for ever".
        (
            [
                {
                    "timing": {
                        "repeat": {
                            "frequency": 1,
                            "period": 6,
                            "periodUnit": "h",
                            "boundsDuration": {"value": 5, "unit": "d"},
                        }
                    }
                }
            ],
            "",
        ),
        ([{"asNeededBoolean": True}, {"site": {"text": "left eye"}}], ""),
        ([{"text": "1 at noon"}, {"text": "2 at night"}], "1 at noon\n2 at night"),
    ],
)
def test_a_dosage_is_put_in_words_whole_or_not_at_all(
    read_resources: Read, dosage: list[dict[str, Any]], words: str
) -> None:
    """Half a dosage is a wrong one."""
    assert read_resources(MEDICINE | {"dosageInstruction": dosage}).medications[0].dosage_text == words


def test_a_medicine_is_found_by_reference(read_resources: Read) -> None:
    """In another entry, inside the request, or at least by the words beside the reference."""
    plain = {key: value for key, value in MEDICINE.items() if key != "medicationCodeableConcept"}
    content = read_resources(
        {"resourceType": "Medication", "id": "x", "code": {"text": "Carbamazepine"}},
        plain | {"medicationReference": {"reference": "Medication/x"}},
        plain
        | {
            "id": "m2",
            "contained": [{"resourceType": "Medication", "id": "in", "code": {"text": "Quinine"}}],
            "medicationReference": {"reference": "#in"},
        },
        plain | {"id": "m3", "medicationReference": {"reference": "Medication/gone", "display": "Zinc"}},
        plain | {"id": "m4", "medicationReference": {"reference": "Medication/gone"}},
    )

    assert [each.code.text for each in content.medications] == ["Carbamazepine", "Quinine", "Zinc"]
    assert content.left_out == (LeftOut("Medication", 1, "named by the prescriptions that refer to them"),)
    assert [each.message for each in content.problems] == [
        "The medicine that it refers to is not in the file."
    ]


def test_an_order_not_to_give_a_medicine_is_not_read_as_a_medicine(read_resources: Read) -> None:
    """It says the opposite."""
    content = read_resources(MEDICINE | {"doNotPerform": True})

    assert content.medications == ()
    assert [each.sentence() for each in content.left_out] == [
        "MedicationRequest: 1 that a medicine must not be given"
    ]


def test_an_encounter_keeps_class_type_times_and_reason(read_resources: Read) -> None:
    """And what happened in it leads back to it."""
    content = read_resources(
        ENCOUNTER
        | {
            "type": [{"text": "Check-up"}],
            "period": {"start": "2020-01-01T10:00:00+01:00", "end": "2020-01-01T10:15:00+01:00"},
            "reasonCode": [{"text": "Cough"}],
        },
        CONDITION | {"encounter": {"reference": "Encounter/e"}},
    )

    (encounter,) = content.encounters
    assert (encounter.status, encounter.class_code) == (EncounterStatus.FINISHED, "AMB")
    assert encounter.start is not None
    assert encounter.start.at == datetime(2020, 1, 1, 9, tzinfo=UTC)
    assert ([each.text for each in encounter.types], encounter.reasons[0].text) == (["Check-up"], "Cough")
    assert content.conditions[0].encounter_source_id == encounter.source_id


def test_a_condition_outlives_an_encounter_that_was_not_taken(read_resources: Read) -> None:
    """The diagnosis is true without the visit."""
    content = read_resources(
        ENCOUNTER | {"status": "over"}, CONDITION | {"encounter": {"reference": "Encounter/e"}}
    )

    assert content.encounters == ()
    assert content.conditions[0].encounter_source_id is None


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        (
            CONDITION | {"subject": {"reference": "Patient/gone"}},
            "subject: It is about a patient who was not taken from this file.",
        ),
        (
            CONDITION | {"subject": {"reference": "Encounter/other"}},
            "subject: It is about a resource of type Encounter, not about a patient.",
        ),
        (CONDITION | {"subject": {"display": "Ada"}}, "subject: It does not say whom it is about."),
        (CONDITION | {"code": {}}, "code: It has neither a text nor a code."),
        (
            CONDITION | {"clinicalStatus": status("better")},
            "clinicalStatus: Expected one of: active, recurrence, relapse, inactive, remission, resolved.",
        ),
        (CONDITION | {"onsetDateTime": "2020-02-30"}, "onsetDateTime: There is no such day or time."),
        (
            CONDITION | {"recordedDate": "0001-01-01T00:00:00+14:00"},
            "recordedDate: There is no such day or time.",
        ),
        (ALLERGY | {"criticality": "very"}, "criticality: Invalid enum value 'very'."),
        (
            MEDICINE | {"dosageInstruction": [{"modifierExtension": [{"url": "x", "valueCode": "not"}]}]},
            "modifierExtension: This may change the meaning and is not understood here.",
        ),
        (ALLERGY | {"reaction": [{"severity": "mild"}]}, "reaction[0].manifestation: The field is missing."),
        (MEDICINE | {"status": "given"}, "status: Invalid enum value 'given'."),
        (
            ENCOUNTER | {"period": {"start": "2020-01-02", "end": "2020-01-01"}},
            "period: It ends before it begins.",
        ),
    ],
)
def test_what_is_wrong_with_a_resource_is_told_by_field(
    read_resources: Read, resource: dict[str, Any], sentence: str
) -> None:
    """With the id that finds it in the file, and without losing its neighbours."""
    content = read_resources(ENCOUNTER | {"id": "other"}, resource)

    (problem,) = content.problems
    assert (
        problem.sentence()
        == f"{resource['resourceType']} bundle.json#{resource['resourceType']}/{resource['id']}, {sentence}"
    )
    assert [each.source_id for each in content.encounters] == ["bundle.json#Encounter/other"]
