"""What the assistant's panel knows: whether it may answer, the conversations, and answers while they grow."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Link, Session
from hms_server.contract.assistant import (
    AnswerDone,
    AnswerGrew,
    AnswerState,
    AskAgain,
    AskAssistant,
    AssistantChanged,
    AssistantState,
    Conversation,
    ConversationForgotten,
    ConversationId,
    Conversations,
    DropParked,
    ForgetConversation,
    GetAnswer,
    GetAssistantState,
    GetConversation,
    ListConversations,
    Message,
    MessageId,
    Question,
    SendParked,
    StopAnswer,
)
from hms_server.contract.envelope import Event, Fault, Request
from hms_server.contract.patients import ConsentDecision, ConsentScope, RecordConsent
from hms_server.contract.relay import ReachabilityChanged
from hms_server.contract.values import PatientHeader, PatientId

GATHER_MS = 120
"""Growth that arrives closer together than this is fetched once."""
DESTINATION = "gemini"
AWAY = ("link.", "server.")
"""Faults that come from not reaching the server."""
UNDER_WAY = frozenset({AnswerState.WAITING, AnswerState.WRITING})


class AssistantDesk(QObject):
    """One for a signed-in person, whatever workspace is in front."""

    changed = Signal()
    """`about` is new: whether it is on, reachable, and which functions there are."""
    listed = Signal()
    """`rows` is new."""
    opened = Signal()
    """`conversation` is new, or None."""
    grown = Signal(object)
    """A `Message` of the open conversation has changed."""
    refused = Signal(object)
    """A `Fault`: the question was not taken; its text stays where it was typed."""
    taken = Signal()
    """The question is stored."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.about: AssistantState | None = None
        self.rows: Conversations = Conversations([])
        self.conversation: Conversation | None = None
        self.patient: PatientHeader | None = None
        self.asking = False
        self._search = ""
        self._linked = session.link is None or session.link.connected
        self._wanted: ConversationId | None = None
        self._stale: set[MessageId] = set()
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self._fetch_stale)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.reload)
        session.link_changed.connect(self._on_link)

    @property
    def under_way(self) -> Message | None:
        """The answer that is being written in the open conversation."""
        messages = self.conversation.messages if self.conversation else []
        return next((message for message in messages if message.state in UNDER_WAY), None)

    def reload(self) -> None:
        """Fetches everything that is shown."""
        self._session.ask(GetAssistantState(), done=self._on_about, failed=self._on_off)
        if self.about is not None and self.about.enabled:
            self.search(self._search)
            if self.conversation is not None:
                self.open(self.conversation.id)

    def search(self, text: str) -> None:
        """Lists the conversations in which all words occur; all of them without a text."""
        self._search = text
        self._session.ask(
            ListConversations(text=text),
            done=lambda answer: self._on_listed(text, answer),
            failed=self._on_quiet_failure,
            owner=self,
        )

    def open(self, conversation_id: ConversationId) -> None:
        """Shows a conversation."""
        self._wanted = conversation_id
        self._session.ask(
            GetConversation(conversation_id=conversation_id), done=self._on_conversation, failed=self._refuse
        )

    def begin(self, patient: PatientHeader | None) -> None:
        """Starts afresh; nothing is stored before the first question."""
        self._wanted = None
        self.patient = patient
        self.conversation = None
        self.opened.emit()

    def ask(self, text: str, *, about: str) -> None:
        """Asks in the open conversation, or begins one."""
        if self.asking:
            return
        self.asking = True
        patient_id: PatientId | None = None
        if self.conversation is None and self.patient is not None:
            patient_id = self.patient.id
        request = AskAssistant(
            text=text,
            conversation_id=self.conversation.id if self.conversation else None,
            patient_id=patient_id,
            about=about,
        )
        self._session.ask(request, done=self._on_question, failed=self._on_refused)

    def record_agreement(self, done: Callable[[], None]) -> None:
        """Writes down that the patient has said yes, just now, to whoever sits here; then `done`."""
        if self.patient is None:
            return
        request = RecordConsent(
            patient_id=self.patient.id, scope=ConsentScope.ASSISTANT, decision=ConsentDecision.GIVEN
        )
        self._session.save(request, done=lambda _consents: done(), failed=self._refuse, owner=self)

    def stop(self) -> None:
        """Ends the answer that is being written."""
        if self.under_way is not None:
            self._change(StopAnswer(message_id=self.under_way.id))

    def ask_again(self, message_id: MessageId) -> None:
        """Sends the question of that answer once more."""
        self._change(AskAgain(message_id=message_id))

    def let_wait(self, message_id: MessageId) -> None:
        """The question goes as soon as the internet is there."""
        self._change(SendParked(message_id=message_id))

    def drop(self, message_id: MessageId) -> None:
        """Takes back a question that was not sent yet."""
        self._change(DropParked(message_id=message_id))

    def forget(self, conversation_id: ConversationId) -> None:
        """Deletes a conversation with all its texts."""
        self._session.save(
            ForgetConversation(conversation_id=conversation_id),
            done=lambda _nothing: self._on_forgotten(conversation_id),
            failed=self._refuse,
            owner=self,
        )

    def run(self, request: Request[Any], *, done: Any, failed: Any, owner: QObject) -> None:
        """Asks for what a card or form of the panel needs itself."""
        self._session.ask(request, done=done, failed=failed, owner=owner)

    def save(self, request: Request[Any], *, done: Any, failed: Any, owner: QObject) -> None:
        """Stores what a form of the panel shows."""
        self._session.save(request, done=done, failed=failed, owner=owner)

    def _change(self, request: Request[Message]) -> None:
        self._session.ask(request, done=self._on_message, failed=self._refuse)

    def _on_about(self, answer: AssistantState) -> None:
        before, self.about = self.about, answer
        self.changed.emit()
        if answer.enabled and (before is None or not before.enabled):
            self.search("")

    def _on_off(self, fault: Fault) -> None:
        if fault.code.startswith(AWAY):
            # Nobody was told anything about the assistant; the question is asked again with the next link.
            return
        # Who has no right to it sees no trace of it.
        self.about = None
        self.changed.emit()

    def _on_listed(self, text: str, answer: Conversations) -> None:
        if text == self._search:
            self.rows = answer
            self.listed.emit()

    def _on_conversation(self, answer: Conversation) -> None:
        if answer.id != self._wanted:
            # Meanwhile the person has chosen another one, or begun about another patient.
            return
        self.conversation = answer
        self.patient = answer.patient
        self.opened.emit()

    def _on_question(self, answer: Question) -> None:
        self.asking = False
        self.taken.emit()
        same = self.conversation is not None and self.conversation.id == answer.conversation_id
        if not same or self.conversation is None:
            self.open(answer.conversation_id)
        else:
            self.conversation.messages.extend([answer.question, answer.answer])
            self.opened.emit()
        self.search(self._search)

    def _on_refused(self, fault: Fault) -> None:
        self.asking = False
        self.refused.emit(fault)

    def _refuse(self, fault: Fault) -> None:
        self.refused.emit(fault)

    def _on_quiet_failure(self, _fault: Fault) -> None:
        # The list stays as it was; the status bar says that the server is away.
        return

    def _on_message(self, message: Message) -> None:
        messages = self.conversation.messages if self.conversation else []
        for index, known in enumerate(messages):
            if known.id == message.id:
                messages[index] = message
                self.grown.emit(message)

    def _on_forgotten(self, conversation_id: ConversationId) -> None:
        if self.conversation is not None and self.conversation.id == conversation_id:
            self.begin(None)
        self.search(self._search)

    def _on_link(self, link: Link) -> None:
        came_back = link.connected and not self._linked
        self._linked = link.connected
        if came_back:
            self.reload()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, AnswerGrew | AnswerDone):
            self._note_growth(event)
        elif isinstance(event, ConversationForgotten):
            self._on_forgotten(event.conversation_id)
        elif isinstance(event, AssistantChanged) or (
            isinstance(event, ReachabilityChanged) and event.row.destination == DESTINATION
        ):
            self._session.ask(GetAssistantState(), done=self._on_about, failed=self._on_off)

    def _note_growth(self, event: AnswerGrew | AnswerDone) -> None:
        if self.conversation is not None and event.conversation_id == self.conversation.id:
            self._stale.add(event.message_id)
            if not self._gather.isActive():
                self._gather.start()
        if isinstance(event, AnswerDone):
            self.search(self._search)

    def _fetch_stale(self) -> None:
        stale, self._stale = self._stale, set()
        for message_id in stale:
            self._session.ask(
                GetAnswer(message_id=message_id), done=self._on_message, failed=self._on_quiet_failure
            )
