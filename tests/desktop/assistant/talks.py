"""Conversations, proposals and functions that tests and pictures of the assistant share."""

from datetime import timedelta
from typing import Any

from hms_server.contract.assistant import (
    DISCLAIMER,
    AnswerState,
    AssistantState,
    Conversation,
    ConversationId,
    ConversationRow,
    FunctionUse,
    Message,
    MessageId,
    Source,
    ToolParameter,
    ToolRow,
)
from hms_server.contract.scheduling import Slot
from hms_server.contract.suggestions import AppointmentProposal, Draft, DraftKind, ProposalId
from hms_server.contract.values import PatientId, Person, RoomId, StaffId
from tests.desktop.samples import NOW
from tests.desktop.visits.tickets import patient

ADAEZE = patient(7, "Adaeze Okonkwo")
ME = Person(id=StaffId(1), name="Ngozi Eze")
TALK = ConversationId(5)
QUESTION = MessageId(10)
ANSWER = MessageId(11)


def slot(hours: int, *, doctor: str = "Kofi Asante") -> Slot:
    at = NOW + timedelta(hours=hours)
    return Slot(
        practitioner=Person(id=StaffId(3), name=doctor),
        room_id=RoomId(3),
        room="Room 2",
        service="D",
        speciality="general",
        starts_at=at,
        ends_at=at + timedelta(minutes=20),
    )


TOOLS = [
    ToolRow(
        name="next_free_slots",
        title="Next free appointments",
        parameters=[
            ToolParameter(name="speciality", title="Speciality"),
            ToolParameter(name="from_day", title="From", kind="date"),
            ToolParameter(name="half", title="Half of the day", kind="choice", choices=["morning", "noon"]),
        ],
        needs_patient=False,
        may_have_patient=False,
        needs_internet=False,
    ),
    ToolRow(
        name="interaction_and_allergy_check",
        title="Check medicines",
        parameters=[ToolParameter(name="medicines", title="Medicines", required=True)],
        needs_patient=True,
        may_have_patient=True,
        needs_internet=False,
    ),
    ToolRow(
        name="draft_letter",
        title="Draft a letter",
        parameters=[],
        needs_patient=True,
        may_have_patient=True,
        needs_internet=True,
    ),
]


def state(**changes: Any) -> AssistantState:
    values: dict[str, Any] = {
        "enabled": True,
        "configured": True,
        "reachable": True,
        "why_not": "",
        "disclaimer": DISCLAIMER,
        "tools": TOOLS,
        "parked": 0,
        "tokens_used": 12_400,
        "tokens_limit": 200_000,
    }
    return AssistantState(**values | changes)


def question(text: str = "When is Dr Asante free?") -> Message:
    return Message(id=QUESTION, at=NOW, text=text, by=ME)


def answer(text: str = "", *, state: AnswerState = AnswerState.WRITING, **more: Any) -> Message:
    return Message(id=ANSWER, at=NOW, text=text, by=None, state=state, **more)


def talk(*messages: Message, about_patient: bool = True) -> Conversation:
    return Conversation(
        id=TALK,
        title="When is Dr Asante free?",
        patient=ADAEZE if about_patient else None,
        messages=list(messages),
    )


def row(number: int = TALK, title: str = "When is Dr Asante free?") -> ConversationRow:
    return ConversationRow(
        id=ConversationId(number), title=title, patient=ADAEZE, last_at=NOW, state=AnswerState.DONE
    )


def proposal(**changes: Any) -> AppointmentProposal:
    values: dict[str, Any] = {
        "id": ProposalId(3),
        "patient": ADAEZE,
        "slot": slot(24),
        "alternatives": [slot(25), slot(48, doctor="Ama Owusu")],
        "reason": "Blood pressure again after two weeks",
    }
    return AppointmentProposal(**values | changes)


def draft(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "id": ProposalId(4),
        "kind": DraftKind.REFERRAL,
        "patient": ADAEZE,
        "title": "Referral to cardiology",
        "recipient": "Dr Bello, Teaching Hospital",
        "language": "en",
        "text": "Dear Dr Bello,\n\nthank you for seeing Adaeze Okonkwo, who has had palpitations for a week.",
    }
    return Draft(**values | changes)


SOURCES = [
    Source(mark="S1", kind="encounter", id=4, label="Visit of 12 March 2026", patient_id=PatientId(7)),
    Source(mark="S2", kind="manual", id=0, label="doctor"),
    Source(mark="S3", kind="observation", id=9, label="Pulse 121"),
]
USED = [FunctionUse(name="next_free_slots", words="Looked for free appointments", worked=True)]
