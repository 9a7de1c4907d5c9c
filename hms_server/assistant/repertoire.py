"""The one table of what the assistant can do, and which of it a person may use."""

from collections.abc import Sequence

from hms_server.assistant.booking import doctor_availability, next_free_slots, propose_appointment
from hms_server.assistant.drafting import draft_education, draft_letter, draft_referral, draft_report
from hms_server.assistant.finding import find_patient, todays_list
from hms_server.assistant.functions import Function
from hms_server.assistant.guide import help_in_manual
from hms_server.assistant.medicines import interaction_and_allergy_check, stock_of_medicine
from hms_server.assistant.reasoning import differential_diagnosis, treatment_suggestions
from hms_server.assistant.records import summarise_record
from hms_server.contract.assistant import ToolParameter, ToolRow
from hms_server.contract.patients import LANGUAGES
from hms_server.permissions import Permission
from hms_server.work import Actor

P = Permission
_DOCTOR = ToolParameter(
    name="doctor", title="Doctor", hint="Name of a doctor, or a pseudonym such as STAFF-A"
)
_SPECIALITY = ToolParameter(name="speciality", title="Speciality", hint="Such as paediatrics")
_FROM = ToolParameter(name="from_day", title="From", kind="date", hint="First day, such as DAY+1")
_TEXT = ToolParameter(
    name="text", title="Text", kind="long_text", hint="The whole text as it shall be read by its recipient"
)
_LANGUAGE = ToolParameter(
    name="language", title="Language", kind="choice", choices=[*LANGUAGES], hint="Code of the language"
)

FUNCTIONS: Sequence[Function] = (
    Function(
        name="find_patient",
        title="Find a patient",
        description="Finds patients by parts of the name, the patient number or the phone.",
        doing="Looking for a patient",
        permission=P.PATIENT_SEARCH,
        run=find_patient,
        parameters=[
            ToolParameter(
                name="name",
                title="Name or number",
                required=True,
                hint="A name, or a pseudonym such as PERSON-A",
            )
        ],
    ),
    Function(
        name="summarise_record",
        title="Summarise the record",
        description="What the record says of a patient: allergies, problems, vital signs, visits, medicines.",
        doing="Reading the record",
        permission=P.PATIENT_READ,
        run=summarise_record,
        patient="needed",
    ),
    Function(
        name="todays_list",
        title="Today's list",
        description="Who is waiting for the person who asks, and the appointments of today.",
        doing="Looking at today's list",
        permission=P.QUEUE_VIEW,
        run=todays_list,
    ),
    Function(
        name="next_free_slots",
        title="Next free appointments",
        description="The next free times of a doctor, of a speciality, or of anybody.",
        doing="Looking for free appointments",
        permission=P.APPOINTMENTS_READ,
        run=next_free_slots,
        parameters=[_DOCTOR, _SPECIALITY, _FROM],
    ),
    Function(
        name="doctor_availability",
        title="When a doctor is there",
        description="When doctors work in the week from a day on, by name or speciality, and what is free.",
        doing="Looking when doctors are there",
        permission=P.APPOINTMENTS_READ,
        run=doctor_availability,
        parameters=[_DOCTOR, _SPECIALITY, _FROM],
    ),
    Function(
        name="propose_appointment",
        title="Propose an appointment",
        description="Shows the person a form with a free time for a patient. It books nothing.",
        doing="Preparing an appointment",
        permission=P.APPOINTMENTS_BOOK,
        run=propose_appointment,
        parameters=[
            _DOCTOR,
            _SPECIALITY,
            ToolParameter(name="day", title="Day", kind="date", hint="The wished day, such as DAY+3"),
            ToolParameter(name="time", title="Time", hint="The wished time, such as 10:20"),
            ToolParameter(name="reason", title="Reason", hint="Why, in a few words"),
        ],
        patient="needed",
    ),
    Function(
        name="stock_of_medicine",
        title="Stock of a medicine",
        description="How much of a medicine can be dispensed today.",
        doing="Looking at the stock",
        permission=P.STOCK_READ,
        run=stock_of_medicine,
        parameters=[ToolParameter(name="medicine", title="Medicine", required=True, hint="Its name")],
    ),
    Function(
        name="interaction_and_allergy_check",
        title="Check medicines",
        description=(
            "The clinic's own check of medicines against each other and, with a patient, against allergies "
            "and current medicines. Always use it, never judge interactions or allergies yourself."
        ),
        doing="Checking medicines",
        permission=P.MEDICINES_CHECK,
        run=interaction_and_allergy_check,
        parameters=[
            ToolParameter(
                name="medicines", title="Medicines", required=True, hint="Names, parted by semicolons"
            )
        ],
        patient="maybe",
    ),
    Function(
        name="draft_referral",
        title="Draft a referral",
        description="Shows the person a form with a referral that you have written. It stores nothing.",
        doing="Writing a referral",
        permission=P.CHART_WRITE,
        run=draft_referral,
        parameters=[
            ToolParameter(name="to", title="To", required=True, hint="Speciality, doctor or hospital"),
            ToolParameter(name="reason", title="Reason", required=True, hint="Why the patient is referred"),
            _TEXT,
            _LANGUAGE,
        ],
        patient="needed",
    ),
    Function(
        name="draft_letter",
        title="Draft a letter",
        description="Shows the person a form with your letter to the patient. It stores nothing.",
        doing="Writing a letter",
        permission=P.CHART_WRITE,
        run=draft_letter,
        parameters=[
            ToolParameter(name="subject", title="Subject", required=True, hint="What it is about"),
            _TEXT,
            _LANGUAGE,
        ],
        patient="needed",
    ),
    Function(
        name="draft_report",
        title="Draft a report",
        description="Shows the person a form with a medical report that you have written. It stores nothing.",
        doing="Writing a report",
        permission=P.CHART_WRITE,
        run=draft_report,
        parameters=[
            ToolParameter(name="title", title="Title", required=True, hint="What it reports on"),
            ToolParameter(name="to", title="To", hint="Who gets it"),
            _TEXT,
            _LANGUAGE,
        ],
        patient="needed",
    ),
    Function(
        name="draft_education",
        title="Draft a leaflet for the patient",
        description=(
            "Shows the person a form with a text for the patient to take home, in plain words and in the "
            "patient's language. It stores nothing."
        ),
        doing="Writing for the patient",
        permission=P.CHART_READ,
        run=draft_education,
        parameters=[
            ToolParameter(name="topic", title="Topic", required=True, hint="What it is about"),
            _LANGUAGE,
            _TEXT,
        ],
        patient="needed",
    ),
    Function(
        name="differential_diagnosis",
        title="Possible diagnoses",
        description="Lists possible diagnoses for a patient, for a doctor to judge.",
        doing="Thinking about diagnoses",
        permission=P.PRESCRIBE,
        run=differential_diagnosis,
        parameters=[ToolParameter(name="question", title="Question", hint="What the doctor adds")],
        patient="needed",
        needs_internet=True,
    ),
    Function(
        name="treatment_suggestions",
        title="Possible treatments",
        description="Lists possible treatments of a diagnosis, checked by the clinic's own check.",
        doing="Thinking about treatments",
        permission=P.PRESCRIBE,
        run=treatment_suggestions,
        parameters=[ToolParameter(name="diagnosis", title="Diagnosis", required=True, hint="Its name")],
        patient="needed",
        needs_internet=True,
    ),
    Function(
        name="help_in_manual",
        title="Help in the manual",
        description="Finds what the program's manual says on how to do something with it.",
        doing="Looking into the manual",
        permission=P.ASSISTANT,
        run=help_in_manual,
        parameters=[
            ToolParameter(name="question", title="Question", required=True, hint="What is to be done")
        ],
    ),
)
BY_NAME = {one.name: one for one in FUNCTIONS}
DRAFTS_NEED = {
    "referral": P.CHART_WRITE,
    "letter": P.CHART_WRITE,
    "report": P.CHART_WRITE,
    "education": P.CHART_READ,
}
"""What somebody must be allowed to accept a draft of that kind."""


def available(actor: Actor) -> list[Function]:
    """The functions that follow from the person's rights."""
    return [one for one in FUNCTIONS if one.permission in actor.permissions]


def row_of(function: Function) -> ToolRow:
    """As the plain form is told of it."""
    return ToolRow(
        name=function.name,
        title=function.title,
        parameters=list(function.parameters),
        needs_patient=function.patient == "needed",
        may_have_patient=function.patient != "no",
        needs_internet=function.needs_internet,
    )
