"""The workspace of messages: the list, and for the administrator their wording and the quiet hours."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from hms_desktop.messaging.listed.panel import MessagesPanel
from hms_desktop.messaging.quiet.panel import QuietPanel
from hms_desktop.messaging.wording.panel import WordingPanel
from hms_desktop.session import Session
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.workspace import Workspace


class MessagesWorkspace(Workspace):
    """`edits`: the person may change wording and quiet hours."""

    def __init__(self, session: Session, *, clock: Callable[[], datetime], zone: tzinfo, edits: bool) -> None:
        super().__init__()
        self.messages = MessagesPanel(session, clock=clock, zone=zone)
        self.wording = WordingPanel(session) if edits else None
        self.quiet = QuietPanel(session) if edits else None
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        row.setSpacing(Space.M)
        row.addWidget(self.messages, 5)
        if self.wording is not None and self.quiet is not None:
            right = QVBoxLayout()
            right.setSpacing(Space.M)
            right.addWidget(self.wording, 1)
            right.addWidget(self.quiet)
            row.addLayout(right, 4)

    def primary(self) -> None:
        if self.wording is not None:
            self.wording.primary()

    def shown(self) -> None:
        self.messages.take_focus()
