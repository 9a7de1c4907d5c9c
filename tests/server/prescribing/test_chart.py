"""The chart after signing: corrections are versions, and the past stands beside today."""

import pytest

from hms_server.contract.consultations import (
    CorrectNote,
    Diagnosis,
    GetBanner,
    GetChart,
    NoteText,
    SignEncounter,
)
from hms_server.contract.prescribing import MedicationRequestStatus
from hms_server.contract.values import Role
from tests.server.charts import (
    NOTE,
    line,
    open_encounter,
    product_id,
    signing,
    stock_formulary,
    without_allergies,
)
from tests.server.desk import Desk, FaultRaised

PARACETAMOL = "paracetamol-500mg-tablet"


@pytest.fixture
def ward(desk: Desk) -> Desk:
    stock_formulary(desk)
    return desk


def test_a_correction_is_the_next_version_with_its_reason(ward: Desk) -> None:
    """Both versions stay; a correction of what somebody has not seen is refused with the name."""
    encounter_id = open_encounter(ward, ward.patient())
    first = ward.ask(signing(encounter_id), Role.DOCTOR).note
    ward.pass_time(minutes=30)
    correction = CorrectNote(
        encounter_id=encounter_id, version=1, text=NoteText(plan="Admit."), reason="Got worse"
    )

    second = ward.ask(correction, Role.DOCTOR)
    stale = ward.fault(correction, by=ward.add_staff(Role.DOCTOR, "Dr Ama Boateng"))

    assert ward.ask(GetChart(encounter_id=encounter_id), Role.DOCTOR).notes == [first, second]
    assert (second.version, second.text.plan, second.reason) == (2, "Admit.", "Got worse")
    assert stale.code == "consultations.note_changed"
    assert stale.message.startswith("Dr Kofi Asante signed version 2 at 09:30; you saw version 1.")


def test_corrections_at_once_give_one_next_version(ward: Desk) -> None:
    """The others are told to look again."""
    encounter_id = open_encounter(ward, ward.patient())
    ward.ask(signing(encounter_id), Role.DOCTOR)
    codes: list[str] = []

    def correct(number: int) -> None:
        text = NoteText(plan=f"Plan {number}")
        try:
            ward.ask(CorrectNote(encounter_id=encounter_id, version=1, text=text, reason="Slip"), Role.DOCTOR)
        except FaultRaised as raised:
            codes.append(raised.fault.code)

    ward.together(5, correct)

    assert codes == ["consultations.note_changed"] * 4
    assert ward.sql("select max(version), count(*) from note") == [(2, 2)]


def test_wrong_corrections_name_their_field(ward: Desk) -> None:
    """An unsigned visit, no reason, nothing left of the note."""
    unsigned = open_encounter(ward, ward.patient())
    signed = open_encounter(ward, ward.patient("Kofi Mensah"))
    ward.ask(signing(signed), Role.DOCTOR)

    faults = [
        ward.fault(CorrectNote(encounter_id=encounter_id, version=1, text=text, reason=reason), Role.DOCTOR)
        for encounter_id, text, reason in (
            (unsigned, NOTE, "Slip"),
            (signed, NOTE, " "),
            (signed, NoteText(), "Slip"),
        )
    ]

    assert [fault.field for fault in faults] == ["encounter_id", "reason", "text"]


def test_the_chart_shows_the_past(ward: Desk) -> None:
    """Earlier visits with their diagnoses and medicines, newest first, as many as asked for, and how many."""
    patient_id = without_allergies(ward)
    past = []
    for code in ("B54", "I10", "E11.9"):
        past.append(open_encounter(ward, patient_id))
        request = SignEncounter(
            encounter_id=past[-1],
            ticket_id=None,
            text=NOTE,
            diagnoses=[Diagnosis(code=code, display="")],
            prescription=[line(product_id(ward, PARACETAMOL))],
        )
        ward.ask(request, Role.DOCTOR)
        ward.sql("update ticket set state = 'done', ended_at = %s where ended_at is null", (ward.now,))
        ward.pass_time(days=7)
    today = open_encounter(ward, patient_id)

    chart = ward.ask(GetChart(encounter_id=today, history_limit=2), Role.DOCTOR)

    assert (chart.finished, chart.notes, chart.diagnoses, chart.prescriptions) == (False, [], [], [])
    assert [each.id for each in chart.history] == [past[2], past[1]]
    assert [each.diagnoses for each in chart.history] == [
        ["Type 2 diabetes mellitus without complications"],
        ["Essential (primary) hypertension"],
    ]
    assert [each.practitioner.name for each in chart.history if each.practitioner] == ["Dr Kofi Asante"] * 2
    assert chart.history_total == 3
    assert [each.encounter_id for each in chart.earlier_prescriptions] == past[::-1]
    assert {each.status for each in chart.earlier_prescriptions} == {MedicationRequestStatus.ACTIVE}
    assert chart.banner == ward.ask(GetBanner(patient_id=patient_id), Role.DOCTOR)
