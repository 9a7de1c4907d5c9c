"""Questions about symptoms at the kiosk, which end in a level of urgency and where to go."""

from enum import StrEnum
from typing import NewType

import msgspec

from hms_server.contract.envelope import Event, Request

InterviewId = NewType("InterviewId", int)


class Urgency(StrEnum):
    """Colours of the South African Triage Scale, the most urgent first."""

    EMERGENCY = "emergency"
    VERY_URGENT = "very_urgent"
    URGENT = "urgent"
    ROUTINE = "routine"


class SymptomChoice(msgspec.Struct, frozen=True, kw_only=True):
    """`key` goes back, `text` is shown."""

    key: str
    text: str


class SymptomQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """`many`: any number of choices, also none. Without choices it asks for a short free text."""

    key: str
    text: str
    choices: list[SymptomChoice]
    many: bool = False
    step: int = 1
    of: int = 1
    """About how many questions there will be."""


class SymptomResult(msgspec.Struct, frozen=True, kw_only=True):
    """`sentence` tells the patient what to do now; `reasons` why, in plain words; `source` of the rules."""

    urgency: Urgency
    speciality: str
    sentence: str
    reasons: list[str]
    source: str
    raised_by_assistant: bool = False
    assistant_waits: bool = False
    """The assistant still reads the free text; it may raise the level (`SymptomsRaised`), never lower it."""


class SymptomStep(msgspec.Struct, frozen=True, kw_only=True):
    """Either the next question or the result. A danger sign ends the questions at once."""

    interview_id: InterviewId
    question: SymptomQuestion | None
    result: SymptomResult | None
    disclaimer: str


class StartSymptoms(Request[SymptomStep], frozen=True, kw_only=True):
    """Begins; works without the internet, and asks for no name.

    `may_send`: the patient agrees that the free text goes to the assistant, with pseudonyms.
    """

    may_send: bool = False
    language: str = "en"


class AnswerSymptom(Request[SymptomStep], frozen=True, kw_only=True):
    """`choices` are keys; an answer to an earlier question takes back all later ones."""

    interview_id: InterviewId
    question: str
    choices: list[str] = []
    text: str = ""


class GetSymptoms(Request[SymptomStep], frozen=True, kw_only=True):
    """Where the interview stands; asked again after `SymptomsRaised`."""

    interview_id: InterviewId


class SymptomsRaised(Event, frozen=True, kw_only=True):
    """The assistant has raised the level, or has nothing to add; only to the kiosk that asked."""

    interview_id: InterviewId


class UrgentAtKiosk(Event, frozen=True, kw_only=True):
    """Somebody at a kiosk described a danger sign; for those who answer alerts. Names nobody."""

    interview_id: InterviewId
    kiosk: str
    urgency: Urgency
    reasons: list[str]
