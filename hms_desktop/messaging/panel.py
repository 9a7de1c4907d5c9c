"""The page of messages: the list, and for the administrator their wording and the quiet hours."""

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.messaging.listed.panel import MessagesPanel
from hms_desktop.messaging.quiet.panel import QuietPanel
from hms_desktop.messaging.wording.panel import WordingPanel
from hms_desktop.session import Session
from hms_desktop.widgets.tokens import Space


class MessagesDesk(QWidget):
    """`edits`: the person may change wording and quiet hours, which `furnish` then adds."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        edits: bool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._edits = edits
        self.messages = MessagesPanel(session, clock=clock, zone=zone)
        self.wording: WordingPanel | None = None
        self.quiet: QuietPanel | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(Space.M)
        self._row.addWidget(self.messages, 5)

    def furnish(self) -> Iterator[None]:
        """Builds the editors, one after the other."""
        if not self._edits:
            return
        self.wording = WordingPanel(self._session)
        yield
        self.quiet = QuietPanel(self._session)
        yield
        right = QVBoxLayout()
        right.setSpacing(Space.M)
        right.addWidget(self.wording, 1)
        right.addWidget(self.quiet)
        self._row.addLayout(right, 4)

    def primary(self) -> None:
        """Ctrl+Enter: stores the wording, where there is one to edit."""
        if self.wording is not None:
            self.wording.primary()

    def take_focus(self) -> None:
        """The focus goes to the list."""
        self.messages.take_focus()
