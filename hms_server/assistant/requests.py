"""The assistant's lines of the request table."""

from collections.abc import Sequence
from typing import Any

from hms_server.assistant.accepting import AcceptingDesk
from hms_server.assistant.commands import AssistantDesk
from hms_server.assistant.models import Keeper
from hms_server.assistant.queries import AssistantView
from hms_server.assistant.symptoms import SymptomDesk
from hms_server.contract.assistant import (
    AcceptAppointment,
    AcceptDraft,
    AskAgain,
    AskAssistant,
    Dismiss,
    DropParked,
    ForgetConversation,
    GetAnswer,
    GetAssistantState,
    GetConversation,
    GetSent,
    GetUsage,
    ListConversations,
    RunTool,
    SendParked,
    SetAssistantPolicy,
    StopAnswer,
)
from hms_server.contract.suggestions import ListDocuments
from hms_server.contract.symptoms import AnswerSymptom, GetSymptoms, StartSymptoms
from hms_server.dispatch import Route
from hms_server.lines import command, query
from hms_server.permissions import Permission
from hms_server.relay.ground import Ground

P = Permission


def keeper_of(ground: Ground) -> Keeper:
    """The one seal for everything that the assistant keeps."""
    return Keeper(ground.vault.kept_for("assistant"))


def assistant_routes(ground: Ground, others: Sequence[Route[Any]]) -> Sequence[Route[Any]]:
    """`others` are the requests that the assistant's functions may make as whoever asks."""
    keeper = keeper_of(ground)
    desk = AssistantDesk(ground, keeper, {route.request: route for route in others})
    accepting = AcceptingDesk(desk)
    view = AssistantView(ground, keeper)
    kiosk = SymptomDesk(ground, keeper)
    return (
        query(GetAssistantState, view.get_assistant_state, P.OWN_SESSION),
        command(AskAssistant, desk.ask_assistant, P.ASSISTANT),
        command(StopAnswer, desk.stop_answer, P.ASSISTANT),
        command(AskAgain, desk.ask_again, P.ASSISTANT),
        command(SendParked, desk.send_parked, P.ASSISTANT),
        command(DropParked, desk.drop_parked, P.ASSISTANT),
        query(ListConversations, view.list_conversations, P.ASSISTANT),
        query(GetConversation, view.get_conversation, P.ASSISTANT),
        query(GetAnswer, view.get_answer, P.ASSISTANT),
        command(ForgetConversation, desk.forget_conversation, P.ASSISTANT),
        query(GetSent, view.get_sent, P.ASSISTANT),
        command(RunTool, desk.run_tool, P.ASSISTANT),
        command(AcceptAppointment, accepting.accept_appointment, P.ASSISTANT),
        command(AcceptDraft, accepting.accept_draft, P.ASSISTANT),
        command(Dismiss, accepting.dismiss, P.ASSISTANT),
        query(ListDocuments, accepting.list_documents, P.CHART_READ),
        query(GetUsage, view.get_usage, P.ASSISTANT),
        command(SetAssistantPolicy, desk.set_assistant_policy, P.ADMINISTER),
        command(StartSymptoms, kiosk.start_symptoms, P.SYMPTOMS),
        command(AnswerSymptom, kiosk.answer_symptom, P.SYMPTOMS),
        query(GetSymptoms, kiosk.get_symptoms, P.SYMPTOMS),
    )
