"""Signing closes note, diagnoses and prescription together, safely, once."""

from typing import LiteralString

import msgspec
import psycopg
import pytest

from hms_server.contract.consultations import (
    ChartChanged,
    Diagnosis,
    EncounterSigned,
    GetChart,
    NoteText,
    RecordAllergy,
    SignEncounter,
)
from hms_server.contract.prescribing import (
    MedicationPrescribed,
    NewMedicationRequest,
)
from hms_server.contract.values import EncounterId, ProductId, Role
from hms_server.contract.visits import CheckIn, EncounterFinished, TicketState
from tests.server.charts import (
    NOTE,
    allergic_to,
    line,
    open_encounter,
    product_id,
    signing,
    stock_formulary,
    without_allergies,
)
from tests.server.desk import Desk, FaultRaised

PARACETAMOL = "paracetamol-500mg-tablet"
AMOXICILLIN = "amoxicillin-500mg-capsule"
LUMEFANTRINE = "artemether-lumefantrine-20mg-120mg-tablet"


@pytest.fixture
def ward(desk: Desk) -> Desk:
    stock_formulary(desk)
    return desk


def test_everything_is_stored_and_the_patient_is_sent_to_the_pharmacy(ward: Desk) -> None:
    """The chart shows what the answer says: note, diagnoses, prescriptions; the doctor is done."""
    patient_id = without_allergies(ward)
    ticket = ward.ask(CheckIn(patient_id=patient_id, service="D"), Role.RECEPTIONIST).ticket
    request = SignEncounter(
        encounter_id=ticket.encounter_id,
        ticket_id=ticket.id,
        text=NoteText(subjective=" Fever. ", plan="Rest."),
        diagnoses=[Diagnosis(code="b54", display="whatever was typed"), Diagnosis(code="B54", display="")],
        prescription=[
            line(product_id(ward, LUMEFANTRINE), dose="4", frequency="BD", days=3, quantity=24),
            line(product_id(ward, PARACETAMOL), dose="2", frequency="Q6H-PRN", instructions="After food."),
        ],
    )

    signed = ward.ask(request, Role.DOCTOR)

    chart = ward.ask(GetChart(encounter_id=ticket.encounter_id), Role.DOCTOR)
    assert chart.finished
    assert chart.notes == [signed.note]
    assert (signed.note.text.subjective, signed.note.signed_by.name) == ("Fever.", "Dr Kofi Asante")
    assert [(each.code, each.display) for each in chart.diagnoses] == [("B54", "Unspecified malaria")]
    assert chart.prescriptions == signed.prescriptions
    assert [each.directions for each in signed.prescriptions] == [
        "Take 4 tablets by mouth twice a day, for 3 days",
        "Take 2 tablets by mouth every 6 hours if needed, for 5 days. After food.",
    ]
    assert signed.prescriptions[0].product == "Artemether + lumefantrine 20 mg + 120 mg tablet"
    assert signed.ticket is not None
    assert (signed.ticket.service, signed.ticket.state) == ("P", TicketState.WAITING)
    assert ward.sql("select state from ticket where id = %s", (ticket.id,)) == [("done",)]


def test_without_a_medicine_the_patient_goes_to_billing(ward: Desk) -> None:
    """There is nothing for the pharmacy to do."""
    encounter_id = open_encounter(ward, ward.patient())

    ticket = ward.ask(signing(encounter_id), Role.DOCTOR).ticket

    assert ticket is not None
    assert ticket.service == "B"


def test_the_others_are_told(ward: Desk) -> None:
    """Chart, queue and pharmacy learn of it; without a medicine the pharmacy does not."""
    patient_id = without_allergies(ward)
    first = open_encounter(ward, patient_id)
    ward.ask(signing(first, line(product_id(ward, PARACETAMOL))), Role.DOCTOR)
    other = ward.patient("Kofi Mensah")
    second = open_encounter(ward, other)

    ward.ask(signing(second), Role.DOCTOR)

    assert [event.encounter_id for event in ward.events(EncounterSigned)] == [first, second]
    assert [event.encounter_id for event in ward.events(EncounterFinished)] == [first, second]
    assert [event.encounter_id for event in ward.events(MedicationPrescribed)] == [first]
    assert ward.events(ChartChanged)[-1].patient_id == other


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (line(ProductId(0), quantity=0), "quantity"),
        (line(ProductId(0), quantity=1_000_000), "quantity"),
        (line(ProductId(0), days=0), "days"),
        (line(ProductId(0), days=400), "days"),
        (line(ProductId(0), dose="0"), "dose"),
        (line(ProductId(0), dose="1000"), "dose"),
        (line(ProductId(0), frequency="HOURLY"), "frequency"),
        (line(ProductId(0), instructions="x" * 501), "instructions"),
        (line(ProductId(999_999)), "product_id"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_stored(
    ward: Desk, wrong: NewMedicationRequest, field: str
) -> None:
    """The fault leads to the line and the field; the visit stays open with all that was typed."""
    encounter_id = open_encounter(ward, without_allergies(ward))
    good = product_id(ward, PARACETAMOL)
    lines = [line(good), msgspec.structs.replace(wrong, product_id=wrong.product_id or good)]

    fault = ward.fault(signing(encounter_id, *lines), Role.DOCTOR)

    assert fault.field == f"prescription.1.{field}"
    assert_nothing_stored(ward, encounter_id)


def test_an_unknown_diagnosis_is_named(ward: Desk) -> None:
    """Free words are no diagnosis."""
    encounter_id = open_encounter(ward, ward.patient())
    diagnoses = [Diagnosis(code="B54", display=""), Diagnosis(code="B99.99", display="Something")]
    request = SignEncounter(
        encounter_id=encounter_id, ticket_id=None, text=NOTE, diagnoses=diagnoses, prescription=[]
    )

    fault = ward.fault(request, Role.DOCTOR)

    assert (fault.code, fault.field) == ("consultations.diagnosis_unknown", "diagnoses.1.code")
    assert_nothing_stored(ward, encounter_id)


def test_there_has_to_be_something_to_sign(ward: Desk) -> None:
    """Blanks are no note, and a book is none either."""
    encounter_id = open_encounter(ward, ward.patient())
    blank, book = NoteText(plan=" \n "), NoteText(plan="x" * 50_001)

    faults = [
        ward.fault(
            SignEncounter(
                encounter_id=encounter_id, ticket_id=None, text=text, diagnoses=[], prescription=[]
            ),
            Role.DOCTOR,
        )
        for text in (blank, book)
    ]

    assert [fault.field for fault in faults] == ["text", "text.plan"]


def test_an_unsafe_line_needs_a_reason_for_each_finding(ward: Desk) -> None:
    """All that is unsafe is named at once; with reasons it is signed, and the pharmacist can read them."""
    patient_id = allergic_to(ward, "Penicillin", "Julphar syrup")
    encounter_id = open_encounter(ward, patient_id)
    amoxicillin = product_id(ward, AMOXICILLIN)

    fault = ward.fault(signing(encounter_id, line(amoxicillin)), Role.DOCTOR)
    keys = [name.removeprefix("prescription.0.overrides.") for name in fault.data]
    short = ward.fault(
        signing(encounter_id, line(amoxicillin, overrides=dict.fromkeys(keys, "..ok.."))), Role.DOCTOR
    )
    reasons = dict.fromkeys(keys, "Desensitised in 2024") | {"contraindicated.allergy.999": "Of another day"}
    signed = ward.ask(signing(encounter_id, line(amoxicillin, overrides=reasons)), Role.DOCTOR)

    assert fault.code == "prescribing.unsafe"
    assert [key.split(".")[0] for key in keys] == ["contraindicated", "not_checked"]
    assert (short.code, short.field) == ("prescribing.reason", f"prescription.0.overrides.{keys[0]}")
    assert signed.prescriptions[0].overrides == {
        "Allergic to Penicillin": "Desensitised in 2024",
        "“Julphar syrup” is not known to this system: NOT CHECKED": "Desensitised in 2024",
    }
    chart = ward.ask(GetChart(encounter_id=encounter_id), Role.DOCTOR)
    assert chart.prescriptions == signed.prescriptions


def test_a_warning_needs_no_reason_and_keeps_one(ward: Desk) -> None:
    """A cross-reaction is shown, and does not stop the doctor."""
    cefuroxime = "cefuroxime-500mg-tablet"
    first = open_encounter(ward, allergic_to(ward, "Penicillin"))
    second = open_encounter(ward, allergic_to(ward, "Penicillin", name="Kofi Mensah"))
    product = product_id(ward, cefuroxime)
    (allergy_id,) = ward.sql("select max(id) from allergy_intolerance")[0]

    silent = ward.ask(signing(first, line(product)), Role.DOCTOR)
    reasoned = line(product, overrides={f"warning.allergy.{allergy_id}": "Took it before"})
    spoken = ward.ask(signing(second, reasoned), Role.DOCTOR)

    assert silent.prescriptions[0].overrides == {}
    assert spoken.prescriptions[0].overrides == {"Allergic to Penicillin": "Took it before"}


def test_an_allergy_that_was_recorded_meanwhile_counts(ward: Desk) -> None:
    """What the doctor saw while choosing is checked again when it is signed."""
    patient_id = without_allergies(ward)
    encounter_id = open_encounter(ward, patient_id)
    ward.ask(RecordAllergy(patient_id=patient_id, substance="Penicillin"), Role.NURSE)

    fault = ward.fault(signing(encounter_id, line(product_id(ward, AMOXICILLIN))), Role.DOCTOR)

    assert fault.code == "prescribing.unsafe"
    assert_nothing_stored(ward, encounter_id)


def test_whoever_signs_second_learns_who_was_faster(ward: Desk) -> None:
    """A signed visit is not signed again, by nobody."""
    encounter_id = open_encounter(ward, ward.patient())
    ward.ask(signing(encounter_id), Role.DOCTOR)
    other = ward.add_staff(Role.DOCTOR, "Dr Ama Boateng")

    fault = ward.fault(signing(encounter_id), by=other)

    assert fault.code == "consultations.signed"
    assert fault.message.startswith("Dr Kofi Asante signed this visit at 09:00.")


def test_of_many_who_sign_at_once_one_does(ward: Desk) -> None:
    """One note, one set of prescriptions, one ticket."""
    encounter_id = open_encounter(ward, without_allergies(ward))
    paracetamol = line(product_id(ward, PARACETAMOL))
    codes: list[str] = []

    def sign(_: int) -> None:
        try:
            ward.ask(signing(encounter_id, paracetamol), Role.DOCTOR)
        except FaultRaised as raised:
            codes.append(raised.fault.code)

    ward.together(6, sign)

    assert codes == ["consultations.signed"] * 5
    counts = "select (select count(*) from note), (select count(*) from medication_request)"
    assert ward.sql(counts) == [(1, 1)]
    assert ward.sql("select count(*) from ticket") == [(1,)]


def test_a_visit_that_was_closed_or_never_was_cannot_be_signed(ward: Desk) -> None:
    """The sentences say what to do."""
    encounter_id = open_encounter(ward, ward.patient())
    ward.sql("update encounter set status = 'finished', ended_at = %s", (ward.now,))

    closed = ward.fault(signing(encounter_id), Role.DOCTOR)
    unknown = ward.fault(signing(EncounterId(999)), Role.DOCTOR)

    assert closed.code == "consultations.closed"
    assert "Undo that in the queue" in closed.message
    assert unknown.code == "visits.encounter_unknown"


def test_nothing_is_prescribed_for_the_dead(ward: Desk) -> None:
    """The last note can still be signed."""
    encounter_id = open_encounter(ward, ward.patient(deceased=True))

    fault = ward.fault(signing(encounter_id, line(product_id(ward, PARACETAMOL))), Role.DOCTOR)
    signed = ward.ask(signing(encounter_id), Role.DOCTOR)

    assert fault.code == "prescribing.deceased"
    assert signed.note.version == 1


def test_the_database_takes_nothing_more_after_signing(ward: Desk) -> None:
    """Diagnosis, prescription, text of a note, dose: each is refused by a trigger, whoever asks."""
    encounter_id = open_encounter(ward, without_allergies(ward))
    ward.ask(signing(encounter_id, line(product_id(ward, PARACETAMOL))), Role.DOCTOR)
    late: list[LiteralString] = [
        LATE_CONDITION,
        LATE_PRESCRIPTION,
        "update note set plan = 'Something else'",
        "delete from note",
        "update medication_request set dose = 3",
        "update medication_request set quantity = 500",
        "update medication_request set dispensed = 16",
    ]

    for statement in late:
        with pytest.raises(psycopg.IntegrityError):
            ward.sql(statement)


def test_a_nurse_does_not_sign_and_an_unknown_chart_is_said(ward: Desk) -> None:
    """Permission and existence."""
    encounter_id = open_encounter(ward, ward.patient())

    assert ward.fault(signing(encounter_id), Role.NURSE).code == "request.forbidden"
    assert ward.fault(GetChart(encounter_id=EncounterId(999)), Role.DOCTOR).field == "encounter_id"


def test_whose_chart_it_was_stands_in_the_audit(ward: Desk) -> None:
    """Reading and signing name the patient."""
    patient_id = without_allergies(ward)
    encounter_id = open_encounter(ward, patient_id)
    ward.ask(GetChart(encounter_id=encounter_id), Role.DOCTOR)
    ward.ask(signing(encounter_id, line(product_id(ward, PARACETAMOL))), Role.DOCTOR)

    rows = ward.sql("select request from audit where %s = any(patients)", (patient_id,))

    assert {name for (name,) in rows} == {"RecordNoAllergies", "GetChart", "SignEncounter"}


def assert_nothing_stored(ward: Desk, encounter_id: EncounterId) -> None:
    counts = ward.sql(
        "select (select count(*) from note), (select count(*) from condition),"
        " (select count(*) from medication_request), (select count(*) from ticket), status"
        " from encounter where id = %s",
        (encounter_id,),
    )
    assert counts == [(0, 0, 0, 0, "in-progress")]


LATE_CONDITION = """
insert into condition (patient_id, encounter_id, display, recorded_at)
select patient_id, id, 'Late', now() from encounter
"""
LATE_PRESCRIPTION = """
insert into medication_request (encounter_id, patient_id, product_id, product_text, dose, frequency, days,
    quantity, prescriber_id, authored_at)
select encounter_id, patient_id, product_id, product_text, dose, frequency, days, quantity, prescriber_id,
    authored_at
from medication_request
"""
