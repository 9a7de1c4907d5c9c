"""What the assistant looks up and proposes, by the rights of whoever asks, with and without the model."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hms_server.contract.assistant import (
    AcceptAppointment,
    AcceptDraft,
    AnswerState,
    Dismiss,
    GetAssistantState,
    RunTool,
)
from hms_server.contract.consultations import RecordAllergy
from hms_server.contract.scheduling import ListAppointments
from hms_server.contract.suggestions import (
    AppointmentProposal,
    Differential,
    Draft,
    FoundPatients,
    FreeSlots,
    ListDocuments,
    ProposalState,
    SafetyReport,
    Treatments,
)
from hms_server.contract.values import PatientId, Role
from hms_server.contract.visits import CheckIn
from tests.outside import gemini
from tests.server.assistant.talk import Talk
from tests.server.charts import signing, stock_formulary
from tests.server.desk import Desk
from tests.server.pharmacy.shelves import Pharmacy
from tests.server.scheduling.diary import Diary

MONDAY = date(2026, 3, 2)
LAGOS = ZoneInfo("Africa/Lagos")


@pytest.fixture
def patient_id(talk: Talk, desk: Desk) -> PatientId:
    """Somebody with a visit, a note, an allergy and an appointment."""
    stock_formulary(desk)
    diary = Diary(desk)
    patient_id = talk.patient()
    desk.ask(RecordAllergy(patient_id=patient_id, substance="Penicillin"), Role.NURSE)
    ticket = desk.ask(CheckIn(patient_id=patient_id, reason="Fever", service="D"), Role.RECEPTIONIST).ticket
    desk.ask(signing(ticket.encounter_id), Role.DOCTOR)
    diary.book("10:20", patient_id=patient_id)
    return patient_id


def names_of(talk: Talk, role: Role) -> set[str]:
    return {tool.name for tool in talk.desk.ask(GetAssistantState(), role).tools}


def test_what_it_can_do_follows_from_the_role(talk: Talk) -> None:
    doctor, nurse = names_of(talk, Role.DOCTOR), names_of(talk, Role.NURSE)

    assert {"differential_diagnosis", "draft_referral", "propose_appointment"} <= doctor
    assert doctor - nurse == {
        "differential_diagnosis", "treatment_suggestions", "draft_referral", "draft_letter", "draft_report",
    }  # fmt: skip
    assert names_of(talk, Role.CASHIER) == {
        "find_patient", "summarise_record", "todays_list", "help_in_manual",
    }  # fmt: skip
    assert "stock_of_medicine" in names_of(talk, Role.PHARMACIST)
    assert names_of(talk, Role.ADMINISTRATOR) == {"help_in_manual"}


def test_the_model_is_offered_what_the_role_may_and_no_more(talk: Talk) -> None:
    talk.ask("Hello?", Role.CASHIER)

    [declared] = talk.fake.asked[0]["tools"]
    assert {one["name"] for one in declared["functionDeclarations"]} == names_of(talk, Role.CASHIER)


def test_a_function_of_another_role_is_unknown_to_the_model_and_to_the_form(talk: Talk, desk: Desk) -> None:
    talk.fake.then(gemini.calls(("draft_referral", {"patient": "PATIENT-A", "to": "x", "reason": "y"})))

    answer = talk.ask("Refer.", Role.CASHIER)

    assert talk.told()[0] == {"error": "There is no such function."}
    assert answer.state is AnswerState.DONE
    assert desk.fault(RunTool(name="draft_referral"), Role.CASHIER).code == "request.forbidden"


def test_a_patient_is_found_by_a_name_that_never_leaves(
    talk: Talk, patient_id: PatientId, desk: Desk
) -> None:
    talk.fake.then(gemini.calls(("find_patient", {"name": "PERSON-A"})), gemini.says("PATIENT-A is 38."))

    answer = talk.ask("How old is zyxwobi?")

    assert talk.told()[0]["data"]["patients"][0]["patient"] == "PATIENT-A"
    assert answer.text == "Quillonda Zyxwobi is 38."
    [found] = answer.attachments
    assert isinstance(found, FoundPatients)
    assert [patient.id for patient in found.patients] == [patient_id]
    assert [(use.name, use.worked) for use in answer.used] == [("find_patient", True)]
    audited = desk.sql(
        "select request, staff_id from audit where patients @> array[%s::bigint]", (patient_id,)
    )
    assert ("SearchPatients", desk.staff[Role.DOCTOR]) in audited


def test_patients_who_have_not_agreed_are_found_but_not_told(talk: Talk, patient_id: PatientId) -> None:
    talk.consent(patient_id, given=False)
    talk.fake.then(
        gemini.calls(("find_patient", {"name": "PERSON-A"})),
        gemini.calls(("summarise_record", {"patient": "PATIENT-A"})),
    )

    answer = talk.ask("Find zyxwobi.")

    assert talk.told()[0]["data"] == {
        "patients": [],
        "left_out": "1 more are not told here, because those patients have not agreed to it.",
    }
    assert "Unknown patient" in talk.told()[1]["error"]
    assert len(answer.attachments) == 1


def test_a_record_is_summarised_with_the_rows_it_comes_from(talk: Talk, patient_id: PatientId) -> None:
    talk.fake.then(
        gemini.calls(("summarise_record", {"patient": "PATIENT-A"})),
        gemini.says("PATIENT-A is allergic to penicillin [S1] and had a fever [S2]."),
    )

    answer = talk.ask("Summarise.", patient_id=patient_id)

    data = talk.told()[0]["data"]
    assert data["allergies"][0]["substance"] == "Penicillin"
    assert data["visits"][0]["note"]["assessment"] == "Malaria"
    assert data["visits"][0]["when"] == "today"
    assert [(source.mark, source.kind, source.patient_id) for source in answer.sources] == [
        ("S1", "allergyintolerance", patient_id),
        ("S2", "encounter", patient_id),
    ]


def test_the_front_desk_is_told_of_a_record_what_its_own_screen_shows(
    talk: Talk, patient_id: PatientId
) -> None:
    told = talk.run("summarise_record", Role.RECEPTIONIST, patient_id=patient_id)

    assert "Penicillin" in " ".join(told.lines)
    assert "Malaria" not in " ".join(told.lines)


def test_free_times_are_told_in_days_and_shown_in_dates(talk: Talk, patient_id: PatientId) -> None:
    talk.fake.then(
        gemini.calls(("next_free_slots", {"doctor": "STAFF-C"})),
        gemini.says("DAY+0 at 09:20 with Dr STAFF-C."),
    )

    answer = talk.ask("When is Dr Kofi Asante free?", Role.RECEPTIONIST)

    first = talk.told()[0]["data"]["free"][0]
    assert (first["doctor"], first["day"], first["weekday"], first["time"]) == (
        "Dr STAFF-C", "DAY+0", "Monday", "09:20",
    )  # fmt: skip
    assert answer.text == "2026-03-02 at 09:20 with Dr Kofi Asante."
    [slots] = answer.attachments
    assert isinstance(slots, FreeSlots)
    assert slots.slots[0].starts_at == datetime.fromisoformat("2026-03-02T09:20+01:00")


def test_availability_by_name_and_by_speciality(talk: Talk, desk: Desk, patient_id: PatientId) -> None:
    by_name = talk.run("doctor_availability", Role.NURSE, doctor="Dr. Asante")
    nobody = talk.run("doctor_availability", Role.NURSE, doctor="Nobody")

    assert by_name.lines[0].startswith("Dr Kofi Asante")
    assert nobody.lines == ["Nobody was found."]
    fault = desk.fault(RunTool(name="next_free_slots", arguments={"speciality": "witchcraft"}), Role.NURSE)
    assert (fault.code, fault.field) == ("assistant.argument", "speciality")


def test_an_appointment_is_proposed_and_booked_by_a_person(
    talk: Talk, desk: Desk, patient_id: PatientId
) -> None:
    talk.fake.then(
        gemini.calls(
            (
                "propose_appointment",
                {"patient": "PATIENT-A", "day": "DAY+1", "time": "10:20", "reason": "Check"},
            )
        ),
        gemini.says("Proposed."),
    )
    answer = talk.ask("An appointment tomorrow at 10:20.", Role.NURSE, patient_id=patient_id)
    [proposal] = answer.attachments
    assert isinstance(proposal, AppointmentProposal)
    assert proposal.slot is not None
    assert proposal.slot.starts_at == datetime.fromisoformat("2026-03-03T10:20+01:00")
    assert (proposal.conflict, proposal.state) == ("", ProposalState.OPEN)
    assert len(desk.sql("select id from appointment")) == 1

    request = AcceptAppointment(proposal_id=proposal.id, slot=proposal.slot, reason=proposal.reason)
    accepted = desk.ask(request, Role.NURSE)

    assert isinstance(accepted, AppointmentProposal)
    assert accepted.mark == "suggested by the assistant, accepted by Ngozi Eze"
    tomorrow = MONDAY + timedelta(days=1)
    [booked] = desk.ask(ListAppointments(from_day=tomorrow), Role.NURSE).appointments
    assert (booked.proposed_by, booked.made.by and booked.made.by.name) == ("assistant", "Ngozi Eze")
    assert desk.fault(request, Role.NURSE).code == "assistant.decided"
    assert talk.answer(answer.id, Role.NURSE).attachments == [accepted]


def test_a_taken_time_is_answered_with_the_nearest_ones(
    talk: Talk, desk: Desk, patient_id: PatientId
) -> None:
    other = talk.patient()

    told = talk.run(
        "propose_appointment", Role.NURSE, patient_id=other, day="2026-03-02", time="10:20", reason="Check"
    )

    [proposal] = told.attachments
    assert isinstance(proposal, AppointmentProposal)
    assert "not free" in proposal.conflict
    times = [slot.starts_at.astimezone(LAGOS) for slot in (proposal.slot, *proposal.alternatives) if slot]
    assert [f"{at:%H:%M}" for at in times] == ["10:00", "10:40", "09:40", "11:00", "09:20"]


def test_a_time_that_was_taken_meanwhile_is_refused_like_by_hand(
    talk: Talk, desk: Desk, patient_id: PatientId
) -> None:
    other = talk.patient()
    [first] = talk.run("propose_appointment", Role.NURSE, patient_id=patient_id).attachments
    [second] = talk.run("propose_appointment", Role.NURSE, patient_id=other).attachments
    assert isinstance(first, AppointmentProposal)
    assert isinstance(second, AppointmentProposal)
    assert first.slot is not None
    desk.ask(AcceptAppointment(proposal_id=first.id, slot=first.slot), Role.NURSE)

    fault = desk.fault(AcceptAppointment(proposal_id=second.id, slot=first.slot), Role.NURSE)

    assert fault.code == "scheduling.taken"
    assert desk.sql("select state from assistant_proposal where id = %s", (second.id,)) == [("open",)]


def test_a_draft_becomes_a_document_only_by_a_person(talk: Talk, desk: Desk, patient_id: PatientId) -> None:
    text = "Dear colleague, PATIENT-A has had a fever since DAY+0. <b>Thank you</b>"
    talk.fake.then(
        gemini.calls(("summarise_record", {"patient": "PATIENT-A"})),
        gemini.calls(
            (
                "draft_referral",
                {"patient": "PATIENT-A", "to": "Cardiology", "reason": "Murmur", "text": text},
            )
        ),
        gemini.says("The referral is ready."),
    )
    answer = talk.ask("Refer to cardiology.", patient_id=patient_id)
    [draft] = answer.attachments
    assert isinstance(draft, Draft)
    assert "Quillonda Zyxwobi has had a fever since 2026-03-02. Thank you" in draft.text
    assert desk.sql("select id from assistant_document") == []

    request = AcceptDraft(
        proposal_id=draft.id, title="Referral", text="My own words.", recipient="Cardiology"
    )
    nurse = desk.fault(request, Role.NURSE)
    accepted = desk.ask(request, Role.DOCTOR)

    assert nurse.code == "assistant.unknown_proposal"
    assert isinstance(accepted, Draft)
    [document] = desk.ask(ListDocuments(patient_id=patient_id), Role.NURSE).rows
    assert (document.text, document.mark) == (
        "My own words.", "suggested by the assistant, accepted by Dr Kofi Asante",
    )  # fmt: skip
    assert desk.fault(request, Role.DOCTOR).code == "assistant.decided"
    assert desk.fault(Dismiss(proposal_id=draft.id), Role.DOCTOR).code == "assistant.decided"


def test_what_is_dismissed_cannot_be_accepted(talk: Talk, desk: Desk, patient_id: PatientId) -> None:
    [draft] = talk.run("draft_letter", patient_id=patient_id, subject="Results").attachments
    assert isinstance(draft, Draft)

    desk.ask(Dismiss(proposal_id=draft.id), Role.DOCTOR)

    request = AcceptDraft(proposal_id=draft.id, title="x", text="y")
    assert desk.fault(request, Role.DOCTOR).code == "assistant.decided"
    assert desk.sql("select id from assistant_document") == []


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("draft_referral", {"to": "Cardiology", "reason": "Murmur"}),
        ("draft_letter", {"subject": "Results"}),
        ("draft_report", {"title": "Course of the illness", "to": "Employer"}),
        ("draft_education", {"topic": "Malaria", "language": "fr"}),
    ],
)
def test_drafts_without_the_internet_begin_from_the_record(
    talk: Talk, patient_id: PatientId, name: str, arguments: dict[str, Any]
) -> None:
    talk.consent(patient_id, given=False)

    [draft] = talk.run(name, patient_id=patient_id, **arguments).attachments

    assert isinstance(draft, Draft)
    assert draft.patient.id == patient_id
    assert next(iter(arguments.values())) in draft.text + draft.title
    assert ("Penicillin" in draft.text) is (name != "draft_education")
    assert talk.fake.seen == []


def test_stock_is_told_to_those_who_keep_none(talk: Talk, desk: Desk) -> None:
    pharmacy = Pharmacy(desk)
    pharmacy.stock(pharmacy.product("Amoxicillin"), 120)

    told = talk.run("stock_of_medicine", Role.NURSE, medicine="amoxi")

    assert told.lines == ["Amoxicillin 500 mg capsule: 120 capsule"]


def test_our_own_check_answers_whatever_the_model_thinks(
    talk: Talk, desk: Desk, patient_id: PatientId
) -> None:
    talk.fake.then(
        gemini.calls(
            (
                "interaction_and_allergy_check",
                {"medicines": "amoxicillin; blorpazine", "patient": "PATIENT-A"},
            )
        ),
        gemini.says("Nothing against it."),
    )

    answer = talk.ask("May PATIENT take amoxicillin?", patient_id=patient_id)

    [report] = answer.attachments
    assert isinstance(report, SafetyReport)
    assert any("enicillin" in finding.title + finding.detail for finding in report.findings)
    assert report.unknown == ["blorpazine"]
    assert talk.told()[0]["data"]["not_checked"] == ["blorpazine"]


DIAGNOSES = {
    "diagnoses": [
        {
            "name": "Malaria", "likelihood": "likely", "supports": ["Fever [S2]"], "against": [],
            "next_steps": ["Test PATIENT-A"], "must_not_miss": True,
        }
    ]
}  # fmt: skip


def test_a_differential_is_structured_and_for_doctors(talk: Talk, patient_id: PatientId, desk: Desk) -> None:
    talk.fake.then(
        gemini.calls(("differential_diagnosis", {"patient": "PATIENT-A", "question": "Why the fever?"})),
        gemini.says_json(DIAGNOSES),
        gemini.says("See the list."),
    )

    answer = talk.ask("What may it be?", patient_id=patient_id)

    [shown] = answer.attachments
    assert isinstance(shown, Differential)
    assert shown.diagnoses[0].next_steps == ["Test Quillonda Zyxwobi"]
    schema = talk.fake.asked[1]["generationConfig"]["responseJsonSchema"]
    assert "$ref" not in str(schema)
    assert answer.sent_rounds == 3
    assert desk.fault(RunTool(name="differential_diagnosis"), Role.NURSE).code == "request.forbidden"
    offline = desk.fault(RunTool(name="differential_diagnosis", patient_id=patient_id), Role.DOCTOR)
    assert offline.code == "assistant.needs_internet"


@pytest.mark.parametrize(
    "first",
    [
        gemini.says("This is no JSON"),
        gemini.says('{"diagnoses": [{"name": 3}]}'),
        gemini.says('{"diagnoses": ['),
        gemini.ends("MAX_TOKENS", '{"diagnoses": ['),
        gemini.ends("SAFETY"),
        gemini.NO_CANDIDATES,
    ],
)
def test_a_broken_list_is_asked_for_once_more_or_said_to_be_broken(
    talk: Talk, patient_id: PatientId, first: gemini.Turn
) -> None:
    talk.fake.then(
        gemini.calls(("differential_diagnosis", {"patient": "PATIENT-A"})),
        first,
        first,
        gemini.says("Sorry."),
    )

    answer = talk.ask("What may it be?", patient_id=patient_id)

    assert (answer.text, answer.state) in {("Sorry.", AnswerState.DONE), ("Understood.", AnswerState.DONE)}
    assert not answer.used[0].worked
    assert answer.attachments == []


def test_treatments_go_through_our_own_check(talk: Talk, patient_id: PatientId) -> None:
    option = {"name": "Antibiotic", "medicines": ["Amoxicillin", "Blorpazine"], "reason": "x", "cautions": []}
    talk.fake.then(
        gemini.calls(("treatment_suggestions", {"patient": "PATIENT-A", "diagnosis": "Pneumonia"})),
        gemini.says_json({"options": [option]}),
        gemini.says("See the list."),
    )

    answer = talk.ask("How to treat?", patient_id=patient_id)

    [shown] = answer.attachments
    assert isinstance(shown, Treatments)
    titles = " ".join(finding.title + finding.detail for finding in shown.findings)
    assert "enicillin" in titles
    assert "Blorpazine: not checked" in titles


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({}, "to"), ({"to": "x", "reason": "y", "extra": "z"}, "extra"), ({"to": "x"}, "reason")],
)
def test_a_wrong_form_names_its_field(
    talk: Talk, desk: Desk, patient_id: PatientId, arguments: dict[str, str], field: str
) -> None:
    request = RunTool(name="draft_referral", arguments=arguments, patient_id=patient_id)

    assert desk.fault(request, Role.DOCTOR).field == field


def test_a_form_about_a_patient_needs_one(talk: Talk, desk: Desk) -> None:
    assert desk.fault(RunTool(name="summarise_record"), Role.DOCTOR).field == "patient_id"
    unknown = RunTool(name="summarise_record", patient_id=PatientId(999))
    assert desk.fault(unknown, Role.DOCTOR).code == "patients.unknown"


def test_the_manual_is_searched_over_whatever_there_is(talk: Talk) -> None:
    told = talk.run("help_in_manual", Role.CASHIER, question="How do I check in a patient?")

    assert told.lines


def test_every_word_the_lists_use_is_an_ordinary_one(talk: Talk, patient_id: PatientId) -> None:
    """What our own functions say must not be taken for names."""
    talk.fake.then(
        gemini.calls(("todays_list", {})),
        gemini.calls(("doctor_availability", {})),
        gemini.calls(("summarise_record", {"patient": "PATIENT-A"})),
    )

    talk.ask("Look around.", Role.NURSE, patient_id=patient_id)

    assert "PERSON-" not in str(talk.told())


@pytest.fixture(autouse=True)
def no_network(talk: Talk) -> Iterator[None]:
    """Nothing but the provider's own address was ever called."""
    yield
    assert all(seen.path.startswith("/v1beta/models/") for seen in talk.fake.seen)
