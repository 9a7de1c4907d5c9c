"""What the screens of messages ask for: the list, one message's words, the wording, and the quiet hours."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.messaging import (
    GetMessage,
    GetMessagingSettings,
    ListMessages,
    ListTemplates,
    MessageChanged,
    MessageRow,
    Messages,
    MessageState,
    MessageText,
    MessagingSettings,
    ResetTemplate,
    SendAgain,
    SetMessagingSettings,
    SetTemplate,
    TemplateRow,
    Templates,
)

GATHER_MS = 70
"""A run of events is answered by one fetch."""


class MessagesState(QObject):
    """The list, narrowed to one state or not, and the message that is open."""

    stale = Signal()
    """Something has changed: whoever is looking fetches the list again."""
    came = Signal(object)
    """The `Messages`."""
    failed = Signal(object)
    """A `Fault`: the list could not be fetched."""
    opened = Signal(object)
    """The `MessageText` of the message that is open."""
    not_opened = Signal(object)
    """A `Fault`: its words could not be fetched."""
    sent_again = Signal(object)
    """The `MessageRow` of the new message."""
    refused = Signal(object)
    """A `Fault`: nothing was sent."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._only: MessageState | None = None
        self._open: MessageRow | None = None
        self.saving = False
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.stale)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def show_only(self, state: MessageState | None) -> None:
        """Narrows the list to that state, or shows all."""
        self._only = state
        self.fetch()

    def fetch(self) -> None:
        """Fetches the list now."""
        only = self._only
        self._session.ask(
            ListMessages(state=only),
            done=lambda answer: self._on_list(only, answer),
            failed=self._on_failed,
            owner=self,
        )

    def open(self, row: MessageRow | None) -> None:
        """Fetches the words of a message; those of another one that come late are ignored."""
        self._open = row
        if row is not None:
            self._session.ask(
                GetMessage(message_id=row.id), done=self._on_text, failed=self._on_not_opened, owner=self
            )

    def send_again(self, row: MessageRow) -> None:
        """Sends the same words once more, as a new message."""
        if not self.saving:
            self.saving = True
            self._session.save(SendAgain(message_id=row.id), done=self._on_sent, failed=self._on_refused)

    def _on_list(self, only: MessageState | None, answer: Messages) -> None:
        if only is self._only:
            self.came.emit(answer)

    def _on_failed(self, fault: Fault) -> None:
        self.failed.emit(fault)

    def _on_text(self, text: MessageText) -> None:
        if self._open is not None and text.row.id == self._open.id:
            self.opened.emit(text)

    def _on_not_opened(self, fault: Fault) -> None:
        self.not_opened.emit(fault)

    def _on_sent(self, row: MessageRow) -> None:
        self.saving = False
        self.sent_again.emit(row)
        self._gather.start()

    def _on_refused(self, fault: Fault) -> None:
        self.saving = False
        self.refused.emit(fault)
        self._gather.start()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, MessageChanged):
            self._gather.start()


class WordingState(QObject):
    """The words of messages in each language."""

    came = Signal(object)
    """The `Templates`."""
    failed = Signal(object)
    """A `Fault`."""
    stored = Signal(object)
    """The `TemplateRow` as it is now."""
    refused = Signal(object)
    """A `Fault`."""
    reset = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.saving = False

    def fetch(self) -> None:
        """Fetches all templates."""
        self._session.ask(ListTemplates(), done=self._on_list, failed=self._on_failed)

    def store(self, request: SetTemplate) -> None:
        """Stores the clinic's own wording."""
        if not self.saving:
            self.saving = True
            self._session.save(request, done=self._on_stored, failed=self._on_refused)

    def go_back(self, *, name: str, language: str) -> None:
        """Takes the shipped wording again."""
        if not self.saving:
            self.saving = True
            request = ResetTemplate(name=name, language=language)
            self._session.save(request, done=self._on_reset, failed=self._on_refused)

    def _on_list(self, answer: Templates) -> None:
        self.came.emit(answer)

    def _on_failed(self, fault: Fault) -> None:
        self.failed.emit(fault)

    def _on_stored(self, row: TemplateRow) -> None:
        self.saving = False
        self.stored.emit(row)
        self.fetch()

    def _on_reset(self, _answer: Nothing) -> None:
        self.saving = False
        self.reset.emit()
        self.fetch()

    def _on_refused(self, fault: Fault) -> None:
        self.saving = False
        self.refused.emit(fault)


class QuietState(QObject):
    """Quiet hours, country and language."""

    came = Signal(object)
    """The `MessagingSettings`."""
    failed = Signal(object)
    """A `Fault`: they could not be fetched."""
    stored = Signal(object)
    """The `MessagingSettings` as they are now."""
    refused = Signal(object)
    """A `Fault`."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.saving = False

    def fetch(self) -> None:
        """Fetches what holds now."""
        self._session.ask(GetMessagingSettings(), done=self._on_came, failed=self._on_failed)

    def store(self, settings: MessagingSettings) -> None:
        """From now on these hold."""
        if not self.saving:
            self.saving = True
            request = SetMessagingSettings(settings=settings)
            self._session.save(request, done=self._on_stored, failed=self._on_refused)

    def _on_came(self, settings: MessagingSettings) -> None:
        self.came.emit(settings)

    def _on_failed(self, fault: Fault) -> None:
        self.failed.emit(fault)

    def _on_stored(self, settings: MessagingSettings) -> None:
        self.saving = False
        self.stored.emit(settings)

    def _on_refused(self, fault: Fault) -> None:
        self.saving = False
        self.refused.emit(fault)
