"""Whether the clinic has an assistant, what it may cost, and who has used it."""

from datetime import date

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.assistant import AssistantChanged, GetUsage, SetAssistantPolicy, Usage
from hms_server.contract.envelope import Event, Fault


class PolicyState(QObject):
    """Of the chosen month; a late answer about another one is ignored."""

    changed = Signal()
    """`usage` is new."""
    failed = Signal(object)
    """A `Fault`: nobody knows how it stands."""
    stored = Signal()
    refused = Signal(object)
    """A `Fault`: nothing was changed."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.usage: Usage | None = None
        self.saving = False
        self._month: date | None = None
        self._asked = 0
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._on_missed)

    def reload(self) -> None:
        """Fetches the month again."""
        self._asked += 1
        number = self._asked
        self._session.ask(
            GetUsage(month=self._month),
            done=lambda usage: self._on_usage(number, usage),
            failed=self.failed.emit,
            owner=self,
        )

    def choose(self, month: date) -> None:
        """Shows another month."""
        self._month = month
        self.reload()

    def store(self, *, enabled: bool, person_limit: int, clinic_limit: int) -> None:
        """Limits are tokens a month, 0 for none."""
        if self.saving:
            return
        self.saving = True
        request = SetAssistantPolicy(enabled=enabled, person_limit=person_limit, clinic_limit=clinic_limit)
        self._session.save(request, done=self._on_stored, failed=self._on_refused)

    def _on_usage(self, number: int, usage: Usage) -> None:
        if number == self._asked:
            self.usage = usage
            self.changed.emit()

    def _on_stored(self, _nothing: Nothing) -> None:
        self.saving = False
        self.stored.emit()
        self.reload()

    def _on_refused(self, fault: Fault) -> None:
        self.saving = False
        self.refused.emit(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, AssistantChanged) and self.usage is not None:
            self.reload()

    def _on_missed(self) -> None:
        if self.usage is not None:
            self.reload()
